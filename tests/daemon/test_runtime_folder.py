"""A runtime folder without room, and none at all: in a file system of the test's own."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.command import COMMAND, environment
from tests.daemon.running import home_with_config
from tests.machine import DENIED, PATIENCE_SECONDS

_MOUNT = 'mount -t tmpfs -o "nr_inodes=$0,size=64k,mode=0700" tmpfs "$XDG_RUNTIME_DIR" && exec "$@"'


def can_mount() -> bool:
    unshare = ["unshare", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/run"]
    return bool(shutil.which("unshare")) and subprocess.run(unshare, capture_output=True).returncode == 0


pytestmark = pytest.mark.skipif(not can_mount(), reason=f"{DENIED}: a mount namespace")


def run_in_own_files(home: Path, code: str, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a line of shell that may mount what it likes."""
    return subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", code, *arguments],
        cwd=home_with_config(home),
        env=environment(home, **more),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
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
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    done = run_in_own_files(tmp_path, _MOUNT, str(files), *COMMAND, *command, XDG_RUNTIME_DIR=str(folder))
    assert done.returncode == 1
    assert re.fullmatch(rf"voicebot: {told} \S+: No space left on device\n  → .+\n", done.stderr), done.stderr


_SAY = """
mount -t tmpfs tmpfs /run && mkdir -p -m 700 /run/user/0 && unset XDG_RUNTIME_DIR || exit 2
"$@" say --daemon --wait "Good morning." || exit 3
"$@" status
kill "$(sed 's/[^0-9]*\\([0-9]*\\).*/\\1/' /run/user/0/voicebot/daemon.lock)"
"""


def test_cron_and_ssh_which_name_no_runtime_folder_find_the_usual_one(tmp_path: Path) -> None:
    done = run_in_own_files(tmp_path, _SAY, "sh", *COMMAND)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"^socket +/run/user/0/voicebot/control.sock$", done.stdout, re.MULTILINE), done.stdout


@pytest.mark.parametrize(
    ("usual", "found"),
    [
        ("true", "/tmp/voicebot-0/control.sock"),
        ("mkdir -p -m 755 /run/user/0", "/tmp/voicebot-0/control.sock"),
        ("mkdir -p -m 700 /run/user/0", "/run/user/0/voicebot/control.sock"),
    ],
)
def test_where_nobody_names_the_runtime_folder_it_is_the_usual_one_if_that_is_ours_else_one_in_tmp(
    tmp_path: Path, usual: str, found: str
) -> None:
    find = "from voicebot.daemon.address import find_address; print(find_address({}))"
    done = run_in_own_files(tmp_path, f'mount -t tmpfs tmpfs /run && {usual} && exec "$0" -c "{find}"', COMMAND[0])
    assert (done.stdout, done.stderr) == (f"{found}\n", "")
