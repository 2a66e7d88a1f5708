"""How many everyday texts are read aloud wrongly: what an engine is given, beside what a person would read."""

from __future__ import annotations

import csv
import re
import sys
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from benchmarks.figures import Figure
from voicebot.speech import Boundary, Segment, Span
from voicebot.text.false_pauses import without_false_pauses
from voicebot.text.rendering import Renderer
from voicebot.text.respelling import Respeller

FOLDER = Path(__file__).parent.parent / "tests" / "data" / "readings"
FILES = {"tuned": "readings.tsv", "once held out": "once_held_out.tsv", "held out": "held_out.tsv"}
GOAL = 0.03
"""The share of all texts that may be read wrongly."""

_ROWS: tuple[str, ...] = (
    "アカサタナハマヤラワガザダバパャァヮ",
    "イキシチニヒミリギジビピィ",
    "ウクスツヌフムユルグズブプュゥ",
)
_ROWS += ("エケセテネヘメレゲゼデベペェ", "オコソトノホモヨロゴゾドボポョォ")
_VOWEL = {kana: vowel for vowel, row in zip("アイウエオ", _ROWS, strict=True) for kana in row}
_OLD = str.maketrans({"ヲ": "オ", "ヅ": "ズ", "ヂ": "ジ"})
_V = {"ヴァ": "バ", "ヴィ": "ビ", "ヴェ": "ベ", "ヴォ": "ボ", "ヴ": "ブ"}


@dataclass(frozen=True, slots=True)
class Item:
    """A text and how it is read aloud."""

    language: str
    source: str
    kind: str
    text: str
    readings: tuple[str, ...]

    def is_right(self, read: str) -> bool:
        """Whether `read`, which an engine is given, is one of the right readings."""
        same = same_words if self.language != "ja" else same_digits if re.search(r"\d", self.text) else same_kana
        return same(read) in {same(reading) for reading in self.readings}


def load_items(name: str) -> list[Item]:
    """The items of a file of tests/data/readings."""
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [
            Item(row["language"], row["source"], row["kind"], row["text"], tuple(row["readings"].split(" | ")))
            for row in rows
        ]


def same_kana(kana: str) -> str:
    """`kana` without what does not count: spaces, marks, how a long vowel is written."""
    kana = re.sub("[^ァ-ヺー]", "", unicodedata.normalize("NFKC", kana)).translate(_OLD)
    kana = re.sub("ヴ[ァィェォ]?", lambda found: _V[found[0]], kana)
    same = ""
    for character in kana:
        vowel = _VOWEL.get(same[-1:], "")
        if character == "ー" or (character, vowel) in {("ウ", "オ"), ("イ", "エ")}:
            character = vowel
        same += character
    return same


def same_digits(kana: str) -> str:
    """The same for a text with digits: 2 and 5 are said long or short where they are said one by one."""
    return same_kana(kana).replace("ニイ", "ニ").replace("ゴオ", "ゴ")


def same_words(words: str) -> str:
    """`words` without what does not count: marks, capitals, an "and" within a number."""
    words = re.sub(r"[^\w\s']|_", " ", words.lower())
    words = re.sub(r"\b(hundred|thousand|million|billion) and\b", r"\1", words)
    return " ".join(words.split())


_BEFORE = {"ja": "これから読みます。", "en": "This is what it says."}
"""What a reply has said before; it tells the language of numbers that stand alone."""


def said(text: str, *, language: Literal["ja", "en"]) -> str:
    """What an engine is given for `text` in a reply in this language."""
    renderer, respeller = Renderer(), Respeller()
    spans: tuple[Span, ...] = ()
    for part in (_BEFORE[language], text):
        spans = respeller.feed(renderer.feed(Segment(part, 0, len(part), Boundary.END, "end")).spans)
    return "".join([span.spoken for span in without_false_pauses(spans, [language])])


def misread(items: Iterable[Item], to_kana: Callable[[str], str]) -> list[tuple[Item, str]]:
    """The items that are read wrongly, and how; `to_kana` reads Japanese as the engine does."""
    read = [
        (item, to_kana(said(item.text, language="ja")) if item.language == "ja" else said(item.text, language="en"))
        for item in items
    ]
    return [(item, words) for item, words in read if not item.is_right(words)]


def open_reader() -> Callable[[str], str]:
    """What turns Japanese text into the kana that espeak-ng is given. Raises ImportError where haqumei is missing."""
    from haqumei import Haqumei

    from voicebot.tts.pyttsx3_child import kana_for_espeak

    haqumei = Haqumei()
    return lambda text: kana_for_espeak(text, haqumei)


def measure_readings() -> list[Figure]:
    """The share that is read wrongly, of all and of each kind, in both files."""
    try:
        to_kana = open_reader()
    except ImportError:
        print("readings: not run: haqumei is not installed", file=sys.stderr)
        return []
    figures = []
    for name, file in FILES.items():
        items = load_items(file)
        wrong = [item for item, _ in misread(items, to_kana)]
        figures.append(_figure(f"{name}: read wrongly", items, wrong))
        for language, kind in sorted({(item.language, item.kind) for item in items}):
            of_kind = [item for item in items if (item.language, item.kind) == (language, kind)]
            figures.append(_figure(f"{name}: {language} {kind}", of_kind, [item for item in wrong if item in of_kind]))
    return figures


def _figure(name: str, items: Sequence[Item], wrong: Sequence[Item]) -> Figure:
    goal = GOAL if name.endswith("wrongly") else 1.0  # of a few texts a share says little
    return Figure(f"readings: {name}", len(wrong) / len(items), goal, "", f"{len(wrong)} of {len(items)}")
