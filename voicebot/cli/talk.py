"""Turns on the terminal: one question, one text, or a conversation."""

from __future__ import annotations

import importlib
import math
import os
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
from anyio import to_thread

from voicebot.app import Engines, open_conversation, open_engines, open_memory, window_memory
from voicebot.cli import terminal
from voicebot.cli.chat_actions import ChatActions, Surface
from voicebot.cli.chat_commands import Invoked, Misunderstood, Said, is_farewell, is_yes, read_entry
from voicebot.cli.foreign_prints import foreign_prints_told
from voicebot.cli.output import show_error, status, terminal_width, write_out
from voicebot.cli.runner import FAILED, INTERRUPTED, OK, CommandContext, exit_code
from voicebot.cli.view import PROMPT, JsonView, TextView, View, viewing
from voicebot.config.models import Config
from voicebot.errors import without_groups
from voicebot.protocols import ChatModel, Memory
from voicebot.text.language import has_japanese
from voicebot.translation import named, tr

if TYPE_CHECKING:
    from voicebot.conversation import Conversation
    from voicebot.speech import Outcome
    from voicebot.turn import Pipeline

_LONG_SECONDS = 2.0


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
    above_prompt: bool = False
    """A person types meanwhile, at a prompt that stays below what is shown."""

    def draws(self) -> bool:
        """Whether what is shown is seen on a terminal that understands escape codes."""
        return sys.stdout.isatty() and not self.as_json and terminal.draws()

    def view(self) -> View:
        """A new view of the events."""
        return JsonView() if self.as_json else self.text_view()

    def text_view(self) -> TextView:
        """The same for people."""
        columns = terminal_width if self.draws() else None
        return TextView(as_written=not self.speak, quiet=self.quiet, columns=columns)

    def notify(self, text: str) -> None:
        """Print a line of status, unless asked not to."""
        if not self.quiet:
            # Above a prompt every text has lines of its own; elsewhere it may come in the middle of a reply.
            status(text.lstrip("\n") if self.above_prompt else text)


async def speak_once(
    config: Config, context: CommandContext, options: TalkOptions, *, message: str = "", source: ChatModel | None = None
) -> int:
    """Speak the reply to `message`, or what `source` gives; return the exit code. Raises VoicebotError."""
    async with _open_conversation(config, options, message=message, source=source) as (_, conversation):
        context.interrupt = conversation.interrupt
        async with viewing(conversation.broadcast, options.view(), closed=lambda: context.leave(FAILED)):
            outcome = await conversation.speak(message)
    if outcome.error is not None:
        raise outcome.error
    if outcome.kind == "interrupted":
        return INTERRUPTED
    if options.speak and not outcome.metrics.audio_seconds:
        shown = (outcome.heard + outcome.unsaid).strip()
        options.notify(tr("there is nothing in it to be said aloud") if shown else tr("nothing to say"))
    return OK


async def converse(config: Config, context: CommandContext, options: TalkOptions) -> int:
    """Talk until the person leaves; return the exit code. Raises VoicebotError when there is nobody to talk to."""
    if sys.stdin.isatty() and options.draws():
        options = replace(options, above_prompt=True)
    async with _open_conversation(config, options) as (engines, conversation):
        if not options.above_prompt:
            return await _converse_by_lines(conversation, engines, config, context, options)
        from voicebot.cli.chat_dialog import converse_at_prompt

        options.notify(tr("Esc interrupts · Ctrl-D leaves · /help"))
        replies = options.text_view()
        await converse_at_prompt(conversation, engines, config, context, replies, notify=options.notify)
        return OK


async def _converse_by_lines(
    conversation: Conversation, engines: Engines, config: Config, context: CommandContext, options: TalkOptions
) -> int:
    """Talk by whole lines: with a program, or with a person at a terminal that cannot draw."""
    at_terminal = sys.stdin.isatty()
    view = options.view()
    prompt = PROMPT if at_terminal and sys.stdout.isatty() and not options.as_json else ""
    if at_terminal:
        options.notify(tr("Enter or Ctrl-C interrupts · Ctrl-C twice, Ctrl-D or exit leaves"))
    last_interrupt = -math.inf

    def interrupt() -> bool:
        nonlocal last_interrupt
        now, before = anyio.current_time(), last_interrupt
        last_interrupt = now
        if now - before < terminal.TWICE_SECONDS:
            return False
        if not conversation.interrupt():
            options.notify("\n" + tr("(Ctrl-C again leaves)"))
        return True

    async def ask(question: str) -> bool:
        status(question)
        return is_yes(await _read_line(prompt) or "")

    context.interrupt = interrupt
    code, typed = OK, ""
    async with anyio.create_task_group() as resources:
        surface = Surface(write_out, options.notify, ask, terminal_width, anyio.lowlevel.checkpoint)
        actions = ChatActions(conversation, engines, config, surface, resources=resources)
        while True:
            line, typed = typed or await _read_line(prompt), ""
            if line is None or is_farewell(line):
                break
            match read_entry(line) if prompt else Said(line.strip()):
                case Said(""):
                    continue
                case Said(message):
                    async with viewing(conversation.broadcast, view, closed=lambda: context.leave(FAILED)):
                        outcome, typed = await _answer(actions, conversation, message)
                    code = OK
                    if outcome.error is not None:
                        show_error(outcome.error)
                        code = exit_code(outcome.error)
                case Invoked() as order:
                    await actions.do(order)
                case Misunderstood(reason=reason):
                    status(reason)
        actions.close()
    return OK if at_terminal else code


@asynccontextmanager
async def _open_conversation(
    config: Config, options: TalkOptions, *, message: str = "", source: ChatModel | None = None
) -> AsyncIterator[tuple[Engines, Conversation]]:
    """A conversation and the engines it needs; a person who waits long is told what for."""
    if options.draws():  # what takes long to load and is needed only then
        module = "voicebot.cli.chat_dialog" if options.above_prompt else "voicebot.cli.wrapping"
        threading.Thread(target=importlib.import_module, args=(module,), daemon=True).start()
    async with AsyncExitStack() as stack:
        stack.enter_context(foreign_prints_told(config))
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
        if source is None:  # what is only read aloud is not a conversation
            memory = await stack.enter_async_context(
                open_memory(
                    engines, config, conversation=options.conversation, single=message != "", notify=options.notify
                )
            )
        conversation = await stack.enter_async_context(
            open_conversation(
                engines, config, notify=options.notify, memory=memory, record=options.record, tell_file=status
            )
        )
        opened.set()
        options.notify(_ready(conversation.pipeline))
        yield engines, conversation
        background.cancel_scope.cancel()


async def _say_what_takes_long(config: Config, options: TalkOptions, opened: anyio.Event) -> None:
    with anyio.move_on_after(_LONG_SECONDS):
        await opened.wait()
        return
    options.notify(
        tr(
            "still opening: chat {chat}, voice {voice}, audio {audio} …",
            chat=config.chat.kind,
            voice=config.tts.kind,
            audio=config.audio.kind,
        )
    )


async def _read_line(prompt: str) -> str | None:
    """One line from standard input; None at its end."""
    if prompt:
        write_out(prompt)
    return await to_thread.run_sync(sys.stdin.readline, abandon_on_cancel=True) or None


async def _answer(actions: ChatActions, conversation: Conversation, message: str) -> tuple[Outcome, str]:
    """Speak the reply to `message` until a line is typed; return how that ended, and the line."""
    typed = ""

    async def listen() -> None:
        nonlocal typed
        if sys.platform == "win32" or not sys.stdin.isatty():
            return  # a console cannot be waited for there: Ctrl-C interrupts
        await anyio.wait_readable(sys.stdin)
        typed = os.read(sys.stdin.fileno(), 65_536).decode(sys.stdin.encoding, "replace").strip()
        conversation.interrupt()

    async with anyio.create_task_group() as listening:
        listening.start_soon(listen)
        outcome = await actions.answer(message)
        listening.cancel_scope.cancel()
    return outcome, typed


def _expect_japanese(config: Config, message: str = "") -> bool:
    """Whether the reply will probably be Japanese: by the question, the system prompt or the person's locale."""
    locale = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := os.environ.get(name))), "")
    return locale.startswith("ja") or has_japanese(message + config.conversation.system_prompt)


def _ready(pipeline: Pipeline) -> str:
    voice = named(pipeline.synthesizer.name) if pipeline.synthesizer else tr("no voice")
    return tr(
        "ready: {chat} → {voice} → {output}",
        chat=named(pipeline.chat.name),
        voice=voice,
        output=named(pipeline.output.name),
    )
