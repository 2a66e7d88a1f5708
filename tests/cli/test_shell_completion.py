"""What a person with bash, zsh or fish gets when Tab is pressed, and is told when that is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.command import install, shell_environment, voicebot
from tests.self_contained import examples_of

if sys.platform == "win32":
    pytest.skip("shells of Unix are needed", allow_module_level=True)

from tests.cli.terminal import Shell


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with `voicebot` in its bin folder, as it is installed."""
    install(tmp_path)
    (tmp_path / ".zshrc").touch()
    return tmp_path


@pytest.fixture(params=["bash", "zsh", "fish"])
def shell(request: pytest.FixtureRequest) -> str:
    """One that is installed."""
    name: str = request.param
    if not shutil.which(name):
        pytest.skip(f"needs {name}")
    return name


@contextmanager
def completing(home: Path, shell: str) -> Iterator[Shell]:
    """The shell in a terminal, with completion."""
    in_shell(home, shell, "voicebot --install-completion")
    if shell == "bash":  # what it reads first is there without what Debian adds
        (home / ".bashrc").write_text((home / ".bash_completions" / "voicebot.sh").read_text())
    terminal = Shell(home, shell, "-i", PS1="@@ ")
    try:
        terminal.type("echo rea''dy\r")
        terminal.expect("ready")
        yield terminal
    finally:
        terminal.close()


def in_shell(home: Path, shell: str, line: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [shell, "-c", f"{line}; exit {'$status' if shell == 'fish' else '$?'}"],
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


@pytest.mark.parametrize("option", ["--install-completion", "--show-completion"])
def test_that_there_is_no_completion_for_a_shell_is_told_in_words(home: Path, option: str) -> None:
    """With --show-completion typer told it, in English for everybody."""
    done = in_shell(home, "sh", f"voicebot {option}", LANG="ja_JP.UTF-8")
    assert (done.returncode, done.stdout) == (2, "")
    assert "fish" in done.stderr
    assert "シェル" in done.stderr


def test_a_file_that_cannot_be_written_is_named(home: Path) -> None:
    """It was told that standard output could not be written."""
    (home / ".bashrc").mkdir()
    done = in_shell(home, "bash", "voicebot --install-completion")
    assert (done.returncode, done.stderr) == (1, f"voicebot: {home / '.bashrc'}: Is a directory\n")


def test_the_first_tab_lists_what_is_known(home: Path, shell: str) -> None:
    """In each new zsh the first Tab did nothing."""
    with completing(home, shell) as terminal:
        terminal.type("voicebot chunk --strategy \t" + "\t" * (shell == "bash"))  # which lists at the second one
        terminal.expect_on_screen(r"adaptive\s+newline\s+punctuation\s+sentence")


def test_a_value_behind_an_equals_sign_is_completed(home: Path, shell: str) -> None:
    """bash alone did that."""
    with completing(home, shell) as terminal:
        terminal.type("voicebot ask --chat=ol\t")
        terminal.expect_on_screen("voicebot ask --chat=ollama")


HOSTILE = (
    "$(touch pwned)",
    "`touch pwned`",
    "a;touch pwned",
    "b\\\\$(touch pwned)",
    'it\'s "quoted"  twice',
    "台所の 会話",
    "qwen:4b",
)
AT_ONCE = ("--chat", "demo", "--no-audio", "--set", "chat.deltas_per_second=10000")
BEGINNINGS = ("\\$", "\\`", "a", "b", "it", "台", "qwen:4")


def test_a_name_written_by_others_is_inserted_as_one_word(home: Path, shell: str) -> None:
    """bash inserted `$(…)` as it stands, so that Enter ran it; zsh ran it at Tab, behind a backslash."""
    for name in examples_of(HOSTILE):
        voicebot(home, "ask", "What is 6 * 7?", *AT_ONCE, "--conversation", name)
    with completing(home, shell) as terminal:
        for beginning in examples_of(BEGINNINGS):
            terminal.type(f"voicebot history show {beginning}\t")
            terminal.pass_time(0.5)
            terminal.type("\r")
            terminal.expect("6 times 7 is 42")
        assert "pwned" not in os.listdir(home)


@pytest.mark.parametrize("shell", ["bash", "zsh"], indirect=True)
def test_a_script_that_does_not_quote_is_offered_plain_names(home: Path, shell: str) -> None:
    """Those that typer writes, and earlier versions have installed, do not."""
    for name in HOSTILE:
        voicebot(home, "ask", "What is 6 * 7?", *AT_ONCE, "--conversation", name)
    typed = "voicebot history show "
    asked = {"_TYPER_COMPLETE_ARGS": typed, "COMP_WORDS": typed, "COMP_CWORD": "3"}
    offered = in_shell(home, shell, "voicebot", _VOICEBOT_COMPLETE=f"complete_{shell}", **asked).stdout
    assert "qwen" in offered
    assert not set(offered.replace("(", "", 2)) & set("$`;")


def test_the_script_to_copy_is_the_one_that_is_installed(home: Path, shell: str) -> None:
    shown = in_shell(home, shell, "voicebot --show-completion").stdout
    in_shell(home, shell, "voicebot --install-completion")
    [installed] = [*home.glob(".bash_completions/*"), *home.glob(".zfunc/*"), *home.glob(".config/fish/completions/*")]
    assert shown == installed.read_text()
