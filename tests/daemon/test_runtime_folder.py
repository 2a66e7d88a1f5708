"""A runtime folder without room: a real one, as small as can be mounted."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.command import COMMAND, environment
from tests.daemon.running import home_with_config

_MOUNT = 'mount -t tmpfs -o "nr_inodes=$0,size=64k,mode=0700" tmpfs "$XDG_RUNTIME_DIR" && exec "$@"'


def can_mount() -> bool:
    unshare = ["unshare", "--map-root-user", "--mount", "true"]
    return bool(shutil.which("unshare")) and subprocess.run(unshare, capture_output=True).returncode == 0


pytestmark = pytest.mark.skipif(not can_mount(), reason="needs a mount namespace: root, or user namespaces")


def run_in_small_folder(home: Path, files: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command in whose runtime folder so many files and folders have room, itself included."""
    folder = home_with_config(home) / "run"
    folder.mkdir(mode=0o700)
    return subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", _MOUNT, str(files), *COMMAND, *arguments],
        cwd=home,
        env=environment(home, XDG_RUNTIME_DIR=str(folder)),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
    )


@pytest.mark.parametrize(
    ("command", "files", "told"),
    [
        (("daemon", "run"), 1, "cannot make the folder"),
        (("daemon", "run"), 2, "cannot write into"),
        (("daemon", "run"), 3, "cannot listen at"),
        (("say", "--daemon", "Hello."), 1, "cannot make the folder"),
        (("say", "--daemon", "Hello."), 2, "cannot write into"),
        (("say", "--daemon", "Hello."), 3, "the daemon did not start: cannot write into"),
        (("say", "--daemon", "Hello."), 4, "the daemon did not start: cannot listen at"),
    ],
)
def test_a_full_runtime_folder_is_told_with_what_to_do(
    tmp_path: Path, command: tuple[str, ...], files: int, told: str
) -> None:
    done = run_in_small_folder(tmp_path, files, *command)
    assert done.returncode == 1
    assert re.fullmatch(rf"voicebot: {told} \S+: No space left on device\n  → .+\n", done.stderr), done.stderr
