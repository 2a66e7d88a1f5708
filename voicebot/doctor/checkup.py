"""What a check is and finds, and how it is run: with a deadline, in a thread of its own, watched from outside."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

import anyio
from anyio import to_thread

from voicebot.errors import VoicebotError, without_groups
from voicebot.translation import tr

_GRACE_SECONDS = 0.4
"""A cancelled check closes what it has opened; one that still blocks after this is left behind."""


class State(StrEnum):
    """How it is."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check has found."""

    state: State
    text: str
    command: str = ""
    """What to run; never empty where it failed."""


def fine(text: str) -> Finding:
    """All is well."""
    return Finding(State.OK, text)


def warns(text: str, command: str = "") -> Finding:
    """It works, but not as it should."""
    return Finding(State.WARNING, text, command)


def fails(text: str, command: str) -> Finding:
    """It does not work; `command` mends it, or shows more."""
    return Finding(State.FAILED, text, command)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to look at."""

    name: str
    work: Callable[[], Awaitable[Finding]]
    seconds: float
    """It is given up after this."""
    command: str
    """What to run where it is given up, or fails without saying more."""


async def run_check(check: Check) -> Finding:
    """What `check` finds; whatever happens to it, even that it never returns, is a finding too."""
    found: Finding | None = None
    with anyio.move_on_after(check.seconds + _GRACE_SECONDS):
        # Nobody waits for a thread that blocks and was abandoned, not even the end of the command.
        found = await to_thread.run_sync(_in_own_loop, check, abandon_on_cancel=True)
    return found or _late(check)


def _in_own_loop(check: Check) -> Finding:
    try:
        return anyio.run(_timed, check)
    except Exception as error:  # noqa: BLE001 - one check that breaks must not keep the others from being reported
        return fails(f"{type(error).__name__}: {error}", check.command)


async def _timed(check: Check) -> Finding:
    try:
        with anyio.fail_after(check.seconds), without_groups():
            return await check.work()
    except TimeoutError:
        return _late(check)
    except VoicebotError as error:
        return fails(error.message, check.command)


def _late(check: Check) -> Finding:
    return fails(tr("no answer within {seconds:g} s", seconds=check.seconds), check.command)
