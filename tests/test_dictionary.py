"""The person's own words: what may be one, what a file of them may hold, and when they are heard."""

from __future__ import annotations

import json
import os
from pathlib import Path

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.virtual_time import in_virtual_time
from voicebot.app import build_pipeline
from voicebot.audio.silent import SilentOutput
from voicebot.config.models import Config
from voicebot.dictionary import (
    MOST_BYTES,
    MOST_WORDS,
    Dictionary,
    Word,
    as_voicevox,
    merged,
    new_word,
    own_words,
    parse_words,
    read_words,
    write_words,
)
from voicebot.errors import DictionaryError
from voicebot.messages import Message
from voicebot.testing import CostingSynthesizer, ScriptedChat
from voicebot.turn import speak_turn

KAITO = Word("Kaito", "カイト", 1)
VOICEVOX_ENTRY = {
    "surface": "ｔｅｓｔ",
    "priority": 5,
    "context_id": 1348,
    "part_of_speech": "名詞",
    "part_of_speech_detail_1": "固有名詞",
    "part_of_speech_detail_2": "一般",
    "part_of_speech_detail_3": "*",
    "inflectional_type": "*",
    "inflectional_form": "*",
    "stem": "*",
    "yomi": "テスト",
    "pronunciation": "テスト",
    "accent_type": 1,
    "mora_count": 3,
    "accent_associative_rule": "*",
}


def test_what_voicevox_exports_is_read_and_written_as_it_was() -> None:
    data = json.dumps({"b1affe2a-d5f0-4050-926c-f28e0c1d9a98": VOICEVOX_ENTRY}).encode()
    words = parse_words(data)
    assert words == [Word("test", "テスト", 1)]
    assert [*json.loads(as_voicevox(words)).values()] == [VOICEVOX_ENTRY]


def test_an_accent_is_told_only_where_a_person_told_it() -> None:
    """A word that was added without one was flat for VOICEVOX, whose own guess is better."""
    told, untold = new_word("Kaito", "かいと", accent_type=0), new_word("OpenJTalk", "オープンジェイトーク")
    assert own_words([told, untold, new_word("Nguyen", "win")]).accents == {"カイト": 0}
    assert parse_words(as_voicevox([told, untold]).encode()) == [told, untold]
    assert [word.with_accent().accent_type for word in (told, untold, new_word("a", "エー"))] == [0, 7, 1]


def test_every_word_comes_back_from_its_file(tmp_path: Path) -> None:
    words = [KAITO, new_word("四国めたん", "しこくめたん", accent_type=5, word_type="SUFFIX", priority=9)]
    words.append(new_word("Nguyen", "win"))
    write_words(tmp_path / "words" / "dictionary.json", words)
    assert read_words(tmp_path / "words" / "dictionary.json") == words


def test_a_word_that_is_added_again_is_said_otherwise() -> None:
    assert merged([KAITO], [new_word("ＫＡＩＴＯ", "カートー")]) == [Word("KAITO", "カートー")]
    assert len(merged([KAITO], [new_word("Kaito", "ky toe")])) == 2, "one for Japanese text, one for other text"


@pytest.mark.parametrize(
    ("surface", "pronunciation", "more"),
    [
        ("", "カ", {}),
        ("。", "カ", {}),
        ("a\x1b[31mb", "カ", {}),
        ("a\nb", "カ", {}),
        ("a" * 101, "カ", {}),
        ("漢字", "漢字", {}),
        ("漢字", "", {}),
        ("漢字", "カ" * 101, {}),
        ("漢字", "カ\x1b[2J", {}),
        ("漢字", "カ", {"accent_type": 2}),
        ("漢字", "カ", {"accent_type": -1}),
        ("漢字", "カ", {"priority": 11}),
        ("漢字", "カ", {"word_type": "NOUN"}),
    ],
)
def test_what_cannot_be_a_word_is_refused_in_words(surface: str, pronunciation: str, more: dict[str, int]) -> None:
    with pytest.raises(DictionaryError) as refused:
        new_word(surface, pronunciation, **more)  # type: ignore[arg-type] # one of them is a text
    assert refused.value.message.isprintable()
    assert len(refused.value.message) < 200


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "not a user dictionary"),
        (b'{"a": 1}', "word 1: it is not a JSON object"),
        (b'{"a": {"surface": "a"}}', "word 1: its pronunciation is not a text"),
        (b'{"a": {"surface": "a", "pronunciation": "\xe3\x82\xab", "priority": true}}', "its priority is not a number"),
        (b'{"a": {"surface": "a", "pronunciation": "\xe3\x82\xab", "accent_type": 1e400}}', "its accent_type"),
        (b" " * (MOST_BYTES + 1), "MB are too much"),
        (json.dumps({str(n): {} for n in range(MOST_WORDS + 1)}).encode(), f"{MOST_WORDS + 1} words are too many"),
    ],
)
def test_a_file_that_is_not_a_dictionary_is_refused_with_the_reason(data: bytes, told: str) -> None:
    with pytest.raises(DictionaryError, match=told):
        parse_words(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
ENTRY = st.fixed_dictionaries(
    {"surface": JSON | st.text(max_size=8), "pronunciation": JSON | st.text("アイウー", max_size=6)},
    optional={"accent_type": JSON, "priority": JSON, "part_of_speech": JSON, "part_of_speech_detail_1": JSON},
)


@given(st.dictionaries(st.text(max_size=3), ENTRY | JSON, max_size=3))
def test_whatever_a_file_holds_it_is_words_or_refused(entries: dict[str, object]) -> None:
    try:
        words = parse_words(json.dumps(entries).encode())
    except DictionaryError:
        return
    assert parse_words(as_voicevox(words).encode()) == words


def test_a_changed_file_is_heard_in_the_next_reply(tmp_path: Path) -> None:
    path = tmp_path / "dictionary.json"
    dictionary = Dictionary(path)
    assert not dictionary.words().kana
    write_words(path, [KAITO])
    assert dictionary.words().kana
    path.write_text("{")
    os.utime(path, (1, 1))
    assert dictionary.words().kana, "the words of before"
    assert dictionary.fault is not None


def test_own_words_reach_the_engine_in_every_reply(tmp_path: Path) -> None:
    path = tmp_path / "dictionary.json"
    write_words(path, [KAITO])
    voice = CostingSynthesizer()
    pipeline = build_pipeline(
        Config(),
        chat=ScriptedChat([(0.0, "Kaitoが来ました。")]),
        synthesizer=voice,
        output=SilentOutput(realtime=False),
        words=Dictionary(path).words,
    )

    async def body() -> None:
        await speak_turn([Message("user", "?")], pipeline, emit=lambda _: None, scope=anyio.CancelScope())

    in_virtual_time(body)
    assert voice.said == ["カイトが来ました。"]
