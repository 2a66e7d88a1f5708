"""A key is set in a person's config.toml, and everything else in it stays as it was written."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from voicebot.cli.user_settings import with_setting, write_user_setting
from voicebot.errors import ConfigError


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "[memory]\nstore = false\n"),
        ("[tts]\nrate = 180", "[tts]\nrate = 180\n\n[memory]\nstore = false\n"),
        ("[memory]\nstore = true # 日記\n", "[memory]\nstore = false # 日記\n"),
        ("[memory] # mine\nmax_tokens = 1\n[tts]\n", "[memory] # mine\nstore = false\nmax_tokens = 1\n[tts]\n"),
        ("[memory]", "[memory]\nstore = false"),
        ("[a]\nstore = 1\n[memory]\n[b]\nstore = 2\n", "[a]\nstore = 1\n[memory]\nstore = false\n[b]\nstore = 2\n"),
        ("[memory]\n# store = true\n", "[memory]\nstore = false\n# store = true\n"),
    ],
)
def test_only_the_key_changes(before: str, after: str) -> None:
    assert with_setting(before, "memory", "store", False) == after
    assert tomllib.loads(after)["memory"]["store"] is False


@pytest.mark.parametrize("text", ["memory = {store = true}\n", "memory.store = true\n", "[memory\n", "memory = 1\n"])
def test_what_cannot_be_changed_safely_is_left_to_the_person(tmp_path: Path, text: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        write_user_setting(file, "memory", "store", False)
    assert "store = false below [memory]" in caught.value.hint
    assert file.read_text() == text
    assert [*tmp_path.iterdir()] == [file]


def test_a_link_to_a_file_elsewhere_stays_one(tmp_path: Path) -> None:
    kept = tmp_path / "dotfiles.toml"
    kept.write_text("[memory]\nstore = true\n")
    link = tmp_path / "config.toml"
    link.symlink_to(kept)
    write_user_setting(link, "memory", "store", False)
    assert link.is_symlink()
    assert kept.read_text() == "[memory]\nstore = false\n"
