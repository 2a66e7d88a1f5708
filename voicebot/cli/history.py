"""`voicebot history`: what was said, and what was heard. Whether it is kept: `history_switch`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicebot.cli.command import add_command
from voicebot.cli.completion import completing, conversations
from voicebot.cli.help import command_group
from voicebot.cli.history_switch import off, on, path, status_
from voicebot.cli.options import (
    AudioOptions,
    ConfigOptions,
    ForceOption,
    JsonListOption,
    ViewOptions,
    VoiceOptions,
    refuse_to_overwrite,
)
from voicebot.cli.output import (
    Row,
    confirm,
    json_line,
    printable,
    status,
    write_json_list,
    write_out,
    write_prose,
    write_table,
)
from voicebot.cli.runner import OK, Body, CommandContext, UsageError
from voicebot.cli.transcript import as_markdown, shown_turn, when
from voicebot.errors import HistoryError
from voicebot.http.lines import shorten
from voicebot.translation import about, counted, system_reason, tr

if TYPE_CHECKING:
    from voicebot.config.models import Config
    from voicebot.memory.sqlite_rows import ConversationInfo
    from voicebot.memory.sqlite_store import Store
    from voicebot.memory.turns import Turn

history_app = command_group("Past conversations: what was said, and what was heard.")

NameArgument = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="The conversation; by default the latest.",
        show_default=False,
        autocompletion=completing(conversations),
    ),
]


class Format(StrEnum):
    """How conversations are exported."""

    JSONL = "jsonl"
    MARKDOWN = "md"


_FILES = (".md", ".markdown", ".jsonl", ".json", ".txt")
"""How a file ends that somebody may want to export to."""
_FORMATS = {Format.JSONL: "JSON lines", Format.MARKDOWN: "Markdown"}


def list_(
    *,
    all_: Annotated[
        bool, typer.Option("--all", "-a", help="Also the questions that were asked alone, with `voicebot ask`.")
    ] = False,
    config: ConfigOptions,
    json: JsonListOption = False,
) -> Body:
    """List the conversations, latest last.

    Example: voicebot history list --all
    """

    def work(store: Store) -> int:
        known = store.conversations()
        kept = [one for one in known if all_ or not one.single]
        if json:
            write_json_list(map(_listed, kept))
        else:
            write_table(
                {"conversation": c.name, "turns": c.turns, "last": when(c.last), "opening": shorten(c.opening, 40)}
                for c in kept
            )
        if not known:
            status(tr("there are no conversations yet"))
        elif hidden := len(known) - len(kept):
            status(
                counted(
                    hidden,
                    "and {count} question asked alone → voicebot history list --all",
                    "and {count} questions asked alone → voicebot history list --all",
                )
                if kept
                else counted(
                    hidden,
                    "no conversation yet but {count} question asked alone → voicebot history list --all",
                    "no conversation yet but {count} questions asked alone → voicebot history list --all",
                )
            )
        return OK

    return _with_store(config, work, nothing="[]\n" if json else "")


def show(
    name: NameArgument = "",
    *,
    config: ConfigOptions,
    json: JsonListOption = False,
) -> Body:
    """Print a conversation: what was said, and how much of each reply was heard.

    Example: voicebot history show kitchen
    """

    def work(store: Store) -> int:
        conversation = name or store.latest()
        if not conversation:
            status(tr("there are no conversations yet"))
        turns = store.turns(conversation) if conversation else []
        if json:
            write_json_list(_as_dict(conversation, turn) for turn in turns)
        else:
            write_prose("\n".join(shown_turn(turn) for turn in turns))
        return OK

    return _with_store(config, work, nothing="[]\n" if json else "")


def search(
    words: Annotated[
        list[str], typer.Argument(metavar="WORD", help="Words or parts of words, in any order.", show_default=False)
    ],
    *,
    conversation: Annotated[
        str,
        typer.Option(
            "--conversation",
            metavar="NAME",
            autocompletion=completing(conversations),
            help="Search only this conversation.",
        ),
    ] = "",
    limit: Annotated[int, typer.Option("--limit", "-n", metavar="N", min=1, help="Show at most this many turns.")] = 20,
    config: ConfigOptions,
    json: JsonListOption = False,
) -> Body:
    """Find turns in which all the words were said or heard, latest first.

    Example: voicebot history search 天気
    """

    def work(store: Store) -> int:
        found = store.search(" ".join(words), conversation=conversation, limit=limit)
        if json:
            write_json_list(_as_dict(one.conversation, one.turn) for one in found)
        else:
            write_prose("\n".join(f"{one.conversation}\n{shown_turn(one.turn)}" for one in found))
        if not found:
            status(tr("nothing found"))
        return OK

    return _with_store(config, work, nothing="[]\n" if json else "")


def export(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME", help="The conversations; by default all.", autocompletion=completing(conversations)
        ),
    ] = None,
    *,
    format: Annotated[
        Format | None,
        typer.Option("--format", "-f", help="jsonl or md; by default what --output ends in, otherwise jsonl."),
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to this file.")] = None,
    force: ForceOption = False,
    config: ConfigOptions,
    json: Annotated[bool, typer.Option("--json", help="Same as --format jsonl.")] = False,
) -> Body:
    """Export conversations as JSON lines (one turn per line, with everything known about it) or as Markdown.

    Example: voicebot history export kitchen -o kitchen.md
    """
    markdown = output is not None and output.suffix.lower() in (".md", ".markdown")
    if output is not None:
        refuse_to_overwrite(output, force=force)
    form = Format.JSONL if json else format or (Format.MARKDOWN if markdown else Format.JSONL)

    def work(store: Store) -> int:
        chosen = names or [conversation.name for conversation in store.conversations()]
        contents = [(name, _turns_to_export(store, name)) for name in chosen]
        if form is Format.MARKDOWN:
            text = "\n".join(as_markdown(conversation, turns) for conversation, turns in contents)
        else:
            text = "".join(
                json_line(_as_dict(conversation, turn)) for conversation, turns in contents for turn in turns
            )
        if output is None:
            write_out(text)
            return OK
        try:
            output.write_text(printable(text), encoding="utf-8")
        except OSError as error:
            raise UsageError(about(output, system_reason(error))) from error
        status(tr("wrote {output} as {format}", output=output, format=_FORMATS[form]))
        return OK

    return _with_store(config, work)


def delete(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME", help="The conversations to delete.", autocompletion=completing(conversations)),
    ] = None,
    *,
    all_: Annotated[bool, typer.Option("--all", help="Delete every conversation.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
    config: ConfigOptions,
    json: Annotated[bool, typer.Option("--json", help="Print what was deleted as a JSON object.")] = False,
) -> int:
    """Delete conversations for good.

    Example: voicebot history delete kitchen
    """
    if bool(names) == all_:
        raise UsageError(tr("name the conversations to delete, or give --all"), hint="voicebot history list")

    def work(store: Store) -> int:
        chosen = [conversation.name for conversation in store.conversations()] if all_ else list(names or ())
        for name in names or ():
            store.turns(name)  # nobody is asked about one that is not there
        if not yes:
            _confirm_deletion(None if all_ else chosen)
        turns = store.delete(chosen)
        if json:
            write_out(json_line({"deleted": chosen, "turns": turns}))
        else:
            told = tr(", ").join(chosen) or tr("nothing")
            status(counted(turns, "deleted: {names} ({count} turn)", "deleted: {names} ({count} turns)", names=told))
        return OK

    return _on_store(config.load().config, work)


def _confirm_deletion(names: list[str] | None) -> None:
    """Ask whether conversations may be deleted; None stands for all. Raises UsageError, typer.Abort."""
    if not sys.stdin.isatty():
        raise UsageError(tr("deleting needs to be confirmed"), hint=tr("add --yes"))
    question = (
        tr("Delete every conversation for good?")
        if names is None
        else tr("Delete {names} for good?", names=tr(", ").join(names))
    )
    if not confirm(question):
        raise typer.Abort


def replay(
    name: NameArgument = "",
    *,
    turn: Annotated[
        int, typer.Option("--turn", "-n", metavar="NUMBER", help="Which reply: 1 is the first, -1 the last.")
    ] = -1,
    config: ConfigOptions,
    voice: VoiceOptions,
    audio: AudioOptions,
    shown: ViewOptions,
) -> Body:
    """Say a past reply again with the configured voice, all of it.

    Example: voicebot history replay kitchen --turn 1
    """
    audio.claim(as_json=shown.json)
    settings = config.load(voice.settings(), audio.settings(), rate=voice.rate).config
    from voicebot.chat.piped import GivenText
    from voicebot.cli.talk import TalkOptions, speak_once
    from voicebot.memory.sqlite_file import history_path
    from voicebot.memory.sqlite_store import Store

    path = history_path(settings.memory.path)
    if not path.exists():
        raise UsageError(tr("there are no conversations yet: {path} does not exist", path=path))
    with closing(Store(path)) as store:
        conversation = name or store.latest()
        replies = [text for one in store.turns(conversation) if (text := one.heard + one.unsaid).strip()]
    if not replies:
        raise UsageError(tr("there is no reply in {conversation}", conversation=conversation))
    if not -len(replies) <= turn <= len(replies) or turn == 0:
        raise UsageError(
            tr("there is no such reply: {conversation} has {replies}", conversation=conversation, replies=len(replies)),
            hint=tr("--turn 1 is the first"),
        )
    source = GivenText(replies[turn - 1 if turn > 0 else turn])
    talk = TalkOptions(not audio.no_audio, shown.json, shown.quiet)
    return lambda context: speak_once(settings, context, talk, source=source)


# ---------------------------------------------------------------- the store


def _with_store(config: ConfigOptions, work: Callable[[Store], int], *, nothing: str = "") -> Body:
    """A command that does `work` on the configured store, or prints `nothing` without one.

    Raises ConfigError.
    """
    settings = config.load().config

    async def body(_: CommandContext) -> int:
        from anyio import to_thread

        return await to_thread.run_sync(lambda: _on_store(settings, work, nothing=nothing), abandon_on_cancel=True)

    return body


def _on_store(settings: Config, work: Callable[[Store], int], *, nothing: str = "") -> int:
    """Do `work` on the configured store, or print `nothing` without one. Raises HistoryError."""
    from voicebot.memory.sqlite_file import history_path
    from voicebot.memory.sqlite_store import Store

    path = history_path(settings.memory.path)
    if not path.exists():
        status(tr("there are no conversations yet: {path} does not exist", path=path))
        write_out(nothing)
        return OK
    store = Store(path)
    try:
        return work(store)
    finally:
        store.close()
        for note in store.notes:
            status(f"voicebot: {note}")


def _turns_to_export(store: Store, name: str) -> list[Turn]:
    """The turns of a conversation. Raises HistoryError, which tells how to write to a file if `name` looks like one."""
    try:
        return store.turns(name)
    except HistoryError as error:
        if Path(name).suffix.lower() not in _FILES:
            raise
        raise HistoryError(error.message, hint=tr("-o {file} writes to that file", file=name)) from error


# ---------------------------------------------------------------- how it looks


def _listed(conversation: ConversationInfo) -> Row:
    """A conversation under the names that its turns have, too."""
    import dataclasses

    row = dataclasses.asdict(conversation)
    return {"conversation": row.pop("name"), **row}


def _as_dict(conversation: str, turn: Turn) -> Row:
    import dataclasses

    return {"conversation": conversation, **dataclasses.asdict(turn)}


add_command(history_app, list_, name="list")
add_command(history_app, show)
add_command(history_app, search)
add_command(history_app, export)
add_command(history_app, delete)
add_command(history_app, replay)
add_command(history_app, path)
add_command(history_app, status_, name="status")
add_command(history_app, on)
add_command(history_app, off)
