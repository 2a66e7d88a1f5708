"""Where conversations are kept and whether they are: `voicebot history path | status | on | off`."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from voicebot.cli.options import ConfigOptions, JsonObjectOption
from voicebot.cli.output import Row, json_document, status, write_out, write_prose
from voicebot.cli.runner import OK
from voicebot.translation import counted, tr

if TYPE_CHECKING:
    from voicebot.memory.sqlite_rows import ConversationInfo


def path(*, config: ConfigOptions) -> int:
    """Print the file in which conversations are kept.

    Example: voicebot history path
    """
    from voicebot.memory.sqlite_file import history_path

    where = history_path(config.load().config.memory.path)
    write_out(f"{where.absolute()}\n")
    if not where.exists():
        status(tr("it does not exist yet"))
    return OK


def status_(*, config: ConfigOptions, json: JsonObjectOption = False) -> int:
    """Print whether conversations are kept, where, and how many there are.

    Example: voicebot history status --json
    """
    from voicebot.memory.sqlite_file import history_path
    from voicebot.memory.sqlite_store import Store

    loaded = config.load()
    where = history_path(loaded.config.memory.path)
    known: list[ConversationInfo] = []
    if where.exists():
        with closing(Store(where)) as store:
            known = store.conversations()
    row: Row = {
        "store": loaded.config.memory.store,
        "origin": loaded.origins.get("memory.store", "default"),
        "path": str(where.absolute()),
        "size_bytes": where.stat().st_size if where.exists() else 0,
        "conversations": sum(not one.single for one in known),
        "single_questions": sum(one.single for one in known),
        "turns": sum(one.turns for one in known),
    }
    if json:
        write_out(json_document(row))
        return OK
    kept = tr("on: conversations are kept") if row["store"] else tr("off: nothing is kept")
    origin = loaded.origins.get("memory.store") or tr("default")
    parts = [
        counted(row["conversations"], "{count} conversation", "{count} conversations"),
        counted(row["single_questions"], "{count} question asked alone", "{count} questions asked alone"),
        counted(row["turns"], "{count} turn", "{count} turns"),
        f"{row['size_bytes'] / 1e6:.1f} MB",
    ]
    state = tr("{kept} (memory.store, {origin})", kept=kept, origin=origin)
    write_prose(f"{state}\n{row['path']}\n{tr(', ').join(parts)}\n")
    return OK


def on() -> int:
    """Keep conversations from now on: write memory.store into your own config.toml.

    Example: voicebot history on
    """
    return _switch(on=True)


def off() -> int:
    """Keep no conversations from now on: write memory.store into your own config.toml. What has been kept stays.

    Example: voicebot history off
    """
    return _switch(on=False)


def _switch(*, on: bool) -> int:
    from voicebot.config.editing import set_key
    from voicebot.config.loading import load_config, user_config_path

    file = user_config_path()
    set_key(file, "memory", "store", on)
    status(f"{file}: memory.store = {'true' if on else 'false'}")
    loaded = load_config()
    if loaded.config.memory.store != on:
        status(
            tr(
                "but {origin} says otherwise, and takes precedence",
                origin=loaded.origins.get("memory.store") or tr("the configuration in use"),
            )
        )
    elif not on:
        status(tr("what is kept already stays → voicebot history delete --all"))
    return OK
