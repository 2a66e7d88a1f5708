"""What is said of numbers, dates, signs and names, and what stays as it is."""

from __future__ import annotations

import re
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.readings import FILES, load_items, misread, open_reader
from voicebot.speech import Boundary, Segment, Span, Utterance
from voicebot.text import english_short_forms, english_words, japanese_words
from voicebot.text.lexicon import Lexicon
from voicebot.text.rendering import Renderer
from voicebot.text.respelling import OwnWords, Respeller, respelled


def spans_of(text: str) -> tuple[Span, ...]:
    return Renderer().feed(Segment(text, 0, len(text), Boundary.END, "end")).spans


def said(text: str, *before: str, words: OwnWords | None = None) -> str:
    respeller = Respeller(words)
    for earlier in before:
        respeller.feed(spans_of(earlier))
    return "".join([span.spoken for span in respeller.feed(spans_of(text))])


@pytest.mark.parametrize("file", FILES.values())
def test_everyday_texts_are_read_as_a_person_reads_them(file: str) -> None:
    """37 of 245 everyday items were misread."""
    pytest.importorskip("haqumei")
    items = load_items(file)
    wrong = misread(items, open_reader())
    assert len(wrong) <= 0.03 * len(items), [(item.text, read) for item, read in wrong]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("会議は14:00〜15:30です。", "会議は14時から15時30分です。"),
        ("11/21(土)に東京〜大阪間を走る。", "11月21日土曜日に東京から大阪間を走る。"),
        ("2/3が賛成、2/3に発売。", "3分の2が賛成、2月3日に発売。"),
        ("ＣｈａｔＧＰＴとVS Codeを使う。", "チャットジーピーティーとブイエスコードを使う。"),
        ("これは～序章～です。", "これは～序章～です。"),
        ("スコアは3-2で、5-6人が見た。", "スコアは3対2で、5から6人が見た。"),
        ("図3-2を見る。", "図3の2を見る。"),
        ("Due on 11/21/2026.", "Due on November twenty-first, twenty twenty-six."),
        ("For $1,200.50.", "For one thousand two hundred dollars and fifty cents."),
        ("Dr. Smith lives on Elm Dr.", "Doctor Smith lives on Elm drive."),
        ("St. Paul is on 5th St.", "Saint Paul is on fifth street."),
        ("Open Mon-Fri, 9-11am.", "Open Monday to Friday, nine to eleven AM."),
        ("From 1pm-5:30pm, Sat.-Sun.", "From one PM to five thirty PM, Sat.-Sun."),
        ("Rated 8/10, on 8/10", "Rated eight out of ten, on August tenth"),
        ("Error 404: gone @ 8, in Q3 2024", "Error four hundred four: gone at eight, in Q3 twenty twenty-four"),
        ("月・水・金と、火・山。", "げつ・すい・きんと、火・山。"),
        ("A 14-oz bag, 2 oz cheese, 5 fl oz", "A fourteen ounce bag, two ounces cheese, five fluid ounces"),
        ('A 24" screen, "24" she said', 'A twenty-four inch screen, "twenty-four" she said'),
        ('24" x 36"', "twenty-four inches by thirty-six inches"),
        ("Flight UA 1482, Room 204", "Flight UA fourteen eighty-two, Room two oh four"),
        ("~10 of 500+ people", "about ten of five hundred plus people"),
        ("Gov. Hill is 5'10\".", "Governor Hill is five foot ten."),
        ("Press Ctrl+Shift+T; C++ and a+b stay.", "Press control Shift T; C++ and a+b stay."),
        ("Ctrl+Cで、Ctrlキーを押す。", "コントロール Cで、コントロールキーを押す。"),
        ("19時〜どう？もう3時〜", "19時からどう？もう3時〜"),
        ("10:03着、10時着の便で着く。", "10時3分ちゃく、10時ちゃくの便で着く。"),
        ("幅はW60×D40×H180cm。", "幅は幅60、奥行き40、高さ180センチメートル。"),
        ("＋1.2%の鶏むね肉、鶏が鳴く。", "プラス1.2パーセントのとりむね肉、鶏が鳴く。"),
        ("2024 people in 2024", "two thousand twenty-four people in twenty twenty-four"),
    ],
)  # fmt: skip
def test_what_is_written_short_is_said_in_words(text: str, words: str) -> None:
    assert said(text) == words


@pytest.mark.parametrize("micro", ["\u00b5", "\u03bc"])
def test_either_letter_for_micro_is_read(micro: str) -> None:
    """The micro sign ended the turn with a KeyError; so did ſ and ı in a unit."""
    assert said(f"It is 5 {micro}m wide.") == "It is five micrometers wide."
    assert said(f"幅は5{micro}mです。") == "幅は5マイクロメートルです。"
    assert said("It took 5 \u017fec.") == "It took five seconds."
    assert said("It took 5 m\u0131n.", "This is what it says.") == "It took 5 m\u0131n."


@pytest.mark.parametrize(
    "text",
    [
        "Il coûte 5 € le 11/21/2026.",
        "Der Preis ist $5.",
        "我有12:30的会议，3×4。",
        "Привет, это 5 км.",
        "No, I do not know.",
        "It is in the U.S. now.",
        "日本代表の元日本記録",
        "東京都と京都",
    ],
)
def test_other_languages_and_plain_words_stay_as_they_are(text: str) -> None:
    assert said(text) == text


def test_what_was_said_before_tells_the_language_of_numbers_alone() -> None:
    assert said("19:30.", "会議の時間をお知らせします。") == "19時30分."
    assert said("19:30.", "Here is the time of the meeting.") == "nineteen thirty."


def test_an_engine_that_reads_well_by_itself_is_given_the_text_as_it_is() -> None:
    spans = spans_of("It costs $5.")
    assert Respeller().feed(spans, reads=("en-US",)) == spans


def test_an_engine_that_speaks_only_japanese_is_given_japanese() -> None:
    respeller = Respeller()
    [span, *_] = respeller.feed(spans_of("19:30"), languages=("ja",))
    assert span.spoken == "19時30分"


def test_a_word_belongs_to_what_it_stands_for() -> None:
    """A listener who interrupts within a number has not heard it."""
    text = "It costs **$1,200**.50 in all."
    utterance = Utterance(0, Respeller().feed(spans_of(text)), 0, len(text))
    assert utterance.text == text
    assert utterance.spoken == "It costs one thousand two hundred dollars and fifty cents in all."
    inside = utterance.spoken.index("hundred")
    assert utterance.text[: utterance.text_end(inside)] == "It costs **"
    behind = utterance.spoken.index(" in all")
    assert utterance.text[: utterance.text_end(behind)] == "It costs **$1,200**.50"


def test_own_words_come_before_all_others_and_are_whole_words() -> None:
    words = OwnWords(Lexicon({"JSON": "ジェーソン", "京都": "キョート", "アイ": "アーイ"}), Lexicon({"Kai": "Kye"}))
    assert said("JSONとJSONLと東京都と京都市、アイスとアイ。", words=words).startswith("ジェーソンと")
    assert "東京都とキョート市、アイスとアーイ。" in said("東京都と京都市、アイスとアイ。", words=words)
    assert said("Kai and Kaiser", words=words) == "Kye and Kaiser"


TEXT = st.text(
    st.one_of(
        st.sampled_from(
            "0123456789/:-〜~.,$¥€%()（）月火日年時分円kmGB×=+ABCw ChatGPT東京のはを行った辛い&#@½㈱\n"
            "１：／µıſ±≤〒 Pv.'"
        ),
        st.characters(codec="utf-8"),
    ),
    max_size=60,
)


@given(st.lists(TEXT, max_size=3), st.sampled_from([(), ("ja",), ("en",)]))
def test_no_text_is_lost_and_none_breaks_it(texts: list[str], languages: tuple[str, ...]) -> None:
    respeller = Respeller(OwnWords(Lexicon({"GPT": "ジー", "東": "ヒガシ"}), Lexicon({"a": "b"})))
    for text in texts:
        spans = spans_of(text)
        result = respeller.feed(spans, languages=languages)
        assert "".join([span.raw for span in result]) == "".join([span.raw for span in spans])
        assert "".join([span.shown for span in result]) == "".join([span.shown for span in spans])
        assert "\n" not in "".join([span.spoken for span in result])


EVERYDAY = [
    *[item.text for file in FILES.values() for item in load_items(file)],
    *("A & B", "5 × 3", "a ± 3", "5 °C", "xAM9:00", "’90s", "日 (土)", "5US$3", "a vs b", "a1 ½"),
]


@pytest.mark.parametrize("rules", [english_words, english_short_forms, japanese_words])
@given(pieces=st.lists(st.one_of(st.sampled_from(EVERYDAY), TEXT), max_size=4))
def test_no_rule_begins_where_none_is_looked_for(rules: ModuleType, pieces: list[str]) -> None:
    assert_begins_where_it_is_looked_for(rules, "".join(pieces))


@pytest.mark.parametrize("rules", [english_words, english_short_forms, japanese_words])
def test_no_rule_begins_elsewhere_in_what_is_said_every_day(rules: ModuleType) -> None:
    for text in EVERYDAY:
        assert_begins_where_it_is_looked_for(rules, text)


def assert_begins_where_it_is_looked_for(rules: ModuleType, text: str) -> None:
    begins, every_rule = re.compile(f"(?x){rules.BEGINS}"), re.compile(f"(?x){rules.RULES}")
    for found in every_rule.finditer(text):
        assert begins.match(text, found.start()), found


@given(st.lists(st.tuples(st.text("ab", max_size=4), st.booleans()), max_size=6), st.data())
def test_other_words_stand_exactly_where_they_belong(pieces: list[tuple[str, bool]], data: st.DataObject) -> None:
    spans = [Span(text, text, text) if exact else Span(f"<{text}>", text, text, "markup") for text, exact in pieces]
    spoken = "".join([span.spoken for span in spans])
    cuts = sorted(data.draw(st.sets(st.integers(0, len(spoken)), max_size=6)))
    places = [(start, end, "X") for start, end in zip(cuts[::2], cuts[1::2], strict=False)]
    result = respelled(spans, places)
    wanted, at = "", 0
    for start, end, words in places:
        wanted, at = wanted + spoken[at:start] + words, end
    assert "".join([span.spoken for span in result]) == wanted + spoken[at:]
    assert "".join([span.raw for span in result]) == "".join([span.raw for span in spans])
