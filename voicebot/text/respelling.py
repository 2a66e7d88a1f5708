"""Writes what is spoken as it is said: numbers, dates, signs and names in words, for engines that misread them.

The raw and the shown text stay; a word in speech belongs to what it stands for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from voicebot.speech import Span
from voicebot.text.characters import has_speech
from voicebot.text.language import has_japanese, reads_as_english, reads_as_japanese
from voicebot.text.lexicon import Lexicon, folded, half_width
from voicebot.text.patterns import compiled

Respelling = tuple[int, int, str]
"""Where something is said in other words: its start, its end, and the words."""


@dataclass(frozen=True, slots=True)
class OwnWords:
    """What a person says how to read."""

    kana: Lexicon = field(default_factory=lambda: Lexicon({}))
    """In Japanese text."""
    latin: Lexicon = field(default_factory=lambda: Lexicon({}))
    """In any other text."""
    accents: Mapping[str, int] = field(default_factory=dict)
    """Katakana → the mora behind which the pitch falls, or 0: for engines that can be told."""


_REMEMBERED = 300
"""Characters said before, which decide the language of text that shows none."""
_KANA = "[\u3041-\u30fa]"
_CHINESE = "[们这个为时对还让给说话吗呢您你吧么哪谁议电车东钱块岁两钟贵价问题发长门间关开]"
"""Forms that Japanese does not write."""
_MAY_DIFFER_IN_ENGLISH = (
    "[0-9@#&+=≠<>≤≥≈¼-¾⅐-⅞±]|[A-Z][a-z]{0,4}(?:\\.|-[A-Z])|\\b(?:e\\.g|i\\.e|vs|etc|approx|vol|fig|dept)\\b"
)


class Respeller:
    """Respells the utterances of one reply, in order."""

    def __init__(self, words: OwnWords | None = None) -> None:
        """`words` are the person's own and come before all others."""
        self._words = words or OwnWords()
        self._before = ""

    def feed(
        self, spans: Sequence[Span], *, languages: Iterable[str] = (), reads: Iterable[str] = ()
    ) -> tuple[Span, ...]:
        """The spans of the next utterance, spoken as it is said.

        The engine speaks `languages`, and reads those in `reads` well by itself (BCP 47; empty `languages`: unknown).
        Linear in the length of the text.
        """
        spoken = "".join([span.spoken for span in spans])
        found = self._respellings(spoken, _codes(languages), _codes(reads)) if spoken else []
        self._before = (self._before + " " + spoken)[-_REMEMBERED:]
        return respelled(spans, found)

    def _respellings(self, text: str, languages: set[str], reads: set[str]) -> list[Respelling]:
        language = self._language_of(text, languages)
        words = self._words.kana if language == "ja" else self._words.latin
        own = [*words.find(folded(text))] if words else []
        if language in reads:
            return own
        if language == "ja":
            return in_order(own, _japanese(text))
        if language == "en" and compiled(_MAY_DIFFER_IN_ENGLISH).search(text) is not None:
            from voicebot.text.english_short_forms import english_short_forms
            from voicebot.text.english_words import english_words
            from voicebot.text.shortcuts import shortcuts

            return in_order(own, [*shortcuts(text, "en"), *english_short_forms(text), *english_words(text)])
        return own

    def _language_of(self, text: str, languages: set[str]) -> str:
        """The language in which an engine that speaks `languages` reads `text`; "" for one without rules."""
        if languages == {"ja"}:
            return "ja"
        if has_japanese(text) or has_japanese(self._before):
            if compiled(_KANA).search(text) is None and compiled(_CHINESE).search(text) is not None:
                return ""
            if reads_as_japanese(text, self._before):
                return "ja"
            if has_japanese(text) and not reads_as_english(text):
                return "ja" if compiled(_KANA).search(text) is not None else ""  # without any it is Chinese
        speaks_english = not languages or "en" in languages
        return "en" if speaks_english and reads_as_english(text, self._before) else ""


def warm_up() -> None:
    """Compile the rules, which takes 50 ms, while nobody waits for it."""
    for text in ("1から。", "1"):
        Respeller().feed([Span(text, text, text)])


def _codes(tags: Iterable[str]) -> set[str]:
    return {tag.partition("-")[0].lower() for tag in tags}


def _japanese(text: str) -> list[Respelling]:
    from voicebot.text.homographs import homographs
    from voicebot.text.japanese_words import japanese_words
    from voicebot.text.latin_names import latin_names
    from voicebot.text.shortcuts import shortcuts

    plain = half_width(text)
    others = [*latin_names(plain), *japanese_words(plain), *homographs(text)]
    return in_order([], [*shortcuts(plain, "ja"), *others])


def in_order(first: Sequence[Respelling], others: Iterable[Respelling]) -> list[Respelling]:
    """All of them that do not overlap: `first` wins, then whatever begins earlier, then the longer one."""
    kept: list[Respelling] = []
    at, place = 0, 0
    for each in sorted(others, key=lambda each: (each[0], -each[1])):
        while place < len(first) and first[place][0] <= each[0]:
            kept.append(first[place])
            at = max(at, first[place][1])
            place += 1
        if each[0] >= at and (place == len(first) or each[1] <= first[place][0]):
            kept.append(each)
            at = each[1]
    return [*kept, *first[place:]]


def respelled(spans: Sequence[Span], respellings: Sequence[Respelling]) -> tuple[Span, ...]:
    """`spans` with other words at some places of their spoken text; what is said as it is written stays exact.

    A span that is not said as it is written becomes one with whatever respelling touches it.
    """
    if not respellings:
        return tuple(spans)
    result: list[Span] = []
    group: list[Span] = []
    """What one or more respellings cover."""
    group_start = covered = place = first = 0
    for start, span in _cut(spans, respellings):
        end = start + len(span.spoken)
        known = place
        while span.spoken and place < len(respellings) and respellings[place][0] < end:
            covered = respellings[place][1]
            place += 1
        if start >= covered:
            result.append(span)
            continue
        if not group:
            group_start, first = start, known
        group.append(span)
        if end >= covered:
            result.append(_joined(group, group_start, respellings[first:place]))
            group = []
    if not has_speech("".join([span.spoken for span in result])):
        return tuple([Span(span.raw, span.shown, "", span.kind) for span in result])
    return tuple(result)


def _cut(spans: Iterable[Span], respellings: Sequence[Respelling]) -> Iterator[tuple[int, Span]]:
    """The spans and where they begin in speech, cut where respellings begin and end if they are said as written."""
    cuts = [cut for start, end, _ in respellings for cut in (start, end)]
    at = place = 0
    for span in spans:
        start = begun = at
        at += len(span.spoken)
        exact = span.raw == span.shown == span.spoken
        while place < len(cuts) and cuts[place] < at:
            cut = cuts[place]
            if exact and cut > begun:
                yield begun, _piece(span, begun - start, cut - start)
                begun = cut
            place += 1
        yield begun, span if begun == start else _piece(span, begun - start, at - start)


def _piece(span: Span, start: int, end: int) -> Span:
    text = span.spoken[start:end]
    return Span(text, text, text, span.kind)


def _joined(group: Sequence[Span], start: int, respellings: Sequence[Respelling]) -> Span:
    """One span for several, with the words of the respellings in it."""
    spoken = "".join([span.spoken for span in group])
    said, at = "", start
    for first, last, words in respellings:
        said += spoken[at - start : first - start] + words
        at = last
    said += spoken[at - start :]
    raw, shown = ("".join(parts) for parts in zip(*[(span.raw, span.shown) for span in group], strict=True))
    return Span(raw, shown, said, group[0].kind)
