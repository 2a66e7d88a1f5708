"""The user's own chunking strategy, named as `package.module:factory`: as a turn takes it, and held to its promise.

The factory takes `chunking.options` by keyword and returns what cuts one reply: `feed` takes each delta and returns the
pieces that are ready, `flush` returns the rest. Pieces are texts, or segments; `voicebot lab score --help` shows one.

Together the pieces are the reply; only whitespace between them may be left out, and no character is cut in two (an
emoji is several code points). If there is a third method, `release`, it is called when the stream pauses, and returns
the pieces that can be said by now.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from voicebot.config.models import Config
from voicebot.errors import ConfigError, LabError
from voicebot.plugins.chunker import StrategyChunker, cutter_maker, wanted_strategy
from voicebot.plugins.opening import find_factory
from voicebot.speech import Segment
from voicebot.text.graphemes import joins
from voicebot.translation import tr

_NO_OPTIONS: Mapping[str, object] = MappingProxyType({})
_SHOWN = 20
"""Characters of a text that are quoted in an error."""


# ---------------------------------------------------------------- in the configuration


def names_own(strategy: object) -> bool:
    """Whether it is an import path instead of one of voicebot's strategies."""
    return isinstance(strategy, str) and ":" in strategy


def without_own_strategy(config: Config) -> Config:
    """The configuration for all but the chunker, which the lab makes itself."""
    return config.model_copy(update={"chunking": config.chunking.model_copy(update={"strategy": "sentence"})})


def own_strategy_of(config: Config) -> str:
    """The import path of the configuration's strategy; empty if it is one of voicebot's."""
    return config.chunking.strategy if names_own(config.chunking.strategy) else ""


def source_digest(path: str) -> str:
    """Changes with the source of the strategy: its module, and those beside and below it that are imported by then.

    Raises LabError.
    """
    with _as_lab_errors():
        find_factory(wanted_strategy(), path)
    digest = hashlib.sha256(path.encode())
    main = getattr(sys.modules.get(path.partition(":")[0]), "__file__", None)
    if main is not None:
        folder = Path(main).parent
        files = {Path(file) for module in list(sys.modules.values()) if (file := getattr(module, "__file__", None))}
        for file in sorted(file for file in files if file.is_relative_to(folder) and file.suffix == ".py"):
            digest.update(file.read_bytes())
    return digest.hexdigest()


# ---------------------------------------------------------------- as a chunker


class OwnCutter:
    """Cuts one text, as the strategy says. Raises LabError."""

    def __init__(self, path: str, options: Mapping[str, object] = _NO_OPTIONS) -> None:
        with _as_lab_errors():
            self._cutter = cutter_maker(path, options)()

    def feed(self, delta: str) -> list[str]:
        """What is ready after `delta`."""
        with _as_lab_errors():
            return self._cutter.feed(delta)

    def flush(self) -> list[str]:
        """What is left at the end of the text."""
        with _as_lab_errors():
            return self._cutter.flush()


class OwnChunker:
    """A strategy as the turn uses it, held to its promise.

    Raises LabError where a piece is not what comes next in the reply, where one is missing at the end, and where a cut
    tears a grapheme cluster.
    """

    unfinished = StrategyChunker.unfinished

    def __init__(self, path: str, options: Mapping[str, object] = _NO_OPTIONS) -> None:
        with _as_lab_errors():
            self._chunker = StrategyChunker(cutter_maker(path, options)())
        self._path = path
        self._reply = ""
        self._end = 0
        """Where in the reply the last segment ends."""

    def feed(self, delta: str) -> list[Segment]:
        """Take the next piece of the reply and return the segments that are ready."""
        before = len(self._reply)
        self._reply += delta
        if self._end == before:
            self._check_cut(before)  # only now it can be seen
        return self._checked(lambda: self._chunker.feed(delta))

    def flush(self) -> list[Segment]:
        """Return what is left at the end of the reply."""
        segments = self._checked(self._chunker.flush)
        if rest := self._chunker.held_back.strip():
            raise LabError(
                tr("the strategy {path} loses text: {text!r} never came out", path=self._path, text=rest[:_SHOWN]),
                hint=tr("its pieces together must be the reply; only whitespace may be left out"),
            )
        return segments

    def release(self) -> list[Segment]:
        """Return what can be said by now, after a pause of the stream."""
        return self._checked(self._chunker.release)

    def break_off(self, count: int) -> Segment:
        """Cut behind the first `count` characters."""
        return self._chunker.break_off(count)

    def _checked(self, ask: Callable[[], list[Segment]]) -> list[Segment]:
        with _as_lab_errors():
            segments = ask()
        for segment in segments:
            self._end = segment.end
            self._check_cut(segment.end)
        return segments

    def _check_cut(self, at: int) -> None:
        if 0 < at < len(self._reply) and joins(self._reply, at):
            around = self._reply[max(0, at - _SHOWN) : at + 1]
            raise LabError(
                tr(
                    "the strategy {path} cuts a character in two at {place}: {text!r}",
                    path=self._path,
                    place=at,
                    text=around,
                ),
                hint=tr("wait for the next character: what joins the one before it belongs to that"),
            )


@contextmanager
def _as_lab_errors() -> Iterator[None]:
    """In the lab, a strategy that does not work is a mistake in what was asked for, not in config.toml."""
    try:
        yield
    except ConfigError as error:
        raise LabError(error.message, hint=error.hint) from error
