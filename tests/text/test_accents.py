"""Accents of a person's own words, in what an engine would say."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from voicebot.text.accents import Phrase, with_accents


def phrases(*written: str) -> list[Phrase]:
    """Each as it is said: `カイ'ト` falls behind its second mora, `、` is a pause."""
    made = []
    for text in written:
        kana, pauses = text.rstrip("、"), text.endswith("、")
        accent = kana.index("'") if "'" in kana else len(kana)
        made.append(Phrase(tuple(kana.replace("'", "")), accent, pauses))
    return made


def shown(found: tuple[Phrase, ...]) -> list[str]:
    return [
        "".join(phrase.morae[: phrase.accent])
        + ("'" if phrase.accent < len(phrase.morae) else "")
        + "".join(phrase.morae[phrase.accent :])
        + ("、" if phrase.pauses else "")
        for phrase in found
    ]


def test_a_word_has_its_accent_and_the_particle_behind_it_stays_with_it() -> None:
    said = with_accents(phrases("カイ'トワ", "キ'マシタ"), "カイトは来ました", {"カイト": 1})
    assert shown(said) == ["カ'イトワ", "キ'マシタ"]


def test_a_word_that_the_engine_took_apart_is_put_together() -> None:
    said = with_accents(phrases("オ'オプン", "ジェ'イト", "ク'ワ、"), "オープンジェイトークは、", {})
    assert shown(said) == ["オ'オプン", "ジェ'イト", "ク'ワ、"], "nobody asked for it"
    said = with_accents(
        phrases("オ'オプン", "カ'イト", "ワ、", "イイ"), "オープンカイトは、いい", {"オープンカイト": 5}
    )
    assert shown(said) == ["オオプンカ'イト", "ワ、", "イイ"]


def test_a_word_within_a_phrase_begins_one_of_its_own() -> None:
    said = with_accents(phrases("ア'タラシイカイトデス"), "新しいカイトです", {"カイト": 0})
    assert shown(said) == ["ア'タラシイ", "カイトデス"]


def test_a_sound_that_another_word_has_too_stays_as_it_was() -> None:
    """雨 sounds like アメ: which of the two is meant is not known."""
    before = phrases("ア'メト", "アメ'ガ")
    assert with_accents(before, "雨とアメが", {"アメ": 0}) == tuple(before)


def test_a_word_is_not_found_across_a_pause_or_within_another_one() -> None:
    before = phrases("カ'イ、", "ト'ワ")
    assert with_accents(before, "下位、とはカイト", {"カイト": 1}) == tuple(before)
    before = phrases("スカイト'リ")
    assert with_accents(before, "スカイトリ", {"カイト": 1}) == tuple(before)


def test_the_longest_of_two_words_is_it() -> None:
    said = with_accents(phrases("カイトエ'ムシ"), "カイト・カイトエムシ", {"カイト": 1, "カイトエムシ": 4})
    assert shown(said) == ["カイトエ'ムシ"]


MORAE = st.lists(st.sampled_from("アイカトンー"), min_size=1, max_size=6)
PHRASES = st.lists(
    st.builds(lambda morae, at, pauses: Phrase(tuple(morae), min(at, len(morae)), pauses), MORAE, st.integers(1, 6),
              st.booleans()),
    max_size=5,
)  # fmt: skip


@given(
    PHRASES,
    st.text("アイカトンーの", max_size=9),
    st.dictionaries(st.text("アイカトンー", min_size=1), st.integers(0, 9)),
)
def test_no_mora_and_no_pause_is_lost(before: list[Phrase], text: str, accents: dict[str, int]) -> None:
    after = with_accents(before, text, accents)
    assert [mora for phrase in after for mora in phrase.morae] == [mora for phrase in before for mora in phrase.morae]
    assert sum(phrase.pauses for phrase in after) == sum(phrase.pauses for phrase in before)
    assert all(1 <= phrase.accent <= len(phrase.morae) for phrase in after)
