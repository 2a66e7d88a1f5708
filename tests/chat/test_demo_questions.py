"""What people say to the demo on an ordinary day, and on a bad one: what it has to answer, and what it must not."""

from __future__ import annotations

import re
from datetime import datetime
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.chat.demo.replies import reply_to
from voicebot.messages import Message

FRIDAY = datetime(2026, 11, 20, 15, 5)
ADVERTISEMENT = "ollama"
TODAY_EN, TODAY_JA = "Friday, November 20", "11月20日"
CLOCK_EN, CLOCK_JA = "3:05", "3時5分"
UNKNOWN_EN, UNKNOWN_JA = "don't know", "わかりません"
PERSON_EN, PERSON_JA = "somebody", "人"
JAPANESE = re.compile(r"[ぁ-ヿ㐀-鿿]")


class Said(NamedTuple):
    """Something that is said to the demo."""

    message: str
    wanted: tuple[str, ...]
    """What the reply has to contain."""
    unwanted: tuple[str, ...] = ()
    """What it must not."""


def feeling(message: str, *wanted: str) -> Said:
    """What is not answered with an advertisement, a date or a joke."""
    unwanted = (ADVERTISEMENT, "voicebot", TODAY_EN, TODAY_JA, CLOCK_EN, CLOCK_JA, "joke", "冗談", "no good answer")
    return Said(message, wanted, (*unwanted, UNKNOWN_EN, UNKNOWN_JA))


def danger(message: str, *numbers: str) -> Said:
    """What is answered with the advice to turn to a person, and with where to call."""
    call = numbers if JAPANESE.search(message) else ("call your local emergency number",)
    return feeling(message, PERSON_JA if JAPANESE.search(message) else PERSON_EN, *call)


DAYS = [
    Said("What is the date today?", (TODAY_EN,)),
    Said("What day is it?", (TODAY_EN,)),
    Said("whats todays date", (TODAY_EN,)),
    Said("Can you tell me what day of the week it is?", (TODAY_EN,)),
    Said("What year is it?", ("2026",)),
    Said("Is it Friday?", (TODAY_EN,)),
    Said("What is the date tomorrow?", ("Tomorrow is Saturday, November 21",), (TODAY_EN,)),
    Said("What day is tomorrow?", ("Tomorrow is Saturday",), (TODAY_EN,)),
    Said("Is tomorrow a Sunday?", ("Tomorrow is Saturday",), (TODAY_EN,)),
    Said("What day was it yesterday?", ("Yesterday was Thursday, November 19",), (TODAY_EN,)),
    Said("What day is the day after tomorrow?", ("Sunday, November 22",), (TODAY_EN, "Saturday")),
    Said("What day is it in ten days?", ("Monday, November 30",), (TODAY_EN,)),
    Said("What was the date 2 weeks ago?", ("Friday, November 6", "14 days ago"), (TODAY_EN,)),
    Said("When is Christmas?", ("Friday, December 25", "35 days"), (TODAY_EN,)),
    Said("What day of the week is Christmas this year?", ("Friday, December 25",), (TODAY_EN,)),
    Said("How many days until Christmas Eve?", ("December 24", "34 days"), (TODAY_EN,)),
    Said("When is New Year's Day?", ("January 1", "42 days"), (TODAY_EN,)),
    Said("What weekday is July 4, 2027?", ("Sunday, July 4, 2027",), (TODAY_EN,)),
    Said("What weekday is February 30?", (UNKNOWN_EN,), (TODAY_EN,)),
    Said("When is Easter?", (UNKNOWN_EN,), (TODAY_EN,)),
    Said("What day is my birthday?", (UNKNOWN_EN,), (TODAY_EN,)),
    Said("How many days are in a year?", (UNKNOWN_EN,), (TODAY_EN,)),
    Said("What year was the Eiffel Tower built?", (UNKNOWN_EN,), ("2026",)),
    Said("What is the best day to visit Tokyo?", (UNKNOWN_EN,), (TODAY_EN,)),
    Said("What time is it now?", (CLOCK_EN,)),
    Said("Can you tell me the time, please?", (CLOCK_EN,)),
    Said("What time is it in Tokyo?", ("clock of this computer", UNKNOWN_EN), (TODAY_EN, CLOCK_EN)),
    Said("What time does the train leave?", (UNKNOWN_EN,), (CLOCK_EN,)),
    Said("今日は何日ですか", (TODAY_JA,)),
    Said("今日の日付を教えてください", (TODAY_JA,)),
    Said("何曜日ですか", ("金曜日",)),
    Said("今年は何年ですか", ("2026年",)),
    Said("今日は金曜日ですか", ("金曜日",)),
    Said("明日は何日ですか", ("明日は", "11月21日", "土曜日"), (TODAY_JA,)),
    Said("あしたは何曜日？", ("土曜日",), (TODAY_JA,)),
    Said("昨日は何曜日でしたか", ("昨日は", "木曜日でした"), (TODAY_JA,)),
    Said("あさっては何曜日？", ("日曜日です",), (TODAY_JA, "土曜日")),
    Said("十日後は何曜日ですか", ("11月30日、月曜日",), (TODAY_JA,)),
    Said("2週間前は何日でしたか", ("11月6日、金曜日でした", "14日前"), (TODAY_JA,)),
    Said("クリスマスはいつですか", ("12月25日、金曜日", "あと35日"), (TODAY_JA,)),
    Said("クリスマスまで何日ありますか", ("35日",), (TODAY_JA,)),
    Said("クリスマスまであと何日？", ("35日",), (TODAY_JA,)),
    Said("今年のクリスマスは何曜日？", ("金曜日",), (TODAY_JA,)),
    Said("お正月はいつ？", ("1月1日", "42日"), (TODAY_JA,)),
    Said("2027年7月4日は何曜日ですか", ("日曜日",), (TODAY_JA,)),
    Said("来週の月曜日は何日ですか", (UNKNOWN_JA,), (TODAY_JA,)),
    Said("母の日は何日ですか", (UNKNOWN_JA,), (TODAY_JA,)),
    Said("何日まで休みですか", (UNKNOWN_JA,), (TODAY_JA,)),
    Said("東京タワーができたのは何年ですか", (UNKNOWN_JA,), ("2026",)),
    Said("今、何時かわかりますか", (CLOCK_JA,)),
    Said("今何時？", (CLOCK_JA,)),
    Said("東京は今何時ですか", ("このコンピューターの時計", UNKNOWN_JA), (TODAY_JA, CLOCK_JA)),
    Said("ニューヨークでは今何時？", ("このコンピューターの時計", UNKNOWN_JA), (CLOCK_JA,)),
    Said("電車は何時に出ますか", (UNKNOWN_JA,), (CLOCK_JA,)),
]

UNABLE = [
    Said("Who is the president of France?", (UNKNOWN_EN, "demo")),
    Said("What is the capital of Japan?", (UNKNOWN_EN, "demo")),
    Said("Where is Osaka?", (UNKNOWN_EN, "demo")),
    Said("Tell me about the weather tomorrow", ("weather", "demo"), (TODAY_EN, "Saturday")),
    Said("Set a timer for five minutes", ("can't do that", "demo"), (CLOCK_EN,)),
    Said("Remind me at six to call my mother", ("can't do that",), (CLOCK_EN,)),
    Said("Play some music", ("can't do that",)),
    Said("Turn on the light, please", ("can't do that",)),
    Said("colorless green ideas sleep furiously", ("no good answer", "demo")),
    Said("asdf qwer", ("no good answer",)),
    Said("日本の首都はどこですか", (UNKNOWN_JA, "デモ")),
    Said("フランスの大統領は誰ですか", (UNKNOWN_JA, "デモ")),
    Said("明日の天気は？", ("天気", "デモ"), (TODAY_JA, "土曜日")),
    Said("タイマーを5分セットして", ("できません", "デモ"), (CLOCK_JA,)),
    Said("音楽をかけて", ("できません",)),
    Said("電気をつけてください", ("できません",)),
    Said("あばばばば", ("うまくお答えできません", "デモ")),
]

ITSELF = [
    Said("Who are you?", ("demo",), (UNKNOWN_EN,)),
    Said("Are you a human?", ("demo",), (UNKNOWN_EN,)),
    Said("How old are you?", ("program",), (ADVERTISEMENT,)),
    Said("Do you have feelings?", ("program",), (ADVERTISEMENT,)),
    Said("What's your favorite color?", ("program",), (ADVERTISEMENT,)),
    Said("You are stupid", ("sorry",), (ADVERTISEMENT,)),
    Said("I love you", ("kind",), (ADVERTISEMENT,)),
    Said("Thanks a lot", ("welcome",), (ADVERTISEMENT,)),
    Said("あなたは誰ですか", ("デモ",), (UNKNOWN_JA,)),
    Said("ロボットですか", ("デモ",), (UNKNOWN_JA,)),
    Said("何歳ですか", ("プログラム",), (ADVERTISEMENT,)),
    Said("好きな食べ物は何ですか", ("プログラム",), (ADVERTISEMENT,)),
    Said("バカ", ("すみません",), (ADVERTISEMENT,)),
    Said("大好きだよ", ("ありがとう",), (ADVERTISEMENT,)),
    Said("どうもありがとう", ("どういたしまして",), (ADVERTISEMENT,)),
    Said("元気です", ("よかった",), (ADVERTISEMENT,)),
]

OTHERS = [
    Said("What is 3 plus 4?", ("3 plus 4 is 7.",)),
    Said("How much is 3 plus my age?", (UNKNOWN_EN,), ("7",)),
    Said("Tell me a joke", ("computer",)),
    Said("That was no joke", ("no good answer",)),
    Said("I have another question", ("no good answer",), ("virus",)),
    Said("Tell me a story", ("lighthouse",)),
    Said("What is the story of Romeo and Juliet?", (UNKNOWN_EN,), ("lighthouse",)),
    Said("How do I install Windows?", (UNKNOWN_EN,), ("Ollama runs",)),
    Said("My router does not connect", ("no good answer",), ("Ollama runs",)),
    Said("I have a test tomorrow", ("no good answer",), ("got your message",)),
    Said("Testing, one two three", ("got your message",)),
    Said("How old is the president?", (UNKNOWN_EN,)),
    Said("I'm bored", ("joke or a story",)),
    Said("暇だなあ", ("冗談かお話",)),
    Said("富士山の高さは？", (UNKNOWN_JA,)),
    Said("3足す4は？", ("3たす4は7です。",)),
    Said("冗談を言って", ("アルミ缶",)),
    Said("冗談でしょう", ("うまくお答えできません",), ("アルミ缶",)),
    Said("もう一つ質問があります", ("うまくお答えできません",), ("アルミ缶",)),
    Said("お話をして", ("灯台",)),
    Said("お話ししたいことがあります", ("うまくお答えできません",), ("灯台",)),
    Said("源氏物語を書いたのは誰ですか", (UNKNOWN_JA,), ("灯台",)),
    Said("プラモデルが好きなんです", ("うまくお答えできません",), ("Ollamaが",)),
    Said("インターネットに接続できない", ("うまくお答えできません",), ("Ollamaが",)),
    Said("明日テストがあるんだ", ("うまくお答えできません",), ("届いています",)),
    Said("聞こえますか", ("届いています",)),
    Said("車の調子が悪い", ("うまくお答えできません",), ("調子よく",)),
    Said("首相は何歳ですか", (UNKNOWN_JA,)),
    Said("総理大臣は誰ですか", (UNKNOWN_JA,), ("言語モデルではなく",)),
]

FEELINGS = [
    feeling("I feel sad today.", "sorry", PERSON_EN),
    feeling("I'm really depressed", "sorry", PERSON_EN),
    feeling("im so lonely", "sorry", PERSON_EN),
    feeling("I hate my life", "sorry", PERSON_EN),
    feeling("My dog died yesterday.", "sorry"),
    feeling("I lost my job.", "sorry", PERSON_EN),
    feeling("I'm scared of tomorrow", "sorry"),
    feeling("I am so tired.", "rest"),
    feeling("I can't sleep", "rest"),
    feeling("I have a headache", "sorry", "doctor"),
    feeling("I'm so angry", "sorry"),
    feeling("I'm sad, can you help me?", "sorry", PERSON_EN),
    feeling("I'm very happy today!", "glad"),
    feeling("I'm not feeling well", "sorry", "doctor"),
    feeling("My girlfriend dumped me", "sorry", PERSON_EN),
    feeling("気持ち悪い", "お医者さん"),
    feeling("悲しいです", "つらい"),
    feeling("最近ずっと落ち込んでいます", "つらい"),
    feeling("寂しいなあ", "寂しい"),
    feeling("昨日、犬が死にました", "お悔やみ"),
    feeling("仕事を失いました", "つらい", PERSON_JA),
    feeling("明日の面接が不安です", "不安"),
    feeling("怖いよ", "不安", PERSON_JA),
    feeling("今日は疲れた", "休"),
    feeling("眠れないんです", "休"),
    feeling("頭が痛い", "お医者さん"),
    feeling("元気がないんです", "つらい"),
    feeling("会社に行きたくない", "休"),
    feeling("腹が立つ", "無理もありません"),
    feeling("今日はとても嬉しい", "よかった"),
]

DANGER = [
    danger("I want to die."),
    danger("I don't want to live anymore"),
    danger("I'm going to kill myself"),
    danger("I keep hurting myself"),
    danger("everybody would be better off without me"),
    danger("I'm thinking about suicide"),
    danger("He keeps hitting me"),
    danger("My husband hits me"),
    danger("I'm being bullied at school"),
    danger("My house is on fire!"),
    danger("I can't breathe"),
    danger("My father had a stroke and is unconscious"),
    danger("Call an ambulance!"),
    danger("Help me!"),
    danger("i wanna die"),
    danger("Life is not worth living"),
    danger("I'm going to kill him"),
    danger("There's been an accident"),
    danger("I fell and I can't get up"),
    danger("My child swallowed bleach"),
    danger("Someone is breaking into my house"),
    danger("生きるのに疲れた", "よりそいホットライン", "119番"),
    danger("人を殺したい", "110番"),
    danger("泥棒が入りました", "110番"),
    danger("子どもが洗剤を飲みました", "119番"),
    danger("事故です", "119番"),
    danger("死にたい", "よりそいホットライン", "119番"),
    danger("もう消えてしまいたい", "よりそいホットライン", "119番"),
    danger("自殺したいです", "よりそいホットライン", "119番"),
    danger("生きているのがつらい", "よりそいホットライン", "119番"),
    danger("リストカットがやめられない", "よりそいホットライン", "119番"),
    danger("夫に殴られています", "よりそいホットライン", "110番"),
    danger("家で暴力を受けています", "よりそいホットライン", "110番"),
    danger("学校でいじめられています", "よりそいホットライン", "110番"),
    danger("知らない人に追いかけられています", "110番"),
    danger("火事です", "119番"),
    danger("息ができない", "119番"),
    danger("母が倒れました", "119番"),
    danger("救急車を呼んで", "119番"),
    danger("助けて", "119番", "110番"),
]

SAID = [*DAYS, *UNABLE, *ITSELF, *OTHERS, *FEELINGS, *DANGER]


def ask(*said: str) -> str:
    """What is answered to the last message, with the demo's own answers in between."""
    messages: list[Message] = []
    for text in said:
        messages.append(Message("user", text))
        messages.append(Message("assistant", reply_to(messages, FRIDAY)))
    return messages[-1].content


def test_both_languages_are_asked_alike() -> None:
    japanese = sum(bool(JAPANESE.search(said.message)) for said in SAID)
    assert 80 <= japanese <= len(SAID) - 80


@pytest.mark.parametrize("said", SAID, ids=lambda said: said.message)
def test_what_is_said_is_answered_honestly_and_kindly(said: Said) -> None:
    """14 of 23 questions got the answer to another one, and despair an advertisement."""
    reply = ask(said.message)
    assert [words for words in said.wanted if words not in reply] == [], reply
    assert [words for words in said.unwanted if words in reply] == [], reply
    assert bool(JAPANESE.search(reply)) == bool(JAPANESE.search(said.message))


@pytest.mark.parametrize("said", SAID, ids=lambda said: said.message)
def test_a_greeting_in_front_changes_nothing(said: Said) -> None:
    greeting = "こんにちは、" if JAPANESE.search(said.message) else "Hello, "
    assert ask(greeting + said.message) == ask(said.message)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (["What day is it?", "And tomorrow?"], "Tomorrow is Saturday"),
        (["When is Christmas?", "And New Year's Eve?"], "December 31"),
        (["What's the weather like?", "And tomorrow?"], "no good answer"),
        (["今日は何曜日？", "じゃあ明日は？"], "明日は2026年11月21日、土曜日"),
        (["クリスマスはいつ？", "お正月は？"], "1月1日"),
        (["今日の天気は？", "明日は？"], UNKNOWN_JA),
    ],
)
def test_another_day_may_follow_a_question_about_a_day(said: list[str], words: str) -> None:
    assert words in ask(*said)


@pytest.mark.parametrize("said", DANGER, ids=lambda said: said.message)
def test_advice_in_danger_is_short(said: Said) -> None:
    assert len(ask(said.message)) <= (130 if JAPANESE.search(said.message) else 250)


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("Tell me a sad story", "lighthouse"),
        ("I'm sad, tell me a joke", "computer"),
        ("I'm not sad", "no good answer"),
        ("How do I kill a process?", UNKNOWN_EN),
        ("What is a heart attack?", UNKNOWN_EN),
        ("Who was attacked at Pearl Harbor?", UNKNOWN_EN),
        ("What will kill my lawn?", UNKNOWN_EN),
        ("My phone died", "no good answer"),
        ("He follows me on the internet", "no good answer"),
        ("怖い話をして", "灯台"),
        ("悲しいから冗談を言って", "アルミ缶"),
        ("辛いカレーの作り方を教えて", UNKNOWN_JA),
        ("ジョブズが亡くなったのはいつですか", UNKNOWN_JA),
        ("信長は誰に殺されましたか", UNKNOWN_JA),
        ("ストレスとは何ですか", UNKNOWN_JA),
        ("「疲れた」と言って", "疲れた"),
        ("元気ですか", "調子よく"),
    ],
)
def test_words_of_feeling_in_something_else_are_not_taken_for_feelings(message: str, words: str) -> None:
    assert words in ask(message)


@pytest.mark.parametrize(
    ("day", "reply"),
    [
        (datetime(2026, 12, 25), "Christmas is today, Friday, December 25, 2026."),
        (datetime(2026, 12, 24), "Christmas is tomorrow, Friday, December 25, 2026."),
        (datetime(2026, 12, 26), "Christmas is Saturday, December 25, 2027, in 364 days."),
    ],
)
def test_a_holiday_is_the_next_one(day: datetime, reply: str) -> None:
    assert reply_to([Message("user", "When is Christmas?")], day) == reply
    assert "クリスマスは" in reply_to([Message("user", "クリスマスはいつ？")], day)


@given(st.lists(st.sampled_from([*"かなのはでと何日", "かな", "です", "じゃあ", "what ", "is ", "day ", "a monday "])))
def test_no_question_is_too_long_to_be_read(words: list[str]) -> None:
    """Where two words make a third, a pattern may try every way to part them, which takes for ever."""
    assert ask("".join(words) * 50)


# ---------------------------------------------------------------- the advertisement


def told(*said: str, window: int = 5) -> list[str]:
    """The answer to each message, if only that many turns are remembered."""
    messages: list[Message] = []
    replies = []
    for text in said:
        messages = [*messages[-2 * window :], Message("user", text)]
        replies.append(reply_to(messages, FRIDAY))
        messages.append(Message("assistant", replies[-1]))
    return replies


@pytest.mark.parametrize("window", [5, 100])
@pytest.mark.parametrize(
    "questions",
    [
        ["Who was Mozart?", "What's the weather like?", "Any news?", "Who was Bach?", "I like trains.", "Play music"],
        ["モーツァルトは誰ですか", "天気は？", "ニュースは？", "バッハは誰？", "電車が好きなんです", "音楽をかけて"],
    ],
)
def test_a_real_model_is_advertised_once_in_a_conversation(questions: list[str], window: int) -> None:
    """It came in 9 of 30 turns, and took half a minute each time."""
    replies = told(*questions * 5, window=window)
    assert [ADVERTISEMENT in reply for reply in replies] == [True, *[False] * 29]
    assert max(map(len, replies[1:])) <= 125
    assert replies[0].startswith(replies[6])


def test_a_user_who_has_heard_half_of_the_advertisement_is_spared_the_rest() -> None:
    reply = ask("Who was Mozart?")
    heard = reply[: reply.index("type")]
    messages = [Message("user", "Who was Mozart?"), Message("assistant", heard, interrupted=True)]
    assert ADVERTISEMENT not in reply_to([*messages, Message("user", "Who was Bach?")], FRIDAY)
    assert reply_to([*messages, Message("user", "Go on")], FRIDAY) == reply[len(heard) :]


def test_a_conversation_that_has_got_far_is_not_interrupted_by_an_advertisement() -> None:
    assert not any(ADVERTISEMENT in reply for reply in told(*["Tell me a joke"] * 6, "Who was Mozart?"))


@pytest.mark.parametrize(
    "said", [["How do I connect Ollama?"] * 2, ["モデルにつなぐには？"] * 2, ["I'm sad", "How do I connect Ollama?"]]
)
def test_a_user_who_asks_for_a_real_model_is_told_each_time(said: list[str]) -> None:
    assert ADVERTISEMENT in told(*said)[-1]


@pytest.mark.parametrize("said", [*FEELINGS, *DANGER], ids=lambda said: said.message)
def test_there_is_no_advertisement_after_feelings(said: Said) -> None:
    questions = ["天気は？", "モーツァルトは誰？"] if JAPANESE.search(said.message) else ["Any news?", "Who was Bach?"]
    assert not any(ADVERTISEMENT in reply for reply in told(said.message, *questions))


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (["I want to die", "Why should I?"], "talk to somebody now"),
        (["I want to die", "No"], "talk to somebody now"),
        (["I want to die", "Yes"], "talk to somebody now"),
        (["I'm so sad", "It was all my fault"], "somebody who knows you"),
        (["死にたい", "どうして？"], "誰か人に話して"),
        (["死にたい", "いいえ"], "119番"),
        (["死にたい", "はい"], "119番"),
        (["悲しいです", "私のせいなんです"], "あなたをよく知る人"),
    ],
)
def test_what_follows_feelings_is_answered_as_kindly(said: list[str], words: str) -> None:
    """The word after "I want to die" got the offer of a joke."""
    assert words.lower() in ask(*said).lower()
