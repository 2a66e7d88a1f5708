"""The pacer: small first, then as much as the lead allows; pure, so no clock is needed."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.budoux_phrases import split_japanese
from voicebot.pacing import Pacer, Pacing, VoiceCost, Wait
from voicebot.speech import Boundary, RenderedSegment, Segment, Utterance
from voicebot.text.phrases import phrase_ends, word_end
from voicebot.text.rendering import Renderer
from voicebot.text.speech_length import speech_seconds

CLAUSE, SENTENCE = Boundary.CLAUSE, Boundary.SENTENCE


def cost(fixed: float, rate: float) -> VoiceCost:
    return VoiceCost(fixed=fixed, rate=rate)


def rendered(segment: Segment) -> RenderedSegment:
    return RenderedSegment(segment, Renderer().feed(segment).spans)


def pacer(*pieces: tuple[str, Boundary], of: VoiceCost | None = None, pacing: Pacing | None = None) -> Pacer:
    made = Pacer(pacing or Pacing(), of or cost(0.1, 0.5), split_japanese=split_japanese)
    at = 0
    for text, boundary in pieces:
        made.feed(rendered(Segment(text, at, at + len(text), boundary, "test")))
        at += len(text)
    return made


def said(answer: Utterance | Wait | None) -> str:
    assert isinstance(answer, Utterance), answer
    return answer.text


THREE = (("はい、", CLAUSE), ("わかりました。", SENTENCE), ("明日の朝にします。", SENTENCE))


def test_the_first_thing_said_is_the_smallest() -> None:
    assert said(pacer(*THREE).decide(0.0)) == "はい、"


def test_with_a_comfortable_lead_as_many_sentences_are_said_as_will_be_ready_in_time() -> None:
    assert said(pacer(*THREE).decide(30.0)) == "はい、わかりました。明日の朝にします。"


def test_with_little_lead_the_clause_that_fits_is_said_and_not_the_sentence_that_does_not() -> None:
    long = "それから長い長い説明がこの後ろにずっと続いていきます。"
    slow = cost(0.1, 0.8)
    given = pacer(("もう一度電話する前に、", CLAUSE), (long, SENTENCE), of=slow)
    lead = slow.seconds(speech_seconds("もう一度電話する前に、")) + Pacing().margin_seconds
    assert said(given.decide(lead)) == "もう一度電話する前に、"


def test_utterances_are_joined_up_to_the_longest() -> None:
    sentence = "これはふつうの長さの文です。"
    most = Pacing(max_seconds=2.5 * speech_seconds(sentence))
    given = pacer(*[(sentence, SENTENCE)] * 5, pacing=most)
    assert said(given.decide(math.inf)) == sentence * 2


def test_a_sentence_longer_than_the_longest_is_said_whole_when_there_is_time() -> None:
    given = pacer(("長い文です" * 20 + "。", SENTENCE), ("次。", SENTENCE))
    assert said(given.decide(math.inf)) == "長い文です" * 20 + "。"


def test_a_clause_waits_for_its_sentence_while_there_is_time_and_not_longer() -> None:
    given = pacer(("もう一度電話する前に、", CLAUSE))
    answer = given.decide(20.0)
    assert isinstance(answer, Wait)
    assert said(given.decide(20.0 - answer.seconds - 0.001)) == "もう一度電話する前に、"


@pytest.mark.parametrize("spare", [1e-16, 1e-9, 0.0005])
def test_a_wait_shorter_than_any_clock_can_measure_is_skipped(spare: float) -> None:
    """A wait of 4e-16 s ended at the same instant, for ever."""
    of, text = cost(0.1, 0.5), "もう一度電話する前に、"
    lead = of.seconds(speech_seconds(text)) + Pacing().margin_seconds + Pacing().comfort_seconds
    assert said(pacer((text, CLAUSE), of=of).decide(lead + spare)) == text


def test_what_is_as_long_as_it_may_get_does_not_wait() -> None:
    given = pacer(*[("もう一度電話する前に、", CLAUSE)] * 8)
    assert len(said(given.decide(60.0))) > len("もう一度電話する前に、")


def test_no_sentence_is_cut_where_nobody_waits() -> None:
    """Nine sentences of ten replies were, in files: each cut is a pause that the text does not have."""
    clause, end = "もう一度電話する前に、", "番号を確かめてください。"
    given = pacer()
    at = 0
    for text, boundary in [(clause, CLAUSE)] * 8 + [(end, SENTENCE), ("はい。", SENTENCE)]:
        assert given.wants_more or boundary is not CLAUSE
        given.feed(rendered(Segment(text, at, at + len(text), boundary, "test")))
        at += len(text)
        if boundary is CLAUSE:
            assert given.decide(math.inf) == Wait()
    assert said(given.decide(math.inf)) == clause * 8 + end
    assert said(given.decide(math.inf)) == "はい。"


def test_what_never_ends_is_cut_at_last_where_nobody_waits() -> None:
    clause = "もう一度電話する前に、"
    given = pacer()
    at = 0
    while given.wants_more:
        given.feed(rendered(Segment(clause, at, at + len(clause), CLAUSE, "test")))
        at += len(clause)
    first = given.decide(math.inf)
    assert isinstance(first, Utterance)
    assert 25 < speech_seconds(first.spoken) <= 30


def test_nothing_waits_when_nothing_can_come_of_it() -> None:
    given = pacer(("もう一度電話する前に、", CLAUSE))
    given.end()
    assert said(given.decide(20.0)) == "もう一度電話する前に、"
    assert given.decide(20.0) is None


def test_a_voice_slower_than_speech_pauses_between_sentences_once_it_has_begun() -> None:
    sentence = (("もう一度電話する前に、", CLAUSE), ("番号を確かめてください。", SENTENCE))
    given = pacer(*sentence, *sentence, *sentence, of=cost(0.3, 1.2))
    assert said(given.decide(0.0)) == "もう一度電話する前に、", "the first sound comes soon all the same"
    assert said(given.decide(0.5)) == "番号を確かめてください。"
    assert said(given.decide(0.5)) == "もう一度電話する前に、番号を確かめてください。"


def test_a_short_clause_waits_for_the_next_and_a_short_sentence_does_not() -> None:
    assert isinstance(pacer(("え、", CLAUSE)).decide(0.0), Wait)
    assert said(pacer(("え、", CLAUSE), ("宿題がまだ、", CLAUSE)).decide(0.0)) == "え、宿題がまだ、"
    assert said(pacer(("え？", SENTENCE)).decide(0.0)) == "え？"


def test_what_cannot_be_said_goes_with_its_neighbours_and_never_alone_to_the_voice() -> None:
    given = pacer(("🎉", Boundary.LINE), ("\nやった！", SENTENCE), ("🎉🎉", SENTENCE), ("次です。", SENTENCE))
    first = given.decide(0.0)
    assert isinstance(first, Utterance)
    assert first.text == "🎉\nやった！🎉🎉"
    alone = pacer(("🎉", Boundary.LINE)).decide(0.0)
    assert isinstance(alone, Utterance)
    assert alone.spoken == ""


def test_fixed_strategies_say_each_segment_as_soon_as_it_is_there() -> None:
    given = pacer(*THREE, pacing=Pacing(joins=False))
    given.end()
    assert [said(given.decide(math.inf)) for _ in THREE] == [text for text, _ in THREE]
    assert given.decide(0.0) is None


PIECES = st.lists(
    st.tuples(
        st.sampled_from(
            ["はい、", "わかりました。", "So,", " I will do that.", "🎉", "\n", "とても長い文節が続いていて、" * 3]
        ),
        st.sampled_from([CLAUSE, SENTENCE, Boundary.LINE, Boundary.FORCED]),
    ),
    max_size=30,
)


@given(PIECES, st.lists(st.floats(0, 30), min_size=1), st.booleans())
def test_whatever_the_leads_nothing_is_lost_or_repeated(
    pieces: list[tuple[str, Boundary]], leads: list[float], joins: bool
) -> None:
    given = pacer(pacing=Pacing(joins=joins))
    out: list[Utterance] = []
    at = 0

    def ask(turn: int) -> bool:
        answer = given.decide(leads[turn % len(leads)])
        if isinstance(answer, Utterance):
            out.append(answer)
        return isinstance(answer, Utterance)

    for turn, (text, boundary) in enumerate(pieces):
        given.feed(rendered(Segment(text, at, at + len(text), boundary, "test")))
        at += len(text)
        ask(turn)
    given.end()
    while ask(len(out)):
        pass
    reply = "".join(text for text, _ in pieces)
    assert "".join(u.text for u in out) == reply
    assert [u.index for u in out] == list(range(len(out)))
    assert all(reply[u.start : u.end] == u.text for u in out)
    assert given.decide(0.0) is None


# ---------------------------------------------------------------- phrases


def test_a_long_clause_is_broken_at_a_phrase_when_else_there_were_silence() -> None:
    tail = "葉の中には葉緑体という小さな器官が"
    given = pacer(of=cost(0.1, 0.6))
    assert tail[: given.phrase_end(tail, 0.0, 0.0)] == "葉の中には"
    assert given.phrase_end(tail, 20.0, 0.0) == 0, "the lead is comfortable"
    assert pacer(("はい、", CLAUSE)).phrase_end(tail, 0.0, 0.0) == 0, "there is something else to say"


def test_a_long_clause_that_is_complete_is_broken_too_when_that_spares_silence() -> None:
    text = "明日の朝7時にアラームを設定しておきますね。"
    given = pacer((text, SENTENCE), of=cost(0.15, 0.6))
    first = given.decide(0.5)
    assert isinstance(first, Utterance)
    assert (first.text, first.rule) == ("明日の朝7時に", "phrase")
    assert said(given.decide(2.0)) == "アラームを設定しておきますね。"
    assert said(pacer((text, SENTENCE), of=cost(0.01, 0.02)).decide(0.5)) == text, "a fast voice needs no break"
    assert said(pacer((text, SENTENCE), of=cost(0.15, 0.6)).decide(9.0)) == text, "there is time"


@pytest.mark.parametrize(
    "text",
    [
        "彼は「明日の朝七時にアラームを鳴らしてください。」と言いました。",
        "**とても大切なことを先に**書いておきますので。",
    ],
)
def test_no_quotation_and_no_markup_is_broken(text: str) -> None:
    assert said(pacer((text, SENTENCE), of=cost(0.15, 0.6)).decide(0.0)) == text


def test_with_a_fast_voice_a_clause_is_broken_only_after_some_silence() -> None:
    tail, given = "葉の中には葉緑体という小さな器官が", pacer(of=cost(0.01, 0.01))
    assert given.phrase_end(tail, 0.0, 0.1) == 0
    assert given.phrase_end(tail, 0.0, 1.0) > 0


@pytest.mark.parametrize(
    "marked",
    [
        "Photosynthesis is the process| by which green plants",
        "the person who called you| about the order yesterday",
        "Ich habe lange gewartet| weil der Zug",
        "彼女の時計はとても正確で船乗りたちはみんなそれを|頼りにし",
        "葉の中には|葉緑体という",
        "今日は雨が降ったので傘を|持",
        "寝る前に|軽く",
    ],
)
def test_phrases_end_where_a_voice_may_pause(marked: str) -> None:
    assert phrase_ends(marked.replace("|", ""), split_japanese)[-1] == marked.index("|")


@pytest.mark.parametrize("text", ["Hello", "the man with", "小さな", "この", "12,480円", "", " ", "and then"])
def test_there_is_no_phrase_to_break_off_a_few_words(text: str) -> None:
    assert phrase_ends(text, split_japanese) == []


def test_a_model_that_has_stopped_is_not_waited_for() -> None:
    given = pacer()
    assert given.phrase_end("Let me see what the wea", 0.0, 2.0, paused=True) == len("Let me see what the ")
    assert given.phrase_end("Let me see what the wea", 1.0, 0.0, paused=True) == 0, "something can be heard"
    assert word_end("Hello") == 0, "words are never torn"


# ---------------------------------------------------------------- what a voice costs


@pytest.mark.parametrize(("fixed", "rate"), [(0.15, 0.6), (0.05, 0.05), (0.3, 0.1), (0.0, 0.0), (0.5, 2.0)])
def test_the_cost_of_a_voice_is_learned_from_what_it_took(fixed: float, rate: float) -> None:
    learned = VoiceCost()
    for speech in (0.5, 2.0, 1.0, 4.0, 3.0, 5.0, 1.5, 6.0) * 3:
        learned.learn(speech, fixed + rate * speech)
    for speech in (0.5, 3.0, 6.0):
        assert learned.seconds(speech) == pytest.approx(fixed + rate * speech, rel=0.25, abs=0.05)


def test_an_unknown_voice_is_thought_to_be_slow() -> None:
    assert VoiceCost().seconds(3.0) > 2.0


def test_the_cost_covers_nine_of_ten_syntheses_of_a_voice_that_varies() -> None:
    learned = VoiceCost()
    took = [(2.0, 0.5 + 0.1 * (n % 10)) for n in range(30)]
    for speech, seconds in took:
        learned.learn(speech, seconds)
    assert sum(seconds <= learned.seconds(speech) + 1e-9 for speech, seconds in took) >= 27


def test_a_voice_that_gets_slow_is_noticed() -> None:
    learned = VoiceCost()
    for _ in range(40):
        learned.learn(2.0, 0.1)
    before = learned.seconds(2.0)
    for _ in range(10):
        learned.learn(2.0, 1.5)
    assert learned.seconds(2.0) > 5 * before


@pytest.mark.parametrize("observation", [(0.0, 1.0), (-1.0, 1.0), (1.0, -1.0)])
def test_what_makes_no_sense_is_not_learned(observation: tuple[float, float]) -> None:
    learned = VoiceCost()
    learned.learn(*observation)
    assert not learned.observed


# ---------------------------------------------------------------- several utterances made at once

FIVE = [("これはふつうの長さの文です。", SENTENCE)] * 5


def test_the_next_utterance_waits_while_four_seconds_of_speech_are_before_it() -> None:
    assert pacer(*FIVE[:1]).decide(5.5, at_once=2) == Wait(1.5)
    full = pacer(*FIVE)
    assert full.decide(5.5, at_once=2) == Wait(1.5, text_helps=False)
    assert isinstance(full.decide(5.5), Utterance)
    assert isinstance(full.decide(3.9, at_once=2), Utterance)
    assert isinstance(full.decide(math.inf, at_once=2), Utterance)


def test_more_text_does_not_help_at_the_end_of_the_reply() -> None:
    """The turn asked again at once, for ever, since a stream that has ended has always ended."""
    given = pacer(*FIVE[:1])
    given.end()
    assert given.decide(5.5, at_once=2) == Wait(1.5, text_helps=False)


@pytest.mark.parametrize("joins", [True, False])
def test_what_takes_longer_to_make_is_asked_for_earlier(joins: bool) -> None:
    slow = cost(2.0, 2.0)
    takes = slow.seconds(speech_seconds(FIVE[0][0])) + Pacing().margin_seconds
    assert takes > 4.0
    given = pacer(*FIVE * 2, of=slow, pacing=Pacing(joins=joins))
    early = given.decide(takes + 0.5, at_once=2)
    assert isinstance(early, Wait)
    assert early.seconds == pytest.approx(0.5)
    assert said(given.decide(takes, at_once=2)) == FIVE[0][0]


def test_no_sentence_is_joined_to_another_beyond_four_seconds() -> None:
    sentence = FIVE[0][0]
    lead = 4.0 - 1.5 * speech_seconds(sentence)
    quick = cost(0.0, 0.01)
    assert said(pacer(*FIVE, of=quick).decide(lead, at_once=2)) == sentence
    assert said(pacer(*FIVE, of=quick).decide(lead)) != sentence


def test_engines_that_catch_up_together_say_clauses_rather_than_long_sentences() -> None:
    slow = cost(0.0, 1.6)
    pieces = [("もう一度電話する前に、", CLAUSE), ("日付をメモしておきます。", SENTENCE)]
    alone, together = pacer(FIVE[0], *pieces, of=slow), pacer(FIVE[0], *pieces, of=slow)
    assert said(alone.decide(0.0)) == said(together.decide(0.0)) == FIVE[0][0]
    assert said(alone.decide(0.5)) == pieces[0][0] + pieces[1][0]
    assert said(together.decide(0.5, at_once=2)) == pieces[0][0]
