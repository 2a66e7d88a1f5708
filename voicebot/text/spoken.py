"""What the voice says of a segment: markup, emoji, addresses, code and tags dealt with.

Quantifiers are bounded or possessive, so that no text takes more than linear time.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from voicebot.text import scripts

_CONTROLS = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\uffff\ud800-\udfff]"
)
_SPACES = re.compile(r"[ \t\u3000\xa0]{2,}+")
_THOUGHT = re.compile(r"<(think|thinking|reasoning)>.*?(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE)
_FENCE = re.compile(
    r"^ ?(`{3,}+|~{3,}+)[^\n`]*+(?:\n(?:.*?^ ?\1[`~]*+ ?$|.*)|\Z)", re.DOTALL | re.MULTILINE
)  # unclosed: to the end
_TAG = re.compile(r"</?[A-Za-z][A-Za-z0-9-]{0,20}+(?:\s[^<>]{0,200}+)?/?>|<!--[^<>]{0,500}+-->")
_ACTIONS = re.compile(r"(?:\*(?![\s*])[^*\n]*+\*\s*+)++")
_LINK = re.compile(r"!?\[([^\[\]\n]{0,300}+)\]\((?:[^()\s]|\([^()\s]{0,100}+\)){0,500}+(?: \"[^\"\n]{0,200}+\")?\)")
_FOOTNOTE = re.compile(r"\[\^?\d{1,3}\]")
_URL = re.compile(r"(?:https?://|www\.)[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]++", re.IGNORECASE)
_TABLE_RULE = re.compile(r"^ ?\|? ?:?-{3,}+[-:| ]*+$", re.MULTILINE)
_TABLE_ROW = re.compile(r"^ ?\|(.*)$(\s*+(?=\|))?", re.MULTILINE)
_RULE = re.compile(r"^ ?(?:[-*_=] ?+){3,}+$", re.MULTILINE)
_LINE_MARKER = re.compile(
    r"^[ ]?(?:(?:> ?)*+(?:#{1,6}+ |[-*+•⁃‣◦●○■□▪・] |[•⁃‣・](?=\S))?+)(?:\[[ xX]\] )?(?:\d{1,3}+[.)]\)? )?",
    re.MULTILINE,
)
_STARS = re.compile(r"(?<![\d\s])\*++|\*+(?![\d\s])|\*{2,}+|~~++|`++")
_UNDERSCORES = re.compile(r"(?<!\w)_++(?=[^\W_])|(?<=[^\W_])_++(?!\w)|(?<=[.!?。！？])_++")
_YEN = re.compile(r"[¥￥] ?(\d{1,12}+(?:[,，]\d{3}){0,6}+)(?!\d)")
_EMOJI = re.compile(
    f"(?:[{scripts.DECORATION_CLASS}\u25a0-\u25ff\u2776-\u27bf][\ufe0e\ufe0f\u20e3]?+|[\u200d\ufe0e\ufe0f\u20e3\U000e0020-\U000e007f])++"
)
_CODE_NOTICE = {True: "コードは省略します。", False: "code omitted."}


def spoken_text(text: str, *, japanese: bool | None = None) -> str:
    """What a voice says of the segment `text`, on one line; "" when there is nothing to say: no letter, no digit.

    Emphasised words stay, their markers go. Thoughts, HTML tags, emoji, kaomoji and a segment that is nothing but an
    *action* are not spoken; a code block becomes a short notice, an address its host. `japanese` says whether the reply
    around it is Japanese; left out, the text itself tells. Linear in the length of `text`.
    """
    japanese = scripts.is_japanese(text) if japanese is None else japanese
    text = _SPACES.sub(" ", _CONTROLS.sub("", text).replace("\r\n", "\n").replace("\r", "\n"))
    text = _TAG.sub(" ", _FENCE.sub(f"\n{_CODE_NOTICE[japanese]}\n", _THOUGHT.sub(" ", text)))
    if _ACTIONS.fullmatch(_EMOJI.sub("", text).strip()) is not None:
        return ""
    text = _URL.sub(lambda url: _host(url[0]), _FOOTNOTE.sub("", _LINK.sub(r"\1", text)))
    text = _TABLE_ROW.sub(_row, _TABLE_RULE.sub("", text))
    text = _LINE_MARKER.sub("", _RULE.sub("", text))
    text = _UNDERSCORES.sub("", _STARS.sub("", text))
    text = _EMOJI.sub(" ", scripts.FACE.sub(" ", text))
    if japanese:
        text = _YEN.sub(lambda price: price[1].replace(",", "").replace("，", "") + "円", text)
    text = " ".join(text.split())
    return text if scripts.has_speech(text) else ""


def _host(url: str) -> str:
    """The host of an address, and the punctuation behind it that belongs to the sentence."""
    address = url.rstrip(".,;:!?'*_~")
    if address.endswith(")") and "(" not in address:
        address = address.rstrip(").,;:!?'*_~")
    try:
        host = urlsplit(address if "://" in address else f"http://{address}").hostname or ""
    except ValueError:
        host = ""
    return host.removeprefix("www.") + url[len(address) :]


def _row(row: re.Match[str]) -> str:
    separator = "、" if scripts.is_japanese(row[1]) else ", "
    cells = [cell for cell in (part.strip() for part in row[1].split("|")) if cell]
    return separator.join(cells) + (separator if row[2] else "")
