"""`/health` and `/chat`, as a first client calls them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from functools import partial
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest
import requests
from anyio import to_thread
from langchain_core.outputs import ChatGenerationChunk

from tests.fault_server import chunked, serve
from tests.integrations.langchain.scripted_model import ScriptedModel, agent, call
from tests.machine import PATIENCE_SECONDS
from tests.server.running import REPLY, TOKEN, bearer, running_server, until
from voicebot.chat import open_chat
from voicebot.config.models import ChatLangChain, ChatOpenAI
from voicebot.errors import ChatError
from voicebot.testing import ScriptedChat, typed

pytestmark = pytest.mark.anyio


async def test_anybody_may_ask_whether_it_is_well() -> None:
    async with running_server() as running, running.stranger() as stranger:
        answer = await stranger.get("/health")
        assert (answer.status_code, answer.json()) == (200, {"status": "🤙"})


async def test_the_lines_of_the_tutorials_client_print_the_reply_as_it_is_written() -> None:
    def tutorial(url: str) -> list[str]:
        message = {"text": "Tell me about today."}
        printed: list[str] = []
        headers = {"Content-type": "application/json", **bearer()}
        with requests.get(url, json=message, headers=headers, stream=True) as r:
            printed += [chunk.decode("utf-8", "ignore") for chunk in r.iter_content(1024)]
        return printed

    chat = ScriptedChat(typed(REPLY, first=0.0, rate=100))
    async with running_server(chat) as running:
        printed = await to_thread.run_sync(tutorial, f"{running.url}/chat")
    assert len(printed) > 5
    assert "".join(printed)[:13] == REPLY[:13]


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_the_reply_is_plain_text_and_nothing_is_added(method: str) -> None:
    async with running_server() as running:
        answer = await running.client.request(method, "/chat", json={"text": "Hello."})
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert answer.text == REPLY


async def test_a_proxy_is_told_to_send_on_at_once_what_streams_and_not_to_compress_it() -> None:
    """Behind the compression that Node's development servers use, a reader of events got none of them."""
    async with running_server() as running:
        conversation = (await running.client.post("/api/conversations", json={})).json()["id"]
        for path in ("/chat", f"/api/conversations/{conversation}/turns"):
            answer = await running.client.post(path, json={"text": "Hello."})
            assert answer.headers["x-accel-buffering"] == "no"
            assert answer.headers["cache-control"] == "no-store, no-transform"


@pytest.mark.parametrize(
    "how", [{"json": {"text": "Hello.", "stream": False}}, {"headers": {"accept": "application/json"}}]
)
async def test_not_streamed_it_is_what_the_tutorial_first_answers(how: dict[str, object]) -> None:
    async with running_server() as running:
        answer = await running.client.post("/chat", **{"json": {"text": "Hello."}, **how})  # type: ignore[arg-type] # either
        said = [{"role": "user", "content": "Hello."}, {"role": "assistant", "content": REPLY}]
        assert answer.json() == {"input": "Hello.", "chat_history": said, "output": REPLY}


async def test_questions_stand_alone_unless_they_name_a_conversation() -> None:
    """The usual tutorials keep what everybody says in one list."""
    chat = ScriptedChat(typed("Yes.", first=0.0, rate=1000))
    async with running_server(chat) as running:
        conversation = await running.server.conversations.create("owner")
        for text in ("First?", "Second?"):
            await running.client.post("/chat", json={"text": text})
        assert [len(messages) for messages in chat.asked] == [2, 2]
        for text in ("Third?", "Fourth?"):
            answer = await running.client.post(
                "/chat", json={"text": text, "conversation": conversation.id, "stream": False}
            )
        assert [message.content for message in chat.asked[-1][1:]] == ["Third?", "Yes.", "Fourth?"]
        assert len(answer.json()["chat_history"]) == 4


async def test_the_conversation_of_somebody_else_is_as_unknown_as_any_other() -> None:
    async with running_server() as running, running.as_person("alice") as alice, running.as_person("bob") as bob:
        conversation = (await running.server.conversations.create("alice")).id
        assert (await alice.post("/chat", json={"text": "Hello.", "conversation": conversation})).status_code == 200
        answers = [
            await bob.post("/chat", json={"text": "Hello.", "conversation": id})
            for id in (conversation, "0" * 36, "../alice", "alice/" + conversation, "")[:4]
        ]
        assert {(answer.status_code, answer.text) for answer in answers} == {(404, answers[0].text)}


async def test_the_text_never_comes_from_the_address() -> None:
    chat = ScriptedChat([])
    async with running_server(chat) as running:
        answer = await running.client.get("/chat?text=Hello.")
        assert answer.status_code == 400
        assert "POST" in answer.json()["error"]["hint"]
        answer = await running.client.request(
            "GET", "/chat?text=x", content='{"text": "Hello."}', headers={"content-type": "text/plain"}
        )
        assert answer.status_code == 415
        assert chat.asked == []


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"{}", b'{"text": ""}', b'{"text": 1}', b"\xff", b'{"text": "x", "stream": []}']
)
async def test_what_is_not_a_question_is_refused_with_the_reason(body: bytes) -> None:
    async with running_server() as running:
        answer = await running.client.post("/chat", content=body, headers={"content-type": "application/json"})
        assert answer.status_code == 422
        assert set(answer.json()["error"]) >= {"message", "type", "param", "code"}


async def test_a_text_that_is_too_long_is_refused() -> None:
    async with running_server(max_characters=5) as running:
        assert (await running.client.post("/chat", json={"text": "おはようご"})).status_code == 200
        assert (await running.client.post("/chat", json={"text": "おはようござ"})).status_code == 413


async def test_a_chat_server_that_is_down_is_a_status() -> None:
    chat = ScriptedChat([], ChatError("cannot reach the chat server", hint="start it"))
    async with running_server(chat) as running:
        for stream in (True, False):
            answer = await running.client.post("/chat", json={"text": "Hello.", "stream": stream})
            assert answer.status_code == 502
            assert answer.json()["error"]["message"] == "cannot reach the chat server"


async def test_a_reply_that_breaks_off_does_not_look_whole() -> None:
    """Its end would claim that this was all."""
    chat = ScriptedChat(typed("Good morn", first=0.0, rate=1000), ChatError("the chat server has gone"))
    async with running_server(chat) as running:
        with pytest.raises(httpx.RemoteProtocolError):
            await running.client.post("/chat", json={"text": "Hello."})


@pytest.mark.parametrize("stream", [True, False])
async def test_a_client_that_goes_away_ends_its_request_to_the_chat_server(stream: bool) -> None:
    chat = ScriptedChat([(0.0, "Good "), (0.0, "morning."), (3600.0, "never")])
    async with running_server(chat) as running:
        body = {"text": "Hello.", "stream": stream}
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: running.client.post("/chat", json=body))
            await until(lambda: bool(chat.asked))
            tasks.cancel_scope.cancel()
        await until(lambda: chat.closed and not running.server.admission.running)


@pytest.mark.parametrize("path", ["/chat", "/v1/audio/speech", "/v1/chat/completions"])
async def test_a_client_that_goes_away_in_the_middle_of_its_question_is_not_logged_as_a_bug(
    path: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The log called it one."""
    async with running_server() as running:
        async with await anyio.connect_tcp("127.0.0.1", running.port) as stream:
            lines = (f"POST {path} HTTP/1.1", f"host: 127.0.0.1:{running.port}", f"authorization: Bearer {TOKEN}")
            head = "\r\n".join([*lines, "content-type: application/json", "content-length: 100", "", "{"])
            await stream.send(head.encode())
            await anyio.wait_all_tasks_blocked()
        assert (await running.client.post(path, content=b"")).status_code >= 400  # behind it
        assert "a bug" not in caplog.text


async def test_beyond_the_line_one_is_told_to_come_back() -> None:
    chat = ScriptedChat([(0.0, "Good morning."), (3600.0, "never")])
    async with running_server(chat, max_turns=1, max_waiting=1) as running, anyio.create_task_group() as tasks:
        ask = partial(running.client.post, "/chat", json={"text": "Hello."})
        tasks.start_soon(ask)
        tasks.start_soon(ask)
        await until(lambda: running.server.admission.waiting == 1)
        answer = await ask()
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "overloaded")
        assert int(answer.headers["retry-after"]) > 0
        assert "server.max_turns" in answer.json()["error"]["hint"]
        tasks.cancel_scope.cancel()


async def test_one_person_who_asks_too_much_at_once_is_told_how_to_be_several() -> None:
    """A program that answers many people met the limit of one of them, and nothing named it."""
    chat = ScriptedChat([(0.0, "Good morning."), (3600.0, "never")])
    async with running_server(chat, max_turns_of_a_person=1) as running, anyio.create_task_group() as tasks:
        ask = partial(
            running.client.post, "/v1/chat/completions", json={"messages": [{"role": "user", "content": "?"}]}
        )
        tasks.start_soon(ask)
        await until(lambda: running.server.admission.running == 1)
        answer = await ask()
        assert (answer.status_code, answer.json()["error"]["code"]) == (429, "rate_limit_exceeded")
        assert "server.max_turns_of_a_person" in answer.json()["error"]["hint"]
        assert "X-Voicebot-Person" in answer.json()["error"]["hint"]
        tasks.cancel_scope.cancel()


async def test_while_it_ends_running_replies_go_on_and_no_new_ones_begin() -> None:
    chat = ScriptedChat([(0.0, "Good "), (0.5, "morning.")])
    async with (
        running_server(chat) as running,
        running.stranger() as stranger,
        running.client.stream("POST", "/chat", json={"text": "Hello."}) as answer,
    ):
        text = answer.aiter_text()
        assert await anext(text) == "Good "
        running.stop.set()
        while not running.server.admission.draining:
            await anyio.lowlevel.checkpoint()
        health = await stranger.get("/health")
        assert (health.status_code, health.json()) == (503, {"status": "draining"})
        assert (await running.client.post("/chat", json={"text": "More?"})).json()["error"]["code"] == "draining"
        assert await anext(text) == "morning."


async def test_without_the_token_nothing_is_said() -> None:
    chat = ScriptedChat([])
    async with running_server(chat) as running, running.stranger() as stranger:
        for headers in ({}, bearer("x"), bearer(TOKEN + "x"), {"authorization": f"Basic {TOKEN}"}):
            assert (await stranger.post("/chat", json={"text": "Hello."}, headers=headers)).status_code == 401
        assert chat.asked == []


READ = threading.Event()
"""Somebody has read the first words of an answer."""


class WaitingModel(ScriptedModel):
    """Writes the last word of its answer when the first ones have been read."""

    def _stream(self, *given: Any, **more: Any) -> Iterator[ChatGenerationChunk]:  # Any: as LangChain has it
        for chunk in super()._stream(*given, **more):
            if chunk.text == "sunny." and not READ.wait(PATIENCE_SECONDS):
                return
            yield chunk


def weather_agent() -> Any:  # Any: as whoever writes a factory may have it
    """An agent that looks before it answers."""
    return agent(WaitingModel(scripts=[call("weather", '{"city": "Oslo"}'), ["It is ", "sunny."]]))


def thinking_agent() -> Any:
    """An agent that writes down what it thinks."""
    return agent(WaitingModel(scripts=[["Thought: I know this.\n", "Final Answer: ", "It is ", "sunny."]]))


@pytest.mark.parametrize("factory", ["weather_agent", "thinking_agent"])
async def test_of_a_langchain_agent_only_the_final_answer_is_streamed(factory: str) -> None:
    READ.clear()
    config = ChatLangChain(kind="langchain", runnable=f"{__name__}:{factory}")
    async with (
        open_chat(config, notify=print) as chat,
        running_server(chat) as running,
        running.client.stream("POST", "/chat", json={"text": "How is the weather in Oslo?"}) as answer,
    ):
        text = answer.aiter_text()
        assert (await anext(text)).strip() == "It is"
        READ.set()
        assert "".join([part async for part in text]).strip() == "sunny."


async def test_a_reply_that_is_json_is_read_as_it_is() -> None:
    """It was put into a fenced block, which no voice reads aloud."""
    reply = '{"distance": 42, "unit": "km"}'
    delta = {"choices": [{"delta": {"content": reply}, "finish_reason": "stop"}]}
    body = [f"data: {json.dumps(delta)}\n\n".encode(), b"data: [DONE]\n\n"]
    async with serve() as fault_server:
        fault_server.answer("/v1/chat/completions", chunked(body, "text/event-stream"))
        config = ChatOpenAI(kind="openai", base_url=f"{fault_server.url}/v1", model="m")
        async with open_chat(config, notify=print) as chat, running_server(chat) as running:
            assert (await running.client.post("/chat", json={"text": "How far?"})).text == reply
