"""What turns look like when they are over: on the terminal, in a file of text, as Markdown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from voicebot.http.lines import shorten
from voicebot.translation import tr

if TYPE_CHECKING:
    from voicebot.memory.turns import Turn


def when(at: str) -> str:
    """A moment in the person's own time zone."""
    from datetime import datetime

    return datetime.fromisoformat(at).astimezone().strftime("%Y-%m-%d %H:%M")


def shown_turn(turn: Turn) -> str:
    """A turn as the terminal shows it."""
    first, *others = turn.message.strip().split("\n")
    lines = [f"{when(turn.at)} › {first}", *(f"  › {line}" for line in others)]
    lines += [f"  ({name}: {shorten(result, 100)})" for name, result in _tools(turn)]
    if turn.heard.strip():
        lines.append(turn.heard.strip())
    if note := _note(turn):
        lines.append("  " + tr("({note})", note=note))
    return "\n".join(lines) + "\n"


def as_markdown(conversation: str, turns: Iterable[Turn]) -> str:
    """A conversation as Markdown."""
    blocks = [f"# {conversation}"]
    for turn in turns:
        blocks.append(f"## {when(turn.at)}")
        blocks.append("\n".join(f"> {line}" for line in turn.message.strip().splitlines()))
        blocks += [f"*{name}:* {shorten(result, 200)}" for name, result in _tools(turn)]
        if turn.heard.strip():
            blocks.append(turn.heard.strip())
        if note := _note(turn):
            blocks.append("*" + tr("({note})", note=note) + "*")
    return "\n\n".join(blocks) + "\n"


def _tools(turn: Turn) -> list[tuple[str, str]]:
    """The tools that the model used, with their results."""
    return [(message.tool_name, message.content) for message in turn.exchanged if message.role == "tool"]


def _note(turn: Turn) -> str:
    """How a turn ended that was not completed, and what could not be said; empty otherwise."""
    unsaid = " ".join(f"{turn.skipped} {turn.unsaid}".split())
    parts = [tr("not heard: {unsaid}", unsaid=unsaid)] if unsaid else []
    match turn.outcome:
        case "interrupted":
            parts.insert(0, tr("interrupted"))
        case "failed":
            parts.insert(0, turn.error)
        case _:
            pass
    return tr("; ").join(parts)
