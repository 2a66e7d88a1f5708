"""The daemon as a process: its place, its engines, its conversation and its callers, from the first to the last."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from functools import partial
from typing import Any

import anyio
from anyio.abc import SocketListener
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from voicebot.config.models import Config
from voicebot.daemon import systemd
from voicebot.daemon.address import Address
from voicebot.daemon.caller import Controls, Values
from voicebot.daemon.control import serve
from voicebot.daemon.dispatcher import open_dispatcher
from voicebot.daemon.doors import configured_doors
from voicebot.daemon.engines import EngineKeeper, without_engines
from voicebot.daemon.place import Instance, Listening
from voicebot.errors import VoicebotError, without_groups
from voicebot.translation import tr
from voicebot.tts import list_voices

log = logging.getLogger(__name__)

_LAST_SENTENCE_SECONDS = 2.0


class Signals:
    """What reaches the process from outside."""

    def __init__(self, send: MemoryObjectSendStream[None], reloads: MemoryObjectReceiveStream[None]) -> None:
        self.stopping = anyio.Event()
        self.reloads = reloads
        """An item each time the configuration is to be read again."""
        self._send = send

    def stop(self) -> bool:
        """End after the sentence that is being spoken; False the second time, when nobody wants to wait for that."""
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
    door: Listening,
) -> None:
    """Speak for callers at the `door` and at those that are configured, until told to stop.

    `load` reads the configuration anew, `config` is the present one. If something cannot be opened yet, the caller gets
    the reason, and it is tried again for the next one.
    """
    async with AsyncExitStack() as stack:
        stack.enter_context(without_groups())
        tasks = await stack.enter_async_context(anyio.create_task_group())
        conversation = without_engines(config, tasks)
        keeper = EngineKeeper(conversation, config, tasks)
        dispatcher = await stack.enter_async_context(
            open_dispatcher(conversation, pause_seconds=60 * config.daemon.pause_minutes, prepare=keeper.ensure)
        )

        async def reload() -> str:
            systemd.reloading()
            try:
                await keeper.change(load())
            except VoicebotError as error:
                log.error("the old configuration stays: %s", error.message)
                raise VoicebotError(
                    tr("the old configuration stays: {reason}", reason=error.message), hint=error.hint
                ) from error
            finally:
                systemd.notify("READY=1")
            log.info("the configuration was read again")
            return tr("the configuration was read again")

        async def voices() -> list[Values]:
            return await list_voices(keeper.config.tts)

        about: Values = {
            "pid": instance.pid,
            "since": instance.since,
            "version": instance.version,
            "address": str(address),
        }
        controls = Controls(reload=reload, voices=voices, shutdown=signals.stop, about=about)
        listener = await stack.enter_async_context(await SocketListener.from_socket(door.socket))
        tasks.start_soon(_warm_up, keeper)
        tasks.start_soon(_reload_when_told, signals, reload)
        log.info("%s", tr("listening at {address}", address=address))
        closing = anyio.Event()
        async with anyio.create_task_group() as callers:
            callers.start_soon(partial(serve, listener, dispatcher, controls, closing, token=door.token))
            for other in configured_doors(config.daemon, dispatcher, keeper, address=address, voices=voices):
                callers.start_soon(other, closing)
            await signals.stopping.wait()
            systemd.notify("STOPPING=1")
            await dispatcher.finish(_LAST_SENTENCE_SECONDS)
            closing.set()
        tasks.cancel_scope.cancel()


async def _warm_up(keeper: EngineKeeper) -> None:
    """Have everything open before somebody asks; what cannot be is tried again then."""
    try:
        await keeper.ensure("say")
    except VoicebotError as error:
        log.warning("%s", error.in_one_line)


async def _reload_when_told(signals: Signals, reload: Callable[[], Any]) -> None:
    async for _ in signals.reloads:
        with suppress(VoicebotError):  # the log has it
            await reload()
