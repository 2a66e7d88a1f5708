"""TTFA against gaps as SVG that is part of a page: its text, fonts and colours are the page's own."""

from __future__ import annotations

import importlib.util
import io
import re
import unicodedata
import warnings
from collections.abc import Iterable, Sequence
from statistics import fmean
from typing import Any

from voicebot.errors import LabError
from voicebot.installation import extra_command
from voicebot.lab.summary import Row, pareto_front
from voicebot.translation import tr

_COLOURS = 8
"""In the template; with more settings than that the shape of the marker changes."""
_SHAPES = ("o●", "s■", "D◆", "^▲", "v▼", "P✚", "X✖", "p⬟")
"""Markers by matplotlib's name and as a character."""
_WIDE = 6
"""If the latest first sound comes this many times later than the earliest, the axis is logarithmic."""
_TICKS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]
_LABELLED = 12
"""If there are more settings, only those on the Pareto front are named in the plot."""
_CURRENT = "#010203"
"""Stands for currentColor in matplotlib's output."""


def require_matplotlib() -> None:
    """Raise LabError where matplotlib is missing."""
    if importlib.util.find_spec("matplotlib") is None:
        raise LabError(tr("the report needs matplotlib, and it is missing"), hint=extra_command("lab"))


def marker(setting: int) -> tuple[str, str]:
    """How a setting, by number, is shown outside the plot: a character, and the CSS variable of its colour."""
    return _SHAPES[setting // _COLOURS % len(_SHAPES)][1], f"--s{setting % _COLOURS}"


def _stand_in(setting: int) -> str:
    """Stands for the colour of a setting in matplotlib's output."""
    return f"#0102{0x10 + setting % _COLOURS:02x}"


def scatter(rows: Sequence[Row], settings: Sequence[str]) -> str:
    """One engine's settings as points, their Pareto front, and what cuts at clauses cannot reach, as SVG.

    `settings` are all settings of the report: each has the same colour with every engine. Raises LabError where
    matplotlib is missing.
    """
    require_matplotlib()
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    style: dict[Any, Any] = {  # Any: matplotlib's stubs expect each key as a literal
        "svg.fonttype": "none",  # text stays text: the browser has the Japanese glyphs, matplotlib needs none
        "svg.hashsalt": "voicebot",
        "text.color": _CURRENT,
        "axes.labelcolor": _CURRENT,
        "axes.edgecolor": _CURRENT,
        "xtick.color": _CURRENT,
        "ytick.color": _CURRENT,
        "text.parse_math": False,  # a setting may be called $0.50 or $1
        "font.size": 10,
    }
    with matplotlib.rc_context(style), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure = Figure(figsize=(4.6, 3.6))
        FigureCanvasSVG(figure)
        axes = figure.add_axes((0.13, 0.14, 0.84, 0.82))
        axes.patch.set_visible(False)
        axes.spines[["top", "right"]].set_visible(False)
        _draw(axes, rows, settings)
        out = io.StringIO()
        metadata = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(out, format="svg", transparent=True, metadata=metadata)
    return _inline(out.getvalue())


def _draw(axes: Any, rows: Sequence[Row], settings: Sequence[str]) -> None:  # Any: matplotlib's Axes
    bound, bound_ttfa = fmean(row.bound_silence_seconds for row in rows), fmean(row.bound_ttfa for row in rows)
    left = min([bound_ttfa, *(row.ttfa for row in rows)])
    right = max(row.ttfa for row in rows)
    top = max([bound - bound_ttfa, 0.1, *(row.gap_seconds for row in rows)])
    y0, y1 = -0.06 * top, 1.15 * top
    if wide := right > _WIDE * left > 0:
        axes.set_xscale("log")
        x0, x1 = left * (left / right) ** 0.1, right * (right / left) ** 0.35
        axes.set_xticks([tick for tick in _TICKS if x0 <= tick <= x1])
        axes.set_xticks([], minor=True)
        axes.xaxis.set_major_formatter("{x:g}")
    else:
        margin = max(right - left, 0.2)
        x0, x1 = max(0, left - 0.15 * margin), right + 0.4 * margin
    axes.set_xlim(x0, x1)
    axes.set_ylim(y0, y1)
    axes.set_xlabel(tr("TTFA, seconds (logarithmic)") if wide else tr("TTFA, seconds"))
    axes.set_ylabel(tr("gaps, seconds"))
    shade = {"color": _CURRENT, "alpha": 0.08, "linewidth": 0}
    axes.axvspan(x0, bound_ttfa, **shade)  # before the earliest first sound
    first_sounds = [bound_ttfa + (bound - y0 - bound_ttfa) * n / 20 for n in range(21)]
    axes.fill_between(first_sounds, y0, [bound - ttfa for ttfa in first_sounds], **shade)  # less than the least silence
    front = pareto_front(rows)
    stairs = [(front[0].ttfa, y1), *_stairs(front), (x1, front[-1].gap_seconds)]
    axes.plot(*zip(*stairs, strict=True), color=_CURRENT, linewidth=1, linestyle=(0, (4, 3)), zorder=2)
    for row in rows:
        number = settings.index(row.setting)
        axes.plot(
            [row.ttfa],
            [row.gap_seconds],
            marker=_SHAPES[number // _COLOURS % len(_SHAPES)][0],
            markersize=8,
            linestyle="none",
            color=_stand_in(number),
            zorder=3,
        )
    _label(axes, rows if len(rows) <= _LABELLED else front, settings)


def _stairs(front: Sequence[Row]) -> Iterable[tuple[float, float]]:
    for here, there in zip(front, [*front[1:], None], strict=True):
        yield here.ttfa, here.gap_seconds
        if there:
            yield there.ttfa, here.gap_seconds


def _label(axes: Any, rows: Sequence[Row], settings: Sequence[str]) -> None:  # Any: matplotlib's Axes
    """Write the name of each setting beside its point, where it covers the least of what is there already."""
    spots = [tuple(axes.transData.transform((row.ttfa, row.gap_seconds))) for row in rows]
    scale = axes.figure.dpi / 72
    height = 11 * scale
    taken = [(x - 5 * scale, y - 5 * scale, x + 5 * scale, y + 5 * scale) for x, y in spots]
    frame = axes.bbox.extents
    for row, (x, y) in zip(rows, spots, strict=True):
        text = row.setting if len(row.setting) <= 28 else row.setting[:27] + "…"
        width = scale * sum(9 if unicodedata.east_asian_width(c) in "WF" else 5.4 for c in text)
        places = [
            (dx, dy, x + dx * scale - (width if dx < 0 else 0), y + dy * scale - height / 2)
            for dy in (9, -10, 20, -21, 31, -32)
            for dx in (6, -6)
        ]

        def cover(place: tuple[float, float, float, float], width: float = width) -> float:
            left, low = place[2:]
            outside = max(0, frame[0] - left) + max(0, left + width - frame[2]) + max(0, frame[1] - low)
            covered: float = 50 * outside
            for box in taken:
                wide = min(left + width, box[2]) - max(left, box[0])
                covered += max(0, wide) * max(0, min(low + height, box[3]) - max(low, box[1]))
            return covered

        dx, dy, left, low = min(places, key=cover)
        taken.append((left, low, left + width, low + height))
        axes.annotate(
            text,
            (row.ttfa, row.gap_seconds),
            (dx, dy),
            textcoords="offset points",
            ha="left" if dx > 0 else "right",
            va="center",
            fontsize=9,
            color=_stand_in(settings.index(row.setting)),
        )


def _inline(svg: str) -> str:
    """matplotlib's SVG as part of a page, which determines its colours, fonts and size."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'<g id="[^"]*">', "<g>", svg)
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = svg.replace(_CURRENT, "currentColor")
    svg = re.sub(r"#0102(1[0-7])", lambda found: f"var(--s{int(found[1], 16) - 0x10})", svg)
    svg = re.sub(r"font-family: [^;\"]*;? ?", "", svg)
    return re.sub(r"font: ([\d.]+px) [^;\"]*", r"font-size: \1", svg)
