"""Promises of the Ollama adapter alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest
from pydantic import JsonValue, SecretStr

from tests.chat.dialects import CALCULATOR, CONTRACTS, HELLO, OLLAMA, failure_of, reply_of, told_by
from tests.fault_server import Act, Stall, chunked, serve, whole
from voicebot.chat.ollama import list_ollama_models, open_ollama
from voicebot.chat.wire.models import ListedModel
from voicebot.config.models import ChatOllama
from voicebot.errors import ChatError, ChatUnavailable
from voicebot.messages import Message, ToolCall

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
            assert (await told_by(chat, messages=messages)).deltas == ["Hi"]
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


async def sent_by(config: ChatOllama, *, messages: Sequence[Message] = HELLO) -> dict[str, object]:
    """What one request with `config` says, to whichever path."""
    async with serve() as server:
        for path in ("/api/chat", "/api/generate"):
            server.answer(path, HI)
        async with open_ollama(config.model_copy(update={"base_url": server.url})) as chat:
            await told_by(chat, messages=messages)
        sent = server.requests[0].json()
        assert isinstance(sent, dict)
        return sent


async def test_the_request_of_the_contract_is_sent_as_it_stands() -> None:
    config = ChatOllama(
        kind="ollama",
        model="qwen3:4b",
        temperature=0,
        max_tokens=200,
        num_ctx=4096,
        seed=1,
        stop=("<|im_end|>",),
        keep_alive="10m",
    )
    messages = [Message("system", "短く話し言葉で答えて"), Message("user", "やあ")]
    wanted = json.loads((CONTRACTS / "ollama" / "request-chat.json").read_bytes())
    assert await sent_by(config, messages=messages) == wanted


async def test_a_call_and_its_result_are_sent_in_ollamas_form() -> None:
    call = ToolCall("call_k2j9x0ab", "calculator", '{"expr": "(3+4)*5"}')
    messages = [
        Message("user", "(3+4)*5は？"),
        Message("assistant", "", tool_calls=(call,)),
        Message("tool", "35", tool_call_id=call.id, tool_name=call.name),
    ]
    sent = await sent_by(ChatOllama(kind="ollama", model="qwen3:4b"), messages=messages)
    wanted = json.loads((CONTRACTS / "ollama" / "request-chat-tool-result.json").read_bytes())
    assert {key: sent[key] for key in wanted} == wanted


@pytest.mark.parametrize("broken", ["", '{"expr": "1+', "[1]", "null", '{"x": 1e999}', "[" * 100_000])
async def test_arguments_that_are_not_an_object_are_sent_back_as_an_empty_one(broken: str) -> None:
    messages = [Message("assistant", "", tool_calls=(ToolCall("1", "calculator", broken),))]
    sent = await sent_by(ChatOllama(kind="ollama", model="m"), messages=messages)
    assert sent["messages"] == [
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [{"id": "1", "function": {"index": 0, "name": "calculator", "arguments": {}}}],
        }
    ]


async def test_any_option_of_the_server_can_be_set_and_a_named_key_wins() -> None:
    options: dict[str, JsonValue] = {"repeat_penalty": 1.2, "seed": 5, "stop": ["x"]}
    config = ChatOllama(kind="ollama", model="m", top_p=0.9, seed=7, options=options, think="low", format="json")
    sent = await sent_by(config)
    assert sent["options"] == {"repeat_penalty": 1.2, "seed": 7, "stop": ["x"], "top_p": 0.9}
    assert (sent["think"], sent["format"]) == ("low", "json")
    schema = {"type": "object", "properties": {"answer": {"type": "string"}}}
    assert (await sent_by(ChatOllama(kind="ollama", model="m", format=schema)))["format"] == schema


async def test_tools_are_listed_as_functions() -> None:
    async with serve() as server, OLLAMA.open(server) as chat:
        server.answer("/api/chat", HI)
        await told_by(chat, tools=[CALCULATOR])
        sent = server.requests[0].json()
    assert isinstance(sent, dict)
    parameters = {"type": "object", "properties": {"expr": {"type": "string"}}}
    function = {"name": "calculator", "description": "Works out an expression.", "parameters": parameters}
    assert sent["tools"] == [{"type": "function", "function": function}]


async def test_generate_gets_the_question_alone_or_the_conversation_as_one_prompt() -> None:
    config = ChatOllama(kind="ollama", model="m", api="generate")
    system = Message("system", "短く")
    alone = await sent_by(config, messages=[system, Message("user", "やあ")])
    assert (alone["system"], alone["prompt"]) == ("短く", "やあ")
    assert "messages" not in alone
    said = [system, Message("user", "やあ"), Message("assistant", "はい。"), Message("user", "何？")]
    assert (await sent_by(config, messages=said))["prompt"] == "User: やあ\nAssistant: はい。\nUser: 何？\nAssistant:"


async def test_generate_says_that_it_takes_no_tools() -> None:
    async with serve() as server:
        config = ChatOllama(kind="ollama", base_url=server.url, model="m", api="generate")
        async with open_ollama(config) as chat:
            error = (await told_by(chat, tools=[CALCULATOR])).error
        assert error is not None
        assert error.hint == 'set chat.api = "chat"'
        assert not server.requests


async def test_a_model_without_tools_is_said_to_have_none() -> None:
    refusal = (CONTRACTS / "ollama" / "error-400-no-tools-support.json").read_bytes()
    async with serve() as server, OLLAMA.open(server) as chat:
        server.answer("/api/chat", whole(refusal, status="400 Bad Request"))
        error = (await told_by(chat, tools=[CALCULATOR])).error
    assert error is not None
    assert "does not support tools" in error.message
    assert "a model that can call tools" in error.hint


async def test_models_are_listed_with_what_the_server_tells_of_them() -> None:
    async with serve() as server:
        config = ChatOllama(kind="ollama", base_url=server.url)
        for path, name in {"tags": "tags", "ps": "ps", "show": "show"}.items():
            server.answer(f"/api/{path}", whole((CONTRACTS / "ollama" / f"{name}.json").read_bytes()))
        whole_story = ListedModel("qwen3:4b", 40960, 2497293931, ("tools", "thinking"), loaded=True)
        assert await list_ollama_models(config) == [whole_story]
        old = {"models": [{"name": "qwen3:4b"}, {"name": "other"}]}
        server.answer("/api/tags", whole(json.dumps(old)))
        named, other = await list_ollama_models(config)
        assert named == replace(whole_story, size_bytes=None)
        assert (other.loaded, other.abilities) == (False, ("tools", "thinking"))
        server.answer("/api/ps", whole("{}", status="404 Not Found"))
        assert [model.loaded for model in await list_ollama_models(config)] == [None, None]


async def test_a_list_of_very_many_models_is_there_in_little_time() -> None:
    """An older server was asked for each of 50,000 models, which took minutes."""
    tags = {"models": [{"name": f"model-{number}"} for number in range(50_000)]}
    async with serve() as server:
        server.answer("/api/tags", whole(json.dumps(tags)))
        server.answer("/api/ps", whole("{}"))
        server.answer("/api/show", [Stall()])
        models = await list_ollama_models(ChatOllama(kind="ollama", base_url=server.url), seconds=0.1)
    assert [model.name for model in models] == [f"model-{number}" for number in range(50_000)]
    assert {model.abilities for model in models} == {()}


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


async def test_ollama_host_says_where_the_server_is_unless_an_address_is_configured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With `--chat ollama` the default address was asked, whatever OLLAMA_HOST said."""
    async with serve() as server, serve() as other:
        for one in (server, other):
            one.answer("/api/tags", whole(TAGS))
        monkeypatch.setenv("OLLAMA_HOST", server.url.removeprefix("http://"))
        await list_ollama_models(ChatOllama(kind="ollama"))
        async with open_ollama(ChatOllama(kind="ollama")) as chat:
            assert chat.name == "ollama qwen3:4b"
        assert (server.connections > 0, other.connections) == (True, 0)
        server.connections = 0
        await list_ollama_models(ChatOllama(kind="ollama", base_url=other.url))
        assert (server.connections, other.connections > 0) == (0, True)


async def test_headers_and_query_go_with_every_request() -> None:
    async with serve() as server:
        server.answer("/api/tags?via=proxy", whole(TAGS))
        server.answer("/api/chat?via=proxy", HI)
        config = ChatOllama(
            kind="ollama",
            base_url=server.url,
            headers={"Authorization": SecretStr("Bearer cloud")},
            query={"via": SecretStr("proxy")},
        )
        async with open_ollama(config) as chat:
            assert await reply_of(chat) == (["Hi"], None)
        server.answer("/api/chat?via=proxy", whole('{"error": "unauthorized"}', status="401 Unauthorized"))
        async with open_ollama(config) as chat:
            assert "chat.headers" in (await failure_of(chat)).hint
    assert {request.headers["authorization"] for request in server.requests} == {"Bearer cloud"}


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


async def test_what_is_not_an_address_is_called_that() -> None:
    for address in ("http://[::1", "http://host:99999", f"http://{'a' * 64}.com"):
        with pytest.raises(ChatUnavailable, match=r"chat\.base_url is not a usable address"):
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
