"""Waits for an engine that is gone."""

from __future__ import annotations

import logging
from contextlib import aclosing

import anyio

from voicebot.errors import SynthesisError, VoiceUnavailable
from voicebot.protocols import Synthesizer

log = logging.getLogger(__name__)
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.5, 10.0
_TEXT = "1"
"""What any engine can say, in any language."""


async def engine_answers(synthesizer: Synthesizer) -> None:
    """Return when the engine answers, at once where it does; an engine that fails at a text does answer."""
    pause = _FIRST_PAUSE_SECONDS
    while True:
        try:
            async with aclosing(synthesizer.synthesize(_TEXT)) as pieces:
                async for _ in pieces:
                    return
        except VoiceUnavailable as error:
            log.warning("the voice is gone, jobs are left to other workers: %s", error.in_one_line)
        except SynthesisError:
            return
        except Exception as error:  # noqa: BLE001 - a bug of a plugin, which is to end no worker
            log.error("the voice failed with an unexpected %s", type(error).__name__)
            return
        else:
            return
        await anyio.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
