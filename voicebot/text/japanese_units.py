"""Units, currencies and the like, as they are said in Japanese."""

from __future__ import annotations

import re

from voicebot.text.patterns import word_table

UNITS = word_table(
    """km/h キロメートル毎時 m/s メートル毎秒 km² 平方キロメートル km2 平方キロメートル m² 平方メートル m2 平方メートル
    cm² 平方センチメートル cm2 平方センチメートル m³ 立方メートル m3 立方メートル cm³ 立方センチメートル
    cm3 立方センチメートル km キロメートル cm センチメートル mm ミリメートル μm マイクロメートル nm ナノメートル
    m メートル kg キログラム mg ミリグラム μg マイクログラム g グラム t トン kl キロリットル dl デシリットル
    ml ミリリットル l リットル cc シーシー pb ペタバイト tb テラバイト gb ギガバイト mb メガバイト kb キロバイト
    ghz ギガヘルツ mhz メガヘルツ khz キロヘルツ hz ヘルツ gbps ギガビーピーエス mbps メガビーピーエス
    kbps キロビーピーエス bps ビーピーエス ms ミリ秒 μs マイクロ秒 ns ナノ秒 s 秒 sec 秒 min 分 h 時間
    kwh キロワット時 kw キロワット mw メガワット w ワット v ボルト kv キロボルト mah ミリアンペアアワー
    ma ミリアンペア db デシベル kcal キロカロリー cal カロリー hpa ヘクトパスカル px ピクセル dpi ディーピーアイ
    fps エフピーエス rpm 回転毎分 ha ヘクタール ft フィート lb ポンド lbs ポンド oz オンス °c 度 ℃ 度 % パーセント
    ‰ パーミル ° 度 usd ドル jpy 円 eur ユーロ"""
)
"""By the unit in small letters."""
UNIT_PATTERN = "|".join(sorted(map(re.escape, UNITS), key=len, reverse=True))
CURRENCIES = {"$": "ドル", "€": "ユーロ", "£": "ポンド", "¥": "円", "￥": "円", "₩": "ウォン"}
MULTIPLES = {"k": 3, "K": 3, "M": 6, "B": 9}
"""Powers of ten."""
OPERATORS = {"+": "たす", "-": "ひく", "−": "ひく", "/": "わる", "÷": "わる", "=": "イコール"}
"""Any other one multiplies."""
SIGNS = word_table(
    """= イコール ≠ ノットイコール ≒ ニアリーイコール < 小なり > 大なり ± プラスマイナス ≤ 小なりイコール
    ≦ 小なりイコール ≥ 大なりイコール ≧ 大なりイコール"""
)
SIDES = {"W": "幅", "D": "奥行き", "H": "高さ", "L": "長さ"}
WEEKDAYS = {"月": "げつ", "火": "か", "水": "すい", "木": "もく", "金": "きん", "土": "ど", "日": "にち"}
SQUARES = {"㈱": "株式会社", "㈲": "有限会社", "℡": "電話", "№": "ナンバー"}
ENDINGS = word_table(
    "com コム jp ジェーピー co シーオー org オーグ net ネット io アイオー dev デブ ai エーアイ ne エヌイー ac エーシー "
    "or オーアール go ジーオー app アップ info インフォ me ミー"
)
"""Of host names."""
