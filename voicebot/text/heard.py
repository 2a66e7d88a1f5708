"""From seconds heard back to text. Pure."""

from __future__ import annotations

from voicebot.text.speech_length import speech_seconds

_JOINS_A_WORD = "'’-"


def heard_part(text: str, fraction: float) -> str:
    """The beginning of `text` that was heard when `fraction` (0 to 1) of its audio was.

    Proportional to the estimated speech time of its characters; a word that is written with spaces around it counts
    only when it was heard to its end.
    """
    if fraction >= 1:
        return text
    heard, limit = 0.0, fraction * speech_seconds(text)
    end = 0
    for position, character in enumerate(text):
        heard += speech_seconds(character)
        if heard > limit:
            break
        end = position + 1
    else:
        return text
    while 0 < end < len(text) and _inside_word(text[end - 1], text[end]):
        end -= 1
    return text[:end]


def _inside_word(before: str, after: str) -> bool:
    return all(
        (character.isalnum() and character < "\u0e00") or character in _JOINS_A_WORD for character in (before, after)
    )
