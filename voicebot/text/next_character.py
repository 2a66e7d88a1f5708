"""What the next visible character behind a mark says: does a sentence begin with it?

A question that the characters seen so far cannot answer is answered with None: ask again when there is more.
"""

from __future__ import annotations

import re

from voicebot.text.abbreviations import begins_in_small, ending_before, ends_before_word, ends_name, is_starter
from voicebot.text.characters import DASHES, LETTER, NEWLINES, OPENERS, is_cjk, is_hangul, starts_lower
from voicebot.text.holds import is_emphasis_open
from voicebot.text.marks import Mark
from voicebot.text.particles import PARTICLE_ENDS, begins_sentence
from voicebot.text.quotations import is_said_by

_OPENING_MARKS = frozenset("\"'“‘„«(（[【「『《{¿¡*_#`~<")
_CONTINUES = frozenset("、，､,;:；：・=~～〜ー—―–-/&%+)」』）]】}」|^")
_SHORTEST_KNOWN_WORD = 4
"""Characters of a word that is hardly an abbreviation, if it ends in a vowel: those are cut off before one."""
_SHORTEST_KNOWN_NAME = 6
_VOWEL_ENDS = frozenset("aeiouyáéíóúàèìòùâêîôûäöüåãõąęаеёиоуыэюяіїєάέήίόύώαεηιουως")
_LONGEST_DASH = 4
"""Characters, with the spaces behind it."""
_SPACED_ELLIPSIS = re.compile(r"[^\s.] \. \. \.\Z")
_CYRILLIC_SMALL = re.compile("[\u0430-\u045f\u0491-\u04ff]{4}")


def ends_before(text: str, mark: Mark, at: int, end: int, final: bool) -> bool | None:
    """Whether a sentence ends at `mark.cut` when the next visible character is text[at]; None: more has to be seen."""
    character, kind = text[at], mark.kind
    glued = at == mark.cut
    ascii_mark = text[mark.at].isascii()
    if kind == "delimiter":
        return _decide_delimiter(text, mark, at)
    if character in NEWLINES:
        return True
    if character == "<":
        return not (glued and ascii_mark) or kind in ("mark", "quote")
    if kind == "full stop" or (kind == "mark" and ends_name(text, mark.at)):
        if ends_name(text, mark.at):
            return character.isupper() and not glued and character.isascii()
        return True
    if is_cjk(character):
        return _decide_before_cjk(text, mark, at, end, final)
    if text[mark.at] == "．":
        return not character.isdigit()
    if glued and ascii_mark:
        if kind == "mark" and character.isdigit():  # なさいますか?3名様
            return is_cjk(_before_mark(text, mark))
        if kind == "dot" and character.isupper() and (character > "\u0400" or character in "IVX"):  # Текст.Ещё
            return _CYRILLIC_SMALL.fullmatch(text, max(0, mark.at - 4), mark.at) is not None
        return (character in "「『" or (kind != "dot" and character in '“"*')) and is_cjk(_before_mark(text, mark))
    if glued:
        if kind == "quote" and character in OPENERS and _is_quoted_within(text, mark):
            return False
        return _decide_glued(mark, character)
    return _decide_after_space(text, mark, at, end, final)


def _is_quoted_within(text: str, mark: Mark) -> bool:
    """Whether the sentence began before the quotation: 彼は「なぜ？」「どうして？」と…"""
    return LETTER.search(text, 0, mark.opened) is not None


def _decide_after_dash(text: str, dash: int, end: int, final: bool) -> bool | None:
    """— Ты слышишь? — спросил кот: a sentence goes on in small letters behind the dash, or behind " - "."""
    at, stop = dash + 1, min(end, dash + _LONGEST_DASH)
    while at < stop and (text[at] == "-" or (text[at].isspace() and text[at] not in NEWLINES)):
        at += 1
    if at == stop:
        return None if not final and end < dash + _LONGEST_DASH else True
    return (text[dash] == "-" and at == dash + 1) or not text[at].islower()


def _is_korean(text: str, mark: Mark) -> bool:
    return any(is_hangul(character) for character in text[: mark.at])


def _before_mark(text: str, mark: Mark) -> str:
    return text[mark.at - 1] if mark.at > 0 else " "


def _decide_delimiter(text: str, mark: Mark, at: int) -> bool:
    character, delimiter = text[at], text[mark.at]
    if character in NEWLINES or is_cjk(character) or character in "「『（【《":
        return not (delimiter == "." and ending_before(text, mark.at)[0] == "before number")
    return not delimiter.isascii() and not (delimiter in "．，：" and character.isdigit())


def _decide_before_cjk(text: str, mark: Mark, at: int, end: int, final: bool) -> bool | None:
    kind = mark.kind
    if kind == "ellipsis":
        return False
    if kind == "emoji":
        before = text[: mark.at].rstrip()[-1:] if at > mark.cut else _before_mark(text, mark)
        if before in PARTICLE_ENDS or not (is_cjk(before) or before in "~～"):
            return False
    if kind == "dot" and text[mark.at] == ".":
        ending, _, _ = ending_before(text, mark.at)
        if ending not in ("word", "ordinal"):
            return False
        if ending == "ordinal" and (at == mark.cut or is_hangul(text[at])):
            return False
    if kind == "quote" and at == mark.cut and is_hangul(text[at]):
        return False
    if kind == "quote" and (said := is_said_by(text, at, end, final)) is not False:
        return None if said is None else False
    if kind == "quote" and at == mark.cut and text[at] == "で":  # 「…」でも is "even with", でも、 begins a sentence
        if end - at < 3 and not final:
            return None
        return text[at + 2 : at + 3] == "、" and begins_sentence(text, at, end, wide=True, final=final)
    if "\u3041" <= text[at] <= "\u309f" and at == mark.cut:
        return begins_sentence(text, at, end, wide=kind != "mark", final=final)
    return True


def _decide_glued(mark: Mark, character: str) -> bool:
    """Directly behind a full-width mark, an emoji or a closing bracket."""
    if character in _CONTINUES:
        return False
    if mark.kind == "ellipsis":
        return False
    if mark.kind in ("quote", "emoji", "action"):
        return character in _OPENING_MARKS or character.isupper()
    return True


def _decide_after_space(text: str, mark: Mark, at: int, end: int, final: bool) -> bool | None:
    kind = mark.kind
    if kind in ("dot", "mark") and text[at] in _OPENING_MARKS and text[at] not in "(（[<":
        return kind == "mark" or ending_before(text, mark.at)[0] in (
            "word",
            "ordinal",
        )
    first, stop = at, min(end, at + 6)
    while first < stop and text[first] in _OPENING_MARKS:
        first += 1
    if first == stop:
        if stop < at + 6 and not final:
            return None
        return kind != "ellipsis"
    opened, letter = first > at, text[first]
    if opened and is_cjk(letter):
        return kind not in ("ellipsis", "dot") or is_cjk(_before_mark(text, mark))
    if letter.islower():
        if kind == "ellipsis" and text[at] == "*" and text[at + 1 : at + 2] != "*":
            return True
        small = _decide_before_small(text, mark, opened, text[at])
        return small or _begins_in_small(text, mark, first, end, final)
    if kind == "ellipsis":
        return _decide_after_ellipsis(text, mark, first, end, final)
    if kind == "quote":
        if text[mark.opened] == "(" and _is_quoted_within(text, mark):
            return _begins_behind_bracket(text, mark, first, end, final)
        if text[at] in "([":
            return False
        said = is_said_by(text, first, end, final) if letter.isalpha() and mark.quoted else False
        return None if said is None else not said and (letter.isalnum() or opened)
    if letter == "," and kind in ("dot", "mark"):  # ,,a low quotation mark as people type it''
        return None if first + 1 >= end and not final else text[first + 1 : first + 2] == ","
    if kind == "dot":
        if not letter.isalnum():
            return letter not in "&,;:/|§" and ending_before(text, mark.at)[0] in (
                "word",
                "ordinal",
            )
        ending, previous, word = ending_before(text, mark.at)
        if letter.isdigit():
            return ending == "word" or (ending == "ordinal" and not _is_korean(text, mark))  # 11. 30.
        return ends_before_word(ending, previous, word, text, first, end, final)
    if kind == "emoji":
        return letter.isalnum() and not (
            _before_mark(text, mark) == " " and text[max(0, mark.at - 3) : mark.at].strip() == "I"
        )
    if (letter in DASHES or letter == "-") and kind == "mark":
        return _decide_after_dash(text, first, end, final)
    return letter not in "&,;"


def _decide_before_small(text: str, mark: Mark, opened: bool, opener: str) -> bool:
    kind = mark.kind
    if kind in ("ellipsis", "action"):
        return False
    small_style = starts_lower(text, mark.at)
    if kind == "dot":
        ending, _, word = ending_before(text, mark.at)
        return (small_style or opened) and ending == "word" and len(word) > 1
    if kind == "quote":
        return opened and opener not in "(["
    return small_style or (opened and opener not in "([")


def _begins_in_small(text: str, mark: Mark, first: int, end: int, final: bool) -> bool | None:
    """Whether a sentence begins with a small letter behind one that began with a capital: "Great! i can help"."""
    if mark.kind not in ("dot", "mark") or is_emphasis_open(text, mark.at):
        return False
    if mark.kind == "dot":
        ending, _, word = ending_before(text, mark.at)
        fewest = _SHORTEST_KNOWN_WORD if word.islower() else _SHORTEST_KNOWN_NAME
        if ending != "word" or len(word) < fewest or not word.isalpha() or not word[1:].islower():
            return False
        if word[-1] in _VOWEL_ENDS:
            return True
    return begins_in_small(text, first, end, final)


def _begins_behind_bracket(text: str, mark: Mark, first: int, end: int, final: bool) -> bool | None:
    """ "(198 pounds.) However," ends behind the bracket, "(late. Very late.) again" and "(Acme Inc.) Tower" do not."""
    if not text[first].isupper() or (text[mark.at] == "." and ending_before(text, mark.at)[0] != "word"):
        return False
    return is_starter(text, first, end, final)


def _decide_after_ellipsis(text: str, mark: Mark, first: int, end: int, final: bool) -> bool | None:
    """ "Wait... Did you", not "Hmm... I think" nor "from 3 ... 5"."""
    if not text[first].isupper() or _SPACED_ELLIPSIS.search(text, max(0, mark.cut - 8), mark.cut) is not None:
        return False
    if text[first] != "I":
        return True
    if first + 1 >= end and not final:
        return None
    return text[first + 1 : first + 2].isalpha() or len(text[: mark.at].split()) > 2
