"""Turns on the terminal: one question, one text, or a conversation."""

from __future__ import annotations

import importlib
import math
import os
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread

from voicebot.app import open_conversation, open_engines, open_memory, window_memory
from voicebot.cli import terminal
from voicebot.cli.output import show_error, status, terminal_width
from voicebot.cli.runner import FAILED, INTERRUPTED, OK, CommandContext, exit_code
from voicebot.cli.view import JsonView, TextView, View, viewing
from voicebot.config.models import Config
from voicebot.errors import without_groups
from voicebot.protocols import ChatModel, Memory
from voicebot.text.language import has_japanese

if TYPE_CHECKING:
    from voicebot.conversation import Conversation
    from voicebot.turn import Pipeline

_TWICE_SECONDS = 2.0
"""Two Ctrl-C within this time leave the conversation."""
_LONG_SECONDS = 2.0
_LEAVE = {"exit", "quit", "/exit", "/quit", "/bye", "終了", "おわり", "終わり"}


@dataclass(frozen=True, slots=True)
class TalkOptions:
    """How turns are shown and heard."""

    speak: bool
    as_json: bool
    quiet: bool
    record: Path | None = None
    """Keep the deltas of the replies here."""
    conversation: str | None = None
    """The conversation to continue, or to start; empty: the latest; None: a new one."""

    def draws(self) -> bool:
        """Whether what is shown is seen on a terminal that understands escape codes."""
        return sys.stdout.isatty() and not self.as_json and terminal.draws()

    def view(self) -> View:
        """A new view of the events."""
        if self.as_json:
            return JsonView()
        columns = terminal_width if self.draws() else None
        return TextView(as_written=not self.speak, quiet=self.quiet, columns=columns)

    def notify(self, text: str) -> None:
        """Print a line of status, unless asked not to."""
        if not self.quiet:
            status(text)


async def speak_once(
    config: Config, context: CommandContext, options: TalkOptions, *, message: str = "", source: ChatModel | None = None
) -> int:
    """Speak the reply to `message`, or what `source` gives; return the exit code. Raises VoicebotError."""
    async with _open_conversation(config, options, message=message, source=source) as conversation:
        context.interrupt = conversation.interrupt
        async with viewing(conversation.broadcast, options.view(), closed=lambda: context.leave(FAILED)):
            outcome = await conversation.speak(message)
    if outcome.error is not None:
        raise outcome.error
    return INTERRUPTED if outcome.kind == "interrupted" else OK


async def converse(config: Config, context: CommandContext, options: TalkOptions) -> int:
    """Talk until the person leaves; return the exit code. Raises VoicebotError when there is nobody to talk to."""
    at_terminal = sys.stdin.isatty()
    prompt = "› " if at_terminal and sys.stdout.isatty() and not options.as_json else ""
    view = options.view()
    async with _open_conversation(config, options) as conversation:
        if at_terminal:
            options.notify("Enter or Ctrl-C interrupts · Ctrl-C twice, Ctrl-D or exit leaves")
        last_interrupt = -math.inf

        def interrupt() -> bool:
            nonlocal last_interrupt
            now, before = anyio.current_time(), last_interrupt
            last_interrupt = now
            if now - before < _TWICE_SECONDS:
                return False
            if not conversation.interrupt():
                options.notify("\n(Ctrl-C again leaves)")
            return True

        context.interrupt = interrupt
        code, typed = OK, ""
        while True:
            if not typed:
                line = await to_thread.run_sync(_read_line, prompt, abandon_on_cancel=True)
                if line is None:
                    break
                typed = line
            message, typed = typed.strip(), ""
            if message.casefold() in _LEAVE:
                break
            if not message:
                continue
            interruption: list[str] = []
            async with (
                viewing(conversation.broadcast, view, closed=lambda: context.leave(FAILED)),
                anyio.create_task_group() as listening,
            ):
                if at_terminal:
                    listening.start_soon(_listen_for_enter, conversation, interruption)
                outcome = await conversation.speak(message)
                listening.cancel_scope.cancel()
            typed = "".join(interruption).strip()
            code = OK
            if outcome.error is not None:
                show_error(outcome.error)
                code = exit_code(outcome.error)
        return OK if at_terminal else code


@asynccontextmanager
async def _open_conversation(
    config: Config, options: TalkOptions, *, message: str = "", source: ChatModel | None = None
) -> AsyncIterator[Conversation]:
    """A conversation with everything it needs; whoever waits long for that is told what for."""
    if options.draws():  # it takes long to load, and is needed only then
        threading.Thread(target=importlib.import_module, args=("voicebot.cli.wrapping",), daemon=True).start()
    async with AsyncExitStack() as stack:
        opened = anyio.Event()
        stack.enter_context(without_groups())
        background = await stack.enter_async_context(anyio.create_task_group())
        background.start_soon(_say_what_takes_long, config, options, opened)
        engines = await stack.enter_async_context(
            open_engines(
                config,
                notify=options.notify,
                chat=source,
                speak=options.speak,
                japanese_expected=_expect_japanese(config, message),
            )
        )
        memory: Memory = window_memory(config)
        if source is None:  # what is only read aloud is no conversation
            memory = await stack.enter_async_context(
                open_memory(
                    engines, config, conversation=options.conversation, single=message != "", notify=options.notify
                )
            )
        conversation = await stack.enter_async_context(
            open_conversation(engines, config, notify=options.notify, memory=memory, record=options.record)
        )
        opened.set()
        options.notify(_ready(conversation.pipeline))
        yield conversation
        background.cancel_scope.cancel()


async def _say_what_takes_long(config: Config, options: TalkOptions, opened: anyio.Event) -> None:
    with anyio.move_on_after(_LONG_SECONDS):
        await opened.wait()
        return
    options.notify(f"still opening: chat {config.chat.kind}, voice {config.tts.kind}, audio {config.audio.kind} …")


def _read_line(prompt: str) -> str | None:
    """One line from standard input; None at its end."""
    if not prompt:
        return sys.stdin.readline() or None
    try:
        with suppress(ImportError):
            import readline  # noqa: F401 - gives input() its editing and history
        return input(prompt)
    except EOFError:
        return None


async def _listen_for_enter(conversation: Conversation, interruption: list[str]) -> None:
    """End the turn when a line is typed; what was typed is the next message."""
    if sys.platform == "win32":
        return  # a console cannot be waited for there: Ctrl-C interrupts
    await anyio.wait_readable(sys.stdin)
    interruption.append(os.read(sys.stdin.fileno(), 65_536).decode(sys.stdin.encoding, "replace"))
    conversation.interrupt()


def _expect_japanese(config: Config, message: str = "") -> bool:
    """Whether the reply will probably be Japanese: by the question, the system prompt or the person's locale."""
    locale = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := os.environ.get(name))), "")
    return locale.startswith("ja") or has_japanese(message + config.conversation.system_prompt)


def _ready(pipeline: Pipeline) -> str:
    voice = pipeline.synthesizer.name if pipeline.synthesizer else "no voice"
    return f"ready: {pipeline.chat.name} → {voice} → {pipeline.output.name}"
