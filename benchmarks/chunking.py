"""How well, how late and at what cost texts are cut: voicebot beside the peers."""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from benchmarks.harness import Adaptive
from benchmarks.pacing import pause
from benchmarks.peers import ADAPTIVE, SENTENCE, Contender, Splitter
from benchmarks.table import Row
from voicebot.lab.corpus import Item, read_corpus, squeeze
from voicebot.lab.score import STRUCTURE, Score, cut, deltas, judge, total
from voicebot.protocols import TurnChunker

DATA = Path(__file__).parent.parent / "tests" / "data"
PROSE = {
    "en": (
        "The ferry left at 7.45 p.m. with Mrs. Okafor on board, and it was 1.5 hours late. What a night! "
        "Had anyone seen the lighthouse behind the fog? We sat on deck for a while, counting the waves together. "
    ),
    "ja": (
        "船は夜の7時45分に港を出て、1.5時間おくれて着きました。すごい夜でしたね！霧のむこうの灯台を見ましたか？"
        "「寒いね。」と言いながら、しばらく甲板で波の数をかぞえていました。"
    ),
}
ENDLESS = {
    "en": "and so they went on across the hills, under the pines, around the lake, ",
    "ja": "それから丘をこえて進み、松林をぬけ、湖のまわりを歩き、",
}
SIZES = (1_000, 10_000, 100_000)
_STOP_SECONDS = 2.0
"""Of CPU time; a text that takes longer is not read to its end."""
_TEXTS = 200
_ODDITIES = (
    "👩‍👩‍👧",
    "🇯🇵",
    "e\u0301",
    "\r\n",
    "\n\n",
    "`",
    "```\n",
    "**",
    "*",
    "<",
    "|",
    "「",
    "」",
    '"',
    "…",
    "...",
    ". ",
)

BOTH = (SENTENCE.name, ADAPTIVE.name)


def measure_chunking(contenders: Sequence[Contender]) -> list[Row]:
    """All of it, for these contenders."""
    return [
        *measure_quality(contenders),
        *measure_held_back(contenders),
        *measure_cost(contenders),
        *measure_faults(contenders),
    ]


# ---------------------------------------------------------------- quality


class _Marked(NamedTuple):
    """A row of the table: what is scored, and on which items."""

    name: str
    file: str
    wanted: Callable[[Item], bool]
    value: Callable[[Score], float]
    goal: float
    at_least: bool = True


def measure_quality(contenders: Sequence[Contender]) -> list[Row]:
    """How well and how late the marked texts are cut. Exact."""

    def language(name: str) -> Callable[[Item], bool]:
        return lambda item: item.language == name

    rows = [
        _Marked("F1, llm.jsonl", "corpora/llm", lambda _: True, _f1, 0.97),
        _Marked("F1, running text only (core)", "corpora/llm", lambda item: item.category not in STRUCTURE, _f1, 0.97),
        _Marked("F1, Japanese", "corpora/llm", language("ja"), _f1, 0.96),
        _Marked("F1, English", "corpora/llm", language("en"), _f1, 0.96),
        _Marked(
            "F1, Japanese quotations",
            "corpora/llm",
            lambda item: item.language == "ja" and item.category == "quote",
            _f1,
            0.95,
        ),
        _Marked("F1, running text of 12 languages", "corpora/running", lambda _: True, _f1, 0.97),
        _Marked("F1, replies of the traces", "traces/texts", lambda _: True, _f1, 0.94),
        _Marked("texts cut exactly right, %", "corpora/llm", lambda _: True, lambda s: 100 * s.exact / s.items, 92),
        _Marked("hard splits", "corpora/llm", lambda _: True, lambda s: s.hard_splits, 5, at_least=False),
        _Marked("golden rules exact, en (of 48)", "corpora/golden", language("en"), _exact, 40),
        _Marked("golden rules exact, ja (of 4)", "corpora/golden", language("ja"), _exact, 4),
        _Marked(
            "golden rules exact, others (of 15)",
            "corpora/golden",
            lambda item: item.language not in ("en", "ja"),
            _exact,
            14,
        ),
        _Marked(
            "delay after a boundary, characters, mean",
            "corpora/llm",
            lambda _: True,
            lambda s: s.delay_mean,
            1.5,
            at_least=False,
        ),
        _Marked(
            "delay after a boundary, characters, p95",
            "corpora/llm",
            lambda _: True,
            lambda s: s.delay_p95,
            2,
            at_least=False,
        ),
    ]
    items = {file: read_corpus(DATA / f"{file}.jsonl") for file in {row.file for row in rows}}
    # Adaptive offers clauses on purpose: only hard splits and the delay say anything about it.
    verdicts = {
        (contender.name, file): [judge(item, cut(item.text, contender.new_chunker(item.language))) for item in marked]
        for contender in contenders
        for file, marked in items.items()
    }

    def values(row: _Marked) -> dict[str, float]:
        return {
            contender.name: row.value(total([v for v in verdicts[contender.name, row.file] if row.wanted(v.item)]))
            for contender in contenders
            if contender.name != ADAPTIVE.name or not row.at_least
        }

    return [
        Row(row.name, values(row), row.goal, (SENTENCE.name,) if row.at_least else BOTH, at_least=row.at_least)
        for row in rows
    ]


def _f1(score: Score) -> float:
    return score.f1


def _exact(score: Score) -> float:
    return score.exact


def measure_held_back(contenders: Sequence[Contender]) -> list[Row]:
    """What a real turn has not cut when the model has paused for 0.3 s after a finished sentence. Exact."""
    texts = {
        "en": "Of course, no problem. I will check the timetable for you.",
        "ja": "はい、もちろんです。時刻表を調べてみますね。",
    }
    return [
        Row(
            f"held back 0.3 s after a finished sentence, characters, {language}",
            {
                contender.name: len(squeeze(text)) - len(squeeze(pause(contender, language, text)))
                for contender in contenders
            },
            0,
            BOTH,
        )
        for language, text in texts.items()
    ]


# ---------------------------------------------------------------- cost


class _Cost(NamedTuple):
    """CPU time."""

    microseconds: float
    """For each token."""
    stopped: bool
    """Whether it took too long to be read to its end."""


def measure_cost(contenders: Sequence[Contender]) -> list[Row]:
    """CPU time: of the chunkers alone, and once of ours with all that comes before the engine."""
    kinds = {"prose": PROSE, "no sentence ends": ENDLESS}
    costs = {
        (contender.name, kind, language, size): _read(partial(contender.bare, language), text, size)
        for contender in contenders
        for kind, texts in kinds.items()
        for language, text in texts.items()
        for size in SIZES
    }
    rows = []
    for kind, texts in kinds.items():
        for size in SIZES:
            worse = {
                contender.name: max(costs[contender.name, kind, language, size] for language in texts)
                for contender in contenders
            }
            rows.append(
                Row(
                    f"CPU per token, µs, {kind}, {size // 1000} k characters (en or ja, the worse)",
                    {name: cost.microseconds for name, cost in worse.items()},
                    3,
                    BOTH,
                    floors=frozenset(name for name, cost in worse.items() if cost.stopped),
                )
            )
    size = SIZES[1]
    whole_way = max(_read(partial(Adaptive, language), text, size) for language, text in PROSE.items())
    rows.append(
        Row(
            f"CPU per token, µs, prose, {size // 1000} k characters, with rendering and pacer (en or ja, the worse)",
            {ADAPTIVE.name: whole_way.microseconds},
            4,
            (ADAPTIVE.name,),
        )
    )
    growths = {
        contender.name: max(
            _growth(*(costs[contender.name, kind, language, size] for size in (SIZES[0], SIZES[-1])))
            for kind, texts in kinds.items()
            for language in texts
        )
        for contender in contenders
    }
    rows.append(
        Row(
            "CPU per token, 100 k over 1 k (the worst of the four)",
            {name: growth.microseconds for name, growth in growths.items()},
            1.5,
            BOTH,
            floors=frozenset(name for name, growth in growths.items() if growth.stopped),
        )
    )
    return rows


def _growth(short: _Cost, long: _Cost) -> _Cost:
    return _Cost(long.microseconds / short.microseconds, long.stopped)


def _read(new_chunker: Callable[[], TurnChunker | Splitter], text: str, size: int) -> _Cost:
    """The best of three; a short text is read several times over."""
    tokens = deltas((text * (size // len(text) + 1))[:size], "token")
    parts = [tokens[at : at + 128] for at in range(0, len(tokens), 128)]
    best = _Cost(float("inf"), stopped=False)
    for _ in range(3):
        gc.collect()
        used, fed = 0.0, 0
        for _ in range(max(1, 20_000 // size)):
            chunker = new_chunker()
            for part in parts:
                began = time.process_time()
                for token in part:
                    chunker.feed(token)
                used += time.process_time() - began
                fed += len(part)
                if used > _STOP_SECONDS:
                    return _Cost(used / fed * 1e6, stopped=True)
        best = min(best, _Cost(used / fed * 1e6, stopped=False))
    return best


# ---------------------------------------------------------------- faults


def measure_faults(contenders: Sequence[Contender]) -> list[Row]:
    """What happens to random texts made of pieces of the corpora and of oddities, each read in four ways. Exact."""
    source = random.Random(1)
    items = read_corpus(DATA / "corpora" / "llm.jsonl")
    texts = [(source.choice(items).language, _random_text(source, items)) for _ in range(_TEXTS)]
    lossy, unlike = {}, {}
    for contender in contenders:
        results = [_reads(contender, language, text, random.Random(text)) for language, text in texts]
        lossy[contender.name] = float(sum(lost for lost, _ in results))
        unlike[contender.name] = float(sum(differs for _, differs in results))
    return [
        Row(f"text lost or repeated (of {_TEXTS} random texts)", lossy, 0, BOTH),
        Row(f"cut differently by another split (of {_TEXTS} random texts)", unlike, 0, BOTH),
    ]


def _random_text(source: random.Random, items: Sequence[Item]) -> str:
    pieces = []
    for _ in range(source.randint(4, 12)):
        text = source.choice(items).text
        begin = source.randrange(len(text))
        pieces += [text[begin : begin + source.randint(1, 25)], source.choice(["", *_ODDITIES])]
    return "".join(pieces)


def _reads(contender: Contender, language: str, text: str, source: random.Random) -> tuple[bool, bool]:
    """Whether any way to read `text` loses or invents something, and whether the ways differ."""
    readings: list[list[str]] = []
    for split in (list(text), deltas(text, "token"), _random_split(source, text), [text]):
        chunker = contender.new_chunker(language)
        segments = [segment for delta in split for segment in chunker.feed(delta)]
        readings.append([squeeze(segment.text) for segment in [*segments, *chunker.flush()]])
    return any("".join(texts) != squeeze(text) for texts in readings), any(texts != readings[0] for texts in readings)


def _random_split(source: random.Random, text: str) -> list[str]:
    parts, at = [], 0
    while at < len(text):
        size = source.randint(1, 12)
        parts.append(text[at : at + size])
        at += size
    return parts
