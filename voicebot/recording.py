"""Writes the deltas of a chat model with their times to files: traces, which `voicebot.lab` reads."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from pathlib import Path

from voicebot import events
from voicebot.errors import LabError
from voicebot.events import Event
from voicebot.translation import system_reason, tr


class TraceRecorder:
    """Takes the events of turns and writes their deltas as they come, one a line; never raises.

    The second turn goes to a file of its own, `name-2.jsonl`, since a trace is one reply.
    """

    def __init__(self, path: Path, *, force: bool = False, redact: Callable[[str], str] = str) -> None:
        """`redact` takes out of each delta what must not be kept."""
        self._first = path
        self._force = force
        self._redact = redact
        self._turns = 0
        self._file: TextIOWrapper | None = None
        self.written: list[Path] = []
        """The traces so far; a turn without a reply leaves none."""
        self.failure: OSError | None = None
        """Why nothing is written any more."""

    def __call__(self, event: Event) -> None:
        """Write `event` if it is a delta."""
        match event:
            case events.TurnStarted():
                self.close()
                self._turns += 1
            case events.Delta() if self.failure is None:
                try:
                    self._write(_trace_line(event.at, self._redact(event.text)))
                except OSError as error:
                    self.failure = error
            case _:
                pass

    def close(self) -> None:
        """End the current trace."""
        if self._file is not None:
            with suppress(OSError):  # a full disk made the line before it fail
                self._file.close()
            self._file = None

    def _write(self, line: str) -> None:
        if self._file is None:
            path = self._first
            if self._turns > 1:
                path = path.with_name(f"{path.stem}-{self._turns}{path.suffix}")
            self._file = _open_trace_file(path, overwrite=self._force)
            self.written.append(path)
        self._file.write(line)
        self._file.flush()


@contextmanager
def open_recorder(
    path: str | Path, *, force: bool = False, redact: Callable[[str], str] = str
) -> Iterator[TraceRecorder]:
    """A recorder that writes to `path`, made with the first delta; an existing file is overwritten only with `force`.

    Raises LabError when it cannot be written, at once or at the end.
    """
    path = Path(path)
    if path.exists() and not force:
        raise LabError(
            tr("{path} is there already", path=path), hint=tr("name another file, or overwrite it with --force")
        )
    if not path.absolute().parent.is_dir():
        raise LabError(tr("there is no folder {parent}", parent=path.absolute().parent), hint=tr("make it first"))
    recorder = TraceRecorder(path, force=force, redact=redact)
    try:
        yield recorder
    finally:
        recorder.close()
    if (failure := recorder.failure) is not None:
        where = failure.filename or path
        raise LabError(
            tr("cannot write {where}: {reason}", where=where, reason=system_reason(failure)),
            hint=tr("what came before is in it") if recorder.written else "",
        ) from failure


def _trace_line(seconds: float, delta: str) -> str:
    return json.dumps({"t_ms": round(seconds * 1000, 1), "token": delta}, ensure_ascii=False) + "\n"


def _open_trace_file(path: Path, *, overwrite: bool) -> TextIOWrapper:
    # A lone surrogate cannot be encoded; as \udXXX it is valid JSON.
    return path.open("w" if overwrite else "x", encoding="utf-8", errors="backslashreplace", newline="\n")
