"""What the server adds: `voicebot serve` as a process of its own, asked over HTTP."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from tempfile import TemporaryDirectory

import httpx

from benchmarks.figures import Figure, quantile, spread
from benchmarks.many_people import measure_many_people
from benchmarks.start import COMMAND

_TOKEN = "the-token-of-the-benchmark"
_ENGINE_SECONDS = 0.1
"""What the tone voice takes for each utterance."""
_ENGLISH = (
    "Once upon a time number {}, there was a lighthouse that nobody had ever seen by day, and it sang to the ships. "
    * 40
)
_JAPANESE = "昔々の{}番、昼間には誰も見たことのない灯台があって、通り過ぎる船に歌を歌っていました。" * 100
_MOST_CHARACTERS = 4096


def measure_server(repeat: int, *, people: Sequence[int], listeners: int, turns: int) -> list[Figure]:
    """All of it: three times `repeat` runs of what takes less than a second."""
    with running_server(f"--set=tts.delay_seconds={_ENGINE_SECONDS}") as client:
        figures = [*_first_bytes(client, 3 * repeat), *_left_alone(client, 3 * repeat)]
    return figures + measure_many_people(people, listeners, turns)


@contextmanager
def running_server(*arguments: str) -> Iterator[httpx.Client]:
    """A server with the demo and the tone voice, and a client that has its token."""
    with TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "VOICEBOT_SERVER__TOKEN": _TOKEN,
            "XDG_STATE_HOME": folder,
            "XDG_DATA_HOME": folder,
        }
        process = subprocess.Popen(
            [*COMMAND, "serve", "--port=0", "--chat=demo", "--tts=tone", *arguments],
            cwd=folder,
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stderr
            address = next(line.split()[-1] for line in process.stderr if line.startswith("listening at"))
            threading.Thread(target=process.stderr.read, daemon=True).start()  # a full pipe would hold it up
            with httpx.Client(base_url=address, headers={"authorization": f"Bearer {_TOKEN}"}, timeout=60) as client:
                yield client
        finally:
            process.terminate()
            process.communicate()


def _first_bytes(client: httpx.Client, runs: int) -> list[Figure]:
    """From the request to the first byte of its sound, beyond what the engine takes for the first clause."""
    figures = []
    numbers = count(1)  # equal texts are said once
    for language, text in (("English", _ENGLISH), ("Japanese", _JAPANESE)):
        for form in ("mp3", "pcm"):
            _first_byte(client, text, next(numbers), form)  # which imports what the format needs
            seconds = [_first_byte(client, text, next(numbers), form) for _ in range(runs)]
            beyond = [1000 * (one - _ENGINE_SECONDS) for one in seconds]
            name = f"server: /v1/audio/speech: first byte of {form}, {language}, p95"
            figures.append(Figure(name, quantile(beyond, 0.95), 50, "ms", spread(beyond, "ms")))
    return figures


def _first_byte(client: httpx.Client, text: str, number: int, form: str) -> float:
    """Seconds; the rest of the answer is not waited for."""
    body = {"input": text.replace("{}", str(number))[:_MOST_CHARACTERS], "response_format": form}
    began = time.perf_counter()
    with client.stream("POST", "/v1/audio/speech", json=body) as answer:
        answer.raise_for_status()
        assert next(answer.iter_raw())
        return time.perf_counter() - began


def _left_alone(client: httpx.Client, runs: int) -> list[Figure]:
    """From the moment a client has gone until its turn is over, synthesis included."""
    figures = []
    numbers = count(10_001)
    for phase, bytes_first in (("before the first byte", False), ("in the middle", True)):
        seconds = [_gone(client, next(numbers), bytes_first=bytes_first) for _ in range(runs)]
        milliseconds = [1000 * one for one in seconds]
        name = f"server: client gone {phase} → its turn is over, p95"
        figures.append(Figure(name, quantile(milliseconds, 0.95), 200, "ms", spread(milliseconds, "ms")))
    return figures


def _gone(client: httpx.Client, number: int, *, bytes_first: bool) -> float:
    """Seconds, at most: how many turns run is asked again and again."""
    host, port = client.base_url.host, client.base_url.port
    assert port
    body = json.dumps({"input": _ENGLISH.replace("{}", str(number))[:_MOST_CHARACTERS], "speed": 0.25})
    lines = ("POST /v1/audio/speech HTTP/1.1", f"Host: {host}:{port}", f"Authorization: Bearer {_TOKEN}")
    head = "\r\n".join([*lines, "Content-Type: application/json", f"Content-Length: {len(body)}", "", ""])
    with socket.create_connection((host, port)) as connection:
        connection.sendall((head + body).encode())
        _wait_for_turns(client, 1)
        if bytes_first:
            assert connection.recv(1)
    began = time.perf_counter()
    _wait_for_turns(client, 0)
    return time.perf_counter() - began


def _wait_for_turns(client: httpx.Client, wanted: int) -> None:
    while f"voicebot_turns_running {wanted}.0" not in client.get("/metrics").text:
        time.sleep(0.001)
