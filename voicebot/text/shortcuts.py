"""Keys that are pressed together, such as Ctrl+Shift+T, as they are said."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from voicebot.text.patterns import compiled, word_table

_SAID = {
    "en": word_table("ctrl control ctl control cmd command opt option win Windows esc escape del delete ins insert"),
    "ja": word_table(
        """ctrl コントロール ctl コントロール control コントロール cmd コマンド command コマンド opt オプション
        option オプション win ウィンドウズ windows ウィンドウズ alt オルト shift シフト fn エフエヌ super スーパー
        esc エスケープ escape エスケープ del デリート delete デリート ins インサート insert インサート
        enter エンター return リターン tab タブ space スペース backspace バックスペース home ホーム end エンド"""
    ),
}
"""By the key in small letters; any other key is said as it is written."""
_HELD = "ctrl|ctl|control|cmd|command|opt|option|win|windows|alt|shift|fn|super"
_PATTERN = (
    rf"(?i)(?<![a-z0-9+])(?:{_HELD})(?:\s?\+\s?(?:{_HELD})){{0,3}}+\s?\+\s?(?:[a-z]{{1,10}}|f?\d{{1,2}})(?![a-z0-9])"
)


def shortcuts(text: str, language: Literal["en", "ja"]) -> Iterator[tuple[int, int, str]]:
    """Where keys are named in `text` with half-width letters, and how they are said, without their +."""
    if "+" not in text:
        return
    said = _SAID[language]
    for found in compiled(_PATTERN).finditer(text):
        keys = re.split(r"\s?\+\s?", found[0])
        yield *found.span(), " ".join([said.get(key.lower(), key) for key in keys])
