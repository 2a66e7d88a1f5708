"""What a memory that outlives the process promises."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import anyio
import pytest

from tests.fakes import pipeline, tidy_conversation
from tests.memory.builders import keep_turns, open_memory, outcome
from voicebot import events
from voicebot.errors import HistoryError
from voicebot.memory.sqlite_store import Store
from voicebot.messages import Message
from voicebot.testing import CostingSynthesizer, ScriptedChat, typed

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.anyio


async def test_a_conversation_goes_on_where_it_ended(tmp_path: Path) -> None:
    file = tmp_path / "h.db"
    told: list[str] = []
    async with open_memory(file, conversation=None, notify=told.append) as memory:
        await keep_turns(memory, "one", "two")
        name = memory.conversation
    assert told == []
    async with open_memory(file, conversation="", notify=told.append) as memory:
        assert [message.content for message in memory.messages()] == ["S", "one", "はい。", "two", "はい。"]
        await keep_turns(memory, "three")
    assert told == [f"continuing the conversation {name}"]
    assert [turn.message for turn in Store(file).turns(name)] == ["one", "two", "three"]


async def test_a_named_conversation_is_begun_or_gone_on_with(tmp_path: Path) -> None:
    file = tmp_path / "h.db"
    told: list[str] = []
    for _ in range(2):
        async with open_memory(file, conversation="台所", notify=told.append) as memory:
            await keep_turns(memory, "x")
    assert told == ["continuing the conversation 台所"]
    async with open_memory(file, conversation=None, notify=told.append) as memory:
        assert memory.messages() == [Message("system", "S")]
        await keep_turns(memory, "y")
        assert memory.conversation != "台所"


async def test_there_may_be_nothing_to_go_on_with(tmp_path: Path) -> None:
    told: list[str] = []
    async with open_memory(tmp_path / "h.db", conversation="", notify=told.append) as memory:
        assert memory.messages() == [Message("system", "S")]
    assert told == ["there is no earlier conversation to continue: this is a new one"]


async def test_a_conversation_without_a_turn_leaves_no_file(tmp_path: Path) -> None:
    async with open_memory(tmp_path / "h.db", conversation=None):
        pass
    assert os.listdir(tmp_path) == []


class LongWindedSynthesizer(CostingSynthesizer):
    """Takes ten minutes to say the second part."""

    def length(self, text: str) -> float:
        return 600.0 if "second" in text else 0.01


async def test_the_heard_the_unsaid_and_the_model_of_a_spoken_turn_are_kept(tmp_path: Path) -> None:
    reply = "This is the first part of it. This is the second part of it."
    file = tmp_path / "h.db"
    given = pipeline(ScriptedChat(typed(reply, first=0.0, rate=1000)), LongWindedSynthesizer(delay=0, rtf=0))
    async with (
        open_memory(file, conversation="a") as memory,
        tidy_conversation(given, memory=memory) as talk,
        anyio.create_task_group() as tasks,
    ):
        with talk.broadcast.subscribe() as subscription:
            tasks.start_soon(talk.speak, "Tell me")
            async for event in subscription.events:
                if isinstance(event, events.PlaybackStarted) and event.index == 1:
                    talk.interrupt()
                    break
    (turn,) = Store(file).turns("a")
    assert (turn.message, turn.outcome, turn.model) == ("Tell me", "interrupted", "scripted")
    assert turn.heard.startswith("This is the first part of it.")
    assert turn.unsaid
    assert turn.heard + turn.unsaid == reply
    assert turn.metrics.ttft is not None


async def test_the_summary_is_kept_too(tmp_path: Path) -> None:
    file = tmp_path / "h.db"
    async with open_memory(file, conversation="a", turns=2, summary=True) as memory:
        await keep_turns(memory, "one", "two", "three")
        await memory.condense(ScriptedChat([(0, "They counted.")]))
    async with open_memory(file, conversation="a", turns=2, summary=True) as memory:
        system, *rest = memory.messages()
        assert "They counted." in system.content
        assert [message.content for message in rest] == ["three", "はい。"]


async def test_what_cannot_be_kept_is_reported_once_and_the_conversation_goes_on(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    told: list[str] = []
    async with open_memory(tmp_path / "file" / "h.db", conversation=None, notify=told.append) as memory:
        await keep_turns(memory, "one", "two")
        assert len(memory.messages()) == 5
    assert len(told) == 1
    assert "is not kept" in told[0]
    assert "memory.store = false" in told[0]


async def test_what_could_not_be_kept_is_kept_with_the_next_turn(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.write_text("in the way")
    async with open_memory(folder / "h.db", conversation=None, notify=lambda _: None) as memory:
        await keep_turns(memory, "one")
        folder.unlink()
        await keep_turns(memory, "two")
        assert [turn.message for turn in Store(folder / "h.db").turns(memory.conversation)] == ["one", "two"]


async def test_a_history_that_cannot_be_read_is_an_error_only_when_a_conversation_is_to_go_on(tmp_path: Path) -> None:
    file = tmp_path / "h.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE bookmarks (url)")
    with pytest.raises(HistoryError, match="not a history"):
        async with open_memory(file, conversation=""):
            pass
    async with open_memory(file, conversation=None, notify=lambda _: None) as memory:
        await keep_turns(memory, "one")


async def test_a_turn_is_kept_although_nobody_waits_for_that(tmp_path: Path) -> None:
    file = tmp_path / "h.db"
    async with open_memory(file, conversation="a") as memory:
        memory.remember("one", outcome("はい。"), model="m")
        with anyio.CancelScope() as scope:
            scope.cancel()
            await memory.keep()
    assert len(Store(file).turns("a")) == 1


async def test_another_process_may_delete_the_conversation_meanwhile(tmp_path: Path) -> None:
    file = tmp_path / "h.db"
    async with open_memory(file, conversation="a") as memory:
        await keep_turns(memory, "one")
        Store(file).delete(["a"])
        await keep_turns(memory, "two")
    assert [turn.message for turn in Store(file).turns("a")] == ["two"]


# ---------------------------------------------------------------- kill -9

WRITER = """
import sys, anyio
from pathlib import Path
from tests.memory.builders import open_memory, outcome

async def main():
    async with open_memory(Path(sys.argv[1]), conversation="a") as memory:
        for number in range(100_000):
            memory.remember(f"question {number}", outcome("はい。"), model="m")
            await memory.keep()
            print(number, flush=True)

anyio.run(main)
"""


def test_nothing_that_was_acknowledged_is_lost_by_kill_9(tmp_path: Path) -> None:
    file = tmp_path / "h.db"
    for turns in (1, 7, 40, 200):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(file)],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert process.stdout
        lines = [process.stdout.readline() for _ in range(turns)]
        process.send_signal(signal.SIGKILL if sys.platform != "win32" else signal.SIGTERM)
        lines += process.communicate()[0].splitlines()
        acknowledged = max(int(line) for line in lines if line.strip().isdigit())
        store = Store(file)
        kept = [turn.message for turn in store.turns("a")]
        last = len(kept) - 1 - kept[::-1].index("question 0")
        assert kept[last:][: acknowledged + 1] == [f"question {number}" for number in range(acknowledged + 1)]
        assert store.search(f"question {acknowledged}", conversation="a")
        assert store.notes == []
        store.close()


def test_the_store_is_not_loaded_before_the_first_turn_has_ended() -> None:
    """Loading it must not delay the first sound."""
    code = """
import sys, anyio
from voicebot.app import open_conversation, open_engines
from voicebot.config.models import Config

async def main():
    config = Config.model_validate({"chat": {"kind": "demo"}, "audio": {"kind": "silent"}})
    async with (
        open_engines(config, notify=lambda _: None, speak=False) as engines,
        open_conversation(engines, config, notify=print),
    ):
        print([name for name in ("sqlite3", "_sqlite3", "platformdirs") if name in sys.modules])
anyio.run(main)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.stdout == "[]\n"
