"""The server as an ASGI application: the routes, the door in front of them, and what they all work with."""

from __future__ import annotations

import logging
import multiprocessing
import os
import secrets
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
from anyio import to_thread
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from voicebot.app import Engines, chunker_maker, open_engines
from voicebot.config.loading import load_config
from voicebot.config.models import AudioSilent, Config, ServerConfig
from voicebot.errors import ConfigError, VoicebotError, without_groups
from voicebot.server.admission import Admission
from voicebot.server.api import router as api_router
from voicebot.server.body_limit import BodyLimit, most_bytes
from voicebot.server.context import Server, failure, server_of
from voicebot.server.conversations import Conversations
from voicebot.server.event_stream import router as event_stream_router
from voicebot.server.figures import router as figures_router
from voicebot.server.keys import Keys
from voicebot.server.live import router as live_router
from voicebot.server.login import LOGIN_PATH
from voicebot.server.login import router as login_router
from voicebot.server.metrics import ServerMetrics
from voicebot.server.openai import router as openai_router
from voicebot.server.pages import OPEN_PATHS
from voicebot.server.pages import router as pages_router
from voicebot.server.refusals import BODY_HINT, Refusal, answer_to_a_bug, refuse, without_words, wrong_field
from voicebot.server.request_log import RequestLog
from voicebot.server.security import Security
from voicebot.server.streaming import SEND_SECONDS, SendsFromOutside
from voicebot.server.tutorial import router as tutorial_router
from voicebot.server.voices import Voices
from voicebot.server.wrong_tokens import WrongTokens
from voicebot.translation import tr
from voicebot.tts.shared import open_shared

log = logging.getLogger(__name__)
_OPEN_PATHS = ("/health", LOGIN_PATH, *OPEN_PATHS)
_ROUTERS = (
    tutorial_router,
    figures_router,
    login_router,
    api_router,
    event_stream_router,
    live_router,
    openai_router,
    pages_router,
)


def configured_app() -> FastAPI:
    """The application as config.toml and the environment say. Raises VoicebotError."""
    config = load_config().config
    if not config.server.token.get_secret_value():
        raise ConfigError(
            tr("server.token is not set"),
            hint=tr("set VOICEBOT_SERVER__TOKEN, or start it with voicebot serve, which makes one"),
        )
    if multiprocessing.parent_process() is not None and "--reload" not in sys.argv:
        # A worker of uvicorn cannot tell how many there are; it has a parent only where they are several, or to reload.
        log.warning(
            "one of several workers: a conversation is open in one of them, and requests that come to another miss it; "
            "start voicebot serve several times instead, as docs/scaling.md shows"
        )
    return make_app(config, Keys(config.server.token.get_secret_value()))


def make_app(config: Config, keys: Keys, *, server: Server | None = None) -> FastAPI:
    """The application of `server`; left out, it is opened when the application is started."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_server(config, keys) as opened:
            app.state.server = opened
            yield

    app = _Application(
        title="voicebot", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False
    )
    app.state.server = server
    for router in _ROUTERS:
        app.include_router(router)
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _not_served)
    app.add_exception_handler(VoicebotError, _failed)
    app.add_exception_handler(ClientDisconnect, _left)
    app.add_exception_handler(Exception, _broken)
    app.add_middleware(BodyLimit, most_bytes=most_bytes(config.server))
    app.add_middleware(Security, keys=keys, hosts=config.server.hosts, open_paths=_OPEN_PATHS)
    return app


class _Application(FastAPI):
    """An application around which an answer is sent and its request written down.

    A middleware would be called within several of the framework's own, each of which stays as long as somebody reads.
    """

    def __init__(self, **settings: Any) -> None:  # Any: those of FastAPI
        super().__init__(**settings)
        self._outside = RequestLog(SendsFromOutside(super().__call__))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        await self._outside(scope, receive, send)


def new_token() -> str:
    """A token that nobody can guess."""
    return secrets.token_urlsafe(32)


@asynccontextmanager
async def open_server(
    config: Config, keys: Keys, *, engines: Engines | None = None, send_seconds: float = SEND_SECONDS
) -> AsyncIterator[Server]:
    """Open what all requests share; `engines` stand in for the configured ones.

    A reader that takes nothing for `send_seconds` is dropped. Raises VoicebotError.
    """
    async with AsyncExitStack() as stack:
        stack.enter_context(without_groups())
        await to_thread.run_sync(_load, config, abandon_on_cancel=True)
        if engines is None:
            engines = await stack.enter_async_context(open_engines(_as_a_server(config), notify=log.info))
        if engines.synthesizer is not None:
            shared = await stack.enter_async_context(open_shared(engines.synthesizer))
            engines = replace(engines, synthesizer=shared)
        tasks = await stack.enter_async_context(anyio.create_task_group())
        metrics, admission = ServerMetrics(), _admission(config.server)
        conversations = Conversations(
            engines,
            config,
            tasks,
            most_open=config.server.max_conversations,
            most_of_a_person=config.server.max_conversations_of_a_person,
            listener=metrics.hear,
        )
        tasks.start_soon(conversations.close_idle)
        tasks.start_soon(conversations.remind_readers)
        metrics.watch("turns_running", "Turns that have begun and not ended.", lambda: admission.running)
        metrics.watch("turns_waiting", "Turns that wait for a place.", lambda: admission.waiting)
        metrics.watch("conversations_open", "Conversations that somebody uses, or used lately.", conversations.__len__)
        voices = Voices(config.tts, speaks=engines.synthesizer is not None)
        yield Server(config, engines, keys, conversations, admission, metrics, voices, WrongTokens(), send_seconds)
        tasks.cancel_scope.cancel()


def _load(config: Config) -> None:
    """Import what cuts and renders replies: the first of them, and all who speak then, would wait for it."""
    import voicebot.text.markup  # noqa: F401 - loaded before the first turn

    chunker_maker(config)


def _admission(server: ServerConfig) -> Admission:
    return Admission(
        most_turns=server.max_turns,
        most_waiting=server.max_waiting,
        most_of_a_person=server.max_turns_of_a_person,
    )


def _as_a_server(config: Config) -> Config:
    """Keep the server's conversations apart from the terminal's, and open no audio device."""
    import platformdirs

    path = config.server.history or os.fspath(
        Path(platformdirs.user_data_dir("voicebot", appauthor=False)) / "server.db"
    )
    memory = config.memory.model_copy(update={"path": path})
    return config.model_copy(update={"memory": memory, "audio": AudioSilent(kind="silent")})


# ---------------------------------------------------------------- what goes wrong


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return refuse(error)


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    if first["type"] == "json_invalid":  # its place is a number of characters
        reason = first["ctx"]["error"]
        return refuse(wrong_field(422, [], f"not JSON at character {first['loc'][-1]}: {reason}"))
    return refuse(wrong_field(422, [step for step in first["loc"] if step != "body"], first["msg"]))


async def _not_served(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    hints = {400: BODY_HINT, 404: _where_it_may_be(request.url.path)}  # 400: what FastAPI cannot decode
    hint = hints.get(error.status_code, "")
    return refuse(Refusal(error.status_code, str(error.detail), hint=hint, headers=error.headers))


def _where_it_may_be(path: str) -> str:
    """What is mostly wrong with a path that is not served."""
    if path.startswith(("/chat/", "/models", "/audio/", "/v1/v1/")):
        return "a base URL of the OpenAI API ends with /v1, once"
    if path.startswith("/api/conversations/") and path.endswith("/live"):
        return "this is a WebSocket: a proxy has to pass on Upgrade and Connection"
    if path.startswith("/v1/"):
        return "of the OpenAI API there are chat/completions, audio/speech, models, audio/voices and audio/models"
    if path.endswith("/"):  # no redirect: behind a proxy with TLS it would lead to plain http, with the token
        return "paths have no slash at their end"
    return "docs/server.md lists the paths; a proxy that adds one of its own has to take it off"


async def _failed(request: Request, error: Exception) -> Response:
    assert isinstance(error, VoicebotError)
    log.error("a reply failed: %s", without_words(error))
    return refuse(failure(await server_of(request), error))


async def _broken(_: Request, __: Exception) -> Response:
    """A bug, which the log of requests writes down."""
    return answer_to_a_bug()


async def _left(_: Request, __: Exception) -> Response:
    """The client left in the middle of its request; nobody reads this answer."""
    return refuse(Refusal(400, "the request broke off"))
