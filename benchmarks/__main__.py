"""Prints the figures: `python -m benchmarks [virtual] [own] [start] [loudspeaker] [--repeat N] [--json]`.

`virtual` and `own` need nothing; `start` measures processes; `loudspeaker` needs a null sink (apt install pulseaudio
pulseaudio-utils libasound2-plugins libportaudio2). Measure on an idle machine.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from datetime import date

from benchmarks.figures import Figure

NAMES = ("virtual", "own", "start", "loudspeaker")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}; none: all")
    parser.add_argument("--repeat", type=int, default=10, help="runs of each process (default 10)")
    parser.add_argument("--json", action="store_true", help="one JSON object a figure")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(NAMES):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    if not arguments.json:
        print(f"voicebot, {date.today()}, Python {platform.python_version()}, {platform.platform()}")
    missed = False
    for name in arguments.names or NAMES:
        for figure in _measure(name, arguments.repeat):
            missed = missed or not figure.met
            print(json.dumps(figure.as_dict()) if arguments.json else figure.line(), flush=True)
    sys.exit(1 if missed else 0)


def _measure(name: str, repeat: int) -> list[Figure]:
    match name:
        case "virtual":
            from benchmarks.virtual import measure_virtual

            return measure_virtual()
        case "own":
            from benchmarks.own_time import measure_own_time

            return measure_own_time()
        case "start":
            from benchmarks.start import measure_start

            return measure_start(repeat)
        case _:
            from benchmarks.loudspeaker import measure_loudspeaker

            return measure_loudspeaker(repeat)


if __name__ == "__main__":
    main()
