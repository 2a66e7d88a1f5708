"""Promises of the OpenAI-compatible adapter alone."""

from __future__ import annotations

import json
import logging

import pytest
from pydantic import SecretStr

from tests.chat.wire import CONTRACTS, OPENAI, failure_of, reply_of
from tests.fault_server import Act, chunked, serve, whole
from voicebot.chat.openai_compatible import _api_key, open_openai_compatible
from voicebot.config import ChatOpenAI
from voicebot.errors import ChatError, ConfigError
from voicebot.speech import Message

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
            assert [delta async for delta in chat.stream_reply(messages)] == ["Hi"]
    request = server.requests[0]
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["accept"] == "text/event-stream"
    assert request.json() == {
        "model": "tiny",
        "messages": [{"role": "user", "content": "やあ"}, {"role": "assistant", "content": "や"}],
        "stream": True,
        "temperature": 0.5,
        "max_tokens": 50,
    }


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
        assert _api_key(ChatOpenAI(kind="openai", base_url=address)) == key


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
