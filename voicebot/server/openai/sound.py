"""The clips of a turn as a file that is sent while they come."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from anyio import to_thread

from voicebot.audio.pcm import convert, silence
from voicebot.installation import extra_command
from voicebot.server.openai.encoders import ENCODINGS, FORMAT, Encoder, EncoderMissing, Encoding, new_encoder
from voicebot.server.refusals import Refusal
from voicebot.speech import Clip

_BLOCK_BYTES = FORMAT.sample_rate // 2 * FORMAT.frame_bytes
"""Half a second: the first of a long clip leaves before all of it is encoded."""
_NOTHING_SECONDS = 0.1
"""The silence that stands for a text without any sound: players take an empty file for a fault."""


class Sound:
    """Encodes the clips of one turn; what takes long is done in a thread."""

    def __init__(self, encoding: Encoding) -> None:
        """Raises EncoderMissing."""
        self._encoding: Encoding = encoding
        self._encoder: Encoder = new_encoder(encoding)
        self.frames = 0
        """Of `FORMAT`, so far."""

    @property
    def seconds(self) -> float:
        """How long it is, so far."""
        return self.frames / FORMAT.sample_rate

    async def feed(self, clip: Clip) -> AsyncGenerator[bytes, None]:
        """Yield what is ready of the file, a part at a time."""
        pcm = clip.pcm if clip.format == FORMAT else await to_thread.run_sync(convert, clip, FORMAT)
        for start in range(0, len(pcm), _BLOCK_BYTES):
            block = pcm[start : start + _BLOCK_BYTES]
            self.frames += len(block) // FORMAT.frame_bytes
            if part := await self._encoded(block):
                yield part

    async def flush(self) -> bytes:
        """Return the rest of the file."""
        head = b"" if self.frames else await self._encoded(silence(_NOTHING_SECONDS, FORMAT))
        return head + await to_thread.run_sync(self._encoder.flush)

    async def _encoded(self, pcm: bytes) -> bytes:
        if self._encoding in ("pcm", "wav"):
            return self._encoder.feed(pcm)
        return await to_thread.run_sync(self._encoder.feed, pcm)


def encoding_of(name: str, *, param: str) -> Encoding:
    """The encoding that a client calls `name`. Raises Refusal."""
    for encoding in ENCODINGS:
        if encoding == name:
            return encoding
    ours = ", ".join(ENCODINGS)
    raise Refusal(400, f"{param}: this server does not write {name[:20]!r}", hint=f"it writes {ours}", param=param)


async def sound_in(encoding: Encoding, *, param: str) -> Sound:
    """What writes a file in `encoding`. Raises Refusal where a package for that is missing."""
    try:
        return await to_thread.run_sync(Sound, encoding)  # the first one is imported
    except EncoderMissing as error:
        others = "wav" if error.extra == "server" else "mp3, opus, flac, wav or pcm"
        hint = f"{extra_command(error.extra)}, or ask for {others}"
        raise Refusal(400, f"{param}: {error}", hint=hint, param=param) from None
