"""Makes the site of the documents, one language at a time: `make docs`.

English is `page.md` and Japanese `page.ja.md`; a page without a twin stands in both. What Sphinx does not know of our
pages is said here: the navigation is the list of links on the index page, the line that leads to the other language
leads to the other half of the site, and a mermaid block is the picture that was drawn of it.
"""

import re
import sys
from pathlib import Path

from sphinx.application import Sphinx

DOCS = Path(__file__).parent.parent
sys.path.insert(0, str(DOCS.parent))

from tools.diagrams import picture_of  # noqa: E402  (the project is not on the path before)

JAPANESE = "ja" in tags  # noqa: F821  Sphinx puts it there
TWINS = {path.name.removesuffix(".ja.md") for path in DOCS.glob("*.ja.md")}

project = "voicebot"
copyright = "MIT"
language = "ja" if JAPANESE else "en"
extensions = ["myst_parser"]
root_doc = "index.ja" if JAPANESE else "index"
exclude_patterns = ["site", "pictures", "experiments/traces"]
exclude_patterns += [f"{name}.md" for name in TWINS] + ["experiments/README.md"] if JAPANESE else ["**.ja.md"]
nitpicky = True
myst_heading_anchors = 4
myst_links_external_new_tab = True
html_theme = "furo"
html_title = "voicebot"
html_show_sphinx = False
html_copy_source = False
pygments_style = "default"


def prepare(_app: Sphinx, page: str, source: list[str]) -> None:
    """Turn what a forge shows as it is into what Sphinx takes."""
    text = source[0]
    text = re.sub(
        r"\[([^\]\n]*)\]\(([\w./-]+\.md)(#[^)\s]*)?\)",
        lambda link: in_this_half(page, link[1], link[2], link[3] or "") or link[0],
        text,
    )
    text = re.sub(
        r"^```mermaid\n(.*?)^```$",
        lambda block: f"![]({'../' * page.count('/')}pictures/{picture_of(block[1])})",
        text,
        flags=re.MULTILINE | re.DOTALL,
    )
    if page == root_doc:
        for heading, body in re.findall(r"^## ([^\n]*)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL):
            text += navigation(body, heading)
        forgotten = [path.name for path in sorted(DOCS.glob("*.md")) if is_ours(path) and f"({path.name})" not in text]
        text += navigation("\n".join(f"- []({name})" for name in forgotten)) if forgotten else ""
    elif page == "decisions/README":
        text += navigation(text)
    source[0] = text


def is_ours(path: Path) -> bool:
    """Whether a page stands in this half of the site, and is not its index."""
    other = path.name.removesuffix(".md") in TWINS if JAPANESE else path.name.endswith(".ja.md")
    return not other and path.name != f"{root_doc}.md"


def navigation(listed: str, caption: str = "") -> str:
    """The pages that a list names, as a part of the navigation."""
    pages = "\n".join(re.findall(r"^(?:-|\d+\.) \[[^\]]*\]\(([^)]+)\.md\)", listed, re.MULTILINE))
    title = f":caption: {caption}\n" if caption else ""
    return f"\n```{{toctree}}\n:hidden:\n{title}\n{pages}\n```\n"


def in_this_half(page: str, words: str, address: str, anchor: str) -> str | None:
    """A link to a page that stands in the other language; None where it can stay as it is.

    From an English page of the Japanese half it leads to the Japanese twin, otherwise to the other half.
    """
    target = (DOCS / page).parent.joinpath(address).resolve()
    if not target.is_relative_to(DOCS) or not target.exists():
        return None
    name = target.relative_to(DOCS).as_posix().removesuffix(".md")
    if JAPANESE and not name.endswith(".ja") and target.with_suffix(".ja.md").exists():
        if not page.endswith(".ja"):
            return f"[{words}]({address.removesuffix('.md')}.ja.md)"
        folder = "en"
    elif not JAPANESE and name.endswith(".ja"):
        folder = "ja"
    else:
        return None
    return f'<a href="{"../" * (page.count("/") + 1)}{folder}/{name}.html{anchor}">{words}</a>'


def setup(app: Sphinx) -> None:
    """Have `prepare` see every page before Sphinx reads it."""
    app.connect("source-read", prepare)
