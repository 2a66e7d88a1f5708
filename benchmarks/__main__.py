"""Prints the figures: `python -m benchmarks [NAME]... [--peers] [--repeat N] [--json]`.

`virtual`, `own`, `chat`, `chunking` and `pacing` need nothing; `start` measures processes; `loudspeaker` needs a null
sink (apt install pulseaudio pulseaudio-utils libasound2-plugins libportaudio2). `chunking` and `pacing` make one table,
with --peers for every peer that is installed too (pip install stream2sentence pipecat-ai livekit-agents pysbd). Measure
on an idle machine.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Sequence
from datetime import date

from benchmarks.figures import Figure

NAMES = ("virtual", "own", "chat", "start", "loudspeaker", "chunking", "pacing")
TABLES = ("chunking", "pacing")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}; none: all")
    parser.add_argument("--repeat", type=int, default=10, help="runs of each process (default 10)")
    parser.add_argument("--peers", action="store_true", help="chunking and pacing also for each peer that is installed")
    parser.add_argument("--json", action="store_true", help="one JSON object a figure")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(NAMES):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    if not arguments.json:
        print(f"voicebot, {date.today()}, Python {platform.python_version()}, {platform.platform()}")
        print(f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}")
    missed = False
    names = arguments.names or NAMES
    for name in [name for name in names if name not in TABLES]:
        for figure in _measure(name, arguments.repeat):
            missed = missed or not figure.met
            print(json.dumps(figure.as_dict()) if arguments.json else figure.line(), flush=True)
    if tables := [name for name in TABLES if name in names]:
        missed = _print_table(tables, peers=arguments.peers, as_json=arguments.json) or missed
    sys.exit(1 if missed else 0)


def _print_table(names: Sequence[str], *, peers: bool, as_json: bool) -> bool:
    """Measure and print; return whether voicebot misses a goal."""
    from benchmarks.chunking import measure_chunking
    from benchmarks.pacing import measure_pacing
    from benchmarks.peers import ADAPTIVE, SENTENCE, installed_peers
    from benchmarks.table import markdown

    found, missing = installed_peers() if peers else ([], [])
    contenders = [SENTENCE, ADAPTIVE, *found]
    rows = measure_chunking(contenders) if "chunking" in names else []
    rows += measure_pacing(contenders) if "pacing" in names else []
    for line in missing:
        print(line, file=sys.stderr)
    print("\n".join(json.dumps(row.as_dict()) for row in rows) if as_json else markdown(rows, contenders), flush=True)
    return any(row.missed for row in rows)


def _measure(name: str, repeat: int) -> list[Figure]:
    match name:
        case "virtual":
            from benchmarks.virtual import measure_virtual

            return measure_virtual()
        case "own":
            from benchmarks.own_time import measure_own_time

            return measure_own_time()
        case "chat":
            from benchmarks.chat import measure_chat

            return measure_chat()
        case "start":
            from benchmarks.start import measure_start

            return measure_start(repeat)
        case _:
            from benchmarks.loudspeaker import measure_loudspeaker

            return measure_loudspeaker(repeat)


if __name__ == "__main__":
    main()
