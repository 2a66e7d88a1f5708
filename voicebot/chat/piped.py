"""Text that comes from elsewhere as the reply: standard input, or a given text."""

from __future__ import annotations

import codecs
import os
import stat
import sys
from collections.abc import AsyncGenerator, Sequence

import anyio
from anyio import to_thread

from voicebot.errors import ChatError
from voicebot.messages import Message
from voicebot.translation import marked, system_reason, tr

_READ_BYTES = 65_536


class PipedChat:
    """Replies once, with whatever arrives at a file descriptor."""

    name = marked("standard input")

    def __init__(self, file_descriptor: int = 0) -> None:
        self._file_descriptor = file_descriptor

    async def stream_reply(self, messages: Sequence[Message]) -> AsyncGenerator[str, None]:  # noqa: ARG002 - the protocol has it
        """Yield the text as it arrives, until the end of the input; what is not UTF-8 becomes U+FFFD."""
        decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
        while data := await self._read():
            if text := decoder.decode(data):
                yield text
        if rest := decoder.decode(b"", final=True):
            yield rest

    async def _read(self) -> bytes:
        try:
            if sys.platform == "win32":  # which can wait for sockets only
                return await to_thread.run_sync(os.read, self._file_descriptor, _READ_BYTES, abandon_on_cancel=True)
            mode = os.fstat(self._file_descriptor).st_mode
            if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or os.isatty(self._file_descriptor):
                await anyio.wait_readable(self._file_descriptor)  # files and /dev/null are always ready
            return os.read(self._file_descriptor, _READ_BYTES)
        except OSError as error:
            raise ChatError(tr("cannot read standard input: {reason}", reason=system_reason(error))) from error


class GivenText:
    """Replies with one text."""

    name = marked("given text")

    def __init__(self, text: str) -> None:
        self._text = text

    async def stream_reply(self, messages: Sequence[Message]) -> AsyncGenerator[str, None]:  # noqa: ARG002 - the protocol has it
        """Yield the text."""
        yield self._text
