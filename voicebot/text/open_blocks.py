"""Code blocks, thoughts and formulas of their own, which may go on from segment to segment."""

from __future__ import annotations

from voicebot.speech import Boundary, Span
from voicebot.text.reading import OpenBlock, Reading

_LANGUAGES = {
    "bash": "shell script",
    "c++": "C++",
    "cpp": "C++",
    "csharp": "C#",
    "cs": "C#",
    "css": "CSS",
    "html": "HTML",
    "js": "JavaScript",
    "javascript": "JavaScript",
    "json": "JSON",
    "php": "PHP",
    "py": "Python",
    "rb": "Ruby",
    "rs": "Rust",
    "sh": "shell script",
    "shell": "shell script",
    "sql": "SQL",
    "toml": "TOML",
    "ts": "TypeScript",
    "typescript": "TypeScript",
    "xml": "XML",
    "yaml": "YAML",
    "yml": "YAML",
    "zsh": "shell script",
}
_NO_LANGUAGES = frozenset(("", "text", "txt", "plain", "plaintext", "none", "output", "console"))


def read_open_block(reading: Reading, block: OpenBlock, at: int) -> int:
    """Read up to the end of what is open; return where reading goes on."""
    found = block.ends.search(reading.text, at)
    end = found.start() if found else len(reading.text)
    behind = found.end() if found else end
    if block.kind == "thought":
        reading.say(reading.text[at:behind], "", "", "thought")
    elif block.kind == "math":
        reading.say_formula(reading.text[at:end], reading.text[at:end])
        if found:
            reading.say(found[0], found[0], "", "math")
    else:
        body = reading.text[at:end]
        if found:  # the last line end belongs to the fence
            body = body.removesuffix("\n").removesuffix("\r")
        _code(reading, block, body, closed=found is not None)
        reading.say(reading.text[at + len(body) : behind], "", "")
    if found:
        reading.state.open = None
    return behind


def _code(reading: Reading, block: OpenBlock, body: str, *, closed: bool) -> None:
    """The lines of a code block, or some of them."""
    closed = closed or reading.boundary is Boundary.END
    block.line_ends += body.count("\n")
    block.empty = block.empty and not body.strip()
    if reading.options.code == "read":
        reading.spans.append(Span(body, body, body, "code"))
        if closed:
            reading.pause()
        return
    notice = ""
    if not block.said and not block.empty:
        if reading.options.code == "skip":
            notice = "コードは省略します。" if reading.is_japanese() else "code omitted."
        elif closed:
            notice = _described(reading, block, block.line_ends + (not body.endswith("\n")))
    block.said = block.said or bool(notice)
    reading.say(body, body, notice and f" {notice} ", "code")


def _described(reading: Reading, block: OpenBlock, lines: int) -> str:
    """How many lines of which language the code is."""
    name = block.language
    known = name not in _NO_LANGUAGES
    name = _LANGUAGES.get(name, name.capitalize())
    if reading.is_japanese():
        return f"{name}のコード、{lines}行です。" if known else f"コード、{lines}行です。"
    return f"{lines} line{'s' * (lines > 1)} of {name if known else 'code'}."
