"""`voicebot lab score`: how well a strategy cuts marked texts."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from json import dumps
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from voicebot.lab.score import Score, Verdict


class By(StrEnum):
    """How much text a chunker is fed at a time."""

    CHAR = "char"
    TOKEN = "token"
    WHOLE = "whole"


_HELP = """How well, and how late, a strategy cuts texts whose right cuts are marked.

A corpus is a JSONL file, one marked text a line, so that anybody can bring a language of their own:

\b
{"id": "ja-1", "lang": "ja", "category": "quote",
 "text": "「行こう！」と彼は言った。雨だった。",
 "segments": ["「行こう！」と彼は言った。", "雨だった。"]}

The segments joined are the text, blanks aside. "optional" may list places where a cut is neither right nor wrong,
counted in the non-blank characters before them. A newline ends a segment; a list marker stays with its item; nothing
in quotes or brackets is cut when the sentence goes on behind them; emoji may hang on either side of a cut.

F1 joins precision (how many cuts are right) and recall (how many marked ends are cut). exact: texts without a fault.
hard: cuts that tear a word, number, name or quotation. lost: characters lost or invented. delay: characters from the
end of a marked segment until all of it was out.

adaptive offers clauses too, which its pacer joins as the lead allows; here they count as cuts. How well it knows a
sentence is the score of --strategy sentence."""


def register(lab_app: typer.Typer) -> None:
    """Add the command `score`."""
    lab_app.command("score", help=_HELP)(score)


def score(
    corpus: Annotated[list[Path], typer.Argument(metavar="CORPUS.jsonl", help="Marked texts.", show_default=False)],
    strategy: Annotated[
        str | None, typer.Option("--strategy", metavar="NAME", help="In place of that of config.toml.")
    ] = None,
    config: Annotated[Path | None, typer.Option("--config", metavar="FILE", help="Use this config.toml.")] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Set any key of config.toml; may be repeated."),
    ] = None,
    by: Annotated[By, typer.Option("--by", help="How much text the chunker is fed at a time.")] = By.CHAR,
    errors: Annotated[
        bool, typer.Option("--errors", help="Print each wrong text: │ right, ✗+ not wanted, ✗− missing.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
) -> None:
    """Score a strategy; the command's help is `_HELP`."""
    from voicebot.app import build_pipeline
    from voicebot.audio.silent import SilentOutput
    from voicebot.chat.piped import GivenText
    from voicebot.cli.main import load
    from voicebot.cli.runner import exit_code, show_error
    from voicebot.errors import LabError
    from voicebot.lab.corpus import read_corpus
    from voicebot.lab.score import groups, judge_all

    loaded = load(config, set_, {"chunking.strategy": ("--strategy", strategy)})
    try:
        items = [item for path in corpus for item in read_corpus(path)]
    except LabError as error:
        show_error(error)
        raise typer.Exit(exit_code(error)) from error
    # The chunker is the one that a turn gets; what else a turn is made with is not used here.
    pipeline = build_pipeline(loaded.config, chat=GivenText(""), synthesizer=None, output=SilentOutput(realtime=False))
    verdicts = judge_all(items, pipeline.new_chunker, by.value)
    scores = groups(verdicts)
    wrong = [verdict for verdict in verdicts if not verdict.exact] if errors else []
    typer.echo(_as_json(scores, wrong) if json else _as_text(loaded.config.chunking.strategy, scores, wrong))


def _as_text(strategy: str, scores: Mapping[str, Score], wrong: Sequence[Verdict]) -> str:
    lines = [
        f"{verdict.item.id}: {len(verdict.extra)} not wanted ({len(verdict.hard)} hard), {len(verdict.missing)} missing"
        f", {verdict.lost} characters lost or invented\n{indent(verdict.marked(), '    ')}\n"
        for verdict in wrong
    ]
    width = max(map(len, [strategy, *scores]))
    lines.append(f"{strategy:<{width}} items precision recall     F1 exact  hard  lost  delay mean / p50 / p95")
    lines += [
        f"{name:<{width}} {s.items:5} {s.precision:9.3f} {s.recall:6.3f} {s.f1:6.3f} {s.exact / s.items:5.0%}"
        f" {s.hard_splits:5} {s.lost:5}  {s.delay_mean:10.1f} / {s.delay_p50:3} / {s.delay_p95:3}"
        for name, s in scores.items()
    ]
    return "\n".join(lines)


def _as_json(scores: Mapping[str, Score], wrong: Sequence[Verdict]) -> str:
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
    return dumps({"scores": {name: asdict(s) for name, s in scores.items()}, "errors": errors}, ensure_ascii=False)
