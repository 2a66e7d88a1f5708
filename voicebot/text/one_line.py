"""Makes one clean line of what is spoken of a segment."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from voicebot.speech import Span
from voicebot.text.characters import CONTROL_CLASS, UNSPEAKABLE_CLASS, has_speech, is_cjk
from voicebot.text.pauses import end_mark, lacks_end

_CONTROLS = re.compile(f"[{CONTROL_CLASS}]+")
_UNCLEAN = re.compile(
    rf"[^\S ][\s{UNSPEAKABLE_CLASS}]*+|\x20[\s{UNSPEAKABLE_CLASS}]++|[{UNSPEAKABLE_CLASS}][\s{UNSPEAKABLE_CLASS}]*+"
)
"""Whitespace other than a single space, and what neither shows nor sounds."""
_NO_SPACE_BEFORE = frozenset(".,!?;:。、！？，．；：…")


def as_one_line(pieces: Iterable[Span], japanese: Callable[[], bool]) -> list[Span]:
    """`pieces` with clean spoken parts: single spaces, none at the ends or before a mark, pauses where they lack."""
    line: list[Span] = []
    space_at = -1
    """The span that ends with a space if anything is said behind it."""
    skipped = False
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
                tail, space_at = mark, -1
            continue
        body = spoken.strip(" ")
        if not body:
            if spoken and tail and space_at < 0:
                space_at = len(line)
            skipped = True
            line.append(Span(piece.raw, piece.shown, "", piece.kind))
            continue
        leading = spoken[0] == " "
        if space_at >= 0:
            owner = line[space_at]
            stuck = tail[-1] == "、" or (owner.kind == "table" and is_cjk(tail[-1]))
            if not stuck and not ((skipped or piece.raw != spoken) and body[0] in _NO_SPACE_BEFORE):
                line[space_at] = Span(owner.raw, owner.shown, owner.spoken + " ", owner.kind)
            keep = False
        else:
            keep = bool(tail)
        space_at = -1
        if leading and not keep and piece.raw == spoken:
            line.append(Span(" ", " ", "", piece.kind))
            piece = Span(piece.raw[1:], piece.shown[1:], spoken[1:], piece.kind)
        if spoken[-1] == " ":
            space_at = len(line)
        line.append(Span(piece.raw, piece.shown, " " * (leading and keep) + body, piece.kind))
        skipped = False
        tail = (tail + body)[-16:]
        voiced = voiced or has_speech(body)
    if voiced:
        return line
    return [Span(span.raw, span.shown, "", span.kind) for span in line if span.raw]


def _normalise_whitespace(pieces: Iterable[Span]) -> Iterator[Span]:
    """`pieces` without control characters and with single spaces in speech; what is spoken as written stays exact."""
    for piece in pieces:
        spoken = piece.spoken
        if _UNCLEAN.search(piece.raw) is None and _UNCLEAN.search(spoken) is None:
            yield piece
        elif spoken != piece.raw:
            yield Span(piece.raw, _visible(piece.shown), _UNCLEAN.sub(_space, spoken), piece.kind)
        else:
            at = 0
            for run in _UNCLEAN.finditer(spoken):
                if run.start() > at:
                    text = spoken[at : run.start()]
                    yield Span(text, text, text, piece.kind)
                yield Span(run[0], _visible(run[0]), _space(run), piece.kind)
                at = run.end()
            if at < len(spoken):
                yield Span(spoken[at:], spoken[at:], spoken[at:], piece.kind)


def _space(run: re.Match[str]) -> str:
    return " " if any(character.isspace() for character in run[0]) else ""


def _visible(text: str) -> str:
    """`text` without what would move a terminal's cursor, or cannot be written to it."""
    return _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
