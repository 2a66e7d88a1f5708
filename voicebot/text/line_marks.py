"""What stands at the beginning of a line: fences, headings, items, quotations, footnotes, rules, tables."""

from __future__ import annotations

import re

from voicebot.text.inline_marks import read_inline
from voicebot.text.reading import OpenBlock, OpenTable, Reading
from voicebot.text.tables import DELIMITER_ROW, read_table_line

_FENCE = re.compile(r"[ \t]*+(`{3,}+|~{3,}+)([^\n]*+)(\n|\Z)")
_RULE = re.compile(r"[ \t]*+(?:(?:-[ \t]*+){3,}+|(?:\*[ \t]*+){3,}+|(?:_[ \t]*+){3,}+|={3,}+[ \t]*+)$")
_MARKER = re.compile(
    r"""[ \t\u3000]*+(?P<quote>(?:>[ \t]?)*+)
    (?:(?P<heading>\#{1,6}+(?:[ \t]++|$))
      |(?P<bullet>[-*+–—●○■□▪◦•⁃‣・](?:[ \t\u3000]++|$)|[•⁃‣・●■](?=\S))?+(?P<box>\[(?P<done>[ xX])\][ \t]++)?+
    )
    (?P<number>(?P<digits>\d{1,3}+)(?:[.)](?:[ \t]++|$|(?=[\u3041-\u30ff\u3400-\u9fff「『]))|[．）](?!\d)))?+
    (?P<note>\[\^?[\w-]{1,20}+\]:[ \t]++)?+""",
    re.VERBOSE,
)
_ADDRESS_LINE = re.compile(r"<?https?://[^\s>]++>?(?: \"[^\"\n]*+\")?[ \t]*+$")
_HEADING_END = re.compile(r"[ \t]++#++[ \t]*+$")


def read_line_begin(reading: Reading, at: int) -> int:
    """Read what stands at the beginning of a line; return where reading goes on."""
    text, state = reading.text, reading.state
    state.line_start = False
    end = reading.line_end(at)
    if (fence := _FENCE.match(text, at)) is not None and fence[1] not in fence[2]:
        state.table = None
        words = fence[2].split()
        mark = fence[1][0]
        closing = re.compile(rf"^[ \t]*+{fence[1]}{mark}*+[ \t\r]*+$", re.MULTILINE)
        language = words[0].strip("{}.").lower() if words else ""
        state.open = OpenBlock("code", closing, language, line_ends=0 if fence[3] else -1)
        reading.say(fence[0], "", "")
        return fence.end()
    line = text[at:end]
    if line.lstrip(" \t").startswith("|") or (state.table is not None and "|" in line and line.strip()):
        return read_table_line(reading, at, end)
    if DELIMITER_ROW.match(text, at, end):
        state.table = OpenTable()
        reading.say(line, line, "", "table")
        return end
    state.table = None
    reading.marked = False
    if line and _RULE.match(text, at, end):
        reading.say(line, line, "")
        return end
    return _marker(reading, at, end)


def _marker(reading: Reading, at: int, end: int) -> int:
    """The marker of a heading, an item, a quotation or a footnote, if there is one."""
    marker = _MARKER.match(reading.text, at, end)
    if marker is None or marker.end() == at:
        return at
    reading.marked = any(marker[part] for part in ("heading", "bullet", "box", "number"))
    for part in ("heading", "box", "number", "note"):
        if not (raw := marker[part]):
            continue
        lead = reading.text[at : marker.start(part)]
        reading.say(lead, lead, "" if lead.strip() else " ")
        at = marker.end(part)
        match part:
            case "heading":
                reading.say(raw, "", "")
            case "box":
                done = "済み、" if reading.is_japanese() else "done: "
                reading.say(raw, raw, "" if marker["done"] == " " else done)
            case "number":
                reading.say(raw, raw, marker["digits"] + ("、" if reading.is_japanese() else ". "))
            case "note" if _ADDRESS_LINE.match(reading.text, at, end):
                reading.say(reading.text[at - len(raw) : end], reading.text[at - len(raw) : end], "", "footnote")
                return end
            case _:
                reading.say(raw, raw, "", "footnote")
    lead = reading.text[at : marker.end()]
    reading.say(lead, lead, "" if lead.strip() else " ")
    if marker["heading"] and (closing := _HEADING_END.search(reading.text, marker.end(), end)) is not None:
        read_inline(reading, marker.end(), closing.start(), lines=False)
        reading.say(closing[0], "", "")
        return end
    return marker.end()
