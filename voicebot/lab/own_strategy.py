"""A chunking strategy of one's own, named as `package.module:factory`: as a turn takes it, and held to its promise.

The factory takes `chunking.options` by keyword and returns what cuts one reply: `feed` takes each delta and returns the
pieces that are ready, `flush` returns the rest. Pieces are texts, or segments. Lines, for example:

    class Lines:
        def __init__(self):
            self.rest = ""

        def feed(self, delta):
            *whole, self.rest = (self.rest + delta).split("\\n")
            return whole

        def flush(self):
            return [self.rest]

Together the pieces are the reply; only whitespace between them may be left out, and no character is cut in two (an
emoji is several code points). If there is a third method, `release`, it is called when the stream pauses, and returns
the pieces that can be said by now.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

from voicebot.config.models import Config
from voicebot.errors import LabError, VoicebotError
from voicebot.import_paths import ImportPathError, import_by_path
from voicebot.speech import Boundary, Segment
from voicebot.text.graphemes import joins
from voicebot.translation import marked, tr

_FORM = marked("the factory returns an object with feed(delta) and flush(), see voicebot lab score --help")
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
    _factory(path)
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
    """Cuts one reply into texts, as the strategy says. What it raises, and what is not text, becomes a LabError."""

    def __init__(self, path: str, options: Mapping[str, object] = _NO_OPTIONS) -> None:
        self.path = path
        factory = _factory(path)
        self._cutter = self._checked(lambda: factory(**options))
        if not all(callable(getattr(self._cutter, name, None)) for name in ("feed", "flush")):
            raise LabError(
                tr(
                    "the strategy {path} returned {kind}, which does not cut",
                    path=path,
                    kind=type(self._cutter).__name__,
                ),
                hint=tr(_FORM),
            )

    def feed(self, delta: str) -> list[str]:
        """What is ready after `delta`."""
        return self._texts(self._checked(self._cutter.feed, delta))

    def flush(self) -> list[str]:
        """What is left at the end of the reply."""
        return self._texts(self._checked(self._cutter.flush))

    def release(self) -> list[str]:
        """What can be said by now, after a pause of the stream."""
        release = getattr(self._cutter, "release", None)
        return self._texts(self._checked(release)) if callable(release) else []

    def _checked(self, function: Callable[..., Any], *arguments: object) -> Any:  # Any: somebody else's code
        try:
            return function(*arguments)
        except VoicebotError:
            raise
        except Exception as error:
            raise LabError(
                tr(
                    "the strategy {path} failed: {kind}: {error}",
                    path=self.path,
                    kind=type(error).__name__,
                    error=error,
                ),
                hint=tr("--debug shows where it happened"),
            ) from error

    def _texts(self, pieces: object) -> list[str]:
        if isinstance(pieces, str) or not isinstance(pieces, Iterable):
            raise self._not_text(pieces)
        texts = []
        for piece in self._checked(list, pieces):  # a generator may fail
            text = piece.text if isinstance(piece, Segment) else piece
            if not isinstance(text, str):
                raise self._not_text(piece)
            texts.append(text)
        return texts

    def _not_text(self, value: object) -> LabError:
        return LabError(
            tr(
                "the strategy {path} returned {kind} instead of a list of texts",
                path=self.path,
                kind=type(value).__name__,
            ),
            hint=tr(_FORM),
        )


class OwnChunker:
    """A strategy as the turn uses it: its pieces with their places in the reply.

    Raises LabError where a piece is not what comes next in the reply, where one is missing at the end, and where a cut
    tears a grapheme cluster.
    """

    unfinished = ""
    """There is no clause that a phrase could be broken off."""

    def __init__(self, path: str, options: Mapping[str, object] = _NO_OPTIONS) -> None:
        self._cutter = OwnCutter(path, options)
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
        return self._segments(self._cutter.feed(delta), Boundary.SENTENCE)

    def flush(self) -> list[Segment]:
        """Return what is left at the end of the reply."""
        segments = self._segments(self._cutter.flush(), Boundary.END)
        if rest := self._reply[self._end :].strip():
            raise self._loss(tr("{text!r} never came out", text=rest[:_SHOWN]))
        return segments

    def release(self) -> list[Segment]:
        """Return what can be said by now, after a pause of the stream."""
        return self._segments(self._cutter.release(), Boundary.TIMEOUT)

    def break_off(self, count: int) -> Segment:
        """Nobody asks: nothing is ever unfinished."""
        raise NotImplementedError(count)

    def _segments(self, texts: list[str], boundary: Boundary) -> list[Segment]:
        segments = []
        for text in texts:
            if not text.strip():
                continue  # whitespace belongs to what comes next
            start, self._end = self._end, self._end_of(text)
            self._check_cut(self._end)
            segments.append(Segment(self._reply[start : self._end], start, self._end, boundary, self._path))
        return segments

    def _end_of(self, text: str) -> int:
        """Where in the reply `text` ends, which comes next, whitespace aside."""
        at = self._end
        for character in text:
            if character.isspace():
                continue
            while at < len(self._reply) and self._reply[at].isspace():
                at += 1
            if self._reply[at : at + 1] != character:
                there = self._reply[self._end :].lstrip()[:_SHOWN]
                raise self._loss(tr("{text!r} came out where {there!r} stands", text=text[:_SHOWN], there=there))
            at += 1
        return at

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

    def _loss(self, what: str) -> LabError:
        return LabError(
            tr("the strategy {path} changes the text at {place}: {what}", path=self._path, place=self._end, what=what),
            hint=tr("its pieces together must be the reply; only whitespace may be left out"),
        )


def _factory(path: str) -> Callable[..., Any]:  # Any: somebody else's function
    try:
        factory = import_by_path(path)
    except ImportPathError as error:
        raise LabError(tr("the strategy {path}: {error}", path=path, error=error), hint=error.hint) from error
    if not callable(factory):
        raise LabError(tr("the strategy {path} cannot be called", path=path), hint=tr("name a function or a class"))
    # Any: callable() says no more than that
    return cast(Callable[..., Any], factory)
