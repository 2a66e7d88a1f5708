"""Tells in one line what a config.toml that nobody has trusted may not set."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from voicebot.config.trust import TRUST_COMMAND, Refused
from voicebot.translation import tr

_NAMED = 3


def in_short(refused: Sequence[Refused]) -> list[str]:
    """A line for each file; `voicebot config check` tells of each key."""
    lines: list[str] = []
    for (path, changed, module), group in groupby(refused, lambda one: (one.path, one.changed, one.module)):
        keys = list(group)
        if len(keys) == 1 or module:
            lines += map(str, keys)
            continue
        fields = {
            "path": path,
            "count": len(keys),
            "keys": tr(", ").join(one.dotted for one in keys[:_NAMED]) + " …" * (len(keys) > _NAMED),
            "command": TRUST_COMMAND,
        }
        lines.append(
            tr(
                "{path}: {count} keys are not used, as the file has changed since it was trusted: {keys}"
                " (all of them: voicebot config check). To use them: {command}",
                **fields,
            )
            if changed
            else tr(
                "{path}: {count} keys are not used, since nobody has trusted the file: {keys}"
                " (all of them: voicebot config check). To use them: {command}",
                **fields,
            )
        )
    return lines
