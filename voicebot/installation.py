"""How voicebot was installed, and therefore how a missing library is added to it.

The libraries are named, never voicebot itself: on a package index its name may belong to somebody else.
"""

from __future__ import annotations

import importlib.util
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

EXTRAS = {
    "aac": ("av>=14,<19",),
    "langchain": ("langchain-core>=0.3.86,<2",),
    "mcp": ("mcp>=2.3,<3",),
    "wyoming": ("wyoming>=1.10,<2",),
    "desktop": ("dbus-fast>=5.0; sys_platform == 'linux'",),
    "server": (
        "cryptography>=44",
        "fastapi>=0.128",
        "httptools>=0.7",
        "lameenc>=1.8",
        "prometheus-client>=0.22",
        "segno>=1.6",
        "soundfile>=0.13",
        "uvicorn>=0.38",
        "uvloop>=0.22; sys_platform != 'win32'",
        "websockets>=15",
    ),
    "rabbitmq": ("aio-pika>=10.2,<11", "prometheus-client>=0.22"),
    "lab": ("matplotlib>=3.9", "trio>=0.30"),
}
"""What each extra of pyproject.toml brings."""


@dataclass(frozen=True, slots=True)
class Installation:
    """Where voicebot runs from."""

    prefix: Path
    """The Python environment."""
    python: Path
    package: Path
    """The folder of our own code."""
    pip: str
    """The pip on the PATH, if any."""
    has_pip: bool
    """Whether the environment has one of its own."""


def this_installation() -> Installation:
    """The installation that runs."""
    pip = shutil.which("pip") or ""
    has_pip = importlib.util.find_spec("pip") is not None
    return Installation(Path(sys.prefix), Path(sys.executable), Path(__file__).parent, pip, has_pip)


def extra_command(extra: str, installation: Installation | None = None) -> str:
    """The command that adds what an extra brings."""
    installation = installation or this_installation()
    checkout = installation.package.parent
    if (checkout / "pyproject.toml").is_file():
        return _pip(installation, f'-e "{checkout}[{extra}]"')
    return install_command(*EXTRAS[extra], installation=installation)


def install_command(*requirements: str, installation: Installation | None = None) -> str:
    """The command that adds libraries to the environment in which voicebot runs."""
    installation = installation or this_installation()
    quoted = " ".join(f'"{one}"' for one in requirements)
    if (installation.prefix / "pipx_metadata.json").is_file():
        return f"pipx inject {installation.prefix.name} {quoted}"
    return _pip(installation, quoted)


def _pip(installation: Installation, what: str) -> str:
    """pip of just this environment; uv where it has none, as in an environment that uv made."""
    if not installation.has_pip:
        return f'uv pip install --python "{installation.python}" {what}'
    if installation.pip and Path(installation.pip).parent == installation.python.parent:
        return f"pip install {what}"
    return f'"{installation.python}" -m pip install {what}'
