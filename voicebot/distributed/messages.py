"""What a client and a worker send each other. Pure; aio-pika is not needed.

A client publishes a *job*: a text, and how it is to be said. The worker answers to the job's reply queue with replies
of four types, each with the headers `seq` (0 for the first reply of an attempt), `attempt` and `worker`:

    start   JSON, `Start`: the format of the audio
    part    PCM; the last part of each piece of the engine's audio has the header `piece`, JSON, `Piece`
    end     JSON, `End`
    error   JSON, `Failure`: the text will not be said, and why

`correlation_id` is that of the job in all of them. One message may hold three replies: a part, the `start` before it
and the `end` behind it, which are headers of these names then. Each has a number of its own; `seq` is the first one's.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from voicebot.config.models import VoiceClass
from voicebot.speech import Audio, AudioFormat, Timing

MAJOR, MINOR = 1, 1
"""The version of these messages. Fields that others may ignore make a new minor version, anything else a major one."""
TOGETHER_SINCE = 1
"""From this minor version on, a client understands several replies in one message."""
MAX_PART_BYTES = 512_000
"""Of PCM in one `part`. Each costs client, worker and broker a quarter of a millisecond, and none is heard before its
piece is complete. A larger one would hold up everything else on the way to its client."""
ReplyType = Literal["start", "part", "end", "error"]
SampleRate = Annotated[int, Field(ge=1000, le=768_000)]


class Body(BaseModel):
    """A message in JSON: what is unknown in it is ignored, so that a newer minor version can be read."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)


class Versioned(Body):
    """A message that says which version of all this its sender speaks."""

    v: int = MAJOR
    minor: int = MINOR


class Job(Versioned):
    """One text to say."""

    spoken: Annotated[str, Field(min_length=1, max_length=20_000)]
    """One line."""
    voice: Annotated[str, Field(max_length=200)] = ""
    """One of the engine's voices; empty: the worker's own."""
    rate: Annotated[float, Field(gt=0, le=10)] = 1.0
    """Times the configured speed."""
    deadline_ms: Annotated[int, Field(ge=0)] = 0
    """For this long after it was sent somebody wants it; 0: without end."""


class Start(Versioned):
    """An attempt begins."""

    sample_rate: SampleRate
    channels: Annotated[int, Field(ge=1, le=8)] = 1
    deterministic: bool = False
    """The engine makes the same audio of the same text each time: another attempt can go on where this one ended."""


class Piece(Body):
    """What belongs to one piece of the engine's audio, beside its PCM."""

    timings: tuple[tuple[str, float, float, int], ...] = ()
    """Text, start and end in seconds from the beginning of the piece, and the offset in the spoken text."""
    credit: str = ""
    work_seconds: float = 0.0

    def audio(self, pcm: bytes, audio_format: AudioFormat) -> Audio:
        """The piece as the engine made it."""
        return Audio(
            pcm, audio_format, tuple(Timing(*timing) for timing in self.timings), self.credit, self.work_seconds
        )


def piece_of(audio: Audio) -> Piece:
    """What is sent of `audio` beside its PCM."""
    timings = tuple(
        (timing.text, timing.start_seconds, timing.end_seconds, timing.spoken_end) for timing in audio.timings
    )
    return Piece(timings=timings, credit=audio.credit, work_seconds=audio.work_seconds)


class End(Body):
    """All audio of the text has been sent."""

    frames: int
    """Frames of all parts together, by which the client knows that none is missing."""
    synth_ms: float = 0.0
    queue_ms: float = 0.0
    """From when the job was published until the worker took it, by two clocks that may differ."""


FailureCode = Literal["text", "engine", "version", "poison", "expired"]


class Failure(Body):
    """Why a text is not said."""

    code: FailureCode
    """The text cannot be said | the engine is gone | the job's version is not understood | workers died of the text |
    it came too late."""
    message: str = ""
    hint: str = ""
    retry: bool = False
    """Another worker may do better."""


class Cancel(Body):
    """Nobody waits for these any more; to all workers."""

    correlation_ids: Annotated[tuple[str, ...], Field(max_length=10_000)]


class Voice(Body):
    """What a worker speaks with: a synthesizer's own account of itself."""

    name: str
    identity: str
    credit: str = ""
    sample_rate: SampleRate = 24_000
    channels: Annotated[int, Field(ge=1, le=8)] = 1
    streams: bool = False
    timings: bool = False
    languages: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()


class WorkerStatus(Versioned):
    """A worker's answer to the question how all of them are."""

    worker: str
    """Its id, which nothing else has."""
    host: str = ""
    pid: int = 0
    voice_class: VoiceClass
    voice: Voice
    concurrency: int
    busy: int = 0
    done: int = 0
    """Jobs, since it was started; likewise all below."""
    failed: int = 0
    cancelled: int = 0
    audio_seconds: float = 0.0
    synthesis_seconds: float = 0.0
    up_seconds: float = 0.0
    draining: bool = False
    """It takes no more jobs: it ends, or its engine is gone."""


def understood(major: int, minor: int) -> bool:
    """Whether a message of that version can be read: ours, the minor one before it, and newer minor ones.

    A newer minor version only adds what others may ignore.
    """
    return major == MAJOR and minor >= MINOR - 1


def parts_of(pcm: bytes, audio_format: AudioFormat) -> list[bytes]:
    """`pcm` in parts of whole frames, at most `MAX_PART_BYTES` each; one empty part where there is no sound."""
    size = MAX_PART_BYTES - MAX_PART_BYTES % audio_format.frame_bytes
    return [pcm[start : start + size] for start in range(0, len(pcm), size)] or [b""]
