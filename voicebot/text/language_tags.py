"""Languages as people name them (English, 日本語, ja-JP, zh), matched with the BCP 47 tags of voices.

A table and not a library: langcodes takes 0.1 s to load and knows no names without 5 MB of data.
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable, Sequence

from voicebot.translation import language

_LANGUAGES = {
    "af": "Afrikaans/アフリカーンス語",
    "ar": "Arabic/アラビア語/العربية",
    "bg": "Bulgarian/ブルガリア語/български",
    "bn": "Bengali/ベンガル語/বাংলা",
    "ca": "Catalan/カタルーニャ語/Català",
    "cmn": "Chinese/中国語/Mandarin/中文/普通话/北京語/zh/zho/chi/cn",
    "cs": "Czech/チェコ語/Čeština/ces/cze",
    "cy": "Welsh/ウェールズ語/Cymraeg/cym",
    "da": "Danish/デンマーク語/Dansk/dan",
    "de": "German/ドイツ語/Deutsch/deu/ger",
    "el": "Greek/ギリシャ語/Ελληνικά/ell/gre",
    "en": "English/英語/eng",
    "eo": "Esperanto/エスペラント語/epo",
    "es": "Spanish/スペイン語/Español/Castilian/spa",
    "et": "Estonian/エストニア語/Eesti/est",
    "eu": "Basque/バスク語/Euskara/eus",
    "fa": "Persian/ペルシア語/Farsi/فارسی/fas/per",
    "fi": "Finnish/フィンランド語/Suomi/fin",
    "fr": "French/フランス語/Français/fra/fre",
    "ga": "Irish/アイルランド語/Gaeilge/gle",
    "he": "Hebrew/ヘブライ語/עברית/heb/iw",
    "hi": "Hindi/ヒンディー語/हिन्दी/hin",
    "hr": "Croatian/クロアチア語/Hrvatski/hrv",
    "hu": "Hungarian/ハンガリー語/Magyar/hun",
    "id": "Indonesian/インドネシア語/Bahasa Indonesia/ind/in",
    "is": "Icelandic/アイスランド語/Íslenska/isl",
    "it": "Italian/イタリア語/Italiano/ita",
    "ja": "Japanese/日本語/jpn/jp",
    "ko": "Korean/韓国語/朝鮮語/한국어/kor/kr",
    "la": "Latin/ラテン語/lat",
    "lt": "Lithuanian/リトアニア語/Lietuvių/lit",
    "lv": "Latvian/ラトビア語/Latviešu/lav",
    "ms": "Malay/マレー語/Bahasa Melayu/msa",
    "nb": "Norwegian/ノルウェー語/Norsk/Bokmål/no/nor/nob",
    "ne": "Nepali/ネパール語/नेपाली/nep",
    "nl": "Dutch/オランダ語/Nederlands/nld/dut",
    "pl": "Polish/ポーランド語/Polski/pol",
    "pt": "Portuguese/ポルトガル語/Português/por",
    "ro": "Romanian/ルーマニア語/Română/ron",
    "ru": "Russian/ロシア語/Русский/rus",
    "sk": "Slovak/スロバキア語/Slovenčina/slk",
    "sl": "Slovenian/スロベニア語/Slovenščina/slv",
    "sr": "Serbian/セルビア語/Српски/srp",
    "sv": "Swedish/スウェーデン語/Svenska/swe",
    "sw": "Swahili/スワヒリ語/Kiswahili/swa",
    "ta": "Tamil/タミル語/தமிழ்/tam",
    "te": "Telugu/テルグ語/తెలుగు/tel",
    "th": "Thai/タイ語/ไทย/tha",
    "tr": "Turkish/トルコ語/Türkçe/tur",
    "uk": "Ukrainian/ウクライナ語/Українська/ukr",
    "ur": "Urdu/ウルドゥー語/اردو/urd",
    "vi": "Vietnamese/ベトナム語/Tiếng Việt/vie",
    "yue": "Cantonese/広東語/粵語/粤语",
}
"""Code → what the language is called in English, in Japanese and by its speakers, and its other codes."""
_USUAL_REGIONS = {"en": "us", "pt": "br", "cmn": "cn", "yue": "hk", "ja": "jp", "ko": "kr", "sv": "se", "da": "dk"}
"""Where most speakers of a language live; elsewhere it is the region of the same name."""
_NEARLY = 0.7


def language_tag(name: str) -> str:
    """The BCP 47 tag of a language that somebody names, with its region if there is one; empty for anything else.

    `ja_JP` and `ja-JP` are tags too.
    """
    name = _plain(name)
    code, separator, rest = name.replace("_", "-").partition("-")
    names = _names()
    if name in names:
        return names[name]
    if separator and all(part.isalnum() and part.isascii() for part in rest.split("-")):
        if code in ("zh", "zho", "chi") and {"hk", "mo"} & {*rest.split("-")}:
            code = "yue"
        known = names.get(code, "")
        return f"{known}-{rest}" if known else ""
    return ""


def language_name(tag: str) -> str:
    """What the person calls the language of a tag; the tag itself where nobody has told us."""
    english, *others = _LANGUAGES.get(_code(tag), tag).split("/")
    return others[0] if others and language() == "ja" else english


def nearest_language(name: str) -> str:
    """The tag of the language that somebody may have meant; empty if no tag is near."""
    name, names = _plain(name), _names()
    known = [one for one in names if len(one) > 3 and one[:1] == name[:1]]  # Japanisch is not Spanish
    near = difflib.get_close_matches(name, known, 1, _NEARLY)
    return names[near[0]] if near else ""


def closest(wanted: str, tags: Iterable[Sequence[str]]) -> list[int]:
    """The numbers of the voices that speak the language `wanted`, the nearest first.

    `tags` has for each voice those of its languages. The region counts most, then how little else the tag says.
    """
    ranked = []
    for number, languages in enumerate(tags):
        ranks = [rank for tag in languages if (rank := _rank(wanted, tag)) is not None]
        if ranks:
            ranked.append((min(ranks), number))
    return [number for _, number in sorted(ranked)]


def _rank(wanted: str, tag: str) -> tuple[int, int] | None:
    """How far a tag is from the one that is wanted; None for another language."""
    tag = language_tag(tag) or _plain(tag).replace("_", "-")
    code = _code(tag)
    if code != _code(wanted):
        return None
    _, *asked = wanted.split("-")
    _, *has = tag.split("-")
    regions = [part for part in has if _is_region(part)]
    order = [part for part in asked if _is_region(part)] + ["", _USUAL_REGIONS.get(code, code)]
    region = regions[0] if regions else ""
    missing = sum(part not in has for part in asked if not _is_region(part))
    return (order.index(region) if region in order else len(order)) + missing, len(has)


def _is_region(part: str) -> bool:
    return (len(part) == 2 and part.isalpha()) or (len(part) == 3 and part.isdecimal())


def _code(tag: str) -> str:
    return tag.partition("-")[0]


def _names() -> dict[str, str]:
    """Each way to name a language, and its code."""
    return {_plain(name): code for code, called in _LANGUAGES.items() for name in [code, *called.split("/")]}


def _plain(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold().strip()
