"""The replies to one job, put together: each frame once and in order, whichever workers sent them. Pure.

Several workers may answer to the same job: one is killed, and another begins anew. An attempt of a worker is a *run*.
The first run whose `start` arrived counts, until a later attempt takes its place; what other runs send is ignored.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, TypeVar

from pydantic import Field, Json, ValidationError

from voicebot.distributed.messages import Body, End, Failure, Piece, ReplyType, Start, understood
from voicebot.speech import Audio, AudioFormat

_Message = TypeVar("_Message", bound=Body)


class Reply(Body):
    """One message of a worker, as it came."""

    type: ReplyType
    attempt: Annotated[int, Field(ge=0, le=1000)]
    worker: Annotated[str, Field(max_length=200)]
    seq: Annotated[int, Field(ge=0)]
    piece: Json[Piece] | None = None
    body: bytes


def read_replies(kind: str | None, headers: Mapping[str, object], body: bytes) -> list[Reply]:
    """The replies in a message, in order; none in one that we do not know."""
    sender = {name: headers.get(name) for name in ("attempt", "worker", "seq")}
    said = (
        {"type": "start", "body": headers.get("start")},
        {"type": kind, "body": body, "piece": headers.get("piece")},
        {"type": "end", "body": headers.get("end")},
    )
    try:
        replies = [Reply.model_validate(sender | one) for one in said if one["body"] is not None]
    except ValidationError:
        return []
    return [reply.model_copy(update={"seq": reply.seq + place}) for place, reply in enumerate(replies)]


@dataclass(slots=True)
class _Run:
    """What one attempt of one worker has sent so far."""

    attempt: int
    worker: str
    format: AudioFormat
    deterministic: bool
    next_seq: int = 1
    bytes: int = 0
    pieces: int = 0
    """Complete pieces of the engine's audio."""
    piece_starts: int = 0
    """The first frame of the piece that is on its way."""
    pcm: bytearray | None = None
    """Its parts so far, without the last one; None if the last is also the first."""


class Assembly:
    """The audio of one text. What has been taken from it never comes again."""

    def __init__(self, *, most_bytes: int) -> None:
        """A worker that sends more is broken."""
        self.done = False
        """All of it is here."""
        self.end: End | None = None
        """What the worker says of it."""
        self.failure: Failure | None = None
        """Why the rest will not come."""
        self.broken = False
        """Something was lost on the way; the rest has to be asked for again."""
        self.attempt = 0
        """The highest that a worker has named."""
        self.deterministic = True
        """Whether another run can go on behind what is here."""
        self._most_bytes = most_bytes
        self._run: _Run | None = None
        self._pieces: deque[Audio] = deque()
        self._format: AudioFormat | None = None
        self._frames = self._count = 0
        self._taken = False

    @property
    def begun(self) -> bool:
        """Whether a worker has begun to answer since the text was asked for the last time."""
        return self._run is not None

    @property
    def can_go_on(self) -> bool:
        """Whether another run can supply what is missing without anything being heard twice."""
        return self.deterministic or not self._taken

    @property
    def ended(self) -> bool:
        """Whether nothing more will come of this request."""
        return self.done or self.broken or self.failure is not None

    @property
    def ready(self) -> bool:
        """Whether there is a piece to take."""
        return bool(self._pieces)

    def take(self) -> Audio | None:
        """The next piece of the engine's audio; None where it has not come yet."""
        if not self._pieces:
            return None
        self._taken = True
        return self._pieces.popleft()

    def ask_again(self) -> None:
        """Forget the run that counted: the text is asked for again, in another message."""
        self._run, self.broken, self.failure = None, False, None

    def feed(self, reply: Reply) -> bool:
        """Take a reply in; return whether it belongs to the run that counts."""
        if self.ended:
            return False
        self.attempt = max(self.attempt, reply.attempt)
        if reply.type == "start":
            return self._starts(reply)
        run = self._run
        if reply.type == "error" and (run is None or reply.attempt > run.attempt):
            self.failure = _parsed(Failure, reply.body) or Failure(code="engine", retry=True)
            return True
        if run is None or (reply.attempt, reply.worker) != (run.attempt, run.worker) or reply.seq < run.next_seq:
            return False
        if reply.seq > run.next_seq or not self._continues(run, reply):
            self.broken = True
        run.next_seq += 1
        return True

    def _starts(self, reply: Reply) -> bool:
        run = self._run
        if reply.seq or (run is not None and reply.attempt <= run.attempt):
            return False
        start = _parsed(Start, reply.body)
        if start is None or not understood(start.v, start.minor):
            self.failure = Failure(code="version", message=f"{start.v}.{start.minor}" if start else "")
            return True
        audio_format = AudioFormat(start.sample_rate, start.channels)
        goes_on = self.deterministic and start.deterministic and self._format in (None, audio_format)
        if not goes_on:
            if self._taken:
                return False
            self._pieces.clear()
            self._frames = self._count = 0
        self.deterministic, self._format = start.deterministic, audio_format
        self._run = _Run(reply.attempt, reply.worker, audio_format, start.deterministic)
        return True

    def _continues(self, run: _Run, reply: Reply) -> bool:
        """Whether the next reply of the run follows the protocol."""
        if reply.type == "end":
            self.end = _parsed(End, reply.body)
            frames = run.bytes // run.format.frame_bytes
            self.done = run.pcm is None and self.end is not None and self.end.frames == frames == self._frames
            return self.done
        if reply.type == "error":
            self.failure = _parsed(Failure, reply.body) or Failure(code="engine", retry=True)
            return True
        run.bytes += len(reply.body)
        if run.bytes % run.format.frame_bytes:
            return False
        if run.bytes > self._most_bytes:
            self.failure = Failure(code="text", message="far more audio than text")
            return True
        if reply.piece is None:
            run.pcm = run.pcm or bytearray()
            run.pcm += reply.body
        else:  # which usually comes in one part
            pcm = reply.body if run.pcm is None else bytes(run.pcm + reply.body)
            self._add(run, reply.piece.audio(pcm, run.format))
        return True

    def _add(self, run: _Run, audio: Audio) -> None:
        """Keep what is new of a piece that came whole."""
        starts, ends = run.piece_starts, run.bytes // run.format.frame_bytes
        run.pcm, run.piece_starts, run.pieces = None, ends, run.pieces + 1
        if run.pieces <= self._count and ends <= self._frames:
            return
        if ends > self._frames or starts == ends:
            self._pieces.append(_without_beginning(audio, self._frames - starts))
        self._count, self._frames = max(self._count, run.pieces), max(self._frames, ends)


def _without_beginning(audio: Audio, frames: int) -> Audio:
    """`audio` from a frame on."""
    if frames <= 0:
        return audio
    seconds = frames / audio.format.sample_rate
    timings = tuple(
        replace(
            timing, start_seconds=max(0.0, timing.start_seconds - seconds), end_seconds=timing.end_seconds - seconds
        )
        for timing in audio.timings
        if timing.end_seconds > seconds
    )
    return replace(audio, pcm=audio.pcm[frames * audio.format.frame_bytes :], timings=timings)


def _parsed(model: type[_Message], body: bytes) -> _Message | None:
    try:
        return model.model_validate_json(body)
    except ValidationError:
        return None
