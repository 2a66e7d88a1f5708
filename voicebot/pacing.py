"""Decides how much is said in one synthesis call, and when. Pure.

Small first, then as much as the audio already queued allows. The sums: the *lead* is how many seconds of audio are
still to be played; a voice takes `fixed + rate × seconds of speech` for an utterance, which is learned while it works.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from voicebot.speech import Boundary, RenderedSegment, Segment, Span, Utterance
from voicebot.text.language import has_japanese
from voicebot.text.phrases import SplitJapanese, phrase_ends, word_end
from voicebot.text.speech_length import speech_seconds

_FIXED_SECONDS, _RATE = 0.3, 0.7
"""The assumed cost of a voice that has not been measured: rather too high, so that it causes no gap."""
_KEPT = 32
_WITHIN_SENTENCES = frozenset({Boundary.CLAUSE, Boundary.PHRASE, Boundary.FORCED})
_MOST_PENDING = 32
_LONGEST_SENTENCE_SECONDS = 30.0
"""Longer text is not a sentence; engines have limits."""
_AHEAD_SECONDS = 4.0
"""With this much speech before it, the next utterance is not asked for while others are being made, unless its own
synthesis takes as long."""
_LEAST_EARLY = 0.05
"""Seconds; the lead may stand still meanwhile, as in a pause."""
_WORTH_BREAKING = 0.3
"""Seconds of silence that a break has to spare."""
_NO_BLANK_BEHIND = "、。！？，；：…"
_SHORTEST_WAIT = 0.001
"""Seconds; a clock may not be able to tell less apart, and would be asked for ever."""
_SHORTEST_PHRASE = 0.9
"""Seconds of speech."""
_QUANTILE = 0.9
LEAST_PATIENCE_SECONDS = 5.0
"""A voice is given this long at least before it counts as frozen."""
_PATIENCE = 4.0
"""Times the expected synthesis: an engine that takes longer is frozen."""


@dataclass(slots=True)
class VoiceCost:
    """What synthesis takes, learned from what it took.

    A line through the observations, held by two points on the prior line (scaled to the observations' median) until
    there are enough of them, and raised so far that it covers nine out of ten.
    """

    observed: list[tuple[float, float]] = field(default_factory=list)
    """(estimated seconds of speech, seconds that its synthesis took), newest last."""
    fixed: float = _FIXED_SECONDS
    rate: float = _RATE
    calls: int = 0
    """How many syntheses are under way, those that wait for the engine included."""

    def __post_init__(self) -> None:
        self._fit()

    def seconds(self, speech: float) -> float:
        """How long the synthesis of this much speech takes."""
        return self.fixed + self.rate * speech

    def learn(self, speech: float, took: float) -> None:
        """Take one synthesis into account."""
        if speech > 0 and took >= 0:
            self.observed.append((speech, took))
            del self.observed[:-_KEPT]
            self._fit()

    def _fit(self) -> None:
        if not self.observed:
            return
        ratios = sorted(took / (_FIXED_SECONDS + _RATE * speech) for speech, took in self.observed)
        scale = ratios[len(ratios) // 2]
        prior = [(speech, scale * (_FIXED_SECONDS + _RATE * speech)) for speech in (0.5, 4.0)]
        points = [*self.observed, *prior]
        mean_x = sum(x for x, _ in points) / len(points)
        mean_y = sum(y for _, y in points) / len(points)
        spread = sum((x - mean_x) ** 2 for x, _ in points)
        rate = max(0.0, sum((x - mean_x) * (y - mean_y) for x, y in points) / spread)
        fixed = mean_y - rate * mean_x
        if fixed < 0:
            fixed, rate = 0.0, sum(x * y for x, y in points) / sum(x * x for x, _ in points)
        excess = sorted(took / max(1e-9, fixed + rate * speech) for speech, took in self.observed)
        raised = max(1.0, excess[max(0, math.ceil(_QUANTILE * len(excess)) - 1)])
        self.fixed, self.rate = fixed * raised, rate * raised


@dataclass(frozen=True, slots=True)
class Pacing:
    """How utterances are made of segments."""

    joins: bool = True
    """Whether segments are joined and held back by the lead; otherwise each is said as soon as it is there."""
    min_seconds: float = 0.4
    """What takes less to say is not said alone, if more is about to come."""
    max_seconds: float = 6.0
    """No utterance gets longer by joining. Shorter ones cost a voice more, and follow the text more closely."""
    margin_seconds: float = 0.2
    """How long before the lead runs out the next clip has to be there."""
    comfort_seconds: float = 0.25
    """With so much lead to spare a clause waits for the end of its sentence."""
    phrase_after_seconds: float = 0.8
    """A clause still being written is broken at a phrase if there would otherwise be a longer silence than this."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing is to be said now."""

    seconds: float = math.inf
    """Ask again after this, or when there is more text."""
    text_helps: bool = True
    """Whether more text can change that."""


@dataclass(slots=True)
class _Pending:
    segment: Segment
    spans: tuple[Span, ...]
    spoken: str
    seconds: float
    """Estimated, to say it; 0 where it is only shown."""
    ends_sentence: bool

    @property
    def is_plain(self) -> bool:
        """Whether it is said as it is written."""
        return self.segment.text.strip() == self.spoken

    def part(self, start: int, end: int) -> _Pending:
        """A part of it, which must be plain."""
        whole = self.segment
        text, last = whole.text[start:end], end == len(whole.text)
        boundary, rule = (whole.boundary, whole.rule) if last else (Boundary.PHRASE, "phrase")
        segment = Segment(text, whole.start + start, whole.start + end, boundary, rule)
        spoken = text.strip()
        lead_in, rest = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
        spans = [Span(lead_in, lead_in, ""), Span(spoken, spoken, spoken), Span(rest, rest, "")]
        return _Pending(
            segment,
            tuple(span for span in spans if span.raw),
            spoken,
            speech_seconds(spoken),
            self.ends_sentence and last,
        )


class Pacer:
    """Makes the utterances of one turn. Feed it segments; ask it what to say whenever the voice is free."""

    def __init__(
        self,
        pacing: Pacing | None = None,
        cost: VoiceCost | None = None,
        *,
        split_japanese: SplitJapanese | None = None,
    ) -> None:
        self._pacing = pacing or Pacing()
        self._cost = cost or VoiceCost()
        self._split_japanese = split_japanese
        self._pending: list[_Pending] = []
        self._ended = False
        self._said = False
        """Whether the listener has been given anything to hear."""
        self._next = 0

    @property
    def pending(self) -> bool:
        """Whether there is text that has not been said."""
        return bool(self._pending)

    @property
    def wants_more(self) -> bool:
        """Whether another segment could change what is said next."""
        if not self._pacing.joins:
            return not self._pending
        if len(self._pending) >= _MOST_PENDING:
            return False
        seconds = sum(item.seconds for item in self._pending)
        in_sentence = not any(item.ends_sentence for item in self._pending)
        return seconds <= (self._longest_sentence if in_sentence else self._pacing.max_seconds)

    @property
    def _longest_sentence(self) -> float:
        return max(self._pacing.max_seconds, _LONGEST_SENTENCE_SECONDS)

    def feed(self, rendered: RenderedSegment) -> None:
        """Take a segment."""
        spoken = rendered.spoken
        ends = rendered.segment.boundary not in _WITHIN_SENTENCES
        self._pending.append(_Pending(rendered.segment, rendered.spans, spoken, speech_seconds(spoken), ends))

    def end(self) -> None:
        """There will be no more segments."""
        self._ended = True

    def decide(self, lead: float, *, at_once: int = 1) -> Utterance | Wait | None:
        """What to say now that the voice is free, with `lead` seconds of audio still to be played; None: that was all.

        A `Wait` comes only while there may be more segments. Where several utterances are made `at_once`, `lead` counts
        what is expected of those that are being made, and a `Wait` also says that it is too early for the next one.
        """
        pending = self._pending
        if not pending:
            return None if self._ended else Wait()
        silent = 0
        while silent < len(pending) and not pending[silent].spoken:
            silent += 1
        if silent == len(pending):
            return self._say(silent, "shown")
        room = _AHEAD_SECONDS - lead if at_once > 1 and lead < math.inf else math.inf
        if room <= 0 and (early := self._spare(lead, self._least_seconds())) > 0:
            return Wait(max(_LEAST_EARLY, min(-room, early)), text_helps=self.wants_more and not self._ended)
        if not self._pacing.joins:
            return self._say(silent, "shown") if silent else self._say(1, "piece")
        return self._decide(lead, room, silent, at_once)

    def phrase_end(self, unfinished: str, lead: float, silence: float, *, paused: bool = False) -> int:
        """How much of the clause that is still being written is to be broken off, because the voice has nothing else
        to say and the listener would have to sit through too much silence; 0 for nothing.

        `silence` is how many seconds it has been silent already while there was text. With `paused` (the model does not
        go on) any whole phrase or word will do.
        """
        if self._pending or not self._pacing.joins:
            return 0
        seconds = speech_seconds(unfinished)
        if paused:
            if lead > 0 or seconds < self._pacing.min_seconds:
                return 0
            return max(phrase_ends(unfinished, self._split_japanese), default=word_end(unfinished))
        if silence + self._cost.seconds(seconds) - lead < self._pacing.phrase_after_seconds:
            return 0
        end = max(phrase_ends(unfinished, self._split_japanese), default=0)
        return end if speech_seconds(unfinished[:end]) >= _SHORTEST_PHRASE else 0

    def learn(self, utterance: Utterance, work_seconds: float) -> None:
        """Take into account how long the engine worked on `utterance`."""
        self._cost.learn(speech_seconds(utterance.spoken), work_seconds)

    @contextmanager
    def synthesis(self, utterance: Utterance, *, parallel: int) -> Iterator[float]:
        """Count the synthesis of `utterance` until the end of the block; yield how many seconds without any audio mean
        that the engine is frozen.

        An engine that works on `parallel` texts at once does those of other turns first.
        """
        cost = self._cost
        patience = max(LEAST_PATIENCE_SECONDS, _PATIENCE * cost.seconds(speech_seconds(utterance.spoken)))
        patience *= 1 + cost.calls // parallel
        cost.calls += 1
        try:
            yield patience
        finally:
            cost.calls -= 1

    def _least_seconds(self) -> float:
        """The length of the shortest text that can be said next."""
        total = 0.0
        for item in self._pending:
            total += item.seconds
            if total and (not self._pacing.joins or total >= self._pacing.min_seconds or item.ends_sentence):
                break
        return total

    def _spare(self, lead: float, seconds: float) -> float:
        """How much lead is left when speech of that length has been synthesized."""
        return lead - self._pacing.margin_seconds - self._cost.seconds(seconds)

    def _decide(self, lead: float, room: float, silent: int, at_once: int) -> Utterance | Wait:
        """As many whole sentences as will be ready before the lead runs out, else clauses, else the least there is."""
        least = clauses = sentences = whole = 0
        total, full = 0.0, False
        longest = self._pacing.max_seconds
        time_left = self._spare(lead, 0.0)
        rate = self._cost.rate
        for count, item in enumerate(self._pending, 1):
            total += item.seconds
            whole_first = lead == math.inf and not sentences  # nobody waits: no sentence is cut
            if least and total > (self._longest_sentence if whole_first else longest):
                full = True
                break
            if sentences and total > room:
                break  # engines are not kept busy with what may never be heard
            if count > silent and not least and (total >= self._pacing.min_seconds or item.ends_sentence):
                least = count
            if least and item.ends_sentence:
                whole = whole or count
            if least and rate * total <= time_left:
                clauses = count
                sentences = count if item.ends_sentence else sentences
        if sentences:
            return self._say(sentences, "sentences")
        if not (full or self._ended or any(item.ends_sentence for item in self._pending)):
            everything = sum(item.seconds for item in self._pending)
            spare = self._spare(lead, everything) - self._pacing.comfort_seconds
            if spare > _SHORTEST_WAIT:
                return Wait(spare)
            if not least:
                return Wait()
        if clauses:
            return self._say(clauses, "clauses")
        if whole and self._said and self._cost.seconds(total) >= at_once * total:
            return self._say(whole, "least")  # it never catches up: fewer gaps, and between sentences
        if least == silent + 1 and self._break_first(silent, lead):
            return self._say(least, "phrase")
        return self._say(least or len(self._pending), "least")

    def _break_first(self, at: int, lead: float) -> bool:
        """Break the long clause that would have to be said now in two, if that spares the listener some silence."""
        item = self._pending[at]
        if self._cost.seconds(item.seconds) - lead < self._pacing.phrase_after_seconds or not item.is_plain:
            return False
        text = item.segment.text
        best, least_silence = 0, self._cost.seconds(item.seconds) - lead - _WORTH_BREAKING
        for end in phrase_ends(text, self._split_japanese):
            first = speech_seconds(text[:end])
            if first < _SHORTEST_PHRASE or item.seconds - first < _SHORTEST_PHRASE:
                continue
            silence = max(0.0, self._cost.seconds(first) - lead)
            silence += max(
                0.0, self._cost.seconds(item.seconds - first) - max(0.0, lead - self._cost.seconds(first)) - first
            )
            if silence < least_silence:
                best, least_silence = end, silence
        if best:
            self._pending[at] = item.part(best, len(text))
            self._pending.insert(at, item.part(0, best))
        return bool(best)

    def _say(self, count: int, rule: str) -> Utterance:
        """The first `count` segments as one utterance, and whatever behind them is only shown."""
        while count < len(self._pending) and not self._pending[count].spoken:
            count += 1
        items = self._pending[:count]
        del self._pending[:count]
        spans = _joined(items)
        self._said = self._said or any(item.spoken for item in items)
        utterance = Utterance(self._next, spans, items[0].segment.start, items[-1].segment.end, rule)
        self._next += 1
        return utterance


def _joined(items: Sequence[_Pending]) -> tuple[Span, ...]:
    """The spans of all, with a space between what is said of one and the next in languages that have spaces."""
    spans: list[Span] = []
    last = ""
    for item in items:
        if last and item.spoken and not (last in _NO_BLANK_BEHIND or has_japanese(last + item.spoken[0])):
            spans.append(Span("", "", " ", "pause"))
        spans += item.spans
        last = item.spoken[-1:] or last
    return tuple(spans)
