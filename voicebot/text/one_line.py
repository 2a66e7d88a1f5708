"""Makes one clean line of what is spoken of a segment."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from voicebot.speech import Span
from voicebot.text.characters import CONTROL_CLASS, UNSPEAKABLE_CLASS, has_speech, is_cjk
from voicebot.text.pauses import end_mark, lacks_end

_CONTROLS = re.compile(f"[{CONTROL_CLASS}]+")
_UNEVEN = re.compile(
    rf"[^\S ][\s{UNSPEAKABLE_CLASS}]*+|\x20[\s{UNSPEAKABLE_CLASS}]++|[{UNSPEAKABLE_CLASS}][\s{UNSPEAKABLE_CLASS}]*+"
)
"""Whatever is not a letter or a single blank on one line."""
_NO_BLANK_BEFORE = frozenset(".,!?;:。、！？，．；：…")


def as_one_line(pieces: Iterable[Span], japanese: Callable[[], bool]) -> list[Span]:
    """`pieces` with even spoken parts: single blanks, none at the ends or before a mark, pauses where they lack."""
    line: list[Span] = []
    blank_at = -1
    """The span that ends with a blank if anything is said behind it."""
    parted = False
    """Whether something that is not spoken came behind it."""
    tail = ""
    """What was said last."""
    voiced = False
    for piece in _normalise_whitespace(pieces):
        spoken = piece.spoken
        if piece.kind == "pause":
            if lacks_end(tail):
                mark = end_mark(tail, japanese)
                line.append(Span("", "", mark, "pause"))
                tail, blank_at = mark, -1
            continue
        body = spoken.strip(" ")
        if not body:
            if spoken and tail and blank_at < 0:
                blank_at = len(line)
            parted = True
            line.append(Span(piece.raw, piece.shown, "", piece.kind))
            continue
        leading = spoken[0] == " "
        if blank_at >= 0:
            owner = line[blank_at]
            stuck = tail[-1] == "、" or (owner.kind == "table" and is_cjk(tail[-1]))
            if not stuck and not ((parted or piece.raw != spoken) and body[0] in _NO_BLANK_BEFORE):
                line[blank_at] = Span(owner.raw, owner.shown, owner.spoken + " ", owner.kind)
            keep = False
        else:
            keep = bool(tail)
        blank_at = -1
        if leading and not keep and piece.raw == spoken:
            line.append(Span(" ", " ", "", piece.kind))
            piece = Span(piece.raw[1:], piece.shown[1:], spoken[1:], piece.kind)
        if spoken[-1] == " ":
            blank_at = len(line)
        line.append(Span(piece.raw, piece.shown, " " * (leading and keep) + body, piece.kind))
        parted = False
        tail = (tail + body)[-16:]
        voiced = voiced or has_speech(body)
    if voiced:
        return line
    return [Span(span.raw, span.shown, "", span.kind) for span in line if span.raw]


def _normalise_whitespace(pieces: Iterable[Span]) -> Iterator[Span]:
    """`pieces` without control characters and with single blanks in speech; what is spoken as written stays exact."""
    for piece in pieces:
        spoken = piece.spoken
        if _UNEVEN.search(piece.raw) is None and _UNEVEN.search(spoken) is None:
            yield piece
        elif spoken != piece.raw:
            yield Span(piece.raw, _visible(piece.shown), _UNEVEN.sub(_blank, spoken), piece.kind)
        else:
            at = 0
            for run in _UNEVEN.finditer(spoken):
                if run.start() > at:
                    text = spoken[at : run.start()]
                    yield Span(text, text, text, piece.kind)
                yield Span(run[0], _visible(run[0]), _blank(run), piece.kind)
                at = run.end()
            if at < len(spoken):
                yield Span(spoken[at:], spoken[at:], spoken[at:], piece.kind)


def _blank(run: re.Match[str]) -> str:
    return " " if any(character.isspace() for character in run[0]) else ""


def _visible(text: str) -> str:
    """`text` without what would move a terminal's cursor, or cannot be written to it."""
    return _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
