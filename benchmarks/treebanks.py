"""Running text of many languages: where the treebanks of Universal Dependencies say that sentences end.

The treebanks are read from a folder and not copied, because of their licences: the CoNLL-U files of repositories such
as https://github.com/UniversalDependencies/UD_German-GSD, then `--treebanks FOLDER`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.peers import ADAPTIVE, SENTENCE, Contender
from benchmarks.table import Row
from voicebot.lab.corpus import Item
from voicebot.lab.score import Cutter, cut, judge, total
from voicebot.text.chunking import Chunker

_LONGEST = 8
"""Sentences of a paragraph, where the treebank does not tell paragraphs."""
_ENDS = re.compile(r"[.!?…‥。！？؟۔।॥։:]['\"’”»)\]}“«›‘`*_ ]*\Z")
_CLOSING_COLON = "hy"
"""The language in which a colon is a full stop."""
_GOALS = {"de": 0.994, "en": 0.982, "hi": 0.993, "it": 0.969, "nl": 0.985, "ru": 0.97}
_GOAL = 0.94
_NO_LIMIT = 100_000


def measure_treebanks(contenders: Sequence[Contender], folder: Path) -> list[Row]:
    """F1 of each treebank, a paragraph at a time, without a limit of length. Exact, no clock."""
    rows = []
    for path in sorted(folder.rglob("*.conllu")):
        items = list(_paragraphs(path))
        values = {}
        for contender in contenders:
            if contender.name == ADAPTIVE.name:  # it offers clauses on purpose
                continue
            verdicts = [judge(item, cut(item.text, _chunker(contender, item.language))) for item in items]
            values[contender.name] = total(verdicts).f1
        sentences = sum(len(item.segments) for item in items)
        goal = _GOALS.get(path.name[:2], _GOAL)
        rows.append(Row(f"F1, {path.stem} ({sentences} sentences)", values, goal, (SENTENCE.name,), at_least=True))
    return rows


def _chunker(contender: Contender, language: str) -> Cutter:
    if contender.name == SENTENCE.name:
        return Chunker(strategy="sentence", max_characters=_NO_LIMIT)
    return contender.new_chunker(language)


def _paragraphs(path: Path) -> Iterator[Item]:
    """The paragraphs of a treebank; a sentence that does not end in a mark is left out, and ends one."""
    language = path.name[:2]
    text = path.read_text(encoding="utf-8")
    marked = re.search(r"^# newpar", text, re.MULTILINE) is not None
    sentences: list[str] = []
    for number, block in enumerate([*text.split("\n\n"), "# newpar"]):
        begins = marked and re.search(r"^# new(?:par|doc)", block, re.MULTILINE) is not None
        found = re.search(r"^# text = (.*)", block, re.MULTILINE)
        sentence = found[1].strip() if found is not None else ""
        ends = _ENDS.search(sentence) is not None and (language == _CLOSING_COLON or ":" not in sentence[-2:])
        if sentences and (begins or not ends or len(sentences) == _LONGEST):
            between = "" if language in ("ja", "zh") else " "
            yield Item(f"{path.stem}-{number}", language, "treebank", between.join(sentences), tuple(sentences))
            sentences = []
        if ends:
            sentences.append(sentence)
