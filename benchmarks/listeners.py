"""Many listeners in one process: `python -m benchmarks.listeners PORT COUNT DELTAS`.

Each holds a WebSocket, asks once, plays what comes in real time and reports that as a browser does. Prints a line when
all are connected, waits for one, and prints one JSON object: for each reply that ended, the milliseconds until its
first sound, those of silence within it, and the seconds that were played.
"""

from __future__ import annotations

import json
import selectors
import socket
import struct
import sys
import time
from base64 import b64encode
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from benchmarks.readers import RAMP_SECONDS, new_conversation
from benchmarks.scripted_server import TOKEN

_REPORT_SECONDS = 0.25
_PATIENCE_SECONDS = 120.0
_HEADER = struct.Struct("<BBHII")
_TEXT, _BINARY, _PING, _PONG = 1, 2, 9, 10
_UNMASKED = bytes(4)
"""A mask that changes nothing."""


@dataclass(slots=True)
class Listener:
    """Hears one reply."""

    connection: socket.socket
    asked: float = 0.0
    first_sound: float = 0.0
    silence: float = 0.0
    heard: float = 0.0
    ended: bool = False
    _rate: int = 1
    _plays_until: float = 0.0
    _blocks: deque[tuple[float, int, int]] = field(default_factory=deque)
    """When each block has been played, its utterance, and the frames behind it."""
    _data: bytes = b""

    def ask(self, length: int, number: int, now: float) -> None:
        """Ask for a reply that nobody else gets."""
        self.asked = now
        self._say(type="listen", audio=True)
        self._say(type="ask", text=f"{length} {number}")

    def take(self, now: float) -> None:
        """Take what is there."""
        data = self.connection.recv(1 << 18)
        if not data:
            raise ConnectionError("the server has closed the connection")
        self._data += data
        for kind, content in self._frames():
            if kind == _BINARY:
                self._hear(content, now)
            elif kind == _PING:
                self.connection.sendall(_frame(_PONG, content))
            elif kind == _TEXT and content.startswith(b'{"type":"audio_begin"'):
                self._rate = json.loads(content)["rate"]
            elif kind == _TEXT and content.startswith(b'{"type":"turn_ended"'):
                self.ended = True

    def report(self, now: float) -> None:
        """Tell what has been played by now."""
        played: dict[int, int] = {}
        while self._blocks and self._blocks[0][0] <= now:
            _, utterance, frame = self._blocks.popleft()
            played[utterance] = frame
        for utterance, frame in played.items():
            self._say(type="played", utterance=utterance, frame=frame)

    def _hear(self, block: bytes, now: float) -> None:
        _, _, _, utterance, first = _HEADER.unpack_from(block)
        frames = (len(block) - _HEADER.size) // 2
        if not self.first_sound:
            self.first_sound = now
        elif now > self._plays_until:
            self.silence += now - self._plays_until
        seconds = frames / self._rate
        self.heard += seconds
        self._plays_until = max(now, self._plays_until) + seconds
        self._blocks.append((self._plays_until, utterance, first + frames))

    def _say(self, **message: object) -> None:
        self.connection.sendall(_frame(_TEXT, json.dumps(message).encode()))

    def _frames(self) -> Iterator[tuple[int, bytes]]:
        """The whole ones of what has come."""
        at, data = 0, self._data
        while len(data) - at >= 2:
            length, begin = data[at + 1], at + 2
            if length >= 126:
                size = 2 if length == 126 else 8
                begin += size
                length = int.from_bytes(data[at + 2 : begin])
            if begin > len(data) or len(data) - begin < length:
                break
            yield data[at] & 15, data[begin : begin + length]
            at = begin + length
        self._data = data[at:]


def _frame(kind: int, content: bytes) -> bytes:
    assert len(content) < 126
    return bytes([0x80 | kind, 0x80 | len(content)]) + _UNMASKED + content


def connected(port: int, person: str) -> socket.socket:
    """A WebSocket of a new conversation."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        id = new_conversation(connection, port, person)
    live = socket.create_connection(("127.0.0.1", port))
    live.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    key = b64encode(person.encode().ljust(16)[:16]).decode()
    live.sendall(
        f"GET /api/conversations/{id}/live HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {TOKEN}\r\n"
        f"X-Voicebot-Person: {person}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Protocol: voicebot.v1\r\n\r\n".encode()
    )
    head = b""
    while not head.endswith(b"\r\n\r\n"):  # byte by byte: frames may follow at once
        head += live.recv(1)
    assert head.startswith(b"HTTP/1.1 101"), head
    return live


def main() -> None:
    port, count, length = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    listeners = [Listener(connected(port, f"person-{number}")) for number in range(count)]
    print("connected", flush=True)
    sys.stdin.readline()
    began = time.monotonic()
    asked = 0
    reports = deque((began + number * _REPORT_SECONDS / count, one) for number, one in enumerate(listeners))
    with selectors.DefaultSelector() as selector:
        for one in listeners:
            selector.register(one.connection, selectors.EVENT_READ, one)
        while (now := time.monotonic()) < began + _PATIENCE_SECONDS and not all(one.ended for one in listeners):
            while asked < count and now >= began + asked * RAMP_SECONDS / count:
                listeners[asked].ask(length, asked, now)
                asked += 1
            for key, _ in selector.select(0.002):
                listener: Listener = key.data
                listener.take(time.monotonic())
            while reports[0][0] <= now:
                due, one = reports.popleft()
                one.report(now)
                reports.append((due + _REPORT_SECONDS, one))
    whole = [one for one in listeners if one.ended]
    told = {
        "first_sound": [1000 * (one.first_sound - one.asked) for one in whole],
        "silence": [1000 * one.silence for one in whole],
        "heard": [one.heard for one in whole],
    }
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
