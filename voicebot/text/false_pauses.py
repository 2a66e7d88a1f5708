"""Takes out the spaces at which a Japanese voice would make a pause.

Open JTalk, within VOICEVOX and its relatives, pauses for 0.3 s at every half-width space that is not between two Latin
words. Models write 今日は Python 3.13 と OpenAI API を使って.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from voicebot.speech import Span
from voicebot.text.language import reads_as_japanese
from voicebot.text.patterns import compiled

_JAPANESE = "[\u3000-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff\uff01-\uff9f\U00020000-\U0003ffff]"
"""Kana, kanji, and the marks and full-width letters that go with them."""
_FALSE_PAUSE = f"(?<={_JAPANESE}) +| +(?={_JAPANESE})"
_NOT_BEHIND_A_MARK = f"(?<={_JAPANESE}) +|(?<![.!?:;, ]) +(?={_JAPANESE})"
"""For a voice that takes "one.二" for one word."""


def without_false_pauses(spans: Sequence[Span], languages: Iterable[str]) -> tuple[Span, ...]:
    """`spans` without any spoken space beside a Japanese character, for a voice that speaks `languages` (BCP 47).

    A voice that speaks more than Japanese keeps the spaces of a text in another language with Japanese words in it,
    and those behind a Latin mark.
    """
    spoken = "".join([span.spoken for span in spans])
    if spoken.isascii() or " " not in spoken:
        return tuple(spans)
    only_japanese = {tag.partition("-")[0].lower() for tag in languages} == {"ja"}
    pattern = compiled(_FALSE_PAUSE if only_japanese else _NOT_BEHIND_A_MARK)
    gone = {at for space in pattern.finditer(spoken) for at in range(*space.span())}
    if not gone or not (only_japanese or reads_as_japanese(spoken)):
        return tuple(spans)
    kept: list[Span] = []
    start = 0
    for span in spans:
        end = start + len(span.spoken)
        kept += _without(span, [at - start for at in range(start, end) if at in gone])
        start = end
    return tuple(kept)


def _without(span: Span, gone: Sequence[int]) -> Iterator[Span]:
    """`span` in pieces that do not speak the spaces at `gone`; what is said as it is written stays exact."""
    if not gone:
        yield span
    elif not span.raw == span.shown == span.spoken:
        spoken = "".join([character for at, character in enumerate(span.spoken) if at not in gone])
        yield Span(span.raw, span.shown, spoken, span.kind)
    else:
        start = 0
        for at in [*gone, len(span.spoken)]:
            if text := span.spoken[start:at]:
                yield Span(text, text, text, span.kind)
            if at < len(span.spoken):
                yield Span(" ", " ", "", span.kind)
            start = at + 1
