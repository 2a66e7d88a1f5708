"""Whoever goes away ends all that was done for them within 200 ms, at every door, in every phase.

The time is told by a clock that stands still when the machine does: naps of the event loop that the server runs in.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable
from functools import partial

import anyio
import pytest

from tests.server.listener import connected, live, new_conversation
from tests.server.raw import Client, Route, request
from tests.server.running import RunningServer, running_server, until
from voicebot.speech import AS_CONFIGURED, Audio, Style
from voicebot.testing import ScriptedChat
from voicebot.tts.tone import ToneSynthesizer

pytestmark = pytest.mark.anyio
NAP_SECONDS = 0.01
MOST_NAPS = 20
NEVER = 3600.0
WORDS = "This is one more sentence. "
MESSAGES = [{"role": "user", "content": "Hello."}]
MP3 = {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "mp3"}}
PCM = {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "pcm16"}}

SPEECH: dict[str, tuple[str, dict[str, object]]] = {
    f"speech as {name}": ("/v1/audio/speech", {"input": WORDS * 100, **form})
    for name, form in {
        "mp3": {},
        "flac": {"response_format": "flac"},
        "wav": {"response_format": "wav"},
        "events": {"stream_format": "sse"},
    }.items()
}
HEARD: dict[str, tuple[str, dict[str, object]]] = {
    "a heard completion": ("/v1/chat/completions", {"messages": MESSAGES, "stream": True, **PCM}),
    "a heard completion in one piece": ("/v1/chat/completions", {"messages": MESSAGES, **MP3}),
}
READ: dict[str, tuple[str, dict[str, object]]] = {
    "chat": ("/chat", {"text": "Hello."}),
    "chat in one piece": ("/chat", {"text": "Hello.", "stream": False}),
    "a turn": ("/api/conversations/ID/turns", {"text": "Hello."}),
    "a completion": ("/v1/chat/completions", {"messages": MESSAGES, "stream": True}),
    "a completion in one piece": ("/v1/chat/completions", {"messages": MESSAGES, "n": 2}),
}


class TickingVoice(ToneSynthesizer):
    """Says each text for ever, ten milliseconds in as many; or works on it for ever, where it is `silent`."""

    def __init__(self, *, silent: bool = False) -> None:
        super().__init__(sample_rate=8000)
        self.silent = silent
        self.working = 0
        """How many texts it works on."""
        self.pieces = 0
        """How many it has given."""

    async def synthesize(self, text: str, style: Style = AS_CONFIGURED) -> AsyncGenerator[Audio, None]:  # noqa: ARG002 - the protocol has it
        self.working += 1
        try:
            while True:
                await anyio.sleep(NEVER if self.silent else NAP_SECONDS)
                self.pieces += 1
                yield Audio(b"\1\2" * 80, self.format)
        finally:
            self.working -= 1


async def assert_soon(holds: Callable[[], bool]) -> None:
    """It holds before the loop has slept for 200 ms."""
    naps = 0
    while not holds():
        assert naps < MOST_NAPS
        await anyio.sleep(NAP_SECONDS)
        naps += 1
    print(f"{naps} naps")


async def leave(running: RunningServer, door: tuple[str, dict[str, object]], when: Callable[[], bool]) -> None:
    """Ask at a door, and close the connection `when` something holds."""
    path, body = door
    route = Route("POST", path.replace("/api/conversations/ID", await new_conversation(running)))
    async with Client(running.port) as client:
        connection = await client.connect()
        await connection.stream.send(request(route, client.right(route), body=json.dumps(body).encode()))
        await until(when)
        await connection.stream.aclose()


def nothing_runs(running: RunningServer, chat: ScriptedChat, voice: TickingVoice) -> bool:
    """No turn, no reply, no synthesis."""
    admission = running.server.admission
    return not (admission.running or admission.waiting or voice.working) and (chat.closed or not chat.asked)


@pytest.mark.parametrize("door", [*READ, *HEARD, *SPEECH])
async def test_who_waits_in_line_leaves_it(door: str) -> None:
    chat, voice = ScriptedChat([(NEVER, "never")]), TickingVoice()
    async with running_server(chat, voice, max_turns=1, max_waiting=4) as running, anyio.create_task_group() as tasks:
        tasks.start_soon(partial(running.client.post, "/chat", json={"text": "First."}))
        await until(lambda: running.server.admission.running == 1)
        await leave(running, {**READ, **HEARD, **SPEECH}[door], lambda: running.server.admission.waiting > 0)
        await assert_soon(lambda: running.server.admission.waiting == 0)
        assert (len(chat.asked), voice.pieces) == (1, 0)
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize("door", [*READ, *HEARD])
@pytest.mark.parametrize("phase", ["before the first delta", "between two deltas", "while they come"])
async def test_who_is_answered_ends_the_reply(door: str, phase: str) -> None:
    scripts = {
        "before the first delta": [(NEVER, WORDS)],
        "between two deltas": [(0.0, WORDS), (NEVER, WORDS)],
        "while they come": [(NAP_SECONDS, "and ")] * 10_000,
    }
    chat, voice = ScriptedChat(scripts[phase]), TickingVoice()
    least = {"before the first delta": 0, "between two deltas": 1, "while they come": 5}[phase]
    async with running_server(chat, voice) as running:
        await leave(running, {**READ, **HEARD}[door], lambda: bool(chat.asked) and chat.sent >= least)
        sent = chat.sent
        await assert_soon(lambda: nothing_runs(running, chat, voice))
        assert chat.sent - sent <= MOST_NAPS


@pytest.mark.parametrize("door", [*HEARD, *SPEECH])
@pytest.mark.parametrize("silent", [True, False], ids=["before its first sound", "while it is encoded"])
async def test_who_is_spoken_to_ends_the_synthesis(door: str, silent: bool) -> None:
    chat, voice = ScriptedChat([(0.0, WORDS * 3), (NEVER, "never")]), TickingVoice(silent=silent)
    async with running_server(chat, voice) as running:
        await leave(running, {**HEARD, **SPEECH}[door], lambda: voice.working > 0 and (silent or voice.pieces >= 5))
        pieces = voice.pieces
        await assert_soon(lambda: nothing_runs(running, chat, voice))
        assert voice.pieces - pieces <= MOST_NAPS


@pytest.mark.parametrize(
    "phase", ["queued", "turn_started", "delta", "in synthesis", "audio_begin", "playback_started", "paused", "again"]
)
async def test_who_listens_live_ends_it_all(phase: str) -> None:
    chat = ScriptedChat([(0.0, ""), (NEVER, WORDS)] if phase == "turn_started" else [(0.0, WORDS), (NEVER, "never")])
    voice = TickingVoice(silent=phase == "in synthesis")
    async with running_server(chat, voice, max_turns=1) as running, anyio.create_task_group() as tasks:
        path = await new_conversation(running)
        if phase == "queued":
            tasks.start_soon(partial(running.client.post, "/chat", json={"text": "First."}))
            await until(lambda: running.server.admission.running == 1)
        async with live(running, path, plays=phase not in ("audio_begin", "paused")) as listener:
            await listener.send("ask", text="Hello.")
            match phase:
                case "in synthesis":
                    await until(lambda: voice.working > 0)
                case "paused":
                    await listener.until("audio_begin")
                    await listener.send("pause")
                    await listener.until("paused")
                case "again":
                    await listener.until("playback_started")
                    await listener.send("ask", text="Something else.")
                    await listener.until("turn_ended", outcome="interrupted")
                    await listener.until("turn_started")
                case _:
                    await listener.until(phase)
            listener.connection.transport.close()
        opened = running.server.conversations._open["owner", path.rpartition("/")[2]]
        if phase == "queued":
            await assert_soon(lambda: running.server.admission.waiting == 0 and opened.users == 0)
            assert len(chat.asked) == 1
        else:
            await assert_soon(lambda: nothing_runs(running, chat, voice) and opened.users == 0)
        tasks.cancel_scope.cancel()


async def test_who_reads_along_ends_nothing_but_the_reading() -> None:
    chat, voice = ScriptedChat([(0.0, WORDS), (NEVER, "never")]), TickingVoice()
    async with running_server(chat, voice) as running:
        path = await new_conversation(running)
        async with live(running, path) as listener:
            async with connected(running, path) as other:
                await listener.send("ask", text="Hello.")
                await listener.until("playback_started")
                other.transport.close()
            opened = running.server.conversations._open["owner", path.rpartition("/")[2]]
            await assert_soon(lambda: opened.users == 1)
            assert running.server.admission.running == 1
            assert not chat.closed
