"""What is said, who says it, and what lets somebody in is in no log, no output and no answer to anybody else."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import anyio
import pytest

from tests.server.listener import live, new_conversation
from tests.server.raw import Client, Headers, Route, changed, every_route, request
from tests.server.running import REPLY, RunningServer, running_server
from voicebot.errors import ChatError, HistoryError
from voicebot.memory.window import WindowMemory
from voicebot.messages import Message
from voicebot.server.security import cookie_name
from voicebot.testing import ScriptedChat, typed

pytestmark = pytest.mark.anyio
ROUTES = every_route()
TEXT, PERSON = "canary-text-8731", "canary-person-8731"


class BuggyChat:
    """A chat model with a bug, whose message repeats what was said."""

    name = "buggy"

    async def stream_reply(self, messages: Sequence[Message]) -> AsyncGenerator[str, None]:
        yield TEXT[:3]
        raise RuntimeError(f"cannot say {[message.content for message in messages]}")


@pytest.fixture
def written(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Iterator[list[str]]:
    """All that a log, standard output and standard error hold, once the test has ended; there is no canary in it."""
    caplog.set_level(logging.DEBUG)
    lines: list[str] = []
    yield lines
    formatter = logging.Formatter("%(message)s")
    lines += [formatter.format(record) + repr(record.args) for record in caplog.get_records("call") if ours(record)]
    assert lines
    lines += capfd.readouterr()
    for canary in (TEXT, PERSON, "the-token-of-the-test", "canary-launch"):
        assert [line for line in lines if canary in line] == []


def ours(record: logging.LogRecord) -> bool:
    """Not what the test's own client writes, which has asked for it."""
    return not record.name.startswith(("httpx", "httpcore", "hypothesis", "websockets.client"))


def said(route: Route) -> bytes:
    """A body that has the canary in every place where some route looks for one."""
    messages = [{"role": "user", "content": TEXT}]
    names = ("text", "title", "input", "voice", "model", "token", "launch", "person", "conversation", "unit", "user")
    body = {**dict.fromkeys(names, TEXT), "messages": messages, "launch": "canary-launch", "unit": "line"}
    return json.dumps(body if "interrupt" not in route.path else {}).encode()


async def ask_everything(running: RunningServer) -> None:
    """Every route, with the canary as text, person, token, cookie, query and header, rightly and wrongly."""
    conversation = (await running.server.conversations.create(PERSON, TEXT)).id
    async with Client(running.port) as client:
        for route in [*ROUTES, Route("POST", f"/{TEXT}"), Route("PUT", "/chat")]:
            route = Route(route.method, route.path.replace("some-value", conversation))
            right = [*client.right(route), ("x-voicebot-person", PERSON)]
            cookie = f"{cookie_name(running.port)}={running.server.keys.new_cookie(PERSON)}"
            page: Headers = [*changed(right, "authorization"), ("cookie", cookie)]
            wrong = changed(right, "authorization", f"Bearer {TEXT}")
            for headers in (right, page, wrong, changed(right, "origin", f"http://{TEXT}.test")):
                for body in (said(route), b'{"text": "' + TEXT.encode(), b'{"text": {"' + TEXT.encode() + b'": 1}}'):
                    with anyio.move_on_after(0.5):  # some stay open
                        await client.ask(route, headers, body=body, target=f"{route.path}?text={TEXT}")


async def test_a_reply_is_in_no_log(written: list[str]) -> None:
    async with running_server(ScriptedChat(typed(TEXT, first=0, rate=1000))) as running:
        await ask_everything(running)
    assert not written


@pytest.mark.parametrize("begun", [True, False])
async def test_a_chat_server_that_repeats_what_it_was_asked_brings_it_into_no_log(
    written: list[str], begun: bool
) -> None:
    script = typed(TEXT, first=0, rate=1000) if begun else []
    chat = ScriptedChat(script, ChatError(f"the server says: bad prompt {TEXT!r} of {PERSON}", hint="ask again"))
    async with running_server(chat) as running:
        await ask_everything(running)
    assert not written


async def refuse_changes(path: Path) -> None:
    """From now on the file says the canary where something of it is to be changed."""
    with closing(sqlite3.connect(path)) as other:
        for change in ("UPDATE", "DELETE"):
            words = f"BEGIN SELECT RAISE(FAIL, '{TEXT} of {PERSON}'); END"
            other.execute(f"CREATE TRIGGER no_{change} BEFORE {change} ON conversation {words}")


async def test_a_history_that_cannot_be_changed_brings_what_it_says_into_no_log(
    written: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "history.db"
    async with running_server(history=str(path)) as running:
        id = (await running.server.conversations.create("owner")).id
        await running.client.post("/chat", json={"text": TEXT, "conversation": id, "stream": False})
        history = running.server.engines.history
        assert history is not None
        await history.result(history.submit(lambda _: None))  # it has been kept: work is done in order
        await refuse_changes(path)
        renamed = await running.client.patch(f"/api/conversations/{id}", json={"title": TEXT})
        deleted = await running.client.request("DELETE", f"/api/conversations/{id}", json={})
        for answer in (renamed, deleted):
            assert (answer.status_code, answer.json()["error"]["code"]) == (502, "upstream_error")
            assert TEXT in answer.text  # else nothing was tried here
    assert not written


async def test_a_history_that_cannot_be_read_brings_its_name_into_no_log(written: list[str], tmp_path: Path) -> None:
    """To begin a conversation was answered as if there was a bug."""
    path = tmp_path / f"{TEXT}.db"
    path.write_text("This is a letter. " * 100)
    async with running_server(history=str(path)) as running:
        answers = [
            await running.client.get("/api/conversations"),
            await running.client.get("/api/conversations/some-value"),
            await running.client.post("/api/conversations", json={}),
        ]
        for answer in answers:
            assert (answer.status_code, answer.json()["error"]["code"]) == (502, "upstream_error")
            assert TEXT in answer.text
    assert not written


class LostMemory(WindowMemory):
    """One that says what it has lost."""

    def messages(self) -> list[Message]:
        raise HistoryError(f"cannot read {TEXT!r} of {PERSON}")


async def test_a_live_turn_that_cannot_begin_brings_what_it_says_into_no_log(written: list[str]) -> None:
    """It ended the connection, and its client was told nothing."""
    async with running_server() as running:
        path = await new_conversation(running, PERSON)
        async with (
            running.server.conversations.using(PERSON, path.rpartition("/")[2]) as opened,
            live(running, path, person=PERSON) as listener,
        ):
            memory, opened.conversation.memory = opened.conversation.memory, LostMemory(system_prompt="", turns=1)
            await listener.send("ask", text=TEXT)
            failed = await listener.until("error")
            assert failed["code"] == "upstream_error"
            assert TEXT in failed["message"]
            opened.conversation.memory = memory
            await listener.send("ask", text=TEXT)
            assert (await listener.until("turn_ended"))["heard"] == REPLY
    assert not written


async def test_a_bug_brings_it_into_no_log_and_no_answer(written: list[str]) -> None:
    """uvicorn wrote down the message of every exception, with all that it held."""
    async with running_server(BuggyChat()) as running, Client(running.port) as client:
        await ask_everything(running)
        route = Route("POST", "/chat")
        body = json.dumps({"text": TEXT, "stream": False}).encode()
        answer = await client.ask(route, client.right(route), body=body)
        assert answer.status >= 500
        assert TEXT not in answer.body.decode()
    assert not written


async def test_a_client_that_leaves_brings_it_into_no_log(written: list[str]) -> None:
    chat = ScriptedChat([(0.0, TEXT), (3600.0, TEXT)])
    async with running_server(chat) as running, Client(running.port) as client:
        for route in [route for route in ROUTES if not route.path.startswith("/page/")]:
            whole = request(route, [*client.right(route), ("x-voicebot-person", PERSON)], body=said(route))
            for part in (whole[: len(whole) // 2], whole[:-3], whole):
                connection = await client.connect()
                await connection.stream.send(part)
                await connection.stream.aclose()
    assert not written


async def test_the_log_has_a_line_a_request_by_its_route(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with running_server() as running:
        await running.client.post(f"/chat?x={TEXT}", json={"text": TEXT})
        await running.client.get(f"/api/conversations/{TEXT}")
        await running.client.get(f"/{TEXT}")
    lines = [record.getMessage() for record in caplog.records if record.name == "voicebot.server.request_log"]
    assert [line.rpartition(" ms=")[0] for line in lines] == [
        "method=POST route=/chat status=200",
        "method=GET route=/api/conversations/{id} status=404",
        "method=- route=- status=404",
    ]


KEY = "sk-canary-0123456789"


@pytest.mark.parametrize("size", [1, 3, 7, len(KEY)])
async def test_a_key_that_a_reply_or_an_error_repeats_is_in_no_answer_of_the_server(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command printed no key; what the server sent to browsers and programs was as the chat server had it."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    chat = ScriptedChat(
        typed(f"Your key is {KEY}, I think. ", first=0, rate=1000, size=size), ChatError(f"wrong key {KEY}")
    )
    async with running_server(chat) as running:
        body = {"model": "x", "messages": [{"role": "user", "content": "Hi"}]}
        answers = [
            await running.client.post("/chat", json={"text": "Hi", "stream": False}),
            await running.client.post("/v1/chat/completions", json=body),
        ]
        path = await new_conversation(running, PERSON)
        async with live(running, path, person=PERSON) as listener:
            await listener.send("ask", text="Hi")
            await listener.until("turn_ended")
    assert listener.text == "Your key is [secret], I think. "
    assert "wrong key [secret]" in answers[0].text
    for text in [listener.text, json.dumps(listener.received), *(answer.text for answer in answers)]:
        assert KEY[:4] not in text
