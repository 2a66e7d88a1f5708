"""The text of others as it comes: from an async iterator, from one that blocks, or whole."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Iterator
from contextlib import aclosing, nullcontext

from anyio import to_thread

Deltas = str | AsyncIterable[str | None] | Iterable[str | None]
"""Text, or pieces of it as they are written. None is skipped: some clients send it where nothing was written."""


async def text_of(deltas: Deltas) -> AsyncGenerator[str, None]:
    """Yield the pieces that hold text.

    An iterator that is not async is asked in a thread, since it may wait; cancelling does not wait for it. An async
    generator is closed with this one. Raises TypeError for a piece that is not text.
    """
    if isinstance(deltas, str):
        yield deltas
        return
    if isinstance(deltas, AsyncIterable):
        async with aclosing(deltas) if isinstance(deltas, AsyncGenerator) else nullcontext():
            async for delta in deltas:
                if text := checked(delta):
                    yield text
        return
    pieces: Iterator[str | None] = iter(deltas)
    end = object()
    while (piece := await to_thread.run_sync(next, pieces, end, abandon_on_cancel=True)) is not end:
        if text := checked(piece):
            yield text


def checked(delta: object) -> str:
    """The text of a delta. Raises TypeError for anything else."""
    if delta is None:
        return ""
    if isinstance(delta, str):
        return delta
    raise TypeError(
        f"a delta is text, not {type(delta).__name__}: take the text out of it first, "
        "as in voice.speak(chunk.text async for chunk in chunks)"
    )
