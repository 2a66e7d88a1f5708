"""What an import path leads to, and what is said where it leads nowhere."""

from __future__ import annotations

import os.path
import sys
from pathlib import Path

import pytest

from voicebot.import_paths import ImportPathError, import_by_path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder where the command is started, which Python does not search by itself."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    return tmp_path


def test_a_module_and_what_it_holds_are_found_by_path() -> None:
    assert import_by_path("os:path.join") is os.path.join
    assert import_by_path("os.path:join") is os.path.join


def test_a_module_beside_the_configuration_is_found(folder: Path) -> None:
    (folder / "beside_the_configuration.py").write_text("answer = 42\n")
    assert import_by_path("beside_the_configuration:answer") == 42


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("path", "words", "missing"),
    [
        ("no_such_package.module:x", "No module named 'no_such_package'", "no_such_package"),
        ("os:no_such_name", "module 'os' has no attribute 'no_such_name'", ""),
        ("os:path.no_such_name", "has no attribute 'no_such_name'", ""),
        ("os:path..join", "invalid format", ""),
        (":x", "it names no module", ""),
        ("", "it names no module", ""),
    ],
)
def test_a_path_that_leads_nowhere_says_where_it_ends(path: str, words: str, missing: str) -> None:
    with pytest.raises(ImportPathError) as caught:
        import_by_path(path)
    assert str(caught.value).startswith("cannot import ")
    assert words in str(caught.value)
    assert caught.value.missing == missing
    assert caught.value.hint


def test_a_module_that_fails_is_told_with_its_error(folder: Path) -> None:
    (folder / "fails_when_imported.py").write_text("raise KeyError('x')\n")
    with pytest.raises(ImportPathError, match="cannot import fails_when_imported:x: KeyError: 'x'") as caught:
        import_by_path("fails_when_imported:x")
    assert caught.value.hint == "importing fails_when_imported alone shows where it fails"


def test_a_package_that_a_module_needs_is_named(folder: Path) -> None:
    (folder / "needs_another_package.py").write_text("import no_such_package.inside\n")
    with pytest.raises(ImportPathError) as caught:
        import_by_path("needs_another_package:x")
    assert caught.value.missing == "no_such_package"
