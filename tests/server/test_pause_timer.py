"""What is finished of a reply that is only read is shown while its model pauses."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence

import anyio
import pytest

from tests.machine import PATIENCE_SECONDS
from voicebot.audio.silent import SilentOutput
from voicebot.errors import ConfigError
from voicebot.events import SegmentReady, TurnEvent
from voicebot.messages import Message
from voicebot.pacing import Pacer
from voicebot.server.pause_timer import PauseTimer
from voicebot.speech import Outcome, Segment
from voicebot.text.chunking import Chunker
from voicebot.turn import Pipeline, speak_turn

pytestmark = pytest.mark.anyio


class WaitsUntilShown:
    """A chat model that goes on with each delta when the one before has been shown, and ends behind the last."""

    name = "patient"

    def __init__(self, *deltas: str, later_seconds: float = 0.0) -> None:
        self.deltas = deltas
        self.later_seconds = later_seconds
        self.shown = anyio.Event()
        self.segments = list[str]()

    async def stream_reply(self, messages: Sequence[Message]) -> AsyncGenerator[str, None]:  # noqa: ARG002 - the protocol has it
        for delta in self.deltas:
            self.shown = anyio.Event()
            yield delta
            await self.shown.wait()
            await anyio.sleep(self.later_seconds)

    def hear(self, event: TurnEvent) -> None:
        if isinstance(event, SegmentReady):
            self.segments.append(event.text)
            self.shown.set()


async def outcome_of(chat: WaitsUntilShown, new_chunker: Callable[[], Chunker] = Chunker) -> Outcome:
    output = SilentOutput(realtime=False)
    given = Pipeline(
        chat,
        None,
        output,
        new_chunker,
        Pacer,
        idle_seconds=0.01,
        patience_seconds=0.02,
        show_in_pauses=PauseTimer,
    )
    with anyio.fail_after(PATIENCE_SECONDS):
        return await speak_turn([Message("user", "?")], given, emit=chat.hear, scope=anyio.CancelScope())


@pytest.mark.parametrize("later_seconds", [0.0, 0.1])
async def test_a_finished_sentence_is_shown_in_each_pause(later_seconds: float) -> None:
    """Also where the model goes on before the second pause, which is later, and behind it, when there is no timer."""
    chat = WaitsUntilShown("One.", " Two.", " Three.", later_seconds=later_seconds)
    outcome = await outcome_of(chat)
    assert chat.segments == ["One.", " Two.", " Three."]
    assert outcome.heard == "One. Two. Three."


async def test_a_failure_in_a_pause_ends_the_turn_as_any_other() -> None:
    chat = WaitsUntilShown("One.")

    class FailsInPauses(Chunker):
        def release(self) -> list[Segment]:
            chat.shown.set()
            raise ConfigError("a strategy made elsewhere is wrong")

    outcome = await outcome_of(chat, FailsInPauses)
    assert outcome.error is not None
    assert outcome.error.message == "a strategy made elsewhere is wrong"
