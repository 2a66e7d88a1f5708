"""Aligned text, whose wide characters count as two columns."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence


def cell_width(text: str) -> int:
    """How many columns of a terminal `text` takes."""
    return sum(_columns_of(character) for character in text)


def columns(rows: Sequence[Sequence[str]], *, right: set[int] | None = None, width: int = 0) -> list[str]:
    """The rows as lines with aligned columns; those in `right` to the right. `width` wraps the last column."""
    sizes = [max(cell_width(row[i]) for row in rows) for i in range(len(rows[0]))]
    before = sum(sizes[:-1]) + 2 * (len(sizes) - 1)
    lines = []
    for row in rows:
        cells = []
        for i, cell in enumerate(row[:-1]):
            blanks = " " * (sizes[i] - cell_width(cell))
            cells.append(blanks + cell if right and i in right else cell + blanks)
        last = wrapped(row[-1], max(20, width - before)) if width else [row[-1]]
        if right and len(row) - 1 in right:
            last = [" " * (sizes[-1] - cell_width(last[0])) + last[0], *last[1:]]
        lines.append("  ".join([*cells, last[0]]).rstrip())
        lines += [" " * before + line for line in last[1:]]
    return lines


def wrapped(text: str, width: int) -> list[str]:
    """`text` in lines of at most `width` columns, broken at a blank if there is one in the second half of the line."""
    lines: list[str] = []
    line, size = "", 0
    for character in text:
        wide = _columns_of(character)
        if size + wide > width:
            blank = line.rfind(" ")
            keep = blank if blank > len(line) // 2 and line[-1] != " " else len(line)
            lines.append(line[:keep].rstrip())
            line = line[keep:].lstrip()
            size = cell_width(line)
        line += character
        size += wide
    return [*lines, line]


def last_columns(text: str, width: int) -> str:
    while cell_width(text) > width:
        text = text[1:]
    return text


def _columns_of(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def signed(seconds: float) -> str:
    return f"{seconds:+.2f}".replace("-0.00", "+0.00")


def counted(count: int, noun: str) -> str:
    return f"1 {noun}" if count == 1 else f"{count} {noun}s"
