"""Lists: voices, devices and the configuration."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from anyio import to_thread

from voicebot.cli.runner import OK, status
from voicebot.cli.view import write_out
from voicebot.config.loading import Loaded, search_paths, user_config_path
from voicebot.config.models import Config, TtsConfig, TtsPyttsx3, TtsTone, TtsVoicevox

Row = dict[str, Any]  # Any: texts and numbers, ready for json.dumps


async def list_voices(config: TtsConfig, *, as_json: bool) -> int:
    """Print the voices of an engine; return the exit code."""
    rows: list[Row] = []
    match config:
        case TtsPyttsx3():
            from voicebot.tts.pyttsx3_local import open_pyttsx3

            async with open_pyttsx3(config.model_copy(update={"voice": ""})) as local:
                rows = [
                    {"voice": v.id, "name": v.name, "languages": ", ".join(v.languages)} for v in await local.voices()
                ]
        case TtsVoicevox():
            from voicebot.tts.voicevox import list_voices as list_styles

            rows = [{"voice": f"{v.character}/{v.style}", "style id": v.style_id} for v in await list_styles(config)]
        case TtsTone():
            rows = [{"voice": "tone"}]
    print_rows(rows, as_json=as_json)
    if not as_json:
        status("choose one with --voice, or as tts.voice in config.toml")
    return OK


async def list_devices(*, as_json: bool) -> int:
    """Print the sound devices; return the exit code."""
    from voicebot.audio.portaudio import list_devices as devices

    rows = await to_thread.run_sync(devices)
    if not as_json:
        rows = [{**row, "default": "default" if row["default"] else ""} for row in rows]
    print_rows(rows, as_json=as_json)
    if not as_json:
        status(
            "choose one with --set audio.kind=device --set audio.device=NAME" if rows else "there is no output device"
        )
    return OK


def print_rows(rows: Sequence[Row], *, as_json: bool) -> None:
    """Print a table, aligned on a terminal, with tabs elsewhere, or as one JSON object a row."""
    if as_json:
        write_out("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
        return
    if not sys.stdout.isatty():
        write_out("".join("\t".join(str(value) for value in row.values()) + "\n" for row in rows))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(*(rows[0] if rows else ()), box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    Console().print(table)


def show_config(loaded: Loaded, *, origin: bool, as_json: bool) -> None:
    """Print the configuration in force."""
    values = {section: _plain(getattr(loaded.config, section)) for section in Config.model_fields}
    if as_json:
        write_out(json.dumps(values, ensure_ascii=False, indent=2) + "\n")
        return
    lines = []
    for section, table in values.items():
        lines.append(f"[{section}]")
        for key, value in table.items():
            line = f"{key} = {_toml(value)}" if value is not None else f"# {key} is unset"
            if origin:
                line = f"{line:<60} # {loaded.origins.get(f'{section}.{key}', 'default')}"
            lines.append(line)
        lines.append("")
    write_out("\n".join(lines).rstrip() + "\n")


def _plain(section: Any) -> Row:  # Any: one of the pydantic sections
    values: Row = section.model_dump(mode="json")  # secrets come out as stars
    return {"kind": values.pop("kind"), **values} if "kind" in values else values


def _toml(value: object) -> str:
    match value:
        case dict():
            return "{" + ", ".join(f"{json.dumps(k)} = {_toml(v)}" for k, v in value.items() if v is not None) + "}"
        case list():
            return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)  # TOML's strings, numbers and booleans are JSON's


def show_paths(explicit: Path | None) -> int:
    """Print where config.toml is looked for; the first that exists is used. Return the exit code."""
    used = False
    for path, _ in search_paths(explicit, os.environ):
        found = path.is_file()
        write_out(f"{path.absolute()}{'  (used)' if found and not used else '' if found else '  (not there)'}\n")
        used = used or found
    if not used:
        status(f"no config.toml: all defaults. Yours would be {user_config_path()}")
    return OK


def show_schema() -> None:
    """Print the JSON schema of config.toml."""
    write_out(json.dumps(Config.model_json_schema(), ensure_ascii=False, indent=2) + "\n")
