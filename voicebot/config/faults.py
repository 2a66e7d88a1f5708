"""What is wrong with a configuration, in words about config.toml."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from voicebot.errors import ConfigError
from voicebot.translation import tr

MOST_FAULTS = 20
"""More are counted, not listed."""
_MOST_CHARACTERS = 500
"""Of each part of a fault: a file of another kind may have very long lines."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a configuration."""

    origin: str
    """The layer that says it: a file, a variable or an option."""
    key: str
    """Dotted; empty where an option names none."""
    message: str

    def __str__(self) -> str:
        return ": ".join(_shortened(part) for part in (self.origin, self.key, self.message) if part)


class InvalidConfig(ConfigError):
    """A configuration with faults; the message lists all of them."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        lines = [*map(str, faults[:MOST_FAULTS])]
        if len(faults) > MOST_FAULTS:
            lines.append(tr("and {count} more", count=len(faults) - MOST_FAULTS))
        super().__init__("\n".join(lines), hint=tr("every key and its default: voicebot config show"))
        self.faults = tuple(faults)


def _shortened(text: str) -> str:
    return text if len(text) <= _MOST_CHARACTERS else text[: _MOST_CHARACTERS - 1] + "…"
