"""What the terminal can do."""

from __future__ import annotations

import os
import sys


def draws() -> bool:
    """Whether the terminal understands escape codes: colours, and a cursor that moves."""
    # Windows' consoles do, and set no TERM.
    return sys.platform == "win32" or os.environ.get("TERM", "") not in ("", "dumb", "unknown")
