"""What was said in replies with sound: a later request names one by the id of its sound instead of repeating it."""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable

from voicebot.server.refusals import Refusal

KEPT_SECONDS = 3600
_MOST = 10_000


class SpokenReplies:
    """Keeps texts for an hour, each for the person who heard it; when there are too many, the oldest go sooner."""

    def __init__(self, *, now: Callable[[], float] = time.time) -> None:
        """`now` is in seconds since 1970."""
        self._now = now
        self._kept: OrderedDict[tuple[str, str], tuple[float, str]] = OrderedDict()

    def new_id(self) -> str:
        """An id for sound that is about to be made."""
        return f"audio_{secrets.token_hex(12)}"

    def keep(self, person: str, id: str, text: str) -> int:
        """Keep what was said; return until when, in seconds since 1970."""
        now = self._now()
        while self._kept and (len(self._kept) >= _MOST or next(iter(self._kept.values()))[0] <= now):
            self._kept.popitem(last=False)
        self._kept[person, id] = (now + KEPT_SECONDS, text)
        return int(now + KEPT_SECONDS)

    def text(self, person: str, id: str, *, param: str) -> str:
        """What was said. Raises Refusal for what is not known any more, or was said to somebody else."""
        until, text = self._kept.get((person, id), (0.0, ""))
        if until <= self._now():
            hint = "send the text as content: sound is known by its id for an hour"
            raise Refusal(404, f"{param}: there is no such sound", hint=hint, param=param, code="not_found")
        return text
