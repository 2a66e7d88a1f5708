"""Kanji that are read in two ways, in kana where the words around them tell which."""

from __future__ import annotations

from collections.abc import Iterator

from voicebot.text.patterns import compiled

_KANJI = "\u3400-\u9fff"
_NEAR = 16
"""Characters of context."""
_HOT = (
    "料理|カレー|唐辛子|味|食|ラーメン|麺|キムチ|鍋|スパイス|ソース|わさび|ワサビ|マーラー|麻婆|スープ|口|舌|飲|タレ|胡椒|コショウ|香辛料|"
    "チリ|タコス|タイ|インド|韓国|四川|甘|酸|塩"
)
_HARD = (
    "毎日|気持|心|人生|別れ|仕事|思い|生き|悲し|経験|立場|精神|失恋|現実|苦し|寂し|痛|病|治療|別離|勉強|練習|過去|時期|一人|孤独|"
    "朝|長時間|残業"
)
_LONELY = "道|場所|所|路|森|公園|夜|部屋|通り|建物|山|海|校舎|廊下|駅|町|街|村|境内|神社|浜|林|ビル|倉庫|教室|洞窟|島"
_PATTERN = rf"""(?x)
    (?P<hot>(?<![{_KANJI}])辛(?=い|く|か|さ|そ|け))
  | (?P<carry_out>(?<!道を)(?<!先を)(?<!前を)(?<!後を)(?<!上を)(?<!山を)(?<!中を)(?<!横を)(?<=を)行(?=っ[たて]))
  | (?P<lonely>(?<![大{_KANJI}])人気(?=の(?:ない|無い|なかった)(?:、)?(?:{_LONELY})))
  | (?P<childish>大人気(?=な[いくか]))
  | (?P<new_year>(?<![{_KANJI}])元日(?![本{_KANJI}]))
  | (?P<empty>(?:(?<=腹が)|(?<=なかが))空(?=い|き|く|か))
  | (?P<long_press>長押(?=し))
  | (?P<split>(?<=[を個枚つ])割(?=[らりるれろ]))
  | (?P<chill>寒気(?=が(?:し|す)))
"""
_SAID = {
    "carry_out": "おこな",
    "lonely": "ひとけ",
    "childish": "おとなげ",
    "new_year": "がんじつ",
    "empty": "す",
    "long_press": "ナガオ",
    "split": "わ",
    "chill": "さむけ",
}


def homographs(text: str) -> Iterator[tuple[int, int, str]]:
    """Where kanji in Japanese `text` have a reading that the words around them tell, and that reading."""
    for found in compiled(_PATTERN).finditer(text):
        start, end = found.span()
        if found.lastgroup == "hot":
            around = text[max(0, start - _NEAR) : end + _NEAR]
            hot, hard = compiled(_HOT).search(around), compiled(_HARD).search(around)
            if bool(hot) != bool(hard):
                yield start, end, "から" if hot else "つら"
        else:
            yield start, end, _SAID[found.lastgroup or ""]
