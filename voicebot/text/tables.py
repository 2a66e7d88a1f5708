"""Tables: read row by row with their headers, or told of in a few words."""

from __future__ import annotations

import re

from voicebot.speech import Boundary
from voicebot.text.characters import has_speech
from voicebot.text.inline_marks import read_action, read_inline
from voicebot.text.one_line import as_one_line
from voicebot.text.open_blocks import read_open_block
from voicebot.text.reading import NEWLINE, OpenTable, ReaderState, Reading

DELIMITER_ROW = re.compile(r"[ \t]*+(?=[^|\n]{0,60}\||\|)[|:]?[ \t]*+:?-[-:| \t]*+\r?$", re.MULTILINE)
_ANSWERS = {
    **dict.fromkeys(("✅", "✔", "✔️", "✓", "☑", "☑️", "○", "◯", "〇", "⭕"), ("yes", "まる")),
    **dict.fromkeys(("❌", "✘", "✗", "✖", "✖️", "×"), ("no", "ばつ")),
}
"""Cells of a table that say yes or no."""
_BAR = re.compile(r"(?<!\\)\|")


def read_table_line(reading: Reading, at: int, end: int) -> int:
    """Read a line of a table from its beginning to `end`; return where reading goes on."""
    text, state = reading.text, reading.state
    table = state.table = state.table or OpenTable()
    if reading.options.tables != "read":
        return _table_notice(reading, table, at)
    if DELIMITER_ROW.match(text, at, end):
        table.header = table.header or table.first_row
        reading.say(text[at:end], text[at:end], "", "table")
        return end
    if not table.header and not table.first_row:
        table.first_row = tuple(_words_of(reading, cell) for cell in _cells(text[at:end]))
        newline = NEWLINE.match(text, end)
        delimiter = DELIMITER_ROW.match(text, newline.end()) if newline else None
        if delimiter is not None and text[delimiter.end() :].strip():
            reading.say(text[at:end], text[at:end], "", "table")
            return end
    table.column = -1 if text[at:end].lstrip(" \t").startswith("|") else 0
    table.in_cell = False
    return read_row(reading, table, at, end)


def _table_notice(reading: Reading, table: OpenTable, at: int) -> int:
    """All lines of the table that are in this segment, as a few words."""
    end, rows, header = at, 0, 0
    while end < len(reading.text):
        line_end = reading.line_end(end)
        line = reading.text[end:line_end]
        if "|" not in line:
            break
        if DELIMITER_ROW.match(line):
            header = 1
        else:
            rows += 1
        behind = NEWLINE.match(reading.text, line_end)
        end = behind.end() if behind else line_end
    rows -= header
    counted = reading.options.tables == "describe" and reading.boundary is not Boundary.FORCED
    if reading.options.tables == "skip":
        notice = "表は省略します。" if reading.is_japanese() else "table omitted."
    elif reading.is_japanese():
        notice = f"{rows}行の表です。" if counted else "表です。"
    else:
        notice = f"a table with {rows} row{'s' * (rows != 1)}." if counted else "a table."
    reading.say(reading.text[at:end], reading.text[at:end], "" if table.said else f" {notice} ", "table")
    table.said = True
    table.in_row = reading.boundary is Boundary.FORCED
    reading.state.line_start = True
    return end


def read_row(reading: Reading, table: OpenTable, at: int, end: int) -> int:
    """Read the cells of a row, or of what is left of it; return where reading goes on."""
    if reading.options.tables != "read":
        table.in_row = False
        reading.say(reading.text[at:end], reading.text[at:end], "", "table")
        return end
    reading.marked = True
    joined = "、" if reading.is_japanese() else ", "
    first = not table.in_row or not table.in_cell
    table.in_row = False
    while at < end:
        bar = _BAR.search(reading.text, at, end)
        stop = bar.start() if bar else end
        cell = reading.text[at:stop]
        answer = _ANSWERS.get(cell.strip())
        if answer or has_speech(cell):
            if not table.in_cell:
                reading.say("", "", ("" if first else joined) + _label(reading, table), "table")
            indent = cell[: len(cell) - len(cell.lstrip(" "))]
            reading.say(indent, indent, " " * bool(indent), "table")
            if answer:
                reading.say(cell[len(indent) :], cell[len(indent) :], answer[reading.is_japanese()], "table")
            else:
                read_inline(reading, at + len(indent), stop, lines=False)
            table.in_cell, first = True, False
        else:
            reading.say(cell, cell, " ", "table")
        if bar is None:
            break
        reading.say("|", "|", " ", "table")
        table.column += 1
        table.in_cell = False
        at = bar.end()
    within = (Boundary.FORCED, Boundary.CLAUSE, Boundary.SENTENCE)
    table.in_row = end == len(reading.text) and reading.boundary in within
    if table.in_row and reading.text.rstrip().endswith("|"):  # a long table is cut between its rows
        table.in_row = False
        reading.pause()
    return end


def _label(reading: Reading, table: OpenTable) -> str:
    """The header of the present column, as it is said before each cell."""
    column = max(0, table.column)
    header = table.header[column] if column < len(table.header) else ""
    if not header:
        return ""
    return f"{header}は" if reading.is_japanese() else f"{header}: "


def _words_of(reading: Reading, cell: str) -> str:
    """What is said of a cell of the header."""
    state = ReaderState(line_start=False)
    of_cell = Reading(cell, Boundary.CLAUSE, reading.options, state, reading.is_japanese)
    at = len(cell) if read_action(of_cell) else 0
    while at < len(cell):
        at = read_open_block(of_cell, state.open, at) if state.open else read_inline(of_cell, at, len(cell))
    spoken = "".join([span.spoken for span in as_one_line(of_cell.spans, reading.is_japanese)])
    return spoken.rstrip(".:。：、, ")


def _cells(line: str) -> list[str]:
    """The cells of a row, as they are written."""
    cells = _BAR.split(line.strip())
    if cells and not cells[0].strip():
        del cells[0]
    return cells
