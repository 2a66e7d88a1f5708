"""An MCP server as a process of ours, on its standard streams.

The SDK's own transport takes 20 s for a line of 60 MB, puts a traceback into the log for each line that is not a
message, and waits forever after a byte that is not UTF-8.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import TextIO

import anyio
from anyio.abc import ByteReceiveStream, ObjectReceiveStream, ObjectSendStream, Process
from mcp import StdioServerParameters
from mcp.client.stdio import get_default_environment
from mcp.os.posix.utilities import terminate_posix_process_tree
from mcp.os.win32.utilities import close_process_job, create_windows_process, terminate_windows_process_tree
from mcp.shared.message import SessionMessage
from mcp.types import jsonrpc_message_adapter

from voicebot.http.lines import MAX_LINE_BYTES, BadStream, LineDecoder
from voicebot.text.safe_display import safe_line
from voicebot.translation import tr

_MAX_STRAY_LINES = 1000
"""In a row. Some servers print what they do; one that prints nothing else is not a server."""
_STOP_SECONDS = 2.0
"""For each of the ways in which a server is asked to end."""
_GONE = (anyio.ClosedResourceError, anyio.BrokenResourceError, anyio.EndOfStream, OSError)


@asynccontextmanager
async def open_stdio(
    parameters: StdioServerParameters,
    *,
    errors: TextIO,
    complain: Callable[[str], None],
    give_up: Callable[[str], None],
) -> AsyncIterator[tuple[ObjectReceiveStream[SessionMessage | Exception], ObjectSendStream[SessionMessage]]]:
    """Start the server; what it says and what it is told, until the block ends, and the server with it.

    It writes its log to `errors`. `complain` takes the first thing that it says beside the protocol; `give_up` takes
    why it is not listened to any more, which closes the connection. Raises OSError and ValueError when it cannot be
    started.
    """
    process = await _started(parameters, errors)
    said, heard = anyio.create_memory_object_stream[SessionMessage | Exception](0)  # the session reads at once
    told, to_tell = anyio.create_memory_object_stream[SessionMessage](0)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_listen, process, said, complain, give_up)
        tasks.start_soon(_tell, process, to_tell, said)
        try:
            yield heard, told
        finally:
            with anyio.CancelScope(shield=True):
                heard.close()  # so that the server is drained, and can take notice
                told.close()
                await _stop(process)
            tasks.cancel_scope.cancel()


async def _started(parameters: StdioServerParameters, errors: TextIO) -> Process:
    environment = get_default_environment() | (parameters.env or {})
    if sys.platform == "win32":
        from mcp.os.win32.utilities import get_windows_executable_command

        command = await anyio.to_thread.run_sync(get_windows_executable_command, parameters.command)
        # It may return the SDK's stand-in, which has the same methods.
        return await create_windows_process(command, parameters.args, environment, errors, parameters.cwd)  # type: ignore[return-value]
    return await anyio.open_process(
        [parameters.command, *parameters.args],
        stdin=subprocess.PIPE,
        env=environment,
        stderr=errors,
        cwd=parameters.cwd,
        start_new_session=True,  # so that its own children end with it
    )


async def _listen(
    process: Process,
    said: ObjectSendStream[SessionMessage | Exception],
    complain: Callable[[str], None],
    give_up: Callable[[str], None],
) -> None:
    """Pass on the server's messages; then read on, since a server that cannot write would not end."""
    assert process.stdout
    with suppress(*_GONE):
        async with said:
            try:
                await _pass_on(process.stdout, said, complain)
            except BadStream as fault:
                give_up(str(fault))
        while True:
            await process.stdout.receive()


async def _pass_on(
    stdout: ByteReceiveStream, said: ObjectSendStream[SessionMessage | Exception], complain: Callable[[str], None]
) -> None:
    """Pass on the messages until the server closes its output. Raises BadStream."""
    decoder = LineDecoder(max_line_bytes=MAX_LINE_BYTES)
    strays, complained = 0, False
    async for data in stdout:
        for line in decoder.feed(data):
            try:
                message = jsonrpc_message_adapter.validate_json(line, by_name=False)
            except ValueError:
                strays += 1
                if not complained:
                    complained = True
                    complain(f"it prints what is not MCP: {safe_line(line[:80])}")
                if strays == _MAX_STRAY_LINES:
                    raise BadStream(tr("it printed {count} lines that are not MCP", count=strays)) from None
                continue
            strays = 0
            await said.send(SessionMessage(message))
        decoder.check()


async def _tell(
    process: Process,
    to_tell: ObjectReceiveStream[SessionMessage],
    said: ObjectSendStream[SessionMessage | Exception],
) -> None:
    """Write what the session has for the server; a server that takes nothing has closed the connection."""
    assert process.stdin
    try:
        async with to_tell:
            async for message in to_tell:
                text = message.message.model_dump_json(by_alias=True, exclude_unset=True)
                await process.stdin.send(text.encode("utf-8", "replace") + b"\n")
    except _GONE:
        await said.aclose()


async def _stop(process: Process) -> None:
    """Let the server end by itself, else end it and all that it has started."""
    assert process.stdin
    with suppress(*_GONE):
        await process.stdin.aclose()
    with anyio.move_on_after(_STOP_SECONDS):
        await process.wait()
    if process.returncode is None:
        if sys.platform == "win32":
            await terminate_windows_process_tree(process)
        else:
            await terminate_posix_process_tree(process, _STOP_SECONDS)
    close_process_job(process)
    with anyio.move_on_after(_STOP_SECONDS), suppress(*_GONE):
        await process.aclose()
