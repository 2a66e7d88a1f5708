"""The examples of the documents, run as they stand against a real server."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.server.running import TOKEN, running_server
from voicebot.testing import ScriptedChat

pytestmark = pytest.mark.anyio
SLACK_LINES = Path(__file__).parents[2] / "docs" / "examples" / "slack_lines.py"
REPLY = [
    (0.0, "First "),
    (0.0, "line.\nSecond"),
    (0.1, " <!channel>\n"),
    (0.0, "\n"),
    (0.8, "Third.\n"),
    (0.1, "Last, without an end"),
]


APART_SECONDS = 0.6
"""Slack allows about a hundred appends a minute."""
WAIT_SECONDS = 1


@dataclass
class FakeSlack:
    """Takes streamed messages as Slack's API does, and refuses what comes too soon."""

    busy: bool = False
    """The second call is refused, however late it comes."""
    url: str = ""
    calls: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    refused: int = 0
    allowed_from: float = 0.0
    """When the next append may come."""
    errors: dict[str, str] = field(default_factory=dict)

    async def answer(self, request: Request) -> Response:
        """Answer one call."""
        method, now = request.path_params["method"], anyio.current_time()
        if request.headers["authorization"] != "Bearer xoxb-test":
            return JSONResponse({"ok": False, "error": "invalid_auth"})
        limited = method == "chat.appendStream" and now < self.allowed_from
        if limited or (self.busy and len(self.calls) == 1 and not self.refused):
            self.refused += 1
            self.allowed_from = now + 0.9 * WAIT_SECONDS
            return Response(status_code=429, headers={"retry-after": str(WAIT_SECONDS)})
        if error := self.errors.get(method):
            return JSONResponse({"ok": False, "error": error})
        self.allowed_from = now + APART_SECONDS
        self.calls.append((method, await request.json()))
        return JSONResponse({"ok": True, "channel": "C1", "ts": "1700000009.000001"})

    @property
    def text(self) -> str:
        """All that was written."""
        return "".join(arguments.get("markdown_text", "") for _, arguments in self.calls)


@asynccontextmanager
async def fake_slack(slack: FakeSlack) -> AsyncIterator[None]:
    app = Starlette(routes=[Route("/api/{method}", slack.answer, methods=["POST"])])
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off"))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server._serve)
        while not server.started:  # noqa: ASYNC110 - uvicorn tells nobody
            await anyio.sleep(0.01)
        slack.url = "http://{}:{}".format(*server.servers[0].sockets[0].getsockname())
        yield
        server.should_exit = True


async def run(server_url: str, slack: FakeSlack) -> tuple[int, str]:
    tokens = {"VOICEBOT_URL": server_url, "VOICEBOT_SERVER__TOKEN": TOKEN, "SLACK_BOT_TOKEN": "xoxb-test"}
    command = [sys.executable, str(SLACK_LINES), "C1", "1700000001.123456", "What is new?"]
    done = await anyio.run_process(command, env={**os.environ, **tokens, "SLACK_URL": slack.url}, check=False)
    return done.returncode, done.stderr.decode()


@pytest.mark.parametrize("busy", [False, True])
async def test_the_lines_of_a_reply_reach_a_slack_thread_in_order_within_its_rate_limit(busy: bool) -> None:
    """By itself it is never too soon, and where Slack is busy all the same it waits as long as it is told to."""
    slack = FakeSlack(busy)
    async with running_server(ScriptedChat(REPLY)) as running, fake_slack(slack):
        assert await run(running.url, slack) == (0, "")
    methods = [method for method, _ in slack.calls]
    assert (methods[0], methods[-1]) == ("chat.startStream", "chat.stopStream")
    assert set(methods[1:-1]) == {"chat.appendStream"}
    assert slack.text == "First line.\nSecond &lt;!channel&gt;\n\nThird.\nLast, without an end"
    assert slack.refused == busy


async def test_a_thread_that_slack_does_not_know_is_told() -> None:
    slack = FakeSlack(errors={"chat.startStream": "channel_not_found"})
    async with running_server() as running, fake_slack(slack):
        code, printed = await run(running.url, slack)
    assert code == 1
    assert "channel_not_found" in printed
