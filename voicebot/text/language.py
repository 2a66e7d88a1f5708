"""Which language a text is in."""

from __future__ import annotations

import re

_JAPANESE = re.compile(
    "[\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fd-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff\uff66-\uff9d々〆〇\U00020000-\U0003ffff]"
)


def is_japanese(text: str) -> bool:
    """Whether there is any kana or kanji (Chinese text counts too)."""
    return _JAPANESE.search(text) is not None
