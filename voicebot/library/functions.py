"""A synthesizer and an output made of plain functions, for programs that need no more."""

from __future__ import annotations

import inspect
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import anyio
from anyio import to_thread

from voicebot.audio.paced import PacedOutput, PacedPlayback
from voicebot.speech import AS_CONFIGURED, Audio, AudioFormat, Capabilities, Clip, Style


class FunctionSynthesizer:
    """A synthesizer made of a function that takes a text and returns 16-bit little-endian PCM, channels interleaved.

    A plain function runs in a worker thread, an async one in the event loop; either is called for one text at a time.
    """

    credit = ""
    capabilities = Capabilities()

    def __init__(
        self,
        speech: Callable[[str], bytes] | Callable[[str], Awaitable[bytes]],
        *,
        sample_rate: int,
        channels: int = 1,
        name: str = "",
    ) -> None:
        """`sample_rate` is in frames a second. Its costs are remembered under `name`, by default the function's own."""
        self.name = name or getattr(speech, "__qualname__", type(speech).__qualname__)
        self.identity = f"function {self.name}"
        self.format = AudioFormat(sample_rate, channels)
        self._speech = speech
        self._engine = anyio.Lock()

    async def synthesize(self, text: str, style: Style = AS_CONFIGURED) -> AsyncGenerator[Audio, None]:  # noqa: ARG002 - the protocol has it
        """Yield what the function makes of `text`, in one piece. Its errors are raised as they are."""
        async with self._engine:
            began = time.perf_counter()
            pcm = await self._made(text)
            work_seconds = time.perf_counter() - began
        whole = len(pcm) - len(pcm) % self.format.frame_bytes
        yield Audio(bytes(pcm[:whole]), self.format, work_seconds=work_seconds)

    async def _made(self, text: str) -> bytes:
        speech: Callable[[str], Any] = self._speech  # Any: what the types forbid is found here
        # an object may be called, and its call be async
        if inspect.iscoroutinefunction(speech) or inspect.iscoroutinefunction(type(speech).__call__):
            made = await speech(text)
        else:
            made = await to_thread.run_sync(speech, text, abandon_on_cancel=True)
        if isinstance(made, bytes):
            return made
        raise TypeError(f"{self.name} returned {type(made).__name__}, not 16-bit PCM as bytes")


class FunctionOutput(PacedOutput):
    """An output made of a function that takes each clip when it begins to be heard, and does what it likes with it.

    It keeps the time of a loudspeaker, so that an interruption says what was heard; without `realtime` the clips come
    as fast as they are made. The function may be async; the reply waits for it.
    """

    def __init__(
        self,
        write: Callable[[Clip], Awaitable[None]] | Callable[[Clip], None],
        *,
        realtime: bool = True,
        name: str = "",
    ) -> None:
        super().__init__(name or getattr(write, "__qualname__", type(write).__qualname__), realtime=realtime)
        self._function = write

    async def play(self, clip: Clip) -> PacedPlayback:
        """Hand `clip` over when those before it have been heard."""
        await self.drain()
        if clip.pcm and inspect.isawaitable(written := self._function(clip)):
            await written
        return await super().play(clip)
