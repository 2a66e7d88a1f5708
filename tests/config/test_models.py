"""config.toml as we ship it: every key, every kind, every default."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from voicebot.config.loading import load_config
from voicebot.config.models import ChatServer, Config

ROOT = Path(__file__).parent.parent.parent


def test_the_annotated_file_holds_every_key_with_its_default() -> None:
    loaded = load_config(ROOT / "config.toml", environment={})
    assert loaded.config == Config()
    text = (ROOT / "config.toml").read_text(encoding="utf-8")
    for section in Config.model_fields:
        model = getattr(Config(), section)
        for key in type(model).model_fields:
            assert re.search(rf"^(# )?{key} = ", text, re.MULTILINE), f"{section}.{key}"


def test_every_commented_table_of_the_annotated_file_is_valid_and_complete() -> None:
    text = (ROOT / "config.toml").read_text(encoding="utf-8")
    blocks = re.findall(r"^# \[\w+\].*\n(?:# .*\n)+", text, re.MULTILINE)
    kinds = set()
    for block in blocks:
        table = tomllib.loads(re.sub(r"^# ", "", block, flags=re.MULTILINE))
        section, values = next(iter(table.items()))
        config = getattr(Config.model_validate(table), section)
        kinds.add((section, config.kind))
        inherited = set(ChatServer.model_fields) if section == "chat" else set()
        assert set(type(config).model_fields) - set(values) <= inherited, f"{config.kind} misses keys"
        defaults = type(config)(kind=config.kind)
        assert config == defaults, f"{config.kind} shows another default"
    assert {kind for section, kind in kinds if section == "chat"} == {
        "ollama",
        "openai",
        "demo",
        "langchain",
        "plugin",
        "piped",
    }
    assert {kind for section, kind in kinds if section == "tts"} == {"voicevox", "tone"}
    assert {kind for section, kind in kinds if section == "audio"} == {"device", "wav", "silent"}
