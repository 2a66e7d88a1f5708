"""The checker of the finished site finds what leads nowhere, and what would be fetched from another host."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.check_site import faults


def site(folder: Path, body: str) -> Path:
    """A site of two pages, one of them with this body."""
    (folder / "page.html").write_text(f"<body>{body}</body>", encoding="utf-8")
    (folder / "other.html").write_text('<h1 id="here">Here</h1>', encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "body",
    [
        '<a href="other.html#here">',
        '<a href="#me" id="me">',
        '<a href="https://example.com/gone">',
        '<img src="other.html">',
    ],
)
def test_a_link_that_leads_somewhere_is_not_a_fault(body: str, tmp_path: Path) -> None:
    assert faults(site(tmp_path, body)) == []


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ('<a href="gone.html">', "leads nowhere: gone.html"),
        ('<a href="other.html#there">', "has no such anchor: other.html#there"),
        ('<a href="#me">', "has no such anchor: #me"),
        ('<img src="gone.png">', "leads nowhere: gone.png"),
        ('<script src="https://cdn.example.com/x.js">', "is fetched from elsewhere: https://cdn.example.com/x.js"),
        ('<link rel="stylesheet" href="//fonts.example.com/x">', "is fetched from elsewhere: //fonts.example.com/x"),
    ],
)
def test_a_fault_names_the_page_and_the_address(body: str, fault: str, tmp_path: Path) -> None:
    (found,) = faults(site(tmp_path, body))
    assert found == f"{(tmp_path / 'page.html').resolve()}: {fault}"


def test_a_style_sheet_that_imports_a_font_from_elsewhere_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "x.css").write_text("@import url(https://fonts.example.com/x);", encoding="utf-8")
    (found,) = faults(tmp_path)
    assert found.endswith("x.css: fetches from elsewhere")
