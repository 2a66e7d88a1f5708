"""The line in which a person types in a chat: it stays open, and what is printed meanwhile appears above it.

It is prompt_toolkit's editor, opened once for the whole conversation: between two messages there is no moment in which
the terminal echoes keys by itself. Loaded only where a chat is at a terminal.
"""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO, cast

from prompt_toolkit import PromptSession
from prompt_toolkit.enums import DEFAULT_BUFFER
from prompt_toolkit.filters import has_focus
from prompt_toolkit.formatted_text import ANSI, AnyFormattedText, merge_formatted_text
from prompt_toolkit.history import History, InMemoryHistory
from prompt_toolkit.input import create_input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.output import ColorDepth, create_output
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.styles import Attrs
from wcwidth import grapheme_boundary_before

from voicebot.cli import terminal
from voicebot.cli.job_control import obeying_the_shell, stop_job
from voicebot.cli.output import dimmed, printable, terminal_width
from voicebot.cli.standard_streams import in_place_of, own_standard_output
from voicebot.cli.typed_history import add_line, read_lines
from voicebot.cli.view import PROMPT
from voicebot.cli.wrapping import LineWrapper

_ESCAPE_SECONDS = 0.05
"""After this Escape is the key itself, and not the beginning of another key's code."""
_REDRAW_SECONDS = 0.02
"""However fast a reply comes, it is drawn no more often."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What the keys of the chat do; each is called at once and does not wait."""

    enter: Callable[[str], bool]
    """Takes what was typed, which is gone from the line then; tells whether the arrow keys should find it again."""
    escape: Callable[[], object]
    interrupt: Callable[[], None]
    """Ctrl-C."""
    leave: Callable[[], None]
    """Ctrl-D on an empty line; or the terminal is gone."""
    complete: Callable[[str], list[str]]
    """Takes what stands before the cursor; returns how it may go on, as texts to stand there in its place."""
    list_ways_on: Callable[[list[str]], None]
    """Shows them."""


class ChatPrompt:
    """The line that is being typed, and what is printed above it."""

    def __init__(self, history: History) -> None:
        self._output = create_output(own_standard_output())
        if isinstance(self._output, Vt100_Output):
            if not terminal.has_styles():
                self._output = _WithoutStyles.from_pty(own_standard_output(), term=os.environ.get("TERM"))
            self._output.enable_cpr = False  # nothing here asks where the cursor is, and not every terminal answers
        self._session = PromptSession[str](
            self._message,
            multiline=True,
            history=history,
            input=create_input(sys.stdin),
            output=self._output,
        )
        self._lines: list[str] = []
        """To be printed when the prompt is drawn next."""
        self._remark = ""
        self._streams: list[_LinesAbove] = []
        self._modes = terminal.modes()
        app = self._session.app
        app.ttimeoutlen = app.timeoutlen = _ESCAPE_SECONDS
        app.min_redraw_interval = _REDRAW_SECONDS
        app.before_render += lambda _: self._print_lines()

    @property
    def text(self) -> str:
        """What has been typed and not been sent."""
        return self._session.default_buffer.text

    def clear(self) -> None:
        """Forget it."""
        self._session.default_buffer.reset()

    def print(self, lines: str) -> None:
        """Print whole lines above the prompt; callable from any thread."""
        self._lines.append(lines)
        self.redraw()

    def remark(self, text: str) -> None:
        """Show a line just above the prompt, instead of the last one; an empty text removes it."""
        if text != self._remark:
            self._remark = text
            self.redraw()

    def redraw(self) -> None:
        """Show what has changed; callable from any thread."""
        self._session.app.invalidate()

    def restore_terminal(self) -> None:
        """Leave the terminal as it was found, if the process ends without leaving the block."""
        self._output.disable_bracketed_paste()
        self._output.show_cursor()
        self._output.reset_attributes()
        self._output.write_raw("\n")
        self._output.flush()
        terminal.set_modes(self._modes)

    def stream(self, *, wraps: bool) -> TextIO:
        """A standard stream that prints above the prompt; one that `wraps` breaks its lines between words."""
        stream = _LinesAbove(self, wraps=wraps)
        self._streams.append(stream)
        return cast(TextIO, stream)  # what typing calls TextIO is io.TextIOBase

    async def run(self, keys: Keys) -> None:
        """Let the person type until `close`."""
        self._session.key_bindings = _bindings(keys)
        with obeying_the_shell(self._session.app, lambda: terminal.set_modes(self._modes)):
            try:
                await self._session.prompt_async(handle_sigint=False, set_exception_handler=False)
            except EOFError:  # the terminal is gone
                keys.leave()

    def close(self) -> None:
        """Let `run` return."""
        if self._session.app.is_running:
            self._session.app.exit(result="")

    def print_rest(self) -> None:
        """Print what came too late to be drawn with the prompt."""
        self._lines += [f"{stream.unfinished}\n" for stream in self._streams if stream.unfinished != stream.drawn]
        if self._lines:
            self._output.write_raw("".join(self._lines))
            self._output.flush()

    def _message(self) -> AnyFormattedText:
        """The line of the reply that is not finished, and below it what is remarked and the prompt."""
        for stream in self._streams:
            stream.drawn = stream.unfinished
        unfinished = [ANSI(f"{stream.unfinished}\n") for stream in self._streams if stream.unfinished]
        remark = [ANSI(f"{dimmed(printable(self._remark))}\n")] if self._remark else []
        return merge_formatted_text([*unfinished, *remark, PROMPT])

    def _print_lines(self) -> None:
        if self._lines:
            lines, self._lines = "".join(self._lines), []
            self._session.app.renderer.erase()
            self._output.write_raw(lines)


class _WithoutStyles(Vt100_Output):
    """Moves the cursor and nothing else; the one of NO_COLOR leaves bold, underlined and reversed text as it is."""

    def set_attributes(self, attrs: Attrs, color_depth: ColorDepth) -> None:
        """All text looks the same."""

    def reset_attributes(self) -> None:
        """It does already."""


class _LinesAbove(io.TextIOBase):
    """A standard stream whose lines appear above the prompt; the last one is shown there while it grows."""

    encoding = "utf-8"
    errors = "replace"

    def __init__(self, prompt: ChatPrompt, *, wraps: bool) -> None:
        self._prompt = prompt
        self._wraps = wraps
        self.unfinished = ""
        self.drawn = ""
        """What of it stands above the prompt."""

    def write(self, text: str) -> int:
        """Print the lines that end in `text`."""
        lines, end, self.unfinished = (self.unfinished + text).rpartition("\n")
        if end:
            self._prompt.print(LineWrapper(terminal_width).feed(lines + end) if self._wraps else lines + end)
        else:
            self._prompt.redraw()
        return len(text)

    def isatty(self) -> bool:
        """What it prints is seen on one."""
        return True

    def writable(self) -> bool:
        """Always."""
        return True


class _TypedHistory(History):
    """What was typed in this run and in earlier ones."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def load_history_strings(self) -> Iterable[str]:
        """What was typed in earlier runs, the latest first."""
        return reversed(read_lines(self._path))

    def store_string(self, string: str) -> None:
        """Keep what was typed."""
        add_line(self._path, printable(string))


@contextmanager
def open_chat_prompt(history: Path | None) -> Iterator[ChatPrompt]:
    """A prompt; until the block ends, what is printed to standard output and error appears above it.

    What is typed is kept in the file `history` for later runs.
    """
    with ExitStack() as stack:
        stack.enter_context(_keeping_wakeup())
        prompt = ChatPrompt(_TypedHistory(history) if history is not None else InMemoryHistory())
        stack.callback(prompt.print_rest)
        if sys.stderr.isatty():
            stack.enter_context(redirect_stderr(in_place_of(sys.stderr, prompt.stream(wraps=True))))
        stack.enter_context(redirect_stdout(in_place_of(sys.stdout, prompt.stream(wraps=False))))
        yield prompt


def _bindings(keys: Keys) -> KeyBindings:
    bindings = KeyBindings()
    typing = has_focus(DEFAULT_BUFFER)  # and not searching in what was typed before

    @bindings.add("enter", filter=typing)
    def _enter(event: KeyPressEvent) -> None:
        event.current_buffer.reset(append_to_history=keys.enter(event.current_buffer.text))

    @bindings.add("c-j", filter=typing)
    @bindings.add("escape", "enter", filter=typing)
    def _new_line(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    @bindings.add("backspace", filter=typing)
    def _erase(event: KeyPressEvent) -> None:
        before = event.current_buffer.document.text_before_cursor
        event.current_buffer.delete_before_cursor(len(before) - grapheme_boundary_before(before, len(before)))

    @bindings.add("escape", filter=typing)
    def _escape(_: KeyPressEvent) -> None:
        keys.escape()

    @bindings.add("c-c", filter=typing)
    def _interrupt(_: KeyPressEvent) -> None:
        keys.interrupt()

    @bindings.add("c-d", filter=typing)
    def _leave(event: KeyPressEvent) -> None:
        if event.current_buffer.text:
            event.current_buffer.delete()
        else:
            keys.leave()

    @bindings.add("c-z")
    def _stop(_: KeyPressEvent) -> None:
        stop_job()

    @bindings.add("tab", filter=typing)
    def _complete(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        typed = buffer.document.text_before_cursor
        ways_on = keys.complete(typed)
        common = _common_beginning(ways_on)
        if len(common) > len(typed):
            buffer.delete_before_cursor(len(typed))
            buffer.insert_text(common)
        elif len(ways_on) > 1:
            keys.list_ways_on(ways_on)

    return bindings


def _common_beginning(texts: list[str]) -> str:
    if not texts:
        return ""
    first, last = min(texts), max(texts)
    differs = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    return first[:differs]


@contextmanager
def _keeping_wakeup() -> Iterator[None]:
    """Keep what wakes the event loop at signals: asyncio takes it for those that prompt_toolkit waits for."""
    wakeup = signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(wakeup)
    try:
        yield
    finally:
        signal.set_wakeup_fd(wakeup, warn_on_full_buffer=False)
