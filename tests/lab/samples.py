"""The data of the project that the lab's tests use, and traces of their own."""

from __future__ import annotations

import json
from pathlib import Path

ROOT = Path(__file__).parents[2]
CORPORA = ROOT / "tests" / "data" / "corpora"
TRACES = ROOT / "tests" / "data" / "traces"

SENTENCES = {
    "おはよう": "おはようございます。今日はいい天気ですね、散歩に行きましょう。",
    "hello": "Good morning! It's a fine day, so let's go for a walk.",
}


def write_traces(folder: Path) -> None:
    """A trace in `folder` for each of SENTENCES."""
    for name, text in SENTENCES.items():
        deltas = [{"t_ms": 100 + 40 * n, "token": text[n : n + 3]} for n in range(0, len(text), 3)]
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(delta) + "\n" for delta in deltas), encoding="utf-8")
