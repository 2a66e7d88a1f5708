"""`voicebot lab score`: how well a strategy cuts marked texts."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING, Annotated

import typer

from voicebot.cli.foreign_prints import prints_told
from voicebot.cli.lab.figures import interval
from voicebot.cli.lab.options import CsvOption
from voicebot.cli.options import ConfigOptions, ForceOption, JsonObjectOption, StrategyOption, refuse_to_overwrite
from voicebot.cli.output import fitting_table, status, table, terminal_width, write_json, write_prose
from voicebot.cli.runner import OK
from voicebot.translation import tr

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from voicebot.lab.score import Cutter, Score, Verdict
    from voicebot.lab.spread import Difference


class By(StrEnum):
    """How much text the chunker is given at a time."""

    CHAR = "char"
    TOKEN = "token"
    WHOLE = "whole"


@prints_told()
def score(
    corpus: Annotated[list[Path], typer.Argument(metavar="CORPUS.jsonl", help="Marked texts.", show_default=False)],
    *,
    strategy: StrategyOption = None,
    against: Annotated[
        str | None,
        typer.Option("--against", metavar="NAME", help="Compare with this strategy too, text by text."),
    ] = None,
    config: ConfigOptions,
    by: Annotated[By, typer.Option("--by", help="How much text the chunker is given at a time.")] = By.CHAR,
    errors: Annotated[
        bool, typer.Option("--errors", help="Print each text with a mistake: │ right, ✗+ not wanted, ✗− missing.")
    ] = False,
    csv: CsvOption = None,
    force: ForceOption = False,
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
    mistake. hard: cuts inside a word, number, name or quotation. lost: characters lost or invented. torn:
    characters cut in two. delay: characters
    from the end of a marked segment until all of it was out.

    --strategy takes one of your own too, as package.module:factory. The factory takes chunking.options and returns what
    cuts one text; its pieces together are the text, and only whitespace may be left out:

    \b
    class Lines:
        def __init__(self):
            self.rest = ""
        def feed(self, delta):
            *whole, self.rest = (self.rest + delta).split("\\n")
            return whole
        def flush(self):
            return [self.rest]

    adaptive also offers clauses, which its pacer joins as the lead allows; here they count as cuts. How well it finds
    sentences is the score of --strategy sentence.

    Example: voicebot lab score corpus.jsonl --strategy sentence --errors
    """
    from voicebot.lab.corpus import read_corpus
    from voicebot.lab.score import differences, groups, judge_all
    from voicebot.lab.spreadsheet import verdict_rows, write_csv

    if csv:
        refuse_to_overwrite(csv, force=force)
    items = [item for path in corpus for item in read_corpus(path)]
    name, new_cutter = _strategy(config, "--strategy", strategy)
    verdicts = judge_all(items, new_cutter, by.value)
    scores = groups(verdicts)
    rows = verdict_rows(name, verdicts)
    other, changed = "", {}
    if against is not None:
        other, new_other = _strategy(config, "--against", against)
        before = judge_all(items, new_other, by.value)
        changed = differences(before, verdicts)
        rows += verdict_rows(other, before)
    if csv:
        write_csv(csv, rows)
    wrong = [verdict for verdict in verdicts if not verdict.exact] if errors else []
    if json:
        differing = {name: asdict(one) for name, one in changed.items()}
        write_json([_as_dict(scores, wrong) | ({"against": other, "differences": differing} if other else {})])
    else:
        width = terminal_width()
        write_prose(_as_text(name, scores, wrong, width=width) + _against(other, changed, width=width))
    for verdict in [verdict for verdict in verdicts if verdict.lost or verdict.torn][:1]:
        status(_unsound(name, verdict))
    return OK


def _strategy(config: ConfigOptions, option: str, named: str | None) -> tuple[str, Callable[[], Cutter]]:
    """The name of a strategy, and what makes what cuts a text; the chunker is the one that a turn gets."""
    from functools import partial

    from voicebot.app import chunker_maker
    from voicebot.lab.own_strategy import OwnCutter, names_own

    settings = config.load({"chunking.strategy": (option, named)}).config
    if names_own(own := settings.chunking.strategy):
        return own, partial(OwnCutter, own, settings.chunking.options)
    return settings.chunking.strategy, chunker_maker(settings)


def _against(other: str, changed: Mapping[str, Difference], *, width: int) -> str:
    if not changed:
        return ""
    names = {
        "mistakes": tr("mistakes a text"),
        "exact": tr("exact"),
        "delay": tr("delay in characters"),
    }
    rows = [[names[name], f"{one.mean:+.3f}", interval(one, "{:+.3f}".format)] for name, one in changed.items()]
    title = tr("Against {setting}, text by text, with 95 % intervals:", setting=other)
    return "\n" + title + "\n" + "".join(line + "\n" for line in table(rows, width=width, right={1}))


def _unsound(strategy: str, verdict: Verdict) -> str:
    """What a strategy must not do, with the first text to which it does it."""
    fields = {"strategy": strategy, "id": verdict.item.id, "lost": verdict.lost, "torn": verdict.torn}
    return tr("{strategy} changes texts: in {id} {lost} characters are lost or invented, {torn} cut in two", **fields)


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
    names = [tr("items"), tr("precision"), tr("recall"), "F1", tr("exact"), tr("hard"), tr("lost"), tr("torn")]
    names.append(tr("delay mean / p50 / p95"))
    rows = [[strategy, *names]]
    for name, s in scores.items():
        shares = (f"{s.precision:.3f}", f"{s.recall:.3f}", f"{s.f1:.3f}", f"{s.exact / s.items:.0%}")
        delay = f"{s.delay_mean:.1f} / {s.delay_p50:3} / {s.delay_p95:3}"
        rows.append([name, str(s.items), *shares, str(s.hard_splits), str(s.lost), str(s.torn), delay])
    lines += fitting_table(rows, width=width, right=range(1, len(rows[0])))
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
            "torn": verdict.torn,
        }
        for verdict in wrong
    ]
    return {"scores": {name: asdict(s) for name, s in scores.items()}, "errors": errors}
