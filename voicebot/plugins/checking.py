"""Whether a plugin can be imported: found out in a process of its own, since it may print, hang, exit or crash."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import anyio

from voicebot.import_paths import ImportPathError, import_by_path
from voicebot.plugins.installed import Plugin
from voicebot.translation import tr

State = Literal["ok", "broken", "untrusted"]
_AT_ONCE = 4
"""Processes."""
_MOST_CHARACTERS = 300
"""Of a reason: an error may quote a whole file."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A plugin, and whether it can be used."""

    plugin: Plugin
    state: State
    reason: str = ""
    """Why not, for people."""


async def check_all(plugins: Sequence[Plugin], *, timeout_seconds: float = 20.0) -> list[Checked]:
    """Import each of them in a process of its own, given up after `timeout_seconds`, and say how that went."""
    found: dict[int, Checked] = {}
    room = anyio.CapacityLimiter(_AT_ONCE)

    async def check(place: int, plugin: Plugin) -> None:
        async with room:
            reason = await _failure(plugin.factory, timeout_seconds)
        found[place] = Checked(plugin, "broken" if reason else "ok", reason[:_MOST_CHARACTERS])

    async with anyio.create_task_group() as tasks:
        for place, plugin in enumerate(plugins):
            tasks.start_soon(check, place, plugin)
    return [found[place] for place in range(len(plugins))]


async def _failure(factory: str, timeout_seconds: float) -> str:
    """Why `factory` cannot be imported; empty if it can."""
    with anyio.move_on_after(timeout_seconds):
        done = await anyio.run_process(
            [sys.executable, "-P", "-m", __name__, factory], check=False, stderr=None, env=_environment()
        )
        try:
            reason = json.loads(done.stdout)
        except ValueError:
            return tr("importing it ended the process with code {code}", code=done.returncode)
        return str(reason)
    return tr("importing it took longer than {seconds:g} s", seconds=timeout_seconds)


def _environment() -> dict[str, str]:
    """The same modules as here, without those of the current folder."""
    ours = str(Path(__file__).resolve().parent.parent.parent)
    here = Path.cwd().resolve()
    places = [place for place in sys.path if place and Path(place).resolve() != here]
    return {**os.environ, "PYTHONPATH": os.pathsep.join([*places, ours])}


def main(factory: str) -> None:
    """Write why `factory` cannot be imported, as JSON, and end the process whatever it has started."""
    answers = os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    os.write(answers, json.dumps(_import_failure(factory)).encode())
    os._exit(0)


def _import_failure(factory: str) -> str:
    try:
        made = import_by_path(factory, here=False)
    except ImportPathError as error:
        return str(error)
    return "" if callable(made) else tr("it cannot be called")


if __name__ == "__main__":
    main(sys.argv[1])
