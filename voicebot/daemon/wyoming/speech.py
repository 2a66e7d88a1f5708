"""Text-to-speech for a Wyoming client: a turn whose output is the connection, and which nobody else waits for."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable
from dataclasses import dataclass, field, replace

import anyio
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.error import Error
from wyoming.event import Event

from voicebot.audio.paced import PacedPlayback, PacedQueue
from voicebot.audio.pcm import convert
from voicebot.conversation import GivenText, in_style
from voicebot.daemon.ssip.ssml import without_tags
from voicebot.errors import VoicebotError
from voicebot.events import TurnEvent
from voicebot.speech import AudioFormat, Clip, Style
from voicebot.text.redaction import without_passwords
from voicebot.text.safe_display import safe_line
from voicebot.turn import Pipeline, speak_turn

log = logging.getLogger(__name__)

Send = Callable[[Event], Awaitable[None]]
"""Sends one event, and returns when the next one may follow."""
_BLOCK_SECONDS = 0.1
_SAMPLE_BYTES = 2
_DELTA_CHARACTERS = 1_000


@dataclass(slots=True, eq=False)
class GrowingText:
    """A text that comes piece by piece, faster than it is said."""

    ssml: bool = False
    """It has tags, which may end in another piece than they begin in: it is said when all of it is there."""
    waiting: int = 0
    """Characters that nobody has taken yet."""
    _pieces: deque[str] = field(default_factory=deque)
    _ended: bool = False
    _changed: anyio.Event = field(default_factory=anyio.Event)

    def add(self, piece: str) -> None:
        """One more piece."""
        self.waiting += len(piece)
        self._pieces.append(piece)
        self._changed.set()

    def end(self) -> None:
        """That was all of it."""
        if self.ssml:
            text = without_tags("".join(self._pieces)).text
            self._pieces, self.waiting = deque([text]), len(text)
        self._ended = True
        self._changed.set()

    async def pieces(self) -> AsyncGenerator[str, None]:
        """The pieces, as they come."""
        while True:
            while self._pieces and (self._ended or not self.ssml):
                piece = self._pieces.popleft()
                for start in range(0, len(piece), _DELTA_CHARACTERS):  # those ahead of the voice are counted
                    delta = piece[start : start + _DELTA_CHARACTERS]
                    self.waiting -= len(delta)
                    yield delta
            if self._ended:
                return
            self._changed = anyio.Event()
            await self._changed.wait()


class WyomingOutput:
    """Sends clips as fast as they are made, in the format of the first one."""

    name = "Wyoming"
    realtime = False

    def __init__(self, send: Send, usual: AudioFormat) -> None:
        """`usual` is the format of a text without any sound."""
        self._send = send
        self._usual = usual
        self._format: AudioFormat | None = None
        self._frames = 0
        self._queue = PacedQueue(realtime=False)

    async def play(self, clip: Clip) -> PacedPlayback:
        """Send `clip`."""
        format = await self._started(clip.format)
        pcm = convert(clip, format)
        size = max(1, int(_BLOCK_SECONDS * format.sample_rate)) * format.frame_bytes
        for start in range(0, len(pcm), size):
            block = pcm[start : start + size]
            chunk = AudioChunk(format.sample_rate, _SAMPLE_BYTES, format.channels, block, timestamp=self._milliseconds)
            await self._send(chunk.event())
            self._frames += len(block) // format.frame_bytes
        return self._queue.append(clip.seconds)

    async def end(self) -> None:
        """That was all; a text without any sound has a beginning and an end, too."""
        await self._started(self._usual)
        await self._send(AudioStop(timestamp=self._milliseconds).event())

    async def _started(self, format: AudioFormat) -> AudioFormat:
        if self._format is None:
            self._format = format
            start = AudioStart(format.sample_rate, _SAMPLE_BYTES, format.channels, timestamp=0)
            await self._send(start.event())
        return self._format

    @property
    def _milliseconds(self) -> int:
        return 1000 * self._frames // self._format.sample_rate if self._format else 0

    async def drain(self) -> None:
        """There is nothing to wait for."""

    def pause(self) -> None:
        """What was sent is elsewhere."""

    def resume(self) -> None:
        """What was sent is elsewhere."""

    def paused_seconds(self) -> float:
        """Never."""
        return 0.0

    def abort(self) -> None:
        """What was sent is elsewhere."""


async def say(text: AsyncIterable[str], pipeline: Pipeline, style: Style, send: Send) -> None:
    """Send the audio of `text`, which may still come, from its first clause on; an error is sent before its end."""
    synthesizer = pipeline.synthesizer
    output = WyomingOutput(send, synthesizer.format if synthesizer is not None else AudioFormat(24_000))
    if synthesizer is not None:
        synthesizer = in_style(synthesizer, style)
    turn = replace(pipeline, chat=GivenText(text), synthesizer=synthesizer, output=output, heard_as_it_comes=True)
    outcome = await speak_turn([], turn, emit=_unheard, scope=anyio.CancelScope())
    if outcome.error is not None:
        await send(failure(outcome.error))
    await output.end()


def failure(error: VoicebotError) -> Event:
    """What a client is told of an error."""
    log.warning("for a Wyoming client: %s", error.message)
    text = error.in_one_line
    return Error(text=safe_line(without_passwords(text)), code=type(error).__name__).event()


def _unheard(event: TurnEvent) -> None:
    """Nobody follows this turn: it holds no floor, and what is said in it is nobody else's business."""
