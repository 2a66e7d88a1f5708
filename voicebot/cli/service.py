"""`voicebot service`: the daemon as a service that starts when you log in."""

from __future__ import annotations

import getpass
import os
import re
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicebot.cli.command import add_command
from voicebot.cli.help import command_group
from voicebot.cli.options import ConfigFileOption
from voicebot.cli.output import status, write_out
from voicebot.cli.paths import kept_folders
from voicebot.cli.runner import FAILED, OK
from voicebot.errors import VoicebotError
from voicebot.translation import tr

if TYPE_CHECKING:
    from voicebot.config.models import Config
    from voicebot.service.launch import Launch
    from voicebot.service.plan import Plan

service_app = command_group("Start the daemon when you log in.")
_LINES = 100
_STOP_SECONDS = 10.0


@service_app.callback()
def service() -> None:
    """Start the daemon when you log in."""


def install(
    config: ConfigFileOption = None,
    *,
    force: Annotated[bool, typer.Option("--force", help="Write over files that somebody else wrote.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be written and run, and stop.")] = False,
) -> int:
    """Let the daemon start when you log in, and start it now: systemd on Linux, launchd on macOS, a task on Windows.

    Examples:
      voicebot service install --dry-run
      voicebot service install
    """
    from voicebot.service.installing import check_manager, check_room
    from voicebot.service.installing import install as write_and_start

    plan = _plan(_launch(config))
    if not dry_run:
        check_manager(plan)
        if not force:
            check_room(plan)
    for path, content in plan.files.items():
        text = content.decode("utf-16" if path.suffix == ".xml" else "utf-8")
        write_out(f"# {path}\n{text.rstrip()}\n\n")
    write_out("".join(f"$ {' '.join(command)}\n" for command in plan.enable))
    if dry_run:
        return OK
    if os.environ.get("VOICEBOT_ADDRESS"):
        status(tr("VOICEBOT_ADDRESS is set: without it, programs find the service at its usual place"))
    _end_running_daemon()
    for _, folder, _ in kept_folders():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # only what is there can be made writable
    write_and_start(plan)
    status(tr("the daemon is running, and starts when you log in; to undo that: voicebot service uninstall"))
    return OK


def uninstall() -> int:
    """Stop the daemon, and no longer start it when you log in.

    Example: voicebot service uninstall
    """
    from voicebot.service.installing import uninstall as remove

    removed = remove(_plan(_this_python()))
    for path in removed:
        status(tr("deleted {path}", path=path))
    if not removed:
        status(tr("no service is installed"))
    return OK


def show_status() -> int:
    """Show the state of the service.

    Example: voicebot service status
    """
    from voicebot.service.installing import check_manager, is_ours, run, text_of

    plan = _plan(_this_python())
    check_manager(plan)
    if not any(map(is_ours, plan.files)):
        status(tr("no service is installed → voicebot service install"))
        return FAILED
    done = run(plan.status)
    write_out(text_of(done.stdout + done.stderr) + "\n")
    return OK if done.returncode == 0 else FAILED


def logs(
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Keep printing what is logged, until Ctrl-C.")] = False,
    lines: Annotated[
        int, typer.Option("--lines", "-n", metavar="N", min=0, help="How many lines, from the end.")
    ] = _LINES,
) -> int:
    """Print the log of the service. What was spoken is not in it.

    Examples:
      voicebot service logs
      voicebot service logs --follow
    """
    from voicebot.daemon.logs import log_path

    plan = _plan(_this_python())
    if plan.logs is None:
        return _tail(log_path(), lines, follow=follow)
    command = [*plan.logs, f"--lines={lines}", *(["--follow"] if follow else [])]
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace"
        )
    except OSError as error:
        raise VoicebotError(
            tr("there is no {program} here", program=command[0]),
            hint=tr("the daemon's own file is {path}", path=log_path()),
        ) from error
    assert process.stdout is not None
    with process:
        try:
            for line in process.stdout:
                write_out(line)
        finally:
            process.terminate()
    return OK if process.returncode == 0 else FAILED


def _tail(path: Path, lines: int, *, follow: bool) -> int:
    """The end of a file that the daemon writes itself."""
    if follow:
        status(tr("follow it with a program of your own: {path}", path=path))
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        status(tr("{path}: nothing is logged yet", path=path))
        return OK
    kept = text.splitlines()[-lines:] if lines else []
    write_out("".join(f"{line}\n" for line in kept))
    return OK


def _plan(launch: Launch) -> Plan:
    """What this system needs. Raises VoicebotError."""
    from voicebot.service.plan import launchd_plan, systemd_plan, windows_plan

    state = next(path for name, path, _ in kept_folders() if name in ("state", "config"))
    if sys.platform == "win32":
        domain = os.environ.get("USERDOMAIN", "")
        return windows_plan(launch, user="\\".join(filter(None, [domain, getpass.getuser()])), state=state)
    if sys.platform == "darwin":
        return launchd_plan(launch, Path.home() / "Library" / "LaunchAgents", user_id=os.getuid(), state=state)
    given = os.environ.get("XDG_CONFIG_HOME", "")
    folder = Path(given) if os.path.isabs(given) else Path.home() / ".config"
    return systemd_plan(launch, folder / "systemd" / "user", systemd_version=_systemd_version())


def _launch(named: Path | None) -> Launch:
    """This Python, and the configuration that is named, if any: it is checked now. Raises ConfigError."""
    from voicebot.config.loading import load_config, named_config
    from voicebot.service.launch import Launch, needed_environment

    config = named_config(named, os.environ)
    settings = load_config(config).config
    chosen = ["--config", str(config.absolute())] if config is not None else []
    return Launch(
        (sys.executable, "-m", "voicebot", "daemon", "run", *chosen),
        needed_environment(os.environ),
        tuple(
            dict.fromkeys([*(path for name, path, _ in kept_folders() if name != "config"), *_named_folders(settings)])
        ),
    )


def _this_python() -> Launch:
    """Enough to find what is installed, be the configuration broken."""
    from voicebot.service.launch import Launch

    return Launch((sys.executable,))


def _named_folders(config: Config) -> list[Path]:
    """The folders of files that the configuration names for writing."""
    paths = [config.memory.path, config.audio.path if config.audio.kind == "wav" else ""]
    return [Path(path).expanduser().absolute().parent for path in paths if path not in ("", "-")]


def _systemd_version() -> int:
    """0 without systemd, or with one that does not say."""
    from voicebot.service.installing import run, text_of

    try:
        told = text_of(run(["systemctl", "--version"]).stdout)
    except VoicebotError:
        return 0
    found = re.match(r"systemd (\d+)", told)
    return int(found[1]) if found else 0


def _end_running_daemon() -> None:
    """Let a daemon that somebody has started make room. Raises VoicebotError where it does not."""
    from voicebot.daemon.address import AddressError
    from voicebot.daemon.client import DaemonError, connect

    def end() -> None:
        try:
            connection = connect()
            if connection is not None:
                with closing(connection):
                    connection.request("shutdown")
                    for _ in connection.lines():
                        pass  # until it closes
        except (AddressError, DaemonError):
            pass  # the doctor says more

    ending = threading.Thread(target=end, daemon=True)
    ending.start()
    ending.join(_STOP_SECONDS)
    if ending.is_alive():
        raise VoicebotError(tr("the running daemon does not stop"), hint=tr("see why: voicebot doctor"))


add_command(service_app, install)
add_command(service_app, show_status, name="status")
add_command(service_app, logs)
add_command(service_app, uninstall)
