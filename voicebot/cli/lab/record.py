"""`voicebot lab record`: a chat model's reply, recorded with the time of each delta."""

from __future__ import annotations

from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicebot.cli.options import ChatOptions, ConfigOptions, ForceOption
from voicebot.cli.output import status, write_out
from voicebot.cli.runner import OK, Body
from voicebot.translation import tr

if TYPE_CHECKING:
    from voicebot.config.models import Config


def record(
    question: Annotated[list[str], typer.Argument(metavar="QUESTION", help="The question.", show_default=False)],
    *,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Write the trace to this file.")],
    config: ConfigOptions,
    chat: ChatOptions,
    force: ForceOption = False,
) -> Body:
    """Record a chat model's reply with the time of each delta, for replays.

    Example: voicebot lab record -o trace.jsonl "Why is the sky blue?"
    """
    settings = config.load(chat.settings()).config
    return lambda _: _record(settings, " ".join(question), output, force=force)


async def _record(config: Config, question: str, output: Path, *, force: bool) -> int:
    """Write the deltas of the reply to `output` and the reply to standard output; return the exit code."""
    import anyio

    from voicebot import events
    from voicebot.app import window_memory
    from voicebot.chat import open_chat
    from voicebot.cli.foreign_prints import foreign_prints_told
    from voicebot.errors import LabError
    from voicebot.held_secrets import stream_redactor
    from voicebot.messages import Message
    from voicebot.recording import open_recorder

    if not question.strip():
        raise LabError(tr("the question is empty"))
    redactor = stream_redactor(config)()
    with foreign_prints_told(config), open_recorder(output, force=force) as recorder:
        async with open_chat(config.chat, notify=status) as chat:
            messages = [*window_memory(config).messages(), Message("user", question)]
            began, turn = anyio.current_time(), events.new_turn_id()

            def take(delta: str) -> None:
                if delta:
                    recorder(events.Delta(turn, anyio.current_time() - began, delta))
                    write_out(delta)

            try:
                async with aclosing(chat.stream_reply(messages)) as reply:
                    async for delta in reply:
                        if isinstance(delta, str):
                            take(redactor.feed(delta))
            finally:
                take(redactor.flush())
                if recorder.written or recorder.failure:
                    write_out("\n")
                if recorder.written:
                    status(tr("wrote {output}", output=output))
    return OK
