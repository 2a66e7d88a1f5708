"""Which language somebody means, and which voice speaks it best."""

from __future__ import annotations

import pytest

from voicebot.text.language_tags import closest, language_name, language_tag, nearest_language

TAGS = [
    ["cmn"],
    ["cmn-latn-pinyin"],
    ["en-029"],
    ["en-gb"],
    ["en-us"],
    ["en-us-nyc"],
    ["ja"],
    ["pt"],
    ["pt-br"],
    ["yue"],
]
"""As espeak-ng lists them, in its order."""


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("English", "en"),
        ("英語", "en"),
        ("eng", "en"),
        ("en_US.UTF-8", ""),
        ("en_US", "en-us"),
        ("ja-JP", "ja-jp"),
        ("ＪＡ", "ja"),
        ("jp", "ja"),
        ("日本語", "ja"),
        ("zh", "cmn"),
        ("zh-Hans-CN", "cmn-hans-cn"),
        ("zh-HK", "yue-hk"),
        ("中国語", "cmn"),
        ("no", "nb"),
        ("Deutsch", "de"),
        ("Português", "pt"),
        ("gmw/en", ""),
        ("Zira", ""),
        ("", ""),
    ],
)
def test_a_language_is_known_by_its_names_and_by_its_codes(name: str, tag: str) -> None:
    assert language_tag(name) == tag


@pytest.mark.parametrize(
    ("wanted", "best"),
    [
        ("zh", "cmn"),
        ("zh-TW", "cmn"),
        ("zh-HK", "yue"),
        ("en", "en-us"),
        ("en-GB", "en-gb"),
        ("en-AU", "en-us"),
        ("en-US", "en-us"),
        ("ja-JP", "ja"),
        ("pt", "pt"),
        ("pt-BR", "pt-br"),
        ("pt-PT", "pt"),
        ("Cantonese", "yue"),
    ],
)
def test_the_voice_that_comes_closest_is_the_first(wanted: str, best: str) -> None:
    assert TAGS[closest(language_tag(wanted), TAGS)[0]] == [best]


def test_no_voice_of_another_language_is_ever_close() -> None:
    for wanted in ("ko", "de-AT", "es"):
        assert closest(wanted, TAGS) == []
    assert {TAGS[number][0].split("-")[0] for number in closest("en", TAGS)} == {"en"}
    assert closest("ja", [["ja_JP"], []]) == [0]


def test_a_slip_in_the_name_of_a_language_is_understood() -> None:
    """Japanisch brought Danish up, and a voice whose id looked alike."""
    assert language_name(nearest_language("Japanisch")) == "Japanese"
    assert language_name(nearest_language("Englisch")) == "English"
    assert nearest_language("ずんだもん") == ""
    assert language_name("cmn-tw") == "Chinese"
