"""One engine for many conversations: equal texts are said once, and nobody gets another's."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

import anyio
import pytest

from voicebot.errors import SynthesisError, VoiceUnavailable
from voicebot.protocols import Synthesizer
from voicebot.speech import AS_CONFIGURED, Audio, Style
from voicebot.testing import CostingSynthesizer
from voicebot.tts.shared import open_shared
from voicebot.tts.tone import ToneSynthesizer

pytestmark = pytest.mark.anyio


class Counting:
    """A synthesizer that counts what it is asked for, and works on it one piece after another."""

    name = identity = "counting"
    credit = ""
    format, capabilities = ToneSynthesizer().format, ToneSynthesizer.capabilities

    def __init__(self, error: SynthesisError | None = None) -> None:
        self.begun: list[tuple[str, Style]] = []
        self.ended: list[str] = []
        self.error = error
        self.go_on = anyio.Event()

    async def synthesize(self, text: str, style: Style = AS_CONFIGURED) -> AsyncGenerator[Audio, None]:
        """Two pieces: the second once it may go on."""
        self.begun.append((text, style))
        try:
            yield Audio(text.encode() + b" 1 ", self.format, work_seconds=0.5)
            await self.go_on.wait()
            if self.error is not None:
                raise self.error
            yield Audio(text.encode() + b" 2 ", self.format, work_seconds=0.5)
        finally:
            self.ended.append(text)


async def pcm(synthesizer: Synthesizer, text: str, style: Style = AS_CONFIGURED) -> bytes:
    async with aclosing(synthesizer.synthesize(text, style)) as pieces:
        return b"".join([piece.pcm async for piece in pieces])


async def test_what_several_say_at_the_same_time_is_made_once_and_each_hears_all_of_it() -> None:
    engine = Counting()
    heard: list[bytes] = []

    async def say(text: str) -> None:
        heard.append(await pcm(shared, text))

    async with open_shared(engine) as shared, anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(say, "Hello.")
        tasks.start_soon(say, "Good bye.")
        await anyio.wait_all_tasks_blocked()
        tasks.start_soon(say, "Hello.")  # comes when half of it is there
        await anyio.wait_all_tasks_blocked()
        engine.go_on.set()
    assert sorted(heard) == [b"Good bye. 1 Good bye. 2 "] + [b"Hello. 1 Hello. 2 "] * 6
    assert len(engine.begun) == 2


async def test_what_was_said_before_takes_the_engine_no_work() -> None:
    engine = Counting()
    engine.go_on.set()
    async with open_shared(engine) as shared:
        first = [piece async for piece in shared.synthesize("Hello.")]
        second = [piece async for piece in shared.synthesize("Hello.")]
        assert [piece.pcm for piece in first] == [piece.pcm for piece in second]
        assert [piece.work_seconds for piece in second] == [0.0, 0.0]
        assert len(engine.begun) == 1


async def test_another_voice_or_speed_is_another_sound() -> None:
    engine = Counting()
    engine.go_on.set()
    async with open_shared(engine) as shared:
        for style in (AS_CONFIGURED, Style("b"), Style("b", 2.0), AS_CONFIGURED):
            await pcm(shared, "Hello.", style)
    assert engine.begun == [("Hello.", AS_CONFIGURED), ("Hello.", Style("b")), ("Hello.", Style("b", 2.0))]


async def test_the_engine_goes_on_for_those_who_stay_and_stops_for_nobody() -> None:
    engine = Counting()
    async with open_shared(engine) as shared, anyio.create_task_group() as tasks:
        scopes = [anyio.CancelScope(), anyio.CancelScope()]

        async def say(scope: anyio.CancelScope) -> None:
            with scope:
                await pcm(shared, "Hello.")

        for scope in scopes:
            tasks.start_soon(say, scope)
        await anyio.wait_all_tasks_blocked()
        scopes[0].cancel()
        await anyio.wait_all_tasks_blocked()
        assert engine.ended == []
        scopes[1].cancel()
        await anyio.wait_all_tasks_blocked()
        assert engine.ended == ["Hello."]
        engine.go_on.set()
        assert await pcm(shared, "Hello.") == b"Hello. 1 Hello. 2 "  # nothing of the half is left


@pytest.mark.parametrize("kind", [SynthesisError, VoiceUnavailable])
async def test_an_error_is_told_to_all_who_wait_and_the_next_one_tries_again(kind: type[SynthesisError]) -> None:
    engine = Counting(kind("it is broken", hint="mend it"))
    errors: list[SynthesisError] = []

    async def say() -> None:
        with pytest.raises(kind, match="it is broken") as caught:
            await pcm(shared, "Hello.")
        errors.append(caught.value)

    async with open_shared(engine) as shared:
        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(say)
            await anyio.wait_all_tasks_blocked()
            engine.go_on.set()
        assert [error.hint for error in errors] == ["mend it"] * 3
        assert len({id(error) for error in errors}) == 3  # each may be raised with a traceback of its own
        engine.error = None
        assert await pcm(shared, "Hello.") == b"Hello. 1 Hello. 2 "


async def test_what_is_kept_is_bounded_the_oldest_goes_first() -> None:
    engine = Counting()
    engine.go_on.set()
    async with open_shared(engine, kept_bytes=40) as shared:  # two of them
        for text in ("a" * 4, "b" * 4, "a" * 4, "c" * 4, "a" * 4, "b" * 4):
            await pcm(shared, text)
    assert [text[0] for text, _ in engine.begun] == ["a", "b", "c", "b"]


async def test_it_is_the_engine_in_everything_else() -> None:
    engine = CostingSynthesizer()
    async with open_shared(engine) as shared:
        assert (shared.name, shared.identity, shared.credit) == (engine.name, engine.identity, engine.credit)
        assert (shared.format, shared.capabilities) == (engine.format, engine.capabilities)
        shared.expect("ja")  # an engine that loads nothing is told nothing
