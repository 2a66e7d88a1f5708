"""The marks that a sentence may end with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from voicebot.text.characters import ELLIPSES, EXCLAIMS, FULL_STOPS, LETTER, STRONG_MARKS, STUCK_CLOSERS
from voicebot.text.decoration import DECORATION

WrittenMark = Literal["full stop", "mark", "dot", "ellipsis"]
"""A full stop that is sure (。), ! or ?, a full stop that has other uses, or an ellipsis."""
WRITTEN_MARKS: dict[str, WrittenMark] = {
    **dict.fromkeys(FULL_STOPS, "full stop"),
    **dict.fromkeys(EXCLAIMS, "mark"),
    **dict.fromkeys(ELLIPSES, "ellipsis"),
    **dict.fromkeys(".．", "dot"),
}
MarkKind = Literal[WrittenMark, "quote", "emoji", "action", "delimiter"]
"""Also: a quotation that closes behind a mark, an emoji, the end of an *action*, a delimiter of the configuration."""


@dataclass(slots=True)
class Mark:
    """A mark that a sentence may end with; places are indexes of a text that begins with the sentence."""

    kind: MarkKind
    at: int
    """Where it is."""
    cut: int
    """Where the cut would be: behind the mark and all that sticks to it."""
    seen: int
    """How far the text behind it has been looked at."""
    opened: int = 0
    """For a quotation: where it opened."""
    quoted: bool = False
    """Whether the mark ended a sentence within a quotation."""

    def take(self, character: str, kind: WrittenMark, at: int) -> None:
        """One more mark behind it: "!" and "。" outrank the ellipsis, which outranks the full stop."""
        if self.kind in ("delimiter", "mark"):
            return
        if kind in ("full stop", "mark"):
            self.kind, self.at = kind, at
        elif self.kind in ("dot", "emoji", "full stop") and (kind == "ellipsis" or character == "."):
            self.kind = "ellipsis" if self.kind != "emoji" or kind == "ellipsis" else "dot"
            self.at = at


def mark_within(text: str, opened: int, closed: int) -> Mark | None:
    """The mark before the bracket text[closed] that opened at `opened`, if the sentence around it may end there too."""
    within = text[opened] == "(" and LETTER.search(text, 0, opened) is not None
    at = closed - 1
    while at > opened and closed - at < 8:
        character = text[at]
        if character in STRONG_MARKS:
            quoted = text[closed] not in ")）]" and character not in ".．"
            if within and (character not in ".!?" or LETTER.search(text, opened, at) is None):
                return None
            return Mark("quote", at, closed + 1, closed + 1, opened, quoted)
        if not (character in STUCK_CLOSERS or character.isspace() or DECORATION.match(character)):
            return None
        at -= 1
    return None
