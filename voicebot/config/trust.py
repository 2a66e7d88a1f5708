"""What a config.toml in the current folder may set, and which of those files the person has trusted.

People who open a folder from elsewhere have not read its config.toml. Only what is known to be harmless is taken from
it; everything else, even a key that does not exist yet, needs `voicebot config trust`.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

from voicebot.config.files import ConfigFile, keys_of, write_whole
from voicebot.config.models import DEFAULT_KINDS, STRATEGIES, Config
from voicebot.errors import ConfigError
from voicebot.translation import marked, system_reason, tr

TRUST_COMMAND = "voicebot config trust"

_HARMLESS_KINDS = {
    "chat": {"auto", "ollama", "openai", "demo", "piped"},
    "tts": {"pyttsx3", "voicevox", "tone"},
    "audio": {"auto", "device", "silent"},
}
"""With the addresses and files of everybody's defaults, or those of the person's own configuration."""
_HARMLESS_KEYS = {
    "chat": {
        *("model", "temperature", "max_tokens", "top_p", "seed", "stop", "retries", "n", "include_usage"),
        *("connect_timeout_seconds", "first_delta_timeout_seconds", "idle_timeout_seconds", "deltas_per_second"),
        *("think", "keep_alive", "num_ctx", "format", "response_format", "api"),
    },
    "chunking": {
        *("delimiters", "max_characters", "idle_seconds", "min_seconds", "max_seconds"),
        *("phrase_after_seconds", "patience_seconds"),
    },
    "spoken": {"language", "code", "tables", "urls", "emoji", "actions", "emotion_tags"},
    "tts": {
        *("voice", "rate", "volume", "speed", "pitch", "intonation", "timeout_seconds"),
        *("sample_rate", "delay_seconds", "rtf"),
    },
    "audio": {"device", "latency_seconds", "realtime"},
    "conversation": {"system_prompt", "turns"},
    "memory": {"max_tokens", "summary"},
    "tools": {"max_steps", "timeout_seconds", "speak", "max_result_characters"},
    "daemon": {"close_after_seconds", "pause_minutes"},
    "server": {
        *("port", "max_turns", "max_waiting", "max_turns_of_a_person", "max_conversations", "max_characters"),
        *("max_conversations_of_a_person", "max_connections", "max_connections_of_an_address"),
        *("openai_voices", "drain_seconds"),
    },
    "worker": {"concurrency", "priority", "drain_seconds"},
}
_RUNS_CODE = marked("it runs code")
_NAMES_SERVER = marked("it names a server, or what is sent to it")
_OPENS_FILE = marked("it names a file")
_LETS_IN = marked("it lets others in")
_REACHES_OUT = marked("it may reach beyond this folder")
_MODULES = (
    *(("chat", "factory"), ("chat", "runnable"), ("tts", "factory"), ("audio", "factory")),
    *(("chunking", "strategy"), ("tools", "enabled")),
)
"""The keys that name modules."""
_REASONS = {
    "chat.kind": _RUNS_CODE,
    "chat.runnable": _RUNS_CODE,
    "chat.factory": _RUNS_CODE,
    "tts.kind": _RUNS_CODE,
    "tts.factory": _RUNS_CODE,
    "tts.options": _RUNS_CODE,
    "audio.factory": _RUNS_CODE,
    "audio.options": _RUNS_CODE,
    "chunking.strategy": _RUNS_CODE,
    "chunking.options": _RUNS_CODE,
    "tools.enabled": _RUNS_CODE,
    "tools.mcp": _RUNS_CODE,
    "chat.base_url": _NAMES_SERVER,
    "chat.api_key": _NAMES_SERVER,
    "chat.options": _NAMES_SERVER,
    "chat.headers": _NAMES_SERVER,
    "chat.query": _NAMES_SERVER,
    "tts.base_url": _NAMES_SERVER,
    "tts.amqp_url": _NAMES_SERVER,
    "tts.voice_class": _NAMES_SERVER,
    "tts.amqp_url_file": _OPENS_FILE,
    "tts.amqp_ca_file": _OPENS_FILE,
    "tts.fallback": marked("it chooses another voice"),
    "chat.api_key_file": _OPENS_FILE,
    "audio.kind": _OPENS_FILE,
    "audio.path": _OPENS_FILE,
    "memory.path": _OPENS_FILE,
    "memory.store": marked("it turns the history on"),
    "daemon.autospawn": marked("it starts a program that stays"),
    "daemon.mpris": _LETS_IN,
    "daemon.ssip": _LETS_IN,
    "daemon.wyoming": _LETS_IN,
    "server.host": _LETS_IN,
    "server.hosts": _LETS_IN,
    "server.token": _LETS_IN,
    "server.plain_http": _LETS_IN,
    "server.tls_self_signed": _LETS_IN,
    "server.tls_cert": _OPENS_FILE,
    "server.tls_key": _OPENS_FILE,
    "server.history": _OPENS_FILE,
    "worker.amqp_url": _NAMES_SERVER,
    "worker.voice_class": _NAMES_SERVER,
    "worker.amqp_url_file": _OPENS_FILE,
    "worker.amqp_ca_file": _OPENS_FILE,
    "worker.metrics_host": _LETS_IN,
    "worker.metrics_port": _LETS_IN,
}


@dataclass(frozen=True, slots=True)
class Refused:
    """One key of a folder's config.toml that is not used."""

    path: Path
    section: str
    key: str
    kind: str
    """The kind that the file names for its section; empty if none."""
    changed: bool
    """Whether the file was trusted with another content."""
    module: str = ""
    """The module of the current folder that the person's own file would import, where that is the reason."""

    @property
    def dotted(self) -> str:
        """The key as config.toml and --set name it."""
        return f"{self.section}.{self.key}"

    def __str__(self) -> str:
        if self.module:
            return tr(
                "{path}: {key} is not used: {module} would come from this folder, which nobody has trusted."
                " To use it: install {module}, or name it in a config.toml here and {command}",
                path=self.path,
                key=self.dotted,
                module=self.module,
                command=TRUST_COMMAND,
            )
        reason = tr(_REASONS.get(self.dotted, _REACHES_OUT))
        if self.changed:
            reason = tr("{reason}; the file has changed since it was trusted", reason=reason)
        fields = {"path": self.path, "key": self.dotted, "reason": reason, "command": TRUST_COMMAND}
        if self.section in DEFAULT_KINDS:
            return tr(
                "{path}: {key} is not used, nor is the rest of [{section}]: {reason}. To use it: {command}",
                section=self.section,
                **fields,
            )
        return tr("{path}: {key} is not used: {reason}. To use it: {command}", **fields)


def without_refused(file: ConfigFile, tables: Mapping[str, Any]) -> tuple[dict[str, Any], list[Refused]]:  # Any: TOML
    """What of a folder's `tables` may be used, and what is refused.

    A section that chooses a kind is used whole or not at all: half of it would be a setting that nobody has written.
    """
    if is_trusted(file):
        return dict(tables), []
    refused = refused_in(file)
    out = {(one.section, one.key) for one in refused}
    whole = {one.section for one in refused} & DEFAULT_KINDS.keys()
    return {
        section: {key: value for key, value in table.items() if (section, key) not in out}
        if isinstance(table, Mapping)
        else table
        for section, table in tables.items()
        if section not in whole
    }, refused


def refused_in(file: ConfigFile) -> list[Refused]:
    """Each key of the file that needs trust, trusted or not. Raises ConfigError where it is not TOML."""
    changed = _place(file.path) in _read()
    return [
        Refused(file.path, section, key, str(table.get("kind", "")), changed)
        for section, table in file.tables().items()
        if section in Config.model_fields and isinstance(table, Mapping)  # anything else is a fault, and told as that
        for key, value in table.items()
        if not _harmless(section, key, value)
    ]


def without_modules_of_this_folder(
    file: ConfigFile, tables: Mapping[str, Any]
) -> tuple[dict[str, Any], list[Refused]]:  # Any: TOML
    """The person's own `tables` without what would import a module that only the current folder has.

    They mean one of their own, wherever they start voicebot; the folder may come from elsewhere and have that name too.
    """
    allowed, refused = dict(tables), []
    for section, key in _MODULES:
        table = tables.get(section)
        value = table.get(key) if isinstance(table, Mapping) else None
        names = value if isinstance(value, list) else [value]
        here = [name for name in names if isinstance(name, str) and ":" in name and _is_only_here(name)]
        if not here or not isinstance(table, Mapping):
            continue
        module = here[0].partition(":")[0]
        refused.append(Refused(file.path, section, key, str(table.get("kind", "")), changed=False, module=module))
        if section in DEFAULT_KINDS:
            del allowed[section]
        elif not isinstance(value, list):
            allowed[section] = {name: inner for name, inner in table.items() if name != key}
        else:
            allowed[section] = {**table, key: [name for name in names if name not in here]}
    return allowed, refused


def _is_only_here(name: str) -> bool:
    """Whether an import path leads into the current folder and nowhere else."""
    top = name.partition(":")[0].partition(".")[0]
    folder = Path.cwd()
    elsewhere = [place for place in sys.path if place and Path(place).resolve() != folder.resolve()]
    return PathFinder.find_spec(top, [str(folder)]) is not None and PathFinder.find_spec(top, elsewhere) is None


def is_trusted(file: ConfigFile) -> bool:
    """Tell whether the person has trusted the file of this place with just this content."""
    return _read().get(_place(file.path)) == _digest(file)


def trust(file: ConfigFile) -> None:
    """Remember that the person trusts this file as it is. Raises ConfigError where that cannot be kept."""
    _write(_read() | {_place(file.path): _digest(file)})


def distrust(path: Path) -> bool:
    """Forget that the person trusts a file; return whether they did. Raises ConfigError."""
    known = _read()
    if known.pop(_place(path), None) is None:
        return False
    _write(known)
    return True


def trust_path() -> Path:
    """The file that remembers what is trusted."""
    import platformdirs

    return Path(platformdirs.user_state_dir("voicebot", appauthor=False)) / "trusted.json"


def _harmless(section: str, key: str, value: object) -> bool:
    match section, key:
        case _, "kind":
            known = isinstance(value, str) and "kind" in keys_of(section, value)
            return not known or value in _HARMLESS_KINDS[section]  # an unknown one is a fault, and told as that
        case "tools", "enabled":  # a name without a module is a tool of ours, or a fault
            return isinstance(value, list) and all(isinstance(name, str) and ":" not in name for name in value)
        case "chunking", "strategy":
            return value in STRATEGIES
        case "memory", "store":
            return value is False
        case "chat", "api_key":
            return value == ""
    return key in _HARMLESS_KEYS.get(section, ()) or key not in keys_of(section)


def _place(path: Path) -> str:
    """The folder as it really is, and the file's name in it.

    A link to a file that is trusted elsewhere names other modules and commands here.
    """
    return str(path.parent.resolve() / path.name)


def _digest(file: ConfigFile) -> str:
    return hashlib.sha256(file.data).hexdigest()


def _read() -> dict[str, str]:
    try:
        content = json.loads(trust_path().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _write(known: Mapping[str, str]) -> None:
    path = trust_path()
    try:
        write_whole(path, json.dumps(known, ensure_ascii=False, indent=0).encode())
    except OSError as error:
        raise ConfigError(
            tr("cannot remember what is trusted: {path}: {reason}", path=path, reason=system_reason(error)),
            hint=tr("or name the file: --config config.toml"),
        ) from error
