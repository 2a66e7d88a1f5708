"""Writes a key into the user's own config.toml, and leaves everything else in it as it is."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path

from voicebot.cli.output import json_text
from voicebot.errors import ConfigError


def write_user_setting(path: Path, section: str, key: str, value: bool) -> None:
    """Set `key` of the table `section` in the file at `path`, which is made if there is none. Raises ConfigError."""
    try:
        text = path.read_text(encoding="utf-8-sig") if path.exists() else ""
        changed = with_setting(text, section, key, value)
        after = tomllib.loads(changed)
        before = tomllib.loads(text)
        if {**before, section: {**before.get(section, {}), key: value}} != after:
            raise tomllib.TOMLDecodeError("the table is written in another way")
        path.parent.mkdir(parents=True, exist_ok=True)
        target = path.resolve()  # a link to a file kept elsewhere stays one
        new = target.with_name(f".{target.name}.new")
        new.write_text(changed, encoding="utf-8")
        if target.exists():
            new.chmod(target.stat().st_mode)
        os.replace(new, target)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{path}: cannot set {section}.{key} there: {error}",
            hint=f"write it by hand: {key} = {json_text(value)} below [{section}]",
        ) from error
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error


def with_setting(text: str, section: str, key: str, value: bool) -> str:
    """The text of a config.toml with one key set, its comments kept."""
    line = f"{key} = {json_text(value)}"
    header = re.search(rf"^\s*\[\s*{section}\s*\][^\S\n]*(?:#.*)?$", text, re.M)
    if header is None:
        return f"{text.rstrip()}\n\n[{section}]\n{line}\n".lstrip()
    following = re.compile(r"^\s*\[", re.M).search(text, header.end())
    end = following.start() if following else len(text)
    table = text[header.end() : end]
    table, found = re.subn(
        rf"^(\s*){key}\s*=[^\n#]*?([^\S\n]*(?:#.*)?)$", rf"\g<1>{line}\g<2>", table, count=1, flags=re.M
    )
    return text[: header.end()] + (table if found else f"\n{line}{table}") + text[end:]
