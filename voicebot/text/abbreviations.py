"""What a full stop may belong to: abbreviations, initials, ordinals, list markers; and names that end in a mark.

A question that the characters seen so far cannot answer is answered with None: ask again when there is more.
"""

from __future__ import annotations

import re
from typing import Literal

from voicebot.text.characters import is_cjk
from voicebot.text.patterns import compiled, word_set

NAMES_WITH_MARK = ("Yahoo!", "Jeopardy!", "Mamma Mia!", "モーニング娘。", "ゲスの極み乙女。")
"""Names that end in the mark of a sentence."""
NAME_ENDS = frozenset(name[-2:] for name in NAMES_WITH_MARK)

_TITLES = word_set(
    "attn ee pck pkt std el tl mr mrs ms mx dr drs prof st mt ft messrs adm brig pvt pfc insp det supt amb atty p.s "
    "p.p.s n.b v mme mlle gen col lt sgt capt cmdr cpl maj rev hon gov sen rep pres fr sra srta sres dra profa av ud "
    "uds dña lic ing dott dott.ssa prof.ssa avv geom sig sigg dipl herr hr mag exc exmo nr bd hrsg e.g i.e eg ie vs "
    "cf viz ca z.b d.h u.a bzw evtl ggf inkl zzgl vgl approx resp p.ej pág págs т.е т.к т.н г ул им тыс млн млрд руб "
    "см св"
)
"""A sentence never ends behind these."""
_ENDINGS = word_set(
    "etc inc ltd co corp bros llc plc gmbh jr sr esq jan feb mar apr jun jul aug sep sept oct nov dec mon tue tues "
    "wed thu thur thurs fri sat sun ave blvd rd ln hwy dept univ assn est min mins hr hrs sec secs oz lb lbs yd km "
    "tel ext misc usw uvm env ss avda т.д т.п др гг usd u.s u.s.a u.k e.u u.n d.c a.d b.c ph.d m.d b.a m.a a.m p.m "
    "max temp avg intl natl al gal tsp tbsp pkg rte"
)
"""A sentence may end behind these: the next word tells."""
_BEFORE_NUMBER = word_set(
    "pag pagg rm apt ste no nos nr n° nº № fig figs eq eqs p pp vol vols ch chap sec sect art env núm par para pt ver "
    "v op ex ed tab s str bd"
)
"""These are abbreviations only before a number."""
_ALSO_WORDS = word_set("mar sun sat wed fri max gen col rep pres mag exc temp el tl std")
"""These are abbreviations only with a capital letter."""
_LABELS = word_set(
    "plan vitamin option type class grade section part team group figure appendix point step letter hepatitis product "
    "answer choice question item phase tier level model exhibit building gate terminal platform room and or than "
    "formula channel"
)
_BEHIND_TIMES = word_set("eastern central mountain pacific monday tuesday wednesday thursday friday saturday sunday")
_ORDINAL_BEFORE = word_set("am vom der dem den im zum die das des bis seit ab jeden")
SENTENCE_STARTERS = word_set(
    "nobody everybody everyone someone somebody nothing everything something afterwards today yesterday tomorrow "
    "later soon finally eventually nowadays currently recently usually sometimes often additionally furthermore "
    "moreover otherwise instead overall next first second third together during between within whenever whether "
    "unlike besides generally typically fortunately unfortunately luckily again the a an i he she it we they you this "
    "that these those there here my our your his her its their what when where why how who which is are do does did "
    "was were has have had can could would should will may in if on at by for from with without and but or so then "
    "now yes no not please let thanks thank also however after before since although because while as both all each "
    "some many most maybe perhaps another once until unless despite even just only still sorry sure okay ok well "
    "meanwhile therefore mr mrs ms der die das er sie es wir ich und aber wenn le la les il elle je nous vous on el "
    "los las yo ella pero si и он она мы я но"
)
_LEADING = "\"'“‘(（[{«„*_「『>¿¡-–—#"
_WITHIN_WORD = r"[(\[/\-–—~\u3001-\u30ff\u3400-\u9fff\uff01-\uff20]"
_ELIDED = re.compile(r"(?:l|d|un|dell|all|nell|dall|sull|qu)['’](?=\w{2})", re.IGNORECASE)
"""French and Italian: l'avv., d'env."""
_INITIALS = re.compile(r"(?:[^\W\d_]\.)*[^\W\d_]")
_DOTTED = re.compile(r"(?:[^\W\d_]{1,2}\.)+[^\W\d_]{1,2}")
_WORD = re.compile(r"[^\W\d_]*")
_LIST_MARKER = re.compile(r"[\s>]*(?:#{1,6}\s+)?(?:[-*+•⁃‣◦]\s*)?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,4})")

Ending = Literal["word", "never", "by next word", "before number", "initial", "ordinal"]


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
    if not word.isascii() and is_cjk(word[-1:]):
        return "word", previous, word
    word = _ELIDED.sub("", compiled(_WITHIN_WORD).split(word)[-1])
    lower = word.lower()
    if lower in _TITLES:
        return ("word" if lower in _ALSO_WORDS and not word[:1].isupper() else "never"), previous, word
    if lower in _BEFORE_NUMBER:
        return "before number", previous, word
    if lower in _ENDINGS:
        return ("word" if lower in _ALSO_WORDS and not word[:1].isupper() else "by next word"), previous, word
    if len(word) == 1 and word.isalpha():
        return "initial", previous, word
    if _DOTTED.fullmatch(word) is not None:
        return "by next word", previous, word
    if word.isdigit() and len(word) <= 2:
        marks_item = text[max(0, dot - 40) : dot].removesuffix(word).rstrip()[-1:] in (":", "：")  # Steps: 1. Boil
        return ("never" if marks_item else "ordinal"), previous, word
    return "word", previous, word


def ends_before_word(
    ending: Ending, previous: str, word: str, text: str, start: int, end: int, final: bool
) -> bool | None:
    """Whether a sentence ends behind `word` and its full stop when the word at `text[start]` comes next."""
    if ending in ("word", "before number"):
        return True
    if ending == "never":
        return False
    if word.lower() in ("etc", "usw", "т.д", "т.п"):
        return text[start].isupper()
    if word.lower() in ("a.m", "p.m"):  # "6 p.m. EST" and "6 p.m. Eastern" go on
        following = _WORD.match(text, start, min(end, start + 12))
        assert following is not None
        if following.end() == end and not final and end - start < 12:
            return None
        return text[start].isupper() and not following[0][1:2].isupper() and following[0].lower() not in _BEHIND_TIMES
    if ending == "ordinal" and previous.lower() not in _ORDINAL_BEFORE:
        return True
    following = _WORD.match(text, start, min(end, start + 24))
    assert following is not None
    next_word, stop = following[0].lower(), following.end()
    if stop == end and not final and len(next_word) < 24:
        return None
    if ending == "ordinal":
        return next_word in SENTENCE_STARTERS
    if ending == "initial":
        return _ends_behind_letter(previous, word, next_word, text[stop : stop + 1])
    return next_word in SENTENCE_STARTERS


def _ends_behind_letter(previous: str, letter: str, next_word: str, behind: str) -> bool:
    """ "plan B. Thanks" ends, "J. Smith" and "Jonas E. Smith" do not."""
    if len(next_word) == 1 and behind == "." and next_word != "i":
        return False
    if previous.lower() in _LABELS or letter.islower():
        return True
    return next_word in SENTENCE_STARTERS and (
        previous[:1].islower() or (bool(previous) and not _INITIALS.fullmatch(previous.rstrip(".")))
    )
