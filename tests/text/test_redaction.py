"""Secrets go, in whichever spelling they come; nothing else does."""

from __future__ import annotations

import json
from base64 import b64encode
from urllib.parse import quote

import pytest

from voicebot.text.redaction import redact, spellings, without_passwords

SECRET = 'sk-"ab/c+d='


@pytest.mark.parametrize(
    "spelled",
    [SECRET, quote(SECRET), quote(SECRET, safe=""), json.dumps(SECRET)[1:-1], b64encode(SECRET.encode()).decode()],
)
def test_a_secret_goes_in_each_of_its_spellings(spelled: str) -> None:
    assert redact(f"key={spelled}!", spellings([SECRET])) == "key=[secret]!"


def test_a_secret_within_another_leaves_no_rest() -> None:
    assert redact("sk-abcdefgh-long", spellings(["sk-abcdefgh", "sk-abcdefgh-long"])) == "[secret]"


def test_a_word_that_only_stands_for_a_key_is_no_secret() -> None:
    """Many servers want any key at all, such as "ollama": that word must not disappear from all texts."""
    assert redact("ollama, EMPTY", spellings(["ollama", "EMPTY", "", " "])) == "ollama, EMPTY"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("see http://taro:pass%40word@host:80/v1 and", "see http://host:80/v1 and"),
        ("https://:token@host", "https://host"),
        ('"http://a:b@c", "x@y"', '"http://c", "x@y"'),
        ("ssh://git@host/a mail taro@host http://host/a:b@c", "ssh://git@host/a mail taro@host http://host/a:b@c"),
    ],
)
def test_addresses_lose_their_passwords_and_nothing_else(text: str, shown: str) -> None:
    assert without_passwords(text) == shown
