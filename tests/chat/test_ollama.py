"""Promises of the Ollama adapter alone."""

from __future__ import annotations

import json

import pytest

from tests.chat.wire import CONTRACTS, HELLO, OLLAMA, failure_of, reply_of
from tests.fault_server import Act, chunked, serve, whole
from voicebot.chat.ollama import open_ollama
from voicebot.config import ChatOllama
from voicebot.errors import ChatError, ChatUnavailable
from voicebot.speech import Message

pytestmark = pytest.mark.anyio

TAGS = (CONTRACTS / "ollama" / "tags.json").read_bytes()
HI: list[Act] = chunked([OLLAMA.delta("Hi"), OLLAMA.end], OLLAMA.content_type)


async def test_a_request_says_everything_that_is_configured_and_all_that_was_said() -> None:
    config = ChatOllama(
        kind="ollama", model="qwen3:4b", temperature=0, max_tokens=200, keep_alive="10m", base_url="http://x"
    )
    messages = [
        Message("system", "短く話し言葉で答えて"),
        Message("user", "やあ"),
        Message("assistant", "やあ、げん", interrupted=True),
        Message("user", "何?"),
    ]
    async with serve() as server:
        server.answer("/api/chat", HI)
        async with open_ollama(config.model_copy(update={"base_url": server.url})) as chat:
            assert chat.name == "ollama qwen3:4b"
            assert [delta async for delta in chat.stream_reply(messages)] == ["Hi"]
    assert server.requests[0].method == "POST"
    assert server.requests[0].json() == {
        "model": "qwen3:4b",
        "messages": [
            {"role": "system", "content": "短く話し言葉で答えて"},
            {"role": "user", "content": "やあ"},
            {"role": "assistant", "content": "やあ、げん"},
            {"role": "user", "content": "何?"},
        ],
        "stream": True,
        "think": False,
        "keep_alive": "10m",
        "options": {"temperature": 0, "num_predict": 200},
    }


async def test_keep_alive_in_bare_seconds_is_sent_as_a_number() -> None:
    async with serve() as server:
        server.answer("/api/chat", HI)
        config = ChatOllama(kind="ollama", base_url=server.url, model="m", keep_alive="-1")
        async with open_ollama(config) as chat:
            await reply_of(chat)
        sent = server.requests[0].json()
        assert isinstance(sent, dict)
        assert sent["keep_alive"] == -1


async def test_a_model_that_cannot_think_answers_without_being_asked_to() -> None:
    refusal = (CONTRACTS / "ollama" / "error-400-no-thinking-support.json").read_bytes()
    async with serve() as server:
        server.answer("/api/chat", whole(refusal, status="400 Bad Request"), HI)
        async with open_ollama(ChatOllama(kind="ollama", base_url=server.url, model="m", think=True)) as chat:
            assert await reply_of(chat) == (["Hi"], None)
    first, second = (request.json() for request in server.requests)
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    assert first["think"] is True
    assert "think" not in second


async def test_without_a_name_the_first_model_that_can_chat_is_used() -> None:
    tags = {
        "models": [
            {"name": "nomic-embed-text:latest", "capabilities": ["embedding"]},
            {"name": "all-minilm", "details": {"family": "bert"}},
            {"name": "qwen3:4b", "capabilities": ["completion", "thinking"]},
            {"name": "other"},
        ]
    }
    async with serve() as server, OLLAMA.open(server, model="other") as named:
        server.answer("/api/tags", whole(json.dumps(tags)))
        assert named.name == "ollama other"
        async with OLLAMA.open(server, model="") as chat:
            assert chat.name == "ollama qwen3:4b"


async def test_a_server_without_models_says_what_to_pull() -> None:
    async with serve() as server:
        server.answer("/api/tags", whole((CONTRACTS / "ollama" / "tags-empty.json").read_bytes()))
        with pytest.raises(ChatError, match="no chat model yet") as caught:
            async with OLLAMA.open(server, model=""):
                pass
    assert "ollama pull llama3.2" in caught.value.hint


async def test_opening_without_a_server_says_ollama_serve() -> None:
    async with serve() as server:
        pass
    with pytest.raises(ChatUnavailable, match="nobody answers: Ollama at") as caught:
        async with OLLAMA.open(server, model=""):
            pass
    assert "ollama serve" in caught.value.hint


async def test_an_unknown_model_is_answered_with_the_nearest_one() -> None:
    missing = (CONTRACTS / "ollama" / "error-404-model-not-found.json").read_bytes()
    async with serve() as server:
        server.answer("/api/chat", whole(missing, status="404 Not Found"))
        server.answer("/api/tags", whole(TAGS))
        async with OLLAMA.open(server, model="qwen3:4") as chat:
            hint = (await failure_of(chat)).hint
            assert 'chat.model = "qwen3:4b"' in hint
            assert "`ollama pull qwen3:4`" in hint
        async with OLLAMA.open(server, model="nope") as chat:
            assert (await failure_of(chat)).hint == "run `ollama pull nope`"


async def test_an_address_that_is_none_is_said_to_be_none() -> None:
    for address in ("http://[::1", "http://host:99999", f"http://{'a' * 64}.com"):
        with pytest.raises(ChatUnavailable, match=r"chat\.base_url is no usable address"):
            async with open_ollama(ChatOllama(kind="ollama", base_url=address, model="m")):
                pass


async def test_no_password_of_the_address_is_in_a_message() -> None:
    async with serve() as server:
        pass
    address = server.url.replace("http://", "http://me:hunter2@")
    async with open_ollama(ChatOllama(kind="ollama", base_url=address, model="m")) as chat:
        assert "hunter2" not in str(await failure_of(chat))


async def test_a_generator_that_was_never_started_asks_nothing() -> None:
    async with serve() as server, OLLAMA.open(server) as chat:
        await chat.stream_reply(HELLO).aclose()
        assert server.connections == 0
