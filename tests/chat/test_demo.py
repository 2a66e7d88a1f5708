"""The built-in conversationalist: what it says, and that it says it like a model."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from contextlib import aclosing
from datetime import datetime

import anyio
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from voicebot.chat.demo import DemoChat, split_deltas
from voicebot.chat.demo.replies import reply_to
from voicebot.messages import Message, Role

NOW = datetime(2026, 11, 20, 15, 5)
MODEL = "ollama run llama3.2"
CHAT = "voicebot chat --chat ollama --model llama3.2"
JAPANESE = re.compile(r"[ぁ-ヿ㐀-鿿]")


def conversation(*said: str) -> list[Message]:
    """The system prompt, and user and demo by turns."""
    roles: tuple[Role, Role] = ("user", "assistant")
    return [Message("system", "Be brief."), *(Message(roles[i % 2], text) for i, text in enumerate(said))]


def ask(*said: str) -> str:
    return reply_to(conversation(*said), NOW)


def talk(*said: str) -> str:
    """What is answered to the last message, with the demo's own answers in between."""
    messages: list[Message] = []
    reply = ""
    for text in said:
        messages.append(Message("user", text))
        reply = reply_to(messages, NOW)
        messages.append(Message("assistant", reply))
    return reply


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("Hi", "Hello"),
        ("Good morning!", "Hello"),
        ("", "Hello"),
        ("Thank you so much", "You're welcome"),
        ("Bye", "Goodbye"),
        ("Who are you?", "demo"),
        ("what's your name", "demo"),
        ("How are you?", "How are you?"),
        ("help", "story or a joke"),
        ("What can you do?", "story or a joke"),
        ("Hello, what time is it?", "3:05 in the afternoon"),
        ("what date is it", "Friday, November 20, 2026"),
        ("Which weekday is it today?", "Friday"),
        ("what is 12 * 7?", "12 times 7 is 84."),
        ("12×7", "12 times 7 is 84."),
        ("How much is three plus four?", "3 plus 4 is 7."),
        ("what's twenty-five times four", "25 times 4 is 100."),
        ("1/3", "about 0.3333"),
        ("-2 + 1", "Minus 2 plus 1 is minus 1."),
        ("(3+4)*2", "14"),
        ("2 to the power of -1", "2 to the power of minus 1 is 0.5."),
        ("What is 10 divided by 0?", "divide by zero"),
        ("9**9**9", "more digits"),
        ("repeat after me: the quick fox", "the quick fox"),
        ("count to five", "One, two, three, four, five."),
        ("count from 7 to 5", "Seven, six, five."),
        ("count to 100000", "one hundred"),
        ("What is voicebot?", "while they are still being written"),
        ("こんにちは", "こんにちは"),
        ("おはようございます", "おはようございます"),
        ("ありがとうございます", "どういたしまして"),
        ("さようなら", "さようなら"),
        ("おやすみなさい", "おやすみなさい"),
        ("あなたは誰ですか？", "デモ"),
        ("お名前は？", "デモ"),
        ("お元気ですか", "調子よく"),
        ("何ができますか？", "冗談"),
        ("こんにちは、今何時ですか？", "午後3時5分"),
        ("今日は何日ですか", "2026年11月20日、金曜日"),
        ("今日は何曜日？", "金曜日"),
        ("3足す4は？", "3たす4は7です。"),
        ("１２×７は？", "12かける7は84です。"),
        ("十二かける三はいくつですか", "12かける3は36です。"),
        ("2の8乗は？", "2の8乗は256です。"),
        ("10割る0は？", "ゼロ"),
        ("マイナス3足す1は？", "マイナス3たす1はマイナス2です。"),
        ("「おはよう、世界」と言ってください", "おはよう、世界"),
        ("五まで数えて", "1、2、3、4、5。"),
        ("voicebotって何ですか", "チャットモデルの返事"),
    ],
)
def test_the_usual_things_are_answered(question: str, words: str) -> None:
    assert words in ask(question)


@pytest.mark.parametrize(
    "question",
    [
        "What's the weather like?",
        "Any news?",
        "Who was the first president?",
        "I want to talk about philosophy.",
        "How do I connect Ollama?",
        "I have 2 cats and 3 dogs",
        "明日の天気は？",
        "ニュースを教えて",
        "日本の首都はどこですか",
        "哲学について語り合いたいです",
        "モデルにつなぐには？",
    ],
)
def test_what_it_cannot_know_is_answered_with_how_to_connect_a_real_model(question: str) -> None:
    reply = ask(question)
    assert MODEL in reply
    assert CHAT in reply
    assert bool(JAPANESE.search(reply)) == bool(JAPANESE.search(question))


@pytest.mark.parametrize(
    ("said", "reply"),
    [
        (["My name is Ken.", "what time is it", "What is my name?"], "Your name is Ken."),
        (["Call me mary", "bye"], "Goodbye, mary. It was nice talking to you."),
        (["My name is Ken.", "No, my name is Mary Ann!", "Who am I?"], "Your name is Mary Ann."),
        (["What is my name?"], "You haven't told me your name yet. What is it?"),
        (["私の名前はケンです。", "今何時？", "私の名前は？"], "ケンさんですね。ちゃんと覚えています。"),
        (["ハナと呼んでください", "私の名前を覚えていますか"], "ハナさんですね。ちゃんと覚えています。"),
        (["My name is Ken", "私の名前は？"], "Kenさんですね。ちゃんと覚えています。"),
        (["犬の名前はポチです", "私の名前は？"], "まだお名前をうかがっていません。何とお呼びすればいいですか。"),
        (["三足す四は？", "12×7"], "12かける7は84です。"),
        (["Say hello world", "again"], "hello world"),
    ],
)
def test_earlier_messages_are_remembered(said: list[str], reply: str) -> None:
    assert talk(*said) == reply


@pytest.mark.parametrize(("question", "more"), [("Tell me a joke", "another one"), ("冗談を言って", "もう一つ")])
def test_the_next_joke_is_another_one(question: str, more: str) -> None:
    jokes = [talk(question, *[more] * count) for count in range(4)]
    assert len(set(jokes)) == 4
    assert talk(question, *[more] * 7)


@pytest.mark.parametrize("question", ["Tell me a short story, please.", "短いお話をしてください"])
def test_a_story_is_long_enough_to_hear_it_stream(question: str) -> None:
    assert 6 <= len(re.findall(r"[.。]", ask(question))) <= 8


@pytest.mark.parametrize(("question", "go_on"), [("Tell me a story", "Go on"), ("お話をして", "続けて")])
def test_an_interrupted_reply_goes_on_where_it_was_cut(question: str, go_on: str) -> None:
    story = ask(question)
    heard = story[: len(story) // 3]
    messages = [Message("user", question), Message("assistant", heard, interrupted=True), Message("user", go_on)]
    rest = reply_to(messages, NOW)
    assert rest
    assert story.endswith(rest)
    assert len(heard) + len(rest) >= len(story) - 2
    finished = [Message("user", question), Message("assistant", story), Message("user", go_on)]
    assert len(reply_to(finished, NOW)) < 40


@given(st.text(max_size=60))
def test_there_is_always_something_to_say_and_it_is_for_the_ear(text: str) -> None:
    """A model that sends nothing is a failed turn; one that sends markdown is read aloud as asterisks."""
    reply = reply_to([Message("user", text)], NOW)
    assert reply.strip()
    if not re.search("repeat|say|言って|返して|まね|真似|復唱", text, re.IGNORECASE):
        assert not re.search(r"[*_#`\[\]]|^- ", reply)
    assert "".join(split_deltas(reply)) == reply


@given(st.from_regex(r"\A(what is )?[-+*/(). 0-9x]{1,40}\Z"))
def test_no_sum_is_too_strange(text: str) -> None:
    assert reply_to([Message("user", text)], NOW)


def test_a_conversation_without_a_question_is_greeted() -> None:
    assert "Hello" in reply_to([], NOW)
    assert "Hello" in reply_to([Message("system", "Be brief.")], NOW)


@given(st.text())
def test_no_text_is_lost_between_deltas(text: str) -> None:
    assert "".join(split_deltas(text)) == text


def test_deltas_have_the_size_of_model_tokens() -> None:
    assert split_deltas("It's 3:05, isn't it?") == ["It", "'s", " 3", ":", "05", ",", " isn", "'t", " it", "?"]
    assert max(map(len, split_deltas(ask("お話をして")))) <= 3


# ---------------------------------------------------------------- streaming


def timed_reply(chat: DemoChat, question: str) -> list[tuple[float, str]]:
    """The deltas and when they came, in virtual time."""

    async def body() -> list[tuple[float, str]]:
        start = anyio.current_time()
        async with aclosing(chat.stream_reply([Message("user", question)])) as deltas:
            return [(anyio.current_time() - start, delta) async for delta in deltas]

    return trio.run(body, clock=MockClock(autojump_threshold=0))


@pytest.mark.parametrize("question", ["Tell me a story", "お話をして"])
@pytest.mark.parametrize("deltas_per_second", [5.0, 30.0, 1000.0])
def test_a_reply_streams_at_the_pace_of_a_model(question: str, deltas_per_second: float) -> None:
    timed = timed_reply(DemoChat(deltas_per_second), question)
    times = [time for time, _ in timed]
    assert times[0] == pytest.approx(0.3)
    assert (len(times) - 1) / (times[-1] - times[0]) == pytest.approx(deltas_per_second, rel=0.02)
    spacing = [(after - before) * deltas_per_second for before, after in itertools.pairwise(times)]
    assert min(spacing) == pytest.approx(0.6)
    assert max(spacing) == pytest.approx(1.5)


def test_the_same_conversation_gives_the_same_reply_at_the_same_times() -> None:
    first, second = (timed_reply(DemoChat(now=lambda: NOW), "What time is it?") for _ in range(2))
    assert first == second
    assert "".join(delta for _, delta in first) == ask("What time is it?")


def test_the_clock_is_read_when_the_question_comes() -> None:
    times = iter([NOW, datetime(2026, 11, 20, 0, 0)])
    clock: Callable[[], datetime] = lambda: next(times)  # noqa: E731  a function of a function
    chat = DemoChat(now=clock)
    assert "3:05 in the afternoon" in "".join(delta for _, delta in timed_reply(chat, "what time is it"))
    assert "12:00 in the morning" in "".join(delta for _, delta in timed_reply(chat, "what time is it"))


@pytest.mark.anyio
async def test_the_reply_can_be_left_in_the_middle_on_any_event_loop() -> None:
    chat = DemoChat(deltas_per_second=10_000)
    assert chat.name == "demo"
    with anyio.fail_after(10):
        async with aclosing(chat.stream_reply(conversation("Tell me a story"))) as deltas:
            assert await anext(deltas) == "Once"
            assert await anext(deltas) == " upon"
