"""Wyoming clients for the tests, and a door of ours on a real port."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import anyio
from anyio.abc import SocketListener
from wyoming.audio import AudioStop
from wyoming.client import AsyncClient
from wyoming.event import Event
from wyoming.handle import Handled, NotHandled
from wyoming.tts import SynthesizeChunk, SynthesizeStart, SynthesizeStop, SynthesizeStopped, SynthesizeVoice

from tests.fakes import adaptive
from tests.machine import PATIENCE_SECONDS
from voicebot.daemon.requests import Kind
from voicebot.daemon.wyoming.info import Row
from voicebot.daemon.wyoming.place import bound
from voicebot.daemon.wyoming.replies import Replies
from voicebot.daemon.wyoming.server import Service, serve_wyoming
from voicebot.errors import VoicebotError
from voicebot.memory.window import WindowMemory
from voicebot.protocols import AudioOutput, ChatModel, Synthesizer
from voicebot.testing import CostingSynthesizer, ScriptedChat


@asynccontextmanager
async def open_door(
    *,
    chat: ChatModel | None = None,
    voice: Synthesizer | None = None,
    voices: list[Row] | None = None,
    output: AudioOutput | None = None,
    gone: VoicebotError | None = None,
    send_seconds: float = 30.0,
) -> AsyncIterator[str]:
    """A door; `output` is the daemon's loudspeaker, `gone` what is wrong with the engines."""
    given = adaptive(ScriptedChat([]))
    pipeline = replace(
        given,
        chat=chat or ScriptedChat([(0, "Yes.")]),
        synthesizer=voice or CostingSynthesizer(delay=0),
        output=output or given.output,
    )

    async def prepare(kind: Kind) -> None:
        if gone is not None and kind == "say":
            raise gone

    async def listed() -> list[Row]:
        return voices or [{"voice": "costing"}]

    replies = Replies(lambda: WindowMemory(system_prompt="", turns=5))
    service = Service(lambda: pipeline, prepare, listed, replies, send_seconds)
    with bound("tcp://127.0.0.1:0") as (listening, uri):
        async with await SocketListener.from_socket(listening) as listener, anyio.create_task_group() as tasks:
            tasks.start_soon(serve_wyoming, listener, service)
            yield uri
            tasks.cancel_scope.cancel()


def client_of(uri: str) -> AsyncClient:
    """The official client."""
    return AsyncClient.from_uri(uri, read_timeout=PATIENCE_SECONDS)


async def until(client: AsyncClient, *kinds: str) -> list[Event]:
    """The events up to the first one of these types."""
    events = []
    while True:
        event = await client.read_event()
        assert event is not None, "the door has closed the connection"
        events.append(event)
        if event.type in kinds:
            return events


async def audio_of(client: AsyncClient) -> bytes:
    """The sound of a text that was given as a whole."""
    return sound(await until(client, AudioStop().event().type))


def sound(events: list[Event]) -> bytes:
    """The samples in them."""
    return b"".join(event.payload or b"" for event in events if event.type == "audio-chunk")


async def stream(client: AsyncClient, text: str, size: int, voice: SynthesizeVoice | None = None) -> list[Event]:
    """What comes of a text that is sent in pieces of `size` characters."""
    await client.write_event(SynthesizeStart(voice=voice).event())
    for start in range(0, len(text), size):
        await client.write_event(SynthesizeChunk(text[start : start + size]).event())
    await client.write_event(SynthesizeStop().event())
    return await until(client, SynthesizeStopped().event().type)


async def reply_to(client: AsyncClient, event: Event) -> list[Event]:
    """What comes of a transcript, up to what ends it."""
    await client.write_event(event)
    return await until(client, Handled().event().type, NotHandled().event().type)


def raw_client(uri: str, *, receive_bytes: int = 0) -> socket.socket:
    """A client that sends whatever it likes, and has room for few bytes if `receive_bytes` says so."""
    host, _, port = uri.removeprefix("tcp://").rpartition(":")
    connected = socket.socket()
    if receive_bytes:
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    connected.settimeout(PATIENCE_SECONDS)
    connected.connect((host, int(port)))
    return connected


async def rest_of(client: socket.socket) -> bytes:
    """Everything up to the end of the connection."""

    def read() -> bytes:
        with client, client.makefile("rb") as file:
            return file.read()

    return await anyio.to_thread.run_sync(read)
