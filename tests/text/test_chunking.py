"""The chunker: lossless, independent of the split, linear, and right about where sentences end."""

from __future__ import annotations

import itertools
import re
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from voicebot.config.models import ChunkingConfig
from voicebot.speech import Boundary, Segment, Unit
from voicebot.text.chunking import DELIMITERS, Chunker, Strategy
from voicebot.text.graphemes import joins
from voicebot.text.patterns import compiled
from voicebot.text.running_text import SENTENCE_PATTERN, read_sentence
from voicebot.text.sentence import Rules, Sentence

STRATEGIES: list[Strategy] = ["newline", "punctuation", "sentence", "adaptive"]

PIECES = st.sampled_from(
    [
        *"abzIJ 1305.,!?:;…。、！？｡．「」『』（）()[]\"“”'’«»*_`~#-|<>\n\r\t\u3000のとでっ私東ア한ไท",
        *(
            "... ",
            "```",
            "\n```\n",
            "~~~\n",
            "<think>",
            "</think>",
            "Mr. ",
            "U.S. ",
            "e.g. ",
            "plan B. ",
            "って",
            "という",
        ),
        *(
            "🎉",
            "👍🏽",
            "👨‍👩‍👧",
            "🇯🇵",
            "❤️",
            "♪",
            "(^_^)",
            "（笑）",
            "e\u0301",
            "か\u3099",
            "\u200d",
            "\ufe0f",
            "\u1100\u1161\u11a8",
            "क्षि",
        ),
        *(
            "| a | b |\n",
            "- ",
            "1. ",
            "\n\n",
            "\r\n",
            "\ud83d",
            "\ude00",
            "\0",
            "https://a.io/b.c?d=1 ",
            "مرحبا؟ ",
            "है। ",
            "*waves* ",
        ),
        *(
            "``",
            "''",
            " ,,",
            "[1]",
            " [2",
            " ...",
            " - ",
            "» ",
            " «",
            "word. word",
            "n. Chr. ",
            "5. J",
            "гг. ",
            "ελ; ",
            "է: ։",
        ),
        *("*Note: ", ".XI", "(late.) The ", "a quotation of many words. "),
    ]
)
REPLIES = st.lists(PIECES, max_size=60).map("".join)


def cut_up(reply: str, cuts: list[int]) -> list[str]:
    places = sorted({0, len(reply), *(cut % (len(reply) + 1) for cut in cuts)})
    return [reply[a:b] for a, b in itertools.pairwise(places)]


def segments(
    reply: str, deltas: list[str] | None = None, limit: int = 300, strategy: Strategy = "sentence"
) -> list[Segment]:
    chunker = Chunker(strategy=strategy, max_characters=limit)
    found = [segment for delta in (list(reply) if deltas is None else deltas) for segment in chunker.feed(delta)]
    return found + chunker.flush()


def texts(reply: str, strategy: Strategy = "sentence", delimiters: str = DELIMITERS) -> list[str]:
    chunker = Chunker(strategy=strategy, delimiters=delimiters)
    found = [segment for character in reply for segment in chunker.feed(character)]
    return [segment.text.strip() for segment in found + chunker.flush()]


# ---------------------------------------------------------------- promises for any text


@settings(max_examples=6 * settings().max_examples)
@given(
    st.one_of(REPLIES, st.text(max_size=80)),
    st.lists(st.integers(0, 10_000), max_size=20),
    st.sampled_from([10, 23, 300]),
    st.sampled_from(STRATEGIES),
)
@example("…?って", [1, 2], 10, "sentence")
@example("a🎉。\u200d", [], 10, "punctuation")
def test_any_split_into_deltas_gives_the_same_segments(
    reply: str, cuts: list[int], limit: int, strategy: Strategy
) -> None:
    whole = segments(reply, [reply], limit, strategy)
    assert segments(reply, None, limit, strategy) == whole
    assert segments(reply, cut_up(reply, cuts), limit, strategy) == whole


@settings(max_examples=6 * settings().max_examples)
@given(st.one_of(REPLIES, st.text(max_size=80)), st.sampled_from([1, 10, 23, 300]), st.sampled_from(STRATEGIES))
def test_nothing_is_lost_and_no_segment_is_too_long(reply: str, limit: int, strategy: Strategy) -> None:
    found = segments(reply, [reply], limit, strategy)
    place = 0
    for segment in found:
        assert segment.start == place
        assert segment.text == reply[segment.start : segment.end]
        assert 0 < len(segment.text) <= limit
        assert segment.text.strip() or segment.boundary is Boundary.FORCED
        assert segment.rule
        place = segment.end
    assert not reply[place:].strip()


@settings(max_examples=6 * settings().max_examples)
@given(st.one_of(REPLIES, st.text(max_size=80)), st.sampled_from([23, 300]), st.sampled_from(STRATEGIES))
def test_no_grapheme_is_torn_apart(reply: str, limit: int, strategy: Strategy) -> None:
    """The one exception: a "。" that has been given out before the mark that combines with it arrived."""
    for segment in segments(reply, [reply], limit, strategy)[:-1]:
        if reply[segment.end - 1] in "。｡、､।：；，":
            continue
        if any(not joins(reply, place) for place in range(segment.start + 1, segment.end)):
            assert not joins(reply, segment.end, 0)


@settings(max_examples=3 * settings().max_examples)
@given(REPLIES, st.lists(st.integers(0, 10_000), max_size=8), st.integers(0, 2**20))
def test_release_loses_nothing(reply: str, cuts: list[int], pauses: int) -> None:
    chunker = Chunker()
    found: list[Segment] = []
    for number, delta in enumerate(cut_up(reply, cuts)):
        found += chunker.feed(delta)
        if pauses >> number & 1:
            released = chunker.release()
            assert all((s.boundary, s.rule) == (Boundary.TIMEOUT, "pause") for s in released)
            assert chunker.release() == []
            found += released
    found += chunker.flush()
    assert [s.start for s in found] == [0, *(s.end for s in found)][: len(found)]
    joined = "".join(s.text for s in found)
    assert reply.startswith(joined)
    assert not reply[len(joined) :].strip()


def test_work_does_not_grow_with_what_is_pending() -> None:
    """Characters that a search is asked to look at, for a reply with commas and no sentence end."""
    find = compiled(SENTENCE_PATTERN).search

    def looked_at(reply: str) -> int:
        total = 0

        def counting(text: str, at: int = 0, end: int = 10**9, /) -> re.Match[str] | None:
            nonlocal total
            total += min(len(text), end) - at
            return find(text, at, end)

        sentence = Sentence(Rules(counting), line=0)
        for end in range(4, len(reply) + 1, 4):
            assert read_sentence(sentence, reply[:end], end, final=False) is None
        return total

    unit = "and then we walked along the river, past the mill, "
    short, long = unit * 20, unit * 800
    assert looked_at(long) / len(long) < 1.5 * looked_at(short) / len(short)


# ---------------------------------------------------------------- sentences

ENGLISH = [
    "I paid $1,299.00 for it.|Not 3.5 percent more.",
    "Open v2.0.1 of example.com/a.b.|It works.",
    "Mail me at a.b@example.co.uk.|Thanks!",
    "Mr. and Mrs. Park met Dr. Lee at St. Paul's.|They talked.",
    "Bring fruit, e.g. apples, i.e. something fresh.|Avoid candy.",
    "See Fig. 3 and No. 5 on p. 12.|No.|That was all.",
    "It is 6 p.m.|I'll go home at 7 a.m. on Monday.",
    "He lives in the U.S.|My parents live in the U.S. Virgin Islands.",
    "J. R. R. Tolkien wrote it.|Jonas E. Smith read it.",
    "Let's go with plan B.|Thanks!",
    "Acme Inc. and Foo Ltd. merged.|They are based in D.C. today.",
    "Hmm... let me think.|Wait…|Did you hear that?",
    "No way!!!|Are you serious?!|Yes!",
    '"Stop!" she said.|"Stop!" Tom shouted.|He ran.',
    'She said, "I can\'t."|Then she left.',
    "“Are you okay? Really?” he asked.|“Yes.”|“Fine.”",
    "It failed (it was late. Very late.) again.|(Don't ask.)|We went on.",
    "The magic word is **please.**|Use it.",
    "**Note:** it is late.|**Do not** wait.",
    "Great job! 🎉|I love it 😍|When do we start?",
    "Good morning! (^_^)|Did you sleep?",
    "i think so.|maybe not.|what do you think?",
    "I work at Yahoo! in sales.|It's great.",
    "*smiles softly*|Oh, hello!|*She looks away. She sighs.*|I'm fine.",
    "1. First, breathe.|Slowly.|2. Then count to 10.",
    "Call `os.path.join(a. B)` first.|Then `x.y()` is None.",
    "3 * 4 is 12.|2 * 2 isn't.",
]

JAPANESE = [
    "こんにちは。|今日はいい天気ですね。|散歩に行きませんか？",
    "彼は「もう行くよ。」と言った。|私は黙っていた。",
    "「おはよう。」|「よく眠れた？」|「うん！」",
    "「え！？本当に？」って聞いた。|なぜ？と聞かれた。",
    "すごい！！！|とても嬉しいです！？|ところで、元気？|というわけで終わり。",
    "東京（首都。約1,400万人）は大都市です。|大阪（次）もです。",
    "円周率は3.14です。|気温は２５．６度です。",
    "No.5の部屋です。|U.S.A.の出身です。",
    "うーん…そうですね。|それは・・・秘密です。|えっと……。|はい。",
    "はい｡|わかりました｡|これはテストです．|終わり．",
    "おめでとう🎉|今日は最高だね😊|また明日👋",
    "明日は☀️です。|いいですね～♪|行きましょう！",
    "おはようございます(^_^)|頑張りましょう！",
    "失敗しちゃった（笑）。|次は頑張る！",
    "答えは**42です。**|次の質問は？",
    "**絶対に**切らないで。|**重要**です。",
    "モーニング娘。のライブに行った。|楽しかった！",
    "詳しくはhttps://example.jp/a.html?b=1.5をご覧ください。|見てね！",
    "Python is fun!|だから続けましょう。",
    "①まず開く。|②次に押す。",
    "“すごい！”と叫んだ。|私も驚いた。",
]

OTHERS = [
    "你好！|价格是3.5元。|他说：“我不去。”|然后就走了。|我们看《摔跤吧！爸爸》好吗？",
    "안녕하세요.|오늘 3.5달러예요!|산책 갈까요?",
    "Das kostet ca. 3,50 Euro.|Am 3. Oktober ist frei.|Dr. Meier kommt z. B. auch.",
    "Bonjour !|Comment allez-vous ?|M. Dupont arrive à 8 h 30.",
    "¿Qué tal?|¡Muy bien!|El Sr. López llega a las 3.15.",
    "Il dott. Rossi arriva alle 10.30.|Va bene?",
    "O Dr. Silva chega às 9.|Tudo bem?",
    "Это стоит 3,5 тыс. руб. в месяц.|Хорошо?",
    "नमस्ते।|आप कैसे हैं?",
    "مرحبا!|كيف حالك؟|أنا بخير.",
    "สวัสดีครับ วันนี้อากาศดี",
]


@pytest.mark.parametrize("marked", ENGLISH + OTHERS)
def test_sentences_end_where_a_reader_would_end_them(marked: str) -> None:
    assert texts(marked.replace("|", " ")) == marked.split("|")


@pytest.mark.parametrize("marked", JAPANESE)
def test_japanese_sentences_end_where_a_reader_would_end_them(marked: str) -> None:
    assert texts(marked.replace("|", "")) == marked.split("|")


@pytest.mark.parametrize(
    "marked",
    [
        "Here's how:|1. Preheat the oven.|2. Bake it for 25 min.|- Enjoy",
        "## Start|Install it. |### Notes|Keep it simple.",
        "次のとおりです：|- **京都**：歴史ある街。|- 沖縄|以上",
        "One line|| a | b. C |\n|---|---|\n| 1 | 2. |"[:8] + "|Another",
    ],
)
def test_a_line_is_a_segment_and_keeps_its_marker(marked: str) -> None:
    assert texts(marked.replace("|", "\n")) == [line.strip() for line in marked.split("|")]


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("はい。", ("full stop", Boundary.SENTENCE)),
        ("はい！次", ("mark", Boundary.SENTENCE)),
        ("Yes. No", ("dot", Boundary.SENTENCE)),
        ("Wait... No", ("ellipsis", Boundary.SENTENCE)),
        ("「はい。」彼", ("quote", Boundary.SENTENCE)),
        ("やった🎉次", ("emoji", Boundary.SENTENCE)),
        ("*waves softly* Hi", ("action", Boundary.SENTENCE)),
        ("Title\nText", ("line", Boundary.LINE)),
        ("Title\n\nText", ("paragraph", Boundary.PARAGRAPH)),
        ("Title\r\n\r\nText", ("paragraph", Boundary.PARAGRAPH)),
        ("Title\r\nText", ("line", Boundary.LINE)),
        ("```\na. B\n```\nText", ("fence", Boundary.LINE)),
        ("| a. B |\n|---|\n\nText", ("table", Boundary.PARAGRAPH)),
        ("<think>A. B\n\nC.</think>", ("think", Boundary.SENTENCE)),
        ("1) One 2) Two", ("item", Boundary.LINE)),
    ],
)
def test_a_segment_names_the_rule_that_cut_it(reply: str, expected: tuple[str, Boundary]) -> None:
    chunker = Chunker()
    first, *rest = [segment for character in reply for segment in chunker.feed(character)]
    assert (first.rule, first.boundary) == expected
    assert rest == []


def test_a_pause_within_a_table_leaves_it_a_table() -> None:
    chunker = Chunker()
    assert chunker.feed("| a | b |\n") == []
    assert [s.unit for s in chunker.release() + chunker.feed("| c | d |\n") + chunker.flush()] == ["table", "table"]


def test_an_ideographic_full_stop_is_not_waited_behind() -> None:
    assert [s.text for s in Chunker().feed("はい。")] == ["はい。"]


def test_the_last_segment_ends_the_reply() -> None:
    assert [(s.text, s.boundary, s.rule) for s in segments("Yes. No way")] == [
        ("Yes.", Boundary.SENTENCE, "dot"),
        (" No way", Boundary.END, "end"),
    ]


def test_leading_whitespace_goes_to_the_front_of_the_next_segment() -> None:
    assert [s.text for s in segments("Hi.\n\n  There.  \n")][:2] == ["Hi.", "\n\n  There."]


def test_a_line_without_words_joins_the_next_one() -> None:
    assert texts("***\n🎉\nHello there.\n---\nBye.") == ["***\n🎉\nHello there.", "---\nBye."]


@pytest.mark.parametrize("opener", ["「", "(", '"', "“", "*", "`", "«"])
def test_an_open_bracket_does_not_hold_text_for_ever(opener: str) -> None:
    sentence = "This is a sentence. "
    assert len(texts(f"Well {opener}now. " + sentence * 20)) > 5
    assert texts(f"{opener}Never closed\nNext line. Another one.")[1:] == ["Next line.", "Another one."]


# ---------------------------------------------------------------- units


def test_a_code_block_is_one_segment() -> None:
    block = '```python\nx = 3.14\n\nprint("Hi. There!")\n```'
    assert texts(f"Use this:\n\n{block}\n\nIt prints. Done.") == ["Use this:", block, "It prints.", "Done."]
    assert texts("~~~\na. B\n```\n~~~\nDone.") == ["~~~\na. B\n```\n~~~", "Done."]


def test_a_table_is_one_segment() -> None:
    table = "| Name | Qty. |\n|---|---|\n| Apples. Red | 1.5 |"
    assert texts(f"Here:\n{table}\n\nBye.") == ["Here:", table, "Bye."]


def test_a_thought_is_one_segment() -> None:
    assert texts("<think>He asks. I\n\nanswer.</think>Yes. No.") == [
        "<think>He asks. I\n\nanswer.</think>",
        "Yes.",
        "No.",
    ]


@pytest.mark.parametrize(("begin", "unit"), [("```\n", "fence"), ("<think>", "thought")])
def test_what_goes_on_with_a_long_unit_is_marked(begin: str, unit: Unit) -> None:
    first, *rest = segments(begin + "x = 1. Yes!\n" * 100)
    assert (first.unit, first.continues) == (unit, False)
    assert len(rest) > 2
    assert {(segment.unit, segment.continues) for segment in rest} == {(unit, True)}


@pytest.mark.parametrize("limit", [12, 300])
@pytest.mark.parametrize(
    ("unit", "text"),
    [
        ("fence", "```\na. B\n```"),
        ("fence", "~~~\nnever closed. Yes."),
        ("table", "| a. B | c |\n| d | e |"),
        ("thought", "<think>A. B\n\nC.</think>"),
        ("thought", "<think>never closed. Yes."),
        ("text", "One line, two.\nThree"),
    ],
)
def test_a_segment_tells_what_it_is_made_of(unit: Unit, text: str, limit: int) -> None:
    assert {segment.unit for segment in segments(text, limit=limit)} == {unit}


def test_an_item_is_what_the_next_item_follows_on_the_same_line() -> None:
    assert [s.unit for s in segments("1) One 2) Two\n3) Three")] == ["item", "text", "text"]


def test_code_that_opens_and_closes_on_one_line_is_running_text() -> None:
    assert [s.unit for s in segments("```not a block``` but text.")] == ["text"]


def test_what_stands_before_a_thought_is_running_text() -> None:
    """The rule that cut there is called "think", and readers of the rule took the sentence for a thought."""
    assert [(s.text, s.unit) for s in segments("Hello <think>Hm.</think>")] == [
        ("Hello", "text"),
        (" <think>Hm.</think>", "thought"),
    ]


def test_a_long_code_block_ends_where_it_closes_however_it_is_split() -> None:
    """The place to search on from was not moved along when text was given out: a closing line could be missed."""
    reply = "```\n" + "x" * 25 + "\n" + "y" * 7 + "\n```\nDone now. Yes."
    found = segments(reply, limit=20)
    assert found == segments(reply, [reply], limit=20)
    assert [segment.text.strip() for segment in found][-2:] == ["Done now.", "Yes."]


def test_speech_after_a_long_code_block_is_not_silent() -> None:
    found = segments("```\n" + "x = 1. Yes!\n" * 100 + "```\nDone now.")
    assert (found[-1].text.strip(), found[-1].rule) == ("Done now.", "end")


# ---------------------------------------------------------------- the limit


def test_the_limit_cuts_at_the_last_clause_mark() -> None:
    first = segments("aaa bbb, ccc ddd eee fff", limit=20)[0]
    assert (first.text, first.boundary, first.rule) == ("aaa bbb,", Boundary.FORCED, "limit")


def test_the_limit_cuts_at_a_space_where_there_is_no_clause_mark() -> None:
    assert [s.text for s in segments("aaa bbb ccc ddd eee fff", limit=10)] == ["aaa bbb", " ccc ddd", " eee fff"]


def test_the_limit_cuts_between_graphemes_where_there_is_no_space() -> None:
    family = "👨‍👩‍👧"
    assert [s.text for s in segments("a" * 7 + family + "b", limit=10)] == ["a" * 7, family + "b"]


# ---------------------------------------------------------------- pauses


@pytest.mark.parametrize(
    "reply",
    [
        "Hello there.",
        "Sure! ",
        "Really?",
        "はい！",
        "Let me check...",
        "うーん…",
        "「はい。」",
        "A title\n",
        "Great 🎉",
        "Plan B.",
        "It's 42.",
        "in the U.S.",
    ],
)
def test_a_pause_releases_a_sentence_that_only_waits_for_what_comes_next(reply: str) -> None:
    chunker = Chunker()
    assert chunker.feed(reply) == []
    (segment,) = chunker.release()
    assert (segment.text, segment.boundary, segment.rule) == (reply.strip(), Boundary.TIMEOUT, "pause")
    assert chunker.flush() == []


@pytest.mark.parametrize(
    "reply",
    [
        "",
        " ",
        "Hello",
        "Hello, ",
        "Mr.",
        "e.g. ",
        "J.",
        "1.",
        "He said “Stop.",
        "「はい。",
        "...",
        "Hello. Th"[:5],
        "I saw Dr. ",
    ],
)
def test_a_pause_does_not_release_what_is_unfinished(reply: str) -> None:
    chunker = Chunker()
    assert chunker.feed(reply) == []
    assert chunker.release() == []
    assert "".join(s.text for s in chunker.flush()) == reply.rstrip() or reply.endswith(" ")


def test_a_reply_goes_on_after_a_pause() -> None:
    chunker = Chunker()
    chunker.feed("Let me look. ")
    assert [s.text for s in chunker.release()] == ["Let me look."]
    assert [(s.text, s.start) for s in chunker.feed("I found it! Y")] == [(" I found it!", 12)]
    assert [s.text for s in chunker.flush()] == [" Y"]


# ---------------------------------------------------------------- the other strategies


@pytest.mark.parametrize(
    "marked",
    [
        "はい、|そうです。|「まあ、いいよ。」と、|言った！？|次",
        "料金は1,980円です。",
        "Well, |it costs 1,299.50 dollars: |see https://a.io:80/b.c,d; |at 10:30!",
        'He said "stop." |Then: |(go, |now) 3.5.',
        "Hello.|こんにちは",
        "line|next",
    ],
)
def test_punctuation_cuts_behind_every_delimiter(marked: str) -> None:
    reply = marked.replace("line|", "line\n").replace("|", "")
    assert texts(reply, "punctuation") == [part.strip() for part in marked.split("|")]


def test_punctuation_boundaries_tell_clauses_from_sentences() -> None:
    assert [s.boundary for s in segments("a, b. c", strategy="punctuation")] == [
        Boundary.CLAUSE,
        Boundary.SENTENCE,
        Boundary.END,
    ]


def test_delimiters_can_be_chosen() -> None:
    assert texts("a, b. c; d", "punctuation", ";") == ["a, b. c;", "d"]


def test_newline_cuts_behind_lines_and_nothing_else() -> None:
    assert texts("One. Two!\n\n三。四\r\n```\nfive", "newline") == ["One. Two!", "三。四", "```\nfive"]


def test_default_delimiters_are_those_of_the_configuration() -> None:
    assert ChunkingConfig().delimiters == DELIMITERS
    assert ChunkingConfig().max_characters == 300


# ---------------------------------------------------------------- bad input


# ---------------------------------------------------------------- adaptive: clauses are offered


def test_items_within_a_line_are_found_behind_a_colon() -> None:
    for marked in (
        "Steps: 1. Boil the water| 2. Add salt, then stir| 3. Wait.",
        "手順：1. 開ける| 2. 閉める| 3. 待つ。",
        "The score was 3:2.| We won.",
    ):
        assert [s.text for s in segments(marked.replace("|", ""))] == marked.split("|")


def test_a_long_table_is_cut_between_its_rows() -> None:
    row = "| " + "cell " * 8 + "| " + "value " * 6 + "|\n"
    assert all(s.text.endswith("|") for s in segments(row * 10))


def clauses(reply: str) -> str:
    """The reply with "|" behind each sentence and "¦" behind each clause."""
    found = segments(reply, strategy="adaptive")
    return "".join(s.text + ("¦" if s.boundary is Boundary.CLAUSE else "|") for s in found).removesuffix("|")


@pytest.mark.parametrize(
    "marked",
    [
        "一週間に二回も同じことが起きたら、¦誰だって腹が立ちますよ。|もう一度、¦電話しましょう。",
        "料金は12,480円（税込、サービス料別）で、¦お二人なら24,960円です。",
        "二、三日で届きます。|５，０００円です。|10：30に出ます。",
        "「はい、そうです。」と言って、¦笑った。",
        "**重要、必ず読む**ものは、¦これです。",
        "そうだね……¦でも、¦行くよ。",
        "If they still refuse,¦ ask for a supervisor.| Keep it short;¦ it helps.",
        "It costs $1,249.50,¦ i.e. $2,499 for two.| On July 4, 2024 it opened.",
        "She said 'Well, maybe' and left,¦ I think.",
        'He asked "So, what now?" and left,¦ of course.',
        "It was late —¦ too late —¦ and from 9–5 nobody came.",
        "See https://a.example/x,y;z:¦ it works,¦ mostly.",
        "**Note, please:** this matters,¦ really.",
        "Call foo(a, b, c) and wait,¦ then go.",
        "例えば:¦ これ，¦那个；¦这个。",
        "مرحبا،¦ كيف حالك؟| بخير.",
        "Wait...¦ I mean,¦ it is...¦ odd.",
    ],
)
def test_clauses_are_offered_where_a_voice_may_pause(marked: str) -> None:
    assert clauses(marked.replace("|", "").replace("¦", "")) == marked


@pytest.mark.parametrize("text", ["はい、", "一週間に二回も同じことが起きたら、", "That sounds frustrating,"])
def test_a_clause_is_offered_with_its_comma_and_not_a_character_later(text: str) -> None:
    (segment,) = Chunker(strategy="adaptive").feed(text)
    assert (segment.text, segment.boundary) == (text, Boundary.CLAUSE)


@given(REPLIES.filter(lambda reply: len(reply) < 200))
def test_clauses_joined_are_the_segments_of_the_sentence_strategy(reply: str) -> None:
    """A clause that was cut off before must not make the rules forget how the sentence began."""

    def visible(ends: set[int]) -> set[int]:
        return {len(reply[:end].rstrip()) for end in ends}

    whole = visible({s.end for s in segments(reply)})
    offered = segments(reply, strategy="adaptive")
    assert whole <= visible({s.end for s in offered})
    assert visible({s.end for s in offered if s.boundary is not Boundary.CLAUSE}) <= whole


def test_a_thought_behind_a_clause_is_the_next_segment() -> None:
    """Between the two there was a segment without any text."""
    assert [s.text for s in segments("Well, <think>hm</think> yes.", strategy="adaptive")] == [
        "Well,",
        " <think>hm</think>",
        " yes.",
    ]


def test_a_pause_behind_a_clause_and_a_line_end_gives_nothing_out() -> None:
    """It gave out a segment without any text."""
    chunker = Chunker(strategy="adaptive")
    assert [s.text for s in chunker.feed("Well,\r")] == ["Well,"]
    assert chunker.release() == []


def test_the_unfinished_clause_may_be_broken_off_and_nothing_is_lost() -> None:
    chunker = Chunker(strategy="adaptive")
    reply = "彼女の時計はとても正確で船乗りたちはみんなそれを頼りにしていました。次です。"
    found = [s for c in reply[:12] for s in chunker.feed(c)]
    assert chunker.unfinished == reply[:12]
    found.append(chunker.break_off(5))
    assert (found[-1].text, found[-1].boundary) == ("彼女の時計", Boundary.PHRASE)
    found += [s for c in reply[12:] for s in chunker.feed(c)] + chunker.flush()
    assert "".join(s.text for s in found) == reply
    assert [s.boundary for s in found] == [Boundary.PHRASE, Boundary.SENTENCE, Boundary.SENTENCE]


@pytest.mark.parametrize(
    "text", ["彼は「今日は雨が", "call (when you", "**very long", "`a b c", "| a | b", "```\ncode here", "Dr."]
)
def test_nothing_is_broken_off_quotations_code_or_emphasis(text: str) -> None:
    chunker = Chunker(strategy="adaptive")
    assert chunker.feed(text) == []
    assert chunker.unfinished == ""


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("reply", ["", " ", "\n\n\n", "\t \r\n", "\u3000"])
def test_blank_replies_have_no_segments(reply: str, strategy: Strategy) -> None:
    assert segments(reply, strategy=strategy) == []


@pytest.mark.parametrize(
    "reply",
    [
        "\ud83d\ude00 lone \udc00 halves. Yes.",
        "NUL \0 here. Yes\0.",
        "👨‍👩‍👧‍👦👍🏽🇯🇵🇺🇸 family. Yes.",
        "\u202eעברית היא שפה. كيف حالك؟ نعم.",
        "a" + "\u0301" * 10_000,
        "\u0301" * 10_000 + "a. B",
        "🇯🇵" * 2_000,
        "👩\u200d" * 3_000,
        "```\nnever closed. Really!\n",
        "<think>never closed. Really!",
        "<b>never closed. Really!",
        "Yes.\r\nNo.\r\n\r\n- a\r\n",
        "!" * 5_000,
        "! " * 3_000,
        "." * 5_000,
        " " * 5_000 + "a",
        "(" * 5_000,
        "*" * 5_000,
        '"' * 5_000,
        "`" * 5_000,
        "<" * 5_000,
        "。" * 5_000,
        "…" * 5_000,
        "| " * 3_000,
        "\n" * 5_000 + "a",
    ],
)
def test_strange_replies_come_out_whole(reply: str) -> None:
    found = segments(reply)
    assert found == segments(reply, [reply])
    assert "".join(s.text for s in found) == reply[: found[-1].end]
    assert not reply[found[-1].end :].strip()
    assert max(len(s.text) for s in found) <= 300


def test_a_megabyte_without_punctuation_comes_out_in_pieces() -> None:
    reply = "あ" * 1_000_000
    assert {len(s.text) for s in segments(reply, [reply])} == {300, 1_000_000 % 300}


def test_combining_marks_stay_with_their_letter() -> None:
    for segment in segments("x" * 8 + "e" + "\u0301" * 5 + "y" * 30, limit=10):
        assert not unicodedata.combining(segment.text[0])


def test_feeding_nothing_changes_nothing() -> None:
    assert segments("Hi. There.", ["Hi.", "", " ", "", "There."]) == segments("Hi. There.")
