"""`voicebot lab score`: how well a strategy cuts marked texts."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING, Annotated

import typer

from voicebot.cli.options import ConfigOptions, JsonObjectOption, StrategyOption
from voicebot.cli.output import table, terminal_width, write_json, write_out
from voicebot.cli.runner import OK
from voicebot.translation import tr

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from voicebot.lab.score import Score, Verdict


class By(StrEnum):
    """How much text the chunker is given at a time."""

    CHAR = "char"
    TOKEN = "token"
    WHOLE = "whole"


def score(
    corpus: Annotated[list[Path], typer.Argument(metavar="CORPUS.jsonl", help="Marked texts.", show_default=False)],
    *,
    strategy: StrategyOption = None,
    config: ConfigOptions,
    by: Annotated[By, typer.Option("--by", help="How much text the chunker is given at a time.")] = By.CHAR,
    errors: Annotated[
        bool, typer.Option("--errors", help="Print each text with a mistake: │ right, ✗+ not wanted, ✗− missing.")
    ] = False,
    json: JsonObjectOption = False,
) -> int:
    """How well, and how late, a strategy cuts texts whose right cuts are marked.

    A corpus is a JSONL file, one marked text per line, so that anybody can add a language:

    \b
    {"id": "ja-1", "lang": "ja", "category": "quote",
     "text": "「行こう！」と彼は言った。雨だった。",
     "segments": ["「行こう！」と彼は言った。", "雨だった。"]}

    The segments joined are the text, whitespace aside. "optional" may list places where a cut is neither right nor
    wrong, as the number of non-whitespace characters before them. A newline ends a segment; a list marker stays with
    its item; nothing inside quotes or brackets is cut when the sentence continues after them; emoji may go on either
    side of a cut.

    F1 combines precision (how many cuts are right) and recall (how many marked ends are cut). exact: texts without a
    mistake. hard: cuts inside a word, number, name or quotation. lost: characters lost or invented. delay: characters
    from the end of a marked segment until all of it was out.

    adaptive also offers clauses, which its pacer joins as the lead allows; here they count as cuts. How well it finds
    sentences is the score of --strategy sentence.

    Example: voicebot lab score corpus.jsonl --strategy sentence --errors
    """
    from voicebot.app import build_pipeline
    from voicebot.audio.silent import SilentOutput
    from voicebot.chat.piped import GivenText
    from voicebot.lab.corpus import read_corpus
    from voicebot.lab.score import groups, judge_all

    settings = config.load({"chunking.strategy": ("--strategy", strategy)}).config
    items = [item for path in corpus for item in read_corpus(path)]
    # The chunker is the one that a turn gets; the rest of the pipeline is not used.
    pipeline = build_pipeline(settings, chat=GivenText(""), synthesizer=None, output=SilentOutput(realtime=False))
    verdicts = judge_all(items, pipeline.new_chunker, by.value)
    scores = groups(verdicts)
    wrong = [verdict for verdict in verdicts if not verdict.exact] if errors else []
    if json:
        write_json([_as_dict(scores, wrong)])
    else:
        write_out(_as_text(settings.chunking.strategy, scores, wrong, width=terminal_width()))
    return OK


def _as_text(strategy: str, scores: Mapping[str, Score], wrong: Sequence[Verdict], *, width: int) -> str:
    lines = [
        tr(
            "{id}: {extra} not wanted ({hard} hard), {missing} missing, {lost} characters lost or invented",
            id=verdict.item.id,
            extra=len(verdict.extra),
            hard=len(verdict.hard),
            missing=len(verdict.missing),
            lost=verdict.lost,
        )
        + f"\n{indent(verdict.marked(), '    ')}\n"
        for verdict in wrong
    ]
    names = [tr("items"), tr("precision"), tr("recall"), "F1", tr("exact"), tr("hard"), tr("lost")]
    names.append(tr("delay mean / p50 / p95"))
    rows = [[strategy, *names]]
    for name, s in scores.items():
        shares = (f"{s.precision:.3f}", f"{s.recall:.3f}", f"{s.f1:.3f}", f"{s.exact / s.items:.0%}")
        delay = f"{s.delay_mean:.1f} / {s.delay_p50:3} / {s.delay_p95:3}"
        rows.append([name, str(s.items), *shares, str(s.hard_splits), str(s.lost), delay])
    lines += table(rows, width=width, right=range(1, len(rows[0])))
    return "\n".join([*lines, ""])


def _as_dict(scores: Mapping[str, Score], wrong: Sequence[Verdict]) -> dict[str, Any]:  # Any: as in output.Row
    errors = [
        {
            "id": verdict.item.id,
            "marked": verdict.marked(),
            "extra": sorted(verdict.extra),
            "hard": sorted(verdict.hard),
            "missing": sorted(verdict.missing),
            "lost": verdict.lost,
        }
        for verdict in wrong
    ]
    return {"scores": {name: asdict(s) for name, s in scores.items()}, "errors": errors}
