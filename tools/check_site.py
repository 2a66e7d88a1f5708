"""Checks the finished site: `python -m tools.check_site FOLDER`.

Sphinx has checked the links between its own pages. This looks at what it cannot see: the links between the two
languages, written as HTML, every anchor once more, and that no page asks another host for anything.
"""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {"link": "href", "script": "src", "img": "src", "iframe": "src", "source": "src"}
"""What a browser fetches by itself, by the attribute that says where from."""


class Page(HTMLParser):
    """The anchors and addresses of one page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an anchor, a link, or something that the browser fetches."""
        for name, value in attrs:
            if name == "id" and value:
                self.anchors.add(value)
            elif tag == "a" and name == "href" and value:
                self.links.append(value)
            elif LOADED.get(tag) == name and value:
                self.loaded.append(value)


def faults(site: Path) -> list[str]:
    """Every link that leads nowhere, and everything that comes from elsewhere."""
    pages = {path.resolve(): Page(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}
    found = []
    for path, page in pages.items():
        for address in page.links + page.loaded:
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                if address in page.loaded and parts.scheme != "data":
                    found.append(f"{path}: is fetched from elsewhere: {address}")
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.exists():
                found.append(f"{path}: leads nowhere: {address}")
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors:
                found.append(f"{path}: has no such anchor: {address}")
    for path in site.rglob("*.css"):
        text = path.read_text(encoding="utf-8")
        if "@import" in text or "url(http" in text or 'url("http' in text or "url(//" in text:
            found.append(f"{path}: fetches from elsewhere")
    return found


if __name__ == "__main__":
    faulty = faults(Path(sys.argv[1]))
    print("\n".join(faulty))
    sys.exit(bool(faulty))
