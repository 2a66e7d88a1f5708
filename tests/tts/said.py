"""What a synthesizer makes of one text, as the turn would have it."""

from __future__ import annotations

from contextlib import aclosing

from voicebot.protocols import Synthesizer
from voicebot.speech import AS_CONFIGURED, Audio, Clip, Span, Style, Utterance


async def only_audio(synthesizer: Synthesizer, text: str, style: Style = AS_CONFIGURED) -> Audio:
    """The audio of `text`, which must come in one piece."""
    async with aclosing(synthesizer.synthesize(text, style)) as pieces:
        (audio,) = [audio async for audio in pieces]
    return audio


async def only_clip(synthesizer: Synthesizer, text: str, style: Style = AS_CONFIGURED) -> Clip:
    """The same as a clip, for its length."""
    audio = await only_audio(synthesizer, text, style)
    return Clip(Utterance(0, (Span(text, text, text),), 0, len(text)), audio.pcm, audio.format)
