"""Makes text from elsewhere harmless where a person reads it: nothing in it steers a terminal.

A model, a server, a tool or a file may send escape codes, which change colours, the clipboard or the title, erase what
stands above, or answer for the keyboard. Each character is judged alone, so the result does not depend on how a reply
was split into deltas, and no sequence can be put together from two of them.
"""

from __future__ import annotations

import re

_BIDI = "\u202a-\u202e\u2066-\u2069"
"""Embeddings, overrides and isolates: they show text in another order than it has."""
_HIDING = "\u206a-\u206f\ufff9-\ufffb\U000e0000-\U000e007f"
"""Deprecated format characters, annotations and tags: text that is copied and never seen. Joiners, variation selectors
and zero-width spaces are not among them, since emoji, kanji and Thai need them."""
_CONTROLS = "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"
_LINE_ENDS = "\x0b\x0c\r\x85\u2028\u2029"

_HARMFUL = re.compile(f"[{_CONTROLS}{_LINE_ENDS}{_BIDI}{_HIDING}\ud800-\udfff]")
_LINE_END = re.compile(f"\r\n|[{_LINE_ENDS}]")
_CONTROL = re.compile(f"[{_CONTROLS}]")
_UNSEEN = re.compile(f"[{_BIDI}{_HIDING}]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_UNSAFE_IN_JSON = re.compile(f"[\x7f-\x9f\u2028\u2029{_BIDI}{_HIDING}\ud800-\udfff]")


def safe_display(text: str) -> str:
    """`text` for a terminal or a page: newlines and tabs stay, other controls become ·, what is never seen goes."""
    if _HARMFUL.search(text) is None:
        return text
    text = _CONTROL.sub("·", _LINE_END.sub("\n", text))
    return _SURROGATE.sub("\ufffd", _UNSEEN.sub("", text))


def safe_line(text: str) -> str:
    """`text` on one line, for a cell of a table or a name: line ends as ⏎, other controls as ·, tabs as spaces."""
    return safe_display(text).replace("\n", "⏎").replace("\t", " ").strip()


def safe_json(text: str) -> str:
    """JSON in which the characters that steer a terminal or reorder text are escaped; every other stays as it is."""
    return _UNSAFE_IN_JSON.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    units = match[0].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4))
