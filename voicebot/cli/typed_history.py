"""The lines that were typed in chats, kept between runs for the arrow keys."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

_KEPT = 1000
"""Lines; the file may have twice as many before the older ones are dropped."""


def typed_history_path() -> Path:
    """The file that remembers them."""
    import platformdirs

    return Path(platformdirs.user_state_dir("voicebot", appauthor=False)) / "typed.jsonl"


def read_lines(path: Path) -> list[str]:
    """The last lines, oldest first; what cannot be read is left out.

    A file that has grown long is shortened.
    """
    try:
        content = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []
    except OSError:
        return []
    if len(content) > 2 * _KEPT:
        new = path.with_name(f"{path.name}.{os.getpid()}")
        with suppress(OSError):
            _append(new, content[-_KEPT:])
            new.replace(path)
    lines = []
    for line in content[-_KEPT:]:
        with suppress(ValueError, RecursionError):
            if isinstance(text := json.loads(line), str):
                lines.append(text)
    return lines


def add_line(path: Path, line: str) -> None:
    """Keep one more line; a file that cannot be written is ignored."""
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _append(path, [json.dumps(line)])


def _append(path: Path, lines: list[str]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)  # what people type is their business
    with open(descriptor, "a", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines)
