"""Standard streams that are closed or full, and folders that take no file: never a traceback, the right exit code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import COMMAND, environment
from tests.machine import PATIENCE_SECONDS

if sys.platform == "win32":
    pytest.skip("a shell of Unix is needed", allow_module_level=True)

ASK = "ask hello --chat demo --no-audio"


def shell(home: Path, arguments: str, *, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        ["sh", "-c", f"{' '.join(COMMAND)} {arguments}"],
        cwd=cwd or home,
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    assert "Traceback" not in done.stderr
    assert "bug in voicebot" not in done.stderr
    return done


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
@pytest.mark.parametrize("arguments", ["config show", ASK, "chat --chat demo --no-audio", "history list", "--version"])
def test_a_closed_stream_leads_nowhere(tmp_path: Path, arguments: str, closed: str) -> None:
    """A closed standard output ended in an AttributeError, a closed standard input too."""
    assert shell(tmp_path, f"{arguments} {closed}").returncode == 0


@pytest.mark.parametrize("closed", ["2>&-", "2>/dev/full"])
def test_an_error_has_its_exit_code_where_nobody_can_be_told(tmp_path: Path, closed: str) -> None:
    assert shell(tmp_path, f"ask hello --chat nothing {closed}").returncode == 3


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize(
    "arguments", ["config show", "config show --json", "--help", "--version", ASK, f"{ASK} --json", "voices --tts tone"]
)
def test_a_full_standard_output_is_told_in_words(tmp_path: Path, arguments: str) -> None:
    """It was a bug in voicebot, or a traceback."""
    done = shell(tmp_path, f"{arguments} > /dev/full")
    assert done.returncode == 1
    assert done.stderr.count("cannot write to standard output: No space left on device") == 1


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="there is no folder that nobody can write to")
def test_without_sound_the_file_goes_where_one_can_be_made(tmp_path: Path) -> None:
    """In a folder that only looked writable it ended with exit code 5."""
    done = shell(tmp_path, "say hello --tts tone", cwd=Path("/proc"))
    assert done.returncode == 0
    assert "no sound here" in done.stderr
    (written,) = [line.removeprefix("writing ") for line in done.stderr.splitlines() if line.startswith("writing ")]
    assert Path(written).is_file()
    Path(written).unlink()
