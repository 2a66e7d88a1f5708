"""What the stages of a turn leave behind: its events, what was made and heard, and what came of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from voicebot import events
from voicebot.errors import SynthesisError, VoicebotError
from voicebot.loop_clock import loop_clock
from voicebot.messages import Message, ReplyData, ToolCall, Usage
from voicebot.metrics import MetricsFold
from voicebot.playback_clock import PlaybackClock
from voicebot.protocols import Emit, Playback
from voicebot.speech import Clip, Outcome, OutcomeKind, Timing, Utterance
from voicebot.text.heard import heard_part
from voicebot.text.speech_length import speech_seconds
from voicebot.translation import marked, tr

_CUT_SHORT = {
    "length": (
        marked("the chat server ended the reply at its length limit"),
        marked("raise chat.max_tokens, or ask for less"),
    ),
    "content_filter": (marked("the chat server's content filter ended the reply"), ""),
}
"""Reasons to end a reply that its listener should know of: what happened, and what to do."""


_QUOTING = {
    *(events.TurnStarted, events.ToolCalled, events.ToolAnswered, events.ReplyData),
    *(events.TurnWarning, events.TurnEnded),
}
"""The events that quote others, besides those of the reply."""


def _redacted(event: events.TurnEvent, redact: Callable[[str], str]) -> events.TurnEvent:
    match event:
        case events.TurnStarted():
            return replace(event, message=redact(event.message))
        case events.ToolCalled():
            return replace(event, arguments=redact(event.arguments))
        case events.ToolAnswered() | events.ReplyData():
            return replace(event, content=redact(event.content))
        case events.TurnWarning():
            return replace(event, message=redact(event.message), hint=redact(event.hint))
        case events.TurnEnded():
            return replace(event, error=redact(event.error), hint=redact(event.hint))
        case _:
            return event


@dataclass(slots=True)
class QueuedClip:
    """A clip on its way to the listener."""

    clip: Clip
    playback: Playback | None = None
    """None until the output has taken it, and for one without audio."""
    kept_seconds: float | None = None
    """How much of it was heard in all, once nothing more will be."""

    def heard_seconds(self) -> float:
        """How much of it has been heard."""
        if self.kept_seconds is not None:
            return self.kept_seconds
        return self.playback.heard_seconds() if self.playback is not None else 0.0

    def finish(self) -> bool:
        """Nothing more of it will be heard; tell whether all of it was."""
        self.kept_seconds = self.heard_seconds()
        self.playback = None
        return self.kept_seconds >= self.clip.seconds

    def past_timings(self) -> Iterator[Timing]:
        """What of its timings has been heard to its end."""
        seconds = self.heard_seconds()
        return (timing for timing in self.clip.timings if timing.end_seconds <= seconds)


@dataclass(slots=True)
class _Said:
    """An utterance that the output has begun to take, and what the listener has had of it."""

    utterance: Utterance
    clips: list[QueuedClip] = field(default_factory=list)
    """Those whose audio or timings still matter."""
    heard_seconds: float = 0.0
    """Heard of the clips before those."""
    made_seconds: float = 0.0
    """Their length."""
    partly: bool = False
    """It should have been heard, and was not, or only a part of it."""
    broken: bool = False
    """Its synthesis broke off: what was made is not all of it."""
    finished: bool = False
    """Nothing more of it will be heard."""

    @property
    def begun(self) -> bool:
        """Whether the listener can have had anything of it."""
        return self.finished or self.heard_seconds > 0 or any(queued.clip.pcm for queued in self.clips)

    def finish(self, queued: QueuedClip) -> bool:
        """Nothing more of this clip will be heard; tell whether the utterance was heard to its end."""
        self.partly = not queued.finish() or self.partly
        self.finished = queued.clip.last
        if not queued.clip.timings:
            self.clips.remove(queued)  # and its audio may go
            self.heard_seconds += queued.heard_seconds()
            self.made_seconds += queued.clip.seconds
        if self.finished and not self.partly:
            self.clips.clear()
        return self.finished and not self.partly

    def heard(self) -> tuple[str, int]:
        """The part of its text that was heard, and the offset in the reply behind what is done with."""
        utterance = self.utterance
        if self.finished and not self.partly:
            return utterance.text, utterance.end
        part = utterance.text[: utterance.text_end(end)] if (end := self._spoken_end()) else ""
        return part, utterance.end if self.finished else utterance.start + len(part)

    def _spoken_end(self) -> int:
        """How many characters of the spoken text have been heard."""
        text, heard, made = self.utterance.spoken, self.heard_seconds, self.made_seconds
        timings = [timing for queued in self.clips for timing in queued.clip.timings]
        if timings:
            past = [timing.spoken_end for queued in self.clips for timing in queued.past_timings()]
            return max(past, default=0)
        for queued in self.clips:
            heard += queued.heard_seconds()
            made += queued.clip.seconds
        whole = self.finished or (self.clips and self.clips[-1].clip.last)
        if self.broken or not whole:
            made = max(made, speech_seconds(text))  # there was to be more
        return len(heard_part(text, heard / made)) if heard else 0


class TurnAccount:
    """The account of one turn, which all of its stages keep."""

    def __init__(
        self, turn: str, subscriber: Emit, *, clock: PlaybackClock | None, redact: Callable[[str], str] = str
    ) -> None:
        """`clock` is that of a listener who waits for the next sound; None: nobody does. `redact` takes out of a text
        what must not leave the process; out of the reply that is done before it comes here.
        """
        self.turn = turn
        self._subscriber = subscriber
        self._clock = clock
        self._redact = redact
        self.now = loop_clock()
        """Tells the time of the event loop, in seconds."""
        self._began = self.now()
        self._fold = MetricsFold()
        self._reply = bytearray()
        """UTF-8: thousands of short strings would take ten times as much."""
        self._exchanged: list[Message] = []
        self._said: list[_Said] = []
        """Utterances that the listener has had, but for those at the beginning that were heard whole."""
        self._heard_end = 0
        """Offset in the reply behind those."""
        self.error: VoicebotError | None = None
        """Why the turn failed."""
        self.voice_error: SynthesisError | None = None
        """Why the last utterance that could not be said was skipped."""
        self.synthesized_end = 0
        """Offset in the reply behind the last utterance whose audio is there."""

    def stamp(self) -> tuple[str, float]:
        """Whose an event is, and when: the first two fields of each."""
        return self.turn, self.seconds()

    def seconds(self) -> float:
        """The time since the turn began."""
        return self.now() - self._began

    def emit(self, event: events.TurnEvent) -> None:
        """Count `event` in the metrics, and pass it on without secrets."""
        self._fold.feed(event)
        self._subscriber(_redacted(event, self._redact) if type(event) in _QUOTING else event)

    # ------------------------------------------------ what the chat model sends

    def wrote(self, delta: str, at: float) -> None:
        """The chat model sent a delta; `at` is when, on the event loop's clock."""
        self._reply += delta.encode(errors="surrogatepass")
        if self._clock is not None:
            self._clock.wrote(at)
        self.emit(events.Delta(self.turn, at - self._began, delta))

    def note(self, part: ToolCall | ReplyData | Usage | Message) -> None:
        """The chat model sent something that is not for the ear."""
        match part:
            case Usage():
                self.emit(
                    events.ChatUsage(
                        *self.stamp(),
                        part.prompt_tokens,
                        part.reply_tokens,
                        part.load_seconds,
                        part.prompt_seconds,
                        part.reply_seconds,
                        part.finish_reason,
                    )
                )
                if cut := _CUT_SHORT.get(part.finish_reason):
                    self.emit(events.TurnWarning(*self.stamp(), *cut))
            case ReplyData():
                self.emit(events.ReplyData(*self.stamp(), part.content))
            case Message(role="tool"):
                self._exchanged.append(part)
                self.emit(events.ToolAnswered(*self.stamp(), part.tool_call_id, part.tool_name, part.content))
            case Message():
                self._exchanged.append(part)
                for call in part.tool_calls:
                    self.emit(events.ToolCalled(*self.stamp(), call.id, call.name, call.arguments))
            case ToolCall():
                self.emit(
                    events.TurnWarning(
                        *self.stamp(),
                        tr("the chat model asked for the tool {name!r}, which nobody runs", name=part.name),
                    )
                )

    # ------------------------------------------------ what becomes audible

    def lead(self) -> float:
        """Seconds of audio made and not yet heard; infinite where nobody waits for the next sound."""
        return self._clock.lead() if self._clock is not None else math.inf

    def silence(self) -> float:
        """For how many seconds the listener has heard nothing although there was text."""
        return self._clock.silence(self.now()) if self._clock is not None else 0.0

    def made(self, clip: Clip) -> QueuedClip:
        """There is a clip for the output."""
        queued = QueuedClip(clip)
        if self._clock is not None:
            self._clock.made(clip.seconds, queued.heard_seconds)
        return queued

    def queued(self, queued: QueuedClip) -> None:
        """The output has taken a clip, or it has no audio."""
        clip = queued.clip
        if not self._said or self._said[-1].utterance.index != clip.utterance.index:
            self._said.append(_Said(clip.utterance))
        said = self._said[-1]
        said.clips.append(queued)
        said.partly = said.partly or clip.skipped
        said.broken = said.broken or clip.skipped

    def finished(self, queued: QueuedClip, at: float | None) -> None:
        """Nothing more of a clip will be heard from that moment on; None for one without audio."""
        index = queued.clip.utterance.index
        whole = next(said for said in reversed(self._said) if said.utterance.index == index).finish(queued)
        while self._said and self._said[0].finished and not self._said[0].partly:
            self._heard_end = self._said.pop(0).utterance.end
        if at is not None and self._clock is not None:
            self._clock.finished(at)
        if whole or (queued.clip.last and queued.clip.skipped):
            self.emit(events.PlaybackFinished(*self.stamp(), index))

    # ------------------------------------------------ what came of it

    def end(self, *, interrupted: bool) -> Outcome:
        """The outcome, which is told as the last event."""
        reply = self._reply.decode(errors="surrogatepass")
        heard, skipped, end, exact = self._heard(reply)
        metrics = self._fold.metrics()
        if self.error is None and metrics.audio_seconds == 0:
            self.error = self.voice_error  # nothing at all could be said
        if self.error is not None:
            self.error.redact(self._redact)
        kind: OutcomeKind = "interrupted" if interrupted else "failed" if self.error else "completed"
        error = None if interrupted else self.error
        unsaid = reply[end:]
        outcome = Outcome(kind, heard, unsaid, exact, metrics, error, tuple(self._exchanged), skipped)
        self.emit(
            events.TurnEnded(
                *self.stamp(),
                outcome=kind,
                heard=heard,
                unsaid=unsaid,
                exact=exact,
                metrics=metrics,
                error=error.message if error else "",
                hint=error.hint if error else "",
                skipped=skipped,
            )
        )
        return outcome

    def _heard(self, reply: str) -> tuple[str, str, int, bool]:
        """The heard text of the `reply`, the text that was passed over, the offset in the reply after both, and whether
        the end of the heard text is exact."""
        heard = [reply[: self._heard_end]]
        skipped: list[str] = []
        end, exact = self._heard_end, True
        for said in self._said:
            if not said.begun:
                break
            part, end = said.heard()
            heard.append(part)
            if not said.finished:
                exact = False
                break
            skipped.append(said.utterance.text[len(part) :])
        return "".join(heard), "".join(skipped), end, exact
