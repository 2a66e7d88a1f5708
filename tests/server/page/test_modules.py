"""The page's modules that think are tested by node, type-checked by tsc, and linted."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PAGE = HERE.parents[2] / "voicebot" / "server" / "page"
TOOLS = HERE / "node_modules" / ".bin"


@pytest.fixture
def page_tools() -> Path:
    """The folder of tsc and biome."""
    if not TOOLS.is_dir():
        pytest.skip("needs tsc and biome: make page-tools")
    return TOOLS


def run(*command: str | Path) -> None:
    """Run a command that has nothing to say when all is well."""
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(not shutil.which("node"), reason="needs node")
def test_modules_that_think_pass_their_own_tests() -> None:
    """Node runs what needs no browser."""
    run("node", "--test", *HERE.glob("*.test.js"))


def test_types_are_complete(page_tools: Path) -> None:
    """The comments of the modules are types, and tsc finds nothing wrong with them."""
    run(page_tools / "tsc", "-p", HERE)


def test_modules_are_linted_and_formatted(page_tools: Path) -> None:
    """As ruff does for Python."""
    run(page_tools / "biome", "check", "--error-on-warnings", f"--config-path={HERE}", HERE, PAGE)
