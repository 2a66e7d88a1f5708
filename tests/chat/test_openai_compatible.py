"""Promises of the OpenAI-compatible adapter alone."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from pydantic import SecretStr

from tests.chat.dialects import CALCULATOR, CONTRACTS, HELLO, OPENAI, failure_of, reply_of, told_by
from tests.fault_server import LAST_CHUNK, Act, Pause, Reset, Stall, chunk, chunked, serve, whole
from voicebot.chat.openai_compatible import api_key, list_openai_models, open_openai_compatible
from voicebot.config.models import ChatOpenAI
from voicebot.errors import ChatError, ConfigError
from voicebot.messages import Message, ToolCall, ToolSpec, Usage

pytestmark = pytest.mark.anyio

KEY = "sk-very-secret-0123"
HI: list[Act] = chunked([OPENAI.delta("Hi"), OPENAI.end], OPENAI.content_type)


async def test_a_request_says_everything_that_is_configured_and_all_that_was_said() -> None:
    async with serve() as server:
        server.answer("/v1/chat/completions", HI)
        config = ChatOpenAI(
            kind="openai",
            base_url=f"{server.url}/v1/",
            model="tiny",
            temperature=0.5,
            max_tokens=50,
            api_key=SecretStr(f" {KEY}\n"),
        )
        async with open_openai_compatible(config) as chat:
            assert chat.name == f"tiny at {server.url}/v1"
            messages = [Message("user", "やあ"), Message("assistant", "や", interrupted=True)]
            assert (await told_by(chat, messages=messages)).deltas == ["Hi"]
    request = server.requests[0]
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["accept"] == "text/event-stream"
    assert request.json() == {
        "model": "tiny",
        "messages": [{"role": "user", "content": "やあ"}, {"role": "assistant", "content": "や"}],
        "stream": True,
        "temperature": 0.5,
        "max_tokens": 50,
        "stream_options": {"include_usage": True},
    }


async def sent_by(
    config: ChatOpenAI, *, messages: Sequence[Message] = HELLO, tools: Sequence[ToolSpec] = ()
) -> dict[str, object]:
    """What one request with `config` says."""
    async with serve() as server:
        server.answer("/v1/chat/completions", HI)
        async with open_openai_compatible(config.model_copy(update={"base_url": f"{server.url}/v1"})) as chat:
            await told_by(chat, messages=messages, tools=tools)
        sent = server.requests[0].json()
        assert isinstance(sent, dict)
        return sent


async def test_a_plain_request_says_no_more_than_it_must() -> None:
    sent = await sent_by(ChatOpenAI(kind="openai", model="m", include_usage=False))
    assert sent == {"model": "m", "messages": [{"role": "user", "content": "hello"}], "stream": True}


async def test_several_replies_can_be_asked_for() -> None:
    assert (await sent_by(ChatOpenAI(kind="openai", model="m", n=2)))["n"] == 2


async def test_every_key_goes_by_its_name_in_the_api() -> None:
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}}
    config = ChatOpenAI(kind="openai", model="m", top_p=0.9, seed=7, stop=("。", "\n"), response_format=form)
    sent = await sent_by(config)
    assert (sent["top_p"], sent["seed"], sent["stop"], sent["response_format"]) == (0.9, 7, ["。", "\n"], form)
    sent = await sent_by(ChatOpenAI(kind="openai", model="m", response_format="json_object"))
    assert sent["response_format"] == {"type": "json_object"}


async def test_tools_a_call_and_its_result_are_sent_in_openais_form() -> None:
    call, broken = ToolCall("call_1", "calculator", '{"expr": "三"}'), ToolCall("call_2", "calculator", '{"ex')
    messages = [
        Message("assistant", "", tool_calls=(call, broken)),
        Message("tool", "35", tool_call_id=call.id, tool_name=call.name),
    ]
    sent = await sent_by(ChatOpenAI(kind="openai", model="m"), messages=messages, tools=[CALCULATOR])

    def function(arguments: str) -> dict[str, object]:
        return {"type": "function", "function": {"name": "calculator", "arguments": arguments}}

    assert sent["messages"] == [
        {  # no null content, which llama-cpp-python refuses, and no broken arguments, which llama-server does
            "role": "assistant",
            "content": "",
            "tool_calls": [{"id": "call_1", **function(call.arguments)}, {"id": "call_2", **function("{}")}],
        },
        {"role": "tool", "content": "35", "tool_call_id": "call_1"},
    ]
    parameters = {"type": "object", "properties": {"expr": {"type": "string"}}}
    described = {"name": "calculator", "description": "Works out an expression.", "parameters": parameters}
    assert sent["tools"] == [{"type": "function", "function": described}]


async def test_a_server_that_does_not_know_stream_options_answers_without() -> None:
    refusal = '{"detail": [{"loc": ["body", "stream_options"], "msg": "Extra inputs are not permitted"}]}'
    async with serve() as server, OPENAI.open(server) as chat:
        server.answer("/v1/chat/completions", whole(refusal, status="422 Unprocessable Entity"), HI)
        assert await reply_of(chat) == (["Hi"], None)
    assert [b"stream_options" in request.body for request in server.requests] == [True, False]


async def test_a_server_that_counts_late_is_not_waited_for_long() -> None:
    counts = b'data: {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}}\n\n'
    finish = OPENAI.end.partition(b"data: [DONE]")[0]
    start = [OPENAI.head, *OPENAI.chunks("Hi"), chunk(finish)]
    async with serve() as server, OPENAI.open(server) as chat:
        server.answer("/v1/chat/completions", [*start, chunk(counts), Stall()])
        told = await told_by(chat)
        assert (told.deltas, told.usages) == (["Hi"], [Usage(3, 4, finish_reason="stop")])
        for nothing in ([Stall()], [Reset()], [chunk(b"data: {nonsense\n\n"), LAST_CHUNK]):
            server.answer("/v1/chat/completions", [*start, Pause(0.05), *nothing])
            told = await told_by(chat)
            assert (told.deltas, told.usages, told.error) == (["Hi"], [Usage(finish_reason="stop")], None)


async def test_a_key_may_come_from_a_file_that_nobody_else_can_read(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(f"{KEY}\n")
    file.chmod(0o600)
    config = ChatOpenAI(kind="openai", model="m", api_key_file=str(file))
    assert api_key(config) == KEY
    assert api_key(config.model_copy(update={"api_key": SecretStr("other")})) == "other"


@pytest.mark.skipif(os.name != "posix", reason="other systems have other rights")
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
async def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "key"
    file.write_text(KEY)
    file.chmod(mode)
    with pytest.raises(ConfigError, match="others can read") as caught:
        api_key(ChatOpenAI(kind="openai", model="m", api_key_file=str(file)))
    assert caught.value.hint == f"run `chmod 600 {file}`"


async def test_a_key_file_without_a_key_is_said_to_have_none(tmp_path: Path) -> None:
    empty = tmp_path / "key"
    empty.touch(mode=0o600)
    for file, words in {empty: "is empty", tmp_path / "nowhere": "No such file", tmp_path: "directory"}.items():
        with pytest.raises(ConfigError, match=words):
            api_key(ChatOpenAI(kind="openai", model="m", api_key_file=str(file)))


async def test_models_are_listed_with_their_context() -> None:
    listing = {"data": [{"id": "a", "max_model_len": 5}, {"id": "b", "meta": {"n_ctx_train": 6}}, {"id": "c"}]}
    async with serve() as server:
        server.answer("/v1/models", whole(json.dumps(listing)))
        models = await list_openai_models(ChatOpenAI(kind="openai", base_url=f"{server.url}/v1"))
    assert [(model.name, model.context_tokens) for model in models] == [("a", 5), ("b", 6), ("c", None)]


async def test_without_a_key_none_is_sent_and_openais_own_goes_to_openai_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    async with serve() as server, OPENAI.open(server) as chat:
        server.answer("/v1/chat/completions", HI)
        await reply_of(chat)
        assert "authorization" not in server.requests[0].headers
    for address, key in {
        "https://api.openai.com/v1": KEY,
        "http://api.openai.com/v1": "",
        "https://api.openai.com.example/v1": "",
        "https://example.com/api.openai.com/v1": "",
        "https://api.openai.com@example.com/v1": "",
    }.items():
        assert api_key(ChatOpenAI(kind="openai", base_url=address)) == key


async def test_the_key_is_in_no_message_and_no_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    answers = [
        whole(json.dumps({"error": {"message": f"Incorrect API key provided: {KEY}."}}), status="401 Unauthorized"),
        chunked([f'data: {{"error": "bad key {KEY}"}}\n\n'.encode()], OPENAI.content_type),
        chunked([f"data: {KEY}\n\n".encode()], OPENAI.content_type),
    ]
    async with serve() as server:
        server.answer("/v1/chat/completions", *answers)
        config = ChatOpenAI(kind="openai", base_url=f"{server.url}/v1", model="m", api_key=SecretStr(KEY))
        async with open_openai_compatible(config) as chat:
            for _ in answers:
                error = await failure_of(chat)
                assert KEY not in error.message + error.hint
                assert "[API key]" in error.message
    assert KEY not in caplog.text


@pytest.mark.parametrize("key", ["sk-\nx", "sk-日本", "sk-\x00"])
async def test_a_key_that_cannot_be_sent_is_a_config_error_without_the_key(key: str) -> None:
    config = ChatOpenAI(kind="openai", base_url="http://127.0.0.1:1/v1", model="m", api_key=SecretStr(key))
    with pytest.raises(ConfigError) as caught:
        async with open_openai_compatible(config):
            pass
    assert "sk-" not in str(caught.value)
    assert "VOICEBOT_CHAT__API_KEY" in caught.value.hint


async def test_without_a_name_the_first_model_that_can_chat_is_used() -> None:
    models = {"data": [{"id": "text-embedding-nomic"}, {"id": ""}, {"id": "gpt-4.1-mini"}, {"id": "other"}]}
    async with serve() as server:
        server.answer("/v1/models", whole(json.dumps(models)))
        async with OPENAI.open(server, model="") as chat:
            assert chat.name.startswith("gpt-4.1-mini at ")


@pytest.mark.parametrize("answer", ['{"data": []}', "{}", "[]", '{"data": 1}'])
async def test_a_server_without_models_asks_for_a_name(answer: str) -> None:
    async with serve() as server:
        server.answer("/v1/models", whole(answer))
        with pytest.raises(ChatError, match="lists no chat model") as caught:
            async with OPENAI.open(server, model=""):
                pass
    assert "chat.model" in caught.value.hint


async def test_a_list_of_models_that_does_not_come_is_not_waited_for() -> None:
    async with serve() as server:
        server.answer("/v1/models", whole("<html>", "text/html"))
        with pytest.raises(ChatError, match="HTML page"):
            async with OPENAI.open(server, model=""):
                pass


async def test_an_unknown_model_is_answered_with_one_that_is_there() -> None:
    missing = (CONTRACTS / "openai" / "error-404-model_not_found.json").read_bytes()
    async with serve() as server:
        server.answer("/v1/chat/completions", whole(missing, status="404 Not Found"))
        server.answer("/v1/models", whole((CONTRACTS / "openai" / "models.json").read_bytes()))
        async with OPENAI.open(server, model="gpt-4-mini") as chat:
            assert 'chat.model = "gpt-4.1-mini"' in (await failure_of(chat)).hint


async def test_an_address_without_v1_is_told_so() -> None:
    async with serve() as server:
        config = ChatOpenAI(kind="openai", base_url=server.url, model="m")
        async with open_openai_compatible(config) as chat:
            error = await failure_of(chat)
    assert "File Not Found" in error.message
    assert f'chat.base_url = "{server.url}/v1"' in error.hint
