"""Lists: voices, devices and the configuration."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from anyio import to_thread

from voicebot.cli.output import Row, json_document, status, write_json, write_out, write_table
from voicebot.cli.runner import OK
from voicebot.config.loading import Loaded, search_paths, user_config_path
from voicebot.config.models import Config, TtsConfig, TtsPyttsx3, TtsTone, TtsVoicevox


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
    if as_json:
        write_json(rows)
    else:
        write_table(rows)
        status("choose one with --voice, or as tts.voice in config.toml")
    return OK


async def list_devices(*, as_json: bool) -> int:
    """Print the sound devices; return the exit code."""
    from voicebot.audio.portaudio import list_devices as devices

    rows = await to_thread.run_sync(devices)
    if as_json:
        write_json(rows)
    else:
        write_table({**row, "default": "default" if row["default"] else ""} for row in rows)
        status(
            "choose one with --set audio.kind=device --set audio.device=NAME" if rows else "there is no output device"
        )
    return OK


def show_config(loaded: Loaded, *, origin: bool, as_json: bool) -> None:
    """Print the configuration in force."""
    values = {section: _plain(getattr(loaded.config, section)) for section in Config.model_fields}
    if as_json:
        write_out(json_document(values))
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
    write_out(json_document(Config.model_json_schema()))
