"""Conversations over HTTP: made, listed, read, renamed, forgotten, and nobody else's."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import anyio
import pytest

from tests.server.running import REPLY, RunningServer, running_server, until
from voicebot import __version__
from voicebot.testing import CostingSynthesizer, ScriptedChat

pytestmark = pytest.mark.anyio


async def test_a_page_learns_who_it_is_and_what_it_hears() -> None:
    async with running_server(voice=CostingSynthesizer()) as running, running.as_person("alice") as alice:
        assert (await alice.get("/api/me")).json() == {
            "person": "alice",
            "voice": {"name": "costing", "credit": ""},
            "chat": "scripted",
            "languages": [],
            "limits": {"characters": 4096, "turns": 16},
            "version": __version__,
        }
    async with running_server() as running:
        assert (await running.client.get("/api/me")).json()["voice"] is None


async def test_the_voices_are_those_of_the_engine() -> None:
    async with running_server(voice=CostingSynthesizer()) as running:
        assert (await running.client.get("/api/voices")).json() == {
            "voices": [{"id": "tone", "name": "tone", "language": ""}]
        }
    async with running_server() as running:
        assert (await running.client.get("/api/voices")).json() == {"voices": []}


async def test_a_conversation_from_its_beginning_to_its_end() -> None:
    async with running_server() as running:
        client = running.client
        made = await client.post("/api/conversations", json={})
        assert made.status_code == 201
        id = made.json()["id"]
        path = made.headers["location"]
        assert path == f"/api/conversations/{id}"
        await client.post("/chat", json={"text": "おはよう。", "conversation": id})
        read = (await client.get(path)).json()
        assert (read["id"], read["title"], read["turns"]) == (id, "おはよう。", 1)
        [said] = read.pop("said")
        assert (said["message"], said["heard"], said["unsaid"], said["outcome"]) == (
            "おはよう。",
            REPLY,
            "",
            "completed",
        )
        assert said["turn"]
        assert said["at"] == read["last"]
        assert (await client.get("/api/conversations")).json() == {"conversations": [read]}
        renamed = await client.patch(path, json={"title": "朝"})
        assert renamed.json() == {**read, "title": "朝"}
        assert (await client.request("DELETE", path, json={})).status_code == 204
        assert (await client.get(path)).status_code == 404
        assert (await client.get("/api/conversations")).json() == {"conversations": []}


async def test_what_was_said_is_there_after_the_server_has_ended(tmp_path: Path) -> None:
    history = str(tmp_path / "server.db")
    async with running_server(history=history) as running:
        id = (await running.client.post("/api/conversations", json={"title": "morning"})).json()["id"]
        await running.client.post("/chat", json={"text": "Hello.", "conversation": id})
        await running.client.patch(f"/api/conversations/{id}", json={"title": "morning"})
    async with running_server(history=history) as running:
        [listed] = (await running.client.get("/api/conversations")).json()["conversations"]
        assert (listed["id"], listed["title"], listed["turns"]) == (id, "morning", 1)
        read = (await running.client.get(f"/api/conversations/{id}")).json()
        assert [said["heard"] for said in read["said"]] == [REPLY]


async def test_a_conversation_of_somebody_else_is_as_unknown_as_any_other() -> None:
    async with running_server() as running, running.as_person("alice") as alice, running.as_person("bob") as bob:
        id = (await alice.post("/api/conversations", json={})).json()["id"]
        answers = set()
        for path in (f"/api/conversations/{id}", "/api/conversations/unknown"):
            for method, end, body in [
                ("GET", "", None),
                ("PATCH", "", {"title": "mine"}),
                ("DELETE", "", {}),
                ("POST", "/interrupt", {}),
            ]:
                answer = await bob.request(method, path + end, json=body)
                answers.add((answer.status_code, answer.text))
        assert len(answers) == 1
        assert {status for status, _ in answers} == {404}
        assert (await bob.get("/api/conversations")).json() == {"conversations": []}
        assert (await alice.get(f"/api/conversations/{id}")).json()["title"] == ""


@pytest.mark.parametrize("kept", [True, False])
async def test_one_person_has_not_more_conversations_than_the_limit_and_loses_none(kept: bool, tmp_path: Path) -> None:
    """Whoever began them without an end took the room of all others, whose oldest were closed for that."""
    history = str(tmp_path / "history.db") if kept else ""
    async with (
        running_server(history=history, max_conversations_of_a_person=2) as running,
        running.as_person("alice") as alice,
        running.as_person("al") as al,
    ):
        ids = [(await alice.post("/api/conversations", json={})).json()["id"] for _ in range(2)]
        await alice.post("/chat", json={"text": "Hello.", "conversation": ids[0]})
        refused = await alice.post("/api/conversations", json={})
        error = refused.json()["error"]
        assert (refused.status_code, error["code"]) == (409, "too_many_conversations")
        assert "max_conversations_of_a_person" in error["hint"]
        listed = (await alice.get("/api/conversations")).json()["conversations"]
        assert {one["id"] for one in listed} == set(ids)
        assert (await al.post("/api/conversations", json={})).status_code == 201
        assert (await alice.request("DELETE", f"/api/conversations/{ids[0]}", json={})).status_code == 204
        assert (await alice.post("/api/conversations", json={})).status_code == 201


async def test_conversations_that_are_kept_count_after_the_server_has_ended(tmp_path: Path) -> None:
    history = str(tmp_path / "history.db")
    async with running_server(history=history, max_conversations_of_a_person=1) as running:
        begun = await running.client.post("/api/conversations", json={})
        await running.client.post("/chat", json={"text": "Hello.", "conversation": begun.json()["id"]})
    async with running_server(history=history, max_conversations_of_a_person=1) as running:
        assert (await running.client.post("/api/conversations", json={})).status_code == 409
        assert len((await running.client.get("/api/conversations")).json()["conversations"]) == 1


async def test_a_title_of_blanks_is_none() -> None:
    """A list showed a line without anything to click on."""
    async with running_server() as running:
        id = (await running.client.post("/api/conversations", json={"title": " 朝 "})).json()["id"]
        await running.client.post("/chat", json={"text": "おはよう。", "conversation": id})
        path = f"/api/conversations/{id}"
        assert (await running.client.get(path)).json()["title"] == "朝"
        assert (await running.client.patch(path, json={"title": "\u3000 "})).json()["title"] == "おはよう。"


@pytest.mark.parametrize("title", ["1", json.dumps("x" * 201), r'"\ud800"', "null"])
async def test_what_is_not_a_title_is_refused(title: str) -> None:
    async with running_server() as running:
        json_only = {"content-type": "application/json"}
        answer = await running.client.post("/api/conversations", content=f'{{"title": {title}}}', headers=json_only)
        assert (answer.status_code, answer.json()["error"]["param"]) == (422, "title")


@pytest.mark.parametrize("path", ["/api/conversations", "/chat", "/v1/chat/completions"])
@pytest.mark.parametrize("body", [b'{"title": }', b"title=x", b"[]", '{"title": "話", "text": "話"}'.encode("cp932")])
async def test_a_body_that_is_not_json_is_told_so_and_no_field_of_it(path: str, body: bytes) -> None:
    """The place of the fault was given as the name of a field, such as "10", and another encoding was no reason."""
    async with running_server() as running:
        answer = await running.client.post(path, content=body, headers={"content-type": "application/json"})
        assert answer.status_code in (400, 422)
        error = answer.json()["error"]
        assert (error["param"], error["hint"]) == (None, "the body is a JSON object, in UTF-8")


async def test_interrupting_where_nobody_speaks_does_nothing() -> None:
    async with running_server() as running:
        id = (await running.client.post("/api/conversations", json={})).json()["id"]
        answer = await running.client.post(f"/api/conversations/{id}/interrupt", json={})
        assert answer.json() == {"interrupted": False}


async def ask(running: RunningServer, id: str, statuses: list[int]) -> None:
    statuses.append((await running.client.post("/chat", json={"text": "Hello.", "conversation": id})).status_code)


async def test_a_conversation_is_deleted_without_waiting_for_the_turns_that_wait_in_it() -> None:
    """Only the turn that was spoken was ended: the next one was spoken then, and nobody got into any conversation."""
    chat = ScriptedChat([(0.0, "One. "), (3600.0, "never")])
    statuses: list[int] = []
    async with running_server(chat) as running, anyio.create_task_group() as tasks:
        id = (await running.client.post("/api/conversations", json={})).json()["id"]
        async with running.server.conversations.using("owner", id) as opened:
            for _ in range(3):
                tasks.start_soon(partial(ask, running, id, statuses))
            await until(lambda: len(opened.conversation.floor.waiting) == 2 and chat.sent > 0)
        assert (await running.client.request("DELETE", f"/api/conversations/{id}", json={})).status_code == 204
        await until(lambda: len(statuses) == 3)
        assert sorted(statuses) == [200, 409, 409]
        assert len(chat.asked) == 1


async def test_a_deleted_conversation_does_not_come_back_with_a_turn_that_had_no_place_yet(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A turn that the server let begin later was spoken, and kept under the name of what was deleted.

    So was the first turn of all, which nobody noted any more when it was cut; and what follows a turn found no task
    group any more, which the log called a bug.
    """
    chat = ScriptedChat([(0.0, "One. "), (3600.0, "never")])
    statuses: list[int] = []
    history = str(tmp_path / "server.db")
    async with running_server(chat, history=history, max_turns=1) as running, anyio.create_task_group() as tasks:
        id = (await running.client.post("/api/conversations", json={})).json()["id"]
        tasks.start_soon(ask, running, id, statuses)
        await until(lambda: chat.sent > 0)
        tasks.start_soon(ask, running, id, statuses)
        await until(lambda: running.server.admission.waiting == 1)
        assert (await running.client.request("DELETE", f"/api/conversations/{id}", json={})).status_code == 204
        await until(lambda: len(statuses) == 2)
        assert statuses == [200, 409]
        assert (await running.client.get("/api/conversations")).json() == {"conversations": []}
    assert "a bug" not in caplog.text
