"""Each room imports only from rooms above it; siblings in a family never import each other; no circle between files."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "voicebot"
ROOMS = [
    "catalogue",
    "translation",
    "errors",
    "messages",
    "speech",
    "events",
    "protocols",
    "text",
    "pacing",
    "voice_costs",
    "loop_clock",
    "playback_clock",
    "metrics",  # above the turn, whose last event carries them
    "turn_account",
    "utterance_queue",
    "synthesis",
    "cutter",
    "showing",
    "turn",
    "floor",
    "conversation",
    "recording",
    "threadsafe",
    "private_file",
    "import_paths",
    "plugins",
    "installation",
    "budoux_phrases",
    "config",
    "dictionary",  # below config, whose way to write a file it shares
    "http",
    "chat",
    "held_secrets",
    "memory",
    "tools",
    "distributed",  # above tts, which opens its client; a worker is handed its voice
    "audio",  # above tts, which reads sound files with audio.pcm
    "tts",
    "app",
    "library",
    "lab",
    "daemon",
    "doctor",
    "service",
    "server",
    "integrations",
    "testing",
    "cli",
]
"""From the top of the house down; some of them are still to be built."""
CORE = {
    "catalogue",
    "translation",
    "errors",
    "messages",
    "speech",
    "events",
    "protocols",
    "text",
    "pacing",
    "loop_clock",
    "playback_clock",
    "turn_account",
    "utterance_queue",
    "synthesis",
    "cutter",
    "showing",
    "turn",
    "floor",
    "conversation",
    "metrics",
}
SHARED = {
    "audio.pcm",
    "audio.paced",
    "audio.background",
    "chat.probe_results",
    "chat.wire",
    "tts.pyttsx3_engine",
    "tts.voicevox_accents",
    "tts.voicevox_engine",
    "tts.voicevox_styles",
}
"""What the siblings of a family may share."""
FAMILIES = {"chat", "tts", "audio"}
INNER_ORDER = {
    "config": ["models", "files", "broker", "trust", "faults", "layers", "loading", "editing"],
    "http": ["lines", "streaming", "failures", "client"],
    "chat.wire": ["addresses", "api_keys", "fields", "calls", "models", "failures", "replies", "connection"],
    "chat.langchain_runnable": ["graphs", "chunks", "threads"],
    "chat.demo": ["topics", "phrases", "danger", "feelings", "wishes", "texts", "numbers", "dates", "replies"],
    "distributed": [
        "packages",
        "messages",
        "topology",
        "declaring",
        "connection",
        "cancellations",
        "figures",
        "metrics",
        "replies",
        "jobs",
        "knocking",
        "watching",
        "worker",
        "overview",
        "delays",
        "calls",
        "roster",
        "link",
        "switchboard",
        "asking",
        "hedging",
        "client",
    ],
    "memory": [
        "turns",
        "budget",
        "summary",
        "window",
        "sqlite_file",
        "sqlite_rows",
        "sqlite_store",
        "history",
        "persistent",
    ],
    "lab": [
        "traces",
        "spread",
        "corpus",
        "score",
        "made_traces",
        "engines",
        "bounds",
        "own_strategy",
        "runs",
        "replay",
        "listening",
        "comparison",
        "explain",
        "experiment",
        "experiment_file",
        "own_code",
        "sweep",
        "search",
        "tune",
        "tuned_config",
        "summary",
        "plots",
        "report_parts",
        "report",
        "spreadsheet",
    ],
    "plugins": ["installed", "opening", "synthesis", "sound", "chunker", "checking"],
    "library": ["settings", "deltas", "event_stream", "functions", "voice", "sync"],
    "server": [
        "refusals",
        "request_log",
        "keys",
        "wrong_tokens",
        "security",
        "body_limit",
        "allowance",
        "connections",
        "reach",
        "certificates",
        "token_file",
        "descriptors",
        "text_units",
        "packed_events",
        "bell",
        "event_log",
        "patience",
        "reader_watch",
        "pace",
        "metrics",
        "admission",
        "standstill",
        "background",
        "pause_timer",
        "one_conversation",
        "conversations",
        "voices",
        "context",
        "streaming",
        "feed",
        "frames",
        "wire",
        "tutorial",
        "figures",
        "login",
        "api",
        "event_stream",
        "live",
        "openai",
        "pages",
        "application",
        "process",
    ],
    "server.openai": [
        "encoders",
        "sound",
        "bodies",
        "tokens",
        "turns",
        "voices",
        "models",
        "speech",
        "spoken_replies",
        "dialogue",
        "choices",
        "completions",
    ],
    "daemon": [
        "wire",
        "address",
        "client",
        "spawn",
        "status_view",
        "text_sources",
        "verbs",
        "requests",
        "dispatcher",
        "protocol",
        "caller",
        "unix_stream",
        "accepting",
        "control",
        "systemd",
        "place",
        "ssip",
        "mpris",
        "logs",
        "engines",
        "wyoming",
        "doors",
        "process",
        "mcp",
    ],
    "daemon.ssip": [
        "lines",
        "replies",
        "commands",
        "ssml",
        "words",
        "settings",
        "messages",
        "client",
        "clients",
        "door",
    ],
    "daemon.mpris": ["state", "bus", "door"],
    "daemon.wyoming": ["events", "info", "speech", "replies", "server", "place", "door"],
    "daemon.mcp": ["channel", "tools", "server"],
    "doctor": [
        "checkup",
        "places",
        "history",
        "running",
        "server",
        "voice",
        "sound",
        "rehearsal",
        "examination",
    ],
    "service": ["launch", "systemd_units", "launch_agent", "scheduled_task", "plan", "installing"],
    "audio.portaudio": ["quiet", "watch", "library", "feed", "stream", "output"],
    "tools": [
        "toolbox",
        "printing",
        "functions",
        "calculator",
        "clock",
        "timer",
        "mcp_stdio",
        "mcp_http",
        "mcp_servers",
        "loop",
    ],
}
"""The modules inside a room from the top down, as its `__init__` says it; the `__init__` itself comes last."""

MODULES = sorted(p.relative_to(PACKAGE).with_suffix("").as_posix().replace("/", ".") for p in PACKAGE.rglob("*.py"))


def tree(module: str) -> ast.Module:
    return ast.parse((PACKAGE / (module.replace(".", "/") + ".py")).read_text(encoding="utf-8"))


@cache
def imports(module: str, *, type_checking: bool = True) -> frozenset[str]:
    """Every name that `module` imports, anywhere in its text; `type_checking` also below `if TYPE_CHECKING:`."""
    found: set[str] = set()
    nodes: list[ast.AST] = [tree(module)]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.If) and not type_checking and ast.unparse(node.test) == "TYPE_CHECKING":
            nodes += node.orelse
            continue
        nodes += ast.iter_child_nodes(node)
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "absolute imports only"
            assert node.module
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(found)


def imported_modules(module: str) -> set[str]:
    """The modules of ours that `module` imports when it runs, be it in a function."""
    ours = {f"voicebot.{other}".removesuffix(".__init__"): other for other in MODULES} | {"voicebot": "__init__"}
    found = set()
    for name in imports(module, type_checking=False):
        package = name.rpartition(".")[0]
        # `from voicebot.a import b`: b is a module, which a is asked for, or a name in a
        found |= {ours[known] for known in (name, package) if known in ours}
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
    inside = {
        module: module.removeprefix(f"{room}.").split(".")[0] for module in MODULES if module.startswith(f"{room}.")
    }
    assert {*inside.values()} == {*order, "__init__"}
    for module, part in inside.items():
        for name in imports(module) if part != "__init__" else ():
            if name.startswith(f"voicebot.{room}."):
                other = name.removeprefix(f"voicebot.{room}.").split(".")[0]
                above = order[: order.index(part)]
                assert other in above or (other == part and module.count(".") > room.count(".") + 1), (
                    f"{module} imports {name}"
                )


@pytest.mark.parametrize("module", [m for m in MODULES if m.split(".")[0] in CORE])
def test_the_core_stands_on_itself_anyio_and_the_standard_library(module: str) -> None:
    for name in imports(module):
        top, *below = name.split(".")
        ours = top == "voicebot" and below[0] in CORE
        assert ours or top in {"anyio", *sys.stdlib_module_names}, f"{module} imports {name}"


@pytest.mark.parametrize(("room", "order"), INNER_ORDER.items())
def test_the_order_inside_a_room_is_written_down_at_its_entrance(room: str, order: list[str]) -> None:
    _, _, written = (ast.get_docstring(tree(f"{room}.__init__")) or "").partition("From the top down:")
    assert list(dict.fromkeys(word for word in re.findall(r"\w+", written) if word in order)) == order


def test_no_module_imports_itself_by_way_of_others() -> None:
    """A function-level import only hides a circle."""
    graph = TopologicalSorter({module: imported_modules(module) - {module} for module in MODULES})
    try:
        graph.prepare()
    except CycleError as error:
        pytest.fail(f"a circle: {' ← '.join(error.args[1])}")


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['voicebot', '--help']\n"
        "from voicebot.cli.main import app\n"
        "try: app()\n"
        "except SystemExit: pass\n"
        "heavy = ('numpy', 'sounddevice', 'httpx', 'pydantic', 'anyio', 'rich', 'prompt_toolkit')\n"
        "print([m for m in heavy if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
