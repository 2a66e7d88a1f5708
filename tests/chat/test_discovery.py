"""A chat server is found by what it answers, quickly, and said in one sentence."""

from __future__ import annotations

import json
import time

import anyio
import pytest
from pydantic import SecretStr

from tests.chat.dialects import CONTRACTS, OLLAMA, OPENAI
from tests.cli.command import assert_took_at_most
from tests.fault_server import Act, Endless, FaultServer, Pause, Reset, Send, Stall, serve, whole
from voicebot.chat import open_chat, server_or_demo
from voicebot.chat.discovery import Choice, find_server, probe, usual_candidates
from voicebot.chat.ollama import open_ollama
from voicebot.chat.probe_results import State
from voicebot.config.models import ChatAuto, ChatOllama, ChatOpenAI
from voicebot.errors import ChatUnavailable

pytestmark = pytest.mark.anyio

LONG_SECONDS = 5.0
"""For tests in which everybody answers: a busy machine must not decide them."""


def be_ollama(server: FaultServer, *models: str) -> None:
    server.answer("/api/version", whole((CONTRACTS / "ollama" / "version.json").read_bytes()))
    server.answer("/api/tags", whole(json.dumps({"models": [{"name": model} for model in models]})))
    server.answer("/v1/models", whole(json.dumps({"data": [{"id": model} for model in models]})))


def be_openai(server: FaultServer, *models: str) -> None:
    # LM Studio answers 200 to paths it does not know.
    server.answer("/api/version", whole('{"error": "Unexpected endpoint or method. (GET /api/version)"}'))
    server.answer("/v1/models", whole(json.dumps({"data": [{"id": model} for model in models]})))


async def search(config: ChatAuto, *servers: FaultServer) -> Choice:
    return await find_server(config, candidates=[server.url for server in servers], seconds=LONG_SECONDS)


async def test_ollama_is_found_and_its_first_model_used() -> None:
    async with serve() as server:
        be_ollama(server, "llama3.2:latest", "other")
        found = await search(ChatAuto(temperature=0.5, max_tokens=9, idle_timeout_seconds=7), server)
    assert found.config == ChatOllama(
        kind="ollama",
        base_url=server.url,
        model="llama3.2:latest",
        temperature=0.5,
        max_tokens=9,
        idle_timeout_seconds=7,
    )
    assert found.why == f"found Ollama at {server.url}, using llama3.2:latest, the first of its 2 chat models"


async def test_an_openai_compatible_server_is_found_by_its_list_of_models() -> None:
    async with serve() as server:
        be_openai(server, "text-embedding-x", "tiny")
        found = await search(ChatAuto(), server)
    assert found.config == ChatOpenAI(kind="openai", base_url=f"{server.url}/v1", model="tiny")
    assert found.why == f"found an OpenAI-compatible server at {server.url}, using tiny"


async def test_the_first_candidate_that_can_chat_is_taken_even_if_another_answers_first() -> None:
    async with serve() as nobody, serve() as first, serve() as second:
        be_openai(first, "a")
        be_ollama(second, "b")
        found = await search(ChatAuto(), nobody, first, second)
    assert found.config is not None
    assert found.config.base_url == f"{first.url}/v1"
    assert found.why.endswith(f"using a (not taken: Ollama at {second.url})")


async def test_ollama_without_a_model_is_told_what_to_pull_and_the_search_goes_on() -> None:
    async with serve() as empty, serve() as other:
        be_ollama(empty)
        alone = await search(ChatAuto(), empty)
        be_openai(other, "tiny")
        both = await search(ChatAuto(), empty, other)
    assert alone.config is None
    assert "`ollama pull llama3.2`" in alone.why
    assert alone.state is State.NO_MODEL
    assert both.config is not None
    assert both.config.model == "tiny"
    assert "(not taken: Ollama at" in both.why


async def test_a_model_that_was_asked_for_is_kept() -> None:
    async with serve() as server:
        be_ollama(server, "a", "b")
        found = await search(ChatAuto(model="b"), server)
        assert found.config is not None
        assert found.config.model == "b"
        assert found.why.endswith("using b, the model that was asked for")
        # Ollama takes a name without a tag for the latest one.
        be_ollama(server, "llama3.2:latest")
        found = await search(ChatAuto(model="llama3.2"), server)
        assert found.config is not None
        assert found.config.model == "llama3.2"


async def test_a_model_that_is_not_there_is_answered_with_the_nearest_one() -> None:
    async with serve() as ollama, serve() as openai:
        be_ollama(ollama, "gemma3:1b", "qwen3:4b")
        be_openai(openai, "Qwen3-8B-Instruct")
        found = await search(ChatAuto(model="qwen3:4"), ollama)
        assert (found.config, found.state) == (None, State.WRONG_MODEL)
        assert f'Ollama at {ollama.url} has no model "qwen3:4"' in found.why
        assert 'set chat.model = "qwen3:4b" or run `ollama pull qwen3:4`' in found.why
        found = await search(ChatAuto(model="qwen3-8b"), openai)
        assert found.state is State.WRONG_MODEL
        assert found.why.endswith('has no model "qwen3-8b": set chat.model = "Qwen3-8B-Instruct"')
        be_openai(openai, "qwen3:4")
        found = await search(ChatAuto(model="qwen3:4"), ollama, openai)
        assert found.config == ChatOpenAI(kind="openai", base_url=f"{openai.url}/v1", model="qwen3:4")


LOADING = '{"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}'


async def test_a_server_that_is_loading_its_model_is_named() -> None:
    busy = whole(LOADING, status="503 Service Unavailable")
    async with serve() as older, serve() as newer, serve() as other:
        older.answer("/v1/models", busy)  # llama-server answers everything so
        be_openai(newer, "tiny")  # newer ones list their model meanwhile
        newer.answer("/health", busy)
        for server in (older, newer):
            found = await search(ChatAuto(), server)
            assert (found.config, found.state) == (None, State.LOADING)
            assert f"the chat server at {server.url} is still loading its model" in found.why
        be_openai(other, "a")
        found = await search(ChatAuto(), older, other)
        assert found.state is State.READY


async def test_a_server_that_loads_is_waited_for_and_not_replaced_by_the_demo() -> None:
    async with serve() as server:
        server.answer("/v1/models", whole(LOADING, status="503 Service Unavailable"))
        with pytest.raises(ChatUnavailable, match="still loading its model"):
            async with open_chat(ChatAuto(base_url=server.url), notify=lambda _: None):
                pass


async def test_a_server_that_answers_late_is_waited_for() -> None:
    """A busy server was taken for an absent one after 0.3 s, and the demo answered in its place."""
    async with serve() as late, serve() as ready:
        be_ollama(late, "a")
        for path in ("/api/version", "/api/tags"):
            late.answer(path, [Pause(1.5), *late.next_script(path)])
        be_openai(ready, "b")
        found = await find_server(ChatAuto(), candidates=[late.url, ready.url], seconds=1, busy_seconds=LONG_SECONDS)
    assert found.config == ChatOllama(kind="ollama", base_url=late.url, model="a")


async def test_a_server_that_takes_the_connection_and_never_answers_is_busy_and_not_absent() -> None:
    async with serve() as busy:
        for path in ("/api/version", "/api/tags", "/v1/models", "/health"):
            busy.answer(path, [Stall()])
        found = await find_server(ChatAuto(), candidates=[busy.url], seconds=1, busy_seconds=1.1)
        assert (found.config, found.state) == (None, State.BUSY)
        assert f"the server at {busy.url} takes connections and does not answer" in found.why


def test_a_busy_server_is_never_replaced_by_the_demo() -> None:
    """It has been started by somebody who expects it to answer."""
    with pytest.raises(ChatUnavailable, match="does not answer") as caught:
        server_or_demo(ChatAuto(), Choice(None, "it takes connections and does not answer", State.BUSY))
    assert "--chat demo" in caught.value.hint
    assert server_or_demo(ChatAuto(), Choice(None, "nobody is there", State.DOWN)).kind == "demo"


async def test_nobody_waits_for_a_busy_server_behind_one_that_can_chat() -> None:
    async with serve() as ready, serve() as busy:
        be_ollama(ready, "a")
        for path in ("/api/version", "/api/tags", "/v1/models", "/health"):
            busy.answer(path, [Stall()])
        with anyio.fail_after(30):
            found = await find_server(ChatAuto(), candidates=[ready.url, busy.url], seconds=1, busy_seconds=3600)
    assert found.config == ChatOllama(kind="ollama", base_url=ready.url, model="a")
    assert f"(not taken: the server at {busy.url} takes connections" in found.why


async def test_each_place_is_called_what_it_is() -> None:
    async with serve() as ready, serve() as empty, serve() as locked, serve() as down:
        be_ollama(ready, "a", "b")
        be_openai(empty)
        locked.answer("/v1/models", whole("{}", status="401 Unauthorized"))
        places = [server.url for server in (ready, empty, locked, down)]
        seen = await probe(ChatAuto(), candidates=places, seconds=LONG_SECONDS)
    assert [one.state for one in seen] == [State.READY, State.NO_MODEL, State.LOCKED, State.DOWN]
    assert [one.address for one in seen] == places
    assert seen[0].models == ("a", "b")


async def test_a_server_that_needs_a_key_is_named() -> None:
    async with serve() as server:
        server.answer("/v1/models", whole("{}", status="401 Unauthorized"))
        found = await search(ChatAuto(), server)
        refused = await find_server(ChatAuto(base_url=server.url, api_key=SecretStr("sk-0")))
    assert found.config is None
    assert "needs an API key" in found.why
    assert "VOICEBOT_CHAT__API_KEY" in found.why
    assert "refuses the API key: set VOICEBOT_CHAT__API_KEY" in refused.why


async def test_a_server_without_a_loaded_model_is_named() -> None:
    async with serve() as server:
        be_openai(server)
        found = await search(ChatAuto(), server)
    assert found.config is None
    assert "no chat model loaded" in found.why


async def test_nobody_is_said_with_the_ports_that_were_asked() -> None:
    async with serve() as one, serve() as two:
        pass
    found = await find_server(ChatAuto(), candidates=[one.url, two.url])
    ports = ", ".join(server.url.rpartition(":")[2] for server in (one, two))
    assert found == Choice(None, f"no chat server answered on ports {ports}")


@pytest.mark.parametrize(
    "script",
    [
        [Stall()],
        [Reset()],
        [Send(b"garbage\r\n\r\n"), Stall()],
        [Endless(b"x" * 1000)],
        whole("[]"),
        whole("null"),
        whole("<html>", "text/html"),
        whole("{}", status="500 Oops"),
        [Send(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"), Stall()],
    ],
    ids=str,
)
async def test_other_servers_are_not_chat_servers_and_cost_little_time(script: list[Act]) -> None:
    async with serve() as server:
        for path in ("/api/version", "/api/tags", "/v1/models", "/health"):
            server.answer(path, script)
        started = time.monotonic()
        found = await find_server(ChatAuto(), candidates=[server.url])
        assert found.config is None
        assert_took_at_most(5, time.monotonic() - started)


async def test_the_configured_address_is_asked_alone_and_may_have_either_form() -> None:
    async with serve() as ollama, serve() as openai, serve() as bystander:
        be_ollama(ollama, "a")
        be_openai(openai, "b")
        for suffix in ("", "/", "/v1", "/v1/"):
            found = await find_server(ChatAuto(base_url=ollama.url + suffix), candidates=[bystander.url])
            assert found.config == ChatOllama(kind="ollama", base_url=ollama.url, model="a")
            found = await find_server(ChatAuto(base_url=openai.url + suffix))
            assert found.config == ChatOpenAI(kind="openai", base_url=f"{openai.url}/v1", model="b")
        openai.answer("/v1/models?sig=a%2Fb", whole('{"data": [{"id": "c"}]}'))
        found = await find_server(ChatAuto(base_url=f"{openai.url}/v1/chat/completions?sig=a%2Fb"))
        assert found.config == ChatOpenAI(kind="openai", base_url=f"{openai.url}/v1?sig=a%2Fb", model="c")
        assert bystander.connections == 0


@pytest.mark.parametrize("address", ["http://[::1", "http://127.0.0.1:99999", "http://voicebot.invalid/v1"])
async def test_what_is_not_an_address_is_just_not_found(address: str) -> None:
    await find_server(ChatAuto(), candidates=[address, "http://no host:1"])
    found = await find_server(ChatAuto(base_url=address, connect_timeout_seconds=1))
    assert found.config is None
    assert found.why.startswith("no chat server answered at ")


async def test_a_host_name_that_does_not_resolve_is_told_as_that() -> None:
    """It was "no chat server answered", as if one had been asked."""
    found = await find_server(ChatAuto(base_url="http://voicebot.invalid/v1"))
    assert "the host name voicebot.invalid does not resolve" in found.why
    for chat in (
        open_chat(ChatOllama(kind="ollama", base_url="http://voicebot.invalid:11434"), notify=print),
        open_chat(ChatOpenAI(kind="openai", base_url="http://voicebot.invalid/v1"), notify=print),
    ):
        with pytest.raises(ChatUnavailable, match=r"the host name voicebot\.invalid does not resolve") as caught:
            async with chat:
                pass
        assert "chat.base_url spelled right" in caught.value.hint


async def test_what_was_found_can_be_opened() -> None:
    async with serve() as server:
        be_ollama(server, "a")
        found = await search(ChatAuto(), server)
        assert isinstance(found.config, ChatOllama)
        async with open_ollama(found.config) as chat:
            assert chat.name == "ollama a"
    assert OLLAMA.kind == found.config.kind != OPENAI.kind


def test_the_usual_places_are_ollama_llama_cpp_and_lm_studio() -> None:
    ports = [11434, 8080, 8000, 1234]
    assert usual_candidates({}) == [f"http://127.0.0.1:{port}" for port in ports]
    assert usual_candidates({"OLLAMA_HOST": "box"})[0] == "http://box:11434"
