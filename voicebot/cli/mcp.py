"""`voicebot mcp`: the daemon's voice for a coding agent."""

from __future__ import annotations

from voicebot.cli.runner import INTERRUPTED, OK, TERMINATED, Body, CommandContext, UsageError, leave_at_once
from voicebot.translation import tr


def mcp() -> Body:
    """Let a coding agent speak: serve its tools on standard input and output (Model Context Protocol).

    The agent starts this command itself. It speaks through the daemon, which is started if it is not running.

    Example: voicebot mcp
    """
    return _serve


async def _serve(context: CommandContext) -> int:
    try:
        import mcp.server  # noqa: F401 - only whether it is installed
    except ImportError as error:
        from voicebot.installation import extra_command

        raise UsageError(tr("the MCP SDK is not installed"), hint=extra_command("mcp")) from error
    from voicebot.daemon.mcp.server import serve_agent

    # A thread waits at standard input and cannot be called back. What the agent waits for ends with our connections.
    context.interrupt = lambda: leave_at_once(INTERRUPTED)
    context.obey = lambda _: leave_at_once(TERMINATED)
    await serve_agent()
    return OK
