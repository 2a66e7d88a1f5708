"""What of a turn its listener has in front of them and behind them, counted in audio that was heard, not in time."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class _Made:
    """The audio of one clip that is not over."""

    seconds: float
    ask: Callable[[], float]
    heard: float = 0.0


class PlaybackClock:
    """Lead, silence and what was heard of one turn. Seconds everywhere; `now` is any monotonic clock.

    It knows what it is told and asks what was heard when it is asked: a pause, a slow device and a listener elsewhere
    need no care. Clips are heard in the order in which they were made, so nothing more is expected of those before the
    one that is heard.
    """

    def __init__(self) -> None:
        self._text_since = math.inf
        self._silent_since: float | None = -math.inf  # None: audio was made since then
        self._unheard: list[_Made] = []
        self._heard_before = 0.0  # of those that are over
        self._over = 0  # how many those are
        self._finished = 0  # how many of them were told to be

    def wrote(self, now: float) -> None:
        """Text has arrived; only the first time matters."""
        self._text_since = min(self._text_since, now)

    def made(self, seconds: float, heard: Callable[[], float]) -> None:
        """There is one more clip, of `seconds`, of which `heard()` have been heard whenever it is called."""
        if seconds > 0:
            self._unheard.append(_Made(seconds, heard))
            self._silent_since = None

    def finished(self, at: float) -> None:
        """Nothing more will be heard of the first clip with any audio of which this was not said before, from `at` on.

        Without it, the end of the audio is dated by the first call that finds it over, and a clip that was given up is
        over when the next one is heard.
        """
        self._finished += 1
        if self.lead() == 0 and self._finished == self._over:
            self._silent_since = at

    def lead(self) -> float:
        """Seconds of audio that are made and not yet heard."""
        self._ask()
        return sum([clip.seconds - clip.heard for clip in self._unheard])

    def silence(self, now: float) -> float:
        """For how long the listener has heard nothing although there was text; 0 while there is a lead.

        It is never longer than it was.
        """
        if self.lead() > 0:
            return 0.0
        if self._silent_since is None:
            self._silent_since = now
        return max(0.0, now - max(self._silent_since, self._text_since))

    def heard(self) -> float:
        """Seconds heard in all."""
        self._ask()
        return self._heard_before + sum([clip.heard for clip in self._unheard])

    def _ask(self) -> None:
        """Learn what was heard, and forget the clips that are over."""
        for clip in self._unheard:
            clip.heard = max(clip.heard, min(clip.ask(), clip.seconds))
        over = max([i for i, clip in enumerate(self._unheard) if clip.heard > 0], default=0)
        if over < len(self._unheard) and self._unheard[over].heard >= self._unheard[over].seconds:
            over += 1
        over = min(max(over, self._finished - self._over), len(self._unheard))
        self._over += over
        self._heard_before += sum([clip.heard for clip in self._unheard[:over]])
        del self._unheard[:over]


class ArrivalClock(PlaybackClock):
    """For an output that takes clips faster than they sound, and whose listener hears them as they come.

    It cannot be asked what was heard: that is all that could have been by `now()`.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        super().__init__()
        self._now = now
        self._end = -math.inf  # when the listener has heard all that was made

    def made(self, seconds: float, heard: Callable[[], float]) -> None:  # noqa: ARG002 - nothing is known of that
        """There is one more clip, of `seconds`."""
        if seconds > 0:
            self._end = max(self._end, self._now()) + seconds

    def finished(self, at: float) -> None:
        """The output is done with a clip, which says nothing of its listener."""

    def lead(self) -> float:
        """Seconds of audio that are made and cannot have been heard yet."""
        return max(0.0, self._end - self._now())

    def silence(self, now: float) -> float:
        """For how long the listener has had nothing to hear although there was text."""
        return max(0.0, now - max(self._end, self._text_since))
