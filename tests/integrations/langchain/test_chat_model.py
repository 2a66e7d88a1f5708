"""Promises of voicebot's chat backends as a LangChain chat model, beyond LangChain's own suites."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from contextlib import aclosing, closing
from functools import partial
from typing import Any

import anyio
import pytest
from anyio import to_thread
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)
from pydantic import BaseModel, SecretStr

from tests.chat.dialects import OLLAMA, OPENAI, Dialect
from tests.fault_server import FaultServer, Stall, chunked, serve, until_close
from tests.integrations.langchain.model_server import ModelServer, Reply
from tests.integrations.langchain.scripted_model import weather
from voicebot.errors import ChatError
from voicebot.installation import extra_command
from voicebot.integrations.langchain import ChatVoicebot

pytestmark = pytest.mark.anyio
both = pytest.mark.parametrize("dialect", [OLLAMA, OPENAI], ids=lambda dialect: dialect.kind)


def model(server: ModelServer | FaultServer, kind: str = "openai", **settings: Any) -> ChatVoicebot:
    base_url = f"{server.url}/v1" if kind == "openai" else server.url
    return ChatVoicebot(**{"model": "tiny", "backend": kind, "base_url": base_url, **settings})


# ---------------------------------------------------------------- event loops


def test_one_model_serves_several_event_loops_one_after_another(model_server: ModelServer) -> None:
    llm = model(model_server)
    for _ in range(3):
        reply = asyncio.run(llm.ainvoke("hello"))
        assert reply.content == "tiny heard: hello"
        assert llm.invoke("hello").content == "tiny heard: hello"


async def test_sync_code_may_use_it_while_an_event_loop_runs(model_server: ModelServer) -> None:
    llm = model(model_server)
    assert llm.invoke("hello").content == "tiny heard: hello"
    assert "".join(str(chunk.content) for chunk in llm.stream("hello")) == "tiny heard: hello"


# ---------------------------------------------------------------- what is sent


def test_what_the_constructor_says_goes_to_the_server(model_server: ModelServer) -> None:
    settings: dict[str, Any] = {"temperature": 0.5, "max_tokens": 50, "stop": ["END"], "timeout": 30}
    model(model_server, **settings).invoke("hi")
    model(model_server, "ollama", **settings).invoke("hi", stop=["STOP"])
    openai, ollama = model_server.requests
    assert (openai["temperature"], openai["max_tokens"], openai["stop"]) == (0.5, 50, ["END"])
    assert ollama["options"] == {"temperature": 0.5, "num_predict": 50, "stop": ["STOP"]}


def test_every_setting_of_a_server_goes_to_it(model_server: ModelServer) -> None:
    """`top_p`, `seed`, thinking and a server's own options could only be set in config.toml."""
    settings: dict[str, Any] = {"top_p": 0.9, "seed": 7, "headers": {"X-Title": "me"}}
    model(model_server, **settings, query={"v": "1"}, options={"min_p": 0.1}, think="low").invoke("hi")
    model(model_server, "ollama", **settings, options={"num_ctx": 8192}, think=True).invoke("hi")
    openai, ollama = model_server.requests
    assert (openai["top_p"], openai["seed"], openai["min_p"], openai["reasoning_effort"]) == (0.9, 7, 0.1, "low")
    assert ollama["options"] == {"top_p": 0.9, "seed": 7, "num_ctx": 8192}
    assert ollama["think"] is True


@pytest.mark.parametrize("kind", ["openai", "ollama"])
def test_a_call_may_be_sampled_otherwise_than_the_model(model_server: ModelServer, kind: str) -> None:
    """`llm.bind(temperature=0)` was refused, which other chat models take."""
    llm = model(model_server, kind, temperature=0.5, max_tokens=50)
    llm.bind(temperature=0).invoke("hi", max_tokens=9)
    sent = model_server.requests[-1]
    sent = sent if kind == "openai" else sent["options"]
    assert (sent["temperature"], sent["max_tokens" if kind == "openai" else "num_predict"]) == (0, 9)


@pytest.mark.parametrize("kind", ["openai", "ollama"])
def test_a_conversation_with_tools_goes_to_the_server_as_it_was(model_server: ModelServer, kind: str) -> None:
    called = {"name": "weather", "args": {"city": "京都"}, "id": "c1", "type": "tool_call"}
    conversation: list[BaseMessage] = [
        SystemMessage("Be kind."),
        HumanMessage([{"type": "text", "text": "天気は"}, "？"]),
        AIMessage([{"type": "text", "text": "見ます。"}, {"type": "tool_use", "id": "c1"}], tool_calls=[called]),
        ToolMessage("sunny", tool_call_id="c1", name="weather"),
        ChatMessage(content="thanks", role="user"),
    ]
    model(model_server, kind).invoke(conversation)
    sent = model_server.requests[0]["messages"]
    assert [message["role"] for message in sent] == ["system", "user", "assistant", "tool", "user"]
    assert [message["content"] for message in sent] == ["Be kind.", "天気は？", "見ます。", "sunny", "thanks"]
    arguments = sent[2]["tool_calls"][0]["function"]["arguments"]
    assert (json.loads(arguments) if kind == "openai" else arguments) == {"city": "京都"}


def test_what_cannot_be_sent_is_an_error_and_never_left_out_silently(model_server: ModelServer) -> None:
    llm = model(model_server)
    with pytest.raises(ChatError, match="text only: a message has image"):
        llm.invoke([HumanMessage([{"type": "image", "url": "http://x/y.png"}])])
    with pytest.raises(ChatError, match="FunctionMessage cannot be sent"):
        llm.invoke([FunctionMessage(content="sunny", name="weather")])
    with pytest.raises(ChatError, match="does not take logprobs"):
        llm.invoke("hi", logprobs=True)
    assert not model_server.requests


# ---------------------------------------------------------------- tools and structured output


@pytest.mark.parametrize("kind", ["openai", "ollama"])
def test_a_tool_that_has_to_be_used_is_the_only_one_offered(model_server: ModelServer, kind: str) -> None:
    def clock() -> str:
        """Tell the time."""
        return ""

    llm = model(model_server, kind)
    reply = llm.bind_tools([clock, weather], tool_choice="weather").invoke("How is it in 'Oslo'?")
    assert [(call["name"], call["args"]) for call in reply.tool_calls] == [("weather", {"city": "Oslo"})]
    assert [tool["function"]["name"] for tool in model_server.requests[0]["tools"]] == ["weather"]
    assert llm.bind_tools([clock], tool_choice="none").invoke("hi").content == "tiny heard: hi"
    with pytest.raises(ValueError, match="tool_choice is 'wether', and the tools are clock, weather"):
        llm.bind_tools([clock, weather], tool_choice="wether")


def test_a_tool_that_had_to_be_used_and_was_not_is_an_error(model_server: ModelServer) -> None:
    model_server.script.append(Reply("No, thanks."))
    with pytest.raises(ChatError, match="had to use a tool"):
        model(model_server).bind_tools([weather], tool_choice="any").invoke("hi")


class Person(BaseModel):
    """Somebody."""

    name: str
    age: int


@pytest.mark.parametrize("kind", ["openai", "ollama"])
def test_structured_output_is_asked_for_in_the_servers_own_way(model_server: ModelServer, kind: str) -> None:
    people = model(model_server, kind).with_structured_output(Person, include_raw=True)
    found = people.invoke("'花子' is 7")
    assert isinstance(found, dict)
    assert found["parsed"] == Person(name="花子", age=7)
    assert isinstance(found["raw"], AIMessage)
    request = model_server.requests[0]
    schema = request["response_format"]["json_schema"]["schema"] if kind == "openai" else request["format"]
    assert schema["required"] == ["name", "age"]
    model_server.script.append(Reply("no JSON"))
    failed = people.invoke("'花子' is 7")
    assert isinstance(failed, dict)
    assert failed["parsed"] is None
    assert failed["parsing_error"]


# ---------------------------------------------------------------- what comes back


def test_the_reply_says_its_model_how_it_ended_and_what_it_took(model_server: ModelServer) -> None:
    reply = model(model_server).invoke("hi")
    assert reply.usage_metadata == {"input_tokens": 11, "output_tokens": 7, "total_tokens": 18}
    assert reply.response_metadata["model_name"] == "tiny"
    assert reply.response_metadata["finish_reason"] == "stop"


@both
async def test_a_reply_that_breaks_off_is_an_error_after_its_chunks(dialect: Dialect) -> None:
    chunks: list[AIMessageChunk] = []
    async with serve() as server:
        server.answer(dialect.path, until_close([dialect.delta("Half a "), dialect.delta("sen")], dialect.content_type))
        llm = model(server, dialect.kind, max_retries=0)
        with pytest.raises(ChatError, match=r"broke off|in the middle"):  # noqa: PT012 - it is a loop
            async for chunk in llm.astream("hi"):
                chunks.append(chunk)  # noqa: PERF401 - what came before counts
        assert [chunk.content for chunk in chunks] == ["Half a ", "sen"]
        with pytest.raises(ChatError):
            await to_thread.run_sync(llm.invoke, "hi")


@both
async def test_leaving_a_stream_hangs_up(dialect: Dialect) -> None:
    async with serve() as server:
        begun = [*chunked([dialect.delta("One ")], dialect.content_type)[:-1], Stall()]
        server.answer(dialect.path, begun)
        llm = model(server, dialect.kind)
        async with aclosing(llm.astream("hi")) as chunks:  # type: ignore[type-var]  # LangChain calls it an iterator
            async for _ in chunks:
                break
        with anyio.fail_after(5):
            await server.hung_up.wait()

        server.hung_up = anyio.Event()

        def leave() -> None:
            with closing(llm.stream("hi")) as chunks:  # type: ignore[type-var]  # likewise
                next(chunks)

        await to_thread.run_sync(leave)
        with anyio.fail_after(5):
            await server.hung_up.wait()


async def test_a_timeout_is_an_error() -> None:
    async with serve() as server:
        server.answer(OPENAI.path, [Stall()])
        with pytest.raises(ChatError, match="did not begin to reply"):
            await model(server, timeout=0.05, max_retries=0).ainvoke("hi")


async def test_many_at_once_do_not_disturb_each_other(model_server: ModelServer) -> None:
    llm = model(model_server)
    replies = await llm.abatch([f"number {i}" for i in range(20)])
    assert [reply.content for reply in replies] == [f"tiny heard: number {i}" for i in range(20)]
    replies = await to_thread.run_sync(partial(llm.batch, ["a", "b"]))
    assert [reply.content for reply in replies] == ["tiny heard: a", "tiny heard: b"]


# ---------------------------------------------------------------- being a good guest


def test_headers_and_query_are_never_shown() -> None:
    llm = ChatVoicebot(model="m", headers={"X-Key": SecretStr("s3cret")}, query={"key": SecretStr("s3cret")})
    assert "s3cret" not in f"{llm!r} {llm} {llm._identifying_params}"


def test_the_key_is_never_shown() -> None:
    llm = ChatVoicebot(model="tiny", api_key=SecretStr("sk-secret"))
    assert "sk-secret" not in f"{llm!r} {llm} {llm._identifying_params} {llm.model_dump()}"


def test_without_langchain_it_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['langchain_core'] = None\n"
        "try: import voicebot.integrations.langchain\n"
        "except ModuleNotFoundError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert extra_command("langchain") in done.stdout
