"""Serves clients of speech-dispatcher at a socket that is there."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from functools import partial

import anyio
from anyio.abc import ByteStream, SocketListener

from voicebot import events
from voicebot.daemon.accepting import let_in
from voicebot.daemon.dispatcher import Dispatcher
from voicebot.daemon.ssip.client import Desk, SsipClient, Voice
from voicebot.daemon.ssip.replies import Happening
from voicebot.errors import without_groups

_CONNECTIONS = 256
_UNKNOWN_LANGUAGE = "und"


async def serve_clients(
    listener: SocketListener,
    dispatcher: Dispatcher,
    closing: anyio.Event,
    *,
    voices: Callable[[], Awaitable[list[dict[str, object]]]],
) -> None:
    """Serve clients until `closing`; `voices` are those of `tts.list_voices`."""

    async def voices_for_clients() -> list[Voice]:
        return [voice_of(one) for one in await voices()]

    desk = Desk(dispatcher, voices_for_clients)
    with without_groups():
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(tell_of_pauses, desk)
            await let_in(listener, partial(serve_client, desk=desk, closing=closing), closing, most=_CONNECTIONS)
            tasks.cancel_scope.cancel()


async def serve_client(stream: ByteStream, *, desk: Desk, closing: anyio.Event) -> None:
    """Serve one connection until the client leaves or the daemon closes; what was sent by then is still said."""
    async with anyio.create_task_group() as following:
        client = SsipClient(stream, desk, following)
        try:
            await client.serve(closing)
        finally:
            if not closing.is_set():
                with anyio.CancelScope(shield=True):
                    await client.leave()
        following.cancel_scope.cancel()


async def tell_of_pauses(desk: Desk) -> None:
    """Tell a client that its message was paused or goes on, even if another one asked for that."""
    with desk.dispatcher.subscribe(capacity=math.inf) as subscription:
        async for event in subscription.events:
            match event:
                case events.Paused(turn=turn):
                    happening = Happening.PAUSED
                case events.Resumed(turn=turn):
                    happening = Happening.RESUMED
                case _:
                    continue
            for client in list(desk.clients.values()):
                await client.tell_pause(turn, happening)


def voice_of(listed: dict[str, object]) -> Voice:
    """One of `tts.list_voices` as a client sees it."""
    voice = str(listed.get("voice", ""))
    languages = listed.get("languages")
    if isinstance(languages, list) and languages:
        language = str(languages[0])
    else:
        language = "ja" if "style_id" in listed else _UNKNOWN_LANGUAGE  # VOICEVOX speaks nothing else
    return Voice(str(listed.get("name") or voice), language, voice)
