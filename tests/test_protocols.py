"""What a plug is told only if it takes it, however many synthesizers are made of one another."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from functools import partial

import anyio
import pytest

from tests.fakes import UrgentSynthesizer
from voicebot.conversation import in_style
from voicebot.plugins.synthesis import PluginSynthesizer
from voicebot.protocols import Synthesizer, synthesize_within, takes_urgency
from voicebot.speech import AS_CONFIGURED, Capabilities, Style
from voicebot.testing import CostingSynthesizer
from voicebot.tts.shared import open_shared

pytestmark = pytest.mark.anyio
FAST = Style(speed=2.0)


async def said(synthesizer: Synthesizer, within_seconds: float) -> None:
    async with aclosing(synthesize_within(synthesizer, "Hello.", AS_CONFIGURED, within_seconds)) as pieces:
        assert [audio async for audio in pieces]


@asynccontextmanager
async def all_around(engine: Synthesizer) -> AsyncIterator[list[Synthesizer]]:
    """The synthesizers made of `engine`, and one made of all of them."""
    async with open_shared(engine) as shared, open_shared(in_style(PluginSynthesizer(engine, "x"), FAST)) as onion:
        yield [shared, in_style(engine, FAST), PluginSynthesizer(engine, "engine"), onion]


async def test_a_synthesizer_that_wants_to_know_is_told_how_soon_its_audio_is_needed() -> None:
    engine = UrgentSynthesizer(delay=0.0, rtf=0.0)
    await said(engine, 1.5)
    await said(engine, math.inf)
    async with all_around(engine) as wrapped:
        for synthesizer in wrapped:
            await said(synthesizer, 0.25)
    assert engine.within == [1.5, math.inf, *[0.25] * 4]


async def test_a_synthesizer_that_does_not_ask_is_not_told() -> None:
    engine = CostingSynthesizer(delay=0.0, rtf=0.0)
    assert not takes_urgency(engine)
    await said(engine, 1.0)
    async with all_around(engine) as wrapped:
        for synthesizer in wrapped:
            await said(synthesizer, 1.0)
    assert engine.said == ["Hello."] * 5


async def test_what_several_say_is_as_urgent_as_the_first_who_asked() -> None:
    engine = UrgentSynthesizer(delay=0.01)
    async with open_shared(engine) as shared, anyio.create_task_group() as tasks:
        for within_seconds in (3.0, 0.0):
            tasks.start_soon(partial(said, shared, within_seconds))
            await anyio.wait_all_tasks_blocked()
    assert engine.within == [3.0]


async def test_what_an_engine_can_do_is_asked_anew_each_time() -> None:
    """A wrapper kept what the engine could do when it was wrapped, and an engine elsewhere may learn more."""
    engine = CostingSynthesizer()
    async with all_around(engine) as wrapped:
        engine.capabilities = Capabilities(parallel=7)
        assert [synthesizer.capabilities.parallel for synthesizer in wrapped] == [7] * 4
