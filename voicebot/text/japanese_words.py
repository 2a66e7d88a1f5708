"""Dates, times, ranges, sums, money, units and signs in Japanese words. Numbers stay digits: engines read them.

A rule looks at a few characters of context at most, so the time stays linear in the length of the text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from decimal import Decimal

from voicebot.text.japanese_units import (
    CURRENCIES,
    ENDINGS,
    MULTIPLES,
    OPERATORS,
    SIDES,
    SIGNS,
    SQUARES,
    UNIT_PATTERN,
    UNITS,
    WEEKDAYS,
)
from voicebot.text.patterns import compiled

_NEAR = 14
"""Characters of context."""
_DIGITS = ["ゼロ", "イチ", "ニー", "サン", "ヨン", "ゴー", "ロク", "ナナ", "ハチ", "キュー"]
_N = r"\d{1,15}+(?:,\d{3})*+(?:\.\d{1,12}+)?+"
_KANJI = "\u3400-\u9fff"
_JAPANESE = f"\u3005\u3041-\u30ff{_KANJI}"
_WEEKDAY = r"\s?\((?P<{}>[月火水木金土日])曜?日?(?:・?祝)?\)"
_SQUARE = r"[㈱㈲℡№\u2160-\u216b\u2460-\u2473\u3300-\u3357\u3371-\u33df]"
_VULGAR = "¼-¾⅐-⅞"
_RELATION = "=≠≒<>≤≦≥≧±"
_SIGN = "".join(CURRENCIES)
BEGINS = rf"""
    [\d\s._%+\-−×*÷/〒\#&〜~{_RELATION}{_VULGAR}{_SIGN}] | {_SQUARE} | [月火水木金土日](?=[〜~・]) | \((?<=日.)
  | [A-Za-z](?:(?<![A-Za-z].)|(?<=[AaPp])(?=\.?[Mm])) | (?<=\d)\D
"""
"""What every rule begins with, so that most places are looked at only once."""
RULES = rf"""
    (?P<email>(?<![A-Za-z0-9._%+-])(?P<box>[A-Za-z0-9._%+-]{{1,64}}+)
              @(?P<domain>[A-Za-z0-9-]{{1,63}}+(?:\.[A-Za-z0-9-]{{1,63}}+){{1,6}}+))
  | (?P<host>(?<![A-Za-z0-9.-])[A-Za-z0-9-]{{1,63}}+(?:\.[A-Za-z]{{2,6}}+){{1,4}}+(?![A-Za-z0-9]))
  | (?P<ymd>(?<![\d/.-])(?P<year>[12]\d{{3}})(?P<mark>[/.-])(?P<month>\d{{1,2}})(?P=mark)(?P<day>\d{{1,2}})
            (?![\d/-]|\.\d)(?:{_WEEKDAY.format("ymd_weekday")})?)
  | (?P<ym>(?<![\d/.-])(?P<ym_year>(?:19|20)\d{{2}})/(?P<ym_month>1[0-2]|0?[1-9])(?![\d/]))
  | (?P<clock>(?<![\d:.])(?:(?P<half>[AaPp])\.?[Mm]\.?\s?)?(?P<hour>\d{{1,2}})[:：](?P<minute>[0-5]\d)
              (?:[:：](?P<second>[0-5]\d))?(?![\d:])(?:\s?(?P<half_behind>[AaPp])\.?[Mm](?:\.|(?![A-Za-z])))?
              (?P<until>\s?[-–—~〜]\s?(?=\d{{1,2}}[:：]\d\d))?)
  | (?P<phone>(?<![\d-])0\d{{1,4}}-\d{{1,4}}-\d{{3,4}}(?![\d-])|(?<![\d-])0\d{{9,10}}(?![\d-]))
  | (?P<postcode>〒\s?\d{{3}}-?\d{{4}}(?!\d)|(?<![\d-])\d{{3}}-\d{{4}}(?![\d-]))
  | (?P<sum>(?<![\w.,])-?{_N}(?:\s?[×xX*÷+\-−/]\s?{_N}){{1,9}}+\s?=(?:\s?-?{_N})?)
  | (?P<size>(?<=\d)\s?[×xX*]\s?(?=\d))
  | (?P<operator>(?<=\d)\s?[÷+]\s?(?=\d))
  | (?P<slashed>(?<![\d/.A-Za-z])(?P<above>\d{{1,4}})/(?P<below>\d{{1,4}})(?![\d/])
                (?:{_WEEKDAY.format("slashed_weekday")})?)
  | (?P<weekday>(?<=日){_WEEKDAY.format("weekday_name")})
  | (?P<vulgar>(?P<whole>\d?)(?P<half_sign>[{_VULGAR}]))
  | (?P<version>(?<![A-Za-z0-9])(?:[Vv]er(?:sion)?\.?|[Vv])\s?
                (?P<number>\d{{1,6}}+(?:\.\d{{1,6}}+){{0,5}}+)(?![A-Za-z\d]))
  | (?P<dotted>(?<![\d.])\d{{1,6}}+(?:\.\d{{1,6}}+){{2,5}}+(?![\d.]))
  | (?P<money>(?:(?<![A-Za-z])US)?(?P<sign>[{_SIGN}])\s?(?P<amount>{_N})
              (?:(?P<multiple>[kKMB])(?![A-Za-z])|(?P<myriad>[万億兆]))?(?:円|ドル|ユーロ|ポンド|ウォン)?)
  | (?P<fahrenheit>(?P<degrees>{_N})\s?(?:°F|℉))
  | (?P<floor>(?<![A-Za-z0-9])(?P<cellar>B?)(?P<storey>\d{{1,2}})F(?![A-Za-z0-9]))
  | (?P<number_sign>(?<![A-Za-z])(?:[Nn]o\.\s?|\#)(?=\d))
  | (?P<hashtag>(?<![A-Za-z0-9])\#(?=[^\W\d_]))
  | (?P<batting>(?<![\d.A-Za-z])\.(?P<average>\d{{3}})(?!\d))
  | (?P<point>(?<![\d.A-Za-z])\.(?=\d))
  | (?P<house>(?<=[{_JAPANESE}])\d{{1,4}}(?:[-−]\d{{1,4}}){{2,3}}(?![\d-]))
  | (?P<pair>(?<![\d.,/A-Za-z-])(?P<left>\d{{1,6}})\s?(?P<dash>[-−–:])\s?(?P<right>\d{{1,6}})(?![\d./:-]))
  | (?P<range>(?<=[\d年月日時分秒円回人個章度%歳枚本℃話巻曜mgLl])\s?[〜~]\s?(?=第?[\d¥￥$]))
  | (?P<days>(?<![{_KANJI}\d])(?P<first>[月火水木金土日])[〜~](?P<last>[月火水木金土日])(?![{_KANJI}]))
  | (?P<weekdays>(?<![{_KANJI}\d])[月火水木金土日](?:・[月火水木金土日]){{1,6}}(?![{_KANJI}]))
  | (?P<between>(?<=[{_KANJI}])[〜~](?=[{_KANJI}])|(?<=[ァ-ヺー])[〜~](?=[ァ-ヺ]))
  | (?P<negative>(?<![0-9A-Za-z)\-年月日])[-−](?=\d))
  | (?P<positive>(?<![0-9A-Za-z)])\+(?=\d))
  | (?P<since>(?<=\d[時分日月年円歳才])[〜~](?![\d〜~]))
  | (?P<dimensions>(?<![A-Za-z0-9])[WDHL]{_N}(?:[cm]?m)?
                   (?:\s?[×xX*]\s?[WDHL]{_N}(?:[cm]?m(?=\s?[×xX*]))?){{1,2}})
  | (?P<thousands>(?<![\d,.])\d{{1,3}}(?:,\d{{3}}){{1,5}}+(?![\d,]))
  | (?P<unit>(?<=\d)\s?(?P<unit_name>(?i:{UNIT_PATTERN}))(?![A-Za-z²³/])(?P<run>走(?![らりるれろっ者行]))?)
  | (?P<laugh>(?<=[{_JAPANESE}。!?…])w{{1,30}}(?=$|[\s。、!?」)]))
  | (?P<ampersand>(?<=[A-Za-z])\s?&\s?(?=[A-Za-z]))
  | (?P<slash>(?<=[A-Za-z{_JAPANESE}])/(?=[A-Za-z{_JAPANESE}]))
  | (?P<relation>(?<=[\w)])\s?[{_RELATION}]\s?(?=[\w(-])|±(?=\d))
  | (?P<square>{_SQUARE})
"""
_PATTERN = f"(?x)(?={BEGINS})(?:{RULES})"
_SCORE = "対[^。]{0,3}|[^。、]{0,10}(?:勝|負|敗|引き分け|リード|下し|破|制し|終わ|決着|スコア|逆転)"
_COUNTED = (
    r"(?i)\s?(?:人|名|個|つ|分|秒|日|週|[かヶカケ]月|年|時|回|枚|本|度|歳|才|杯|匹|台|冊|ページ|章|話|巻|階|円|万|億|%|℃|割|倍|泊|行|件|"
    f"{UNIT_PATTERN})"
)
_PARTS = "[234568]|10|100|1000|12|15|16"
"""What things are usually divided into."""
_FRACTION_BEFORE = r"(?:さじ|約|およそ|ほぼ|の|カップ|粉|乳|糖|油|水|塩|だいたい|残り|全体|\d\s?と|[ァ-ヴー])\s?$"
_FRACTION_BEHIND = (
    r"\s?(?:カップ|個|本|量|丁|束|袋|缶|枚|切れ|株|片|杯|が|を|以上|以下|未満|程度|くらい|ぐらい|ほど|も|しか|だけ|ずつ|倍|スケール|"
    r"に(?:減|切|縮|下が|割|な|分)|の(?:人|国|確率|時間|量|割合|大きさ|サイズ|生徒|学生|社員|住民|世帯|企業))"
)
_DATE_BEHIND = (
    r"\s?(?:に|から|まで|より|以降|開|発|締|予定|現在|付|時点|[〜~]|頃|ごろ"
    "|の(?:予定|会議|夜|朝|午|昼|便|回|件|イベント))"
)
_DATE_BEFORE = (
    r"(?:次回|日程|期間|納期|締切|締め切り|期限|期日|日時|開催|発売|来週|今週|今日|明日|昨日|[〜~])[はがも、:]?\s?$"
)

Say = Callable[[re.Match[str], str, str], str | None]
"""The words for a match and the text around it; None leaves the match as it is."""


def japanese_words(text: str) -> Iterator[tuple[int, int, str]]:
    """The start and end of everything in `text` that is said in other words, and those words.

    `text` has half-width digits, letters and signs. Linear in its length.
    """
    for found in compiled(_PATTERN).finditer(text):
        start, end = found.span()
        say = _SAY[found.lastgroup or ""]
        words = say(found, text[max(0, start - _NEAR) : start], text[end : end + _NEAR])
        if words is not None and words != found[0]:
            yield start, end, words


def _plain(digits: str) -> str:
    """A number without what groups it and leading zeros."""
    digits = digits.replace(",", "")
    return digits.lstrip("0") or "0" if digits.isdecimal() else digits


def _one_by_one(digits: str) -> str:
    """Digit by digit, as a telephone number: the groups are joined by の."""
    return "の".join(["".join([_DIGITS[int(digit)] for digit in group]) for group in re.split("[-−]", digits)])


def _email(found: re.Match[str], _before: str, _after: str) -> str:
    return f"{_dots(found['box'])}アットマーク {_dots(found['domain'])}"


def _dots(name: str) -> str:
    """A host's or a mailbox's name, its dots said."""
    parts = [ENDINGS.get(part, part) if place else part for place, part in enumerate(name.split("."))]
    return " ドット ".join(parts).replace("_", " アンダーバー ").replace("-", " ハイフン ").replace("+", " プラス ")


def _host(found: re.Match[str], _before: str, _after: str) -> str:
    return _dots(found[0])


def _date(month: str, day: str, weekday: str | None) -> str | None:
    if not (1 <= int(month) <= 12 and 1 <= int(day) <= 31):
        return None
    return f"{int(month)}月{int(day)}日" + (f"{weekday}曜日" if weekday else "")


def _ymd(found: re.Match[str], _before: str, _after: str) -> str | None:
    date = _date(found["month"], found["day"], found["ymd_weekday"])
    return f"{found['year']}年{date}" if date else None


def _clock(found: re.Match[str], before: str, after: str) -> str | None:
    hour, minute, second = int(found["hour"]), int(found["minute"]), found["second"]
    until = "から" if found["until"] else ""
    if re.search("(?:記録|タイム|所要|再生|動画|長さ|曲)[^。]{0,8}$", before) or (
        second and hour < 4 and len(found["hour"]) == 1
    ):
        if second:
            return f"{hour}時間{minute}分{int(second)}秒{until}"
        return f"{hour}分{minute}秒{until}"
    if hour > 29 or re.search("(?:比|割合|アスペクト)[^。]{0,6}$", before):
        return f"{hour}対{minute}{until}"
    half = {"a": "午前", "p": "午後"}.get((found["half"] or found["half_behind"] or "").lower(), "")
    words = f"{half}{hour or '零'}時" + (f"{minute}分" if minute or second else "")
    return words + (f"{int(second)}秒" if second else "") + until if not re.match("発言", after) else None


def _postcode(found: re.Match[str], before: str, _after: str) -> str:
    digits = found[0].lstrip("〒").strip()
    if "-" not in digits:
        digits = f"{digits[:3]}-{digits[3:]}"
    return ("郵便番号、" if found[0][0] == "〒" and "郵便番号" not in before else "") + _one_by_one(digits)


def _sum(found: re.Match[str], _before: str, _after: str) -> str:
    words = re.sub(r"^-|(?<=[×xX*÷+\-−/=])\s?-", "マイナス", found[0])
    return re.sub(
        r"\s?([×xX*÷+\-−/=])\s?", lambda sign: OPERATORS.get(sign[1], "かける"), re.sub(r"(?<=\d),(?=\d{3})", "", words)
    )


def _slashed(found: re.Match[str], before: str, after: str) -> str | None:
    """A date or a fraction."""
    above, below, weekday = found["above"], found["below"], found["slashed_weekday"]
    date = _date(above, below, weekday)
    fraction = f"{int(below)}分の{int(above)}" if int(below) else None
    if re.match(r"[A-Za-z%℃°]", after):
        return f"{above}、{below}" if fraction else None
    if date and weekday:
        return date
    divided = int(above) < int(below) and re.fullmatch(_PARTS, below) is not None and above[0] != "0"
    if not date or below == "0":
        return fraction if int(above) < int(below) else None
    if not divided or compiled(_DATE_BEFORE).search(before):
        return date
    if compiled(_FRACTION_BEFORE).search(before) or compiled(_FRACTION_BEHIND).match(after):
        return fraction
    return date if compiled(_DATE_BEHIND).match(after) else fraction


def _vulgar(found: re.Match[str], _before: str, _after: str) -> str:
    above, _, below = unicodedata.normalize("NFKC", found["half_sign"]).partition("\u2044")
    return (f"{found['whole']}と" if found["whole"] else "") + f"{below}分の{above}"


def _version(found: re.Match[str], _before: str, _after: str) -> str:
    return "バージョン" + _dotted(found["number"])


def _dotted(number: str) -> str:
    """A number with several points: an engine takes the second one for a full stop."""
    return number if number.count(".") < 2 else "てん".join(number.split("."))


def _money(found: re.Match[str], _before: str, _after: str) -> str:
    amount = _plain(found["amount"])
    if found["multiple"]:
        amount = f"{Decimal(amount).scaleb(MULTIPLES[found['multiple']]):f}"
        amount = amount.rstrip("0").rstrip(".") if "." in amount else amount
    return amount + (found["myriad"] or "") + CURRENCIES[found["sign"]]


def _floor(found: re.Match[str], _before: str, _after: str) -> str:
    return ("地下" if found["cellar"] else "") + f"{found['storey']}階"


def _batting(found: re.Match[str], before: str, _after: str) -> str:
    average = found["average"]
    if "率" not in before:
        return f"0.{average}"
    return "".join(f"{digit}{unit}" for digit, unit in zip(average, "割分厘", strict=True) if digit != "0") or "0割"


def _house(found: re.Match[str], _before: str, _after: str) -> str:
    return re.sub("[-−]", "の", found[0])


def _pair(found: re.Match[str], before: str, after: str) -> str | None:
    """Two numbers with a dash or a colon between them: a range, a score, a house."""
    left, right = found["left"], found["right"]
    if found["dash"] == ":":
        return f"{left}対{right}" if re.match(r"[でにのとはがを、。]|$", after) else None
    if re.search("(?:丁目|町|番地?|条|図|表|節|問|室)$", before):
        return f"{left}の{right}"
    if compiled(_SCORE).match(after) or re.search("(?:スコア|試合|結果)[はが]?$", before):
        return f"{left}対{right}"
    if compiled(_COUNTED).match(after):
        return f"{left}から{right}"
    return None


def _days(found: re.Match[str], _before: str, _after: str) -> str:
    return f"{WEEKDAYS[found['first']]}から{WEEKDAYS[found['last']]}"


def _between(_found: re.Match[str], _before: str, after: str) -> str | None:
    return None if re.search("[〜~]", after) else "から"  # ～a title～


def _dimensions(found: re.Match[str], _before: str, _after: str) -> str:
    """The width, depth and height of something; the unit after the last one is said by another rule."""
    sides = re.findall(rf"([WDHL])({_N})([A-Za-z]*)", found[0])
    return "、".join([SIDES[side] + _plain(number) + UNITS.get(unit.lower(), unit) for side, number, unit in sides])


def _unit(found: re.Match[str], before: str, _after: str) -> str | None:
    unit = UNITS.get(found["unit_name"].casefold())  # µm is written with either of two letters
    if unit is None:
        return None  # a Turkish ı
    if "時速" in before or "秒速" in before or "風速" in before:
        unit = re.sub("毎[時秒]$", "", unit)
    return unit + ("そう" if found["run"] else "")


def _relation(found: re.Match[str], _before: str, _after: str) -> str:
    return SIGNS[found[0].strip()]


def _square(found: re.Match[str], _before: str, _after: str) -> str:
    sign = found[0]
    if "\u2160" <= sign <= "\u216b":
        return str(ord(sign) - 0x215F)
    plain = unicodedata.normalize("NFKC", sign)
    return SQUARES.get(sign) or UNITS.get(plain.lower(), plain)


def _always(words: str) -> Say:
    return lambda _found, _before, _after: words


_SAY: dict[str, Say] = {
    "email": _email,
    "host": _host,
    "ymd": _ymd,
    "ym": lambda found, _before, _after: f"{found['ym_year']}年{int(found['ym_month'])}月",
    "clock": _clock,
    "phone": lambda found, _before, _after: _one_by_one(found[0]),
    "postcode": _postcode,
    "sum": _sum,
    "size": _always("かける"),
    "operator": lambda found, _before, _after: OPERATORS[found[0].strip()],
    "slashed": _slashed,
    "weekday": lambda found, _before, _after: f"{found['weekday_name']}曜日",
    "vulgar": _vulgar,
    "version": _version,
    "dotted": lambda found, _before, _after: _dotted(found[0]),
    "money": _money,
    "fahrenheit": lambda found, _before, _after: f"華氏{_plain(found['degrees'])}度",
    "floor": _floor,
    "number_sign": _always("ナンバー"),
    "hashtag": lambda _found, _before, after: "" if after.startswith("タグ") else "ハッシュタグ",
    "batting": _batting,
    "point": _always("0."),
    "house": _house,
    "pair": _pair,
    "range": _always("から"),
    "days": _days,
    "weekdays": lambda found, _before, _after: "・".join([WEEKDAYS[day] for day in found[0].split("・")]),
    "between": _between,
    "negative": _always("マイナス"),
    "positive": _always("プラス"),
    "since": lambda _found, before, _after: None if re.search("もう|まだ|やっと", before) else "から",
    "dimensions": _dimensions,
    "thousands": lambda found, _before, _after: _plain(found[0]),
    "unit": _unit,
    "laugh": _always(""),
    "ampersand": _always("アンド"),
    "slash": _always("、"),
    "relation": _relation,
    "square": _square,
}
