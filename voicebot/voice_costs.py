"""What the synthesis of each voice takes: learned by all who use it, and kept between runs in the state folder."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import aclosing, contextmanager, suppress
from pathlib import Path
from typing import Any

import anyio

from voicebot.errors import SynthesisError
from voicebot.pacing import VoiceCost
from voicebot.protocols import Synthesizer
from voicebot.text.speech_length import speech_seconds

_TRIAL_SECONDS = 3.0
"""An engine that takes longer for a word is slow: that much is known then."""


def costs_path() -> Path:
    """The file that remembers them."""
    import platformdirs

    return Path(platformdirs.user_state_dir("voicebot", appauthor=False)) / "voices.json"


def known_voices() -> list[str]:
    """The names of the voices that have spoken here."""
    return [*_read(costs_path())]


@contextmanager
def remembered_cost(voice: str) -> Iterator[VoiceCost]:
    """What is known of the voice with this identity; what it learns within the block is kept.

    A file that cannot be read counts as empty, and one that cannot be written stops nothing.
    """
    path = costs_path()
    cost = VoiceCost()
    for speech, took in _observed(_read(path).get(voice)):
        cost.learn(speech, took)
    before = list(cost.observed)
    try:
        yield cost
    finally:
        if list(cost.observed) != before:
            with suppress(OSError):
                _write(path, _read(path) | {voice: [[round(x, 3), round(y, 4)] for x, y in cost.observed]})


async def try_out(synthesizer: Synthesizer, cost: VoiceCost) -> None:
    """Let a voice that nobody has measured say a word to nobody, so that `cost` is not a mere guess.

    A failure is ignored here: it is reported when the voice is used.
    """
    if cost.observed:
        return
    text = "こんにちは。" if "ja" in synthesizer.capabilities.languages else "Hello there."
    began = anyio.current_time()
    with anyio.move_on_after(_TRIAL_SECONDS) as trial, suppress(SynthesisError):
        async with aclosing(synthesizer.synthesize(text)) as pieces:
            work_seconds = sum([audio.work_seconds async for audio in pieces])
        cost.learn(speech_seconds(text), work_seconds)
    if trial.cancelled_caught:
        cost.learn(speech_seconds(text), anyio.current_time() - began)


def _observed(entries: Any) -> list[tuple[float, float]]:  # Any: JSON that anybody may have edited
    try:
        return [(float(speech), float(took)) for speech, took in entries or ()]
    except (TypeError, ValueError):
        return []


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _write(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.{os.getpid()}")
    new.write_text(json.dumps(content, ensure_ascii=False, indent=0), encoding="utf-8")
    new.replace(path)
