"""config.toml as we ship it: every key, every kind, every default."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

from voicebot.config.editing import config_schema
from voicebot.config.faults import PATTERNS
from voicebot.config.loading import load_config
from voicebot.config.models import ChatServer, Config
from voicebot.errors import ConfigError

ROOT = Path(__file__).parent.parent.parent


TEXT = (ROOT / "config.toml").read_text(encoding="utf-8")


def test_the_shipped_file_says_nothing_and_names_every_key() -> None:
    """All its keys were set, so the repository's own file and every copy of it hid what the user's file says."""
    assert tomllib.loads(TEXT) == {"config_version": 1, **{section: {} for section in Config.model_fields}}
    assert TEXT.startswith("#:schema voicebot.schema.json\n")
    for section in Config.model_fields:
        for key in type(getattr(Config(), section)).model_fields:
            assert re.search(rf"^##? {key} = ", TEXT, re.MULTILINE), f"{section}.{key}"


def test_every_line_of_the_shipped_file_uncommented_gives_the_defaults(tmp_path: Path) -> None:
    uncommented = re.sub(r"^# ", "", TEXT, flags=re.MULTILINE)
    (tmp_path / "config.toml").write_text(uncommented, encoding="utf-8")
    loaded = load_config(tmp_path / "config.toml", environment={})
    assert loaded.config == Config()
    set_by_default = {
        f"{section}.{key}"
        for section in Config.model_fields
        for key, value in dict(getattr(Config(), section)).items()
        if value is not None  # which TOML cannot say
    }
    assert set_by_default <= set(loaded.origins)


def test_the_schema_beside_it_is_the_one_that_is_printed() -> None:
    """Run `voicebot config schema > voicebot.schema.json` after changing a model."""
    assert json.loads((ROOT / "voicebot.schema.json").read_text(encoding="utf-8")) == config_schema()


def test_what_a_pattern_means_is_told_in_words() -> None:
    """An address without http:// was told to match '^https?://\\S+$'."""
    with pytest.raises(ConfigError, match=r"should be an address such as .*, not 'localhost:11434'"):
        load_config(environment={"VOICEBOT_CHAT__BASE_URL": "localhost:11434"})
    assert set(re.findall('"pattern": "(.*?)"[,\n]', json.dumps(config_schema(), indent=2))) == {
        json.dumps(pattern)[1:-1] for pattern in PATTERNS
    }


def test_every_commented_table_of_the_annotated_file_is_valid_and_complete() -> None:
    blocks = re.findall(r"^## \[\w+\].*\n(?:## .*\n)+", TEXT, re.MULTILINE)
    kinds = set()
    for block in blocks:
        table = tomllib.loads(re.sub(r"^## ", "", block, flags=re.MULTILINE))
        section, values = next(iter(table.items()))
        config = getattr(Config.model_validate(table), section)
        kinds.add((section, config.kind))
        inherited = set(ChatServer.model_fields) if section == "chat" else set()
        assert set(type(config).model_fields) - set(values) <= inherited, f"{config.kind} misses keys"
        defaults = type(config)(kind=config.kind)
        unset = {key: None for key, value in dict(defaults).items() if value is None}  # which TOML cannot say
        assert config.model_copy(update=unset) == defaults, f"{config.kind} shows another default"
    assert {kind for section, kind in kinds if section == "chat"} == {
        "ollama",
        "openai",
        "demo",
        "langchain",
        "plugin",
        "piped",
    }
    assert {kind for section, kind in kinds if section == "tts"} == {"voicevox", "tone", "plugin", "rabbitmq"}
    assert {kind for section, kind in kinds if section == "audio"} == {"device", "wav", "silent", "plugin"}
