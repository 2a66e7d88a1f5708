"""Who somebody is: the server's token, the one-use launch token of a page, and the cookie that a page gets for it."""

from __future__ import annotations

import hmac
import re
import secrets
import time
from collections.abc import Callable
from hashlib import sha256

OWNER = "owner"
"""Who asks with the token and does not say for whom."""
COOKIE_SECONDS = 30 * 24 * 3600
_LAUNCH_SECONDS = 600
_MOST_LAUNCHES = 64
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}")


class Keys:
    """Checks tokens and cookies. A comparison takes the same time wherever they differ."""

    def __init__(self, token: str, *, now: Callable[[], float] = time.time) -> None:
        """`now` is in seconds since 1970."""
        self._token = token
        self._now = now
        self._signing = hmac.digest(token.encode(), b"voicebot cookie", sha256)
        self._launches: dict[str, float] = {}

    def is_token(self, shown: str) -> bool:
        """Whether this is the server's token."""
        return _same(shown, self._token)

    def new_launch_token(self) -> str:
        """A token for one page, to be given to a browser; it expires after its first use, or after ten minutes."""
        for old in [launch for launch, until in self._launches.items() if until < self._now()]:
            del self._launches[old]
        while len(self._launches) >= _MOST_LAUNCHES:
            del self._launches[next(iter(self._launches))]
        launch = secrets.token_urlsafe(32)
        self._launches[launch] = self._now() + _LAUNCH_SECONDS
        return launch

    def use_launch_token(self, shown: str) -> bool:
        """Use up a launch token; tell whether it was valid."""
        found = [launch for launch in self._launches if _same(shown, launch)]
        return max((self._launches.pop(launch) for launch in found), default=0.0) >= self._now()

    def new_cookie(self, person: str = "") -> str:
        """The cookie of `person`, or of somebody new."""
        claim = f"{person or new_person()}.{int(self._now()) + COOKIE_SECONDS}"
        return f"{claim}.{self._signature(claim)}"

    def person_of(self, cookie: str) -> str | None:
        """Whose cookie this is; None for one that we have not made, or that is too old."""
        claim, _, signature = cookie.rpartition(".")
        if not _same(signature, self._signature(claim)):
            return None
        person, _, until = claim.rpartition(".")
        return person if int(until) >= self._now() else None

    def _signature(self, claim: str) -> str:
        return hmac.new(self._signing, claim.encode(errors="surrogatepass"), sha256).hexdigest()


def new_person() -> str:
    """A name that nobody else has."""
    return secrets.token_hex(12)


PERSON_FORM = "up to 64 ASCII letters, digits and _ . @ -"
"""What the name of a person is, in words."""


def is_person(name: str) -> bool:
    """Whether a program that has the token may use this as the name of a person."""
    return _NAME.fullmatch(name) is not None


def _same(shown: str, known: str) -> bool:
    return hmac.compare_digest(shown.encode(errors="surrogatepass"), known.encode())
