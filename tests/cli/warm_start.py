"""Runs commands in forks of a process that has already imported what every one of them imports first.

To start Python and to import the command line takes longer than most commands do, and the tests run hundreds of them.
Each has a process of its own here all the same, in which `python -m voicebot` runs with its own folder, environment
and pipes, and imports whatever else it needs by itself. What cannot be changed once Python runs, as its locale, is the
same for all that one such process forks: tests/cli/command.py starts one for each language.

`python -m tests.cli.warm_start SOCKET` is the process that forks.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotDone
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).parents[2]
IMPORTED_FIRST = (
    "asyncio",
    "voicebot.cli.main",
    "voicebot.cli.talk",
    "voicebot.config.loading",
    "voicebot.conversation",
    "voicebot.memory.persistent",
    "voicebot.memory.sqlite_store",
    "voicebot.text.chunking",
    "voicebot.chat.demo",
    "voicebot.chat.ollama",
    "voicebot.chat.openai_compatible",
    "voicebot.tts.tone",
    "voicebot.audio.silent",
    "voicebot.audio.wav_file",
    "httpcore",
    "stamina",
)
"""What most commands import: it is half of the time that they take."""
_LONGEST_REQUEST = 1 << 17


class WarmStart:
    """The process that forks; it ends with this one."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.cli.warm_start", str(theirs.fileno())],
                cwd=ROOT, env=environment, pass_fds=[theirs.fileno()],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            )  # fmt: skip
        atexit.register(self._close)

    def run(
        self, arguments: tuple[str, ...], home: Path, environment: dict[str, str], input: bytes, timeout: float
    ) -> subprocess.CompletedProcess[bytes]:
        """What subprocess.run does with `python -m voicebot`, pipes at its input, output and error."""
        request = json.dumps([arguments, str(home), environment, os.nice(0)]).encode()
        (stdin, to_stdin), (from_stdout, stdout), (from_stderr, stderr) = os.pipe(), os.pipe(), os.pipe()
        status, its_status = socket.socketpair()
        given = (stdin, stdout, stderr, its_status.detach())
        socket.send_fds(self._requests, [request], given)
        for descriptor in given:
            os.close(descriptor)
        with status, status.makefile() as told, ThreadPoolExecutor(3) as pool:
            pid = int(told.readline())
            fed = pool.submit(_feed, to_stdin, input)
            out, err = (pool.submit(_read, descriptor) for descriptor in (from_stdout, from_stderr))
            try:
                fed.result(timeout)
                printed = [_within(timeout, future) for future in (out, err)]
            except NotDone:
                os.kill(pid, signal.SIGKILL)
                raise subprocess.TimeoutExpired(arguments, timeout) from None
            return subprocess.CompletedProcess(arguments, int(told.readline()), *printed)

    def _close(self) -> None:
        self._requests.close()
        self._process.communicate()


def _within(seconds: float, future: Future[bytes]) -> bytes:
    return future.result(seconds)


def _feed(descriptor: int, data: bytes) -> None:
    with open(descriptor, "wb", buffering=0) as pipe, suppress(BrokenPipeError):
        while data:
            data = data[pipe.write(data) :]


def _read(descriptor: int) -> bytes:
    with open(descriptor, "rb") as pipe:
        return pipe.read()


def serve(requests: socket.socket) -> list[str] | None:
    """Fork for each request; return its arguments in the process that is to run it, and None at the end of it all."""
    while True:
        request, given, _, _ = socket.recv_fds(requests, _LONGEST_REQUEST, 4)
        if not request:
            return None
        if os.fork() == 0:
            requests.close()
            return _run_and_tell(request, given)
        for descriptor in given:
            os.close(descriptor)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _run_and_tell(request: bytes, given: list[int]) -> list[str]:
    """Fork once more; return in the child, and tell in the parent how that ended."""
    *streams, status = given
    if pid := os.fork():
        for descriptor in (0, 1, 2, *streams):
            os.close(descriptor)
        os.write(status, b"%d\n" % pid)
        _, ended = os.waitpid(pid, 0)
        os.write(status, b"%d\n" % os.waitstatus_to_exitcode(ended))
        os._exit(0)
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
    for descriptor in given:
        os.close(descriptor)
    arguments, folder, environment, niceness = json.loads(request)
    os.nice(niceness - os.nice(0))
    coerced = os.environ.get("LC_CTYPE")  # set by Python itself where the language of the environment is not installed
    os.environ.clear()
    os.environ.update({"LC_CTYPE": coerced} if coerced else {}, **environment)
    os.chdir(folder)
    sys.path[0] = folder
    return ["voicebot", *arguments]


if __name__ == "__main__":
    for module in IMPORTED_FIRST:
        importlib.import_module(module)
    gc.freeze()  # what is looked at by no collection need not be copied by each fork
    command = serve(socket.socket(fileno=int(sys.argv[1])))
    if command:
        sys.argv = command
        runpy.run_module("voicebot", run_name="__main__", alter_sys=True)
