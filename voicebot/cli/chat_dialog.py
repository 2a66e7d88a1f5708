"""A chat at a prompt that stays open: what is typed is taken in order, also while a reply is spoken."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

import anyio
from anyio import CancelScope
from anyio.abc import TaskStatus

from voicebot.app import Engines
from voicebot.cli import terminal
from voicebot.cli.chat_actions import ChatActions, Surface
from voicebot.cli.chat_commands import (
    Entry,
    Invoked,
    Misunderstood,
    Said,
    Verb,
    completions,
    is_yes,
    listing,
    read_entry,
)
from voicebot.cli.chat_prompt import ChatPrompt, Keys, open_chat_prompt
from voicebot.cli.output import status, terminal_width
from voicebot.cli.runner import FAILED, INTERRUPTED, CommandContext
from voicebot.cli.typed_history import typed_history_path
from voicebot.cli.view import ChatView, TextView, quoted, viewing
from voicebot.config.models import Config
from voicebot.translation import tr

if TYPE_CHECKING:
    from voicebot.conversation import Conversation


async def converse_at_prompt(
    conversation: Conversation,
    engines: Engines,
    config: Config,
    context: CommandContext,
    replies: TextView,
    *,
    notify: Callable[[str], None],
) -> None:
    """Talk until the person leaves."""
    with open_chat_prompt(typed_history_path() if config.memory.store else None) as prompt:
        view = ChatView(replies, prompt.remark)
        dialog = Dialog(conversation, prompt, view, notify)
        surface = Surface(view.print, notify, dialog.ask, terminal_width, view.settled)
        context.interrupt = dialog.interrupt
        context.restore_terminal = prompt.restore_terminal
        async with anyio.create_task_group() as editing, anyio.create_task_group() as resources:
            actions = ChatActions(conversation, engines, config, surface, resources=resources)

            def interrupt() -> None:
                if not dialog.interrupt():
                    context.leave(INTERRUPTED)

            keys = Keys(
                enter=dialog.enter,
                escape=dialog.stop,
                interrupt=interrupt,
                leave=dialog.leave,
                complete=lambda typed: completions(typed, actions.names),
                list_ways_on=lambda ways: view.print(
                    listing([way.split(maxsplit=1)[-1] for way in ways], terminal_width())
                ),
            )
            for line in terminal.typed_ahead():
                dialog.enter(line)
            editing.start_soon(prompt.run, keys)
            resources.start_soon(actions.learn_names)
            async with viewing(conversation.broadcast, view, closed=lambda: context.leave(FAILED)):
                await dialog.run(actions)
            actions.close()
            prompt.close()


class _Question:
    """Something that a command asks; the next line answers it."""

    def __init__(self) -> None:
        self.answered = anyio.Event()
        self.answer = ""


class Dialog:
    """Takes what is typed in its order: commands one after another, messages without waiting for the reply."""

    def __init__(
        self, conversation: Conversation, prompt: ChatPrompt, view: ChatView, notify: Callable[[str], None]
    ) -> None:
        self._conversation = conversation
        self._prompt = prompt
        self._view = view
        self._notify = notify
        # What is typed is here until it has, or waits for, the floor: at no moment can a stop miss it.
        self._entries: deque[Entry] = deque()
        self._arrived = anyio.Event()
        self._doing: CancelScope | None = None
        """Of the command that is being done."""
        self._question: _Question | None = None
        self._interrupted = -math.inf

    # ------------------------------------------------ keys

    def enter(self, line: str) -> bool:
        """Take a line; an empty one interrupts. Tell whether it is worth remembering."""
        if self._question is not None:
            self._view.print(quoted(line))
            self._question.answer = line
            self._question.answered.set()
            self._question = None
            return False
        if not line.strip():
            self.stop()
            return False
        entry = read_entry(line)
        if not isinstance(entry, Said):  # a message is shown when its turn begins
            self._view.print(quoted(line.strip()))
        self._take(entry)
        return True

    def stop(self) -> bool:
        """End what is spoken, what waits for that, and what is being done; tell whether there was anything."""
        waiting = bool(self._entries)
        self._entries.clear()
        if doing := self._doing is not None:
            self._doing.cancel()
        return self._conversation.interrupt() or waiting or doing

    def interrupt(self) -> bool:
        """Stop, or clear the line; return False the second time within some seconds: the person leaves."""
        now, before = time.monotonic(), self._interrupted
        self._interrupted = now
        again = now - before < terminal.TWICE_SECONDS
        typed = bool(self._prompt.text)
        if again and not typed:
            return False
        if self.stop() and not again:
            return True
        if typed:
            self._prompt.clear()
        else:
            self._notify(tr("(Ctrl-C again leaves)"))
        return True

    def leave(self) -> None:
        """Take nothing any more."""
        self.stop()
        self._take(Invoked(Verb.EXIT))

    def _take(self, entry: Entry) -> None:
        self._entries.append(entry)
        self._arrived.set()

    # ------------------------------------------------ lines

    async def ask(self, question: str) -> bool:
        """Ask something to be answered by yes or no."""
        status(question)
        asked = self._question = _Question()
        try:
            await asked.answered.wait()
        finally:
            self._question = None
        return is_yes(asked.answer)

    async def run(self, actions: ChatActions) -> None:
        """Do and answer what is typed until the person leaves."""
        async with anyio.create_task_group() as turns:
            while True:
                while not self._entries:
                    self._arrived = anyio.Event()
                    await self._arrived.wait()
                match self._entries[0]:
                    case Invoked(Verb.EXIT):
                        break
                    case Said() as message:
                        await turns.start(self._answer, actions, message)
                    case Invoked() as order:
                        self._entries.popleft()
                        with CancelScope() as self._doing:
                            await actions.do(order)
                        self._doing = None
                    case Misunderstood(reason=reason):
                        self._entries.popleft()
                        status(reason)
            self._conversation.floor.cancel_all()

    async def _answer(self, actions: ChatActions, message: Said, *, task_status: TaskStatus[None]) -> None:
        if not self._entries or self._entries[0] is not message:  # a stop was faster
            task_status.started()
            return
        self._entries.popleft()
        task_status.started()
        await actions.answer(message.text)  # from here on a stop finds it on the floor
