"""When voicebot is a media player, and what it shows: in virtual time, on a bus of the test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest

from tests.fakes import pipeline
from tests.virtual_time import in_virtual_time
from voicebot import events
from voicebot.conversation import Conversation
from voicebot.daemon.dispatcher import Dispatcher, open_dispatcher
from voicebot.daemon.mpris.door import show_what_is_spoken
from voicebot.daemon.mpris.state import BusGone, NowPlaying, Shown
from voicebot.memory.window import WindowMemory
from voicebot.testing import CostingSynthesizer, ScriptedChat

SENTENCE = "This sentence takes a while to be said to its very end."


class Bus:
    """A bus that can be missing, and remembers who was on it when, and what they showed."""

    def __init__(self) -> None:
        self.there = True
        self.taken: list[tuple[float, float]] = []
        self.shown: list[Shown] = []
        self.tried = 0
        self._cut = anyio.CancelScope()

    def show(self, shown: Shown) -> None:
        self.shown.append(shown)

    def cut(self) -> None:
        """Be gone from now on."""
        self.there = False
        self._cut.cancel()

    @asynccontextmanager
    async def open_player(self, _dispatcher: Dispatcher, shown: Shown) -> AsyncIterator[Bus]:
        self.tried += 1
        if not self.there:
            raise BusGone("no bus")
        began = anyio.current_time()
        self.shown.append(shown)
        try:
            with anyio.CancelScope() as self._cut:
                yield self
            if self._cut.cancelled_caught:
                raise BusGone("the bus has gone")
        finally:
            self.taken.append((began, anyio.current_time()))


@asynccontextmanager
async def playing() -> AsyncIterator[tuple[Dispatcher, Bus, anyio.Event]]:
    conversation = Conversation(
        pipeline(ScriptedChat([]), CostingSynthesizer(seconds=3)), memory=WindowMemory(system_prompt="", turns=5)
    )
    bus, closing = Bus(), anyio.Event()
    async with open_dispatcher(conversation) as dispatcher, anyio.create_task_group() as tasks:

        async def serve() -> None:
            await show_what_is_spoken(dispatcher, closing, open_player=bus.open_player)

        tasks.start_soon(serve)
        await anyio.sleep(1)
        yield dispatcher, bus, closing
        closing.set()


def test_the_name_is_taken_with_the_first_sound_and_given_back_five_seconds_after_the_last() -> None:
    async def main() -> None:
        async with playing() as (dispatcher, bus, _):
            asked = await dispatcher.say(SENTENCE)
            await asked.began.wait()
            began = anyio.current_time()
            await asked.ended.wait()
            ended = anyio.current_time()
            await anyio.sleep(60)
            assert len(bus.taken) == 1
            assert bus.taken[0] == pytest.approx((began, ended + 5))
            assert [one.status for one in bus.shown] == ["Playing", "Stopped"]
            assert (bus.shown[0].title, bus.shown[0].artist) == (SENTENCE, "costing")

    in_virtual_time(main)


def test_it_is_kept_when_somebody_speaks_within_the_five_seconds() -> None:
    async def main() -> None:
        async with playing() as (dispatcher, bus, _):
            for _ in range(3):
                await (await dispatcher.say(SENTENCE)).ended.wait()
                await anyio.sleep(4)
            last = anyio.current_time() - 4
            await anyio.sleep(60)
            assert [end for _, end in bus.taken] == pytest.approx([last + 5])
            assert [one.status for one in bus.shown] == ["Playing", "Stopped"] * 3

    in_virtual_time(main)


def test_it_is_kept_as_long_as_a_pause_lasts() -> None:
    async def main() -> None:
        async with playing() as (dispatcher, bus, _):
            asked = await dispatcher.say(SENTENCE)
            await asked.began.wait()
            dispatcher.pause()
            await anyio.sleep(100)
            assert bus.taken == []
            dispatcher.resume()
            await asked.ended.wait()
            await anyio.sleep(60)
            assert [one.status for one in bus.shown] == ["Playing", "Paused", "Playing", "Stopped"]

    in_virtual_time(main)


def test_what_is_told_between_turns_does_not_keep_it() -> None:
    async def main() -> None:
        async with playing() as (dispatcher, bus, _):
            await (await dispatcher.say(SENTENCE)).ended.wait()
            ended = anyio.current_time()
            for _ in range(20):
                await anyio.sleep(1)
                dispatcher.conversation.notify("Something else.")
            assert [end for _, end in bus.taken] == pytest.approx([ended + 5])

    in_virtual_time(main)


def test_a_bus_that_goes_is_tried_again_with_the_next_sentence_and_speech_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> None:
        async with playing() as (dispatcher, bus, _):
            asked = await dispatcher.say(f"{SENTENCE} {SENTENCE} {SENTENCE}")
            await asked.began.wait()
            await anyio.sleep(1)
            bus.cut()
            await asked.ended.wait()
            assert asked.state == "finished"
            bus.there = True
            await (await dispatcher.say("Back again.")).ended.wait()
            assert "Back again." in [one.title for one in bus.shown]
            assert bus.tried == 4

    in_virtual_time(main)
    assert [record.getMessage().split(" →")[0] for record in caplog.records] == ["the bus has gone"]


def test_when_the_daemon_closes_it_is_given_back_at_once() -> None:
    async def main() -> None:
        async with playing() as (dispatcher, bus, closing):
            await (await dispatcher.say(SENTENCE)).began.wait()
            closing.set()
            await anyio.sleep(0.1)
            assert len(bus.taken) == 1

    in_virtual_time(main)


def test_what_is_shown_is_one_short_line_that_a_bus_can_carry() -> None:
    now = NowPlaying()
    now.hear(events.PlaybackStarted("01a1-b", 0, 3, f"\x1b[31mOne\ud800\n\0two {'x' * 1000}", 1.0))
    assert now.shown.track == "/voicebot/01a1b/3"
    assert len(now.shown.title) <= 300
    assert now.shown.title.encode().isascii() or now.shown.title.isprintable()
    assert "\n" not in now.shown.title
