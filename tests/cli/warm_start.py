"""Runs commands in forks of a process that has already imported what every one of them imports first.

To start Python and to import the command line takes longer than most commands do, and the tests run hundreds of them.
Each has a process of its own here all the same, in which `python -m voicebot` runs with its own folder, environment,
streams and process group, and imports whatever else it needs by itself. What cannot be changed once Python runs, as its
locale, is the same for all that one such process forks: tests/cli/command.py asks one for each language, which all
workers of pytest-xdist share. In the quick run, Python does not take apart in the end what was imported.

It is not for a test about the start itself: what is imported when, a signal before anything is, standard streams that
are closed or files, how it was installed, limits set before Python runs. Those start `command.COMMAND`.

`python -m tests.cli.warm_start ADDRESS SOCKET [quick]` is the process that forks.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotDone
from contextlib import ExitStack, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Literal

ROOT = Path(__file__).parents[2]
IMPORTED_FIRST = (
    "anyio._backends._asyncio",
    "platformdirs",
    "pydantic.type_adapter",
    "voicebot.budoux_phrases",
    "voicebot.cli.main",
    "voicebot.cli.talk",
    "voicebot.config.loading",
    "voicebot.conversation",
    "voicebot.memory.persistent",
    "voicebot.dictionary",
    "voicebot.memory.sqlite_store",
    "voicebot.text.chunking",
    "voicebot.text.english_short_forms",
    "voicebot.text.english_words",
    "voicebot.text.homographs",
    "voicebot.text.japanese_units",
    "voicebot.text.japanese_words",
    "voicebot.text.latin_names",
    "voicebot.text.shortcuts",
    "voicebot.text.spoken",
    "voicebot.chat.demo",
    "voicebot.chat.ollama",
    "voicebot.chat.openai_compatible",
    "voicebot.tts.tone",
    "voicebot.audio.silent",
    "voicebot.audio.wav_file",
    "voicebot.voice_costs",
    "httpcore",
    "stamina",
)
"""What most commands import: it is half of the time that they take."""
IMPORTED_FOR = {
    "chat": ("prompt_toolkit", "voicebot.cli.chat_prompt"),
    "daemon": ("voicebot.cli.daemon_process", "voicebot.daemon.logs", "voicebot.daemon.process"),
    "doctor": ("voicebot.chat.discovery", "voicebot.doctor.checkup", "wcwidth"),
    "lab": ("trio.testing", "voicebot.lab.explain", "voicebot.lab.replay"),
    "mcp": ("voicebot.daemon.mcp.server",),
    "serve": ("voicebot.daemon.logs", "voicebot.server.application", "voicebot.server.process"),
}
"""What some commands import: it is there from the first of them on."""
Group = Literal["tests", "own", "terminal"]
"""The process group of a command: that of the tests, one of its own, or a session in the terminal that is its input."""
QUICK = "quick"
"""Said to the process that forks."""
_LONGEST_REQUEST = 1 << 17
_LONGEST_TOLD = 16
_STOPPED = b"stopped"


class Started:
    """A command that runs, and what tests use of subprocess.Popen; this process is not its parent."""

    def __init__(self, arguments: Sequence[str], told: socket.socket, *streams: BinaryIO | None) -> None:
        self.args = ["voicebot", *arguments]
        self.stdin, self.stdout, self.stderr = streams
        self.pid = int(told.recv(_LONGEST_TOLD))
        self.returncode: int | Any = None  # Any: what Popen has
        self._stands_still = False
        self._told, self._hearing = told, threading.Lock()
        told.setblocking(False)

    def poll(self) -> int | None:
        """How it ended, as Popen tells it; None while it runs."""
        with self._hearing, suppress(BlockingIOError):
            while self.returncode is None:
                told = self._told.recv(_LONGEST_TOLD)
                if told == _STOPPED:
                    self._stands_still = True
                else:
                    self.returncode = int(told)
                    self._told.close()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while (ended := self.poll()) is None:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not self._hear_within(left):
                raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
        return ended

    def freeze(self) -> None:
        """Stop it; return when it stands still."""
        self._stands_still = False
        self.send_signal(signal.SIGSTOP)
        while self.poll() is None and not self._stands_still:
            self._hear_within(None)

    def _hear_within(self, seconds: float | None) -> bool:
        """Wait for what is told, which another thread may get."""
        try:
            return bool(select.select([self._told], [], [], seconds)[0])
        except ValueError:  # that was the end, and the other thread has closed it
            return True

    def communicate(self, input: bytes | None = None, timeout: float | None = None) -> tuple[bytes, bytes]:
        """Feed it, and read what it prints to its end; unlike Popen's, kill it where that takes longer than allowed."""
        with ThreadPoolExecutor(3) as pool:
            fed = pool.submit(_feed, self.stdin, input)
            printed = [pool.submit(_read, stream) for stream in (self.stdout, self.stderr)]
            try:
                fed.result(timeout)
                out, err = (_within(timeout, future) for future in printed)
            except NotDone:
                self.kill()
                raise subprocess.TimeoutExpired(self.args, timeout or 0.0) from None
        self.wait(timeout)
        return out, err

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)

    def __enter__(self) -> Started:
        return self

    def __exit__(self, *_: object) -> None:
        for stream in (self.stdin, self.stdout, self.stderr):
            if stream is not None:
                stream.close()
        self.wait()


def _within(seconds: float | None, future: Future[bytes]) -> bytes:
    return future.result(seconds)


def _feed(pipe: BinaryIO | None, data: bytes | None) -> None:
    if pipe is not None and not pipe.closed:
        with suppress(BrokenPipeError), pipe:
            pipe.write(data or b"")


def _read(pipe: BinaryIO | None) -> bytes:
    if pipe is None or pipe.closed:
        return b""
    with pipe:
        return pipe.read()


class WarmStart:
    """The process that forks, as one of those that share it; it ends with the last of them."""

    def __init__(self, address: Path, environment: dict[str, str], *, quick: bool) -> None:
        self._process = _started_first(address, environment, quick=quick)
        self._requests = _socket()
        self._requests.connect(str(address))
        atexit.register(self._close)

    def start(
        self, arguments: Sequence[str], home: Path, environment: dict[str, str],
        *, stdin: int = subprocess.PIPE, stdout: int = subprocess.PIPE, stderr: int = subprocess.PIPE,
        group: Group = "own",
    ) -> Started:  # fmt: skip
        """What subprocess.Popen does with `python -m voicebot`; a stream is one of its constants, or a descriptor."""
        request = json.dumps([arguments, str(home), environment, os.nice(0), group]).encode()
        told, status = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with status, ExitStack() as given:
            fed, to_feed = _stream(stdin, given, "wb")
            out, printed = _stream(stdout, given, "rb")
            err, told_apart = (out, None) if stderr == subprocess.STDOUT else _stream(stderr, given, "rb")
            socket.send_fds(self._requests, [request], [fed, out, err, status.fileno()])
        return Started(arguments, told, to_feed, printed, told_apart)

    def _close(self) -> None:
        self._requests.close()
        if self._process:
            self._process.communicate()


def _socket() -> socket.socket:
    return socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def _started_first(address: Path, environment: dict[str, str], *, quick: bool) -> subprocess.Popen[bytes] | None:
    """The process that forks, now at this address; None where another worker's is there already."""
    ours = f"{address}.{os.getpid()}"
    with _socket() as listener:
        listener.bind(ours)
        listener.listen()
        try:
            os.link(ours, address)  # the name is there as soon as one can connect, and is taken once
        except FileExistsError:
            return None
        finally:
            os.unlink(ours)
        command = [sys.executable, "-m", "tests.cli.warm_start", str(address), str(listener.fileno())]
        return subprocess.Popen(
            [*command, QUICK] if quick else command,
            cwd=ROOT, env=environment, pass_fds=[listener.fileno()],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip


def _stream(kind: int, given: ExitStack, mode: Literal["rb", "wb"]) -> tuple[int, BinaryIO | None]:
    """What the command gets, and our end of it; what we need not keep is closed with `given`."""
    if kind == subprocess.PIPE:
        ends = os.pipe()
        its, ours = ends if mode == "wb" else ends[::-1]
        given.callback(os.close, its)
        return its, open(ours, mode)
    if kind == subprocess.DEVNULL:
        nothing = os.open(os.devnull, os.O_RDWR)
        given.callback(os.close, nothing)
        return nothing, None
    return kind, None


def serve(listener: socket.socket) -> list[str] | None:
    """Fork for each request; return its arguments in the process that is to run it, and None when nobody is left."""
    told: dict[int, int] = {}  # of each command that runs, by its process
    workers: dict[int, socket.socket] = {}
    woken, waking = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(waking, warn_on_full_buffer=False)
    while True:
        first, *_ = select.select([woken, listener.fileno(), *workers], [], [])[0]
        if first == woken:
            os.read(woken, 1 << 12)
            _tell_of(told)
            continue
        if first == listener.fileno():
            worker, _ = listener.accept()
            workers[worker.fileno()] = worker
            continue
        request, given, _, _ = socket.recv_fds(workers[first], _LONGEST_REQUEST, 4)
        if not request:
            workers.pop(first).close()
            if not workers:
                return None
            continue
        _import(*(module for name in json.loads(request)[0][:1] for module in IMPORTED_FOR.get(name, ())))
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for end in (listener, *workers.values()):
                end.close()
            for descriptor in (woken, waking, *told.values()):
                os.close(descriptor)
            return _settled(request, given)
        *streams, told[pid] = given
        for descriptor in streams:
            os.close(descriptor)
        if json.loads(request)[-1] == "own":
            with suppress(ProcessLookupError, PermissionError):
                os.setpgid(pid, pid)
        _tell(told[pid], b"%d" % pid)


def _import(*modules: str) -> None:
    """Let them be there in what is forked from now on."""
    if not sys.modules.keys() >= {*modules}:
        gc.disable()  # nearly nothing of what is made is garbage
        for module in modules:
            importlib.import_module(module)
        gc.freeze()  # what is looked at by no collection need not be copied by each fork
        gc.enable()


def _settled(request: bytes, given: list[int]) -> list[str]:
    """Take the place of the command that is to be run; return its arguments."""
    arguments, folder, environment, niceness, group = json.loads(request)
    for number, descriptor in enumerate(given[:3]):
        os.dup2(descriptor, number)
    for descriptor in given:
        os.close(descriptor)
    if group == "own":
        os.setpgid(0, 0)
    if group == "terminal":
        os.login_tty(0)
        sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr] # as Python opens it on a terminal
    with suppress(PermissionError):  # who started the process that forks had already let the punctual tests go first
        os.nice(niceness - os.nice(0))
    coerced = os.environ.get("LC_CTYPE")  # set by Python itself where the language of the environment is not installed
    os.environ.clear()
    os.environ.update({"LC_CTYPE": coerced} if coerced else {}, **environment)
    os.chdir(folder)
    sys.path[0] = folder
    return ["voicebot", *arguments]


def _tell_of(told: dict[int, int]) -> None:
    """Tell of each command that was stopped, and how it ended."""
    with suppress(ChildProcessError):
        while (waited := os.waitpid(-1, os.WNOHANG | os.WUNTRACED))[0]:
            pid, ended = waited
            if os.WIFSTOPPED(ended):
                _tell(told[pid], _STOPPED)
            else:
                _tell(told[pid], b"%d" % os.waitstatus_to_exitcode(ended))
                os.close(told.pop(pid))


def _tell(whom: int, words: bytes) -> None:
    with suppress(BrokenPipeError, ConnectionResetError):  # nobody asks any more
        os.write(whom, words)


def _remember() -> None:
    """Compile the patterns and make the sounds that most commands begin with: that takes longer than all the rest."""
    from voicebot.chat.demo import replies, split_deltas
    from voicebot.config.models import TtsTone
    from voicebot.messages import Message
    from voicebot.text import chunking, respelling, spoken
    from voicebot.tts import tone

    respelling.warm_up()
    for question in ("Brr", "ほげ"):  # the demo knows no answer, but has looked for each
        reply = replies.reply_to([Message("user", question)], datetime.now())
        split_deltas(reply)
        chunking.Chunker().feed(reply)
        spoken.spoken_text(reply)
    for pitch in tone.PITCHES:
        tone.tone(pitch, 1.0, TtsTone(kind="tone").sample_rate)


def _run(*, quick: bool) -> None:
    """Run the command of sys.argv."""
    try:
        runpy.run_module("voicebot", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if quick and (end.code is None or isinstance(end.code, int)):
            _end(end.code or 0)
        raise


def _end(code: int) -> None:
    """End as Python does, but leave what was imported as it is: to take it apart in a fork is to copy all of it.

    Return where Python has to tell that something cannot be printed.
    """
    threading._shutdown()  # type: ignore[attr-defined] # as multiprocessing ends what it forks
    atexit._run_exitfuncs()
    try:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    except (OSError, ValueError):
        return
    os._exit(code & 0xFF)


if __name__ == "__main__":
    quick = QUICK in sys.argv[3:]
    _remember()
    _import(*IMPORTED_FIRST)
    address, listener = Path(sys.argv[1]), socket.socket(fileno=int(sys.argv[2]))
    command = serve(listener)
    if command:
        sys.argv = command
        _run(quick=quick)
    else:
        address.unlink(missing_ok=True)  # who comes later starts another one
