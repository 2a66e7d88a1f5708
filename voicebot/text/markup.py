"""Reads the marks in a segment: markdown, HTML, formulas, addresses, emoji, *actions* and [tags].

Lines and what stands at their beginning are read in `_SegmentReader.read`, marks within a line in
`_SegmentReader._inline`. What cannot be told from one segment alone (an open code block, the header of a table) is
carried to the next. Quantifiers are bounded or possessive, so that no text takes more than linear time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from voicebot.speech import Boundary, Segment, Span, SpanKind
from voicebot.text.characters import CONTROL_CLASS, NEWLINES, UNSPEAKABLE_CLASS, has_speech, is_cjk
from voicebot.text.decoration import EMOJI_CLASS, face_pattern
from voicebot.text.patterns import word_set
from voicebot.text.pauses import end_mark, ends_here, lacks_end
from voicebot.text.render_options import RenderOptions
from voicebot.text.thoughts import THOUGHT_NAMES

EMOTION_TAGS = word_set(
    "neutral happy happiness joy joyful sad sadness angry anger surprise surprised fear fearful scared disgust "
    "disgusted smile smiling smirk wink laugh laughs laughing laughter giggle giggles chuckle chuckles sigh sighs cry "
    "crying cries whisper whispers whispering shout shouts gasp gasps blush blushing shy excited calm relaxed confused "
    "curious thinking embarrassed tired sleepy serious proud love loving worried nervous playful bored "
    "笑顔 笑い 笑う 微笑み 微笑 喜び 喜 嬉しい うれしい 楽しい 楽 怒り 怒る 怒 悲しみ 悲しい 悲 驚き 驚く 驚 恐れ 恐怖 "
    "嫌悪 照れ 照れる 恥ずかしい 困惑 困り 困り顔 泣き 泣く 涙 真剣 普通 通常 無表情 ウインク ため息 興奮 落ち着き "
    "眠い 不安 安心 自信 苦笑 ドヤ顔"
)
"""Names that a model writes into [brackets] to move an avatar's face."""

# ---------------------------------------------------------------- patterns

_CONTROLS = re.compile(f"[{CONTROL_CLASS}]+")
_UNEVEN = re.compile(
    rf"[^\S ][\s{UNSPEAKABLE_CLASS}]*+|\x20[\s{UNSPEAKABLE_CLASS}]++|[{UNSPEAKABLE_CLASS}][\s{UNSPEAKABLE_CLASS}]*+"
)
"""Whatever is not a letter or a single blank on one line."""
_NEWLINE = re.compile(f"\r\n|[{NEWLINES}]")
_NO_BLANK_BEFORE = frozenset(".,!?;:。、！？，．；：…")

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
_DELIMITER = re.compile(r"[ \t]*+(?=[^|\n]{0,60}\||\|)[|:]?[ \t]*+:?-[-:| \t]*+\r?$", re.MULTILINE)
_ANSWERS = {
    **dict.fromkeys(("✅", "✔", "✔️", "✓", "☑", "☑️", "○", "◯", "〇", "⭕"), ("yes", "まる")),
    **dict.fromkeys(("❌", "✘", "✗", "✖", "✖️", "×"), ("no", "ばつ")),
}
"""Cells of a table that say yes or no."""
_BAR = re.compile(r"(?<!\\)\|")
_ACTION = re.compile(rf"\s*+(?:\*(?![\s*])[^*\n]*+\*[\s.,!?。、！？…♪～{EMOJI_CLASS}\ufe0f\u200d]*+)++")
_SMALL_ACTION = re.compile(r"\*[a-z][^*\n]{1,120}+\*(?=\s|$)")
_CLOSING_UNDERSCORES = re.compile(r"(?<=[^\s_])_+(?!\w)")
_CLOSING_TILDES = re.compile(r"(?<=[^\s~])~~")
_HEADING_END = re.compile(r"[ \t]++#++[ \t]*+$")

_NUMBERS = r"[1-9]\d{0,2}+(?:\s?[,–-]\s?\d{1,3}+){0,8}+"
_SIGN = re.compile(
    rf"""(?=[\\$`\[【<&(（{EMOJI_CLASS}\ufe0e\ufe0f\u20e3\U000e0020-\U000e007f*_~→⇒⟶|¥￥{NEWLINES}]
       |!\[|[hH][tT]{{2}}[pP]|[wWｗ]{{2}}|T_T|[:;=]['()DPp-]|[>^][_.^-]|;_)
    (?:
      (?P<newline>\r\n|[{NEWLINES}])
    | (?P<display>\$\$|\\\[)
    | (?P<formula>\\\((?P<round>(?:[^\n\\]|\\[^()\n]){{1,300}}+)\\\)
                 |\$(?![\s$])(?P<dollars>[^$\n]{{1,200}}+)(?<![\s\\])\$(?![A-Za-z0-9]))
    | (?P<escape>\\[!-/:-@\[-`{{-~])
    | (?P<code>(?<!`)(?P<ticks>`++)(?P<inside>[^\n]{{1,300}}?)(?<!`)(?P=ticks)(?!`))
    | (?P<footnote>\[\^[\w-]{{1,20}}+\]
                  |(?:(?<=[^\s(\[])\[{_NUMBERS}\](?!\()|\[{_NUMBERS}\](?=[.,;:!?。、！？]))
                  |【\d[^】\n]{{0,20}}?†[^】\n]{{0,60}}+】)
    | (?P<link>!?\[(?P<label>(?:[^\[\]\n]|!?\[[^\[\]\n]{{0,100}}+\](?:\([^()\s]{{0,300}}+\))?){{0,300}}+)\]
               \((?:[^()\s]|\([^()\s]{{0,100}}+\)){{0,500}}+(?:\ \"[^\"\n]{{0,200}}+\")?\))
    | (?P<emotion>\[(?P<name>[^\[\]\n]{{1,24}}+)\](?P<gap>[ \t]*+))
    | (?P<autolink><(?:https?://[^\s<>]{{1,500}}+|[\w.+-]{{1,64}}+@[\w.-]{{1,100}}+)>)
    | (?P<thought><(?P<opened>(?i:{"|".join(THOUGHT_NAMES)}))>)
    | (?P<comment><!--(?:[^-<]|-(?!->)){{0,500}}+-->)
    | (?P<tag></?(?P<element>[A-Za-z][A-Za-z0-9]{{0,12}}+)(?:\s++[\w:@.-]{{1,40}}+\s?=\s?(?:"[^"\n]{{0,300}}+"
              |'[^'\n]{{0,300}}+'|[^\s"'<>=`]{{1,200}}+)){{0,20}}+\s*+/?>)
    | (?P<entity>&(?:\#\d{{1,7}}+|\#[xX][0-9a-fA-F]{{1,6}}+|[A-Za-z][A-Za-z0-9]{{1,30}}+);)
    | (?P<url>(?<![A-Za-z0-9.@/])(?i:https?://|www\.(?=[a-z0-9]))[A-Za-z0-9\-._~:/?\#\[\]@!$&'()*+,;=%]++)
    | (?P<bracket>[(（])
    | (?P<face>(?<!\w)(?:\^[_.-]?\^|>[_.]<|T_T|;_;)(?!\w)|(?<![^\s.!?…。！？])[:;=]['-]?[()DPp]{{1,4}}+(?!\w)
              |(?<=[\u3041-\u30ff\u3400-\u9fff。！？!?])[wｗ]{{2,20}}+(?![A-Za-z0-9.])
              |(?<=[\u3041-\u30ff\u3400-\u9fff。！？!?)）]\ )[wｗ]{{2,20}}+(?![A-Za-z0-9.]))
    | (?P<emoji>(?:[{EMOJI_CLASS}][\ufe0e\ufe0f\u20e3\u200d]*+|[\ufe0e\ufe0f\u20e3\U000e0020-\U000e007f])++)
    | (?P<stars>\*++)
    | (?P<underscores>(?<!\w)_++(?=[^\W_])|(?<=[^\W_])_++(?!\w)|(?<=[.!?。！？])_++)
    | (?P<tildes>~~++)
    | (?P<stray>`++)
    | (?P<arrow>(?:[→⇒⟶]|(?<=\ )\|(?=\ ))\ ?)
    | (?P<yen>[¥￥]\ ?(?P<amount>\d{{1,12}}+(?:[,，]\d{{3}}){{0,6}}+)(?!\d))
    )""",
    re.VERBOSE,
)
"""What may be more than the characters it is written with."""
_REFERENCE = re.compile(r"(?<!\w)\[([^\[\]\n]{1,200}+)\]\[[^\[\]\n]{0,60}+\]")
_ELEMENTS = word_set(
    "a abbr article aside audio b big blockquote body br button caption center cite code col colgroup dd del details "
    "dfn div dl dt em figcaption figure font footer form h1 h2 h3 h4 h5 h6 head header hr html i iframe img input ins "
    "kbd label li link main mark meta nav ol option p picture pre q rp rt ruby s samp script section select small "
    "source span strike strong style sub summary sup svg table tbody td textarea tfoot th thead title tr tt u ul var "
    "video wbr speak break prosody emphasis"
).union(THOUGHT_NAMES)
_INLINE_ELEMENTS = word_set(
    "a abbr b big cite code del dfn em font i ins kbd mark q rt rp ruby s samp small span strike strong sub sup tt u "
    "var wbr emphasis prosody"
)
_THOUGHT_ENDS = {name: re.compile(f"</{name}>", re.IGNORECASE) for name in THOUGHT_NAMES}
_FORMULA_ENDS = {"$$": re.compile(r"\$\$|\n[ \t]*+(?=\n)"), "\\[": re.compile(r"\\\]|\n[ \t]*+(?=\n)")}
_FORMULA = re.compile(
    r"[^\\^_=<>{}+]*+[\\^_=<>{}+].*|-?[\d.,]*+[A-Za-z]?+['!]?+|-?\d++(?:\.\d++)?+%?+|[A-Za-z]{1,2}\([A-Za-z0-9, ]++\)"
    r"|[\dA-Za-z. ()]++[-*/][-*/\dA-Za-z. ()]++"
)
_SENTENCE_IN_FORMULA = re.compile(r"(?<![\\A-Za-z{])[A-Za-z]{2,} +(?:[A-Za-z]{2,} +|[A-Za-z]{4,})|[\u3041-\u30ff]")
_HOST = re.compile(r"(?:https?://)?(?:[^/?#@]*@)?(?:www\.)?([^/?#:@]+)", re.IGNORECASE)
_SCHEME = re.compile(r"https?://(?:www\.)?", re.IGNORECASE)
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
# ---------------------------------------------------------------- what is carried from segment to segment


@dataclass(slots=True)
class _Open:
    """A code block, thought or formula that goes on in the next segment."""

    kind: Literal["code", "thought", "math"]
    ends: re.Pattern[str]
    language: str = ""
    line_ends: int = 0
    """Line ends in the code so far."""
    empty: bool = True
    """Whether the code is blank so far."""
    said: bool = False
    """Whether the notice has been given."""


@dataclass(slots=True)
class _Table:
    """The table that the last line belonged to."""

    header: tuple[str, ...] = ()
    first_row: tuple[str, ...] = ()
    """It becomes the header if a delimiter row follows."""
    column: int = 0
    in_row: bool = False
    """Whether the last segment ended within a row."""
    in_cell: bool = False
    """Whether something of the present cell has been said."""
    said: bool = False
    """Whether the notice has been given."""


@dataclass(slots=True)
class ReaderState:
    """What one segment leaves for the next."""

    line_start: bool = True
    open: _Open | None = None
    table: _Table | None = None
    emphasis: set[str] = field(default_factory=set)
    """Runs of * and _ that are open."""

    @property
    def at_rest(self) -> bool:
        """Whether the next segment begins with nothing open."""
        return self.open is None and self.table is None and not self.emphasis


# ---------------------------------------------------------------- one segment


def read_marked(
    segment: Segment, options: RenderOptions, carried: ReaderState, japanese: Callable[[], bool]
) -> tuple[Span, ...]:
    """Read `segment` into spans, and keep in `carried` what the next one has to know.

    `japanese` tells whether words that are added in speech are to be Japanese.
    """
    return tuple(_as_one_line(_SegmentReader(segment, options, carried, japanese).read(), japanese))


class _SegmentReader:
    """Reads one segment into pieces; their spoken parts are made even by `_as_one_line`."""

    def __init__(
        self,
        segment: Segment,
        options: RenderOptions,
        carried: ReaderState,
        japanese: Callable[[], bool],
    ) -> None:
        self._segment = segment
        self._text = segment.text
        self._options = options
        self._carried = carried
        self._japanese = japanese
        self._pieces: list[Span] = []
        self._marked = False
        """Whether the present line is a heading, an item or a row."""

    def read(self) -> list[Span]:
        text, carried, end = self._text, self._carried, len(self._text)
        if carried.at_rest and _ACTION.fullmatch(text):
            self._action()
            return self._pieces
        at = 0
        while at < end:
            if carried.open is not None:
                at = self._go_on(carried.open, at)
            elif carried.table is not None and carried.table.in_row:
                at = self._row(carried.table, at, self._line_end(at))
            elif carried.line_start:
                at = self._begin_line(at)
            else:
                at = self._inline(at, end)
        boundary = self._segment.boundary
        if (carried.open is None or carried.open.kind == "math") and ends_here(boundary, text, marked=self._marked):
            self._pause()
        return self._pieces

    def _say(self, raw: str, shown: str, spoken: str, kind: SpanKind = "markup") -> None:
        if raw or spoken:
            self._pieces.append(Span(raw, shown, spoken, kind))

    def _plain(self, start: int, end: int, kind: SpanKind = "text") -> None:
        if start < end:
            text = self._text[start:end]
            self._pieces.append(Span(text, text, text, kind))

    def _pause(self) -> None:
        self._pieces.append(Span("", "", ".", "pause"))

    def _line_begin(self, at: int) -> int:
        return self._text.rfind("\n", max(0, at - 20), at) + 1 or max(0, at - 20)

    def _line_end(self, at: int) -> int:
        found = _NEWLINE.search(self._text, at)
        return found.start() if found else len(self._text)

    def _action(self) -> None:
        if self._options.actions == "skip":
            self._say(self._text, self._text, "", "action")
            return
        for part in re.split(r"(\*)", self._text):
            self._say(part, part, "" if part == "*" or not has_speech(part) else part, "action")
        self._pause()

    # ------------------------------------------------------------ lines

    def _begin_line(self, at: int) -> int:
        """What stands at the beginning of a line."""
        text, carried = self._text, self._carried
        carried.line_start = False
        end = self._line_end(at)
        if (fence := _FENCE.match(text, at)) is not None and fence[1] not in fence[2]:
            carried.table = None
            words = fence[2].split()
            mark = fence[1][0]
            closing = re.compile(rf"^[ \t]*+{fence[1]}{mark}*+[ \t\r]*+$", re.MULTILINE)
            language = words[0].strip("{}.").lower() if words else ""
            carried.open = _Open("code", closing, language, line_ends=0 if fence[3] else -1)
            self._say(fence[0], "", "")
            return fence.end()
        line = text[at:end]
        if line.lstrip(" \t").startswith("|") or (carried.table is not None and "|" in line and line.strip()):
            return self._table_line(at, end)
        if _DELIMITER.match(text, at, end):
            carried.table = _Table()
            self._say(line, line, "", "table")
            return end
        carried.table = None
        self._marked = False
        if line and _RULE.match(text, at, end):
            self._say(line, line, "")
            return end
        return self._marker(at, end)

    def _marker(self, at: int, end: int) -> int:
        marker = _MARKER.match(self._text, at, end)
        if marker is None or marker.end() == at:
            return at
        self._marked = any(marker[part] for part in ("heading", "bullet", "box", "number"))
        for part in ("heading", "box", "number", "note"):
            if not (raw := marker[part]):
                continue
            lead = self._text[at : marker.start(part)]
            self._say(lead, lead, "" if lead.strip() else " ")
            at = marker.end(part)
            match part:
                case "heading":
                    self._say(raw, "", "")
                case "box":
                    done = "済み、" if self._japanese() else "done: "
                    self._say(raw, raw, "" if marker["done"] == " " else done)
                case "number":
                    self._say(raw, raw, marker["digits"] + ("、" if self._japanese() else ". "))
                case "note" if _ADDRESS_LINE.match(self._text, at, end):
                    self._say(self._text[at - len(raw) : end], self._text[at - len(raw) : end], "", "footnote")
                    return end
                case _:
                    self._say(raw, raw, "", "footnote")
        lead = self._text[at : marker.end()]
        self._say(lead, lead, "" if lead.strip() else " ")
        if marker["heading"] and (closing := _HEADING_END.search(self._text, marker.end(), end)) is not None:
            self._inline(marker.end(), closing.start(), lines=False)
            self._say(closing[0], "", "")
            return end
        return marker.end()

    def _newline(self, raw: str) -> None:
        if self._marked:
            self._pause()
            self._marked = False
        self._carried.emphasis.clear()
        self._carried.line_start = True
        self._pieces.append(Span(raw, raw, raw))

    # ------------------------------------------------------------ code blocks, thoughts, formulas of their own

    def _go_on(self, block: _Open, at: int) -> int:
        """Up to the end of what is open."""
        found = block.ends.search(self._text, at)
        end = found.start() if found else len(self._text)
        behind = found.end() if found else end
        if block.kind == "thought":
            self._say(self._text[at:behind], "", "", "thought")
        elif block.kind == "math":
            self._formula(self._text[at:end], self._text[at:end])
            if found:
                self._say(found[0], found[0], "", "math")
        else:
            body = self._text[at:end]
            if found:  # the last line end belongs to the fence
                body = body.removesuffix("\n").removesuffix("\r")
            self._code(block, body, closed=found is not None)
            self._say(self._text[at + len(body) : behind], "", "")
        if found:
            self._carried.open = None
        return behind

    def _code(self, block: _Open, body: str, *, closed: bool) -> None:
        """The lines of a code block, or some of them."""
        closed = closed or self._segment.boundary is Boundary.END
        block.line_ends += body.count("\n")
        block.empty = block.empty and not body.strip()
        if self._options.code == "read":
            self._pieces.append(Span(body, body, body, "code"))
            if closed:
                self._pause()
            return
        notice = ""
        if not block.said and not block.empty:
            if self._options.code == "skip":
                notice = "コードは省略します。" if self._japanese() else "code omitted."
            elif closed:
                notice = self._described(block, block.line_ends + (not body.endswith("\n")))
        block.said = block.said or bool(notice)
        self._say(body, body, notice and f" {notice} ", "code")

    def _described(self, block: _Open, lines: int) -> str:
        name = block.language
        known = name not in _NO_LANGUAGES
        name = _LANGUAGES.get(name, name.capitalize())
        if self._japanese():
            return f"{name}のコード、{lines}行です。" if known else f"コード、{lines}行です。"
        return f"{lines} line{'s' * (lines > 1)} of {name if known else 'code'}."

    def _formula(self, raw: str, latex: str) -> None:
        from voicebot.text.formulas import formula_words

        self._say(raw, raw, formula_words(latex, japanese=self._japanese()), "math")

    # ------------------------------------------------------------ tables

    def _table_line(self, at: int, end: int) -> int:
        text, carried = self._text, self._carried
        table = carried.table = carried.table or _Table()
        if self._options.tables != "read":
            return self._table_notice(table, at)
        if _DELIMITER.match(text, at, end):
            table.header = table.header or table.first_row
            self._say(text[at:end], text[at:end], "", "table")
            return end
        if not table.header and not table.first_row:
            table.first_row = tuple(self._words_of(cell) for cell in _cells(text[at:end]))
            newline = _NEWLINE.match(text, end)
            delimiter = _DELIMITER.match(text, newline.end()) if newline else None
            if delimiter is not None and text[delimiter.end() :].strip():
                self._say(text[at:end], text[at:end], "", "table")
                return end
        table.column = -1 if text[at:end].lstrip(" \t").startswith("|") else 0
        table.in_cell = False
        return self._row(table, at, end)

    def _table_notice(self, table: _Table, at: int) -> int:
        """All lines of the table that are in this segment, as a few words."""
        end, rows, header = at, 0, 0
        while end < len(self._text):
            line_end = self._line_end(end)
            line = self._text[end:line_end]
            if "|" not in line:
                break
            if _DELIMITER.match(line):
                header = 1
            else:
                rows += 1
            behind = _NEWLINE.match(self._text, line_end)
            end = behind.end() if behind else line_end
        rows -= header
        counted = self._options.tables == "describe" and self._segment.boundary is not Boundary.FORCED
        if self._options.tables == "skip":
            notice = "表は省略します。" if self._japanese() else "table omitted."
        elif self._japanese():
            notice = f"{rows}行の表です。" if counted else "表です。"
        else:
            notice = f"a table with {rows} row{'s' * (rows != 1)}." if counted else "a table."
        self._say(self._text[at:end], self._text[at:end], "" if table.said else f" {notice} ", "table")
        table.said = True
        table.in_row = self._segment.boundary is Boundary.FORCED
        self._carried.line_start = True
        return end

    def _row(self, table: _Table, at: int, end: int) -> int:
        """The cells of a row, or of what is left of it."""
        if self._options.tables != "read":
            table.in_row = False
            self._say(self._text[at:end], self._text[at:end], "", "table")
            return end
        self._marked = True
        joined = "、" if self._japanese() else ", "
        first = not table.in_row or not table.in_cell
        table.in_row = False
        while at < end:
            bar = _BAR.search(self._text, at, end)
            stop = bar.start() if bar else end
            cell = self._text[at:stop]
            answer = _ANSWERS.get(cell.strip())
            if answer or has_speech(cell):
                if not table.in_cell:
                    self._say("", "", ("" if first else joined) + self._label(table), "table")
                blanks = cell[: len(cell) - len(cell.lstrip(" "))]
                self._say(blanks, blanks, " " * bool(blanks), "table")
                if answer:
                    self._say(cell[len(blanks) :], cell[len(blanks) :], answer[self._japanese()], "table")
                else:
                    self._inline(at + len(blanks), stop, lines=False)
                table.in_cell, first = True, False
            else:
                self._say(cell, cell, " ", "table")
            if bar is None:
                break
            self._say("|", "|", " ", "table")
            table.column += 1
            table.in_cell = False
            at = bar.end()
        within = (Boundary.FORCED, Boundary.CLAUSE, Boundary.SENTENCE)
        table.in_row = end == len(self._text) and self._segment.boundary in within
        if table.in_row and self._text.rstrip().endswith("|"):  # a long table is cut between its rows
            table.in_row = False
            self._pause()
        return end

    def _label(self, table: _Table) -> str:
        column = max(0, table.column)
        header = table.header[column] if column < len(table.header) else ""
        if not header:
            return ""
        return f"{header}は" if self._japanese() else f"{header}: "

    def _words_of(self, cell: str) -> str:
        """What is said of a cell of the header."""
        segment = Segment(cell, 0, len(cell), Boundary.CLAUSE, "table")
        reading = _SegmentReader(segment, self._options, ReaderState(line_start=False), self._japanese)
        spoken = "".join([span.spoken for span in _as_one_line(reading.read(), self._japanese)])
        return spoken.rstrip(".:。：、, ")

    # ------------------------------------------------------------ within a line

    def _inline(self, at: int, end: int, *, lines: bool = True) -> int:
        """Read to `end`, or (`lines`) to where a line or something of its own begins."""
        text, plain = self._text, at
        while (found := _SIGN.search(text, at, end)) is not None:
            start, before = found.start(), len(self._pieces)
            at = self._sign(found, end)
            if at == start:  # it is only a character
                at = start + 1
                continue
            if plain < start:
                words = text[plain:start]
                self._pieces.insert(before, Span(words, words, words))
            plain = at
            if lines and (self._carried.line_start or self._carried.open is not None):
                return at
        self._plain(plain, end)
        return end

    def _sign(self, found: re.Match[str], end: int) -> int:
        """Deal with what was found; return where reading goes on: where it began if it is only a character."""
        raw, start = found[0], found.start()
        match found.lastgroup:
            case "newline":
                self._newline(raw)
            case "display":
                behind_blanks = not self._text[self._line_begin(start) : start].strip()
                if not behind_blanks and _FORMULA_ENDS[raw].search(self._text, found.end()) is None:
                    return start
                self._carried.open = _Open("math", _FORMULA_ENDS[raw])
                self._say(raw, raw, "", "math")
            case "formula":
                latex = found["round"] or found["dollars"]
                if found["dollars"] and (not _FORMULA.fullmatch(latex) or _SENTENCE_IN_FORMULA.search(latex)):
                    return start
                self._formula(raw, latex)
            case "escape":
                self._say(raw, raw[1], raw[1])
            case "code":
                ticks = found["ticks"]
                self._say(ticks, "", "")
                self._plain(found.start("inside"), found.end("inside"), "code")
                self._say(ticks, "", "")
            case "footnote":
                self._say(raw, raw, "", "footnote")
            case "link":
                inside, behind = found.span("label")
                self._say(self._text[start:inside], "", "")
                self._inline(inside, behind, lines=False)
                self._say(self._text[behind : found.end()], "", "")
            case "emotion":
                return self._bracket(found)
            case "autolink":
                address = raw[1:-1]
                self._say("<", "", "")
                self._say(address, address, self._address(address) if "/" in address else address, "url")
                self._say(">", "", "")
            case "thought":
                self._carried.open = _Open("thought", _THOUGHT_ENDS[found["opened"].lower()])
                self._say(raw, "", " ", "thought")
            case "comment":
                self._say(raw, "", " ", "tag")
            case "tag":
                element = found["element"].lower()
                if element not in _ELEMENTS:
                    return start
                self._say(raw, "\n" if element == "br" else "", "" if element in _INLINE_ELEMENTS else " ", "tag")
            case "entity":
                from html import unescape

                if (character := unescape(raw)) == raw:
                    return start
                self._say(raw, character, character, "tag")
            case "url":
                address = _without_marks(raw)
                self._say(address, address, self._address(address), "url")
                return start + len(address)
            case "bracket":
                face = face_pattern().match(self._text, start, end)
                if face is None:
                    return start
                self._say(face[0], face[0], " ", "emoji")
                return face.end()
            case "face":
                self._say(raw, raw, " ", "emoji")
            case "emoji":
                self._say(raw, raw, raw if self._options.emoji == "keep" else " ", "emoji")
            case "stars":
                return self._stars(found, end)
            case "underscores" | "tildes":
                self._pair(found, end)
            case "stray":
                self._say(raw, raw, "")
            case "arrow":
                self._say(raw, raw, "、" if self._japanese() else ", ")
            case "yen":
                if not self._japanese():
                    return start
                self._say(raw, raw, found["amount"].replace(",", "").replace("，", "") + "円")
        return found.end()

    def _address(self, address: str) -> str:
        if self._options.urls == "skip":
            return "リンク" if self._japanese() else "the link"
        if self._options.urls == "read":
            return _SCHEME.sub("", address).rstrip("/")
        host = _HOST.match(address)
        return host[1] if host else ""

    def _bracket(self, found: re.Match[str]) -> int:
        """[emotion], a [text][with a reference], or only brackets."""
        start = found.start()
        name = found["name"].strip()
        tag = name.casefold().removeprefix("emotion:").strip()
        if tag in EMOTION_TAGS or tag in map(str.casefold, self._options.emotion_tags):
            parted = start == 0 or self._text[start - 1].isspace()
            self._say(found[0], "" if parted else found["gap"], " ", "emotion")
            return found.end()
        if (reference := _REFERENCE.match(self._text, start)) is not None:
            inside, behind = reference.span(1)
            self._say("[", "", "")
            self._inline(inside, behind, lines=False)
            self._say(self._text[behind : reference.end()], "", "")
            return reference.end()
        return start

    def _stars(self, found: re.Match[str], end: int) -> int:
        """Markers of emphasis, or stars that mean something."""
        text, run, opened = self._text, found[0], self._carried.emphasis
        start, behind = found.span()
        before = text[start - 1] if start else " "
        after = text[behind] if behind < end else " "
        open_side, close_side = not after.isspace(), not before.isspace()
        words = before.isascii() and before.isalnum() and after.isascii() and after.isalnum()
        if (words and (len(run) == 1 or (before.isdigit() and after.isdigit()))) or (
            len(run) == 1 and not open_side and not close_side
        ):
            self._plain(start, behind)
            return behind
        if close_side and opened and (run in opened or not open_side):
            opened.discard(run) if run in opened else opened.clear()
            self._say(run, "", "")
        elif open_side and (len(run) > 1 or text.find("*", behind, behind + 400) > 0):
            if (action := self._acted(start)) > 0:
                self._say(text[start:action], text[start:action], " ", "action")
                return action
            opened.add(run)
            self._say(run, "", "")
        elif len(run) == 1 and after.isdigit():
            self._plain(start, behind)
        else:
            self._say(run, run, "")
        return behind

    def _acted(self, start: int) -> int:
        """Where the *action* ends that begins a sentence here, or 0: it has no capital, unlike emphasis there."""
        before = self._text[max(0, start - 4) : start].rstrip()[-1:]
        if self._options.actions == "read" or (before and before not in '.!?…"”'):
            return 0
        action = _SMALL_ACTION.match(self._text, start)
        return action.end() if action else 0

    def _pair(self, found: re.Match[str], end: int) -> None:
        """_ and ~~: markers if there are two, else only not spoken."""
        run, opened = found[0], self._carried.emphasis
        if run in opened:
            opened.discard(run)
            self._say(run, "", "")
        elif (_CLOSING_UNDERSCORES if run[0] == "_" else _CLOSING_TILDES).search(
            self._text, found.end(), min(end, found.end() + 400)
        ):
            opened.add(run)
            self._say(run, "", "")
        else:
            self._say(run, run, "")


# ---------------------------------------------------------------- one line of speech


def _as_one_line(pieces: Iterable[Span], japanese: Callable[[], bool]) -> list[Span]:
    """`pieces` with even spoken parts: single blanks, none at the ends or before a mark, pauses where they lack."""
    line: list[Span] = []
    blank_at = -1
    """The span that ends with a blank if anything is said behind it."""
    parted = False
    """Whether something that is not spoken came behind it."""
    tail = ""
    """What was said last."""
    voiced = False
    for piece in _normalise_whitespace(pieces):
        spoken = piece.spoken
        if piece.kind == "pause":
            if lacks_end(tail):
                mark = end_mark(tail, japanese)
                line.append(Span("", "", mark, "pause"))
                tail, blank_at = mark, -1
            continue
        body = spoken.strip(" ")
        if not body:
            if spoken and tail and blank_at < 0:
                blank_at = len(line)
            parted = True
            line.append(Span(piece.raw, piece.shown, "", piece.kind))
            continue
        leading = spoken[0] == " "
        if blank_at >= 0:
            owner = line[blank_at]
            stuck = tail[-1] == "、" or (owner.kind == "table" and is_cjk(tail[-1]))
            if not stuck and not ((parted or piece.raw != spoken) and body[0] in _NO_BLANK_BEFORE):
                line[blank_at] = Span(owner.raw, owner.shown, owner.spoken + " ", owner.kind)
            keep = False
        else:
            keep = bool(tail)
        blank_at = -1
        if leading and not keep and piece.raw == spoken:
            line.append(Span(" ", " ", "", piece.kind))
            piece = Span(piece.raw[1:], piece.shown[1:], spoken[1:], piece.kind)
        if spoken[-1] == " ":
            blank_at = len(line)
        line.append(Span(piece.raw, piece.shown, " " * (leading and keep) + body, piece.kind))
        parted = False
        tail = (tail + body)[-16:]
        voiced = voiced or has_speech(body)
    if voiced:
        return line
    return [Span(span.raw, span.shown, "", span.kind) for span in line if span.raw]


def _normalise_whitespace(pieces: Iterable[Span]) -> Iterator[Span]:
    """`pieces` without control characters and with single blanks in speech; what is spoken as written stays exact."""
    for piece in pieces:
        spoken = piece.spoken
        if _UNEVEN.search(piece.raw) is None and _UNEVEN.search(spoken) is None:
            yield piece
        elif spoken != piece.raw:
            yield Span(piece.raw, _visible(piece.shown), _UNEVEN.sub(_blank, spoken), piece.kind)
        else:
            at = 0
            for run in _UNEVEN.finditer(spoken):
                if run.start() > at:
                    text = spoken[at : run.start()]
                    yield Span(text, text, text, piece.kind)
                yield Span(run[0], _visible(run[0]), _blank(run), piece.kind)
                at = run.end()
            if at < len(spoken):
                yield Span(spoken[at:], spoken[at:], spoken[at:], piece.kind)


def _blank(run: re.Match[str]) -> str:
    return " " if any(character.isspace() for character in run[0]) else ""


def _visible(text: str) -> str:
    """`text` without what would move a terminal's cursor, or cannot be written to it."""
    return _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _cells(line: str) -> list[str]:
    cells = _BAR.split(line.strip())
    if cells and not cells[0].strip():
        del cells[0]
    return cells


def _without_marks(url: str) -> str:
    """`url` without the punctuation behind it that belongs to the sentence."""
    surplus = url.count(")") - url.count("(")
    end = len(url)
    while end and (url[end - 1] in ".,;:!?'*_~[]&" or (surplus > 0 and url[end - 1] == ")")):
        surplus -= url[end - 1] == ")"
        end -= 1
    return url[:end]
