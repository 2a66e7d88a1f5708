"""The nouns of speech: what a reply becomes on its way to the ear, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from voicebot.errors import VoicebotError
from voicebot.messages import Message


class Boundary(StrEnum):
    """What ended a segment."""

    CLAUSE = "clause"
    PHRASE = "phrase"
    """Within a clause, because the voice would have had nothing to say."""
    SENTENCE = "sentence"
    LINE = "line"
    PARAGRAPH = "paragraph"
    END = "end"
    """The reply ended here, finished or not."""
    FORCED = "forced"
    """The length limit was reached."""
    TIMEOUT = "timeout"
    """The sentence was finished and the stream paused."""


Unit = Literal["text", "item", "table", "fence", "thought"]
"""What a segment is made of: running text, an item of a list within one line that the next item follows, (a part of) a
table, a code block, or a thought between tags."""


@dataclass(frozen=True, slots=True)
class Segment:
    """The smallest piece of a reply that may be spoken alone."""

    text: str
    """Exactly `reply[start:end]`."""
    start: int
    """Offset of the first character in the reply."""
    end: int
    """Offset behind the last character in the reply."""
    boundary: Boundary
    rule: str
    """Why it was cut there, for people to read: nothing depends on it."""
    unit: Unit = "text"
    continues: bool = False
    """Whether it goes on with a code block or thought that was too long for one segment."""


SpanKind = Literal[
    "text",
    "markup",
    "code",
    "table",
    "url",
    "emoji",
    "action",
    "emotion",
    "thought",
    "math",
    "tag",
    "footnote",
    "pause",
]


@dataclass(frozen=True, slots=True)
class Span:
    """One piece of a reply in its three forms: raw, shown and spoken."""

    raw: str
    """What the model sent; empty for a pause or a word that only speech has."""
    shown: str
    """What a person reads."""
    spoken: str
    """What the voice says."""
    kind: SpanKind = "text"


@dataclass(frozen=True, slots=True)
class Utterance:
    """What one synthesis call says: one or more neighbouring segments."""

    index: int
    """0 for the first utterance of the turn."""
    spans: tuple[Span, ...]
    """The text of its segments in three forms; their raw parts joined are `reply[start:end]`."""
    start: int
    """Offset in the reply of the first character."""
    end: int
    """Offset in the reply behind the last character."""
    rule: str = "piece"
    """Why just so much: "sentences" or "clauses" (as many as will be ready in time), "least" (there is or will be
    silence), "phrase" (the same, and even that was too long), "shown" (nothing to say) or "piece" (the strategy says
    each segment alone)."""

    @property
    def text(self) -> str:
        """What the chat model wrote."""
        return "".join([span.raw for span in self.spans])

    @property
    def shown(self) -> str:
        """What a person reads, with the whitespace of `text`."""
        return "".join([span.shown for span in self.spans])

    @property
    def spoken(self) -> str:
        """What the voice says, on one line; empty where there is nothing to say aloud."""
        return "".join([span.spoken for span in self.spans])

    def text_end(self, spoken: int) -> int:
        """The offset in `text` behind what is said with the first `spoken` characters of `spoken`.

        What is not spoken belongs to what was said before it. Never decreases with `spoken`.
        """
        return self._end([span.raw for span in self.spans], spoken)

    def shown_end(self, spoken: int) -> int:
        """The same in `shown`: how far a subtitle has been said."""
        return self._end([span.shown for span in self.spans], spoken)

    def _end(self, written: Sequence[str], spoken: int) -> int:
        end = settled = 0
        for span, text in zip(self.spans, written, strict=True):
            if span.spoken:
                if spoken <= 0:
                    return settled
                if spoken < len(span.spoken):
                    return end + (spoken if text.startswith(span.spoken) else 0)
                spoken -= len(span.spoken)
                settled = end + len(text)
            end += len(text)
            if settled:
                settled = end
        return end


@dataclass(frozen=True, slots=True)
class RenderedSegment:
    """A segment with the three forms of its text."""

    segment: Segment
    spans: tuple[Span, ...]
    """Their raw parts joined are the text of the segment."""

    @property
    def spoken(self) -> str:
        """What the voice says, on one line; empty where there is nothing to say aloud."""
        return "".join([span.spoken for span in self.spans])


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """Signed 16-bit little-endian PCM at `sample_rate` frames a second, `channels` interleaved samples a frame.

    Raises ValueError for a format that no sound has.
    """

    sample_rate: int
    channels: int = 1

    def __post_init__(self) -> None:
        if self.sample_rate < 1 or self.channels < 1:
            raise ValueError(f"there is no sound with {self.channels} channels at {self.sample_rate} Hz")

    @property
    def frame_bytes(self) -> int:
        """Bytes of one frame."""
        return 2 * self.channels


@dataclass(frozen=True, slots=True)
class Timing:
    """When one unit of speech, a mora or a word, sounds."""

    text: str
    """As the engine names it, such as `ズ` or `hello`."""
    start_seconds: float
    """From the beginning of the audio that carries it."""
    end_seconds: float
    spoken_end: int
    """Offset in the synthesized text behind what has been said with it."""


@dataclass(frozen=True, slots=True)
class Style:
    """How a text is said, where that differs from the configuration."""

    voice: str = ""
    """One of the engine's voices, by any name that the configuration takes; empty: the configured one."""
    speed: float = 1.0
    """Times the configured speed."""


AS_CONFIGURED = Style()


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a synthesizer can do."""

    streams: bool = False
    """It yields the beginning of a long text while it still works on the rest."""
    timings: bool = False
    """Its audio carries `Timing`s."""
    parallel: int = 1
    """How many texts its engine works on at once; what comes on top waits."""
    ahead: int = 1
    """How many utterances of one reply are asked for at once: more than one where several engines work on them."""
    languages: tuple[str, ...] = ()
    """BCP 47 tags of what it speaks well; empty where that is not known."""
    reads: tuple[str, ...] = ()
    """BCP 47 tags of the languages whose numbers, dates and signs it reads well by itself: they stay as written."""


@dataclass(frozen=True, slots=True)
class Audio:
    """What a synthesizer makes of a text, or of a part of it where it streams."""

    pcm: bytes = field(repr=False)
    """Whole frames of `format`; empty for a text without any sound."""
    format: AudioFormat
    timings: tuple[Timing, ...] = ()
    credit: str = ""
    """What has to be named wherever it is used, such as `VOICEVOX:ずんだもん`."""
    work_seconds: float = 0.0
    """How long the engine worked on it, not counting the time until it was free."""


@dataclass(frozen=True, slots=True)
class Clip:
    """The audio of one utterance, or a part of it where the engine streams."""

    utterance: Utterance
    pcm: bytes = field(repr=False)
    """Whole frames of `format`; empty for an utterance that is only shown, and for the end of a streamed one."""
    format: AudioFormat
    skipped: bool = False
    """True when the utterance should have been heard and could not be made audible."""
    timings: tuple[Timing, ...] = ()
    """Seconds count from the beginning of this clip."""
    last: bool = True
    """False when more audio of the same utterance follows."""

    @property
    def frames(self) -> int:
        """Length in frames."""
        return len(self.pcm) // self.format.frame_bytes

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.frames / self.format.sample_rate


@dataclass(frozen=True, slots=True)
class Metrics:
    """What the listener noticed of one turn, in seconds since its message was accepted."""

    ttft: float | None = None
    """Time to the first delta of the chat model."""
    ttfa: float | None = None
    """Time to the first audible audio."""
    audio_seconds: float = 0.0
    """Audio that was synthesized."""
    synthesis_seconds: float = 0.0
    """Time the voice took for it."""
    gaps: int = 0
    """Silences between two clips that nobody asked for."""
    gap_seconds: float = 0.0
    """Their sum."""
    longest_gap: float = 0.0
    waited_for_chat: float = 0.0
    """The part of `gap_seconds` in which the next text was not there yet."""
    waited_for_voice: float = 0.0
    """The part of `gap_seconds` in which the text was there and its audio was not."""
    prompt_tokens: int | None = None
    """What the server counted, all requests of the turn together; None where it does not tell."""
    reply_tokens: int | None = None

    @property
    def rtf(self) -> float | None:
        """Synthesis seconds ÷ audio seconds."""
        return self.synthesis_seconds / self.audio_seconds if self.audio_seconds else None


OutcomeKind = Literal["completed", "interrupted", "failed"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a turn ended."""

    kind: OutcomeKind
    heard: str
    """The text whose audio reached the listener, from the start of the reply."""
    unsaid: str
    """The text that had arrived and was not heard."""
    exact: bool
    """False when the end of `heard` is estimated from how much of its clip was played."""
    metrics: Metrics
    error: VoicebotError | None = None
    """Why it failed."""
    exchanged: tuple[Message, ...] = ()
    """The messages of a tool loop, in order: calls and their results."""
    skipped: str = ""
    """The text that was passed over because it could not be made audible; it was only shown."""

    def raise_if_failed(self) -> Outcome:
        """Return this outcome, or raise the error for which it failed. Raises VoicebotError."""
        if self.error is not None:
            raise self.error
        return self
