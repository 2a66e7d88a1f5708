"""Secrets go, in whichever spelling they come; nothing else does."""

from __future__ import annotations

import json
from base64 import b64encode
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.text.redaction import StreamRedactor, redact, spellings, without_passwords

SECRET = 'sk-"ab/c+d='


@pytest.mark.parametrize(
    "spelled",
    [SECRET, quote(SECRET), quote(SECRET, safe=""), json.dumps(SECRET)[1:-1], b64encode(SECRET.encode()).decode()],
)
def test_a_secret_goes_in_each_of_its_spellings(spelled: str) -> None:
    assert redact(f"key={spelled}!", spellings([SECRET])) == "key=[secret]!"


def test_a_secret_within_another_leaves_no_rest() -> None:
    assert redact("sk-abcdefgh-long", spellings(["sk-abcdefgh", "sk-abcdefgh-long"])) == "[secret]"


def test_a_word_that_only_stands_for_a_key_is_not_a_secret() -> None:
    """Many servers want any key at all, such as "ollama": that word must not disappear from all texts."""
    assert redact("ollama, EMPTY", spellings(["ollama", "EMPTY", "", " "])) == "ollama, EMPTY"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("wrong key sk-abcabcd…", "wrong key [secret]…"),
        ("wrong key sk-abcabc…, key パスワードは秘密で… and …", "wrong key [secret]…, key [secret]… and …"),
        ("wrong key sk-ab…", "wrong key sk-ab…"),
        ("wrong key sk-abcabc\n… (9 more)", "wrong key [secret]\n… (9 more)"),
    ],
)
def test_a_secret_goes_though_its_end_is_cut_off(text: str, shown: str) -> None:
    """An error of 500 characters that ended in the middle of the key showed most of it."""
    assert redact(text, KEYS) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("wrong key sk-abcabcd-lon", "wrong key [secret]-lon"),
        ("wrong key sk-abcabc", "wrong key [secret]"),
        ("asksk-abcabc", "ask[secret]"),
        ("鍵はパスワードは秘密", "鍵は[secret]"),
        ("key aaabaaabaaab", "key aaab[secret]"),
        ("sk-abcabc is no key", "sk-abcabc is no key"),
        ("It begins with sk-ab", "It begins with sk-ab"),
    ],
)
def test_a_secret_goes_though_the_text_ends_inside_it(text: str, shown: str) -> None:
    """A server that broke off in the middle of the key, or masked its end itself, showed the rest of it."""
    assert redact(text, (*KEYS, "aaabaaabb")) == shown


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


# ---------------------------------------------------------------- in deltas

KEYS = spellings(["sk-abcabcd", "sk-abcabcd-long", "パスワードは秘密です"])
PIECES = st.sampled_from(
    ["sk-abcabcd", "sk-abcabcd-long", "パスワードは秘密です", "sk-", "sk-abc", "s", "a", " ", "パ", "-", "b"]
)


def redacted(deltas: list[str]) -> str:
    redactor = StreamRedactor(KEYS)
    return "".join([*map(redactor.feed, deltas), redactor.flush()])


@given(st.lists(PIECES).map("".join), st.data())
def test_a_secret_goes_however_it_is_split(text: str, data: st.DataObject) -> None:
    """A server echoed the key in two deltas: it was printed while it came, and taken out of what was kept only."""
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)))))
    deltas = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert redacted(deltas) == redacted([text])
    assert redact(redacted(deltas), KEYS) == redacted(deltas)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Your key is sk-abcabcd.", "Your key is [secret]."),
        ("sk-abcabcd-long", "[secret]"),
        ("鍵はsk-abcabcd-lo", "鍵は[secret]-lo"),
        ("sk-absk-abcabcd", "sk-absk-[secret]"),
        ("sk-ab", "sk-ab"),
        ("パスワードは秘密です。", "[secret]。"),
        ("", ""),
    ],
)
def test_a_secret_goes_from_a_stream_of_single_characters(text: str, shown: str) -> None:
    assert redacted(list(text)) == shown


@given(st.sampled_from(KEYS), st.data(), st.sampled_from(["", "key ", "鍵は", "x"]))
def test_of_a_secret_that_a_stream_ends_inside_a_few_letters_are_shown(
    key: str, data: st.DataObject, before: str
) -> None:
    """What was held back as the possible beginning of a key was let go at the end: a reply cut there showed it."""
    for end in range(len(key)):
        cuts = sorted(data.draw(st.lists(st.integers(0, end))))
        deltas = [before, *(key[a:b] for a, b in zip([0, *cuts], [*cuts, end], strict=True))]
        shown = redacted(deltas)
        assert shown == before + key[:end] or "[secret]" in shown
        assert key[:6] not in shown


@given(st.text())
def test_without_a_secret_a_stream_passes_as_it_comes(text: str) -> None:
    assert StreamRedactor(()).feed(text) == text


def test_ordinary_words_are_not_held_back() -> None:
    redactor = StreamRedactor(KEYS)
    for delta in ("It asks", " for", " sk", "ills", " a risk", "パンです", "。"):
        passed = redactor.feed(delta)
        assert passed == delta or delta == " sk" or passed == "skills"
    assert redactor.flush() == ""
