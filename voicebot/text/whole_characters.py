"""Characters of a text that comes in deltas: halves of one are joined, and what no encoding can hold is replaced.

JSON writes a character beyond U+FFFF as two halves. A server may send them in two deltas, or a model only one of them:
such a text can be neither sent nor kept.
"""

from __future__ import annotations


class WholeCharacters:
    """Lets whole characters through; a first half waits for the second."""

    def __init__(self) -> None:
        self._half = ""

    def feed(self, delta: str) -> str:
        """What of the text is whole, whatever follows."""
        if not self._half and (delta.isascii() or _is_whole(delta)):
            return delta
        text = self._half + delta
        self._half = text[-1:] if "\ud800" <= text[-1:] <= "\udbff" else ""
        return _joined(text[: len(text) - len(self._half)])

    def flush(self) -> str:
        """The rest of it."""
        rest, self._half = self._half, ""
        return _joined(rest)


def _is_whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _joined(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
