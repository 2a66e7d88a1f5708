"""Many readers in one process, as lean as sockets are: `python -m benchmarks.readers PORT[,PORT] KIND COUNT DELTAS`.

With several ports the readers are shared out among the servers that listen there. Prints a line when all are
connected, waits for one, and prints one JSON object: the milliseconds by which each delta came late while all replies
were being written, how many of those came whole, and how many deltas came in all.
"""

from __future__ import annotations

import json
import re
import selectors
import socket
import sys
import time
from dataclasses import dataclass, field

from benchmarks.scripted_server import CHARACTERS, RATE, TOKEN

_LOOK_SECONDS = 0.005
"""How long what has come may lie there, which makes it late: to wake up for each part took the server's processor."""
RAMP_SECONDS = 5.0
"""In which the replies begin, one after the other."""
_DELTA = re.compile(rb'event: delta\ndata: (?:\{[^\n]*"text":")?([^\n"]*)')
_LAST_CHUNK = b"0\r\n\r\n"
_BEGAN = re.compile(rb"(\d+\.\d{6})(?:\\n)?")


@dataclass(slots=True)
class Reader:
    """Takes one reply; reads it when all have come, for what it takes meanwhile is taken from the server."""

    connection: socket.socket
    taken: list[tuple[float, bytes]] = field(default_factory=list)
    """When, and what."""
    ended: bool = False

    def take(self) -> None:
        """Take what is there."""
        data = self.connection.recv(8192)
        self.taken.append((time.monotonic(), data))
        self.ended = not data or data.endswith(_LAST_CHUNK)

    def read(self) -> tuple[float, list[float]]:
        """When the reply began and when each of its deltas was there: by its characters, several may come in one."""
        began, characters, rest = 0.0, 0, b""
        arrived: list[float] = []
        for now, data in self.taken:
            whole, _, rest = (rest + data).rpartition(b"\n\n")
            for text in _DELTA.findall(whole):
                if not began:
                    found = _BEGAN.match(text)
                    assert found, text
                    began = float(found[1])
                    arrived.append(now)
                    text = text[found.end() :]
                characters += len(text)
            count = characters // CHARACTERS - (len(arrived) - 1)
            arrived.extend([now] * (count if began else 0))
        return began, arrived


def request(port: int, path: str, body: dict[str, object], person: str) -> bytes:
    """An HTTP request."""
    content = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {TOKEN}\r\n"
        f"X-Voicebot-Person: {person}\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def new_conversation(connection: socket.socket, port: int, person: str) -> str:
    """The id of one that is begun."""
    connection.sendall(request(port, "/api/conversations", {}, person))
    data = b""
    while b"}" not in data:
        data += _received(connection)
    found = re.search(rb'"id":"([^"]+)"', data)
    assert found, data
    return found[1].decode()


def read_to_end(connection: socket.socket) -> None:
    """Take an answer that comes in chunks."""
    data = b""
    while not data.endswith(b"\r\n0\r\n\r\n"):
        data = data[-16:] + _received(connection)


def _received(connection: socket.socket) -> bytes:
    if data := connection.recv(65536):
        return data
    raise ConnectionError("the server has closed the connection")


def main() -> None:
    ports, kind, count, length = sys.argv[1].split(","), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    asked = []
    # one for all the conversations: a server closes what has asked for something and is idle then
    first = {port: socket.create_connection(("127.0.0.1", int(port))) for port in ports}
    for number in range(count):
        port = int(ports[number % len(ports)])
        connection = socket.create_connection(("127.0.0.1", port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        path, person = "/chat", f"person-{number}"
        if kind == "voicebot":
            path = f"/api/conversations/{new_conversation(first[str(port)], port, person)}/turns"
        asked.append((connection, request(port, path, {"text": str(length)}, person)))
    readers: list[Reader] = []
    open_ones = 0
    print("connected", flush=True)
    sys.stdin.readline()
    began, spent = time.monotonic(), time.process_time()
    with selectors.DefaultSelector() as selector:
        while len(readers) < count or open_ones:
            now = time.monotonic()
            while len(readers) < count and now >= began + len(readers) * RAMP_SECONDS / count:
                connection, what = asked[len(readers)]
                connection.sendall(what)
                readers.append(Reader(connection))
                selector.register(connection, selectors.EVENT_READ, readers[-1])
                open_ones += 1
            time.sleep(_LOOK_SECONDS)
            for key, _ in selector.select(1.0 if len(readers) == count else 0.0):
                reader: Reader = key.data
                reader.take()
                if reader.ended:
                    open_ones -= 1
                    selector.unregister(reader.connection)
            if now > began + RAMP_SECONDS + 2 * length / RATE:
                break  # it will not come to its end
    spent = time.process_time() - spent
    replies = [reader.read() for reader in readers]
    begun = [(began, arrived) for began, arrived in replies if began]
    last_began = max(began for began, _ in begun)
    until = min(began for began, _ in begun) + length / RATE
    delays = [
        1000 * (at - began - number / RATE)
        for began, arrived in begun
        for number, at in enumerate(arrived)
        if last_began <= began + number / RATE <= until
    ]
    whole = sum(len(arrived) == length + 1 for _, arrived in replies)
    came = sum(len(arrived) for _, arrived in replies)
    told = {"delays": delays if len(begun) == count else [], "whole": whole, "came": came, "spent": spent}
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
