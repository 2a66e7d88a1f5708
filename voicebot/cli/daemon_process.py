"""What `voicebot daemon run` does in the event loop; without the command line's own imports, since somebody waits."""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from voicebot.cli.output import hide, log_line, status
from voicebot.cli.runner import OK, CommandContext, run_command
from voicebot.errors import VoicebotError
from voicebot.translation import tr

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

    from voicebot.config.models import Config
    from voicebot.daemon.place import Instance
    from voicebot.daemon.process import Signals

log = logging.getLogger(__name__)


def run_detached() -> NoReturn:
    """Do what `voicebot daemon run --detached` does, which a client has just started."""
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # looking for plugins costs 30 ms
    run_command(lambda: lambda context: serve(context, _load, detached=True))


def _load() -> Config:
    """The configuration without options."""
    from voicebot.config.loading import load_config
    from voicebot.held_secrets import held_secrets

    config = load_config().config
    hide(held_secrets(config))
    return config


async def serve(context: CommandContext, load: Callable[[], Config], *, detached: bool) -> int:
    """Speak for callers, as `load` configures it, until told to stop; tell a client that waits how it begins."""
    from voicebot.daemon.address import AddressError, find_address
    from voicebot.daemon.logs import open_log
    from voicebot.daemon.place import AlreadyRunning, listening, only_instance
    from voicebot.daemon.systemd import notify

    if detached:
        _tell_starter(".")
    try:
        address = find_address()
        with open_log(None if detached else log_line), only_instance(address) as instance:
            if detached:
                _import_step_by_step()
            configuration = _Configuration(load)
            config = configuration.read()
            with listening(address) as door:
                if detached:
                    _tell_starter("ready")  # callers that connect now wait until the rest is loaded
                notify("READY=1")
                from voicebot.cli.foreign_prints import prints_told
                from voicebot.daemon.process import open_signals, run_daemon

                with open_signals() as signals, prints_told(configuration.log_print):
                    _pass_on(context, signals)
                    await run_daemon(
                        configuration.read, config, address=address, instance=instance, signals=signals, door=door
                    )
    except AlreadyRunning as running:
        message = _running(running.instance)
        if detached:
            _tell_starter("ready")
        else:
            status(message)
    except AddressError as error:
        if detached:
            _tell_starter(f"{error.message}\n{error.hint}")
        raise VoicebotError(error.message, hint=error.hint) from error
    except VoicebotError as error:
        if detached:
            _tell_starter(f"{error.message}\n{error.hint}")
        raise
    return OK


class _Configuration:
    """Reads the configuration, whose secrets are not to stand in the log even if somebody prints them."""

    def __init__(self, load: Callable[[], Config]) -> None:
        self._load = load
        self._redact: Callable[[str], str] = str

    def read(self) -> Config:
        """The configuration as it is now."""
        from voicebot.held_secrets import redactor

        config = self._load()
        self._redact = redactor(config)
        return config

    def log_print(self, line: str) -> None:
        """Log what a plugin, a tool or a program of theirs has printed."""
        log.info("%s", self._redact(line))


def _import_step_by_step() -> None:
    """Load what reading the configuration takes, and let the client know that it goes on."""
    _tell_starter(".")
    import pydantic  # noqa: F401 - for the time that it takes

    _tell_starter(".")
    import voicebot.config.models  # noqa: F401 - likewise

    _tell_starter(".")


def _pass_on(context: CommandContext, signals: Signals) -> None:
    """Let the daemon deal with signals itself; SIGHUP means the end only where a terminal has gone."""
    at_terminal = sys.stdin is not None and sys.stdin.isatty()

    def obey(number: int) -> bool:
        if number == getattr(signal, "SIGHUP", None) and not at_terminal:
            signals.reload()
            return True
        return signals.stop()

    context.interrupt, context.obey = signals.stop, obey


def _running(instance: Instance | None) -> str:
    if instance is None:
        return tr("another daemon is just starting")
    since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(instance.since))
    return tr(
        "the daemon is running already: version {version}, since {since}, process {pid}",
        version=instance.version,
        since=since,
        pid=instance.pid,
    )


def _tell_starter(message: str) -> None:
    """Tell the client that waits at the other end of our standard output; after the last word that leads nowhere."""
    with suppress(OSError):  # it did not wait
        os.write(1, message.encode(errors="replace"))
    if message == ".":
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
