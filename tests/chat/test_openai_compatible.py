"""Promises of the OpenAI-compatible adapter alone."""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from pydantic import JsonValue, SecretStr

from tests.chat.dialects import CALCULATOR, CONTRACTS, HELLO, OPENAI, failure_of, reply_of, told_by
from tests.fault_server import (
    LAST_CHUNK,
    NOT_FOUND,
    Act,
    FaultServer,
    Pause,
    Reset,
    Stall,
    chunk,
    chunked,
    head,
    serve,
    whole,
)
from voicebot.chat.openai_compatible import api_key, list_openai_models, open_openai_compatible
from voicebot.config.loading import load_config
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


MODELS = whole((CONTRACTS / "openai" / "models.json").read_bytes())


def page(status: str) -> list[Act]:
    return whole("<html><body>Welcome</body></html>", "text/html", status)


async def test_an_address_without_v1_is_tried_with_it() -> None:
    """It was "404 Not Found", with the advice to add what is missing."""
    async with serve() as server:
        server.answer("/v1/chat/completions", HI)
        server.answer("/v1/models", MODELS)
        for model in ("m", ""):
            async with open_openai_compatible(ChatOpenAI(kind="openai", base_url=server.url, model=model)) as chat:
                for _ in range(2):
                    assert await reply_of(chat) == (["Hi"], None)
    assert {request.path for request in server.requests} == {"/v1/models", "/v1/chat/completions"}


@pytest.mark.parametrize(
    "elsewhere", [NOT_FOUND, page("404 Not Found"), page("405 Method Not Allowed"), page("200 OK")]
)
async def test_an_address_with_a_path_is_tried_with_v1_behind_it_once(elsewhere: list[Act]) -> None:
    async with serve() as server:
        for path in ("/proxy/chat/completions", "/proxy/models"):
            server.answer(path, elsewhere)
        server.answer("/proxy/v1/chat/completions", HI)
        server.answer("/proxy/v1/models", MODELS)
        for model in ("m", ""):
            server.requests.clear()
            config = ChatOpenAI(kind="openai", base_url=f"{server.url}/proxy", model=model)
            async with open_openai_compatible(config) as chat:
                for _ in range(2):
                    assert await reply_of(chat) == (["Hi"], None)
            first, *others = [request.path.startswith("/proxy/v1/") for request in server.requests]
            assert (first, all(others)) == (False, True)


async def test_an_address_with_nothing_behind_it_is_told_with_what_was_tried() -> None:
    async with serve() as server:
        for base_url in (server.url, f"{server.url}/api", f"{server.url}/v1"):
            async with open_openai_compatible(ChatOpenAI(kind="openai", base_url=base_url, model="m")) as chat:
                error = await failure_of(chat)
            assert "File Not Found" in error.message
            tried = [base_url] if base_url.endswith("/v1") else [base_url, f"{base_url}/v1"]
            places = " nor at ".join(f"{root}/chat/completions" for root in tried)
            assert error.hint == f"there is no chat at {places}: is chat.base_url right?"


async def test_a_model_that_is_missing_is_not_looked_for_at_another_path() -> None:
    missing = (CONTRACTS / "openai" / "error-404-model_not_found.json").read_bytes()
    async with serve() as server:
        server.answer("/proxy/chat/completions", whole(missing, status="404 Not Found"))
        async with open_openai_compatible(
            ChatOpenAI(kind="openai", base_url=f"{server.url}/proxy", model="nope")
        ) as chat:
            assert "`nope` does not exist" in (await failure_of(chat)).message
        assert [request.path for request in server.requests] == ["/proxy/chat/completions", "/proxy/models"]


# ---------------------------------------------------------------- options, headers, query


async def test_options_are_merged_into_the_request_and_a_named_key_wins() -> None:
    """Nothing could be sent that has no key of its own."""
    options: dict[str, JsonValue] = {
        "reasoning_effort": "low",
        "top_k": 20,
        "seed": 1,
        "model": "other",
        "stream": False,
    }
    sent = await sent_by(ChatOpenAI(kind="openai", model="m", seed=7, options=options))
    assert (sent["reasoning_effort"], sent["top_k"], sent["seed"], sent["model"], sent["stream"]) == (
        "low", 20, 7, "m", True,
    )  # fmt: skip


@pytest.mark.parametrize("think", [True, False])
async def test_thinking_is_turned_on_and_off_through_the_chat_template(think: bool) -> None:
    """It could not be turned off: seconds of silence before each answer of a model that thinks."""
    options: dict[str, JsonValue] = {"chat_template_kwargs": {"builtin_tools": []}}
    sent = await sent_by(ChatOpenAI(kind="openai", model="m", think=think, options=options))
    assert sent["chat_template_kwargs"] == {"builtin_tools": [], "enable_thinking": think}
    assert "chat_template_kwargs" not in await sent_by(ChatOpenAI(kind="openai", model="m"))


async def test_how_much_to_think_goes_by_the_name_that_servers_know() -> None:
    sent = await sent_by(ChatOpenAI(kind="openai", model="m", think="low"))
    assert (sent["chat_template_kwargs"], sent["reasoning_effort"]) == ({"enable_thinking": True}, "low")


async def test_a_server_that_knows_no_chat_template_answers_without_it() -> None:
    refusal = '{"error": {"message": "Unrecognized request argument supplied: chat_template_kwargs"}}'
    async with serve() as server:
        server.answer("/v1/chat/completions", whole(refusal, status="400 Bad Request"), HI)
        config = ChatOpenAI(kind="openai", base_url=f"{server.url}/v1", model="m", think=False)
        async with open_openai_compatible(config) as chat:
            assert await reply_of(chat) == (["Hi"], None)
        assert [b"chat_template_kwargs" in request.body for request in server.requests] == [True, False]
        # Named in the options, it is reported as unknown to the server.
        server.answer("/v1/chat/completions", whole(refusal, status="400 Bad Request"))
        options: dict[str, JsonValue] = {"chat_template_kwargs": {"thinking": False}}
        config = config.model_copy(update={"think": None, "options": options})
        async with open_openai_compatible(config) as chat:
            assert "chat_template_kwargs" in (await failure_of(chat)).message


def configured(tmp_path: Path, text: str, server: FaultServer) -> ChatOpenAI:
    """The chat section as config.toml has it, with the server in place of the cloud."""
    path = tmp_path / "config.toml"
    path.write_text(re.sub(r"https://[\w.-]+", server.url, text), encoding="utf-8")
    chat = load_config(path, environment={}).config.chat
    assert isinstance(chat, ChatOpenAI)
    return chat


AZURE_DEPLOYMENT = """
[chat]
kind = "openai"
model = "gpt-4.1-mini"
base_url = "https://me.openai.azure.com/openai/deployments/mini"
query = { api-version = "2024-10-21" }
headers = { api-key = "azure-key-0123" }
"""
AZURE_COPIED = """
[chat]
kind = "openai"
model = "gpt-4.1-mini"
base_url = "https://me.openai.azure.com/openai/deployments/mini/chat/completions?api-version=2024-10-21"
headers = { api-key = "azure-key-0123" }
"""
AZURE_V1 = """
[chat]
kind = "openai"
model = "mini"
base_url = "https://me.openai.azure.com/openai/v1"
api_key = "azure-key-0123"
options = { reasoning_effort = "minimal" }
"""
OPENROUTER = """
[chat]
kind = "openai"
model = "qwen/qwen3-8b"
base_url = "https://openrouter.ai/api/v1"
api_key = "sk-or-0123"
headers = { HTTP-Referer = "https://example.com", X-Title = "voicebot" }
options = { reasoning = { enabled = false }, provider = { sort = "latency" } }
"""


@pytest.mark.parametrize(
    ("text", "path", "headers", "body"),
    [
        (
            AZURE_DEPLOYMENT,
            "/openai/deployments/mini/chat/completions?api-version=2024-10-21",
            {"api-key": "azure-key-0123"},
            {},
        ),
        (
            AZURE_COPIED,
            "/openai/deployments/mini/chat/completions?api-version=2024-10-21",
            {"api-key": "azure-key-0123"},
            {},
        ),
        (
            AZURE_V1,
            "/openai/v1/chat/completions",
            {"authorization": "Bearer azure-key-0123"},
            {"reasoning_effort": "minimal"},
        ),
        (
            OPENROUTER,
            "/api/v1/chat/completions",
            {"authorization": "Bearer sk-or-0123", "x-title": "voicebot"},
            {"reasoning": {"enabled": False}, "provider": {"sort": "latency"}},
        ),
    ],
    ids=["azure deployment", "azure copied", "azure v1", "openrouter"],
)
async def test_a_cloud_is_reached_by_configuration_alone(
    text: str, path: str, headers: dict[str, str], body: dict[str, object], tmp_path: Path
) -> None:
    async with serve() as server:
        server.answer(path, HI)
        async with open_openai_compatible(configured(tmp_path, text, server)) as chat:
            assert await reply_of(chat) == (["Hi"], None)
    (request,) = server.requests
    assert (request.path, "authorization" in request.headers) == (path, "authorization" in headers)
    assert {name: request.headers[name] for name in headers} == headers
    sent = request.json()
    assert isinstance(sent, dict)
    assert {key: sent[key] for key in body} == body


async def test_a_header_that_is_named_replaces_the_one_with_the_key() -> None:
    async with serve() as server:
        server.answer("/v1/chat/completions", HI)
        config = ChatOpenAI(
            kind="openai",
            base_url=f"{server.url}/v1",
            model="m",
            api_key=SecretStr(KEY),
            headers={"Authorization": SecretStr("Token abc")},
        )
        async with open_openai_compatible(config) as chat:
            await reply_of(chat)
    assert server.requests[0].headers["authorization"] == "Token abc"


@pytest.mark.parametrize(
    ("name", "value"), [("x key", "v"), ("", "v"), ("x:", "v"), ("x-key", "a\nb"), ("x-key", "日本")]
)
async def test_a_header_that_cannot_be_sent_is_a_config_error_without_its_value(name: str, value: str) -> None:
    config = ChatOpenAI(kind="openai", model="m", headers={name: SecretStr(value)})
    with pytest.raises(ConfigError, match=r"chat\.headers: .* cannot be sent") as caught:
        async with open_openai_compatible(config):
            pass
    assert value not in caught.value.message


async def test_a_secret_in_a_header_or_a_query_is_in_no_message(caplog: pytest.LogCaptureFixture) -> None:
    """Some servers repeat what they were sent, in a body, a reason or a redirect; httpx logs whole addresses."""
    header, query = "token-very-secret-1", "query-very-secret-2"
    echo = f"{header} {query} {KEY}"
    answers: list[list[Act]] = [
        whole(json.dumps({"error": f"who is {echo}?"}), status="403 Forbidden"),
        whole("{}", status=f"418 {echo}"),
        [head("302 Found", location=f"/login?k={query}&h={header}", content_length="0")],
        [head("302 Found", location=f"/{header}/{query}/{KEY}", content_length="0")],
        chunked([f'data: {{"error": "bad {echo}"}}\n\n'.encode()], OPENAI.content_type),
    ]
    config = ChatOpenAI(
        kind="openai",
        model="m",
        api_key=SecretStr(KEY),
        headers={"X-Token": SecretStr(f"Bearer {header}")},
        query={"key": SecretStr(query)},
    )
    async with serve() as server:
        server.answer(f"/v1/chat/completions?key={query}", *answers)
        async with open_openai_compatible(config.model_copy(update={"base_url": f"{server.url}/v1"})) as chat:
            for _ in answers:
                error = await failure_of(chat)
                for secret in (header, query, KEY):
                    assert secret not in error.message + error.hint
            server.answer(f"/v1/chat/completions?key={query}", HI)
            caplog.set_level(logging.DEBUG)
            assert await reply_of(chat) == (["Hi"], None)
    assert all(secret not in repr(config) + caplog.text for secret in (header, query, KEY))


@pytest.mark.parametrize("key", ["$MY_KEY", "${MY_KEY}"])
def test_the_name_of_a_variable_is_not_sent_as_the_key(key: str) -> None:
    """The server said that the key is wrong."""
    with pytest.raises(ConfigError, match=r"chat\.api_key holds \$MY_KEY") as caught:
        api_key(ChatOpenAI(kind="openai", model="m", api_key=SecretStr(key)))
    assert 'VOICEBOT_CHAT__API_KEY="$MY_KEY"' in caught.value.hint


async def test_without_a_key_a_server_that_wants_one_is_told_as_that() -> None:
    """It was "set VOICEBOT_CHAT__API_KEY to a valid API key", as if there were one."""
    refusal = whole('{"error": "no"}', status="401 Unauthorized")
    async with serve() as server:
        server.answer("/v1/chat/completions", refusal)
        server.answer("/v1/models", refusal)
        for key, words in {"": "no API key is set", KEY: "to a valid API key"}.items():
            config = ChatOpenAI(kind="openai", base_url=f"{server.url}/v1", model="m", api_key=SecretStr(key))
            async with open_openai_compatible(config) as chat:
                hint = (await failure_of(chat)).hint
            with pytest.raises(ChatError) as caught:
                await list_openai_models(config)
            assert hint == caught.value.hint
            assert words in hint
            assert "VOICEBOT_CHAT__API_KEY" in hint
