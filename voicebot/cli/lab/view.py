"""What the lab's answers look like on the terminal: plain text, whose wide characters count as two columns."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from voicebot.lab.comparison import Comparison, changes
from voicebot.lab.explain import Decision
from voicebot.lab.runs import ReplayedUtterance, Run

_WRITING, _SYNTHESIS, _READY, _HEARD = "·", "░", "─", "█"
_LEGEND = f"{_WRITING} written, waits for the voice   {_SYNTHESIS} synthesis   {_READY} ready, waits   {_HEARD} heard"
_CONTEXT_COLUMNS = 12
"""So much of the text is shown on either side of a cut."""
_MOST_CUTS = 8
"""So many cuts are shown of those that differ; --json has them all."""


def timeline(run: Run, *, width: int) -> str:
    """The account of one turn: figures, utterances, waterfall."""
    return "\n".join([*_figures(run), "", *_utterances(run, width), "", *_waterfall(run, width), ""])


def comparison(compared: Sequence[Comparison], *, width: int) -> str:
    """What changes from run to run, then on average."""
    rows = [["trace", "engine", "TTFA", "", "gaps", "", "silence", "", "utterances"]]
    for c in compared:
        a, b = c.a, c.b
        rows.append(
            [
                a.trace,
                a.engine,
                *_from_to(a.ttfa, b.ttfa),
                *_from_to(a.gap_seconds, b.gap_seconds),
                *_from_to(a.silence_seconds, b.silence_seconds),
                f"{len(a.utterances)} → {len(b.utterances)}",
            ]
        )
    header, *table = columns(rows)
    lines = [f"A {compared[0].a.setting} → B {compared[0].b.setting}, seconds", "", header]
    for c, row in zip(compared, table, strict=True):
        lines.append(row)
        lines += _cuts("only A", c.only_a, c.a.reply, width) + _cuts("only B", c.only_b, c.a.reply, width)
    number = "1 run" if len(compared) == 1 else f"{len(compared)} runs"
    lines += ["", f"{number}, B against A on average:"]
    lines += [
        f"  {change.name}  {_signed(change.seconds)} s  ({change.better} better, {change.worse} worse,"
        f" {change.same} the same)"
        for change in changes(compared)
    ]
    return "\n".join([*lines, ""])


def explanation(decisions: Sequence[Decision], *, width: int) -> str:
    """One decision a line: place, verdict, boundary, rule, text."""
    rows = [["from", "to", "verdict", "boundary", "rule", "text"]]
    rows += [[str(d.start), str(d.end), d.verdict, d.boundary, d.rule, visible(d.text)] for d in decisions]
    return "\n".join([*columns(rows, right={0, 1}, width=width), ""])


# ---------------------------------------------------------------- one turn


def _figures(run: Run) -> list[str]:
    seed = f" · seed {run.seed}" if run.seed else ""
    setting = f" · {run.setting}" if run.setting else ""
    gaps = "no gaps" if not run.gaps else f"{_number(len(run.gaps), 'gap')}, {run.gap_seconds:.2f} s"
    speech = sum(piece.audio_seconds for piece in run.utterances)
    rows = [
        ["TTFT", f"{run.ttft:.2f} s", ""],
        ["TTFA", f"{run.ttfa:.2f} s", _against(run.ttfa, run.bound_ttfa)],
        [
            "silence",
            f"{run.silence_seconds:.2f} s",
            f"{_against(run.silence_seconds, run.bound_silence_seconds)}   TTFA and {gaps}",
        ],
        ["end", f"{run.finish:.2f} s", f"{speech:.2f} s of speech in {_number(len(run.utterances), 'utterance')}"],
    ]
    return [f"{run.trace} ({run.language}) · {run.engine}{setting}{seed}", *columns(rows, right={1})]


def _against(seconds: float, bound: float) -> str:
    return f"{_signed(seconds - bound)} against {bound:.2f} s, the best that cuts at clauses allow"


def _utterances(run: Run, width: int) -> list[str]:
    gaps = dict(run.gaps)
    rows = [["#", "written", "asked", "ready", "heard", "ended", "gap", "text"]]
    for piece in run.utterances:
        gap = f"{gaps[piece.index]:.2f}" if piece.index in gaps else ""
        times = [f"{t:.2f}" for t in (piece.written, piece.asked, piece.ready, piece.heard, piece.ended)]
        rows.append([str(piece.index), *times, gap, _segments(piece)])
        rows.append([""] * 7 + [_rules(piece)])
    return columns(rows, right=set(range(7)), width=width)


def _segments(piece: ReplayedUtterance) -> str:
    """The text with a bar behind each segment but the last."""
    parts, start = [], 0
    for end, _, _ in piece.cuts:
        parts.append(piece.text[start : end - piece.start])
        start = end - piece.start
    parts.append(piece.text[start:])
    silent = "" if piece.spoken else " (only shown)"
    return visible("│".join(part for part in parts if part)) + silent


def _rules(piece: ReplayedUtterance) -> str:
    return "└ " + " │ ".join(
        boundary if rule == boundary else f"{boundary}: {rule}" for _, boundary, rule in piece.cuts
    )


def _waterfall(run: Run, width: int) -> list[str]:
    """A line an utterance: when it waited for the voice, was synthesized, was heard."""
    label = len(str(len(run.utterances) - 1)) + 2
    place = max(20, width - label - 1)
    end = max((piece.ended for piece in run.utterances), default=0.0) or 1.0

    def column(seconds: float) -> int:
        return min(place - 1, round(seconds / end * (place - 1)))

    lines = [_LEGEND, " " * label + "0" + f"{end:.1f} s".rjust(place - 1)]
    for piece in run.utterances:
        cells = [" "] * place
        for mark, start, stop in (
            (_WRITING, piece.written, piece.asked),
            (_READY, piece.ready, piece.heard),
            (_SYNTHESIS, piece.asked, piece.ready),
            (_HEARD, piece.heard, piece.ended),
        ):
            first, last = column(start), column(stop)
            if stop > start:
                cells[first : max(last, first + 1)] = mark * max(last - first, 1)
        lines.append(f"{piece.index:>{label - 2}}  {''.join(cells).rstrip()}")
    return lines


# ---------------------------------------------------------------- two turns


def _from_to(a: float, b: float) -> list[str]:
    return [f"{a:.2f} → {b:.2f}", _signed(b - a)]


def _cuts(name: str, places: Sequence[int], reply: str, width: int) -> list[str]:
    if not places:
        return []
    shown = []
    for place in places[:_MOST_CUTS]:
        before = _last_columns(visible(reply[max(0, place - _CONTEXT_COLUMNS) : place]), _CONTEXT_COLUMNS)
        after = _wrapped(visible(reply[place : place + _CONTEXT_COLUMNS].lstrip()), _CONTEXT_COLUMNS)[0]
        shown.append(f"{before}|{after}")
    more = len(places) - len(shown)
    text = "   ".join(shown) + (f"   and {more} more" if more else "")
    head = f"    {name}: "
    lines = _wrapped(text, max(20, width - len(head)))
    return [(head if not number else " " * len(head)) + line for number, line in enumerate(lines)]


# ---------------------------------------------------------------- columns


def cell_width(text: str) -> int:
    """How many columns of a terminal `text` takes."""
    return sum(_columns_of(character) for character in text)


def visible(text: str) -> str:
    """`text` on one line: newlines as ⏎, other control characters as ·."""
    text = text.replace("\r\n", "\n").replace("\n", "⏎").replace("\t", " ")
    return "".join("·" if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") else c for c in text).strip()


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
        last = _wrapped(row[-1], max(20, width - before)) if width else [row[-1]]
        if right and len(row) - 1 in right:
            last = [" " * (sizes[-1] - cell_width(last[0])) + last[0], *last[1:]]
        lines.append("  ".join([*cells, last[0]]).rstrip())
        lines += [" " * before + line for line in last[1:]]
    return lines


def _wrapped(text: str, width: int) -> list[str]:
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


def _last_columns(text: str, width: int) -> str:
    while cell_width(text) > width:
        text = text[1:]
    return text


def _columns_of(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _signed(seconds: float) -> str:
    return f"{seconds:+.2f}".replace("-0.00", "+0.00")


def _number(count: int, noun: str) -> str:
    return f"1 {noun}" if count == 1 else f"{count} {noun}s"
