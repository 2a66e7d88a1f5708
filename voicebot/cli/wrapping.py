"""Breaks a text that arrives piece by piece into lines that fit the terminal, between words.

Columns are counted as terminals do: East Asian wide characters take two. Japanese and Chinese may be broken between any
two characters, except where one of them must not begin or end a line (kinsoku, JIS X 4051).
"""

from __future__ import annotations

from collections.abc import Callable

from wcwidth import iter_graphemes, width

_NOT_FIRST = frozenset(
    "、。，．・：；？！゛゜ヽヾゝゞ々ー〜～…‥％‰℃°"
    "）」』】〉》〕〗〙］｝｣､｡･ｰﾞﾟ"
    "ぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶㇰㇱㇲㇳㇴㇵㇶㇷㇸㇹㇺㇻㇼㇽㇾㇿｧｨｩｪｫｬｭｮｯ"
    "’”'\".,;:!?)]}%"
)
"""A line does not begin with them."""
_NOT_LAST = frozenset("（「『【〈《〔〖〘［｛｢‘“'\"([{¥￥$＄#＃")
"""A line does not end with them."""
_LONGEST_HELD = 1000
"""Characters; what combines that many marks is not a word."""


class LineWrapper:
    """Takes a text in any pieces and returns it with line breaks, the same however it was split.

    The last word is held back until it is known where it ends; `flush` gives it out. A word that is longer than a line
    is left to the terminal, so that it can be copied in one piece.
    """

    def __init__(self, columns: Callable[[], int]) -> None:
        """`columns` tells how many there are now: terminals change their size."""
        self._columns = columns
        self.column = 0
        """How much of the line is taken by what was given out."""
        self._spaces = ""
        """Between the last word given out and the next: they are dropped where a line ends."""
        self._word = ""
        self._goes_on = False
        """The beginning of the word was longer than a line, and has been given out."""

    def feed(self, text: str) -> str:
        """What can be printed now that `text` has come."""
        *lines, last = (self._word + text).split("\n")
        self._word = ""
        printed = []
        for line in lines:
            printed.append(self._line(line) + "\n")
            self.new_line()
        return "".join([*printed, self._line(last, unfinished=True)])

    def flush(self) -> str:
        """The word that was held back: nothing more of it comes, or none will soon."""
        word, self._word = self._word, ""
        return self._line(word)

    def new_line(self) -> None:
        """The line was ended."""
        self.column, self._spaces = 0, ""

    def _line(self, text: str, *, unfinished: bool = False) -> str:
        """As much of a text without line ends as is sure; all of it unless it is `unfinished`."""
        printed, word = [], ""
        for grapheme in iter_graphemes(text):
            if _is_space(grapheme[0]):  # also one that a mark combines with: the mark may come later
                printed.append(self._placed(word))
                self._spaces += grapheme[0]
                word = grapheme[1:]
            elif word and _may_part(word[-1], grapheme[0]):
                printed.append(self._placed(word))
                word = grapheme
            else:
                word += grapheme
        if not unfinished:
            printed.append(self._placed(word))
        elif len(word) > _LONGEST_HELD or width(word) > self._columns():
            *begun, last = iter_graphemes(word)
            printed.append(self._placed("".join(begun) or last, needs=width(word)))
            self._word, self._goes_on = last if begun else "", True
        else:
            self._word = word
        return "".join(printed)

    def _placed(self, word: str, *, needs: int = 0) -> str:
        """A word behind the spaces before it, or on a new line if it, or the `needs` columns of it, do not fit."""
        if not word:
            return ""
        columns = self._columns()
        spaces, self._spaces = self._spaces, ""
        goes_on, self._goes_on = self._goes_on, False
        column = self.column + width(spaces)
        if self.column and column + (needs or width(word)) > columns and not goes_on:
            spaces, column = "\n", 0
        column += width(word)
        self.column = (column - 1) % columns + 1 if column else 0
        return spaces + word


def _is_space(character: str) -> bool:
    return character.isspace() and character not in "\u00a0\u202f\u2007"  # these must not be broken at


def _may_part(before: str, after: str) -> bool:
    """Whether a line may end between two characters that no space separates."""
    return (_is_ideographic(before) or _is_ideographic(after)) and before not in _NOT_LAST and after not in _NOT_FIRST


def _is_ideographic(character: str) -> bool:
    """Whether lines are broken around it as in Japanese and Chinese; Korean is broken between words."""
    return character > "\u2e7f" and width(character) == 2 and not "\uac00" <= character <= "\ud7a3"
