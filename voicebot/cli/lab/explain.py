"""`voicebot lab explain`: each decision about a text, with its rule."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicebot.cli.foreign_prints import prints_told
from voicebot.cli.options import ConfigOptions, JsonLinesOption, StrategyOption
from voicebot.cli.output import fitting_table, terminal_width, write_json, write_prose
from voicebot.cli.runner import OK
from voicebot.translation import system_reason, tr

if TYPE_CHECKING:
    from voicebot.lab.explain import Decision


@prints_told()
def explain(
    file: Annotated[
        str, typer.Argument(metavar="FILE|-", help="A text or a trace; - reads standard input.", show_default=False)
    ],
    *,
    config: ConfigOptions,
    strategy: StrategyOption = None,
    json: JsonLinesOption = False,
) -> int:
    """Print each decision about a text, with the rule behind it.

    Example: echo "Dr. Smith arrived. 「はい。」と言った。" | voicebot lab explain -
    """
    import dataclasses

    from voicebot.lab.explain import explain as decisions_about

    settings = config.load({"chunking.strategy": ("--strategy", strategy)}).config
    decisions = decisions_about(_read_text(file), settings)
    if json:
        write_json(map(dataclasses.asdict, decisions))
    else:
        write_prose(explanation(decisions, width=terminal_width()))
    return OK


def _read_text(file: str) -> str:
    """The text of a file, of a trace, or of standard input; what is not UTF-8 becomes U+FFFD. Raises LabError."""
    if file == "-":
        return sys.stdin.buffer.read().decode("utf-8", "replace")
    from voicebot.errors import LabError
    from voicebot.lab.traces import read_trace

    path = Path(file)
    if path.suffix == ".jsonl":
        return read_trace(path).text
    try:
        return path.read_bytes().decode("utf-8-sig", "replace")
    except OSError as error:
        raise LabError(
            f"{path}: {system_reason(error)}", hint=tr("name a text file, a trace, or - for standard input")
        ) from error


def explanation(decisions: Sequence[Decision], *, width: int) -> str:
    """One decision per line: place, verdict, boundary, rule, text."""
    rows = [[tr("from"), tr("to"), tr("verdict"), tr("boundary"), tr("rule"), tr("text")]]
    rows += [[str(d.start), str(d.end), d.verdict, d.boundary, d.rule, d.text] for d in decisions]
    return "\n".join([*fitting_table(rows, width=width, right={0, 1}, fold={4, 5}), ""])
