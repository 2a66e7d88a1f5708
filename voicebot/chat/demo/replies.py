"""Finds the demo's reply to a conversation."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import assert_never

from voicebot.chat.demo.dates import say_day, say_time
from voicebot.chat.demo.numbers import SPELLED, WITH_DIGITS, say_sum
from voicebot.chat.demo.phrases import PHRASES
from voicebot.chat.demo.texts import TOPICS
from voicebot.chat.demo.topics import (
    Answer,
    Calculate,
    Comfort,
    Count,
    GoOn,
    Language,
    Repeat,
    RepeatReply,
    Say,
    SayByName,
    SayDay,
    SayNext,
    SayTime,
    Unknown,
)
from voicebot.messages import Message
from voicebot.translation import language as own_language

_JAPANESE = re.compile(r"[ぁ-ヿ㐀-鿿々ｦ-ﾟ]")
_LETTER = re.compile(r"[^\W\d_]")
_MAX_COUNT = 100
_BEGINNING = 5
"""Messages in which a conversation begins: later the reply that said something once may be forgotten."""

_NAMES = [pattern for phrases in PHRASES.values() for pattern in phrases.names]


@dataclass(frozen=True, slots=True)
class _Question:
    text: str
    """The last message in Unicode's plain forms, without a greeting in front of more."""
    language: Language
    messages: Sequence[Message]
    said: Sequence[str]
    """All that the user said, this message included."""
    now: datetime


def reply_to(messages: Sequence[Message], now: datetime) -> str:
    """Return the reply to the last message of the user."""
    said = [message.content for message in messages if message.role == "user"]
    text, language = _listen(said)
    question = _Question(text, language, messages, said, now)
    for answer in _topics(language):
        if match := _pattern(answer.asked).search(text):
            reply = _reply(answer, match, question)
            if reply is not None:
                return reply
    return _unknown(PHRASES[language].unknown_message, question)


def _listen(said: Sequence[str]) -> tuple[str, Language]:
    """Return the last message in Unicode's plain forms, without a greeting in front of more, and its language."""
    last = unicodedata.normalize("NFKC", said[-1]).strip() if said else ""
    # What has no letters, such as 12×7, is in the language of what was said before, or else in the person's own.
    with_letters = next((text for text in reversed(said) if _LETTER.search(text)), "")
    japanese = _JAPANESE.search(with_letters) if with_letters else own_language() == "ja"
    language: Language = "ja" if japanese else "en"
    opening = re.match(PHRASES[language].opening, last, re.IGNORECASE)
    return last[opening.end() :] if opening else last, language


def _topics(language: Language) -> Iterator[Answer]:
    answers = (topic.ja if language == "ja" else topic.en for topic in TOPICS)
    return (answer for answer in answers if answer)


@cache  # compiled when a message first gets this far: all patterns together take 30 ms
def _pattern(asked: str) -> re.Pattern[str]:
    return re.compile(asked, re.IGNORECASE | re.DOTALL)


def _reply(answer: Answer, match: re.Match[str], question: _Question) -> str | None:
    """Return the reply to `question`; None when it is not about this topic after all."""
    phrases = PHRASES[question.language]
    match answer:
        case Say():
            return (answer.light and _comfort(question)) or answer.text
        case Comfort():
            return answer.text
        case Unknown():
            return _connecting(answer.text, question) if answer.text else _unknown(phrases.unknown, question)
        case SayNext():
            return _next_of(answer.texts, question.messages)
        case SayByName():
            name = _name(question.said)
            return answer.named.format(name=name) if name else answer.unknown
        case Repeat():
            return next((found.strip() for found in match.groups() if found), "") or answer.nothing
        case RepeatReply():
            replies = (message.content for message in reversed(question.messages) if message.role == "assistant")
            return next(replies, None)
        case GoOn():
            return _rest(answer, question)
        case Count():
            return _counted(answer, match, question.language)
        case Calculate():
            return say_sum(question.text, phrases.sums, WITH_DIGITS[question.language])
        case SayTime():
            return say_time(phrases.calendar, question.now)
        case SayDay():
            return _day(question)
        case _:
            assert_never(answer)


def _unknown(text: str, question: _Question) -> str:
    return _comfort(question) or _connecting(text, question)


def _comfort(question: _Question) -> str:
    """Return what follows kind words that the user has just been told; empty if there were none."""
    feeling = _feeling(question.said[:-1])
    return feeling.later if feeling and _listen(question.said[:-1])[1] == question.language else ""


def _feeling(said: Sequence[str]) -> Comfort | None:
    """Return the kind words for the last of what was said, if it was of feelings or of danger."""
    text, language = _listen(said)
    feelings = (answer for answer in _topics(language) if isinstance(answer, Comfort))
    return next((answer for answer in feelings if _pattern(answer.asked).search(text)), None)


def _connecting(text: str, question: _Question) -> str:
    """Add how to connect a real model, unless the user has heard it, or has told of feelings or of danger."""
    said, phrases = question.said, PHRASES[question.language]
    replies = [message.content for message in question.messages if message.role == "assistant"]
    heard = any(known.connect_begins in reply for known in PHRASES.values() for reply in replies)
    if heard or len(said) > _BEGINNING or any(_feeling(said[:count]) for count in range(1, len(said))):
        return text
    return f"{text}{phrases.between}{phrases.connect}"


def _next_of(texts: Sequence[str], messages: Sequence[Message]) -> str:
    told = [message.content for message in messages if message.role == "assistant"]
    fresh = [text for text in texts if not any(reply.strip() and text.startswith(reply[:20]) for reply in told)]
    return fresh[0] if fresh else texts[len(told) % len(texts)]


def _rest(answer: GoOn, question: _Question) -> str | None:
    earlier = question.messages[:-1]
    if not earlier or earlier[-1].role != "assistant":
        return None
    if not earlier[-1].interrupted:
        return answer.nothing
    heard = earlier[-1].content.strip()
    whole = reply_to(earlier[:-1], question.now)
    if not whole.startswith(heard):
        return answer.nothing
    return whole[len(heard) :].lstrip(" ,.!?、。！？") or answer.nothing


def _name(said: Iterable[str]) -> str:
    """Return the name that the user gave last; empty if none."""
    for text in reversed(list(said)):
        plain = unicodedata.normalize("NFKC", text)
        if found := [match for pattern in _NAMES for match in re.finditer(pattern, plain)]:
            return str(found[-1][1]).removesuffix("さん")
    return ""


def _counted(answer: Count, match: re.Match[str], language: Language) -> str | None:
    digits = WITH_DIGITS[language](match[0])
    numbers = [int(number) for number in re.findall(r"\d{1,9}", digits)]
    if not numbers:
        return None
    first, last = numbers[0] if len(numbers) > 1 else 1, numbers[-1]
    if max(first, last) > _MAX_COUNT:
        return answer.too_far
    counted = range(first, last + 1) if first <= last else range(first, last - 1, -1)
    return answer.separator.join(map(SPELLED[language], counted)).capitalize() + answer.end


def _day(question: _Question) -> str | None:
    calendar, with_digits = PHRASES[question.language].calendar, WITH_DIGITS[question.language]
    today = question.now.date()
    before = unicodedata.normalize("NFKC", question.said[-2]) if len(question.said) > 1 else ""
    follows = bool(before) and say_day(before, calendar, today, with_digits, follows=True) is not None
    return say_day(question.text, calendar, today, with_digits, follows=follows)
