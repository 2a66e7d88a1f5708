"""A server on a free port of 127.0.0.1, in the event loop of the test, and what it is made of."""

from __future__ import annotations

import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import anyio
import httpx

from tests.machine import PATIENCE_SECONDS
from voicebot.app import Engines
from voicebot.config.models import Config, MemoryConfig, ServerConfig, TtsConfig, TtsTone
from voicebot.memory.history import open_history
from voicebot.protocols import ChatModel, Synthesizer
from voicebot.server.application import open_server
from voicebot.server.certificates import TlsFiles
from voicebot.server.connections import ConnectionLimits
from voicebot.server.context import Server
from voicebot.server.keys import Keys
from voicebot.server.process import bound_socket, run_server
from voicebot.testing import ScriptedChat, typed

TOKEN = "the-token-of-the-test"
NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients that speak plain HTTP: each would read those of the whole system, which takes longer than most tests."""
REPLY = "Good morning. It is a fine day, and the sun is shining.\nおはようございます。"


@dataclass(slots=True)
class RunningServer:
    """A server that takes requests."""

    server: Server
    listening: socket.socket
    client: httpx.AsyncClient
    """One that has the token."""
    stop: anyio.Event = field(default_factory=anyio.Event)
    """Set to let it end."""

    @property
    def port(self) -> int:
        """Where it listens."""
        port: int = self.listening.getsockname()[1]
        return port

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def as_person(self, person: str) -> httpx.AsyncClient:
        """A client that asks for somebody; the caller closes it."""
        return httpx.AsyncClient(
            base_url=self.url,
            headers={**bearer(), "x-voicebot-person": person},
            timeout=PATIENCE_SECONDS,
            verify=NO_AUTHORITIES,
        )

    def stranger(self) -> httpx.AsyncClient:
        """A client without the token; the caller closes it."""
        return httpx.AsyncClient(base_url=self.url, timeout=PATIENCE_SECONDS, verify=NO_AUTHORITIES)


async def until(holds: Callable[[], bool]) -> None:
    """Wait for what nobody tells."""
    with anyio.fail_after(PATIENCE_SECONDS):
        while not holds():  # noqa: ASYNC110 - it is the server that changes it, and it knows nothing of tests
            await anyio.sleep(0.005)


def bearer(token: str = TOKEN) -> dict[str, str]:
    """The header of a program that has the token."""
    return {"authorization": f"Bearer {token}"}


@asynccontextmanager
async def running_server(
    chat: ChatModel | None = None,
    voice: Synthesizer | None = None,
    *,
    history: str = "",
    limits: ConnectionLimits | None = None,
    send_seconds: float = 30.0,
    tls: TlsFiles | None = None,
    tts: TtsConfig | None = None,
    **settings: object,
) -> AsyncIterator[RunningServer]:
    """Serve until the block ends; `settings` are keys of [server], `history` is the path of the file that is kept.

    The voices that there are to choose are those of `tts`, though `voice` speaks.
    """
    config = Config(
        server=ServerConfig.model_validate({"port": 0, **settings}),
        memory=MemoryConfig(store=bool(history), path=history),
        tts=tts or TtsTone(kind="tone"),
    )
    engines = Engines(chat or ScriptedChat(typed(REPLY, first=0.0, rate=1000)), voice, None, None, None)
    keys = Keys(TOKEN)
    with bound_socket(config.server) as listening:
        async with (
            open_history(history, notify=print) as kept,
            open_server(
                config,
                keys,
                engines=replace(engines, history=kept if history else None),
                send_seconds=send_seconds,
            ) as server,
            httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{listening.getsockname()[1]}",
                headers=bearer(),
                timeout=PATIENCE_SECONDS,
                verify=NO_AUTHORITIES,
            ) as client,
            anyio.create_task_group() as tasks,  # what ends first: it uses all the others
        ):
            running, ready = RunningServer(server, listening, client), anyio.Event()

            async def serve() -> None:
                await run_server(server, listening, stop=running.stop, ready=ready.set, tls=tls, limits=limits)

            tasks.start_soon(serve)
            await ready.wait()
            yield running
            tasks.cancel_scope.cancel()
