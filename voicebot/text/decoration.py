"""What is never spoken: emoji, kaomoji and smileys.

A question that the characters seen so far cannot answer is answered with None: ask again when there is more.
"""

from __future__ import annotations

import re

from voicebot.text.patterns import compiled

DECORATION_CLASS = (
    "\u2600-\u2775\u2b00-\u2bff\U0001f000-\U0001faff\U0001fb00-\U0001fbff\u231a-\u23ff\u3030\u303dｗㅋㅎㅠㅜ"
)
EMOJI_CLASS = f"{DECORATION_CLASS}\u25a0-\u25ff\u2776-\u27bf"
"""For a pattern: also the shapes and dingbats behind which no sentence ends."""
DECORATION = re.compile(f"[{DECORATION_CLASS}\u200d\ufe0e\ufe0f\U000e0020-\U000e007f]")
"""Emoji, musical notes and what glues emoji together."""
ARMS = frozenset("ヽヾ＼\\٩ლ┐╰mo")
"""What may stand before the bracket of a kaomoji: ヽ(´▽｀)ノ, m(_ _)m."""
_LETTERS = r"[A-Za-z]{2}|[\u0400-\u052f]{2}|[\u0590-\u0fff]{2}|[\u3041-\u3096]{2}|[\u30a1-\u30fa]{2}|[\u3400-\u9fff]"
"""No face has these in a row; the vowel signs of (ब्लैडर) are not letters to `re`."""
_FACE = (
    r"[(（](?:笑|泣|汗|爆|怒|涙|照|苦笑|爆笑|大笑|w{1,3}|laughs?"
    r"|(?=(?:[^()（）\n]{0,12}?[^\w\s.,、。%/()（）]){2}|(\w)_\1[)）])"
    rf"(?:(?!{_LETTERS})[^()（）\n\d\"“”「」]){{1,14}})"
    r"[)）](?:[/／ﾉゞ丿♪☆;；۶]|[ノシvwmσo](?![A-Za-z\u30a1-\u30fa]))*"
)
"""A kaomoji, or a bracketed 笑 or laughs."""
_NO_FACE = (
    r"[(（](?!la(?:u(?:g(?:hs?)?)?)?\Z)(?:[^()（）\n]{0,14}?(?:\d|(?!ww)[A-Za-z]{2}|[\u0400-\u052f]{2}|[\u0590-\u0fff]{2}"
    r"|[\u3041-\u3096\u30a1-\u30fa\u3400-\u9fff]{2}|[\n\"“”「」(（]))"
)
_LONGEST_FACE = 18
SMILEY = re.compile(r"[:;=]['-]?[()DPp]{1,4}(?!\w)")
_SMILEY_BEGINS = re.compile(r"[:;=]['-]?[()DPp]{0,4}")


def face_pattern() -> re.Pattern[str]:
    """What a kaomoji, or a bracketed 笑, looks like."""
    return compiled(_FACE)


def face_end(text: str, start: int, end: int, final: bool) -> int | None:
    """Where a kaomoji or （笑） at `start` ends; `start` itself if there is none; None: unknown yet."""
    stop = min(end, start + _LONGEST_FACE)
    if (face := face_pattern().match(text, start, stop)) is not None:
        return face.end() if face.end() < end or final else None  # an arm may follow
    if stop - start >= _LONGEST_FACE or final or compiled(_NO_FACE).match(text, start, stop) is not None:
        return start
    return start if any(closer in text[start:stop] for closer in ")）") else None


def smiley_end(text: str, start: int, end: int, final: bool) -> int | None:
    """Where the ":-)" at `start` ends; `start` itself if there is none; None: unknown yet."""
    if not final and _SMILEY_BEGINS.fullmatch(text, start, end) is not None:
        return None
    smiley = SMILEY.match(text, start, end)
    return start if smiley is None else smiley.end()
