"""What the terminal can do, and what was typed before anybody asked."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Any

TWICE_SECONDS = 2.0
"""Two Ctrl-C within this time leave a conversation."""


def draws() -> bool:
    """Whether the terminal understands escape codes: colours, and a cursor that moves."""
    # Windows' consoles do, and set no TERM.
    return sys.platform == "win32" or os.environ.get("TERM", "") not in ("", "dumb", "unknown")


def has_styles() -> bool:
    """Whether text may be colored, bold or dim: the terminal can, and NO_COLOR (no-color.org) is not set."""
    return draws() and not os.environ.get("NO_COLOR")


def modes() -> list[Any] | None:  # Any: as termios has it
    """How the terminal treats what is typed; None where that cannot be told."""
    if sys.platform == "win32":
        return None
    import termios

    try:
        return termios.tcgetattr(sys.stdin)
    except termios.error:
        return None


def set_modes(wanted: list[Any] | None) -> None:  # Any: as termios has it
    """Let the terminal treat it so again."""
    if sys.platform == "win32" or wanted is None:
        return
    import termios

    with suppress(termios.error):  # the terminal is gone
        termios.tcsetattr(sys.stdin, termios.TCSANOW, wanted)


def typed_ahead() -> list[str]:
    """The lines that were typed while the program was still loading; what has no end yet is left in the terminal."""
    if sys.platform == "win32":
        return []  # a console cannot be asked whether somebody has typed
    import select

    lines: list[str] = []
    with suppress(OSError):  # the terminal is gone
        while select.select([sys.stdin], [], [], 0)[0] and (data := os.read(sys.stdin.fileno(), 65_536)):
            lines += data.decode(sys.stdin.encoding, "replace").splitlines()
    return lines
