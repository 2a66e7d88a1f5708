"""What is known of scripts and languages: characters, graphemes, abbreviations, particles, how long text takes to say.

A question that the characters seen so far cannot answer is answered with None: ask again when there is more.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Literal

# ---------------------------------------------------------------- characters

NEWLINES = "\n\r\u2028\u2029\x85"
FULL_STOPS = "。｡।॥。።။۔។"
"""These end a sentence whatever comes next."""
EXCLAIMS = "!?！？‼⁇⁈⁉؟՞"
ELLIPSES = "…‥"
MARKS = frozenset(FULL_STOPS + EXCLAIMS + ELLIPSES + ".．")
STRONG_MARKS = frozenset(FULL_STOPS + EXCLAIMS + ".．")
CLAUSE_MARKS = "、，､,;；:：،؛—―–"
DASHES = "—―–"
OPENERS = frozenset("(（[［{｛「『【〔《〈〖｢“„")
CLOSERS = frozenset(")）]］}｝」』】〕》〉〗｣”")
TOGGLES = frozenset('"«»＂')
"""Quotation marks that open and close."""
STUCK_CLOSERS = CLOSERS | TOGGLES | frozenset("'’‘“›*_~`")
"""What may stand between the mark of a sentence and its end, without a blank."""
_EMOJI_RANGES = (
    "\u2600-\u2775\u2b00-\u2bff\U0001f000-\U0001faff\U0001fb00-\U0001fbff\u231a-\u23ff\u3030\u303dｗㅋㅎㅠㅜ"
)
DECORATION_CLASS = _EMOJI_RANGES
DECORATION = re.compile(f"[{_EMOJI_RANGES}\u200d\ufe0e\ufe0f\U000e0020-\U000e007f]")
"""Emoji, musical notes and what glues emoji together: nobody says them."""
LETTER = re.compile(r"[^\W_]")
_FIRST_ALPHABETIC = re.compile(r"[^\W\d_]")
_JAPANESE = re.compile(
    "[\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fd-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff\uff66-\uff9d々〆〇\U00020000-\U0003ffff]"
)


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """The pattern, compiled when it is first needed: together they would cost the start 15 ms."""
    return re.compile(pattern)


def has_speech(text: str) -> bool:
    """Whether there is any letter or digit, in any script."""
    return LETTER.search(text) is not None


def is_japanese(text: str) -> bool:
    """Whether there is any kana or kanji (Chinese text counts too)."""
    return _JAPANESE.search(text) is not None


def is_cjk(character: str) -> bool:
    """Whether `character` is written without blanks around it: kana, kanji, hangul."""
    return character >= "\u3005" and (
        "\u3041" <= character <= "\u30ff"
        or "\u3400" <= character <= "\u9fff"
        or "\uac00" <= character <= "\ud7a3"
        or character <= "\u3007"
        or "\u31f0" <= character <= "\u31ff"
        or "\uf900" <= character <= "\ufaff"
        or "\uff66" <= character <= "\uff9d"
        or "\U00020000" <= character <= "\U0003ffff"
    )


def is_hangul(character: str) -> bool:
    """Whether `character` is a Korean syllable: blanks part the words, particles are glued to them."""
    return "\uac00" <= character <= "\ud7a3"


def is_numeral(character: str) -> bool:
    """Whether `character` is a digit, or a kanji that writes a number: no comma parts 二、三日."""
    return character.isdecimal() or character in "一二三四五六七八九十百千万数"


def starts_lower(text: str, start: int, end: int) -> bool:
    """Whether the first letter of `text[start:end]` is a small one, as in chats without capitals."""
    first = _FIRST_ALPHABETIC.search(text, start, end)
    return first is not None and first[0].islower()


class _Seconds(dict[int, float]):
    """Seconds by code point, filled as characters are met."""

    def __missing__(self, point: int) -> float:
        character = chr(point)
        if character in "ゃゅょぁぃぅぇぉャュョァィゥェォ":
            seconds = 0.0
        elif "\u3400" <= character <= "\u9fff":
            seconds = 1.8 / 7
        elif (
            "\u3040" <= character <= "\u30ff" or "\uff66" <= character <= "\uff9d" or "\uac00" <= character <= "\ud7a3"
        ):
            seconds = 1 / 7
        elif character.isdigit():
            seconds = 2 / 7
        elif character.isalpha() or character == " ":
            seconds = 1 / 15
        elif character in "、,，;；:：—…":
            seconds = 0.2
        elif character in "。！？!?｡．.।؟":
            seconds = 0.3
        else:
            seconds = 0.0
        if len(self) < 20_000:
            self[point] = seconds
        return seconds


_SECONDS = _Seconds()


def speech_seconds(text: str) -> float:
    """Roughly how long `text` takes to say, in seconds: 7 mora a second (1.8 a kanji), 15 letters a second, pauses."""
    seconds = _SECONDS
    return sum([seconds[ord(character)] for character in text])


# ---------------------------------------------------------------- graphemes


def extends(character: str) -> bool:
    """Whether `character` always belongs to the one before it (Unicode's Extend, SpacingMark and ZWJ)."""
    if character < "\u0300":
        return False
    return (
        character in "\u200c\u200d\uff9e\uff9f\u0e33\u0eb3"
        or "\U0001f3fb" <= character <= "\U0001f3ff"
        or "\U000e0020" <= character <= "\U000e007f"
        or unicodedata.category(character) in ("Mn", "Me", "Mc")
    )


def _regional(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _hangul(character: str) -> str:
    """L, V, T, LV or LVT: how a syllable block goes on; "" for anything else."""
    if "\u1100" <= character <= "\u115f" or "\ua960" <= character <= "\ua97c":
        return "L"
    if "\u1160" <= character <= "\u11a7" or "\ud7b0" <= character <= "\ud7c6":
        return "V"
    if "\u11a8" <= character <= "\u11ff" or "\ud7cb" <= character <= "\ud7fb":
        return "T"
    if "\uac00" <= character <= "\ud7a3":
        return "LVT" if (ord(character) - 0xAC00) % 28 else "LV"
    return ""


def joins(text: str, index: int, start: int = 0) -> bool:
    """Whether `text[index - 1]` and `text[index]` are parts of one grapheme cluster (Unicode Annex 29, a little on the
    safe side); `start` is a place where a cluster is known to begin."""
    before, after = text[index - 1], text[index]
    if after < "\u0300":
        return (before == "\r" and after == "\n") or before in "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u08e2"
    if before < "\u0020" or before in "\x7f\x85\u2028\u2029":
        return False
    if extends(after) or before in "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u08e2":
        return True
    if before == "\u200d":
        return unicodedata.category(after) in ("So", "Sm", "Pd")
    if _regional(after) and _regional(before):
        run = index - 1
        while run > start and _regional(text[run - 1]):
            run -= 1
        return (index - run) % 2 == 1
    if "\ud800" <= before <= "\udbff" and "\udc00" <= after <= "\udfff":
        return True
    block, following = _hangul(before), _hangul(after)
    if block and following:
        return (
            (block == "L" and following != "T")
            or (block in ("LV", "V") and following in "VT")
            or (block in ("LVT", "T") and following == "T")
        )
    return unicodedata.combining(before) == 9 and unicodedata.category(after) == "Lo"


# ---------------------------------------------------------------- decoration

_FACE = (
    r"[(（](?:笑|泣|汗|爆|怒|涙|照|苦笑|爆笑|大笑|w{1,3}"
    r"|(?=(?:[^()（）\n]{0,12}?[^\w\s.,、。%/()（）]){2}|(\w)_\1[)）])"
    r"(?:(?![A-Za-z]{2}|[\u3041-\u3096]{2}|[\u30a1-\u30fa]{2}|[\u3400-\u9fff])[^()（）\n\d\"“”「」]){1,14})"
    r"[)）](?:[/／ﾉゞ丿♪☆;；۶]|[ノシvwmσo](?![A-Za-z\u30a1-\u30fa]))*"
)
"""A kaomoji, or a bracketed 笑."""
_NO_FACE = r"[(（](?:[^()（）\n]{0,14}?(?:\d|[A-Za-z]{2}|[\u3041-\u3096\u30a1-\u30fa\u3400-\u9fff]{2}|[\n\"“”「」(（]))"
_LONGEST_FACE = 18
SMILEY = re.compile(r"[:;=]['-]?[()DPp]{1,4}(?!\w)")
_SMILEY_BEGINS = re.compile(r"[:;=]['-]?[()DPp]{0,4}")


def face_pattern() -> re.Pattern[str]:
    """What a kaomoji, or a bracketed 笑, looks like."""
    return compiled(_FACE)


def face_end(text: str, start: int, end: int, final: bool) -> int | None:
    """Where the kaomoji or （笑） that opens at `start` ends; `start` itself if there is none; None: unknown yet."""
    stop = min(end, start + _LONGEST_FACE)
    if (face := face_pattern().match(text, start, stop)) is not None:
        return face.end() if face.end() < end or final else None  # an arm may follow
    if stop - start >= _LONGEST_FACE or final or compiled(_NO_FACE).match(text, start, stop) is not None:
        return start
    return start if any(closer in text[start:stop] for closer in ")）") else None


def smiley_end(text: str, start: int, end: int, final: bool) -> int | None:
    """Where the ":-)" at `start` ends; `start` itself if there is none; None: unknown yet."""
    if not final and _SMILEY_BEGINS.fullmatch(text, start, end) is not None:
        return None
    smiley = SMILEY.match(text, start, end)
    return start if smiley is None else smiley.end()


# ---------------------------------------------------------------- Japanese and Chinese

_NARROW = ("と", "っ", "なんて", "を", "の", "みたい")
_WIDE = (
    *(
        "と",
        "っ",
        "なんて",
        "など",
        "なの",
        "なら",
        "なので",
        "みたい",
        "を",
        "の",
        "は",
        "が",
        "に",
        "で",
        "も",
        "へ",
        "や",
    ),
    *(
        "か",
        "だ",
        "じゃな",
        "まで",
        "より",
        "から",
        "だけ",
        "ばかり",
        "くらい",
        "ぐらい",
        "さえ",
        "こそ",
        "しか",
        "ね",
        "よ",
    ),
)
_STARTS = (
    *(
        "とても",
        "とっても",
        "ところ",
        "とりあえず",
        "とにかく",
        "とはいえ",
        "ともかく",
        "ともあれ",
        "とくに",
        "ときどき",
        "とうとう",
    ),
    *("どうも", "というわけで", "ということで", "というか、", "となると、", "とすると、", "となり", "とんでも", "とあ"),
    *(
        "のんびり",
        "のど",
        "のち",
        "のり",
        "はい",
        "はじめ",
        "はやく",
        "はは",
        "はあ",
        "はぁ",
        "はっきり",
        "はて",
        "はる",
    ),
    *(
        "がん",
        "がっ",
        "にこ",
        "にもかかわらず",
        "にゃ",
        "でも",
        "では、",
        "ですが",
        "ですから",
        "できれば",
        "できる",
        "でき",
    ),
    *(
        "もう",
        "もし",
        "もちろん",
        "もっと",
        "もの",
        "もと",
        "もしかし",
        "へえ",
        "へぇ",
        "へい",
        "へー",
        "へへ",
        "へん",
        "へや",
    ),
    *(
        "やった",
        "やっぱ",
        "やっと",
        "やは",
        "やば",
        "やめ",
        "やさし",
        "やや",
        "やる",
        "やり",
        "やれ",
        "やあ",
        "やぁ",
        "やっほ",
    ),
    *(
        "かな",
        "かわ",
        "からだ",
        "かし",
        "かっこ",
        "かけ",
        "だから",
        "だが",
        "だけど",
        "だけれど",
        "だって",
        "だめ",
        "だれ",
        "だい",
    ),
    *(
        "だん",
        "ねえ",
        "ねぇ",
        "ねこ",
        "ねむ",
        "よか",
        "よし",
        "よく",
        "よろし",
        "より良",
        "よりよ",
        "よう",
        "なので、",
        "なのに、",
    ),
    *("ならば", "なら、", "みたいな", "まで、"),
)


def _by_first(words: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    return {first: tuple(word for word in words if word[0] == first) for first in {word[0] for word in words}}


_PARTICLES = {False: _by_first(_NARROW), True: _by_first(_WIDE)}
_STARTS_BY_FIRST = _by_first(tuple(word for word in _STARTS if word != "みたいな"))
PARTICLE_ENDS = frozenset("はがをにのとでへ、もや은는이가을를에의도로와과")
ARMS = frozenset("ヽヾ＼\\٩ლ┐╰mo")
"""What may stand before the bracket of a kaomoji: ヽ(´▽｀)ノ, m(_ _)m."""


def begins_sentence(text: str, start: int, end: int, *, wide: bool, final: bool) -> bool | None:
    """Whether Japanese text at `start` begins a sentence, and is no particle that carries the sentence on.

    Such are と and って behind any mark, and (`wide`) は, が, です … where not even the mark is sure.
    """
    particles = _PARTICLES[wide].get(text[start])
    if particles is None:
        return True
    seen = text[start : min(end, start + 8)]
    starts = _STARTS_BY_FIRST.get(text[start], ())
    if seen.startswith(starts):
        return True
    if not final and any(len(seen) < len(word) and word.startswith(seen) for word in (*starts, *particles)):
        return None
    return not seen.startswith(particles)


# ---------------------------------------------------------------- words with a full stop


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


NAMES_WITH_MARK = ("Yahoo!", "Jeopardy!", "Mamma Mia!", "モーニング娘。", "ゲスの極み乙女。")
"""Names that end in the mark of a sentence."""
NAME_ENDS = frozenset(name[-2:] for name in NAMES_WITH_MARK)

_TITLES = _words(
    "attn ee pck pkt std el tl mr mrs ms mx dr drs prof st mt ft messrs adm brig pvt pfc insp det supt amb atty p.s "
    "p.p.s n.b v mme mlle gen col lt sgt capt cmdr cpl maj rev hon gov sen rep pres fr sra srta sres dra profa av ud "
    "uds dña lic ing dott dott.ssa prof.ssa avv geom sig sigg dipl herr hr mag exc exmo nr bd hrsg e.g i.e eg ie vs "
    "cf viz ca z.b d.h u.a bzw evtl ggf inkl zzgl vgl approx resp p.ej pág págs т.е т.к т.н г ул им тыс млн млрд руб "
    "см св"
)
"""A sentence never ends behind these."""
_ENDINGS = _words(
    "etc inc ltd co corp bros llc plc gmbh jr sr esq jan feb mar apr jun jul aug sep sept oct nov dec mon tue tues "
    "wed thu thur thurs fri sat sun ave blvd rd ln hwy dept univ assn est min mins hr hrs sec secs oz lb lbs yd km "
    "tel ext misc usw uvm env ss avda т.д т.п др гг usd u.s u.s.a u.k e.u u.n d.c a.d b.c ph.d m.d b.a m.a a.m p.m "
    "max temp avg intl natl al gal tsp tbsp pkg rte"
)
"""A sentence may end behind these: the next word tells."""
_BEFORE_NUMBER = _words(
    "pag pagg rm apt ste no nos nr n° nº № fig figs eq eqs p pp vol vols ch chap sec sect art env núm par para pt ver "
    "v op ex ed tab s str bd"
)
"""These are abbreviations only before a number."""
_ALSO_WORDS = _words("mar sun sat wed fri max gen col rep pres mag exc temp el tl std")
"""These are abbreviations only with a capital letter."""
_LABELS = _words(
    "plan vitamin option type class grade section part team group figure appendix point step letter hepatitis product "
    "answer choice question item phase tier level model exhibit building gate terminal platform room and or than "
    "formula channel"
)
_BEHIND_TIMES = _words("eastern central mountain pacific monday tuesday wednesday thursday friday saturday sunday")
_ORDINAL_BEFORE = _words("am vom der dem den im zum die das des bis seit ab jeden")
_STARTERS = _words(
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
_SAY = _words(
    "said says asked asks replied replies cried cries shouted shouts yelled whispered whispers answered answers added "
    "adds exclaimed muttered murmured snapped screamed demanded insisted "
    "thought wondered"
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


def ending_before(text: str, start: int, dot: int) -> tuple[Ending, str, str]:
    """What the word before the full stop `text[dot]` is, the word before that one, and the word."""
    words = text[max(start, dot - 40) : dot].rsplit(None, 2)
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
        marks_item = text[max(start, dot - 40) : dot].removesuffix(word).rstrip()[-1:] in (":", "：")  # Steps: 1. Boil
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
        return next_word in _STARTERS
    if ending == "initial":
        return _ends_behind_letter(previous, word, next_word, text[stop : stop + 1])
    return next_word in _STARTERS


def _ends_behind_letter(previous: str, letter: str, next_word: str, behind: str) -> bool:
    """ "plan B. Thanks" ends, "J. Smith" and "Jonas E. Smith" do not."""
    if len(next_word) == 1 and behind == "." and next_word != "i":
        return False
    if previous.lower() in _LABELS or letter.islower():
        return True
    return next_word in _STARTERS and (
        previous[:1].islower() or (bool(previous) and not _INITIALS.fullmatch(previous.rstrip(".")))
    )


_CHINESE_HEAD = re.compile("[^，。！？、：…\u3041-\u30fe]*")
_PROPER_SAY = re.compile(r"([^\W\d_]+)(?:[ ]+([^\W\d_]+))?")


def is_said_by(text: str, start: int, end: int, final: bool) -> bool | None:
    """Whether "Tom asked" or 她说 comes behind a quotation, and the sentence goes on with it."""
    if is_cjk(text[start]):
        if text[start] not in "他她它我你":
            return False
        head = _CHINESE_HEAD.match(text, start, min(end, start + 8))
        assert head is not None
        if any(verb in head[0] for verb in "说說道問问喊叫答"):
            return True
        return None if head.end() == end and len(head[0]) < 8 and not final else False
    found = _PROPER_SAY.match(text, start, min(end, start + 40))
    if found is None:
        return False
    complete = final or found.end() < end or end - start >= 40
    if found[2] is None and not complete:
        return None
    if found[1].lower() in _STARTERS and found[1].lower() not in ("he", "she", "i", "they", "we"):
        return False
    if found[2] is None:
        return None if text[found.end() : end].isspace() and not final and end - start < 40 else False
    return found[2] in _SAY if complete else None
