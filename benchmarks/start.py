"""How long the command takes to be there."""

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
    "print(sum(m in sys.modules for m in ('numpy', 'sounddevice')))"
)


def measure_start(repeat: int) -> list[Figure]:
    """`voicebot --help`, and what it loads."""
    seconds = []
    for _ in range(repeat):
        began = time.perf_counter()
        subprocess.run([*COMMAND, "--help"], check=True, stdout=subprocess.DEVNULL)
        seconds.append(time.perf_counter() - began)
    heavy = subprocess.run([sys.executable, "-c", _LOADED], check=True, capture_output=True, text=True).stdout
    return [
        Figure("start: voicebot --help", quantile(seconds, 0.5), 0.25, "s", spread(seconds, "s")),
        Figure("start: of numpy and sounddevice, loaded by --help", float(heavy.split()[-1]), 0, "modules"),
    ]
