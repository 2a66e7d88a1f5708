"""A chunking strategy made elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from voicebot.errors import ConfigError, VoicebotError
from voicebot.plugins.opening import Wanted, find_factory
from voicebot.speech import Boundary, Segment
from voicebot.translation import tr

_SHOWN = 80
"""Characters of a text that are quoted in an error."""


class StrategyCutter:
    """Cuts one reply into texts where a strategy made elsewhere says; what it raises becomes ConfigError.

    The strategy has `feed(delta)` and `flush()`, which return the pieces that are ready, and may have `release()`,
    which gives what it holds when the stream pauses. A piece is a text (or a Segment).
    """

    def __init__(self, strategy: Any, factory: str) -> None:  # Any: checked when it was made
        self._strategy = strategy
        self.factory = factory

    def feed(self, delta: str) -> list[str]:
        """What is ready after `delta`."""
        return self._texts(lambda: self._strategy.feed(delta))

    def flush(self) -> list[str]:
        """What the strategy gives at the end of the reply."""
        return self._texts(self._strategy.flush)

    def release(self) -> list[str]:
        """What the strategy gives now that the stream has paused."""
        release = getattr(self._strategy, "release", None)
        return self._texts(release) if callable(release) else []

    def _texts(self, ask: Callable[[], object]) -> list[str]:
        try:
            pieces = ask()
            if isinstance(pieces, str) or not isinstance(pieces, Iterable | None):
                raise self._not_text(pieces)
            texts: list[Any] = [getattr(piece, "text", piece) for piece in pieces or ()]  # Any: checked below
        except VoicebotError:
            raise
        except Exception as error:
            raise wanted_strategy().failed(self.factory, error) from error
        for text in texts:
            if not isinstance(text, str):
                raise self._not_text(text)
        return texts

    def _not_text(self, value: object) -> ConfigError:
        return ConfigError(
            tr(
                "the chunking strategy of {factory} returned {kind} instead of a list of texts",
                factory=self.factory,
                kind=type(value).__name__,
            ),
            hint=tr("feed and flush return pieces of the reply, see voicebot lab score --help"),
        )


class StrategyChunker:
    """The pieces of a strategy made elsewhere, with their places in the reply.

    They are the reply in its order: whitespace between them may be dropped, anything else may not. What is never
    returned is the last segment. Raises ConfigError.
    """

    unfinished = ""
    """Nothing: such a strategy is never broken at a phrase."""

    def __init__(self, cutter: StrategyCutter) -> None:
        self.held_back = ""
        """What the strategy never returned: known at the end of the reply."""
        self._cutter = cutter
        self._pending = ""
        self._offset = 0

    def feed(self, delta: str) -> list[Segment]:
        """Take the next piece of the reply and return the segments that are ready."""
        self._pending += delta
        return self._segments(self._cutter.feed(delta), Boundary.SENTENCE)

    def flush(self) -> list[Segment]:
        """Return what is left at the end of the reply."""
        segments = self._segments(self._cutter.flush(), Boundary.SENTENCE)
        if self._pending.strip():
            self.held_back = self._pending
            segments.append(self._give(len(self._pending), Boundary.END))
        elif segments:
            segments[-1] = replace(segments[-1], boundary=Boundary.END)
        return segments

    def release(self) -> list[Segment]:
        """Return what the strategy gives now that the stream has paused."""
        return self._segments(self._cutter.release(), Boundary.TIMEOUT)

    def break_off(self, count: int) -> Segment:
        """Cut behind the first `count` characters."""
        return self._give(count, Boundary.PHRASE)

    def _segments(self, texts: list[str], boundary: Boundary) -> list[Segment]:
        return [self._next(piece, boundary) for text in texts if (piece := text.strip())]

    def _next(self, piece: str, boundary: Boundary) -> Segment:
        coming = self._pending.lstrip()
        if not coming.startswith(piece):
            raise ConfigError(
                tr(
                    "the chunking strategy of {factory} returned {piece!r}, which is not what comes next in the reply: "
                    "{coming!r}",
                    factory=self._cutter.factory,
                    piece=piece[:_SHOWN],
                    coming=coming[:_SHOWN],
                ),
                hint=tr("it returns pieces of the reply in their order, and changes nothing in them"),
            )
        return self._give(len(self._pending) - len(coming) + len(piece), boundary)

    def _give(self, count: int, boundary: Boundary) -> Segment:
        text, self._pending = self._pending[:count], self._pending[count:]
        start, self._offset = self._offset, self._offset + count
        return Segment(text, start, self._offset, boundary, self._cutter.factory)


def cutter_maker(named: str, options: Mapping[str, Any]) -> Callable[[], StrategyCutter]:  # Any: what it takes
    """What makes a new cutter of that strategy for each text. Raises ConfigError, also each time it is called."""
    wanted = wanted_strategy()
    factory = find_factory(wanted, named)

    def make() -> StrategyCutter:
        try:
            strategy = factory(**options)
        except VoicebotError:
            raise
        except (Exception, SystemExit) as error:
            raise wanted.failed(named, error) from error
        wanted.check(strategy, named)
        return StrategyCutter(strategy, named)

    make()  # a mistake is reported now, not in the middle of a reply
    return make


def strategy_maker(named: str, options: Mapping[str, Any]) -> Callable[[], StrategyChunker]:  # Any: as above
    """What makes a new chunker of that strategy for each reply. Raises ConfigError, also each time it is called."""
    make = cutter_maker(named, options)
    return lambda: StrategyChunker(make())


def wanted_strategy() -> Wanted:
    """What the factory has to make."""
    return Wanted("chunking", "chunking.strategy", tr("a chunking strategy"), ("feed", "flush"), ConfigError)
