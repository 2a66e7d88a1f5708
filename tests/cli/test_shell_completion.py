"""What a person with bash or zsh gets when Tab is pressed, and is told when that is installed."""

from __future__ import annotations

import os
import re
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.command import environment

if sys.platform == "win32":
    pytest.skip("shells of Unix are needed", allow_module_level=True)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with `voicebot` in its bin folder, as it is installed."""
    script = tmp_path / "bin" / "voicebot"
    script.parent.mkdir()
    script.write_text(f"#!{sys.executable}\nfrom voicebot.__main__ import main\nmain()\n")
    script.chmod(0o755)
    (tmp_path / ".zshrc").touch()
    return tmp_path


def shell_environment(home: Path, **more: str) -> dict[str, str]:
    mine = environment(home, **more)
    return mine | {"PATH": os.pathsep.join([str(home / "bin"), mine["PATH"]])}


def in_shell(home: Path, shell: str, line: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [shell, "-c", f"{line}; exit $?"],
        cwd=home, env=shell_environment(home, **more), stdin=subprocess.DEVNULL, capture_output=True, text=True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("C.UTF-8", "completion for bash is in {} now\nit works in each terminal that is opened from now on\n"),
        ("ja_JP.UTF-8", "bashの補完を{}に書きました\nこれから開く端末で使えます\n"),
    ],
)
def test_that_completion_is_installed_is_told_in_the_language_of_the_person(
    home: Path, language: str, told: str
) -> None:
    """It was English for everybody."""
    done = in_shell(home, "bash", "voicebot --install-completion", LANG=language)
    assert (done.returncode, done.stdout) == (0, told.format(home / ".bash_completions" / "voicebot.sh"))


def test_a_file_that_cannot_be_written_is_named(home: Path) -> None:
    """It was told that standard output could not be written."""
    (home / ".bashrc").mkdir()
    done = in_shell(home, "bash", "voicebot --install-completion")
    assert (done.returncode, done.stderr) == (1, f"voicebot: {home / '.bashrc'}: Is a directory\n")


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_the_first_tab_lists_what_is_known(home: Path, shell: str) -> None:
    """In each new zsh the first Tab did nothing."""
    if not shutil.which(shell):
        pytest.skip(f"needs {shell}")
    in_shell(home, shell, "voicebot --install-completion")
    ours, its = os.openpty()
    process = subprocess.Popen(
        [shell, "-i"],
        cwd=home, env=shell_environment(home, TERM="dumb"), stdin=its, stdout=its, stderr=its, start_new_session=True,
    )  # fmt: skip
    try:
        keys = "voicebot chunk --strategy \t" + "\t" * (shell == "bash")  # which lists at the second one
        os.write(ours, f"echo rea''dy\r{keys}".encode())
        shown, deadline = "", time.monotonic() + 45
        while not re.search(r"adaptive\s+newline\s+punctuation\s+sentence", shown):
            assert select.select([ours], [], [], max(0, deadline - time.monotonic()))[0], shown
            shown += os.read(ours, 65_536).decode("utf-8", "replace")
    finally:
        process.kill()
        process.wait()
        os.close(ours)
        os.close(its)
