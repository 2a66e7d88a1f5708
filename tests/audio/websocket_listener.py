"""A listener elsewhere whose output is that of a live connection of the server: frames over a real WebSocket."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from websockets.exceptions import ConnectionClosed

from tests.audio.clips import clip_of
from tests.audio.remote_client import FakeClient
from tests.server.listener import HEADER, Json, connected, new_conversation
from tests.server.running import running_server, until
from voicebot.audio.remote import AudioBegin, AudioBlock, AudioEnd, Flush, Pause, RemoteMessage, RemoteOutput, Resume
from voicebot.protocols import AudioOutput
from voicebot.speech import AudioFormat
from voicebot.testing import CostingSynthesizer


@asynccontextmanager
async def open_websocket() -> AsyncIterator[AudioOutput]:
    """The output with which a tab that listens hears what nobody asked for."""
    async with running_server(voice=CostingSynthesizer()) as running:
        path = await new_conversation(running)
        async with (
            running.server.conversations.using("owner", path.rpartition("/")[2]) as opened,
            connected(running, path) as connection,
            anyio.create_task_group() as tasks,
        ):
            client = FakeClient(report_every=3)

            async def receive() -> None:
                try:
                    async for frame in connection:
                        if (message := _message(frame)) is not None:
                            await client.send(message)
                except ConnectionClosed:
                    pass

            reports_in, reports_out = anyio.create_memory_object_stream[tuple[int, int]](1000)

            async def report() -> None:
                async for utterance, frame in reports_out:
                    await connection.send(json.dumps({"type": "played", "utterance": utterance, "frame": frame}))

            with reports_in, reports_out:
                tasks.start_soon(receive)
                tasks.start_soon(report)
                tasks.start_soon(client.play, lambda *played: reports_in.send_nowait(played))
                await connection.send(json.dumps({"type": "listen", "audio": True}))
                await until(lambda: isinstance(opened.conversation.pipeline.output, RemoteOutput))
                yield opened.conversation.pipeline.output
                tasks.cancel_scope.cancel()


def _message(frame: str | bytes) -> RemoteMessage | None:
    if isinstance(frame, bytes):
        _, _, _, number, first = HEADER.unpack_from(frame)
        return AudioBlock(number, first, frame[HEADER.size :])
    message: Json = json.loads(frame)
    match message["type"]:
        case "audio_begin":
            format = AudioFormat(message["rate"], message["channels"])
            return AudioBegin(message["utterance"], clip_of(bytes(message["frames"] * format.frame_bytes), format))
        case "audio_end":
            return AudioEnd(message["utterance"], message["frames"])
        case "flush":
            return Flush(message["utterance"])
        case "pause":
            return Pause()
        case "resume":
            return Resume()
    return None
