"""What is wrong with a configuration, in words about config.toml."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from voicebot.errors import ConfigError
from voicebot.translation import marked, tr

MOST_FAULTS = 20
"""More are counted, not listed."""
_MOST_CHARACTERS = 500
"""Of each part of a fault: a file of another kind may have very long lines."""
OF_PYDANTIC = (
    marked("Field required"),
    marked("Input should be greater than or equal to {least}"),
    marked("Input should be greater than {least}"),
    marked("Input should be less than or equal to {most}"),
    marked("Input should be less than {most}"),
    marked("Input should be a valid integer, unable to parse string as an integer"),
    marked("Input should be a valid integer, got a number with a fractional part"),
    marked("Input should be a valid integer"),
    marked("Input should be a valid number, unable to parse string as a number"),
    marked("Input should be a valid number"),
    marked("Input should be a finite number"),
    marked("Input should be a valid boolean, unable to interpret input"),
    marked("Input should be a valid boolean"),
    marked("Input should be a valid string"),
    marked("Input should be a valid list"),
    marked("Input should be a valid tuple"),
    marked("Input should be a valid dictionary"),
    marked("Input should be {choices}"),
    marked("String should have at least {least} characters"),
    marked("String should have at least {least} character"),
    marked("String should match pattern {pattern}"),
    marked("List should have at least {least} items after validation{rest}"),
    marked("List should have at least {least} item after validation{rest}"),
    marked("needs either a command or a url"),
)
"""The forms of the validator's messages, the more particular ones first."""


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
