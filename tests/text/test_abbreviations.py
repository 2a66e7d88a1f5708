"""Abbreviations, initials and ordinals of many languages; the chunker is never told which one."""

from __future__ import annotations

import pytest

from tests.text.test_chunking import texts
from voicebot.text import armenian_abbreviations, cyrillic_abbreviations, indic_abbreviations, latin_abbreviations


@pytest.mark.parametrize(
    "marked",
    [
        "Harry S. Truman met J. P. Morgan.|Steven P. Jobs did not.",
        "Look at S. 5 and at p. 12.|It is there.",
    ],
)
def test_an_initial_is_not_a_page(marked: str) -> None:
    """S. and P. were "page", which is an abbreviation before numbers only: the name was torn apart."""
    assert texts(marked.replace("|", " ")) == marked.split("|")


@pytest.mark.parametrize(
    "marked",
    [
        "She lives in Pasadena, CA.|We visited her.",
        "It cost ca. 50 dollars.|Fine.",
        "The wall is 6 ft.|Then it fell.",
        "Call me in 2 hr.|Please do.",
        "Hr. Meier is in Ft. Worth.|He likes it.",
    ],
)
def test_capitals_and_numbers_tell_what_an_abbreviation_is(marked: str) -> None:
    """CA. was taken for "circa", and units for titles: the next sentence was glued to them."""
    assert texts(marked.replace("|", " ")) == marked.split("|")


@pytest.mark.parametrize(
    "marked",
    [
        "The answer: 42.|That is all.",
        "They moved to D.C.|Thus we left.",
        "At 5 a.m. Mr. Smith went out.|He left at 6 p.m.|We slept.",
    ],
)
def test_the_words_around_an_abbreviation_tell_whether_a_sentence_ends(marked: str) -> None:
    """A number behind a colon was the marker of an item, whichever it was; Thus began no sentence."""
    assert texts(marked.replace("|", " ")) == marked.split("|")


@pytest.mark.parametrize(
    "marked",
    [
        # German: nouns have capitals
        "Das war im 15. Jahrhundert.|Er kam am Montag, 5. Juli.|Sie ging.",
        "Er starb 12 n. Chr. in Rom.|Es kostet 42 Mio. Euro.|Gut.",
        # Slovak, where ordinals may stand before any word
        "Slúžil u XII. Pluku na východe, čo vieme.|Potom odišiel.",
    ],
)
def test_an_ordinal_ends_no_sentence(marked: str) -> None:
    """Behind a number and a full stop every capital letter began a sentence."""
    assert texts(marked.replace("|", " ")) == marked.split("|")


@pytest.mark.parametrize(
    "marked",
    [
        "Parlò la dott.ssa Verdi.|Ad es. Roma è bella, l'avv. Neri lo dice ecc.|Bene.",
        "Dhr. Jansen woont bijv. in Gent, mgr. Bos ook.|Goed.",
        "Mieszka przy ul. Matejki, o godz. 17.15 był św. Mikołaj itd.|Potem wyszedł.",
        "Ele mora na Av. Brasil.|O Exmo. Sr. Silva leu as págs. 3 e 4.|Depois saiu.",
        "Lea los párrs. y el párr. 5 del lun. 15 de marzo.|Gracias.",
        "Prof. Ir. Sutami tinggal di Jl. Merdeka dll.|Ia baik.",
        "De holdt Skt. Hans i byen, bl.a. Hans.|Det var sjovt.",
        "Spoločnosť napr. XYZ má kancelárie.|Sú veľké.",
        "Уважаемый проф. Семенов!|Кв. 234 находится в пгт. Мирный.|Это тут.",
        "Он жил в 1904-1905 гг.|Популяции росли и т. д.|Потом нет.",
        "Вона живе на вул. Франка, див. карту.|Він теж.",
        "Він народився у м. Києві та у с. Іванівка.|Довжина 5 м.|Пройшло 30 с.|Все.",
        "मैं डॉ. शर्मा से जी.डी.पी. पर बात करूँगा।|ठीक है।",
    ],
)
def test_abbreviations_of_other_languages_end_no_sentence(marked: str) -> None:
    """There were few for any language but English, German and French."""
    assert texts(marked.replace("|", " ")) == marked.split("|")


def test_the_groups_of_abbreviations_are_written_in_small_letters() -> None:
    """They are looked up in small letters: one with a capital would never be found."""
    for module in (latin_abbreviations, cyrillic_abbreviations, indic_abbreviations, armenian_abbreviations):
        for name, words in vars(module).items():
            if isinstance(words, frozenset):
                assert all(word == word.lower() for word in words if isinstance(word, str)), (module.__name__, name)
