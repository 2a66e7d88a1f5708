"""What a person is told to run if a library is missing: it fits their installation, and installs the right package."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from voicebot.installation import EXTRAS, Installation, extra_command, install_command

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture
def venv(tmp_path: Path) -> Installation:
    """An environment with pip, from which voicebot was started by its activated name."""
    python = tmp_path / "env" / "bin" / "python"
    package = tmp_path / "env" / "lib" / "voicebot"
    package.mkdir(parents=True)
    return Installation(tmp_path / "env", python, package, str(python.with_name("pip")), has_pip=True)


def test_the_extras_are_those_of_the_project() -> None:
    declared = {extra: tuple(PROJECT["optional-dependencies"][extra]) for extra in EXTRAS}
    assert declared == EXTRAS


def test_pip_adds_the_library(venv: Installation) -> None:
    assert extra_command("mcp", venv) == 'pip install "mcp>=2.3,<3"'
    elsewhere = replace(venv, pip="/usr/bin/pip")  # which would install for another Python
    assert extra_command("mcp", elsewhere) == f'"{venv.python}" -m pip install "mcp>=2.3,<3"'


def test_pipx_adds_it_to_the_environment_that_it_made(venv: Installation) -> None:
    (venv.prefix / "pipx_metadata.json").touch()
    assert install_command("a>=1", "b", installation=venv) == 'pipx inject env "a>=1" "b"'


def test_an_environment_of_uv_has_no_pip(venv: Installation) -> None:
    told = extra_command("mcp", replace(venv, has_pip=False))
    assert told == f'uv pip install --python "{venv.python}" "mcp>=2.3,<3"'


def test_a_checkout_is_installed_again_with_the_extra(venv: Installation) -> None:
    (venv.package.parent / "pyproject.toml").touch()
    assert extra_command("lab", venv) == f'pip install -e "{venv.package.parent}[lab]"'


def test_what_only_espeak_on_linux_needs_is_asked_for_only_where_there_are_wheels() -> None:
    """Installing failed on an Intel Mac for want of a wheel that nothing there would have used."""
    machines = "sys_platform == 'linux' and (platform_machine == 'x86_64' or platform_machine == 'aarch64')"
    needed = [one.partition("; ") for one in PROJECT["dependencies"] if re.match("haqumei|espeakng", one)]
    assert len(needed) == 2
    for requirement, _, marker in needed:
        assert marker == machines
        assert "<" in requirement


def test_nothing_we_write_installs_a_package_of_another_owner() -> None:
    """The README, config.toml and five messages named `voicebot`, a stranger's; nobody has `voicebot-stream` yet."""
    assert PROJECT["name"] == "voicebot-stream"
    folders = [ROOT / name for name in ("voicebot", "tests", "docs", "benchmarks")]
    files = [*ROOT.glob("*.*"), *(path for folder in folders for path in folder.rglob("*.*"))]
    found = [
        f"{path.relative_to(ROOT)}: {line}"
        for path in files
        if path.suffix in {".py", ".md", ".toml", ".txt", ".html", ".json"} and path.name != "CHANGELOG.md"
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r"(pip|pipx|tool) (install|run|inject) .?[\"']?voicebot", line)
    ]
    assert found == []


@pytest.mark.parametrize("page", ["docs/start.md", "docs/start.ja.md"])
def test_where_there_is_no_wheel_all_other_packages_are_named(page: str) -> None:
    """pip cannot tell musl from glibc: on Alpine it tried to compile haqumei, and failed."""
    command = next(
        line for line in (ROOT / page).read_text(encoding="utf-8").splitlines() if line.startswith("pip install anyio")
    )
    needed = [re.split(r"[^\w-]", one)[0] for one in PROJECT["dependencies"]]
    assert {*command.split()[2:]} == {*needed} - {"haqumei", "espeakng-loader"}
