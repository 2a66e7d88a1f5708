"""Many people at once: what a thousand replies cost, how late they come, and what twenty thousand leave behind.

The chat model writes 30 deltas a second by the clock; the readers are a process of their own. Added delay is what lies
between the moment at which a delta is due and the one at which its reader has it, waiting for the processor included.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks.daemon import resident, ticks
from benchmarks.figures import Figure, quantile
from benchmarks.readers import new_conversation, read_to_end, request
from benchmarks.scripted_server import RATE

_DELTAS = 450
_CONNECTIONS = 4
"""Few: what keeps the latest events of each conversation is full after a tenth of the turns."""
_TINY = "-3"
_DELAY_MILLISECONDS = 100.0
_KIBIBYTES = 64.0


def measure_many_people(people: Sequence[int], turns: int) -> list[Figure]:
    """Voicebot and the tutorial's server with each number of people, then memory over `turns` turns."""
    figures = []
    for count in people:
        for kind in ("voicebot", "tutorial"):
            figures += _at_once(kind, count)
    return [*figures, _memory_over(turns)]


@dataclass(frozen=True, slots=True)
class _Running:
    pid: int
    port: int

    @property
    def cpu_seconds(self) -> float:
        return ticks(self.pid) / os.sysconf("SC_CLK_TCK")


@contextmanager
def _server(kind: str) -> Iterator[_Running]:
    command = [sys.executable, "-m", "benchmarks.scripted_server", kind]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield _Running(process.pid, int(process.stdout.readline()))
        finally:
            process.kill()


def _at_once(kind: str, count: int) -> list[Figure]:
    with _server(kind) as server:
        command = [sys.executable, "-m", "benchmarks.readers", str(server.port), kind, str(count), str(_DELTAS)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as readers:
            assert readers.stdin
            assert readers.stdout
            before = resident(server.pid)
            readers.stdout.readline()
            spent = server.cpu_seconds
            readers.stdin.write("\n")
            readers.stdin.flush()
            told = json.loads(readers.stdout.readline())
            spent = server.cpu_seconds - spent
            kibibytes = (resident(server.pid) - before) / count / 1024
    delays, whole = told["delays"], told["whole"]
    name = f"{kind}: {count} replies at once"
    microseconds = spent / max(1, told["came"]) * 1e6
    carried = f"a core carries {1e6 / microseconds / RATE:.0f} replies at {RATE:g} deltas/s"
    # without a moment at which all of them were being written there is no delay that could be told
    late = quantile(delays, 0.99) if delays else float("inf")
    note = f"median {quantile(delays, 0.5):.3g} ms, " if delays else "never all at once, "
    return [
        Figure(f"{name}: added delay, p99", late, _DELAY_MILLISECONDS, "ms", f"{note}{whole} came whole"),
        Figure(f"{name}: CPU of a delta", microseconds, 1e6 / RATE / count, "µs", carried),
        Figure(f"{name}: memory of each", kibibytes, _KIBIBYTES, "KiB", f"with a conversation, {_DELTAS} deltas"),
    ]


def _memory_over(turns: int) -> Figure:
    """What the server holds after a tenth of them, and how much more at the end."""
    with _server("voicebot") as server:
        asked = []
        for number in range(_CONNECTIONS):
            connection = socket.create_connection(("127.0.0.1", server.port))
            person = f"person-{number}"
            path = f"/api/conversations/{new_conversation(connection, server.port, person)}/turns"
            asked.append((connection, request(server.port, path, {"text": _TINY}, person)))
        spent = server.cpu_seconds
        _ask_all(asked, turns // 10)
        early = resident(server.pid)
        _ask_all(asked, turns - turns // 10)
        late = resident(server.pid)
        milliseconds = 1000 * (server.cpu_seconds - spent) / turns
    note = f"{late / 1e6:.0f} MB at the end, {milliseconds:.2g} ms of CPU a turn"
    return Figure(f"voicebot: memory grown in {turns} turns", (late - early) / 1e6, 5, "MB", note)


def _ask_all(asked: list[tuple[socket.socket, bytes]], turns: int) -> None:
    for _ in range(turns // len(asked)):
        for connection, what in asked:
            connection.sendall(what)
        for connection, _ in asked:
            read_to_end(connection)
