"""Each room imports only from rooms above it; siblings in a family never import each other."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "voicebot"
ROOMS = [
    "errors",
    "messages",
    "speech",
    "events",
    "protocols",
    "text",
    "metrics",
    "pacing",
    "playback_clock",
    "turn",
    "conversation",
    "config",
    "threadsafe",
    "import_paths",
    "budoux_phrases",
    "voice_costs",
    "http",
    "chat",
    "memory",
    "audio",
    "tts",
    "tools",
    "app",
    "integrations",
    "lab",
    "cli",
]
"""From the top of the house down."""
CORE = set(ROOMS[: ROOMS.index("conversation") + 1])
SHARED = {"audio.pcm", "audio.paced", "audio.background", "chat.wire"}
"""What the siblings of a family may share."""
FAMILIES = {"chat", "tts", "audio"}
INNER_ORDER = {
    "http": ["lines", "streaming", "failures", "client"],
    "chat.wire": ["api_keys", "fields", "calls", "models", "failures", "replies", "connection"],
    "chat.demo": ["topics", "texts", "numbers", "replies"],
    "audio.portaudio": ["library", "feed", "stream", "output"],
    "tools": ["toolbox", "functions", "calculator", "clock", "timer", "mcp_servers", "loop"],
}
"""Of the modules inside a room, as its `__init__` says it; the `__init__` itself comes last."""

MODULES = sorted(p.relative_to(PACKAGE).with_suffix("").as_posix().replace("/", ".") for p in PACKAGE.rglob("*.py"))


def imports(module: str) -> set[str]:
    """Every module that `module` imports, anywhere in its text; of our own ones the name below `voicebot`."""
    found: set[str] = set()
    for node in ast.walk(ast.parse((PACKAGE / (module.replace(".", "/") + ".py")).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "absolute imports only"
            assert node.module
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("module", [m for m in MODULES if m not in {"__init__", "__main__"}])
def test_a_room_imports_only_from_rooms_above(module: str) -> None:
    room = module.split(".")[0]
    for name in imports(module):
        if name.startswith("voicebot.") and name != "voicebot.__version__":
            other = name.split(".")[1]
            assert ROOMS.index(other) <= ROOMS.index(room), f"{module} imports {name}"


@pytest.mark.parametrize("module", [m for m in MODULES if m.split(".")[0] in FAMILIES and not m.endswith("__init__")])
def test_siblings_do_not_import_each_other(module: str) -> None:
    family = module.split(".")[0]
    for name in imports(module):
        if name.startswith(f"voicebot.{family}."):
            sibling = ".".join(name.split(".")[1:3])
            assert sibling in {*SHARED, ".".join(module.split(".")[:2])}, f"{module} imports {name}"


@pytest.mark.parametrize(("room", "order"), INNER_ORDER.items())
def test_inside_a_room_a_module_imports_only_from_those_before_it(room: str, order: list[str]) -> None:
    inside = {module.removeprefix(f"{room}.") for module in MODULES if module.startswith(f"{room}.")}
    assert inside == {*order, "__init__"}
    for place, module in enumerate(order):
        for name in imports(f"{room}.{module}"):
            if name.startswith(f"voicebot.{room}."):
                other = name.removeprefix(f"voicebot.{room}.").split(".")[0]
                assert other in order[:place], f"{room}.{module} imports {name}"


@pytest.mark.parametrize("module", [m for m in MODULES if m.split(".")[0] in CORE])
def test_the_core_stands_on_anyio_and_the_standard_library(module: str) -> None:
    for name in imports(module):
        top = name.split(".")[0]
        assert top in {"voicebot", "anyio", "__future__"} or top in sys.stdlib_module_names, f"{module} imports {name}"


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['voicebot', '--help']\n"
        "from voicebot.cli.main import app\n"
        "try: app()\n"
        "except SystemExit: pass\n"
        "print([m for m in ('numpy', 'sounddevice', 'httpx', 'pydantic', 'anyio', 'rich') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
