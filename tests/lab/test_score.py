"""What `voicebot lab score` promises: whose cuts are right, how late they come, and what is wrong with a corpus."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.lab.samples import CORPORA
from voicebot.cli.lab import lab_app
from voicebot.errors import LabError
from voicebot.lab.corpus import Item, read_corpus
from voicebot.lab.score import Released, Verdict, cut, deltas, groups, judge, judge_all, total
from voicebot.text.chunking import Chunker


def item(*segments: str, text: str = "", optional: tuple[int, ...] = (), language: str = "ja") -> Item:
    """A marked text; without `text` it is the segments joined."""
    return Item("it", language, "chat", text or "".join(segments), segments, optional)


def verdict(marked: Item, *texts: str, after: int = 0) -> Verdict:
    """As if `texts` had been released, all of them after `after` characters (0: each as soon as it was there)."""
    released, fed = [], 0
    for text in texts:
        fed += len(text)
        released.append(Released(text, after or fed))
    return judge(marked, released)


def test_right_cuts_are_exact() -> None:
    judged = verdict(item("雨だ。", "帰ろう。"), "雨だ。", "帰ろう。")
    assert judged.exact
    assert judged.found == {3}
    assert judged.delays == (0,)


def test_whitespace_around_a_cut_does_not_matter() -> None:
    marked = item("It rains.", "Let us go.", text="It rains.  Let us go.", language="en")
    assert verdict(marked, "It rains.", "Let us go.").exact
    assert verdict(marked, "It rains.  ", "Let us go.").exact


@pytest.mark.parametrize(
    "texts", [("やった！🎉", "行こう♪"), ("やった！", "🎉行こう♪"), ("やった！", "🎉", "行こう", "♪")]
)
def test_emoji_may_hang_on_either_side_of_a_cut(texts: tuple[str, ...]) -> None:
    assert verdict(item("やった！🎉", "行こう♪"), *texts).exact


def test_the_delay_runs_from_the_end_of_a_segment_until_all_of_it_is_out() -> None:
    marked = item("雨だ。", "帰ろう。", "早く。")
    assert verdict(marked, "雨だ。", "帰ろう。", "早く。", after=8).delays == (5, 1)
    assert verdict(marked, "雨だ。帰ろう。", "早く。").delays == (4, 0)


@pytest.mark.parametrize(
    ("text", "place", "soft"),
    [
        ("今日は、晴れです。", 4, True),
        ("東京（大阪）・京都", 6, True),
        ("一つ\n二つ", 2, True),
        ("「行こう」と言った。", 5, False),
        ("千円（税込）です。", 6, False),
        ("東京へ行く。", 1, False),
        ("Well, then.", 5, True),
        ("It costs 1,980 yen.", 9, False),
        ("It was Mr. Lee.", 8, False),
        ("Stop it now.", 6, False),
    ],
)
def test_a_wrong_cut_is_hard_where_no_speaker_may_pause(text: str, place: int, soft: bool) -> None:
    whole = "".join(text.split())
    judged = verdict(item(text), whole[:place], whole[place:])
    assert judged.extra == {place}
    assert judged.hard == (set() if soft else {place})


def test_an_optional_cut_is_neither_right_nor_wrong() -> None:
    marked = item("はい、今日は晴れです。", "では。", optional=(3,))
    for texts in (("はい、今日は晴れです。", "では。"), ("はい、", "今日は晴れです。", "では。")):
        judged = verdict(marked, *texts)
        assert judged.exact
        assert judged.found == {11}


def test_lost_and_invented_characters_are_counted_and_the_cuts_still_found() -> None:
    judged = verdict(item("雨だ。", "帰ろう。"), "雨。", "帰ろうよ。")
    assert judged.lost == 2
    assert judged.found == {3}
    assert not judged.exact


def test_precision_counts_what_was_cut_and_recall_what_was_marked() -> None:
    score = total([verdict(item("雨だ。", "帰ろう。", "早く。"), "雨だ。", "帰", "ろう。早く。")])
    assert (score.precision, score.recall, score.f1) == (0.5, 0.5, 0.5)
    assert (score.exact, score.hard_splits) == (0, 1)


def test_a_wrong_text_is_shown_with_its_cuts() -> None:
    judged = verdict(item("雨だ。", "帰ろう。", "早く。"), "雨だ。", "帰", "ろう。早く。")
    assert judged.marked() == "雨だ。│帰✗+ろう。✗−早く。"


def test_scores_are_grouped_by_language_and_category() -> None:
    english = Item("e", "en", "list", "- One\n- Two", ("- One", "- Two"))
    scores = groups(judge_all([item("雨だ。", "帰ろう。"), english], Chunker))
    assert list(scores) == ["all", "core", "lang:en", "lang:ja", "cat:chat", "cat:list"]
    assert {name: score.items for name, score in scores.items() if score.items == 2} == {"all": 2}


@pytest.mark.parametrize("text", ["今日は、2.5キロ。 Really, 12,345 km?\n\n👩‍👩‍👧", "", "안녕하세요. สวัสดี"])
def test_a_text_is_fed_whole_however_it_is_split(text: str) -> None:
    for by in ("char", "token", "whole"):
        assert "".join(deltas(text, by)) == text


def test_the_split_changes_nothing_but_the_delay() -> None:
    text = "「行こう！」と彼は言った。It costs $3.50, e.g. in Rome. 雨だ。"
    assert (
        len({tuple(released.text for released in cut(text, Chunker(), by)) for by in ("char", "token", "whole")}) == 1
    )


GOOD = {"id": "a", "lang": "ja", "text": "雨だ。帰ろう。", "segments": ["雨だ。", "帰ろう。"]}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("nonsense", "not JSON"),
        ("[]", "not an item"),
        ('{"id": "b", "lang": "ja", "text": "雨だ。"}', "'segments' is missing"),
        ('{"id": "b", "lang": "ja", "text": "雨だ。", "segments": ["雪だ。"]}', "do not add up"),
        ('{"id": "b", "lang": "ja", "text": 7, "segments": ["7"]}', "7 is not text"),
        ('{"id": "b", "lang": "ja", "text": "雨だ。", "segments": ["雨だ。"], "optional": ["x"]}', "not an item"),
    ],
)
def test_a_broken_line_is_named_with_its_file_and_number(tmp_path: Path, line: str, reason: str) -> None:
    file = tmp_path / "mine.jsonl"
    file.write_text(f"{json.dumps(GOOD)}\n\n{line}\n", encoding="utf-8")
    with pytest.raises(LabError, match=reason) as caught:
        read_corpus(file)
    assert caught.value.message.startswith(f"{file}:3: ")
    assert caught.value.hint


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"\n \n"])
def test_a_file_that_is_missing_not_text_or_empty_is_an_error(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "mine.jsonl"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(LabError, match=r"mine\.jsonl"):
        read_corpus(file)


def lab(tmp_path: Path, *arguments: str) -> tuple[int, str, str]:
    """Run `score` with an empty config.toml: exit code, output, errors."""
    config = tmp_path / "config.toml"
    config.touch()
    done = CliRunner().invoke(lab_app, ["score", *arguments, "--config", str(config)])
    return done.exit_code, done.stdout, done.stderr


def test_the_command_prints_a_line_for_each_language_and_category(tmp_path: Path) -> None:
    code, out, _ = lab(tmp_path, str(CORPORA / "golden.jsonl"), "--strategy", "sentence")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()[1:]] == [
        "all", "core", "lang:de", "lang:en", "lang:es", "lang:fr", "lang:ja", "lang:zh", "cat:golden",
    ]  # fmt: skip


def test_the_command_shows_what_went_wrong_where(tmp_path: Path) -> None:
    corpus = tmp_path / "mine.jsonl"
    corpus.write_text(
        json.dumps({**GOOD, "text": "雨だ。今日は、帰ろう。", "segments": ["雨だ。", "今日は、帰ろう。"]})
    )
    code, out, _ = lab(tmp_path, str(corpus), "--strategy", "punctuation", "--errors")
    assert code == 0
    assert "雨だ。│今日は、✗+帰ろう。" in out


def test_the_command_speaks_json(tmp_path: Path) -> None:
    code, out, _ = lab(tmp_path, str(CORPORA / "golden.jsonl"), "--strategy", "newline", "--errors", "--json")
    assert code == 0
    result = json.loads(out)
    assert result["scores"]["lang:ja"]["items"] == 4
    assert all(error["missing"] for error in result["errors"])


def test_an_unreadable_corpus_ends_the_command_with_code_2(tmp_path: Path) -> None:
    corpus = tmp_path / "mine.jsonl"
    corpus.write_text("{\n")
    code, _, err = lab(tmp_path, str(corpus))
    assert code == 2
    assert f"{corpus}:1: not JSON" in err
    assert "→" in err


def test_the_help_says_what_a_corpus_looks_like(tmp_path: Path) -> None:
    code, out, _ = lab(tmp_path, "--help")
    assert code == 0
    for key in ("id", "lang", "category", "text", "segments", "optional"):
        assert f'"{key}"' in out


def test_two_strategies_are_compared_text_by_text(tmp_path: Path) -> None:
    golden = str(CORPORA / "golden.jsonl")
    code, out, _ = lab(tmp_path, golden, "--strategy", "sentence", "--against", "newline")
    assert code == 0
    title, *rows = out.partition("\n\n")[2].splitlines()
    assert title == "Against newline, text by text, with 95 % intervals:"
    assert [row.split()[0] for row in rows] == ["mistakes", "exact", "delay"]
    same = json.loads(lab(tmp_path, golden, "--strategy", "sentence", "--against", "sentence", "--json")[1])
    assert same["against"] == "sentence"
    assert {(one["mean"], one["low"], one["high"]) for one in same["differences"].values()} == {(0.0, 0.0, 0.0)}
