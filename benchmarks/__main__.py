"""Prints the figures of docs/benchmarks.md, measured on this machine: `python -m benchmarks`.

groups of figures:
  virtual      what the pipeline adds to what nothing can avoid, in virtual time (exact; a second)
  own          our own time from a delta to the request for its audio
  chat         reading a chat server: own time, and memory of a long reply
  cache        what a chat server reads anew in each turn of a long conversation (exact; a second)
  start        `voicebot --help` and imports, as processes
  loudspeaker  cold start, joints between clips and Ctrl-C, recorded from a null sink
  daemon       the daemon, cold, warm and idle, recorded from a null sink (minutes)
  piped        replies piped into `voicebot say -`, recorded from a null sink (as long as their speech)
  server       what `voicebot serve` adds to its engines, and what many people cost (minutes)
  distributed  what speech workers behind a private RabbitMQ add to their engine (minutes)
  readings     how many everyday texts are read aloud wrongly
  chunking     how well, how late and at what cost texts are cut
  golden       the golden rules of pySBD, by language (exact); --rules PATH of its repository measures all its languages
  treebanks    where sentences end in running text of many languages (exact); only with --treebanks FOLDER
  pacing       first sounds and silence of whole turns, in virtual time (exact)

chunking, golden, treebanks and pacing need the extra `lab` and print one table; --peers adds every peer that is
installed (pip install stream2sentence sentence-stream pipecat-ai livekit-agents pysbd). A null sink needs apt install
pulseaudio pulseaudio-utils libasound2-plugins libportaudio2, and the group distributed apt install rabbitmq-server.
Measure on an idle machine. Exit code 1: a goal is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from benchmarks.figures import Figure

GROUPS = (
    "virtual",
    "own",
    "chat",
    "cache",
    "start",
    "loudspeaker",
    "daemon",
    "piped",
    "server",
    "distributed",
    "readings",
    "chunking",
    "golden",
    "treebanks",
    "pacing",
)
TABLES = ("chunking", "golden", "treebanks", "pacing")
"""Groups that are rows of one table; the others are figures by themselves."""


def main() -> None:
    arguments = _arguments()
    if not arguments.json:
        print(f"voicebot, {date.today()}, Python {platform.python_version()}, {platform.platform()}")
        print(f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}")
    missed = False
    names = arguments.names or GROUPS
    for name in [name for name in names if name not in TABLES]:
        for figure in _measure(name, arguments):
            missed = missed or not figure.met
            print(json.dumps(figure.as_dict()) if arguments.json else figure.line(), flush=True)
    if tables := [name for name in TABLES if name in names]:
        missed = _print_table(tables, arguments) or missed
    sys.exit(1 if missed else 0)


def _arguments() -> argparse.Namespace:
    """What the command line asks for; exits where that cannot be measured."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="GROUP", help="groups to measure; all of them by default")
    parser.add_argument(
        "--repeat", type=int, default=10, help="runs of each process, a third of them where they are long (default 10)"
    )
    parser.add_argument("--peers", action="store_true", help="measure the peers that are installed, too")
    parser.add_argument("--rules", type=Path, metavar="PATH", help="a checkout of pySBD, for the group golden")
    parser.add_argument(
        "--treebanks", type=Path, metavar="FOLDER", help="CoNLL-U files of Universal Dependencies, for that group"
    )
    parser.add_argument(
        "--utterances", type=int, default=2000, help="how many the group daemon says to nobody (default 2000)"
    )
    parser.add_argument("--clients", type=int, default=64, help="how many start the daemon at once (default 64)")
    parser.add_argument(
        "--people",
        type=int,
        nargs="+",
        default=[100, 1000],
        metavar="COUNT",
        help="how many are answered at once by the group server (default 100 1000)",
    )
    parser.add_argument(
        "--listeners", type=int, default=200, help="how many hear replies at once from the group server (default 200)"
    )
    parser.add_argument(
        "--turns", type=int, default=100_000, help="how many the group server looks for leaks in (default 100000)"
    )
    parser.add_argument(
        "--jobs",
        type=int,
        default=100_000,
        help="texts over which the group distributed looks at memory (default 100000)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object a figure")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(GROUPS):
        parser.error(f"no such group: {', '.join(sorted(unknown))}")
    if "treebanks" in arguments.names and arguments.treebanks is None:
        parser.error("treebanks needs --treebanks FOLDER")
    return arguments


def _print_table(names: Sequence[str], arguments: argparse.Namespace) -> bool:
    """Measure, print one table, and return whether voicebot misses a goal."""
    from benchmarks.chunking import measure_chunking
    from benchmarks.golden import measure_golden
    from benchmarks.pacing import measure_pacing
    from benchmarks.peers import ADAPTIVE, SENTENCE, installed_peers
    from benchmarks.table import markdown
    from benchmarks.treebanks import measure_treebanks

    found, missing = installed_peers() if arguments.peers else ([], [])
    contenders = [SENTENCE, ADAPTIVE, *found]
    rows = measure_chunking(contenders) if "chunking" in names else []
    rows += measure_golden(contenders, arguments.rules) if "golden" in names else []
    if "treebanks" in names and arguments.treebanks is not None:
        rows += measure_treebanks(contenders, arguments.treebanks)
    rows += measure_pacing(contenders) if "pacing" in names else []
    for line in missing:
        print(line, file=sys.stderr)
    print(
        "\n".join(json.dumps(row.as_dict()) for row in rows) if arguments.json else markdown(rows, contenders),
        flush=True,
    )
    return any(row.missed for row in rows)


def _measure(name: str, arguments: argparse.Namespace) -> list[Figure]:
    repeat: int = arguments.repeat
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
        case "cache":
            from benchmarks.prompt_cache import measure_prompt_cache

            return measure_prompt_cache()
        case "start":
            from benchmarks.start import measure_start

            return measure_start(repeat)
        case "loudspeaker":
            from benchmarks.loudspeaker import measure_loudspeaker

            return measure_loudspeaker(repeat)
        case "daemon":
            from benchmarks.daemon import measure_daemon

            return measure_daemon(
                repeat, utterances=arguments.utterances, clients=arguments.clients, peers=arguments.peers
            )
        case "server":
            from benchmarks.server import measure_server

            return measure_server(repeat, people=arguments.people, listeners=arguments.listeners, turns=arguments.turns)
        case "distributed":
            from benchmarks.distributed import measure_distributed

            return measure_distributed(repeat, jobs=arguments.jobs)
        case "readings":
            from benchmarks.readings import measure_readings

            return measure_readings()
        case _:
            from benchmarks.piped import measure_piped

            return measure_piped(repeat)


if __name__ == "__main__":
    main()
