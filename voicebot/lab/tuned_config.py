"""The config.toml that a search has found: what differs from the defaults, and what was measured."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel, SecretStr

import voicebot
from voicebot.config.models import DEFAULT_KINDS, Config
from voicebot.errors import LabError
from voicebot.lab.tune import Half, Tuned
from voicebot.translation import system_reason, tr


def refuse_to_overwrite(path: Path) -> None:
    """Raise LabError if the file is there."""
    if path.exists():
        raise LabError(
            tr("{path} is there already", path=path), hint=tr("overwrite it with --force, or name another with -o")
        )


def write_config(path: Path, tuned: Tuned) -> None:
    """Write the winning config.toml; raises LabError."""
    try:
        path.write_text(config_text(tuned), encoding="utf-8")
    except OSError as error:
        raise LabError(f"{path}: {system_reason(error)}", hint=tr("name another file with -o")) from error


def config_text(tuned: Tuned) -> str:
    """The winning config.toml: what differs from the defaults, and what was measured."""
    lines = [
        f"# Found by voicebot lab tune (voicebot {voicebot.__version__}), experiment {json.dumps(tuned.experiment)}.",
        f"# Objective: mean silence (TTFA + gaps) + {tuned.weight_ttfa:g} × TTFA in seconds,"
        f" with {', '.join(tuned.engines)}; {tuned.tried} configurations tried.",
        *(_comment(what, half) for what, half in (("Searched", tuned.searched), ("Checked", tuned.checked))),
        *(f"# {remark[0].upper()}{remark[1:]}." for remark in tuned.remarks()),
    ]
    return "\n".join([*lines, *config_lines(tuned.config)]) + "\n"


def config_lines(config: Config) -> list[str]:
    """What config.toml would say, without the defaults and without secrets: each section behind an empty line."""
    lines: list[str] = []
    for section in Config.model_fields:
        if changed := _changed(section, getattr(config, section)):
            lines += ["", f"[{section}]", *changed]
    return lines


def _comment(what: str, half: Half) -> str:
    before, best = half.before, half.best
    return (
        f"# {what} on {len(half.traces)} traces: objective {before.objective:.3f} → {best.objective:.3f},"
        f" silence {before.silence_seconds:.3f} → {best.silence_seconds:.3f}, TTFA {before.ttfa:.3f} → {best.ttfa:.3f}."
    )


def _changed(section: str, table: BaseModel) -> list[str]:
    """The lines of a section with the values that are not the defaults of its kind."""
    from tomlkit.exceptions import TOMLKitError

    lines = []
    plain = table.model_dump(mode="json", exclude_none=True)
    for key, field in type(table).model_fields.items():
        value = getattr(table, key)
        default = DEFAULT_KINDS.get(section) if key == "kind" else field.get_default(call_default_factory=True)
        if value == default or value is None:
            continue
        if _holds_secret(value):
            lines.append(f"# {key}: set it in the environment instead, VOICEBOT_{section.upper()}__{key.upper()}")
            continue
        try:
            lines.append(_line(key, plain[key]))
        except TOMLKitError:
            lines.append(f"# {key}: TOML has no form for it (null); copy it from your configuration")
    return lines


def _line(key: str, value: object) -> str:
    """`key = value`; a table stands in braces, so that it belongs to the section above it wherever it stands.

    Raises TOMLKitError for what TOML cannot say.
    """
    import tomlkit

    table = tomlkit.inline_table()
    table[key] = value
    return table.as_string().removeprefix("{").removesuffix("}")


def _holds_secret(value: object) -> bool:
    """Whether there is a secret anywhere in it."""
    match value:
        case SecretStr():
            return True
        case BaseModel():
            return any(_holds_secret(getattr(value, name)) for name in type(value).model_fields)
        case dict():
            return any(map(_holds_secret, value.values()))
        case _:
            return False
