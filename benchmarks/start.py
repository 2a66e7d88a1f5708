"""How long the command and the core take to start."""

from __future__ import annotations

import subprocess
import sys
import time

from benchmarks.figures import Figure, quantile, spread

COMMAND = [sys.executable, "-m", "voicebot"]
_LOADED = (
    "import sys; sys.argv = ['voicebot', '--help']\n"
    "from voicebot.cli.main import app\n"
    "try: app()\n"
    "except SystemExit: pass\n"
    "print(sum(m in sys.modules for m in ('numpy', 'sounddevice', 'httpx', 'pydantic', 'fastapi', 'langchain_core')))"
)
_CORE = "import time; t = time.perf_counter(); import voicebot.conversation; print(time.perf_counter() - t)"


def measure_start(repeat: int) -> list[Figure]:
    """`voicebot --help`, what it loads, and how long the core's import takes."""
    seconds = []
    for _ in range(repeat):
        began = time.perf_counter()
        subprocess.run([*COMMAND, "--help"], check=True, stdout=subprocess.DEVNULL)
        seconds.append(time.perf_counter() - began)
    heavy = subprocess.run([sys.executable, "-c", _LOADED], check=True, capture_output=True, text=True).stdout
    core = [
        float(subprocess.run([sys.executable, "-c", _CORE], check=True, capture_output=True, text=True).stdout)
        for _ in range(repeat)
    ]
    return [
        Figure("start: voicebot --help", quantile(seconds, 0.5), 0.25, "s", spread(seconds, "s")),
        Figure("start: heavy packages that --help loads", float(heavy.split()[-1]), 0, "modules"),
        Figure("start: import of the core", quantile(core, 0.5), 0.35, "s", spread(core, "s")),
    ]
