"""What keeps sentences together: an open bracket or quotation, code within a line, an *action*, emphasis."""

from __future__ import annotations

import re

from voicebot.text.characters import is_cjk

_LONGEST = 150
"""Characters; what has been open for longer no longer keeps its sentences together."""
_LONGEST_WESTERN = 60
"""The same for quotations outside Chinese and Japanese, which need more characters to say as much, and for code."""
_WESTERN = frozenset('"“„«»`')
_EMPHASIS = re.compile(r"(?<=\S)\*+|\*+(?=[^\s*])")


class Holds:
    """What is open in a sentence, from the outermost opening mark until everything is closed."""

    __slots__ = ("acting", "brackets", "quotations", "since", "ticks")

    def __init__(self, since: int) -> None:
        self.since = since
        """Where the outermost mark stands."""
        self.brackets = 0
        """How many brackets are open."""
        self.quotations = ""
        """The marks of the quotations that are open: " for any straight one, « for either guillemet, „."""
        self.ticks = 0
        """How many ` opened the code that is open."""
        self.acting = False
        """Whether an *action* is open."""

    @property
    def keeps_sentences(self) -> bool:
        """Whether a sentence that ends now is part of another one."""
        return self.brackets > 0 or self.quotations != "" or self.acting

    @property
    def is_empty(self) -> bool:
        """Whether everything is closed."""
        return not (self.ticks or self.keeps_sentences)

    @property
    def name(self) -> str:
        """What keeps the sentence together, for people to read."""
        return "within an action" if self.acting else "within a quotation" if self.quotations else "within brackets"

    def is_stale(self, text: str, at: int) -> bool:
        """Whether at `at` it has been open for so long that it will hardly be closed."""
        length = at - self.since
        if length <= _LONGEST_WESTERN:
            return False
        return length > _LONGEST or (text[self.since] in _WESTERN and not is_cjk(text[self.since + 1]))

    def may_be_misread(self, text: str) -> bool:
        """Whether the outermost mark may have opened nothing: a quotation mark, a star or a `, not a bracket."""
        return text[self.since] in _WESTERN or text[self.since] == "*"

    def close_quotation(self, mark: str) -> None:
        """Close all quotations that `mark` opened."""
        self.quotations = self.quotations.replace(mark, "")


def is_emphasis_open(text: str, at: int) -> bool:
    """Whether *emphasis* in the sentence at the beginning of `text` is still open at `at`."""
    if text.find("*", 0, at) < 0:
        return False
    return len(_EMPHASIS.findall(text, 0, at)) % 2 == 1
