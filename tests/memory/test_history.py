"""What one history for all conversations of a process promises: one writer, and nobody sees another's turns."""

from __future__ import annotations

import os
import threading
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.memory.builders import keep_turns, open_memory, outcome
from voicebot.errors import HistoryError
from voicebot.memory.history import History, open_history
from voicebot.memory.persistent import PersistentMemory, open_persistent_memory
from voicebot.memory.sqlite_store import Store
from voicebot.memory.window import WindowMemory
from voicebot.testing import ScriptedChat


def window(turns: int = 5, *, summary: bool = False) -> WindowMemory:
    return WindowMemory(system_prompt="S", turns=turns, summary=summary)


def questions(memory: PersistentMemory) -> list[str]:
    return [message.content for message in memory.messages() if message.role == "user"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "h.db"


@pytest.mark.anyio
async def test_two_conversations_on_one_history_never_see_each_others_turns(file: Path) -> None:
    async with (
        open_history(str(file), notify=print) as history,
        open_persistent_memory(window(), history, conversation="kitchen", notify=print) as kitchen,
        open_persistent_memory(window(), history, conversation="office", notify=print) as office,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(keep_turns, kitchen, "flour", "sugar")
        tasks.start_soon(keep_turns, office, "paper", "ink", "stamps")
    assert (questions(kitchen), questions(office)) == (["flour", "sugar"], ["paper", "ink", "stamps"])
    for name, said in (("kitchen", ["flour", "sugar"]), ("office", ["paper", "ink", "stamps"])):
        async with open_memory(file, conversation=name) as again:
            assert questions(again) == said


@pytest.mark.anyio
async def test_conversations_that_begin_at_the_same_moment_get_names_of_their_own(file: Path) -> None:
    async with (
        open_history(str(file), notify=print) as history,
        open_persistent_memory(window(), history, conversation=None, notify=print) as one,
        open_persistent_memory(window(), history, conversation=None, notify=print) as other,
    ):
        one.remember("one", outcome("はい。"), model="m")
        other.remember("other", outcome("はい。"), model="m")
    assert one.conversation != other.conversation
    assert [turn.message for turn in Store(file).turns(one.conversation)] == ["one"]
    assert [turn.message for turn in Store(file).turns(other.conversation)] == ["other"]


@pytest.mark.anyio
async def test_a_summary_stays_with_its_conversation(file: Path) -> None:
    async with (
        open_history(str(file), notify=print) as history,
        open_persistent_memory(window(2, summary=True), history, conversation="a", notify=print) as one,
        open_persistent_memory(window(2, summary=True), history, conversation="b", notify=print) as other,
    ):
        await keep_turns(one, "1", "2", "3")
        await keep_turns(other, "4", "5", "6")
        await one.condense(ScriptedChat([(0, "They counted.")]))
    async with (
        open_memory(file, conversation="a", turns=2, summary=True) as one,
        open_memory(file, conversation="b", turns=2, summary=True) as other,
    ):
        assert "They counted." in one.messages()[0].content
        assert questions(one) == ["3"]
        assert "They counted." not in other.messages()[0].content
        assert questions(other) == ["4", "5", "6"]


@given(
    st.lists(st.tuples(st.sampled_from(["a", "b", ""]), st.booleans()), max_size=12),
    st.sampled_from(["asyncio", "trio"]),
)
@settings(max_examples=40, deadline=None)
def test_each_conversation_keeps_its_turns_in_their_order(turns: list[tuple[str, bool]], backend: str) -> None:
    """In whichever order they come, and whether or not anybody waits for them to be kept."""

    async def body(file: Path) -> None:
        async with (
            open_history(str(file), notify=print) as history,
            open_persistent_memory(window(20), history, conversation="a", notify=print) as a,
            open_persistent_memory(window(20), history, conversation="b", notify=print) as b,
            open_persistent_memory(window(20), history, conversation=None, notify=print) as new,
        ):
            memories = {"a": a, "b": b, "": new}
            for number, (name, wait) in enumerate(turns):
                memories[name].remember(str(number), outcome("はい。"), model="m")
                if wait:
                    await memories[name].keep()
        store = Store(file)
        for name, memory in memories.items():
            said = [str(number) for number, (of, _) in enumerate(turns) if of == name]
            assert questions(memory) == said
            assert not said or [turn.message for turn in store.turns(memory.conversation)] == said
        store.close()

    with TemporaryDirectory() as folder:
        anyio.run(partial(body, Path(folder) / "h.db"), backend=backend)


@pytest.mark.anyio
async def test_a_conversation_that_has_ended_is_in_the_file_while_the_history_is_open(file: Path) -> None:
    async with open_history(str(file), notify=print) as history:
        async with open_persistent_memory(window(), history, conversation="a", notify=print) as memory:
            memory.remember("one", outcome("はい。"), model="m")
        assert [turn.message for turn in Store(file).turns("a")] == ["one"]
        async with open_persistent_memory(window(), history, conversation="a", notify=print) as memory:
            assert questions(memory) == ["one"]


# ---------------------------------------------------------------- one writer


async def thread_of(history: History) -> int:
    return await history.result(history.submit(lambda _: threading.get_ident()))


@pytest.mark.anyio
async def test_one_thread_does_all_the_work(file: Path) -> None:
    async with open_history(str(file), notify=print) as history:
        threads = {await thread_of(history) for _ in range(5)}
    assert len(threads) == 1
    assert threading.get_ident() not in threads


@pytest.mark.anyio
async def test_nothing_is_made_before_there_is_something_to_keep(file: Path) -> None:
    async with (
        open_history(str(file), notify=print) as history,
        open_persistent_memory(window(), history, conversation=None, notify=print) as memory,
    ):
        memory.messages()
    assert os.listdir(file.parent) == []


@pytest.mark.anyio
async def test_what_fails_for_one_conversation_does_not_stop_the_others(file: Path) -> None:
    async with (
        open_history(str(file), notify=print) as history,
        open_persistent_memory(window(), history, conversation="a", notify=print) as memory,
    ):
        await keep_turns(memory, "one")
        with pytest.raises(HistoryError, match="no conversation 'b'"):
            await history.result(history.submit(lambda store: store.turns("b")))
        await keep_turns(memory, "two")
    assert [turn.message for turn in Store(file).turns("a")] == ["one", "two"]


@pytest.mark.anyio
async def test_a_damaged_file_is_told_once_and_every_conversation_goes_on(file: Path) -> None:
    Store(file).conversations()
    await anyio.Path(file).write_bytes((await anyio.Path(file).read_bytes())[:100] + b"garbage" * 1000)
    told: list[str] = []
    async with (
        open_history(str(file), notify=told.append) as history,
        open_persistent_memory(window(), history, conversation="a", notify=told.append) as one,
        open_persistent_memory(window(), history, conversation="b", notify=told.append) as other,
    ):
        await keep_turns(one, "one")
        await keep_turns(other, "other")
    assert ["is damaged" in message for message in told] == [True]
    assert [len(Store(file).turns(name)) for name in "ab"] == [1, 1]


@pytest.mark.anyio
async def test_a_failure_that_nobody_waited_for_is_told_at_the_end(tmp_path: Path) -> None:
    """Ctrl-C in the last turn ended the wait for it, and that it was not kept was never told."""
    (tmp_path / "file").write_text("in the way")
    told: list[str] = []
    async with open_memory(tmp_path / "file" / "h.db", conversation=None, notify=told.append) as memory:
        memory.remember("one", outcome("はい。"), model="m")
    assert ["is not kept" in message for message in told] == [True]
