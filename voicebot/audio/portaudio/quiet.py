"""Keeps what PortAudio and its drivers print off the user's terminal."""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager


class StandardError:
    """That of the process, which C code writes to by its number."""

    def __init__(self) -> None:
        self._kept: int | None = None  # while it is diverted

    @contextmanager
    def diverted(self) -> Iterator[None]:
        """Keep ALSA, JACK and PortAudio from printing their probing of absent hardware on the user's terminal."""
        if self._kept is not None:
            yield  # within another such block
            return
        try:
            self._kept = kept = os.dup(2)
        except OSError:  # no standard error to protect
            yield
            return
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, 2)
            yield
        finally:
            if self._kept == kept:  # else it was given back, and may have been diverted anew
                os.dup2(kept, 2)
                self._kept = None
            os.close(kept)
            os.close(nowhere)

    def give_back(self) -> None:
        """Give standard error back: what diverted it may never end."""
        with contextlib.suppress(OSError, TypeError):  # it has just ended
            os.dup2(self._kept, 2)  # type: ignore[arg-type]  # None: a TypeError
        self._kept = None


class StandardErrorOfC:
    """What C libraries of this process print to with `fprintf(stderr, …)`; Python has a standard error of its own."""

    def __init__(self) -> None:
        c = ctypes.CDLL(None)
        c.fopen.restype = ctypes.c_void_p
        self._nowhere: int | None = c.fopen(os.devnull.encode(), b"w")
        self._stderr = ctypes.c_void_p.in_dll(c, "stderr")
        self._real = self._stderr.value

    def silence(self, silent: bool) -> None:
        """Swallow it, or no longer."""
        self._stderr.value = self._nowhere if silent and self._nowhere else self._real


def silence_alsa() -> None:
    """Keep ALSA from printing, whichever thread it is in: it reports a late block on the user's terminal."""
    with contextlib.suppress(OSError, AttributeError):  # a PortAudio without ALSA
        does_nothing = ctypes.cast(ctypes.CDLL(None).getpid, ctypes.c_void_p)  # not Python: the thread is not ours
        ctypes.CDLL("libasound.so.2").snd_lib_error_set_handler(does_nothing)
