"""The states of a chat server, each with what to run."""

from __future__ import annotations

import json

import pytest
from pydantic import SecretStr

from tests.chat.test_discovery import be_ollama, be_openai
from tests.fake_voicevox import nobody_there
from tests.fault_server import Stall, serve, whole
from voicebot.config.models import ChatAuto, ChatDemo, ChatOllama, ChatOpenAI
from voicebot.doctor.checkup import State
from voicebot.doctor.server import check_chat

pytestmark = pytest.mark.anyio


async def test_one_that_is_ready_is_named_with_its_model() -> None:
    async with serve() as server:
        be_ollama(server, "llama3.2:latest")
        found = await check_chat(ChatOllama(kind="ollama", base_url=server.url, model="llama3.2"))
    assert found.state is State.OK
    assert server.url in found.text
    assert "llama3.2" in found.text


async def test_one_without_a_model_is_told_what_to_pull() -> None:
    async with serve() as server:
        be_ollama(server)
        found = await check_chat(ChatAuto(base_url=server.url))
    assert (found.state, found.command) == (State.FAILED, "ollama pull llama3.2")


async def test_the_nearest_model_is_offered_as_a_command_that_no_name_can_break() -> None:
    """The names come from the server, and the command is copied into a shell."""
    async with serve() as server:
        be_ollama(server, "qwen3; rm -rf ~")
        found = await check_chat(ChatOllama(kind="ollama", base_url=server.url, model="qwen3"))
    assert (found.state, found.command) == (State.FAILED, "voicebot config set chat.model 'qwen3; rm -rf ~'")


async def test_one_that_loads_its_model_is_a_warning() -> None:
    async with serve() as server:
        server.answer("/v1/models", whole('{"error": {"message": "Loading model"}}', status="503 Service Unavailable"))
        found = await check_chat(ChatOpenAI(kind="openai", base_url=f"{server.url}/v1"))
    assert found.state is State.WARNING
    assert "still loading" in found.text


async def test_one_that_refuses_the_key_is_told_without_the_key() -> None:
    async with serve() as server:
        server.answer("/v1/models", whole(json.dumps({"error": "no"}), status="401 Unauthorized"))
        key = SecretStr("sk-never-to-be-seen")
        found = await check_chat(ChatOpenAI(kind="openai", base_url=f"{server.url}/v1", api_key=key))
        assert any("sk-never-to-be-seen" in request.headers.get("authorization", "") for request in server.requests)
    assert (found.state, found.command) == (State.FAILED, "voicebot config edit")
    assert "sk-never-to-be-seen" not in f"{found}"


async def test_one_that_takes_connections_and_does_not_answer_is_no_longer_waited_for() -> None:
    async with serve() as server:
        for path in ("/api/version", "/api/tags", "/v1/models", "/health"):
            server.answer(path, [Stall()])
        found = await check_chat(ChatAuto(base_url=server.url))
    assert (found.state, found.command) == (State.FAILED, "voicebot models")
    assert "does not answer" in found.text


async def test_where_nobody_listens_the_command_starts_a_server() -> None:
    with nobody_there() as address:
        found = await check_chat(ChatOllama(kind="ollama", base_url=address))
        assert (found.state, found.command) == (State.FAILED, "ollama serve")
        found = await check_chat(ChatOpenAI(kind="openai", base_url=f"{address}/v1"))
        assert (found.state, found.command) == (State.FAILED, "voicebot config edit")


async def test_a_server_without_a_list_of_models_may_chat_all_the_same() -> None:
    async with serve() as server:
        found = await check_chat(ChatOpenAI(kind="openai", base_url=f"{server.url}/v1", model="x"))
    assert found.state is State.WARNING
    assert "lists no models" in found.text


async def test_a_kind_that_is_not_a_server_is_not_a_fault() -> None:
    assert (await check_chat(ChatDemo(kind="demo"))).state is State.OK


async def test_a_named_server_of_any_kind_is_found() -> None:
    async with serve() as server:
        be_openai(server, "tiny")
        found = await check_chat(ChatAuto(base_url=server.url))
    assert found.state is State.OK
    assert "tiny" in found.text
