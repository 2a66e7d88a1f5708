"""Sessions with speech-dispatcher as they were recorded, and the same with ours: in memory, in virtual time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import anyio
from anyio.abc import ByteStream
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from tests.fakes import pipeline
from voicebot.conversation import Conversation
from voicebot.daemon.dispatcher import Dispatcher, open_dispatcher
from voicebot.daemon.ssip.client import Desk, Voice
from voicebot.daemon.ssip.clients import serve_client, tell_of_pauses
from voicebot.memory.window import WindowMemory
from voicebot.testing import CostingSynthesizer, EventRecorder, ScriptedChat

RECORDED = Path(__file__).parents[2] / "data" / "ssip"
VOICES = [Voice("English", "en", "gmw/en"), Voice("Japanese", "ja", "jpx/ja")]


class Wire(ByteStream):
    """One end of a connection in memory."""

    def __init__(self, send: MemoryObjectSendStream[bytes], receive: MemoryObjectReceiveStream[bytes]) -> None:
        self._send, self._receive = send, receive

    async def receive(self, max_bytes: int = 65_536) -> bytes:
        data = await self._receive.receive()
        assert len(data) <= max_bytes
        return data

    async def send(self, item: bytes) -> None:
        await self._send.send(item)

    async def send_eof(self) -> None:
        self._send.close()

    async def aclose(self) -> None:
        self._send.close()
        self._receive.close()


def wires(capacity: float = 1000) -> tuple[Wire, Wire]:
    """Both ends."""
    to_server, at_server = anyio.create_memory_object_stream[bytes](capacity)
    to_client, at_client = anyio.create_memory_object_stream[bytes](capacity)
    return Wire(to_server, at_client), Wire(to_client, at_server)


@dataclass
class Client:
    """The client's end: sends lines, and sorts what comes into answers and events."""

    wire: Wire
    events: list[tuple[str, int, list[str]]] = field(default_factory=list)
    """The code of each, the message's number and what else it said."""
    queued: list[int] = field(default_factory=list)
    """The numbers of its messages."""
    unread: bytes = b""

    async def send(self, *lines: str) -> None:
        for line in lines:
            await self.wire.send(f"{line}\r\n".encode())

    async def ask(self, *lines: str) -> list[str]:
        """Send this and read the answer."""
        await self.send(*lines)
        return await self.answer()

    async def say(self, text: str) -> int:
        """Have it said; return the number of the message."""
        assert await self.ask("SPEAK") == ["230 OK RECEIVING DATA"]
        assert (await self.ask(text, "."))[-1] == "225 OK MESSAGE QUEUED"
        return self.queued[-1]

    async def answer(self) -> list[str]:
        """The next answer; events that come before it are kept."""
        while True:
            lines = await self._message()
            if not lines[0].startswith("7"):
                if lines[-1].startswith("225 "):
                    self.queued.append(int(lines[0].partition("-")[2]))
                return lines
            self._keep(lines)

    async def until(self, code: str, message: int) -> None:
        """Read on until this event has come."""
        while all((one[0], one[1]) != (code, message) for one in self.events):
            lines = await self._message()
            assert lines[0].startswith("7"), lines
            self._keep(lines)

    def _keep(self, lines: list[str]) -> None:
        said = [line.partition("-")[2] for line in lines[:-1]]
        self.events.append((lines[0][:3], int(said[0]), said[2:]))

    async def _message(self) -> list[str]:
        lines: list[str] = []
        while not lines or lines[-1][3] == "-":
            line, end, rest = self.unread.partition(b"\r\n")
            if not end:
                self.unread += await self.wire.receive()
                continue
            self.unread = rest
            lines.append(line.decode())
        return lines

    def codes(self, message: int) -> list[str]:
        """What came of one message."""
        return [code for code, number, _ in self.events if number == message]


@dataclass
class Ssip:
    """Our server, for any number of clients."""

    desk: Desk
    dispatcher: Dispatcher
    recorder: EventRecorder
    closing: anyio.Event
    tasks: anyio.abc.TaskGroup
    wires: list[Wire] = field(default_factory=list)

    def connect(self) -> Client:
        ours, theirs = wires()
        self.wires.append(ours)
        self.tasks.start_soon(partial(self._serve, theirs))
        return Client(ours)

    async def _serve(self, wire: Wire) -> None:
        """As `accepting.serve_alone` does."""
        try:
            async with wire:
                await serve_client(wire, desk=self.desk, closing=self.closing)
        except* anyio.BrokenResourceError:
            pass


@asynccontextmanager
async def ssip() -> AsyncIterator[Ssip]:
    made = pipeline(ScriptedChat([]), CostingSynthesizer())
    conversation = Conversation(made, memory=WindowMemory(system_prompt="", turns=5))

    async def voices() -> list[Voice]:
        return VOICES

    recorder = EventRecorder()
    with conversation.broadcast.listen(recorder):
        async with open_dispatcher(conversation) as dispatcher, anyio.create_task_group() as tasks:
            desk = Desk(dispatcher, voices)
            tasks.start_soon(tell_of_pauses, desk)
            server = Ssip(desk, dispatcher, recorder, anyio.Event(), tasks)
            try:
                yield server
            finally:
                for wire in server.wires:
                    await wire.aclose()
            tasks.cancel_scope.cancel()


@dataclass
class Step:
    """What the client sent at one moment, and what it was told before it sent more."""

    sent: list[str] = field(default_factory=list)
    answers: list[list[str]] = field(default_factory=list)
    events: list[tuple[str, int]] = field(default_factory=list)


def recorded(name: str) -> list[Step]:
    """The steps of a recorded session; messages are numbered from 1 in the order in which they were queued."""
    steps: list[Step] = []
    numbers: dict[str, int] = {}
    lines: list[str] = []
    for line in (RECORDED / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        who, _, text = line.partition(": ")
        text = text.replace("\\r", "\r").replace("\\n", "\n").replace("\\t", "\t")
        if who == "C":
            if not steps or steps[-1].answers or steps[-1].events:
                steps.append(Step())
            steps[-1].sent.append(text)
        elif who == "S":
            lines.append(text.removesuffix("\r\n"))
            if lines[-1][3] == "-":
                continue
            if lines[0].startswith("7"):
                number = lines[0].partition("-")[2]
                steps[-1].events.append((lines[0][:3], numbers.setdefault(number, len(numbers) + 1)))
            else:
                steps[-1].answers.append(lines)
                if lines[-1].startswith("225 "):
                    numbers.setdefault(lines[0].partition("-")[2], len(numbers) + 1)
            lines = []
    return steps


async def replay(
    client: Client, steps: Iterable[Step], *, events: bool
) -> list[tuple[list[str], list[str], list[str]]]:
    """Send the same to ours; return what was sent, what the original answered and what ours does.

    With `events` go on where the original's client did: when it was told the same.
    """
    answers = []
    for step in steps:
        for line in step.sent:
            await client.wire.send(line.encode())
        answers += [(step.sent, answer, await client.answer()) for answer in step.answers]
        if events:
            for code, number in step.events:
                if number <= len(client.queued):
                    await client.until(code, client.queued[number - 1])
    return answers
