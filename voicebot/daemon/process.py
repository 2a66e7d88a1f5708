"""The daemon as a process: its place, its engines, its conversation and its callers, from the first to the last."""

from __future__ import annotations

import logging
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from typing import Any

import anyio
from anyio.abc import SocketListener
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from voicebot.app import open_conversation, open_engines
from voicebot.audio import open_audio
from voicebot.config.models import Config
from voicebot.daemon import systemd
from voicebot.daemon.address import Address
from voicebot.daemon.control import Controls, Values, serve
from voicebot.daemon.dispatcher import Dispatcher, open_dispatcher
from voicebot.daemon.place import Instance, Listening, listening
from voicebot.errors import ConfigError, VoicebotError, without_groups
from voicebot.speech import AudioFormat
from voicebot.tts import list_voices

log = logging.getLogger(__name__)

_LAST_SENTENCE_SECONDS = 2.0
_CONNECTIONS = 4096
_OTHER_FILES = 64
"""Descriptors that the engines, the device and the history need."""


class Signals:
    """What the process is told from outside."""

    def __init__(self, send: MemoryObjectSendStream[None], reloads: MemoryObjectReceiveStream[None]) -> None:
        self.stopping = anyio.Event()
        self.reloads = reloads
        """One thing for each time that the configuration is to be read again."""
        self._send = send

    def stop(self) -> bool:
        """End after the sentence that is being spoken; False the second time: whoever asks twice does not wait."""
        first = not self.stopping.is_set()
        self.stopping.set()
        return first

    def reload(self) -> None:
        """Read the configuration again."""
        with suppress(anyio.WouldBlock):  # it is about to
            self._send.send_nowait(None)


@contextmanager
def open_signals() -> Iterator[Signals]:
    """What a command passes signals on with."""
    send, receive = anyio.create_memory_object_stream[None](1)  # a second one asks for nothing new
    with send, receive:
        yield Signals(send, receive)


async def run_daemon(
    load: Callable[[], Config],
    config: Config,
    *,
    address: Address,
    instance: Instance,
    signals: Signals,
    ready: Callable[[], None],
) -> None:
    """Speak for whoever asks until told to stop. `load` reads the configuration anew, `config` is the present one.

    `ready` is called when callers can connect. Raises VoicebotError and AddressError when it cannot begin.
    """
    async with AsyncExitStack() as stack:
        door = _handed_over() or stack.enter_context(listening(address))
        dispatcher = await stack.enter_async_context(_open_dispatcher(config))

        async def reload() -> str:
            systemd.reloading()
            try:
                load()
            except ConfigError as error:
                raise ConfigError(f"the old configuration stays: {error.message}", hint=error.hint) from error
            finally:
                systemd.notify("READY=1")
            return "the configuration is the same"

        async def voices() -> list[Values]:
            return await list_voices(config.tts)

        about: Values = {
            "pid": instance.pid,
            "since": instance.since,
            "version": instance.version,
            "address": str(address),
        }
        controls = Controls(reload=reload, voices=voices, shutdown=signals.stop, about=about)
        listener = await stack.enter_async_context(await SocketListener.from_socket(door.socket))
        stack.enter_context(without_groups())
        tasks = await stack.enter_async_context(anyio.create_task_group())
        tasks.start_soon(_reload_when_told, signals, reload)
        tasks.start_soon(_serve, listener, dispatcher, controls, door.token)
        ready()
        systemd.notify("READY=1")
        log.info("listening at %s", address)
        await signals.stopping.wait()
        systemd.notify("STOPPING=1")
        await dispatcher.finish(_LAST_SENTENCE_SECONDS)
        tasks.cancel_scope.cancel()


async def _serve(listener: SocketListener, dispatcher: Dispatcher, controls: Controls, token: str) -> None:
    await serve(listener, dispatcher, controls, connections=_connections(), token=token)


async def _reload_when_told(signals: Signals, reload: Callable[[], Any]) -> None:
    async for _ in signals.reloads:
        try:
            log.info("%s", await reload())
        except VoicebotError as error:
            log.error("%s → %s", error.message, error.hint)


def _handed_over() -> Listening | None:
    given = systemd.handed_over()
    return Listening(given) if given is not None else None


@asynccontextmanager
async def _open_dispatcher(config: Config) -> AsyncIterator[Dispatcher]:
    """The engines and the one conversation of this daemon, and the door to it."""
    async with AsyncExitStack() as stack:
        engines = await stack.enter_async_context(open_engines(config, notify=log.info))
        format = engines.synthesizer.format if engines.synthesizer else AudioFormat(24_000)
        output = await stack.enter_async_context(
            open_audio(config.audio, format, notify=log.warning, close_after_seconds=config.daemon.close_after_seconds)
        )
        conversation = await stack.enter_async_context(
            open_conversation(engines, config, notify=log.info, output=output)
        )
        yield await stack.enter_async_context(
            open_dispatcher(conversation, pause_seconds=60 * config.daemon.pause_minutes)
        )


def _connections() -> int:
    """How many callers there may be at once: as many as there are descriptors for."""
    if sys.platform == "win32":
        return _CONNECTIONS
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _CONNECTIONS + _OTHER_FILES
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(1, min(_CONNECTIONS, soft - _OTHER_FILES))
