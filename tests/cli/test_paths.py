"""`voicebot paths`: what is kept where, and how it goes away."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from tests.cli.command import voicebot

if not sys.platform.startswith("linux"):
    pytest.skip("the folders are those of Linux", allow_module_level=True)

from tests.cli.terminal import CTRL_C, Terminal
from tests.daemon.running import running_daemon


def test_the_folders_are_named_with_their_sizes(tmp_path: Path) -> None:
    voicebot(tmp_path, "ask", "hi", "--chat", "demo", "--no-audio")
    voicebot(tmp_path, "config", "init")
    kept = json.loads(voicebot(tmp_path, "paths", "--json").stdout)
    assert {name: folder["path"] for name, folder in kept.items()} == {
        "config": str(tmp_path / ".config/voicebot"),
        "data": str(tmp_path / ".local/share/voicebot"),
        "state": str(tmp_path / ".local/state/voicebot"),
        "cache": str(tmp_path / ".cache/voicebot"),
    }
    assert kept["data"]["bytes"] > 1000 < kept["config"]["bytes"]
    assert kept["cache"]["bytes"] == 0
    assert str(tmp_path / ".config/voicebot") in voicebot(tmp_path, "paths").stdout


def test_nothing_is_deleted_unless_somebody_says_so(tmp_path: Path) -> None:
    voicebot(tmp_path, "config", "init")
    done = voicebot(tmp_path, "paths", "--delete")
    assert done.returncode == 2
    assert "--yes" in done.stderr
    assert (tmp_path / ".config/voicebot/config.toml").exists()


@pytest.mark.parametrize(("answer", "code", "is_there"), [("n", 1, True), ("", 1, True), ("y", 0, False)])
def test_at_a_terminal_only_a_yes_deletes(tmp_path: Path, answer: str, code: int, is_there: bool) -> None:
    voicebot(tmp_path, "config", "init")
    terminal = Terminal(tmp_path, "paths", "--delete")
    try:
        terminal.expect(r"delete these folders\? \[y/N\]")
        terminal.type(f"{answer}\r")
        assert terminal.exit_code() == code
    finally:
        terminal.close()
    assert (tmp_path / ".config/voicebot/config.toml").exists() == is_there


def test_ctrl_c_deletes_nothing_and_ends_the_line(tmp_path: Path) -> None:
    """What the shell printed next stood behind the question."""
    voicebot(tmp_path, "config", "init")
    terminal = Terminal(tmp_path, "paths", "--delete")
    try:
        terminal.expect(r"delete these folders\? \[y/N\]")
        terminal.type(CTRL_C)
        assert terminal.exit_code() == 130
        assert terminal.raw.endswith("\n")
    finally:
        terminal.close()
    assert (tmp_path / ".config/voicebot/config.toml").exists()


def test_a_daemon_that_would_write_there_again_is_told_of(tmp_path: Path) -> None:
    """Nothing said that it keeps running."""
    with running_daemon(tmp_path) as daemon:
        done = voicebot(tmp_path, "paths", "--delete", "--yes")
        pid = daemon.ask(command="status")["pid"]
    assert done.returncode == 0
    assert done.stderr.splitlines()[-1] == f"a daemon still runs and may write there again → end it: kill {pid}"


def test_what_is_deleted_is_ours_and_nothing_else(tmp_path: Path) -> None:
    voicebot(tmp_path, "config", "init")
    (tmp_path / ".config/other").touch()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/kept").touch()
    os.makedirs(tmp_path / ".local/share")
    (tmp_path / ".local/share/voicebot").symlink_to(tmp_path / "elsewhere")
    assert voicebot(tmp_path, "paths", "--delete", "--yes").returncode == 0
    assert [path.name for path in (tmp_path / ".config").iterdir()] == ["other"]
    assert not (tmp_path / ".local/share/voicebot").is_symlink()
    assert (tmp_path / "elsewhere/kept").exists()
    assert "nothing to delete" in voicebot(tmp_path, "paths", "--delete", "--yes").stderr
