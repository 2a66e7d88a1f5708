"""Two voices for one text: whichever begins first is heard, and the other gives its engine up."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
import pytest

from tests.distributed.broker import Broker
from tests.distributed.listening import configured
from tests.distributed.scripted_worker import PIECES, open_scripted_worker
from tests.machine import PATIENCE_SECONDS
from voicebot.distributed.client import open_rabbitmq
from voicebot.distributed.hedging import HedgedSynthesizer, hedge_after
from voicebot.errors import SynthesisError, VoiceUnavailable
from voicebot.protocols import synthesize_within
from voicebot.speech import AS_CONFIGURED, Audio, AudioFormat, Capabilities, Style
from voicebot.testing import CostingSynthesizer

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Both: only the broker needs asyncio."""
    backend = request.param
    assert isinstance(backend, str)
    return backend


class Held:
    """A voice that says its pieces, or fails, when it is let."""

    credit = ""
    format = AudioFormat(8000)

    def __init__(self, name: str, *pieces: Audio, error: SynthesisError | None = None) -> None:
        self.name = self.identity = name
        self.capabilities = Capabilities(reads=("en", name))
        self.asked, self.go, self.ended = anyio.Event(), anyio.Event(), anyio.Event()
        self.asked_for: list[Style] = []
        self._pieces, self._error = pieces, error

    def let(self) -> Held:
        self.go.set()
        return self

    async def synthesize(self, text: str, style: Style = AS_CONFIGURED) -> AsyncGenerator[Audio, None]:
        assert text
        self.asked_for.append(style)
        self.asked.set()
        try:
            await self.go.wait()
            for piece in self._pieces:
                yield piece
            if self._error:
                raise self._error
        finally:
            self.ended.set()


@asynccontextmanager
async def open_hedged(first: Held, second: Held, *, usual_seconds: float) -> AsyncGenerator[HedgedSynthesizer]:
    async with anyio.create_task_group() as tasks:
        yield HedgedSynthesizer(first, second, tasks, usual_seconds=lambda: usual_seconds, urgent_seconds=0.7)


async def said(voice: HedgedSynthesizer, style: Style = AS_CONFIGURED) -> list[Audio]:
    with anyio.fail_after(PATIENCE_SECONDS):
        return [piece async for piece in voice.synthesize("text", style, within_seconds=0.0)]


def test_it_is_late_when_it_is_unusual_or_the_listener_is_about_to_hear_silence() -> None:
    assert hedge_after(0.0, usual_seconds=1.0, urgent_seconds=0.7) == 1.0
    assert hedge_after(5.0, usual_seconds=1.0, urgent_seconds=0.5) == 4.5
    assert hedge_after(math.inf, usual_seconds=1.0, urgent_seconds=0.7) == math.inf


async def test_the_second_is_not_asked_where_the_first_begins() -> None:
    first, second = Held("first", *PIECES).let(), Held("second")
    async with open_hedged(first, second, usual_seconds=3600) as voice:
        assert await said(voice) == PIECES
    assert not second.asked.is_set()


async def test_the_second_says_it_where_the_first_is_late_and_the_first_is_stopped() -> None:
    first, second = Held("first", *PIECES[:1]), Held("second", *PIECES[1:]).let()
    async with open_hedged(first, second, usual_seconds=0) as voice:
        assert await said(voice, Style(voice="of the first", speed=2)) == PIECES[1:]
        with anyio.fail_after(PATIENCE_SECONDS):
            await first.ended.wait()
    assert second.asked_for == [Style(speed=2)]


async def test_the_first_is_heard_where_it_begins_while_the_second_works() -> None:
    first, second = Held("first", *PIECES), Held("second", *PIECES[:1])
    async with open_hedged(first, second, usual_seconds=0) as voice, anyio.create_task_group() as tasks:

        async def let_first() -> None:
            await second.asked.wait()
            first.let()

        tasks.start_soon(let_first)
        assert await said(voice) == PIECES
        with anyio.fail_after(PATIENCE_SECONDS):
            await second.ended.wait()


@pytest.mark.parametrize("usual_seconds", [0, 3600])
async def test_the_second_stands_in_for_an_engine_that_is_gone(usual_seconds: float) -> None:
    first, second = Held("first", error=VoiceUnavailable("gone")).let(), Held("second", *PIECES).let()
    async with open_hedged(first, second, usual_seconds=usual_seconds) as voice:
        assert await said(voice) == PIECES


async def test_a_text_that_cannot_be_said_is_not_given_to_another_voice() -> None:
    first, second = Held("first", error=SynthesisError("no vowels")).let(), Held("second", *PIECES).let()
    async with open_hedged(first, second, usual_seconds=3600) as voice:
        with pytest.raises(SynthesisError, match="no vowels"):
            await said(voice)
    assert not second.asked.is_set()


async def test_where_neither_can_speak_the_first_says_why() -> None:
    first, second = (Held(name, error=VoiceUnavailable(name)).let() for name in ("first", "second"))
    async with open_hedged(first, second, usual_seconds=3600) as voice:
        with pytest.raises(VoiceUnavailable, match="first"):
            await said(voice)


async def test_an_error_in_the_middle_is_told_behind_what_was_said() -> None:
    first = Held("first", PIECES[0], error=VoiceUnavailable("gone")).let()
    async with open_hedged(first, Held("second", *PIECES).let(), usual_seconds=3600) as voice:
        pieces = voice.synthesize("text")
        assert await anext(pieces) == PIECES[0]
        with pytest.raises(VoiceUnavailable, match="gone"):
            await anext(pieces)


async def test_who_stops_listening_stops_both() -> None:
    first, second = Held("first"), Held("second")
    async with open_hedged(first, second, usual_seconds=0) as voice:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(anext, voice.synthesize("text", within_seconds=0.0), None)
            await second.asked.wait()
            tasks.cancel_scope.cancel()
        with anyio.fail_after(PATIENCE_SECONDS):
            await first.ended.wait()
            await second.ended.wait()


async def test_a_text_is_written_so_that_both_can_read_it() -> None:
    async with open_hedged(Held("first"), Held("second"), usual_seconds=0) as voice:
        assert voice.capabilities.reads == ("en",)
        assert voice.name == "first"


@pytest.mark.parametrize("anyio_backend", ["asyncio"], indirect=True)
async def test_workers_that_are_late_are_told_that_it_is_said(broker: Broker) -> None:
    config = configured(broker)
    local = CostingSynthesizer(delay=0.0, rtf=0.0)
    async with (
        open_scripted_worker(broker.url, config.voice_class) as worker,
        open_rabbitmq(config, local) as voice,
        anyio.create_task_group() as tasks,
    ):
        heard: list[Audio] = []

        async def listen() -> None:
            heard.extend([piece async for piece in synthesize_within(voice, "text", AS_CONFIGURED, 0.0)])

        tasks.start_soon(listen)
        taken = await worker.take()
        assert taken.message.priority == 2
        await worker.is_cancelled(taken)
    assert heard == [piece async for piece in local.synthesize("text")]
