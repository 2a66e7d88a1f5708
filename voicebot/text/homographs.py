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
    辛(?<![{_KANJI}]辛)(?=い|く|か|さ|そ|け)
  | 行(?<=を行)(?<![道先前後上山中横]を行)(?=っ[たて])
  | 人気(?<![{_KANJI}]人気)(?=の(?:ない|無い|なかった)(?:、)?(?:{_LONELY}))
  | 大人気(?=な[いくか])
  | 元日(?<![{_KANJI}]元日)(?![本{_KANJI}])
  | 空(?:(?<=腹が空)|(?<=なかが空))(?=い|き|く|か)
  | 長押(?=し)
  | 割(?<=[を個枚つ]割)(?=[らりるれろ])
  | 寒気(?=が(?:し|す))
  | 達成
  | 鶏(?<![{_KANJI}]鶏)(?=肉|胸|皮|もも|むね|ひき|がら|ささみ|ガラ|ササミ|レバー)
  | 着(?:(?<=\d[時分]着)|(?<=:\d\d着))(?![いかきくけこせたてっるれろ替用信任席陸水衣])
"""
"""Each begins with its kanji, so that the search leaps from one to the next; what stands before it is seen later."""
_SAID = {
    "行": "おこな",
    "人気": "ひとけ",
    "大人気": "おとなげ",
    "元日": "がんじつ",
    "空": "す",
    "長押": "ナガオ",
    "割": "わ",
    "寒気": "さむけ",
    "達成": "たっせい",
    "鶏": "とり",
    "着": "ちゃく",
}


def homographs(text: str) -> Iterator[tuple[int, int, str]]:
    """Where kanji in Japanese `text` have a reading that the words around them tell, and that reading."""
    for found in compiled(_PATTERN).finditer(text):
        start, end = found.span()
        if found[0] == "辛":
            around = text[max(0, start - _NEAR) : end + _NEAR]
            hot, hard = compiled(_HOT).search(around), compiled(_HARD).search(around)
            if bool(hot) != bool(hard):
                yield start, end, "から" if hot else "つら"
        else:
            yield start, end, _SAID[found[0]]
