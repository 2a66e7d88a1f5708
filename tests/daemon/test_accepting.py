"""Callers that come and go at the worst moment, and more of them than there is room for."""

from __future__ import annotations

import asyncio
import os
import resource
import socket
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Literal

import anyio
import pytest
from anyio import BrokenResourceError, EndOfStream, wait_all_tasks_blocked
from anyio.abc import SocketListener, SocketStream

from tests.daemon.running import QUICK, running_daemon
from tests.machine import PATIENCE_SECONDS
from tests.null_sink import wait_until
from voicebot.daemon.accepting import let_in
from voicebot.daemon.caller import cancel_after
from voicebot.daemon.place import bound_path
from voicebot.daemon.unix_stream import UnixStream


def connected(path: Path) -> socket.socket:
    caller = socket.socket(socket.AF_UNIX)
    caller.settimeout(PATIENCE_SECONDS)
    caller.connect(str(path))
    return caller


@pytest.mark.parametrize("happens", ["comes", "asks", "hangs up", "reads"])
def test_what_happens_while_the_daemon_closes_leaves_no_traceback_in_its_log(
    tmp_path: Path, happens: Literal["comes", "asks", "hangs up", "reads"]
) -> None:
    """When a client did that in the same step of the event loop, asyncio logged an InvalidStateError."""
    path, faults = tmp_path / "socket", []

    def note(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:  # Any: as asyncio tells it
        faults.append(context["message"])

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(note)
        closing = anyio.Event()

        async def serve_one(stream: SocketStream) -> None:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(cancel_after, closing, tasks.cancel_scope)
                while happens == "reads":
                    await stream.send(b"x" * 1_000_000)
                await stream.receive()

        with ExitStack() as stack:
            bound = stack.enter_context(bound_path(str(path)))
            async with await SocketListener.from_socket(bound) as listener, anyio.create_task_group() as tasks:
                tasks.start_soon(partial(let_in, listener, serve_one, closing, most=10))
                caller = stack.enter_context(connected(path))
                await wait_all_tasks_blocked()
                closing.set()
                match happens:
                    case "comes":
                        stack.enter_context(connected(path))
                    case "asks":
                        caller.sendall(b"?\n")
                    case "hangs up":
                        caller.close()
                    case "reads":
                        caller.recv(1_000_000)

    asyncio.run(main())
    assert faults == []


@pytest.mark.anyio
async def test_a_connection_carries_what_is_larger_than_its_buffers_and_tells_its_end() -> None:
    ends = [UnixStream(end) for end in socket.socketpair(socket.AF_UNIX)]
    sent, got = os.urandom(3_000_000), b""
    async with ends[0], ends[1], anyio.create_task_group() as tasks:

        async def send() -> None:
            await ends[0].send(sent)
            await ends[0].send_eof()

        tasks.start_soon(send)
        while len(got) < len(sent):
            got += await ends[1].receive(100_000)
        assert got == sent
        with pytest.raises(EndOfStream):
            await ends[1].receive()
        await ends[0].aclose()
        with pytest.raises(BrokenResourceError):
            await ends[1].send(sent)
        with pytest.raises(BrokenResourceError):
            await ends[0].receive()


def test_a_daemon_without_a_descriptor_left_lets_callers_in_when_others_leave(tmp_path: Path) -> None:
    """The first caller for whom there was none ended the daemon."""
    with running_daemon(tmp_path, config=QUICK) as daemon, ExitStack() as stack:
        assert daemon.ask(command="say", text="Good morning.", wait="finished")["ok"]
        pid = daemon.process.pid
        files = Path(f"/proc/{pid}/fd")
        limit = len(os.listdir(files)) + 3
        _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (limit, hard))
        callers = [stack.enter_context(connected(daemon.path)) for _ in range(20)]
        wait_until(lambda: len(os.listdir(files)) == limit, "there are descriptors left")
        callers[0].sendall(b'{"command": "say", "text": "Good evening.", "wait": "finished"}\n')
        assert b"finished" in callers[0].recv(1000)
        for caller in callers[:-1]:
            caller.close()
        callers[-1].sendall(b'{"command": "status"}\n')
        assert callers[-1].recv(1000).startswith(b'{"id": null, "ok": true')
