"""The synthesis of one utterance: asked for again, waited for, or given up."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace

import anyio

from voicebot import events
from voicebot.errors import SynthesisError, VoiceUnavailable
from voicebot.pacing import Pacer
from voicebot.protocols import Synthesizer, synthesize_within
from voicebot.speech import AS_CONFIGURED, Audio, Clip, Utterance
from voicebot.translation import tr
from voicebot.turn_account import TurnAccount
from voicebot.utterance_queue import without_audio

_TRIES = 3
"""For one utterance, as long as the listener does not have to wait for them; two in any case."""
_BACK_WITHIN_SECONDS = 5.0
"""An engine that has gone may be back by then: somebody starts it again."""
_KNOCK_SECONDS = 0.25
"""How often we look whether it is back."""
_MOST_SECONDS = 1800.0
"""Of sound for one utterance."""


class _Frozen(VoiceUnavailable):
    """The engine is there and does not answer."""


async def clips_of(
    utterance: Utterance, lead: Callable[[], float], synthesizer: Synthesizer, pacer: Pacer, account: TurnAccount
) -> AsyncGenerator[Clip, None]:
    """Yield the clips of `utterance`; a bad answer is asked for again, an engine that has gone is waited for.

    `lead()` tells how many seconds of audio are before it.
    """
    bad_answers = 0
    gone_since = math.inf
    while True:
        begun = False
        try:
            pieces = synthesize_within(synthesizer, utterance.spoken, AS_CONFIGURED, lead())
            attempt = _try_to_say(utterance, pieces, synthesizer, pacer, account, restarted=gone_since < math.inf)
            async with aclosing(attempt) as made:
                async for clip in made:
                    begun = True
                    yield clip
            return
        except _Frozen:
            raise
        except VoiceUnavailable:
            gone_since = min(gone_since, anyio.current_time())
            back_by = gone_since + _BACK_WITHIN_SECONDS
            if begun or (anyio.current_time() >= back_by and not 0 < lead() < math.inf):
                raise
            await anyio.sleep(_KNOCK_SECONDS)
        except SynthesisError:
            bad_answers += 1
            if begun or bad_answers == _TRIES or (bad_answers > 1 and lead() <= 0):
                raise


async def _try_to_say(
    utterance: Utterance,
    pieces: AsyncGenerator[Audio, None],
    synthesizer: Synthesizer,
    pacer: Pacer,
    account: TurnAccount,
    *,
    restarted: bool,
) -> AsyncGenerator[Clip, None]:
    """Yield `pieces` as the clips of `utterance`: each as soon as it is there where the engine streams, else the only
    one."""
    streams, parallel = synthesizer.capabilities.streams, synthesizer.capabilities.parallel
    work_seconds = 0.0
    held: Clip | None = None
    async with aclosing(pieces):
        with pacer.synthesis(utterance, parallel=parallel) as patience_seconds:
            if restarted:
                patience_seconds = math.inf  # it loads its voices first: how long that takes is the adapter's to know
            while (audio := await _next_piece(pieces, patience_seconds, synthesizer.name)) is not None:
                if held is not None:
                    yield replace(held, last=False)
                work_seconds += audio.work_seconds
                _check_length(audio, synthesizer.name)
                held = Clip(utterance, audio.pcm, audio.format, timings=audio.timings)
                account.emit(
                    events.ClipReady(
                        *account.stamp(), utterance.index, held.seconds, audio.work_seconds, audio.format.sample_rate
                    )
                )
                if streams:
                    yield replace(held, last=False)
                    held = Clip(utterance, b"", audio.format)
    pacer.learn(utterance, work_seconds)
    yield held or without_audio(utterance)


def _check_length(audio: Audio, voice: str) -> None:
    """Raise SynthesisError for more sound than any utterance has: at another sample rate it may fill the memory."""
    seconds = len(audio.pcm) / audio.format.frame_bytes / audio.format.sample_rate
    if seconds > _MOST_SECONDS:
        raise SynthesisError(
            tr("{voice} made {minutes:.0f} minutes of sound for one utterance", voice=voice, minutes=seconds / 60),
            hint=tr("its engine may be broken, or say a wrong sample rate: start it anew"),
        )


async def _next_piece(pieces: AsyncGenerator[Audio, None], patience_seconds: float, voice: str) -> Audio | None:
    """The next piece of audio; None at the end. Raises _Frozen."""
    with anyio.move_on_after(patience_seconds):
        return await anext(pieces, None)
    raise _Frozen(
        tr("{voice} did not answer within {seconds:.0f} s", voice=voice, seconds=patience_seconds),
        hint=tr("it may hang: start its engine anew"),
    )
