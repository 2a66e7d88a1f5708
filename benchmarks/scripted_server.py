"""A server whose chat model writes 30 deltas a second by the clock: `python -m benchmarks.scripted_server KIND`.

KIND is `voicebot`; `voice`, the same with the tone voice; or `tutorial`: what tutorials make of FastAPI, a queue and a
callback in a thread. The first delta of each reply is when it began, on the clock that all processes of a machine
share; delta number n is due n/30 s later. A message that is a number asks for that many deltas, as fast as they go if
it is negative; a word behind the number stands in each sentence of the reply. `chat` is the chat model alone, as an
OpenAI-compatible server; `voicebot ADDRESS` asks one instead of having the model in its process.

`model COUNT` does not serve: it writes that many replies to nobody for a few seconds, and prints the
microseconds of CPU that each delta took. The model works within the server's process, so this is a part of whatever is
measured there. All replies wait for one clock, which ticks ten times between two deltas of each: a timer for each
delta took more of the processor than much of what is measured.
"""

from __future__ import annotations

import asyncio
import json
import queue
import re
import socket
import sys
import threading
import time
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing, closing, suppress
from functools import partial

import anyio
from pydantic import BaseModel

from voicebot.messages import Message
from voicebot.protocols import Synthesizer

RATE = 30.0
CHARACTERS = 3
"""Of a delta, as Japanese ones and short English words have."""
TOKEN = "the-token-of-the-benchmark"
_WORDS = "Once upon a time there was a lighthouse{} that nobody had ever seen by day, and it sang to the ships. "
_MODEL_SECONDS = 5.0
_CHAT_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
_TICKS = 10
"""Of the clock, between two deltas of a reply."""


class Query(BaseModel):
    """What the tutorial's endpoint takes."""

    text: str


def deltas(count: int, word: str = "") -> Iterator[str]:
    """What a model writes."""
    length = count * CHARACTERS
    text = _WORDS.format(word and f" {word}") * (length // len(_WORDS) + 1)
    return (text[i : i + CHARACTERS] for i in range(0, length, CHARACTERS))


class Clock:
    """Wakes whoever waits for one of its ticks, with one timer for all of them."""

    def __init__(self) -> None:
        self._waiting: dict[int, list[asyncio.Future[None]]] = {}
        self._timer: asyncio.TimerHandle | None = None

    async def wait(self, tick: int) -> None:
        """Return at once if it has passed."""
        if tick <= _ticks():
            return
        # asyncio's own: what waiting costs belongs to the model, and is to be as little as it can be
        loop = asyncio.get_running_loop()
        self._waiting.setdefault(tick, []).append(waiter := loop.create_future())
        if self._timer is None:
            self._timer = loop.call_later(1 / (RATE * _TICKS), self._tick, loop)
        await waiter

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        now = _ticks()
        for tick in [tick for tick in self._waiting if tick <= now]:
            for waiter in self._waiting.pop(tick):
                if not waiter.done():
                    waiter.set_result(None)
        seconds = (now + 1) / (RATE * _TICKS) - time.monotonic()
        # uvloop rounds to milliseconds, and to 0 is to try again and again
        self._timer = loop.call_later(max(0.001, seconds), self._tick, loop) if self._waiting else None


def _ticks() -> int:
    """How often the clock has ticked."""
    return int(time.monotonic() * RATE * _TICKS)


class ClockedChat:
    """Writes each delta when it is due, however late the one before was taken."""

    name = "clocked"

    def __init__(self) -> None:
        self._clock = Clock()

    async def stream_reply(self, messages: Sequence[Message]) -> AsyncGenerator[str, None]:
        """Yield as many deltas as the message says."""
        number_of_deltas, _, word = messages[-1].content.partition(" ")
        count = int(number_of_deltas)
        first = _ticks() + 1
        await self._clock.wait(first)
        yield f"{first / (RATE * _TICKS):.6f}\n"
        for number, delta in enumerate(deltas(abs(count), word), 1):
            await (self._clock.wait(first + number * _TICKS) if count > 0 else asyncio.sleep(0))
            yield delta


async def serve_voicebot(listening: socket.socket, address: str = "", *, voice: Synthesizer | None = None) -> None:
    """As `voicebot serve` does."""
    from voicebot.app import Engines
    from voicebot.config.models import ChatDemo, ChatOpenAI, Config, MemoryConfig, ServerConfig, TtsTone
    from voicebot.pacing import VoiceCost
    from voicebot.server.application import open_server
    from voicebot.server.keys import Keys
    from voicebot.server.process import run_server, seldom_collecting

    config = Config(
        chat=ChatOpenAI(kind="openai", base_url=address, model="clocked") if address else ChatDemo(kind="demo"),
        tts=TtsTone(kind="tone"),
        server=ServerConfig(max_turns=4000, max_conversations=8000, max_connections=8000, port=0),
        memory=MemoryConfig(store=False),
    )
    engines = None if address else Engines(ClockedChat(), voice, VoiceCost() if voice else None, None, None)
    async with open_server(config, Keys(TOKEN), engines=engines) as server:
        with seldom_collecting():
            await run_server(server, listening, stop=anyio.Event(), ready=lambda: _tell(listening))


async def serve_voice(listening: socket.socket) -> None:
    """The same with a voice that costs next to nothing."""
    from voicebot.tts.tone import ToneSynthesizer

    await serve_voicebot(listening, voice=ToneSynthesizer())


async def serve_tutorial(listening: socket.socket) -> None:
    """As tutorials do: the model calls back from a thread, a queue takes that, and the response empties it."""
    import uvicorn
    from fastapi import FastAPI
    from fastapi.responses import StreamingResponse

    app = FastAPI()

    class QueueCallback:
        """A LangChain callback handler, without LangChain."""

        def __init__(self, q: queue.Queue[str | None]) -> None:
            self.q = q

        def on_llm_new_token(self, token: str) -> None:
            self.q.put(token)

        def on_llm_end(self) -> None:
            self.q.put(None)

    def stream(text: str) -> Iterator[str]:
        q: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=_call_back, args=(int(text), QueueCallback(q))).start()
        while (token := q.get()) is not None:
            yield f"event: delta\ndata: {token}\n\n"
        yield "event: turn_ended\ndata:\n\n"

    def _call_back(count: int, callback: QueueCallback) -> None:
        began = time.monotonic()
        callback.on_llm_new_token(f"{began:.6f}")
        for number, delta in enumerate(deltas(abs(count)), 1):
            if count > 0:
                time.sleep(max(0.0, began + number / RATE - time.monotonic()))
            callback.on_llm_new_token(delta)
        callback.on_llm_end()

    @app.post("/chat")
    async def chat(query: Query) -> StreamingResponse:
        return StreamingResponse(stream(query.text), media_type="text/event-stream")

    server = uvicorn.Server(uvicorn.Config(app, log_level="critical"))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.serve, [listening])
        _tell(listening)


async def serve_chat(listening: socket.socket) -> None:
    """The chat model as a server, as lean as it can be: what it takes is not measured, and shares the processors."""
    chat = ClockedChat()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError), closing(writer):
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = re.search(rb"(?i)content-length: *(\d+)", head)
                asked = json.loads(await reader.readexactly(int(length[1]) if length else 0))
                writer.write(_CHAT_HEAD)
                message = Message("user", asked["messages"][-1]["content"])
                async with aclosing(chat.stream_reply([message])) as reply:
                    async for delta in reply:
                        writer.write(_chunk({"index": 0, "delta": {"content": delta}, "finish_reason": None}))
                writer.write(_chunk({"index": 0, "delta": {}, "finish_reason": "stop"}) + b"0\r\n\r\n")

    async with await asyncio.start_server(answer, sock=listening) as server:
        _tell(listening)
        await server.serve_forever()


def _chunk(choice: dict[str, object]) -> bytes:
    told = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "clocked", "choices": [choice]}
    event = f"data: {json.dumps(told)}\n\n".encode()
    return b"%x\r\n%s\r\n" % (len(event), event)


def _tell(listening: socket.socket) -> None:
    print(listening.getsockname()[1], flush=True)


async def write_to_nobody(count: int) -> None:
    """Print the microseconds of CPU of a delta."""
    written = 0
    chat = ClockedChat()

    async def read() -> None:
        nonlocal written
        async for _ in chat.stream_reply([Message("user", "1000000")]):
            written += 1

    spent = time.process_time()
    with anyio.move_on_after(_MODEL_SECONDS):
        async with anyio.create_task_group() as tasks:
            for _ in range(count):
                tasks.start_soon(read)
    print(1e6 * (time.process_time() - spent) / written)


def main() -> None:
    if sys.argv[1] == "model":
        anyio.run(write_to_nobody, int(sys.argv[2]), backend_options={"use_uvloop": True})
        return
    kinds = {"voicebot": serve_voicebot, "voice": serve_voice, "tutorial": serve_tutorial, "chat": serve_chat}
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as listening:
        listening.setblocking(False)
        anyio.run(partial(kinds[sys.argv[1]], listening, *sys.argv[2:]), backend_options={"use_uvloop": True})


if __name__ == "__main__":
    main()
