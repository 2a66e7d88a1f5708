"""Draws the mermaid diagrams of the documents, so that the site needs no script and no other host to show them.

`python -m tools.diagrams mermaid.min.js` draws what has changed; the script comes from npm (`npm pack mermaid`), and
chromium runs it. A picture carries the fingerprint of its source in its name: a test fails while it is out of date.
"""

from __future__ import annotations

import hashlib
import html
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
PICTURES = ROOT / "docs" / "pictures"

PAGE = """<!doctype html><meta charset="utf-8"><pre id="source" hidden>{source}</pre><pre id="drawing"></pre>
<script>{script}</script>
<script>
mermaid.initialize({{startOnLoad: false, htmlLabels: false, fontFamily: "sans-serif"}});
mermaid.render("diagram", document.getElementById("source").textContent)
    .then(made => document.getElementById("drawing").innerHTML = made.svg);
</script>"""


def picture_of(source: str) -> str:
    """The file name of the picture of a diagram."""
    return f"diagram-{hashlib.sha256(source.encode()).hexdigest()[:12]}.svg"


def diagrams() -> Iterator[str]:
    """The source of every diagram in the pages."""
    for page in sorted((ROOT / "docs").glob("*.md")):
        yield from re.findall(r"^```mermaid\n(.*?)^```$", page.read_text(encoding="utf-8"), re.M | re.S)


def drawn(source: str, mermaid: Path) -> str:
    """The diagram as SVG, drawn by mermaid in chromium."""
    page = PAGE.format(script=mermaid.read_text(encoding="utf-8"), source=html.escape(source))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "page.html"
        file.write_text(page, encoding="utf-8")
        command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/profile"]
        command += ["--virtual-time-budget=10000", "--dump-dom", file.as_uri()]
        shown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    found = re.search(r'<pre id="drawing">(<svg.*?</svg>)</pre>', shown, re.DOTALL)
    if not found:
        raise RuntimeError("chromium drew nothing")
    return found[1].replace("<br>", "<br/>") + "\n"


def main() -> None:
    """Draw every diagram that has no picture, and remove the pictures of those that are gone."""
    wanted = {picture_of(source): source for source in diagrams()}
    for name, source in wanted.items():
        if not (PICTURES / name).exists():
            (PICTURES / name).write_text(drawn(source, Path(sys.argv[1])), encoding="utf-8")
    for path in PICTURES.glob("diagram-*.svg"):
        if path.name not in wanted:
            path.unlink()


if __name__ == "__main__":
    main()
