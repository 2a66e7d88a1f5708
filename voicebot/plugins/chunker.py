"""A chunking strategy made elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from voicebot.errors import ConfigError, VoicebotError
from voicebot.plugins.opening import Wanted, find_factory
from voicebot.speech import Boundary, Segment
from voicebot.translation import tr


class StrategyChunker:
    """Cuts one reply where a strategy made elsewhere says.

    The strategy has `feed(delta)` and `flush()`, which return the pieces that are ready, and may have `release()`,
    which gives what it holds when the stream pauses. A piece is a text (or a Segment). They are the reply in its
    order: whitespace between them may be dropped, anything else may not. What is never returned is the last segment.
    """

    unfinished = ""
    """Nothing: such a strategy is never broken at a phrase."""

    def __init__(self, strategy: Any, factory: str) -> None:  # Any: checked when it was made
        self._strategy = strategy
        self._factory = factory
        self._pending = ""
        self._offset = 0

    def feed(self, delta: str) -> list[Segment]:
        """Take the next piece of the reply and return the segments that are ready."""
        self._pending += delta
        return self._cut(lambda: self._strategy.feed(delta), Boundary.SENTENCE)

    def flush(self) -> list[Segment]:
        """Return what is left at the end of the reply."""
        segments = self._cut(self._strategy.flush, Boundary.SENTENCE)
        if self._pending.strip():
            segments.append(self._give(len(self._pending), Boundary.END))
        return segments

    def release(self) -> list[Segment]:
        """Return what the strategy gives now that the stream has paused."""
        release = getattr(self._strategy, "release", None)
        return self._cut(release, Boundary.TIMEOUT) if release else []

    def break_off(self, count: int) -> Segment:
        """Cut behind the first `count` characters."""
        return self._give(count, Boundary.PHRASE)

    def _cut(self, ask: Callable[[], Iterable[object]], boundary: Boundary) -> list[Segment]:
        try:
            pieces = [str(getattr(piece, "text", piece)).strip() for piece in ask() or ()]
        except VoicebotError:
            raise
        except Exception as error:
            raise wanted_strategy().failed(self._factory, error) from error
        return [self._next(piece, boundary) for piece in pieces if piece]

    def _next(self, piece: str, boundary: Boundary) -> Segment:
        start = len(self._pending) - len(self._pending.lstrip())
        if not self._pending.startswith(piece, start):
            raise ConfigError(
                tr(
                    "the chunking strategy of {factory} returned {piece!r}, which is not what comes next in the reply",
                    factory=self._factory,
                    piece=piece[:80],
                ),
                hint=tr("it returns pieces of the reply in their order, and changes nothing in them"),
            )
        return self._give(start + len(piece), boundary)

    def _give(self, count: int, boundary: Boundary) -> Segment:
        text, self._pending = self._pending[:count], self._pending[count:]
        start, self._offset = self._offset, self._offset + count
        return Segment(text, start, self._offset, boundary, "strategy")


def strategy_maker(named: str, options: Mapping[str, Any]) -> Callable[[], StrategyChunker]:  # Any: what it takes
    """What makes a new chunker of that strategy for each reply. Raises ConfigError, also each time it is called."""
    wanted = wanted_strategy()
    factory = find_factory(wanted, named)

    def make() -> StrategyChunker:
        try:
            strategy = factory(**options)
        except VoicebotError:
            raise
        except (Exception, SystemExit) as error:
            raise wanted.failed(named, error) from error
        wanted.check(strategy, named)
        return StrategyChunker(strategy, named)

    make()  # a mistake is told now, not in the middle of a reply
    return make


def wanted_strategy() -> Wanted:
    """What the factory has to make."""
    return Wanted("chunking", "chunking.strategy", tr("a chunking strategy"), ("feed", "flush"), ConfigError)
