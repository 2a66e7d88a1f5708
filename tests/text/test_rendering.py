"""Raw, shown, spoken: the three forms of a segment and the offsets between them."""

from __future__ import annotations

import ast
import time
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from voicebot.speech import Boundary, Segment, Utterance
from voicebot.text.characters import has_speech
from voicebot.text.chunking import Chunker, Strategy
from voicebot.text.render_options import RenderOptions
from voicebot.text.rendering import Rendered, Renderer

PACKAGE = Path(__file__).parents[2] / "voicebot"
ENGLISH = RenderOptions(language="en")
JAPANESE = RenderOptions(language="ja")


AS_USUAL = RenderOptions()


def segment(text: str, boundary: Boundary = Boundary.END) -> Segment:
    return Segment(text, 0, len(text), boundary, "end")


def one(text: str, options: RenderOptions = AS_USUAL, boundary: Boundary = Boundary.END) -> Rendered:
    return Renderer(options).feed(segment(text, boundary))


def rendered(reply: str, options: RenderOptions = AS_USUAL, strategy: Strategy = "sentence") -> list[Rendered]:
    chunker, renderer = Chunker(strategy=strategy), Renderer(options)
    return [renderer.feed(piece) for piece in chunker.feed(reply) + chunker.flush()]


def spoken(reply: str, options: RenderOptions = AS_USUAL, strategy: Strategy = "sentence") -> list[str]:
    return [piece.spoken for piece in rendered(reply, options, strategy)]


def shown(reply: str, options: RenderOptions = AS_USUAL) -> str:
    return "".join(piece.shown for piece in rendered(reply, options))


# ---------------------------------------------------------------- for any text

HOSTILE = (
    "*·_·`·~·[·(·<·|·-·#·$·\\·\\(·\\[·&·> ·<a ·[](·```\n·$$·$a·$a ·`a·``a`·**a ·*a ·_a ·_a·~~a·[a·[a](·[^·<!--·<!-·"
    "<a b=·&a·www.·http://·<think>·</think>· ·\n·\r\n·1. ·- ·\n1. ·\n- ·\n| a ·\n|-·(^·a·あ·\u0301·\ud800·\0·👍\u200d·"
    "¥1,·→·:-)·\u200d·\n> ·\n# ·\n```\n·【1·\t"
)
PIECES = (
    "*a*·**·__·~~·`x`·```py\n·\n```\n·[t](u)·[t·](u)·![a](b)·[^1]·[1]·[happy] ·<b>·</b>·<think>·</think>·<br>·"
    "&amp;·&#0;·$x^2$·$$·\\(·\\)·\\[·\\]·https://a.b/c·www.x.y·\n- ·\n1. ·\n# ·\n> ·\n---\n·"
    "\n| a | b |·\n|---|---|·(^_^)·（笑）·🎉·:-)·¥1,980·"
    "word ·言葉·です。·. ·! · ·\n·\n\n·\u3000·\u200b·\u0301·→· | ·*·wwww·\r\n"
)

TEXTS = st.one_of(
    st.text(max_size=200),
    st.text(alphabet="*_`~#<>[]()|!-+ \n\r\t1a。あ🎉\\:/.$^{}&;¥→\ud800\0", max_size=200),
    st.lists(st.sampled_from(PIECES.split("·")), max_size=30).map("".join),
)


READ_ALL = RenderOptions(code="read", tables="read", urls="read", emoji="keep", actions="read")
DESCRIBE = RenderOptions(code="describe", tables="describe", urls="skip", language="ja")


def utterance(found: Rendered) -> Utterance:
    return Utterance(0, found.spans, 0, len(found.raw))


@settings(max_examples=6 * settings().max_examples)
@given(
    st.lists(st.tuples(TEXTS, st.sampled_from(Boundary)), max_size=3), st.sampled_from([AS_USUAL, READ_ALL, DESCRIBE])
)
def test_the_raw_parts_are_the_text_and_what_is_spoken_is_one_clean_line(
    pieces: list[tuple[str, Boundary]], options: RenderOptions
) -> None:
    renderer = Renderer(options)
    for text, boundary in pieces:
        found = renderer.feed(segment(text, boundary))
        assert found.raw == text
        assert found.spoken == "" or has_speech(found.spoken)
        assert found.spoken == " ".join(found.spoken.split())
        assert not any(unicodedata.category(character) in ("Cc", "Cs") for character in found.spoken)
        for end in (utterance(found).text_end, utterance(found).shown_end):
            ends = [end(count) for count in range(len(found.spoken) + 1)]
            assert ends == sorted(ends)
        assert utterance(found).text_end(len(found.spoken)) == len(text)
        assert utterance(found).shown_end(len(found.spoken)) == len(found.shown)


@settings(max_examples=2 * settings().max_examples)
@given(TEXTS, st.sampled_from(["newline", "punctuation", "sentence"]))
def test_nothing_of_a_reply_is_lost_with_any_strategy(reply: str, strategy: Strategy) -> None:
    raw = "".join(piece.raw for piece in rendered(reply, strategy=strategy))
    assert reply.startswith(raw)
    assert not reply[len(raw) :].strip()


@settings(max_examples=2 * settings().max_examples)
@given(TEXTS, st.sampled_from(["newline", "punctuation", "sentence", "adaptive"]), st.sampled_from([20, 300]))
@example(
    "Look:\n```py\nx = 1. Yes!\ny = 2\n```\n1) One 2) 二。 <think>Hm.</think>\n| a | b |\n| c | d |", "sentence", 20
)
def test_reworded_rules_change_nothing_but_what_people_read(reply: str, strategy: Strategy, limit: int) -> None:
    """What a rule was called once decided which text is silent, and what begins a line."""
    chunker = Chunker(strategy=strategy, max_characters=limit)
    as_usual, reworded = Renderer(), Renderer()
    for piece in chunker.feed(reply) + chunker.flush():
        assert reworded.feed(replace(piece, rule="in other words")) == as_usual.feed(piece)


def asks_what_a_rule_is_called(source: str) -> bool:
    def names_a_rule(node: ast.AST) -> bool:
        return any(isinstance(part, ast.Attribute) and part.attr == "rule" for part in ast.walk(node))

    def asks(node: ast.AST) -> bool:
        match node:
            case ast.Compare():
                return names_a_rule(node)
            case ast.If() | ast.IfExp() | ast.While():
                return names_a_rule(node.test)
            case ast.Match():
                return names_a_rule(node.subject)
            case ast.Attribute():
                return isinstance(node.value, ast.Attribute) and node.value.attr == "rule"
        return False

    return ".rule" in source and any(map(asks, ast.walk(ast.parse(source))))


def test_nothing_asks_what_a_rule_is_called() -> None:
    assert asks_what_a_rule_is_called('silent = piece.rule == "fence"')
    assert asks_what_a_rule_is_called('begins = piece.rule.startswith("line")')
    asking = [path for path in PACKAGE.rglob("*.py") if asks_what_a_rule_is_called(path.read_text(encoding="utf-8"))]
    assert asking == []


@pytest.mark.parametrize("unit", HOSTILE.split("·"))
@pytest.mark.parametrize("behind", ["", "x\n"])
def test_hostile_text_takes_linear_time(unit: str, behind: str) -> None:
    """A quadratic pattern takes 64 times as long for 8 times as much, however slow or busy the machine is."""

    def seconds(length: int) -> float:
        text = unit * (length // len(unit)) + behind
        began = time.thread_time()
        assert one(text).raw == text
        return time.thread_time() - began

    # Measured anew each time: one may be slowed down and the other not. What is over sooner is measured too badly.
    assert any(seconds(16_000) < 24 * max(seconds(2_000), 0.001) for _ in range(5))


def test_a_megabyte_without_punctuation_is_rendered() -> None:
    found = one("word " * 200_000)
    assert utterance(found).text_end(10) == 10
    assert len(found.spoken) == 999_999


def test_ten_thousand_combining_marks_stay_with_their_letter() -> None:
    text = "e" + "\u0301" * 10_000 + " done"
    assert one(text).spoken == text


# ---------------------------------------------------------------- offsets


def test_offsets_are_exact_where_the_text_is_spoken_as_written() -> None:
    found = one(" It is **really** so.")
    assert found.spoken == "It is really so."
    assert found.raw[: utterance(found).text_end(5)] == " It is"
    assert found.raw[: utterance(found).text_end(9)] == " It is **rea"
    assert found.shown[: utterance(found).shown_end(9)] == " It is rea"


def test_what_is_said_differently_counts_when_it_was_said_whole() -> None:
    found = one("See https://www.example.com/a/b?c=1 now")
    assert found.spoken == "See example.com now"
    assert found.raw[: utterance(found).text_end(10)] == "See "
    assert found.raw[: utterance(found).text_end(15)] == "See https://www.example.com/a/b?c=1"


def test_what_is_silent_belongs_to_what_was_said_before() -> None:
    found = one("おめでとう🎉", boundary=Boundary.SENTENCE)
    assert found.spoken == "おめでとう。"
    assert utterance(found).shown_end(4) == 4
    assert utterance(found).shown_end(5) == len("おめでとう🎉")
    assert utterance(found).text_end(0) == 0


# ---------------------------------------------------------------- inline marks


@pytest.mark.parametrize(
    ("raw", "seen", "said"),
    [
        ("*a*, **b**, _c_, __d__, ~~e~~, `f`, ***g***", "a, b, c, d, e, f, g", "a, b, c, d, e, f, g"),
        ("答えは**42です。**", "答えは42です。", "答えは42です。"),
        ("これは*とても*大事", "これはとても大事", "これはとても大事"),
        ("2*3*4, 5 * 3, 2**10, f*g", "2*3*4, 5 * 3, 2**10, f*g", "2*3*4, 5 * 3, 2**10, f*g"),
        ("snake_case and x_1", "snake_case and x_1", "snake_case and x_1"),
        ("Price* only", "Price* only", "Price only"),
        ("5 \\* 3 and \\_x\\_", "5 * 3 and _x_", "5 * 3 and _x_"),
        ("「`pip install` を実行します」", "「pip install を実行します」", "「pip install を実行します」"),
        ("Call `foo(*args)` now", "Call foo(*args) now", "Call foo(*args) now"),
        ("Write `<think>` here", "Write <think> here", "Write <think> here"),
        ("[the **docs**](https://a.io/b_(c))!", "the docs!", "the docs!"),
        ("![a cat](cat.png) sat", "a cat sat", "a cat sat"),
        ("[![badge](a.png)](https://x.y) ok", "badge ok", "badge ok"),
        ("[text][ref] here", "text here", "text here"),
        ("at <https://www.a.com/b>.", "at https://www.a.com/b.", "at a.com."),
        ("(see https://x.y/z).", "(see https://x.y/z).", "(see x.y)."),
        ("Wet[^1] and dry[2], true [3].", "Wet[^1] and dry[2], true [3].", "Wet and dry, true."),
        ("H<sub>2</sub>O<br>is <b class='x'>wet</b>", "H2O\nis wet", "H2O is wet"),
        ("Tom &amp; Jerry &lt;3 &nope; AT&T", "Tom & Jerry <3 &nope; AT&T", "Tom & Jerry <3 &nope; AT&T"),
        ("a <stop> and 1 < 2 > 0", "a <stop> and 1 < 2 > 0", "a <stop> and 1 < 2 > 0"),
        ("Great 🎉! 楽しい♪ですね", "Great 🎉! 楽しい♪ですね", "Great! 楽しい ですね"),
        ("Hi :-) there ^_^", "Hi :-) there ^_^", "Hi there"),
        ("失敗した（笑）。面白いwww (´▽｀) www", "失敗した（笑）。面白いwww (´▽｀) www", "失敗した。面白い"),
        ("[happy] Hello [joy]there [Note]", "Hello there [Note]", "Hello there [Note]"),
        ("[笑顔]こんにちは！", "こんにちは！", "こんにちは！"),
        ("設定 → 一般", "設定 → 一般", "設定、一般"),
        ("<think>no</think>Yes", "Yes", "Yes"),
        ("<Thinking>no\n\nno", "", ""),
        ("end</think> of it", "end of it", "end of it"),
        ("a\x1b[31mb\x00\ud800 c", "a[31mb c", "a[31mb c"),
    ],
)
def test_marks_are_neither_shown_nor_spoken(raw: str, seen: str, said: str) -> None:
    found = one(raw)
    assert (found.shown, found.spoken) == (seen, said)


def test_emphasis_may_go_on_in_the_next_segment() -> None:
    assert spoken("**Do not. Ever.** Yes.") == ["Do not.", "Ever. Yes."]
    assert shown("**Do not. Ever.** Yes.") == "Do not. Ever. Yes."


def test_addresses_are_said_as_wished() -> None:
    raw = "詳しくはhttps://www.example.jp/faq.htmlをご覧ください。"
    assert one(raw, RenderOptions(urls="read")).spoken == "詳しくはexample.jp/faq.htmlをご覧ください。"
    assert one(raw, RenderOptions(urls="skip")).spoken == "詳しくはリンクをご覧ください。"
    assert one("See https://a.b/c now", RenderOptions(urls="skip")).spoken == "See the link now"


def test_emoji_can_be_kept_for_voices_that_say_them() -> None:
    assert one("Great 🎉", RenderOptions(emoji="keep")).spoken == "Great 🎉"
    assert one("🎉", RenderOptions(emoji="keep")).spoken == ""


@pytest.mark.parametrize("raw", ["*waves*", "*手を振る*", " *She looks away. She sighs.* 😊", "*smiles* *waves*"])
def test_an_action_is_shown_and_not_spoken(raw: str) -> None:
    assert (one(raw).shown, one(raw).spoken) == (raw, "")


def test_an_action_is_read_when_wished() -> None:
    assert one("*waves*", RenderOptions(actions="read")).spoken == "waves."
    assert one("*手を振る*", RenderOptions(actions="read")).spoken == "手を振る。"


def test_an_action_before_a_sentence_is_not_spoken_but_emphasis_is() -> None:
    assert one("*smiles softly* Oh, you're *really* back!").spoken == "Oh, you're really back!"
    assert one("*Never* do that.").spoken == "Never do that."


def test_more_emotion_tags_can_be_named() -> None:
    assert one("[ahem] Hello", RenderOptions(emotion_tags=("ahem",))).shown == "Hello"
    assert one("[ahem] Hello").spoken == "[ahem] Hello"


def test_yen_is_said_behind_the_number_in_japanese() -> None:
    assert one("料金は¥1,980です。").spoken == "料金は1980円です。"
    assert one("It costs ¥1,980 there.").spoken == "It costs ¥1,980 there."


# ---------------------------------------------------------------- formulas


@pytest.mark.parametrize(
    ("raw", "english", "japanese"),
    [
        ("$E = mc^2$", "E = mc squared", "E = mcの2乗"),
        ("\\(\\pi r^3\\)", "pi r cubed", "パイrの3乗"),
        ("$\\frac{a}{b}$", "a over b", "b分のa"),
        ("$$\\sqrt{x} \\times 3$$", "square root of x times 3", "ルートxかける3"),
        ("\\[x_1 \\leq -2\\]", "x sub 1 is at most minus 2", "x 1以下マイナス2"),
        ("$\\sum_{i=1}^{n} i$", "sum from i=1 to n of i", "i=1からnまでの総和、i"),
        ("$\\lim_{x \\to 0} f(x)$", "limit as x goes to 0 of f(x)", "xが0に近づくときの極限、f(x)"),
        ("$90^\\circ$", "90 degrees", "90度"),
        ("$a < b$", "a is less than b", "a小なりb"),
        ("$n$", "n", "n"),
    ],
)
def test_a_formula_is_shown_as_written_and_said_in_words(raw: str, english: str, japanese: str) -> None:
    assert one(raw, ENGLISH).spoken == english
    assert one(raw, JAPANESE).spoken == japanese
    assert one(raw).shown == raw


@pytest.mark.parametrize("raw", ["It's $5 and $6.", "US$5/month or $60", "$3-$4", "costs $5, $6 or 7$ a = b"])
def test_prices_are_not_formulas(raw: str) -> None:
    assert one(raw).spoken == raw


def test_a_formula_on_lines_of_its_own_is_said_without_its_marks() -> None:
    assert spoken("See:\n\n$$\nE = mc^2\n$$\n\nDone.") == ["See:", "E = mc squared.", "Done."]


def test_two_dollars_within_a_line_open_no_formula() -> None:
    assert spoken("It is $$ cheap. Use **it**.") == ["It is $$ cheap.", "Use it."]


def test_an_unclosed_formula_ends_with_its_paragraph() -> None:
    assert spoken("$$ is money\n\nUse **it**.")[-1] == "Use it."


# ---------------------------------------------------------------- lines


def test_a_list_is_spoken_as_a_list() -> None:
    reply = "Buy:\n- Milk\n- **Eggs** 🥚\n   - brown ones\n1. Walk\n2) Stop!\n"
    assert spoken(reply) == ["Buy:", "Milk.", "Eggs.", "brown ones.", "1. Walk.", "2. Stop!"]
    assert shown(reply) == "Buy:\n- Milk\n- Eggs 🥚\n   - brown ones\n1. Walk\n2) Stop!"
    assert spoken("手順：\n1. 歩く\n２．止まる\n・休む\n") == ["手順：", "1、歩く。", "２、止まる。", "休む。"]


def test_a_done_task_is_said_to_be_done() -> None:
    assert spoken("- [x] Buy milk\n- [ ] Walk\n") == ["done: Buy milk.", "Walk."]
    assert spoken("- [x] 牛乳を買う\n- [ ] 歩く\n") == ["済み、牛乳を買う。", "歩く。"]


def test_a_heading_loses_its_marks_and_is_followed_by_a_pause() -> None:
    assert spoken("## Getting started ##\n\nGo.") == ["Getting started.", "Go."]
    assert shown("## Getting started ##\n\nGo.") == "Getting started\n\nGo."
    assert spoken("# 使い方\n\n## 2. 始め方\n\n始めます。") == ["使い方。", "2、始め方。", "始めます。"]


def test_the_voice_pauses_behind_a_line_and_where_only_an_emoji_ends_a_sentence() -> None:
    assert spoken("Roses are red\nViolets are blue\n") == ["Roses are red.", "Violets are blue."]
    assert spoken("了解です👍すぐやります！") == ["了解です。", "すぐやります！"]
    assert spoken("こんにちは（^_^）\nはい「本当？」\n")[0] == "こんにちは。"


def test_no_pause_is_added_where_a_page_broke_the_line_or_a_mark_is_there() -> None:
    assert spoken("The quick brown fox jumps over the lazy dog and then\nit sleeps.")[0].endswith("and then")
    assert spoken("“Stop!”\nHere is how:\nWell, (he said.)\n") == ["“Stop!”", "Here is how:", "Well, (he said.)"]


def test_a_clause_gets_no_full_stop() -> None:
    assert one("- First we walk", boundary=Boundary.CLAUSE).spoken == "First we walk"
    assert one("- First we walk", boundary=Boundary.FORCED).spoken == "First we walk"


def test_horizontal_rules_are_silent() -> None:
    assert spoken("One.\n\n---\n\n***\n\nTwo.") == ["One.", "Two."]


def test_quotes_and_the_lists_of_footnotes_are_read_without_their_marks() -> None:
    assert spoken("> Be kind.\n\n[^1]: See Smith.\n[2]: https://a.b/c") == ["Be kind.", "See Smith.", ""]


def test_a_dash_or_number_within_a_line_is_not_a_list() -> None:
    assert spoken("It is so. - 3 is less. 4. x") == ["It is so.", "- 3 is less.", "4. x"]


# ---------------------------------------------------------------- code

CODE = 'Run it:\n\n```python\nx = 1\n\nprint("**x**")\n```\nThen go.'


def test_code_is_shown_without_its_fences_and_skipped_with_a_notice() -> None:
    assert spoken(CODE) == ["Run it:", "code omitted.", "Then go."]
    assert shown(CODE) == 'Run it:\n\nx = 1\n\nprint("**x**")\nThen go.'
    assert spoken("書きます。\n```\nx\n```\n以上です。") == ["書きます。", "コードは省略します。", "以上です。"]


def test_lines_may_end_with_carriage_returns() -> None:
    assert spoken(CODE.replace("\n", "\r\n")) == ["Run it:", "code omitted.", "Then go."]
    assert shown(CODE.replace("\n", "\r\n")) == shown(CODE)
    assert spoken(TABLE.replace("\n", "\r\n")) == spoken(TABLE)


def test_code_is_described_when_wished() -> None:
    options = RenderOptions(code="describe")
    assert spoken(CODE, options)[1] == "3 lines of Python."
    assert spoken("書きます。\n```js\nx\n```", options)[1] == "JavaScriptのコード、1行です。"
    assert spoken("```\nx\n", options) == ["1 line of code."]


def test_code_is_read_when_wished() -> None:
    assert spoken(CODE, RenderOptions(code="read"))[1] == 'x = 1 print("**x**").'


@pytest.mark.parametrize("strategy", ["newline", "punctuation", "sentence"])
@pytest.mark.parametrize(("how", "notice"), [("skip", "code omitted."), ("describe", "80 lines of Python.")])
def test_a_code_block_of_many_segments_gives_one_notice(strategy: Strategy, how: str, notice: str) -> None:
    reply = "Look:\n```python\n" + "x = f(y)\n" * 80 + "```\nDone."
    options = RenderOptions(code="describe" if how == "describe" else "skip")
    assert " ".join(said for said in spoken(reply, options, strategy) if said) == f"Look: {notice} Done."


def test_an_unclosed_code_block_is_code_to_its_end() -> None:
    assert [said for said in spoken("```python\n" + "x. y\n" * 200) if said] == ["code omitted."]


def test_the_rest_of_a_unit_is_silent_even_without_its_beginning() -> None:
    code = Renderer().feed(replace(segment("x = 1"), unit="fence", continues=True))
    assert (code.shown, code.spoken) == ("x = 1", "")
    thought = Renderer().feed(replace(segment("so.</think>"), unit="thought", continues=True))
    assert (thought.shown, thought.spoken) == ("", "")


def test_a_thought_of_many_segments_is_silent() -> None:
    reply = "<think>" + "Well. " * 200 + "</think>\n\nYes."
    assert [said for said in spoken(reply) if said] == ["Yes."]
    assert shown(reply).strip() == "Yes."


# ---------------------------------------------------------------- tables

TABLE = "| Name | Qty. |\n|---|---:|\n| **Apples** | 1.5 |\n| Pears | |\n"


def test_a_table_is_read_row_by_row_with_its_headers() -> None:
    assert spoken(TABLE) == ["Name: Apples, Qty: 1.5. Name: Pears."]
    assert shown(TABLE) == "| Name | Qty. |\n|---|---:|\n| Apples | 1.5 |\n| Pears | |"
    assert spoken("| 名前 | 年齢 |\n|---|---|\n| 田中 | 30 |\n") == ["名前は田中、年齢は30。"]


def test_cells_that_say_yes_or_no_are_read_and_empty_ones_are_left_out() -> None:
    assert one("| Plan | A | B | C |\n|---|---|---|---|\n| Free | ✅ | ❌ | — |").spoken == "Plan: Free, A: yes, B: no."
    assert one("| 名前 | 可 |\n|---|---|\n| 無料 | ○ |").spoken == "名前は無料、可はまる。"


def test_a_table_without_a_header_is_read_cell_by_cell() -> None:
    assert spoken("| a | b |\n| c | d |\n") == ["a, b. c, d."]


def test_the_header_is_remembered_in_later_segments() -> None:
    reply = "| A | B |\n|---|---|\n" + "| foo and bar | one, two |\n" * 40
    assert " ".join(spoken(reply)).count("A: foo and bar, B: one, two.") == 40
    assert spoken(TABLE, strategy="newline") == ["Name, Qty.", "Name: Apples, Qty: 1.5.", "Name: Pears."]


def test_a_table_is_described_or_skipped_when_wished() -> None:
    assert spoken(TABLE + "\nOk.", RenderOptions(tables="describe")) == ["a table with 2 rows.", "Ok."]
    assert spoken(TABLE + "\nOk.", RenderOptions(tables="skip")) == ["table omitted.", "Ok."]
    assert spoken("| 名前 |\n|---|\n| 田中 |\n", RenderOptions(tables="describe")) == ["1行の表です。"]
    assert spoken("| 名前 |\n|---|\n| 田中 |\n", RenderOptions(tables="skip")) == ["表は省略します。"]
    assert spoken(TABLE, RenderOptions(tables="skip"), "newline") == ["table omitted.", "", ""]


# ---------------------------------------------------------------- language


def test_notices_speak_the_language_of_the_reply() -> None:
    assert spoken("The word 猫 (ねこ) means cat.\n```\nx\n```")[-1] == "code omitted."
    assert spoken("Pythonで書きます。\n- FastAPI\n```\nx\n```")[-2:] == ["FastAPI。", "コードは省略します。"]
    assert spoken("```\nx\n```", JAPANESE) == ["コードは省略します。"]
    assert spoken("```\n# 日本語\n```", ENGLISH) == ["code omitted."]


@pytest.mark.parametrize(
    ("raw", "said"),
    [("第一步", "第一步。"), ("안녕", "안녕."), ("नमस्ते", "नमस्ते."), ("مرحبا", "مرحبا."), ("Привет", "Привет.")],
)
def test_every_script_gets_its_pause(raw: str, said: str) -> None:
    assert one(raw, boundary=Boundary.LINE).spoken == said


@pytest.mark.parametrize(
    "raw", ["", " \n", "...", "🎉", "(^_^)", "---", "**", "<br>", "|---|---|", "\0", "- ", "\\(\\)"]
)
def test_what_has_no_letter_or_digit_is_shown_and_not_spoken(raw: str) -> None:
    found = one(raw, boundary=Boundary.LINE)
    assert found.spoken == ""
    assert found.raw == raw
