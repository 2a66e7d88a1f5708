"""Turns on the terminal: one question, one text, or a conversation."""

from __future__ import annotations

import math
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread

from voicebot.app import open_memory, open_parts
from voicebot.cli.runner import FAILED, INTERRUPTED, OK, Control, exit_code, show_error, status
from voicebot.cli.view import JsonView, TextView, View, viewing
from voicebot.config import Config
from voicebot.events import Broadcast
from voicebot.protocols import ChatModel
from voicebot.speech import Outcome
from voicebot.text.scripts import is_japanese

if TYPE_CHECKING:
    from voicebot.session import Session
    from voicebot.turn import Parts

_TWICE_SECONDS = 2.0
"""Two Ctrl-C within this time leave the conversation."""
_LEAVE = {"exit", "quit", "/exit", "/quit", "/bye", "終了", "おわり", "終わり"}


async def speak_once(
    config: Config,
    control: Control,
    *,
    message: str = "",
    source: ChatModel | None = None,
    speak: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Speak the reply to `message`, or what `source` gives; return the exit code."""
    broadcast = Broadcast()
    view: View = JsonView() if as_json else TextView(as_written=not speak, quiet=quiet)
    announce = _silent if quiet else status
    async with open_parts(
        config, announce=announce, chat=source, speak=speak, japanese_expected=_expect_japanese(config, message)
    ) as parts:
        from voicebot.session import Session

        announce(_ready(parts))
        session = Session(parts, memory=open_memory(config), emit=broadcast.emit)

        control.interrupt = session.interrupt
        async with viewing(broadcast, view, closed=lambda: control.leave(FAILED)):
            outcome = await session.speak(message)
    return _code(outcome)


async def converse(config: Config, control: Control, *, speak: bool, as_json: bool, quiet: bool) -> int:
    """Talk until the person leaves; return the exit code."""
    broadcast = Broadcast()
    view: View = JsonView() if as_json else TextView(as_written=not speak, quiet=quiet)
    announce = _silent if quiet else status
    at_terminal = sys.stdin.isatty()
    prompt = "› " if at_terminal and sys.stdout.isatty() and not as_json else ""
    async with open_parts(config, announce=announce, speak=speak, japanese_expected=_expect_japanese(config)) as parts:
        announce(_ready(parts))
        if at_terminal:
            announce("Enter or Ctrl-C interrupts · Ctrl-C twice, Ctrl-D or exit leaves")
        from voicebot.session import Session

        session = Session(parts, memory=open_memory(config), emit=broadcast.emit)
        last_interrupt = -math.inf

        def interrupt() -> bool:
            nonlocal last_interrupt
            now, before = anyio.current_time(), last_interrupt
            last_interrupt = now
            if now - before < _TWICE_SECONDS:
                return False
            if not session.interrupt():
                announce("\n(Ctrl-C again leaves)")
            return True

        control.interrupt = interrupt
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
                viewing(broadcast, view, closed=lambda: control.leave(FAILED)),
                anyio.create_task_group() as listening,
            ):
                if at_terminal:
                    listening.start_soon(_listen_for_enter, session, interruption)
                outcome = await session.speak(message)
                listening.cancel_scope.cancel()
            typed = "".join(interruption).strip()
            code = OK
            if outcome.error is not None:
                code = _code(outcome)
        return OK if at_terminal else code


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


async def _listen_for_enter(session: Session, interruption: list[str]) -> None:
    """End the turn when a line is typed; what was typed is the next message."""
    if sys.platform == "win32":
        return  # a console cannot be waited for there: Ctrl-C interrupts
    await anyio.wait_readable(sys.stdin)
    interruption.append(os.read(sys.stdin.fileno(), 65_536).decode(sys.stdin.encoding, "replace"))
    session.interrupt()


def _code(outcome: Outcome) -> int:
    if outcome.error is not None:
        show_error(outcome.error)
        return exit_code(outcome.error)
    return INTERRUPTED if outcome.kind == "interrupted" else OK


def _expect_japanese(config: Config, message: str = "") -> bool:
    """Whether the reply will probably be Japanese: by the question, the system prompt or the person's locale."""
    locale = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := os.environ.get(name))), "")
    return locale.startswith("ja") or is_japanese(message + config.session.system_prompt)


def _ready(parts: Parts) -> str:
    voice = parts.synthesizer.name if parts.synthesizer else "no voice"
    return f"ready: {parts.chat.name} → {voice} → {parts.output.name}"


def _silent(_: str) -> None:
    pass
