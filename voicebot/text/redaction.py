"""Takes secrets out of text that leaves the process: some servers repeat in an error what they were sent."""

from __future__ import annotations

import re
from collections.abc import Iterable

REDACTED = "[secret]"
_SHORTEST = 8
"""Characters; shorter ones are words such as EMPTY or ollama, which stand for no key and may stand in any reply."""
_TELLING = 6
"""Characters; where a text ends or is shortened, this many of the beginning of a secret are taken for a part of it.
Ordinary words that end there rarely begin so, and what is left tells little of a secret."""
_SHORTENED = "…"
_TOO_FEW = 3
"""Characters; this many of the beginning of a secret are not a sign of one within a word."""
_USER_INFORMATION = re.compile(r"(?<=://)[^\s/?#@\"'<>]*:[^\s/?#\"'<>]*@")


def spellings(secrets: Iterable[str]) -> tuple[str, ...]:
    """What to look for in text: each secret as it is, in an address, in JSON and in Base64; the longest first."""
    import json  # not before there is a secret: `voicebot --help` would wait for them
    from base64 import b64encode
    from urllib.parse import quote

    found: set[str] = set()
    for secret in map(str.strip, secrets):
        if len(secret) >= _SHORTEST:
            found |= {secret, quote(secret, safe=""), quote(secret), json.dumps(secret)[1:-1]}
            found.add(b64encode(secret.encode("utf-8", "replace")).decode())
    return tuple(sorted(found, key=len, reverse=True))


def redact(text: str, spelled: Iterable[str]) -> str:
    """`text` without the secrets that are `spelled` in it, as `spellings` names them.

    One whose end is missing goes too, at the end of `text` and where `…` tells that somebody has shortened it.
    """
    spelled = tuple(spelled)
    for spelling in spelled:
        text = text.replace(spelling, REDACTED)
    if spelled:
        *shortened, rest = text.split(_SHORTENED)
        text = _SHORTENED.join([*(_shortened(part, spelled) for part in shortened), _ended(rest, spelled)])
    return text


def _shortened(text: str, spelled: tuple[str, ...]) -> str:
    """`text` without the beginning of a secret at its end, where there may be whitespace behind it."""
    words = text.rstrip()
    return _ended(words, spelled) + text[len(words) :]


def _ended(text: str, spelled: tuple[str, ...]) -> str:
    """`text` without the beginning of a secret at its end."""
    start = _beginning(text, spelled)
    return text if start == len(text) else text[:start] + REDACTED


def _beginning(text: str, spelled: tuple[str, ...]) -> int:
    """The place where the beginning of a secret at the end of `text` starts; the length of `text` without one."""
    first = len(text)
    for spelling in spelled:
        start = text.find(spelling[:_TELLING], max(0, len(text) - len(spelling)))
        while 0 <= start < first and not spelling.startswith(text[start:]):
            start = text.find(spelling[:_TELLING], start + 1)
        if 0 <= start < first:
            first = start
    return first


def without_passwords(text: str) -> str:
    """`text` without user and password in its addresses, for what a person did not write."""
    return _USER_INFORMATION.sub("", text) if "://" in text else text


class StreamRedactor:
    """Takes secrets out of a text that comes in deltas; the result does not depend on where they are cut.

    What may be the beginning of a secret is held back until it is known; of ordinary text, that is next to nothing.
    Where the text ends, so does the secret: of what is held then, only the first letters of a word are passed on.
    Behind a letter or digit a beginning is noticed after three characters, which stay: every word that ends like the
    beginning of a key would be late otherwise.
    """

    def __init__(self, spelled: Iterable[str]) -> None:
        self._spelled = spelled = tuple(spelled)
        alternatives = [
            f"(?<![A-Za-z0-9]){re.escape(one)}|(?<={re.escape(one[:_TOO_FEW])}){re.escape(one[_TOO_FEW:])}"
            for one in spelled
        ]
        self._secret = re.compile("|".join(alternatives)) if alternatives else None
        self._beginnings: dict[str, list[str]] = {}
        for end in range(max(map(len, spelled), default=0) - 1, 0, -1):
            for beginning in sorted({one[:end] for one in spelled if len(one) > end}):
                self._beginnings.setdefault(beginning[-1], []).append(beginning)
        self._passed = ""
        """The end of what was dealt with, as it came."""
        self._held = ""

    def feed(self, delta: str) -> str:
        """What of the text is free of secrets, whatever follows."""
        return self._pass_on(delta, more=True)

    def flush(self) -> str:
        """The rest of it; of a secret that is cut off there, nothing."""
        return self._pass_on("", more=False)

    def whole(self, text: str) -> str:
        """A text of its own, which comes in one piece, without its secrets."""
        return redact(text, self._spelled)

    def _pass_on(self, delta: str, *, more: bool) -> str:
        if self._secret is None:
            return delta
        text, at = self._passed + self._held + delta, len(self._passed)
        out: list[str] = []
        unread = 0
        while True:
            found = self._secret.search(text, at)
            held = self._held_from(text, at) if more else len(text)
            if found is None or found.start() >= held:
                break
            out += [text[at : found.start()], REDACTED]
            at = unread = found.end()
        cut_off = len(text) if more else max(at, unread + _beginning(text[unread:], self._spelled))
        out += [text[at:cut_off], REDACTED] if cut_off < held else [text[at:held]]
        self._passed, self._held = text[max(0, held - _TOO_FEW) : held], text[held:]
        return "".join(out)

    def _held_from(self, text: str, at: int) -> int:
        """Where in `text`, from `at` on, a secret may begin that ends behind it."""
        for beginning in self._beginnings.get(text[-1:], ()):  # the longest first
            start = len(text) - len(beginning)
            if start < 0 or not text.endswith(beginning):
                continue
            if start >= at and not _is_letter_or_digit(text[start - 1 : start] if start else ""):
                return start
            if len(beginning) > _TOO_FEW and start + _TOO_FEW >= at:
                return start + _TOO_FEW
        return len(text)


def _is_letter_or_digit(character: str) -> bool:
    return character.isascii() and character.isalnum()
