"""Writes the files of a plan, removes them, and runs its commands, none of them in a shell."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from voicebot.config.files import write_whole
from voicebot.errors import VoicebotError
from voicebot.service.launch import MARK
from voicebot.service.plan import Command, Plan
from voicebot.translation import marked, system_reason, tr

_SECONDS = 60.0
"""For one command: it waits until the daemon is ready."""
_BY_HAND = marked(
    "run it yourself: voicebot daemon run; or let commands start it: voicebot config set daemon.autospawn true"
)


def is_ours(path: Path) -> bool:
    """Whether `service install` has written this file."""
    try:
        data = path.read_bytes()
    except OSError:
        return False
    return any(MARK.encode(encoding) in data for encoding in ("utf-8", "utf-16-le", "utf-16-be"))


def check_manager(plan: Plan) -> None:
    """Raise VoicebotError where the service manager is missing."""
    if shutil.which(plan.manager) is None:
        raise VoicebotError(tr("there is no {program} here", program=plan.manager), hint=tr(_BY_HAND))


def check_room(plan: Plan) -> None:
    """Raise VoicebotError where a file would be written over that is not ours."""
    if foreign := _of_others(plan):
        raise VoicebotError(
            tr("{path} is there, and not written by voicebot", path=foreign[0]),
            hint=tr("look at it; --force writes over it"),
        )


def install(plan: Plan) -> None:
    """Write the files, whatever is there, and start the service. Raises VoicebotError."""
    if any(map(is_ours, plan.files)):
        for command in plan.disable:
            run(command)  # what runs by the old files
    for path, content in plan.files.items():
        try:
            write_whole(path, content)
        except OSError as error:
            raise VoicebotError(
                tr("cannot write {path}: {reason}", path=path, reason=system_reason(error)), hint=tr(_BY_HAND)
            ) from error
    for command in plan.enable:
        _must_run(command)


def uninstall(plan: Plan) -> list[Path]:
    """Stop the service and remove its files; return those that are gone. Raises VoicebotError for one of others."""
    if foreign := _of_others(plan):
        raise VoicebotError(
            tr("{path} is there, and not written by voicebot", path=foreign[0]), hint=tr("remove it by hand")
        )
    ours = [path for path in plan.files if is_ours(path)]
    if ours and shutil.which(plan.manager):
        for command in plan.disable:
            run(command)
    for path in ours:
        path.unlink(missing_ok=True)
    if ours and shutil.which(plan.manager):
        for command in plan.forget:
            run(command)
    return ours


def _of_others(plan: Plan) -> list[Path]:
    return [path for path in plan.files if os.path.lexists(path) and not is_ours(path)]


def run(command: Sequence[str]) -> subprocess.CompletedProcess[bytes]:
    """Run it to its end, and keep what it prints. Raises VoicebotError where it cannot be started or does not end."""
    try:
        return subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise VoicebotError(tr("{command} does not end", command=" ".join(command)), hint=tr(_BY_HAND)) from error
    except OSError as error:
        raise VoicebotError(
            tr("cannot run {command}: {reason}", command=command[0], reason=system_reason(error)), hint=tr(_BY_HAND)
        ) from error


def text_of(output: bytes) -> str:
    """What a program has printed; Windows' own write in the code page of the console."""
    return output.decode("oem" if sys.platform == "win32" else "utf-8", "replace").strip()


def _must_run(command: Command) -> None:
    done = run(command)
    if done.returncode:
        reason = text_of(done.stderr or done.stdout) or tr("exit code {code}", code=done.returncode)
        raise VoicebotError(
            tr("{command} failed: {reason}", command=" ".join(command), reason=reason),
            hint=tr("the files are written; in a container or over ssh there may be no service manager of yours")
            + tr("; ")
            + tr(_BY_HAND),
        )
