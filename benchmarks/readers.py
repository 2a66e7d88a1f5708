"""Many readers in one process, as lean as sockets are: `python -m benchmarks.readers PORT KIND COUNT DELTAS`.

Prints one JSON object: the delays of all deltas while all replies were being written, and when that was.
"""

from __future__ import annotations

import array
import json
import re
import selectors
import socket
import sys
import time
from dataclasses import dataclass, field

from benchmarks.scripted_server import RATE, TOKEN

RAMP_SECONDS = 5.0
"""In which the replies begin, one after the other."""
_MARK = b"event: delta"
_BEGAN = re.compile(rb"event: delta\ndata: (?:\{[^\n]*\"text\":\")?(\d+\.\d{6})")


@dataclass(slots=True)
class Reader:
    """Notes when each delta of one reply is there."""

    connection: socket.socket
    arrived: array.array[float] = field(default_factory=lambda: array.array("d"))
    began: float = 0.0
    head: bytes = b""
    tail: bytes = b""
    ended: bool = False

    def read(self) -> None:
        """Take what is there."""
        data = self.connection.recv(65536)
        now = time.monotonic()
        if not data:
            self.ended = True
            return
        if not self.began:
            self.head += data
            if found := _BEGAN.search(self.head):
                self.began = float(found[1])
        data = self.tail + data
        self.arrived.extend([now] * data.count(_MARK))
        cut = data.rfind(b"\n\n") + 1  # an event that is not whole is counted with what comes next
        self.tail = data[max(cut, data.rfind(_MARK) + len(_MARK) if _MARK in data[cut:] else cut) :]
        if b"event: turn_ended" in data:
            self.ended = True


def request(path: str, body: dict[str, object], person: str) -> bytes:
    """An HTTP request."""
    content = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {TOKEN}\r\nX-Voicebot-Person: {person}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def answer(connection: socket.socket) -> dict[str, str]:
    """The JSON of a short answer."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    found = re.search(rb"content-length: (\d+)", head.lower())
    assert found, data
    while len(body) < int(found[1]):
        body += connection.recv(65536)
    decoded: dict[str, str] = json.loads(body)
    return decoded


def main() -> None:
    count, length = int(sys.argv[3]), int(sys.argv[4])
    asked = []
    for number in range(count):
        connection = socket.create_connection(("127.0.0.1", PORT))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        path, person = "/chat", f"person-{number}"
        if KIND == "voicebot":
            connection.sendall(request("/api/conversations", {}, person))
            path = f"/api/conversations/{answer(connection)['id']}/turns"
        asked.append((connection, request(path, {"text": str(length)}, person)))
    readers: list[Reader] = []
    open_ones = 0
    print("connected", flush=True)
    sys.stdin.readline()
    began = time.monotonic()
    with selectors.DefaultSelector() as selector:
        while len(readers) < count or open_ones:
            now = time.monotonic()
            while len(readers) < count and now >= began + len(readers) * RAMP_SECONDS / count:
                connection, what = asked[len(readers)]
                connection.sendall(what)
                readers.append(Reader(connection))
                selector.register(connection, selectors.EVENT_READ, readers[-1])
                open_ones += 1
            for key, _ in selector.select(0.001 if len(readers) < count else 1.0):
                reader: Reader = key.data
                reader.read()
                if reader.ended:
                    open_ones -= 1
                    selector.unregister(reader.connection)
            if now > began + RAMP_SECONDS + 4 * length / RATE:
                break  # it will not come to its end
    last_began = max(reader.began for reader in readers)
    until = min(reader.began for reader in readers) + length / RATE
    delays = [
        1000 * (at - reader.began - number / RATE)
        for reader in readers
        for number, at in enumerate(reader.arrived)
        if last_began <= reader.began + number / RATE <= until
    ]
    whole = sum(len(reader.arrived) == length + 1 for reader in readers)
    spent = time.process_time()
    print(json.dumps({"delays": delays, "whole": whole, "window": [last_began, until], "own": spent}), flush=True)


if __name__ == "__main__":
    PORT, KIND = int(sys.argv[1]), sys.argv[2]
    HOST = f"127.0.0.1:{PORT}"
    main()
