"""What the tests read in the project's documents."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent


def read(name: str) -> str:
    """The text of a document, by its path in the project."""
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    """The fenced code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)


def without_code(text: str) -> str:
    """The text without its fenced code blocks."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)


def table(text: str, first_header: str) -> tuple[list[str], list[list[str]]]:
    """The headers, and the cells of the rows, of the table whose first column is called `first_header`."""
    found = re.search(rf"^\| {re.escape(first_header)} \|.*\n\|[-|]+\|\n(?:\|.*\|\n)+", text, re.M)
    assert found, f"no table with {first_header}"
    headers, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in found[0].splitlines())
    return headers, rows
