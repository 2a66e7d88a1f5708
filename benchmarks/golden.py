"""The golden rules of pySBD, language by language: voicebot beside the peers.

Six languages are in tests/data/corpora/golden.jsonl. The rules of all languages are in the tests of pySBD's repository
(MIT, Nipun Sadvilkar), which its packages do not contain: `git clone https://github.com/nipunsadvilkar/pySBD`, then
`--rules pySBD`. They are read from there and not copied.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.peers import ADAPTIVE, SENTENCE, Contender
from benchmarks.table import Row
from voicebot.lab.corpus import Item, read_corpus, squeeze
from voicebot.lab.score import cut, judge

_FEW = Path(__file__).parent.parent / "tests" / "data" / "corpora" / "golden.jsonl"
_TABLE = re.compile(r"(GOLDEN_)?([A-Z]{2})_(?:RULES|MORE)_TEST_CASES")
_GOALS = {"ar": 3, "en": 47, "es": 29, "it": 35, "kk": 12}
"""Where not every rule is met. Arabic: one rule cuts at each comma, one behind the date and source of a report."""


def measure_golden(contenders: Sequence[Contender], rules: Path | None) -> list[Row]:
    """How many texts of each language are cut exactly as the rules say. Exact, no clock."""
    items = list(_rules(rules)) if rules is not None else read_corpus(_FEW)
    shown = [contender for contender in contenders if contender.name != ADAPTIVE.name]  # it offers clauses on purpose
    rows = []
    for language in sorted({item.language for item in items}):
        marked = [item for item in items if item.language == language]
        values = {contender.name: float(_exact(contender, marked)) for contender in shown}
        goal = min(len(marked), _GOALS.get(language, len(marked)))
        name = f"golden rules exact, {language} (of {len(marked)})"
        rows.append(Row(name, values, goal, (SENTENCE.name,), at_least=True))
    return rows


def _exact(contender: Contender, items: Sequence[Item]) -> int:
    return sum(judge(item, cut(item.text, contender.new_chunker(item.language))).exact for item in items)


def _rules(checkout: Path) -> Iterator[Item]:
    """The rules in the tests of a checkout of pySBD; rules that change the text are left out."""
    for path in sorted((checkout / "tests" / "lang").glob("test_*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if not (isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)):
                continue
            table = _TABLE.fullmatch(node.targets[0].id)
            if table is None or not isinstance(node.value, ast.List):
                continue
            for number, element in enumerate(node.value.elts):
                text, segments = _literal(element)
                if squeeze("".join(segments)) == squeeze(text):
                    language = table[2].lower()
                    yield Item(f"{language}-{number}", language, "golden", text, segments)


def _literal(element: ast.expr) -> tuple[str, tuple[str, ...]]:
    """A text and its segments, from (text, [segment, …]) or pytest.param(text, [segment, …])."""
    values = element.args if isinstance(element, ast.Call) else element.elts if isinstance(element, ast.Tuple) else []
    text, segments = (ast.literal_eval(value) for value in values[:2])
    return str(text), tuple(str(segment) for segment in segments)
