"""Promises of the narrator, in virtual time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import anyio

from tests.fakes import pipeline
from tests.virtual_time import in_virtual_time
from voicebot.conversation import Conversation
from voicebot.events import Broadcast, TurnEnded, TurnStarted
from voicebot.integrations.langchain.narrator import Narrator, open_narrator
from voicebot.memory.window import WindowMemory
from voicebot.testing import CostingSynthesizer, EventRecorder, ScriptedChat

LONG = "This sentence takes quite a while to be said aloud, and nobody is going to wait for its end. " * 20


class Listener:
    """Somebody who hears what a narrator says."""

    def __init__(self) -> None:
        self.recorder = EventRecorder()

    @asynccontextmanager
    async def narrator(self) -> AsyncIterator[tuple[Narrator, Conversation]]:
        memory = WindowMemory(system_prompt="", turns=5)
        conversation = Conversation(
            pipeline(ScriptedChat([]), CostingSynthesizer()), memory=memory, broadcast=Broadcast(self.recorder)
        )
        async with open_narrator(conversation) as narrator:
            yield narrator, conversation
        assert memory.messages() == []

    @property
    def heard(self) -> list[str]:
        return [event.heard for event in self.recorder.of(TurnEnded)]


def begin(narrator: Narrator, prompt: str = "", *, parent: UUID | None = None) -> UUID:
    run_id = uuid4()
    narrator.begin(run_id, parent, prompt, has_tools=False)
    return run_id


def test_replies_are_said_in_the_order_of_their_first_words() -> None:
    listener = Listener()

    async def body() -> None:
        async with listener.narrator() as (narrator, _):
            early, late = begin(narrator, "early?"), begin(narrator, "late?")
            narrator.add(early, "\n\n")
            narrator.add(late, "Late, ")
            await anyio.sleep(0.1)
            narrator.add(early, "Early, ")
            await anyio.sleep(0.1)
            narrator.add(late, "and done.")
            narrator.end(early, "", calls=False)
            narrator.end(late, "", calls=False)

    in_virtual_time(body)
    assert listener.heard == ["Late, and done.", "\n\nEarly, "]
    started = listener.recorder.of(TurnStarted)
    assert [(event.message, event.chat) for event in started] == [("late?", "langchain"), ("early?", "langchain")]


def test_what_is_stopped_before_it_could_begin_is_not_a_turn() -> None:
    """A reply that is stopped in the moment of its first word is not at the floor yet, which cannot cancel it."""
    listener = Listener()

    async def body() -> None:
        async with listener.narrator() as (narrator, _):
            stopped = begin(narrator)
            narrator.add(stopped, "Never heard.")
            narrator.stop()
            narrator.add(stopped, "Nor this.")
            with anyio.fail_after(1):
                await narrator.quiet()
            narrator.end(begin(narrator), "Heard.", calls=False)

    in_virtual_time(body)
    assert listener.heard == ["Heard."]


def test_of_replies_that_fail_only_theirs_are_silent() -> None:
    listener = Listener()

    async def body() -> None:
        async with listener.narrator() as (narrator, _):
            chain = uuid4()
            narrator.enter(chain, None)
            spoken, waiting, unrelated = begin(narrator, parent=chain), begin(narrator, parent=chain), begin(narrator)
            for run_id, text in ((spoken, LONG), (waiting, LONG), (unrelated, "Heard.")):
                narrator.end(run_id, text, calls=False)
                await anyio.sleep(0.5)
            narrator.fail(chain)

    in_virtual_time(body)
    cut, heard = listener.heard
    assert LONG.startswith(cut)
    assert cut != LONG
    assert heard == "Heard."


def test_a_reply_that_is_cut_short_while_it_is_written_does_not_go_on() -> None:
    listener = Listener()

    async def body() -> None:
        async with listener.narrator() as (narrator, conversation):
            cut = begin(narrator)
            narrator.add(cut, LONG)
            await anyio.sleep(1)
            assert conversation.interrupt()
            await anyio.sleep(1)
            narrator.add(cut, "Nobody hears this.")
            with anyio.move_on_after(1) as still_written:
                await narrator.quiet()
            assert still_written.cancelled_caught
            narrator.end(cut, "", calls=False)
            await narrator.quiet()
            narrator.end(begin(narrator), "Next.", calls=False)

    in_virtual_time(body)
    assert len(listener.heard) == 2
    assert LONG not in listener.heard
    assert listener.heard[-1] == "Next."


def test_whatever_is_still_being_written_at_the_end_is_said_as_far_as_it_came() -> None:
    listener = Listener()

    async def body() -> None:
        async with listener.narrator() as (narrator, _):
            narrator.add(begin(narrator), "Half a sen")
            begin(narrator)
            await anyio.sleep(1)
        narrator.add(begin(narrator), "Too late.")
        await narrator.quiet()

    in_virtual_time(body)
    assert listener.heard == ["Half a sen"]


def test_cancelling_leaves_nobody_waiting() -> None:
    async def body() -> None:
        async with anyio.create_task_group() as tasks:
            with anyio.move_on_after(1):
                async with Listener().narrator() as (narrator, _):
                    begin(narrator)
                    narrator.add(begin(narrator), LONG)
                    tasks.start_soon(narrator.quiet)
                    await anyio.sleep_forever()

    in_virtual_time(body)
