"""The report of a sweep: one file, every run in it, and nothing in a reply can break it."""

from __future__ import annotations

import base64
import json
import re
from html.parser import HTMLParser
from typing import Any

from voicebot.audio.pcm import wav_bytes
from voicebot.lab.report import render_report
from voicebot.lab.report_parts import About, Recording
from voicebot.lab.runs import ReplayedUtterance, Run
from voicebot.lab.summary import pareto_front, summarize
from voicebot.speech import AudioFormat

REPLY = "はい、そうです。All right."
ABOUT = About("最初の音", "2026-01-02 03:04 UTC", "1.2.3", settings={"一文ごと": "chunking.strategy = 'sentence'"})


def run(
    *,
    setting: str = "一文ごと",
    trace: str = "はい@30",
    engine: str = "gpu",
    seed: int = 0,
    ttfa: float = 0.75,
    gap: float = 0.25,
    reply: str = REPLY,
    language: str = "ja",
    bound: float = 0.5,
) -> Run:
    middle = len(reply) // 2
    first = ReplayedUtterance(
        0, reply[:middle], reply[:middle], 0, middle, ((middle, "clause", "comma"),), 0.4, 0.4, 0.6, ttfa, 2.0
    )
    heard = 2.0 + gap
    cuts = ((len(reply), "end", "end"),)
    second = ReplayedUtterance(1, reply[middle:], "", middle, len(reply), cuts, 0.9, 0.9, 1.5, heard, heard + 1)
    gaps = ((1, gap),) if gap else ()
    return Run(trace, language, setting, engine, seed, 0.2, ttfa, gaps, heard + 1, bound, bound, reply, (first, second))


class Page(HTMLParser):
    """What a browser finds in a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.texts: list[str] = []
        self.scripts: list[str] = []
        self._in = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "xlink:href", "action")]
        self._in = tag
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 - the protocol has it
        self._in = ""

    def handle_data(self, data: str) -> None:
        if self._in == "script":
            self.scripts[-1] += data
        elif self._in != "style":
            self.texts.append(data)

    @property
    def data(self) -> Any:  # Any: JSON
        return json.loads(self.scripts[0])

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def test_means_are_by_engine_and_setting_in_the_order_of_the_runs() -> None:
    runs = [
        run(setting="b", ttfa=1.0, gap=0.5),
        run(setting="b", ttfa=2.0, gap=0.0, language="en", trace="t"),
        run(setting="a", engine="cpu-slow"),
    ]
    first, second = summarize(runs)
    assert (first.engine, first.setting, first.runs) == ("gpu", "b", 2)
    assert (second.engine, second.setting, second.runs) == ("cpu-slow", "a", 1)
    assert (first.ttfa, first.gap_seconds, first.silence_seconds, first.over_bound_seconds) == (1.5, 0.25, 1.75, 1.25)
    assert first.silence_by_language == {"en": 2.0, "ja": 1.5}
    assert first.utterances == 1, "one of the two is only shown"


def test_the_front_holds_what_nothing_beats_in_both() -> None:
    runs = [
        run(setting="early", ttfa=0.5, gap=1.0),
        run(setting="late", ttfa=2.0, gap=0.0),
        run(setting="beaten", ttfa=2.5, gap=0.5),
        run(setting="between", ttfa=1.0, gap=0.25),
    ]
    assert [row.setting for row in pareto_front(summarize(runs))] == ["early", "between", "late"]


def test_the_page_is_complete_in_itself() -> None:
    page = Page(render_report([run()], ABOUT))
    assert all(address.startswith("#") for address in page.addresses), "only within the page"
    assert not {"link", "img", "iframe", "object"} & set(page.tags)
    assert "svg" in page.tags


def test_the_page_says_what_was_run_and_how_it_went() -> None:
    page = Page(render_report([run(), run(setting="行ごと", ttfa=1.5)], ABOUT))
    assert "最初の音" in page.text
    assert "2 settings × 1 trace × 1 engine × 1 seed: 2 runs" in page.text
    assert "voicebot 1.2.3, 2026-01-02 03:04 UTC" in page.text
    assert "Least silence with gpu : 一文ごと , 1.00 s, 0.50 s over the bound." in page.text


def test_every_run_is_in_the_page_and_each_reply_once() -> None:
    runs = [run(setting=setting, seed=seed) for setting in ("a", "b") for seed in (0, 1)]
    page = render_report(runs, ABOUT)
    data = Page(page).data
    assert [found[:4] for found in data["runs"]] == [[0, 0, 0, 0], [0, 0, 0, 1], [0, 1, 0, 0], [0, 1, 0, 1]]
    assert data["traces"] == [{"name": "はい@30", "language": "ja", "reply": REPLY}]


def test_the_page_says_how_it_was_made() -> None:
    """Somebody who is sent a report could not make it again: it named its settings and did not say what they were."""
    about = About(
        "t",
        "now",
        "1.2.3",
        command="voicebot lab sweep mine.toml -o out",
        versions={"Python": "3.11.7 (CPython)", "platform": "Linux-6"},
        contents={"一文ごと": '\n[chunking]\nstrategy = "sentence"', "行ごと": ""},
        engines={"gpu": "0.05 s + 0.05 × audio"},
    )
    text = Page(render_report([run(), run(setting="行ごと")], about)).text
    assert "voicebot lab sweep mine.toml -o out" in text
    assert "Python 3.11.7 (CPython) platform Linux-6 gpu 0.05 s + 0.05 × audio" in text.replace("  ", " ")
    assert '一文ごと [chunking] strategy = "sentence"' in text
    assert "行ごと # the defaults" in text


def test_the_page_says_which_differences_are_more_than_chance() -> None:
    runs = [run(setting="a", trace=f"t{n}", ttfa=1.0 + n) for n in range(4)]
    steady = [run(setting="b", trace=f"t{n}", ttfa=0.5 + n) for n in range(4)]
    wavering = [run(setting="c", trace=f"t{n}", ttfa=1.0 + n + (-1) ** n) for n in range(4)]
    text = Page(render_report([*runs, *steady, *wavering], ABOUT)).text
    assert "Differences from a" in text
    assert "b gpu −0.50 −0.50 … −0.50" in text
    assert "c gpu +0.00 −1.84 … +1.84 no difference shown" in text
    assert "Differences from" not in Page(render_report([run()], ABOUT)).text


def test_two_settings_can_be_listened_to_within_the_page() -> None:
    wav = wav_bytes(b"\1\0" * 16000, AudioFormat(16000))
    recordings = [Recording(name, "はい@30", "gpu", "VOICEVOX:<b>", wav) for name in ("a", "b")]
    page_text = render_report([run()], About("t", "now", "1", recordings=recordings))
    page = Page(page_text)
    sounds = [address for address in page.addresses if not address.startswith("#")]
    assert [base64.b64decode(sound.removeprefix("data:audio/wav;base64,")) for sound in sounds] == [wav, wav]
    assert page.tags.count("audio") == 2
    assert "VOICEVOX:<b>" in page.text
    assert "はい@30 · 0.0\xa0MB" in page_text.replace("&nbsp;", "\xa0")
    assert "media-src data:" in page_text


def test_nothing_in_a_text_can_leave_its_place() -> None:
    evil = "</script><script>alert(1)</script><!-- & \u2028 \"' <b> <!--DATA-->"
    about = About(
        *(evil, "now", "1"),
        settings={evil: evil},
        engines={"gpu": evil},
        contents={evil: evil},
        versions={evil: evil},
        command=evil,
        recordings=[Recording(evil, evil, evil, evil, b"")],
    )
    page = Page(render_report([run(reply=evil, setting=evil, trace=evil)], about))
    assert len(page.scripts) == 2
    assert page.data["traces"][0]["reply"] == evil
    assert page.data["settings"] == [evil]
    assert page.tags.count("script") == 2


def test_half_of_a_surrogate_pair_does_no_harm() -> None:
    page = render_report([run(reply="a\ud83d b c")], ABOUT)
    assert Page(page).data["traces"][0]["reply"] == "a\ud83d b c"
    page.encode("utf-8")


def test_plots_leave_text_and_colours_to_the_page() -> None:
    plots = re.findall(r"<svg.*?</svg>", render_report([run(), run(setting="行ごと", ttfa=9.0)], ABOUT), re.DOTALL)
    [plot] = plots
    assert "行ごと" in re.findall(r"<text[^>]*>([^<]*)</text>", plot)
    assert "currentColor" in plot
    assert "var(--s1)" in plot
    assert "#010" not in plot
    assert "font-family" not in plot


def test_the_same_runs_make_the_same_page() -> None:
    runs = [run(), run(setting="b", ttfa=1.0)]
    assert render_report(runs, ABOUT) == render_report(runs, ABOUT)


def test_five_hundred_runs_stay_below_five_megabytes() -> None:
    long = "".join(f"これは{n}番目の文です。" for n in range(40))
    utterances = tuple(
        ReplayedUtterance(
            n, "x" * 12, "", 12 * n, 12 * n + 12, ((12 * n + 12, "sentence", "full stop"),), 1.1, 2.2, 3.3, 4.4, 5.5
        )
        for n in range(40)
    )
    runs = [
        Run(f"t{n % 10}", "ja", f"s{n // 10}", "gpu", 0, 0.1, 0.2, (), 9.0, 0.1, 0.1, long, utterances)
        for n in range(500)
    ]
    assert len(render_report(runs, ABOUT).encode()) < 5_000_000
