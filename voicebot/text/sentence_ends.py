"""Whether a sentence ends at a mark, once the next visible character is there.

The rules of the language at the marks themselves: the chunker finds a mark and asks here.
"""

from __future__ import annotations

import re
from typing import Literal

from voicebot.text.abbreviations import NAME_ENDS, ending_before, ends_before_word, ends_name
from voicebot.text.characters import CLOSERS, NEWLINES, STUCK_CLOSERS, is_cjk
from voicebot.text.decoration import ARMS, DECORATION, face_end, smiley_end
from voicebot.text.graphemes import extends
from voicebot.text.holds import is_emphasis_open
from voicebot.text.marks import WRITTEN_MARKS, Mark
from voicebot.text.next_character import ends_before

_NOTE = re.compile(r"\[(?:\d[\d,\-–; ]*|\.{1,3}|…)?\]?")
_LONGEST_NOTE = 16
_FIRST_WIDE_MARK = "\u2000"
"""From here on marks are followed by quotations without a space between them: はい！"Hello"…"""

Verdict = Literal["ends", "ends at once", "goes on", "open", "unclear"]
"""Whether the sentence ends at a mark: "at once" if nothing after it matters, "open" while nothing visible has come,
"unclear" while what has come does not decide."""


def look_behind(mark: Mark, text: str, end: int, final: bool) -> Verdict:
    """Take in what sticks to `mark`, then let the next visible character of text[:end] decide.

    `final` says that nothing will follow. `mark` keeps what was seen: while it is "open" or "unclear", ask again.
    """
    at = mark.seen
    while at < end:
        character = text[at]
        written = WRITTEN_MARKS.get(character)
        if written is not None:
            if at > mark.cut and written == "dot":  # " . . ." is an ellipsis, " .NET" is not, nor " ...and"
                behind = text[at + 1 : min(end, at + 3)]
                if not final and (not behind or behind == "."):
                    break
                if behind[:1].isalnum() or (behind == ".." and mark.kind != "ellipsis"):
                    return _verdict(mark, text, at, end, final)
            if written == "dot" and mark.kind == "quote" and at == mark.cut and text[mark.opened] == "(":
                mark.kind, mark.at = "dot", at  # (1998 г.).
            mark.take(character, written, at)
            at = mark.cut = at + 1
            if written == "full stop" and mark.kind == "full stop" and not is_tied(text, at - 1):
                mark.seen = at
                return "ends at once"
        elif (at == mark.cut and _sticks(text, mark, at)) or extends(character) or DECORATION.match(character):
            at = mark.cut = at + 1
        elif (
            character in "»'"
            and mark.kind in ("dot", "mark", "ellipsis")
            and at > mark.cut
            and (closed := _spaced_closer_end(text, at, end, final)) != at
        ):
            if closed is None:
                break
            at = mark.cut = closed
        elif character.isspace() and character not in NEWLINES:
            if mark.kind == "delimiter":
                mark.seen = at
                return "ends"
            at += 1
        elif character == "[" and mark.kind in ("dot", "mark") and (note := _note_end(text, at, end, final)) != at:
            if note is None:
                mark.seen = at
                return "unclear"
            at = mark.cut = note
        elif character in ARMS and at + 1 >= end and not final:
            break
        elif character in ARMS and text[at + 1 : at + 2] in ("(", "（"):
            at += 1
        elif mark.kind != "delimiter" and (face := _face_end(text, at, end, final)) != at:
            if face is None:
                mark.seen = at
                return "unclear"
            at = mark.cut = face
        else:
            return _verdict(mark, text, at, end, final)
    mark.seen = at
    return "open"


def _verdict(mark: Mark, text: str, at: int, end: int, final: bool) -> Verdict:
    mark.seen = at
    ends = ends_before(text, mark, at, end, final)
    return "unclear" if ends is None else "ends" if ends else "goes on"


def _spaced_closer_end(text: str, at: int, end: int, final: bool) -> int | None:
    """Where a closing mark after a space ends (« Quoi ! », ,,Wat? ''); `at` if it does not close; None: unknown yet."""
    closer = "»" if text[at] == "»" else "''"
    seen = text[at : min(end, at + len(closer) + 1)]
    if len(seen) <= len(closer) and not final:
        return None if closer.startswith(seen) else at
    return at + len(closer) if seen.startswith(closer) and not seen[len(closer) :].isalnum() else at


def _note_end(text: str, at: int, end: int, final: bool) -> int | None:
    """Where a footnote reference at `at` ends, such as [1] or [2-4]; `at` itself if there is none."""
    if text[:at].lstrip()[:1] == "[":  # a list of such notes
        return at
    seen = _NOTE.match(text, at, min(end, at + _LONGEST_NOTE))
    if seen is not None and seen[0][-1] == "]":
        return seen.end()
    return None if seen is not None and seen.end() == end and end - at < _LONGEST_NOTE and not final else at


def _face_end(text: str, at: int, end: int, final: bool) -> int | None:
    """Where a kaomoji or smiley at `at` ends; `at` itself if there is none; None: unknown yet."""
    if text[at] in "(（":
        return face_end(text, at, end, final)
    return smiley_end(text, at, end, final) if text[at] in ":;" else at


def _sticks(text: str, mark: Mark, at: int) -> bool:
    """Whether the closing mark text[at] belongs to the sentence that `mark` ends."""
    character = text[at]
    if character not in STUCK_CLOSERS:
        return False
    if character in "*_~`":
        return text.count(character, 0, at) > 0 and (
            character != "*" or is_emphasis_open(text, at) or text[at - 1] == "*"
        )
    return text[mark.at] < _FIRST_WIDE_MARK or character in CLOSERS


def is_tied(text: str, at: int) -> bool:
    """Whether even "。" has to wait: emphasis is still open, or it is part of a name (モーニング娘。)."""
    return is_emphasis_open(text, at) or (text[max(0, at - 1) : at + 1] in NAME_ENDS and ends_name(text, at))


def why_held(text: str, mark: Mark, at: int) -> str:
    """In two or three words, why no sentence ends at `mark` when the next visible character is text[at]."""
    if ends_name(text, mark.at):
        return "part of a name"
    glued, character = at == mark.cut, text[at : at + 1]
    if mark.kind == "dot":
        ending = ending_before(text, mark.at)[0]
        if ending in _ENDINGS:
            return _ENDINGS[ending]
        if glued:
            return "within a word or number"
    if character and is_cjk(character) and mark.kind != "ellipsis":
        return "a particle goes on"
    if mark.kind == "ellipsis":
        return "a hesitation"
    return "goes on in lower case" if character.islower() else "the sentence goes on"


_ENDINGS: dict[str, str] = {
    "never": "abbreviation",
    "by next word": "abbreviation",
    "before number": "abbreviation before a number",
    "initial": "initial",
    "ordinal": "ordinal",
}


def is_finished(text: str, mark: Mark) -> bool:
    """Whether the sentence, as far as it can be seen, is over."""
    if mark.kind != "dot" or text[mark.at] != ".":
        return True
    ending, previous, word = ending_before(text, mark.at)
    if ending == "initial":
        return ends_before_word(ending, previous, word, "the ", 0, 4, True) is True
    return ending != "never"
