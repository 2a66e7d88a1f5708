"""What a listener has in front of them and behind them, against a listener who is watched all the time."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from voicebot.playback_clock import PlaybackClock

Step = tuple[str, int]
"""What happens, and for how many seconds."""


class Listener:
    """Hears clips one behind the other, a second at a time, and knows for how long there was nothing to hear."""

    def __init__(self, *, tells: bool) -> None:
        self.clock = PlaybackClock()
        self.tells = tells
        """The clock is told of the end of each clip."""
        self.now = 1000
        self.silent_since = 0
        self.text_since: int | None = None
        self.paused = False
        self.clips: list[list[int]] = []
        """Length, and how much of it was heard."""

    def wait(self, seconds: int) -> None:
        for _ in range(seconds):
            self.now += 1
            playing = next((clip for clip in self.clips if clip[1] < clip[0]), None)
            if playing and not self.paused:
                playing[1] += 1
                if self.tells and playing[0] == playing[1]:
                    self.clock.finished(float(self.now))
                if self.lead() == 0:
                    self.silent_since = self.now

    def make(self, seconds: int) -> None:
        clip = [seconds, 0]
        self.clips.append(clip)
        self.clock.made(float(seconds), lambda: float(clip[1]))

    def write(self) -> None:
        self.text_since = self.now if self.text_since is None else self.text_since
        self.clock.wrote(float(self.now))

    def lead(self) -> int:
        return sum(length - heard for length, heard in self.clips)

    def silence(self) -> int:
        if self.lead() or self.text_since is None:
            return 0
        return self.now - max(self.silent_since, self.text_since)


def steps() -> st.SearchStrategy[list[Step]]:
    step = st.one_of(
        st.tuples(st.sampled_from(["wrote", "pause", "resume", "ask"]), st.just(0)),
        st.tuples(st.just("made"), st.integers(0, 6)),
        st.tuples(st.just("wait"), st.integers(0, 8)),
    )
    return st.lists(step, max_size=30)


def follow(steps: list[Step], look: Callable[[Listener], None], *, always: bool, tells: bool) -> None:
    """Do `steps`, and look at every second, or only where they say so."""
    listener = Listener(tells=tells)
    for step, seconds in steps:
        match step:
            case "wrote":
                listener.write()
            case "made":
                listener.make(seconds)
            case "pause" | "resume":
                listener.paused = step == "pause"
            case "wait":
                for _ in range(seconds):
                    listener.wait(1)
                    if always:
                        look(listener)
            case "ask":
                look(listener)


@settings(deadline=None)
@given(steps(), st.sampled_from(["asked all the time", "told of the end of each clip"]))
def test_a_clock_that_is_told_or_asked_in_time_is_exact(steps: list[Step], how: str) -> None:
    def look(listener: Listener) -> None:
        assert listener.clock.lead() == listener.lead()
        assert listener.clock.silence(listener.now) == listener.silence()
        assert listener.clock.heard() == sum(heard for _, heard in listener.clips)

    told = how == "told of the end of each clip"
    follow(steps, look, always=not told, tells=told)


@settings(deadline=None)
@given(steps())
def test_asking_now_and_then_never_shows_more_silence_than_there_was(steps: list[Step]) -> None:
    def look(listener: Listener) -> None:
        assert listener.clock.lead() == listener.lead()
        silence = listener.clock.silence(listener.now)
        assert 0 <= silence <= listener.silence()
        assert listener.clock.silence(listener.now + 5) >= silence

    follow(steps, look, always=False, tells=False)


def test_there_is_no_silence_before_there_is_text() -> None:
    clock = PlaybackClock()
    assert clock.silence(10.0) == 0.0
    clock.wrote(12.0)
    clock.wrote(15.0)
    assert clock.silence(15.0) == 3.0


def test_a_pause_is_neither_silence_nor_hearing() -> None:
    clock = PlaybackClock()
    clock.wrote(0.0)
    clock.made(5.0, lambda: 2.0)
    for now in (1.0, 100.0, 10_000.0):
        assert (clock.silence(now), clock.lead(), clock.heard()) == (0.0, 3.0, 2.0)


def test_clips_that_are_over_are_not_asked_again() -> None:
    """A turn of any length costs as much memory as what of it was not heard."""
    clock = PlaybackClock()
    asked = [0] * 100
    heard = [0.0] * 100
    for i in range(100):

        def ask(i: int = i) -> float:
            asked[i] += 1
            return heard[i]

        clock.made(1.0, ask)
        heard[i] = 1.0
        assert clock.lead() == 0.0
    assert clock.heard() == 100.0
    assert asked == [1] * 100


def test_nothing_more_is_expected_of_a_clip_when_the_next_one_is_heard() -> None:
    """A listener elsewhere may lose one: the lead would never come to an end."""
    clock = PlaybackClock()
    clock.made(2.0, lambda: 0.5)
    clock.made(3.0, lambda: 1.0)
    assert (clock.lead(), clock.heard()) == (2.0, 1.5)


def test_a_clip_that_was_given_up_does_not_count_as_lead_and_was_not_heard() -> None:
    clock = PlaybackClock()
    clock.wrote(0.0)
    clock.made(2.0, lambda: 0.5)
    clock.finished(4.5)
    assert (clock.lead(), clock.heard(), clock.silence(5.0)) == (0.0, 0.5, 0.5)
    clock.made(3.0, lambda: 0.0)
    assert (clock.lead(), clock.silence(6.0)) == (3.0, 0.0)


def test_an_end_that_is_told_late_is_not_that_of_the_clip_behind() -> None:
    clock = PlaybackClock()
    clock.wrote(0.0)
    clock.made(2.0, lambda: 2.0)
    clock.made(3.0, lambda: 3.0)
    clock.finished(2.0)
    assert clock.silence(6.0) == 0.0
    clock.finished(5.0)
    assert clock.silence(6.0) == 1.0


def test_more_than_the_clip_has_is_never_heard_and_nothing_is_taken_back() -> None:
    clock = PlaybackClock()
    reports = iter([1.0, 0.5, 7.0])
    clock.made(2.0, lambda: next(reports))
    assert [clock.heard() for _ in range(4)] == [1.0, 1.0, 2.0, 2.0]
