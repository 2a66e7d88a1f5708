"""What a full stop may belong to: abbreviations, initials, ordinals, list markers; and names that end in a mark.

A question that the characters seen so far cannot answer is answered with None: ask again when there is more.
"""

from __future__ import annotations

import re
from typing import Literal

from voicebot.text import armenian_abbreviations as armenian
from voicebot.text import cyrillic_abbreviations as cyrillic
from voicebot.text import indic_abbreviations as indic
from voicebot.text import latin_abbreviations as latin
from voicebot.text.characters import is_cjk
from voicebot.text.patterns import compiled, word_set

NAMES_WITH_MARK = ("Yahoo!", "Jeopardy!", "Mamma Mia!", "モーニング娘。", "ゲスの極み乙女。")
"""Names that end in the mark of a sentence."""
NAME_ENDS = frozenset(name[-2:] for name in NAMES_WITH_MARK)

Ending = Literal["word", "never", "before capital", "by next word", "before number", "initial", "ordinal"]

_ENDINGS: dict[str, Ending] = {
    **dict.fromkeys(latin.BY_NEXT_WORD | cyrillic.BY_NEXT_WORD, "by next word"),
    **dict.fromkeys(latin.BEFORE_CAPITAL | cyrillic.BEFORE_CAPITAL, "before capital"),
    **dict.fromkeys(latin.BEFORE_NUMBER | cyrillic.BEFORE_NUMBER, "before number"),
    **dict.fromkeys(latin.NEVER | cyrillic.NEVER | indic.NEVER | armenian.NEVER, "never"),
}
_BEHIND_NUMBER = latin.BEHIND_NUMBER | cyrillic.BEHIND_NUMBER
SENTENCE_STARTERS = latin.SENTENCE_STARTERS | cyrillic.SENTENCE_STARTERS
_SMALL_STARTERS = latin.SMALL_STARTERS | cyrillic.SMALL_STARTERS
_LABELS = word_set(
    "plan vitamin option type class grade section part team group figure appendix point step letter hepatitis product "
    "answer choice question item phase tier level model exhibit building gate terminal platform room and or than "
    "formula channel"
)
_BEHIND_TIMES = word_set("eastern central mountain pacific monday tuesday wednesday thursday friday saturday sunday")
_ORDINAL_BEFORE = word_set(
    "am vom der dem den im zum die das des bis seit ab jeden jedem diesem dieser einem seinem seinen ihrem ihren beim "
    "zur og till"
)
_BEFORE_RESULT = frozenset({"is", "are", "was", "were"})
"""Behind these a number is not an ordinal: the answer is 42."""
_ORDINAL_LETTERS = "[ěščřžýůťďňľĺŕőűæø]"
"""Of languages that write ordinals with a full stop, before words with a small letter or a capital."""
_LEADING = "\"'“‘(（[{«„*_「『>¿¡-–—#"
_WITHIN_WORD = r"[(\[/\-–—~\u3001-\u30ff\u3400-\u9fff\uff01-\uff20]"
_ELIDED = re.compile(r"(?:l|d|un|dell|all|nell|dall|sull|qu)['’](?=\w{2})", re.IGNORECASE)
"""French and Italian: l'avv., d'env."""
_INITIALS = re.compile(r"(?:[^\W\d_]\.)*[^\W\d_]")
_DOTTED = re.compile(r"(?:[^\W\d_]{1,2}\.)+[^\W\d_]{1,2}")
_WORD = re.compile(r"[^\W\d_]*")
_SHORTEST_STREET = 5
"""Characters: Goethestr."""
_ONLY_TIME = re.compile(r"\s*(?:At|By|Around|About|Since|From|Until|Before|After)\s+[\d:.]+\s*")
"""At 5 a.m. Mr. Smith …"""
_ONLY_YEARS = re.compile(r"\s*[ВвСсКкУуОо]\w{0,2}\s+[\d\-–— ]+гг?\.\s")
"""В 2010-2012 гг. Виктор …"""
_NAME_PARTS = frozenset({"de"})
"""These begin sentences in some languages, and names in others: J. De Witt."""
_ROMAN_NUMBER = re.compile(r"[IVX]+")
_ROMAN = re.compile(r"[IVXLC]{2,6}")
_LIST_MARKER = re.compile(r"[\s>]*(?:#{1,6}\s+)?(?:[-*+•⁃‣◦]\s*)?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,4})")


def ends_name(text: str, at: int) -> bool:
    """Whether text[at] is the last character of a name such as モーニング娘。"""
    return text[max(0, at - 16) : at + 1].endswith(NAMES_WITH_MARK)


def is_list_marker(text: str, start: int, end: int) -> bool:
    """Whether `text[start:end]`, which a full stop or bracket follows, marks a list item: "1", "- 2", "a"."""
    return end - start <= 16 and _LIST_MARKER.fullmatch(text, start, end) is not None


def ending_before(text: str, dot: int) -> tuple[Ending, str, str]:
    """What the word before the full stop `text[dot]` is, the word before that one, and the word."""
    words = text[max(0, dot - 40) : dot].rsplit(None, 2)
    if not words:
        return "word", "", ""
    word = words[-1].lstrip(_LEADING)
    previous = words[-2].lstrip(_LEADING) if len(words) > 1 else ""
    if not (word.isascii() and word.isalpha()):
        if is_cjk(word[-1:] or " "):
            return "word", previous, word
        word = _ELIDED.sub("", compiled(_WITHIN_WORD).split(word)[-1])
        if len(word) == 1 and words[-1][-2:-1] == "/":  # km/h
            return "word", previous, word
    return _ending_of(word, previous, text, dot), previous, word


def _ending_of(word: str, previous: str, text: str, dot: int) -> Ending:
    lower = word.lower()
    listed = _ENDINGS.get(lower)
    if listed is None and "\u0900" <= word[:1] <= "\u097f":  # जी.डी.पी.
        listed = _ENDINGS.get(lower.rpartition(".")[2])
    if listed is not None:
        return _listed_ending(listed, word, lower, previous)
    if len(word) == 1 and word.isalpha():
        return "initial"
    if lower.endswith("str") and len(word) > _SHORTEST_STREET:
        return "before number"
    if (previous.lower(), lower) in latin.PAIRS:
        return "never"
    if _DOTTED.fullmatch(word) is not None:
        return "by next word"
    if word.isdigit() and len(word) <= 2:
        before = text[max(0, dot - 40) : dot].removesuffix(word).rstrip()[-1:]
        return "never" if word == "1" and before in (":", "：") else "ordinal"  # Steps: 1. Boil
    if word.isupper() and _ROMAN.fullmatch(word) is not None and compiled(_ORDINAL_LETTERS).search(text, 0, dot):
        return "ordinal"
    return "word"


def _listed_ending(listed: Ending, word: str, lower: str, previous: str) -> Ending:
    """What a word that may be an abbreviation is, by its capitals and the word before."""
    if lower in latin.ALSO_WORDS and not word[:1].isupper():
        return "before number" if lower in latin.BEFORE_NUMBER else "word"
    if (lower in _BEHIND_NUMBER or lower in cyrillic.UNITS) and previous[-1:].isdigit():
        return "by next word" if lower in _BEHIND_NUMBER else "before capital"
    if len(word) == 1 and listed == "before number" and word.isupper():
        return "initial"
    if word.isupper() and lower in latin.NOT_IN_CAPITALS:
        return "word"
    return listed


def ends_before_word(
    ending: Ending, previous: str, word: str, text: str, start: int, end: int, final: bool
) -> bool | None:
    """Whether a sentence ends behind `word` and its full stop when the word at `text[start]` comes next."""
    if ending == "word" or (ending == "ordinal" and previous in _BEFORE_RESULT):
        return True
    if ending == "before number":
        return _is_no_roman(text, start, end, final)
    if ending == "never":
        return False
    if ending == "before capital":
        return text[start].isupper() and _ONLY_YEARS.match(text) is None
    if word.lower() in ("a.m", "p.m"):  # "6 p.m. EST" and "6 p.m. Eastern" go on
        following = _WORD.match(text, start, min(end, start + 12))
        assert following is not None
        if following.end() == end and not final and end - start < 12:
            return None
        if _ONLY_TIME.fullmatch(text, 0, text.rfind(word, 0, start)):
            return False
        return text[start].isupper() and not following[0][1:2].isupper() and following[0].lower() not in _BEHIND_TIMES
    following = _WORD.match(text, start, min(end, start + 24))
    assert following is not None
    next_word, complete = following[0].lower(), following.end() < end or final or end - start >= 24
    if ending == "ordinal" and not _is_ordinal_place(previous, text, start):
        if not complete and any(date.startswith(next_word) for date in latin.DATE_WORDS):
            return None
        return next_word not in latin.DATE_WORDS
    if not complete:
        return None
    if ending == "initial":
        return _ends_behind_letter(previous, word, next_word, text[following.end() : following.end() + 1])
    return next_word in SENTENCE_STARTERS or next_word in _NAME_PARTS


def _is_ordinal_place(previous: str, text: str, end: int) -> bool:
    """Whether a number with a full stop behind `previous` is probably an ordinal."""
    return previous.lower() in _ORDINAL_BEFORE or compiled(_ORDINAL_LETTERS).search(text, 0, end) is not None


def _is_no_roman(text: str, start: int, end: int, final: bool) -> bool | None:
    """Whether the word at text[start] is not one of II, IV, X …, as in "s. XV"; "I" is a word."""
    if text[start] not in "IVX":
        return True
    following = _WORD.match(text, start, min(end, start + 8))
    assert following is not None
    if following.end() == end and not final and end - start < 8:
        return None
    return following[0] == "I" or _ROMAN_NUMBER.fullmatch(following[0]) is None


def is_starter(text: str, start: int, end: int, final: bool) -> bool | None:
    """Whether the word at `text[start]` often begins a sentence."""
    return _is_word_of(SENTENCE_STARTERS, text, start, end, final)


def begins_in_small(text: str, start: int, end: int, final: bool) -> bool | None:
    """Whether the word at `text[start]` is one that begins a sentence even with a small letter."""
    return _is_word_of(_SMALL_STARTERS, text, start, end, final)


def _is_word_of(words: frozenset[str], text: str, start: int, end: int, final: bool) -> bool | None:
    following = _WORD.match(text, start, min(end, start + 24))
    assert following is not None
    if following.end() == end and not final and end - start < 24:
        return None
    return following[0].lower() in words


def _ends_behind_letter(previous: str, letter: str, next_word: str, behind: str) -> bool:
    """ "plan B. Thanks" ends, "J. Smith", "Jonas E. Smith" and "n. Chr." do not."""
    if next_word == "chr":
        return False
    if len(next_word) == 1 and behind == "." and next_word != "i":
        return False
    if previous.lower() in _LABELS or letter.islower():
        return True
    return next_word in SENTENCE_STARTERS and (
        previous[:1].islower() or (bool(previous) and not _INITIALS.fullmatch(previous.rstrip(".")))
    )
