"""Many people at once: what a thousand replies cost, how late they come, and what twenty thousand leave behind.

The chat model writes 30 deltas a second by the clock; the readers are a process of their own. Added delay is what lies
between the moment at which a delta is due and the one at which its reader has it, waiting for the processor included.
The model works in the process of the server; what it takes is told by itself. A chat server and the client for it take
several times as much: that is measured, too.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import IO, Any

from benchmarks.daemon import most_resident, resident, ticks
from benchmarks.figures import Figure, quantile
from benchmarks.readers import new_conversation, read_to_end, request
from benchmarks.scripted_server import RATE

_DELTAS = 450
_SPOKEN_DELTAS = 100
"""Some 20 seconds of speech."""
_CONNECTIONS = 4
"""Few: what keeps the latest events of each conversation is full after a tenth of the turns."""
_PEOPLE_OVER_HTTP = 100
_TINY = "-3"
_DELAY_MILLISECONDS = 100.0
_KIBIBYTES = 64.0
_KIBIBYTES_WITH_SOUND = 1024.0
_TENTHS = 10


def measure_many_people(people: Sequence[int], listeners: int, turns: int) -> list[Figure]:
    """Voicebot and the tutorial's server with each number of people, then sound, then memory over `turns` turns."""
    figures = []
    for count in people:
        for kind in ("voicebot", "tutorial"):
            figures += _at_once(kind, count)
    figures += _at_once("voicebot", max(people), processes=2)
    figures += _at_once("voicebot", _PEOPLE_OVER_HTTP, over_http=True)
    return [*figures, *_listening(listeners), _memory_over(turns)]


@dataclass(frozen=True, slots=True)
class _Running:
    pid: int
    port: int
    before: float
    """Bytes that it held when nobody had come."""

    @property
    def cpu_seconds(self) -> float:
        return ticks(self.pid) / os.sysconf("SC_CLK_TCK")

    @property
    def grown_bytes(self) -> float:
        """By how much it has grown, at most."""
        return most_resident(self.pid) - self.before


@contextmanager
def _server(kind: str, *arguments: str) -> Iterator[_Running]:
    command = [sys.executable, "-m", "benchmarks.scripted_server", kind, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            port = int(process.stdout.readline())
            yield _Running(process.pid, port, resident(process.pid))
        finally:
            process.kill()


@dataclass(frozen=True, slots=True)
class _People:
    go: IO[str]
    said: IO[str]

    def told(self) -> dict[str, Any]:  # Any: JSON
        """Let them begin, and return what they have measured."""
        self.go.write("\n")
        self.go.flush()
        told: dict[str, Any] = json.loads(self.said.readline())
        return told


@contextmanager
def _people(kind: str, *arguments: str) -> Iterator[_People]:
    """A process of people who are connected and have asked for nothing yet."""
    command = [sys.executable, "-m", f"benchmarks.{kind}", *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        process.stdout.readline()
        yield _People(process.stdin, process.stdout)


def _at_once(kind: str, count: int, *, processes: int = 1, over_http: bool = False) -> list[Figure]:
    """`count` replies at once; people are shared out among the `processes`."""
    with ExitStack() as stack:
        chat = [f"http://127.0.0.1:{stack.enter_context(_server('chat')).port}/v1"] if over_http else []
        servers = [stack.enter_context(_server(kind, *chat)) for _ in range(processes)]
        ports = ",".join([str(server.port) for server in servers])
        readers = stack.enter_context(_people("readers", ports, kind, str(count), str(_DELTAS)))
        spent = sum(server.cpu_seconds for server in servers)
        told = readers.told()
        spent = sum(server.cpu_seconds for server in servers) - spent
        kibibytes = sum(server.grown_bytes for server in servers) / count / 1024
    delays, whole = told["delays"], told["whole"]
    name = f"{kind}: {count} replies at once"
    name += f" on {processes} processes" if processes > 1 else " from a chat server" if over_http else ""
    microseconds = spent / max(1, told["came"]) * 1e6
    carried = f"a core carries {1e6 / microseconds / RATE:.0f} replies at {RATE:g} deltas/s"
    if kind == "voicebot" and not over_http:
        carried += f"; the scripted model alone takes {_model_microseconds(count // processes):.0f} µs"
    # without a moment at which all of them were being written there is no delay that could be told
    late = quantile(delays, 0.99) if delays else float("inf")
    note = f"median {quantile(delays, 0.5):.3g} ms, " if delays else "never all at once, "
    note += f"{whole} came whole; the readers take {1e6 * told['spent'] / max(1, told['came']):.2g} µs a delta"
    return [
        Figure(f"{name}: added delay, p99", late, _DELAY_MILLISECONDS, "ms", note),
        Figure(f"{name}: CPU of a delta", microseconds, processes * 1e6 / RATE / count, "µs", carried),
        Figure(f"{name}: memory of each", kibibytes, _KIBIBYTES, "KiB", f"with a conversation, {_DELTAS} deltas"),
    ]


def _model_microseconds(count: int) -> float:
    command = [sys.executable, "-m", "benchmarks.scripted_server", "model", str(count)]
    return float(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


def _listening(count: int) -> list[Figure]:
    """`count` people who hear their replies, each through a WebSocket."""
    with _server("voice") as server, _people("listeners", str(server.port), str(count), str(_SPOKEN_DELTAS)) as people:
        spent = server.cpu_seconds
        told = people.told()
        spent = server.cpu_seconds - spent
        kibibytes = server.grown_bytes / count / 1024
    first, silence, heard = told["first_sound"], told["silence"], told["heard"]
    seconds = sum(heard)
    name = f"voicebot: {count} people listen at once"
    whole = f"{len(heard)} heard all of it, {seconds / max(1, len(heard)):.1f} s each"
    cpu = f"{1000 * spent / max(1.0, seconds):.1f} ms of CPU a second of sound"
    # whoever did not hear all of it has waited in vain
    worst = max(silence) if len(silence) == count else float("inf")
    late = quantile(first, 0.99) if len(first) == count else float("inf")
    return [
        Figure(f"{name}: silence within a reply, worst", worst, 0, "ms", whole),
        Figure(
            f"{name}: asked → first sound, p99", late, 1000, "ms", f"median {quantile(first or [late], 0.5):.3g} ms"
        ),
        Figure(f"{name}: memory of each", kibibytes, _KIBIBYTES_WITH_SOUND, "KiB", cpu),
    ]


def _memory_over(turns: int) -> Figure:
    """What the server holds after a tenth of them, and how much more at the end."""
    held = []
    with _server("voicebot") as server:
        asked = []
        for number in range(_CONNECTIONS):
            connection = socket.create_connection(("127.0.0.1", server.port))
            person = f"person-{number}"
            path = f"/api/conversations/{new_conversation(connection, server.port, person)}/turns"
            asked.append((connection, request(server.port, path, {"text": _TINY}, person)))
        spent = server.cpu_seconds
        for _ in range(_TENTHS):
            _ask_all(asked, turns // _TENTHS)
            held.append(resident(server.pid) / 1e6)
        milliseconds = 1000 * (server.cpu_seconds - spent) / turns
    all_held = ", ".join([f"{megabytes:.1f}" for megabytes in held])
    note = f"MB after each {turns // _TENTHS}: {all_held}; {milliseconds:.2g} ms of CPU a turn"
    return Figure(f"voicebot: memory grown in {turns} turns", held[-1] - held[0], 5, "MB", note)


def _ask_all(asked: list[tuple[socket.socket, bytes]], turns: int) -> None:
    for _ in range(turns // len(asked)):
        for connection, what in asked:
            connection.sendall(what)
        for connection, _ in asked:
            read_to_end(connection)
