"""`voicebot config`: the configuration in effect, where it comes from, and what changes it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voicebot.cli.command import add_command
from voicebot.cli.help import command_group
from voicebot.cli.options import ConfigFileOption, ConfigOptions, JsonObjectOption
from voicebot.cli.output import Row, json_document, json_text, status, terminal_width, write_out, write_prose
from voicebot.cli.runner import CONFIG, OK, UsageError
from voicebot.errors import ConfigError
from voicebot.text.redaction import without_passwords
from voicebot.text.safe_display import safe_line
from voicebot.translation import marked, system_reason, tr

if TYPE_CHECKING:
    from collections.abc import Mapping

    from voicebot.config.loading import Loaded

config_app = command_group("Show the configuration, where it comes from, and change it.")

HereOption = Annotated[bool, typer.Option("--here", help="The config.toml of the current folder, not your own.")]
KeyArgument = Annotated[str, typer.Argument(metavar="SECTION.KEY", help="Such as tts.rate.")]


def show(
    *,
    config: ConfigOptions,
    origin: Annotated[bool, typer.Option("--origin", help="Show where each value comes from.")] = False,
    json: JsonObjectOption = False,
) -> int:
    """Print the configuration in effect, as config.toml."""
    loaded = config.load()
    tables = _tables(loaded)
    text = json_document(tables) if json else _as_toml(tables, loaded.origins if origin else None)
    write_out(without_passwords(text))
    for unused in loaded.unused:
        status(str(unused))
    return OK


def path(config: ConfigFileOption = None, json: JsonObjectOption = False) -> int:
    """Print where voicebot looks for config.toml, and which it uses."""
    from voicebot.config.loading import PROJECT_CONFIG, named_config, project_file, user_config_path
    from voicebot.config.trust import is_trusted, refused_in

    rows: list[Row] = []
    if named := named_config(config, os.environ):
        rows.append(
            {"path": str(named.absolute()), "state": marked("used") if named.is_file() else marked("not found")}
        )
    else:
        own, here = user_config_path(), project_file()
        rows.append({"path": str(own), "state": marked("used") if own.is_file() else marked("not found")})
        state = "used"
        if here is None:
            state = marked("not voicebot's: not used") if PROJECT_CONFIG.exists() else "not found"
        elif not is_trusted(here) and refused_in(here):
            state = marked("used as far as it may be, see voicebot config trust")
        if PROJECT_CONFIG.absolute() != own.absolute():
            rows.append({"path": str(PROJECT_CONFIG.absolute()), "state": state})
    write_out(
        json_document({"files": rows})
        if json
        else "".join(f"{r['path']}  {tr('({note})', note=tr(r['state']))}\n" for r in rows)
    )
    if not json and not any(row["state"].startswith("used") for row in rows):
        status(tr("no config.toml, so every key has its default; this writes yours: voicebot config init"))
    return OK


def schema() -> int:
    """Print the JSON schema of config.toml, for editors."""
    from voicebot.config.editing import config_schema

    write_out(json_document(config_schema()))
    return OK


def init(
    config: ConfigFileOption = None,
    here: HereOption = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the file that is there.")] = False,
) -> int:
    """Write a config.toml with every key, commented out at its default, and its schema for editors beside it.

    Examples:
      voicebot config init
      voicebot config init --here
    """
    from voicebot.config.editing import create_config

    target = _target(config, here)
    create_config(target, force=force)
    status(tr("wrote {target}", target=target))
    return OK


def edit(config: ConfigFileOption = None, here: HereOption = False) -> int:
    """Open config.toml in your editor ($VISUAL or $EDITOR), and check it afterwards."""
    from voicebot.config.editing import create_config

    target = _target(config, here)
    if not target.exists():
        create_config(target)
    if not target.is_dir():  # many an editor would show its files
        _open_in_editor(target)
    return _checked(target, as_json=False)


def get(key: KeyArgument, *, config: ConfigOptions, json: JsonObjectOption = False) -> int:
    """Print one value of the configuration in effect.

    Examples:
      voicebot config get tts.rate
      voicebot config get chat.model --json
    """
    loaded = config.load()
    section, name = _split(key)
    table = _tables(loaded).get(section, {})
    if name not in table:
        raise UsageError(tr("there is no key {key}", key=key), hint=tr("every key and its value: voicebot config show"))
    origin = loaded.origins.get(key, "default")
    text = table[name] if isinstance(table[name], str) else "" if table[name] is None else _toml(table[name])
    whole = json_document({"key": key, "value": table[name], "origin": origin}) if json else f"{text}\n"
    write_out(without_passwords(whole))
    return OK


def set_(
    key: KeyArgument,
    value: Annotated[str, typer.Argument(metavar="VALUE", help="A TOML value, or text.")],
    config: ConfigFileOption = None,
    here: HereOption = False,
) -> int:
    """Set one key in your config.toml; its comments and the order of its lines stay.

    Examples:
      voicebot config set tts.rate 180
      voicebot config set chat.model llama3.2
    """
    from voicebot.config.editing import set_key
    from voicebot.config.files import read_file
    from voicebot.config.layers import as_value
    from voicebot.config.trust import is_trusted, trust

    try:
        value.encode()
    except UnicodeEncodeError:
        raise UsageError(tr("{path} is not a text in UTF-8", path=key)) from None
    target = _target(config, here)
    trusted = target.exists() and is_trusted(read_file(target))
    changed = set_key(target, *_split(key), as_value(value))
    if trusted:
        trust(changed)  # whoever changes it here knows what it says
    status(tr("{target}: {key} is set", target=target, key=key))
    return OK


def check(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="Only this file; without it everything that is used.")
    ] = None,
    *,
    json: JsonObjectOption = False,
) -> int:
    """List every mistake in the configuration (exit code 3 if there are any).

    Examples:
      voicebot config check
      voicebot config check other.toml --json
    """
    return _checked(file, as_json=json)


def trust(
    forget: Annotated[bool, typer.Option("--forget", help="Stop trusting it.")] = False,
) -> int:
    """Let the config.toml of the current folder run code, name servers and write files, as long as it stays the same.

    Read it first. A file that changes has to be trusted again.
    """
    from voicebot.config.files import read_file
    from voicebot.config.loading import PROJECT_CONFIG
    from voicebot.config.trust import distrust, refused_in, trust

    place = PROJECT_CONFIG.absolute()
    if forget:
        status(
            tr("{place} is no longer trusted", place=place)
            if distrust(PROJECT_CONFIG)
            else tr("{place} was not trusted", place=place)
        )
        return OK
    file = read_file(PROJECT_CONFIG)
    tables = file.tables()
    trust(file)
    for one in refused_in(file):
        status(f"  {one.dotted} = {safe_line(without_passwords(_toml(_told(one.key, tables[one.section][one.key]))))}")
    status(tr("{place} is trusted as it is now; voicebot config trust --forget undoes that", place=place))
    return OK


add_command(config_app, show)
add_command(config_app, path)
add_command(config_app, init)
add_command(config_app, edit)
add_command(config_app, get)
add_command(config_app, set_, name="set")
add_command(config_app, check)
add_command(config_app, trust)
add_command(config_app, schema)


def _told(key: str, value: Any) -> Any:  # Any: as in Row
    """The value as it may be shown: without what is sent to a server or stands in a command's environment."""
    if key in ("api_key", "token"):
        return "**********"
    if isinstance(value, dict):
        hidden = key in ("env", "headers", "query")
        return {name: "**********" if hidden else _told(name, inner) for name, inner in value.items()}
    return value


def _open_in_editor(path: Path) -> None:
    """Wait until the person has closed their editor. Raises ConfigError."""
    import shlex
    import shutil
    import subprocess

    usual = next((name for name in ("notepad", "nano", "vi") if shutil.which(name)), "")
    hint = tr("open {path} by hand, or name an editor in $EDITOR", path=path)
    named = os.environ.get("VISUAL") or os.environ.get("EDITOR") or usual
    try:
        command = shlex.split(named)
    except ValueError as error:
        raise ConfigError(tr("{command}: a quotation mark is missing", command=named), hint=hint) from error
    if not command:
        raise ConfigError(tr("there is no editor here"), hint=hint)
    try:
        code = subprocess.run([*command, str(path)]).returncode
    except OSError as error:
        raise ConfigError(
            tr("cannot run {command}: {reason}", command=command[0], reason=system_reason(error)), hint=hint
        ) from error
    if code != 0:
        raise ConfigError(tr("{command} ended with exit code {code}", command=command[0], code=code), hint=hint)


def _target(config: Path | None, here: bool) -> Path:
    """The config.toml to write: the one that is named, that of the current folder, or the user's own."""
    from voicebot.config.loading import PROJECT_CONFIG, named_config, user_config_path

    if config is not None and here:
        raise UsageError(tr("--here and --config name two files"), hint=tr("give one of them"))
    return PROJECT_CONFIG if here else named_config(config, os.environ) or user_config_path()


def _split(key: str) -> tuple[str, str]:
    section, dot, name = key.partition(".")
    if not (section and dot and name) or "." in name:
        raise UsageError(tr("{key!r} is not a key of config.toml", key=key), hint=tr("SECTION.KEY, such as tts.rate"))
    return section, name


def _checked(file: Path | None, *, as_json: bool) -> int:
    """Report every fault of one file, or of all that is used; return the exit code."""
    from voicebot.config.faults import InvalidConfig
    from voicebot.config.loading import load_config

    try:
        loaded = load_config(file)
    except InvalidConfig as error:
        if not as_json:
            raise
        faults = [{"origin": f.origin, "key": f.key, "message": f.message} for f in error.faults]
        write_out(json_document({"files": [], "faults": faults, "refused": []}))
        return CONFIG
    files, refused = [str(path.absolute()) for path in loaded.files], [one.dotted for one in loaded.refused]
    if as_json:
        write_out(json_document({"files": files, "faults": [], "refused": refused}))
        return OK
    for one in (*loaded.refused, *loaded.unused):
        status(str(one))
    none = tr("no config.toml, and no mistakes")
    write_prose("".join(tr("{name}: no mistakes", name=name) + "\n" for name in files) or f"{none}\n")
    return OK


def _tables(loaded: Loaded) -> dict[str, Row]:
    """The tables of config.toml with all their keys, `kind` first; secrets are stars."""
    tables: dict[str, Row] = loaded.config.model_dump(mode="json")
    return {name: {"kind": table["kind"], **table} if "kind" in table else table for name, table in tables.items()}


def _as_toml(tables: Mapping[str, Row], origins: Mapping[str, str] | None) -> str:
    """The tables as config.toml; with `origins`, where each value comes from."""
    column = min(60, terminal_width() - 20)
    lines = []
    for name, table in tables.items():
        lines.append(f"[{name}]")
        for key, value in table.items():
            line = f"{key} = {_toml(value)}" if value is not None else "# " + tr("{key} is unset", key=key)
            if origins is not None:
                line = f"{line:<{column}} # {origins.get(f'{name}.{key}') or tr('default')}"
            lines.append(line)
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _toml(value: Any) -> str:  # Any: as in Row
    match value:
        case dict():
            return "{" + ", ".join(f"{json_text(k)} = {_toml(v)}" for k, v in value.items() if v is not None) + "}"
        case list():
            return "[" + ", ".join(map(_toml, value)) + "]"
    return json_text(value)  # TOML's strings, numbers and booleans are JSON's
