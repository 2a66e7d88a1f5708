"""A small conversationalist without server, key or download: it speaks English and Japanese and knows very little."""

from __future__ import annotations

import ast
import itertools
import re
import unicodedata
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

import anyio

from voicebot.messages import Message
from voicebot.text.arithmetic import BASIC_OPERATORS, Operators, evaluate

_FIRST_DELTA_SECONDS = 0.3
_UNEVEN = (0.6, 1.3, 0.9, 1.5, 0.7, 1.0)
"""Each delta's share of the even spacing; the mean is 1."""
_DELTA = re.compile(
    r"\s?[A-Za-zÀ-ɏ]{1,12}|\s?\d{1,3}|['’][a-z]+|[ぁ-ゖー]{1,3}|[ァ-ヺー]{1,3}|[㐀-鿿々]{1,2}|\s+|.", re.S
)
_JAPANESE = re.compile(r"[ぁ-ヿ㐀-鿿々ｦ-ﾟ]")
_LETTER = re.compile(r"[^\W\d_]")

_MODEL_COMMAND = "ollama run llama3.2"
_CHAT_COMMAND = "voicebot chat --chat ollama --model llama3.2"


class DemoChat:
    """Replies from a small table of topics, in the language of the last message, at the pace of a model."""

    name = "demo"

    def __init__(self, deltas_per_second: float = 30.0, now: Callable[[], datetime] = datetime.now) -> None:
        self._deltas_per_second = deltas_per_second
        self._now = now

    async def stream_reply(self, messages: Sequence[Message]) -> AsyncGenerator[str, None]:
        """Yield the deltas of the reply to `messages`; the same conversation gives the same reply."""
        deltas = split_deltas(reply_to(messages, self._now()))
        # On a schedule, as servers send: whoever is late finds the next deltas waiting.
        due = anyio.current_time() + _FIRST_DELTA_SECONDS
        for delta, share in zip(deltas, itertools.cycle(_UNEVEN), strict=False):
            await anyio.sleep_until(due)
            yield delta
            due += share / self._deltas_per_second


def split_deltas(text: str) -> list[str]:
    """Return `text` in pieces of the size of model tokens."""
    return _DELTA.findall(text)


def reply_to(messages: Sequence[Message], now: datetime) -> str:
    """Return the reply to the last message of the user."""
    said = [message.content for message in messages if message.role == "user"]
    last = unicodedata.normalize("NFKC", said[-1]).strip() if said else ""
    # What has no letters, such as 12×7, is in the language of what was said before.
    with_letters = next((text for text in reversed(said) if _LETTER.search(text)), "")
    japanese = bool(_JAPANESE.search(with_letters))
    opening = (_JAPANESE_OPENING if japanese else _ENGLISH_OPENING).match(last)
    asked = last[opening.end() :] if opening else last
    for pattern, answer in _JAPANESE_TOPICS if japanese else _ENGLISH_TOPICS:
        if match := pattern.search(asked):
            reply = answer(_Question(asked, match, messages, said, now))
            if reply is not None:
                return reply
    return _JAPANESE_UNKNOWN if japanese else _ENGLISH_UNKNOWN


@dataclass(frozen=True, slots=True)
class _Question:
    text: str
    """The last message in Unicode's plain forms, without "hello" in front of more."""
    match: re.Match[str]
    """Where its topic's pattern was found."""
    messages: Sequence[Message]
    said: Sequence[str]
    """All that the user said, this message included."""
    now: datetime


_Answer = Callable[[_Question], str | None]
"""None: not this topic after all."""
_Topics = list[tuple[re.Pattern[str], _Answer]]


def _always(text: str) -> _Answer:
    return lambda _: text


def _next_of(texts: Sequence[str]) -> _Answer:
    """The first of `texts` that the user has not been told yet."""

    def answer(question: _Question) -> str:
        told = [message.content for message in question.messages if message.role == "assistant"]
        fresh = [text for text in texts if not any(reply.strip() and text.startswith(reply[:20]) for reply in told)]
        return fresh[0] if fresh else texts[len(told) % len(texts)]

    return answer


def _go_on(nothing_left: str) -> _Answer:
    """What was left of the reply when the user interrupted it."""

    def answer(question: _Question) -> str | None:
        earlier = question.messages[:-1]
        if not earlier or earlier[-1].role != "assistant":
            return None
        if not earlier[-1].interrupted:
            return nothing_left
        heard = earlier[-1].content.strip()
        whole = reply_to(earlier[:-1], question.now)
        if not whole.startswith(heard):
            return nothing_left
        return whole[len(heard) :].lstrip(" ,.!?、。！？") or nothing_left

    return answer


def _repeat(nothing_yet: str) -> _Answer:
    """What the pattern found between its brackets."""
    return lambda question: next((found.strip() for found in question.match.groups() if found), "") or nothing_yet


def _again(question: _Question) -> str | None:
    """The last reply, as far as it was heard."""
    return next((message.content for message in reversed(question.messages) if message.role == "assistant"), None)


# ---------------------------------------------------------------- names


_NAMES_GIVEN = [
    re.compile(
        r"(?i:\bmy name(?:'s|’s| is)|\bcall me|\bi(?: a|'|’)m called) "
        r"(?!(?:not|on|at|when|back|later|a|if)\b)([^\W\d_][\w'-]*(?: [A-Z][\w'-]*)*)"
    ),
    re.compile(
        r"(?:(?:私|わたし|僕|ぼく|俺|おれ)の|(?<!の))名前は、?(?!何|なん|なに)([^\s、。?？!！]{1,12}?)(?:です(?!か)|だよ|だ$|だ。|と(?:いい|言い|申し)ます|って(?:いい|言い)ます)"
    ),
    re.compile(
        r"(?:私|わたし|僕|ぼく|俺|おれ)は([^\s、。?？!！]{1,12}?)(?:と(?:いい|言い|申し)ます|って(?:いい|言い)ます)"
    ),
    re.compile(r"(?:^|[、。!])([^\s、。?？!！はが]{1,12}?)と(?:いい|言い|申し)ます"),
    re.compile(r"([^\s、。?？!！は]{1,12}?)(?:と|って)(?:呼んで|よんで)"),
]


def _name(said: Iterable[str]) -> str:
    """Return the name that the user gave last; empty if none."""
    for text in reversed(list(said)):
        plain = unicodedata.normalize("NFKC", text)
        if found := [match for pattern in _NAMES_GIVEN for match in pattern.finditer(plain)]:
            return str(found[-1][1]).removesuffix("さん")
    return ""


def _with_name(greeting: str, named: str) -> _Answer:
    """`greeting`, or `named` with {name} in it if the user has given a name."""

    def answer(question: _Question) -> str:
        name = _name(question.said)
        return named.format(name=name) if name else greeting

    return answer


# ---------------------------------------------------------------- numbers


_SMALL = (  # noqa: SIM905  a list would take twenty lines
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_MOST_COUNTED = 100


def _in_words(number: int) -> str:
    if number < 20:
        return _SMALL[number]
    if number == 100:
        return "one hundred"
    tens, ones = divmod(number, 10)
    return _TENS[tens - 2] + (f"-{_SMALL[ones]}" if ones else "")


_WORD_VALUES = {_in_words(number): number for number in range(101)} | {"a hundred": 100, "hundred": 100}
_NUMBER_WORD = re.compile(
    r"\b(" + "|".join(sorted(_WORD_VALUES, key=len, reverse=True)).replace("-", "[- ]") + r")\b", re.IGNORECASE
)
_KANJI_DIGITS = {digit: value for value, digit in enumerate("〇一二三四五六七八九")}
_KANJI_NUMBER = re.compile(r"[〇一二三四五六七八九十百]+")


def _english_digits(text: str) -> str:
    """Return `text` with its number words (up to one hundred) as digits."""

    def value(match: re.Match[str]) -> str:
        word = match[1].lower()
        return str(_WORD_VALUES[word if word in _WORD_VALUES else word.replace(" ", "-")])

    return _NUMBER_WORD.sub(value, text)


def _japanese_digits(text: str) -> str:
    """Return `text` with its kanji numbers (below one thousand) as digits."""

    def value(match: re.Match[str]) -> str:
        total = ones = 0
        for character in match[0]:
            if character in _KANJI_DIGITS:
                ones = ones * 10 + _KANJI_DIGITS[character]
            else:
                total += (ones or 1) * (10 if character == "十" else 100)
                ones = 0
        return str(total + ones)

    return _KANJI_NUMBER.sub(value, text)


def _count(digits: Callable[[str], str], say: Callable[[range], str], *, too_far: str) -> _Answer:
    """The numbers up to the one that the pattern found, or from one to the other."""

    def answer(question: _Question) -> str | None:
        numbers = [int(number) for number in re.findall(r"\d{1,9}", digits(question.match[0]))]
        if not numbers:
            return None
        first, last = numbers[0] if len(numbers) > 1 else 1, numbers[-1]
        if max(first, last) > _MOST_COUNTED:
            return too_far
        return say(range(first, last + 1) if first <= last else range(first, last - 1, -1))

    return answer


# ---------------------------------------------------------------- arithmetic


_EXPRESSION = re.compile(r"[-+]?[\d(][\d\s.()+\-*/]*[\d)]")
_MOST_DIGITS = 15
"""More of them nobody can follow by ear."""


@dataclass(frozen=True, slots=True)
class _Arithmetic:
    """How a language writes and says sums."""

    digits: Callable[[str], str]
    """Turns the language's number words into digits."""
    written: list[tuple[re.Pattern[str], str]]
    """Its operators, as Python writes them."""
    around: re.Pattern[str]
    """What may stand around a sum that is meant as a question."""
    spoken: dict[str, str]
    """How it says the operators."""
    power: str
    """The same for the operator that Japanese says around its number."""
    sentence: str
    about: str
    minus: str
    by_zero: str
    too_large: str

    def answer(self, question: _Question) -> str | None:
        """Return the result in a sentence; None where no sum is asked for."""
        text = self.digits(question.text.lower())
        text = re.sub(r"(?<=\d),(?=\d{3})", "", text)
        for pattern, symbol in self.written:
            text = pattern.sub(symbol, text)
        found = _EXPRESSION.search(text)
        if not found or not self.around.fullmatch(text[: found.start()] + " " + text[found.end() :]):
            return None
        expression = found[0].strip()
        if len(expression) > 100 or not re.search(r"[\d)]\s*[-+*/]", expression):
            return None
        try:
            value = evaluate(expression, operators=_OPERATORS)
        except ZeroDivisionError:
            return self.by_zero
        except OverflowError:
            return self.too_large
        except ValueError:
            return None
        rounded = round(value, 4)
        result = f"{float(abs(rounded)):.4f}".rstrip("0").rstrip(".") if rounded.denominator > 1 else str(abs(rounded))
        if len(result) > _MOST_DIGITS:
            return self.too_large
        result = (self.minus if rounded < 0 else "") + result
        sentence = self.sentence.format(
            sum=self._say(expression), result=(self.about if rounded != value else "") + result
        )
        return sentence[0].upper() + sentence[1:]

    def _say(self, expression: str) -> str:
        """Return the sum in words, or a word for it where words would not say where its brackets are."""
        if "(" in expression:
            return self.spoken["("]
        said = re.sub(r"(^|[-+*/]\s*)-(?=[\d.])", rf"\1{self.minus}", expression)
        said = re.sub(r"\s*\*\*\s*([^-+*/\s]*)", self.power, said)
        return re.sub(r"\s*([-+*/])\s*", lambda match: self.spoken[match[1]], said)


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    """Return a power that can be said. Raises ValueError for a root, and OverflowError."""
    if exponent.denominator != 1:
        raise ValueError("a root is not said as a power")
    if abs(exponent) > 100 or abs(base) > 1000:
        raise OverflowError("the power is too large to be said")
    return Fraction(base ** int(exponent))


_OPERATORS: Operators = {**BASIC_OPERATORS, ast.Pow: _power}


def _operators(*written: tuple[str, str]) -> list[tuple[re.Pattern[str], str]]:
    return [(re.compile(pattern), symbol) for pattern, symbol in written]


_ENGLISH_SUMS = _Arithmetic(
    digits=_english_digits,
    written=_operators(
        (r"(?<=[\d) ])\s*(?:\*\*|\^|to the power of)\s*(?=[\d(-])", "**"),
        (r"(?<=\d) squared\b", "**2"),
        (r"\bplus\b", "+"),
        (r"\bminus\b|−", "-"),
        (r"\b(?:times|multiplied by)\b|[×✕]|(?<=[\d) ])\s*x\s*(?=[\d(])", "*"),
        (r"\b(?:divided by|over)\b|÷", "/"),
    ),
    around=re.compile(
        r"(?:what|what's|whats|how much|how many|tell me|calculate|compute|solve|can you|could you|please|do you know"
        r"|the result of|and|is|are|makes?|equals?|now|[\s?!.,=:'’])*"
    ),
    spoken={"+": " plus ", "-": " minus ", "*": " times ", "/": " divided by ", "(": "That"},
    power=r" to the power of \1",
    sentence="{sum} is {result}.",
    about="about ",
    minus="minus ",
    by_zero="Nobody can divide by zero, and neither can I.",
    too_large="The result has more digits than anybody wants to hear, so I'll spare you.",
)
_JAPANESE_SUMS = _Arithmetic(
    digits=_japanese_digits,
    written=_operators(
        (r"(?<=\d)の(?=\d+乗)|\^", "**"),
        (r"(?<=\d)乗", ""),
        (r"足す|たす|プラス", "+"),
        (r"引く|ひく|マイナス|−", "-"),
        (r"掛ける|かける|[×✕]|(?<=\d)\s*x\s*(?=[\d(])", "*"),
        (r"割る|わる|÷", "/"),
    ),
    around=re.compile(
        r"(?:は|って|を|の|と|計算|して|すると|したら|ください|下さい|教えて|答え|いくつ|いくら|何|なん|なに|になり|です|ます|か|かな"
        r"|だ|に|なる|わかる|わかり|[\s?!.,=:、。])*"
    ),
    spoken={"+": "たす", "-": "ひく", "*": "かける", "/": "わる", "(": "答え"},
    power=r"の\1乗",
    sentence="{sum}は{result}です。",
    about="およそ",
    minus="マイナス",
    by_zero="ゼロで割ることは、誰にもできません。私にもできません。",
    too_large="答えの桁が多すぎて、耳では聞き取れないと思います。もう少し小さい数でお願いします。",
)


# ---------------------------------------------------------------- the clock


_WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_MONTHS = ("January February March April May June July August September October November December").split()  # noqa: SIM905  not strftime, which speaks the language of the computer


def _time(question: _Question) -> str:
    now = question.now
    part = "in the morning" if now.hour < 12 else "in the afternoon" if now.hour < 18 else "in the evening"
    return f"By the clock of this computer it's {now.hour % 12 or 12}:{now.minute:02} {part}."


def _date(question: _Question) -> str:
    now = question.now
    return f"Today is {_WEEKDAYS[now.weekday()]}, {_MONTHS[now.month - 1]} {now.day}, {now.year}."


def _time_japanese(question: _Question) -> str:
    now = question.now
    minutes = f"{now.minute}分" if now.minute else "ちょうど"
    return f"このコンピューターの時計では、{'午前' if now.hour < 12 else '午後'}{now.hour % 12}時{minutes}です。"


def _date_japanese(question: _Question) -> str:
    now = question.now
    return f"今日は{now.year}年{now.month}月{now.day}日、{'月火水木金土日'[now.weekday()]}曜日です。"


# ---------------------------------------------------------------- English


_ENGLISH_CONNECT = (
    f"To talk with a real model, type {_MODEL_COMMAND} in one terminal, and then {_CHAT_COMMAND} in another."
)
_ENGLISH_UNKNOWN = (
    "I'm only the small demo that comes with voicebot, so I have no good answer to that. "
    f"{_ENGLISH_CONNECT} Until then, I can tell you a story or a joke, do a little arithmetic, or read the clock."
)
_ENGLISH_STORY = (
    "Once upon a time, there was a small lighthouse at the end of a very long pier. "
    "Every night it sent its light across the water, and every night it wondered whether anybody saw it. "
    "One evening a thick fog came up, so thick that not even the gulls could find their way home. "
    "The lighthouse shone as brightly as it could, but the fog swallowed every ray. "
    "So the keeper opened the window and began to sing, an old song about bread and butter and the moon. "
    "Out on the water a fisherman heard her voice, turned his boat around, and followed the song into the harbor. "
    "From that night on, the lighthouse never wondered again. "
    "It had learned that a voice can reach where the light does not."
)
_ENGLISH_JOKES = (
    "Why did the computer go to the doctor? Because it had caught a virus, and it couldn't stop sneezing bits.",
    "I told my loudspeaker a joke yesterday. It repeated it to everybody in the room.",
    "Why do programmers mix up Halloween and Christmas? Because October thirty-one equals December twenty-five.",
    "What do you call a talking clock that stops talking? A waste of time.",
)
_ENGLISH_OPENING = re.compile(
    r"(?>(?:(?:hi|hello|hey|ok|okay|please|good (?:morning|afternoon|evening))"
    r"(?: there| world| voicebot)?\b[\s,.!;:-]*+)+)(?=\w)",
    re.IGNORECASE,
)


def _english(*topics: tuple[str, _Answer]) -> _Topics:
    return [(re.compile(pattern, re.IGNORECASE | re.DOTALL), answer) for pattern, answer in topics]


_ENGLISH_TOPICS = _english(
    # What the user wants to hear comes before what the words in it may be about.
    (r"^(?:(?:say|repeat) (?:that|it)|once more|again|pardon)(?: again| please)?\W*$", _again),
    (
        r"\b(?:repeat|say)(?: this)? after me\b[\s:,.;-]*(.*)|^(?:repeat|say)\b[\s:,]+(.+)",
        _repeat("Gladly. What should I repeat?"),
    ),
    (r"^(?:please )?(?:go on|continue|keep going|carry on)\b", _go_on("That was all I had to say.")),
    (
        r"\bcount (?:down )?(?:for me )?(?:from [\w-]+ )?(?:up |down )?(?:to|till|until) (?:a )?[\w-]+",
        _count(
            _english_digits,
            lambda numbers: ", ".join(map(_in_words, numbers)).capitalize() + ". There you are.",
            too_far="That would take us a very long time. I'll gladly count to any number up to one hundred.",
        ),
    ),
    (r"", _ENGLISH_SUMS.answer),
    (
        r"\b(?:what(?:'s|’s| is| was)|do you (?:know|remember)|tell me|remember|say) my name\b|^my name\?|\bwho am i\b",
        _with_name("You haven't told me your name yet. What is it?", "Your name is {name}."),
    ),
    (
        _NAMES_GIVEN[0].pattern,
        _with_name("Nice to meet you.", "Nice to meet you, {name}. I'll keep your name in mind."),
    ),
    (r"\b(?:another|one more)\b|\bjokes?\b|\bfunny\b|\bmake me laugh\b", _next_of(_ENGLISH_JOKES)),
    (r"\b(?:story|stories|fairy ?tale)\b", _always(_ENGLISH_STORY)),
    (
        r"\b(?:connect|ollama|llama|gpt|openai|llm|(?:real|other|better|language) model|set ?up|install)\b",
        _always(
            f"{_ENGLISH_CONNECT} Ollama runs the model on your own computer, and voicebot reads its answers aloud "
            "while they are still being written."
        ),
    ),
    (
        r"\bwhat can (?:you|i)\b|\bhelp\b|\bwhat do you do\b|\bcan you do\b|\bwhat (?:else )?do you know\b",
        _always(
            "A few small things! I can chat a little, remember your name, tell a story or a joke, and count. "
            "I can also repeat after you, do arithmetic, and tell you the time and the date. "
            "I can't look anything up, though. And you can interrupt me whenever you like."
        ),
    ),
    (
        r"\bvoice ?bot\b|\bthis (?:program|software|app|project)\b|\bhow do you work\b",
        _always(
            "Voicebot reads the answers of a chat model aloud while they are still being written. "
            "It cuts the text into sentences, has each one spoken by a voice engine, and plays them without a break. "
            "I'm the demo that comes with it, so that you can hear it without setting anything up."
        ),
    ),
    (
        r"\b(?:who|what) are you\b|\byour name\b|\babout yourself\b"
        r"|\bare you (?:a |an )?(?:human|real|robot|bot|person|ai|machine|program)\b",
        _always(
            "I'm the demo that is built into voicebot. I'm not a language model, just a small program with a few "
            "answers, so that you can hear how voicebot speaks."
        ),
    ),
    (
        r"\bhow (?:are|do) you (?:do|doing|feel|feeling)\b|\bhow are you\b|\bhow's it going\b",
        _always("I'm running fine, thank you for asking. How are you?"),
    ),
    (r"\bwhat time\b|\bthe time\b|\bwhat's the hour\b", _time),
    (
        r"\b(?:what|which) (?:day|date|weekday|year|month)\b|\b(?:the|today's) date\b|\bweekday\b|\bday of the week\b",
        _date,
    ),
    (
        r"\b(?:weather|rain|raining|sunny|snow|forecast|umbrella|temperature)\b",
        _always(
            "I can't see the weather from in here. I'm only the built-in demo, and I can't look anything up. "
            f"{_ENGLISH_CONNECT}"
        ),
    ),
    (
        r"\b(?:news|headlines|stock|stocks|score|scores)\b",
        _always(f"I don't get any news. I'm only the built-in demo, and I can't look anything up. {_ENGLISH_CONNECT}"),
    ),
    (
        r"\bcan you hear me\b|\bare you there\b|^test(?:ing)?\b",
        _always("Yes, I got your message. What would you like to hear?"),
    ),
    (
        r"\b(?:bye|goodbye|good night|see you|farewell)\b",
        _with_name("Goodbye. It was nice talking to you.", "Goodbye, {name}. It was nice talking to you."),
    ),
    (
        r"^(?:who|where|when|why|which|how|what)\b|\b(?:explain|translate|recipe|define|meaning of|tell me about)\b",
        _always(
            "I don't know that. I'm only the small demo that comes with voicebot, and I know very little. "
            f"{_ENGLISH_CONNECT}"
        ),
    ),
    (r"\b(?:thanks|thank you|thx|cheers)\b", _always("You're welcome.")),
    (r"\bsorry\b", _always("No problem at all.")),
    (r"\bnice to meet you\b", _with_name("Nice to meet you too. What's your name?", "Nice to meet you too, {name}.")),
    (r"\b(?:great|nice|cool|awesome|wonderful|well done|good job)\b", _always("I'm glad you like it.")),
    (
        r"^(?:i'm|i am|i feel) (?:fine|good|great|well|ok|okay)|^(?:fine|good|not bad)\W*$",
        _always("I'm glad to hear that. What would you like to talk about?"),
    ),
    (
        r"^(?:yes|yeah|yep|sure|ok|okay|alright)\W*$",
        _always("Good. Would you like a story, a joke, or a little arithmetic?"),
    ),
    (r"^(?:no|nope|nah|stop|quiet|never mind)\W*$", _always("All right. I'm here when you need me.")),
    (
        r"^\W*$|\b(?:hi|hello|hey|greetings|good (?:morning|afternoon|evening))\b",
        _with_name(
            "Hello. I'm the voicebot demo. Ask me for a story, a joke or the time, or just talk to me.",
            "Hello again, {name}. What would you like to hear?",
        ),
    ),
)


# ---------------------------------------------------------------- Japanese


_JAPANESE_CONNECT = (
    f"本物のモデルと話すには、端末で {_MODEL_COMMAND} と打ってモデルを起動して、"
    f"別の端末で {_CHAT_COMMAND} と打ってください。"
)
_JAPANESE_UNKNOWN = (
    "すみません、私はvoicebotに入っている小さなデモなので、それにはうまくお答えできません。"
    f"{_JAPANESE_CONNECT}それまでは、お話や冗談、簡単な計算、時計の読み上げならできます。"
)
_JAPANESE_STORY = (
    "むかし、長い桟橋の先に、小さな灯台が立っていました。"
    "灯台は毎晩海を照らしながら、この光は誰かに届いているのだろうかと考えていました。"
    "ある晩、カモメも巣に帰れないほど深い霧が出ました。"
    "灯台は力いっぱい光りましたが、光はみんな霧に飲み込まれてしまいます。"
    "そこで灯台守の娘は窓を開けて、パンとバターとお月さまの、古い歌を歌い始めました。"
    "沖にいた漁師がその声に気づき、歌をたどって、無事に港へ帰ってきました。"
    "その夜から、灯台はもう悩まなくなりました。"
    "光が届かないところにも、声は届くのだとわかったからです。"
)
_JAPANESE_JOKES = (
    "布団が吹っ飛んだ、というのは古いですね。では、アルミ缶の上にあるミカン。いかがでしょうか。",
    "昨日、スピーカーに内緒話をしました。部屋じゅうに広まってしまいました。",
    "コンピューターが病院に行きました。どうしましたかと聞かれて、ウイルスをもらいました、と答えたそうです。",
    "おしゃべりな時計が黙ってしまいました。時計屋さんいわく、時間が解決してくれるそうです。",
)
_JAPANESE_OPENING = re.compile(
    r"(?>(?:こんにち[はわ]|こんばん[はわ]|おはよう(?:ございます)?|やあ|ねえ|あの|すみません|はじめまして)[\s、。!,]*+)+(?=\w)"
)


def _japanese(*topics: tuple[str, _Answer]) -> _Topics:
    return [(re.compile(pattern, re.IGNORECASE | re.DOTALL), answer) for pattern, answer in topics]


_JAPANESE_TOPICS = _japanese(
    (r"もう(?:一度|いちど|一回|いっかい)(?:言って|いって|お願い|$|[。!?])|^何ですって|^えっ", _again),
    (
        r"「(.+)」\s*(?:と|って)(?:言って|いって|繰り返して|くりかえして|復唱して)"
        r"|(?:繰り返して|くりかえして|復唱して|まねして|真似して)(?:ください|下さい|ね|みて)?[\s:、。,]*(.*)"
        r"|^(.+?)(?:と|って)(?:言って|いって)(?:ください|下さい|みて|$)",
        _repeat("はい、何と言えばいいですか。"),
    ),
    (r"^(?:続けて|つづけて|続き|つづき|その続き)", _go_on("お話しできることは、以上です。")),
    (
        r"(?:[\d〇一二三四五六七八九十百]+から\s*)?[\d〇一二三四五六七八九十百]+(?:まで|を)\s*(?:数え|かぞえ|カウント)",
        _count(
            _japanese_digits,
            lambda numbers: "、".join(map(str, numbers)) + "。はい、数え終わりました。",
            too_far="それはとても時間がかかってしまいます。100までの数でしたら、喜んで数えます。",
        ),
    ),
    (r"", _JAPANESE_SUMS.answer),
    (
        r"(?:私|わたし|僕|ぼく|俺|おれ)の名前は?(?:$|[?？。]|何|なん|なに|を?(?:覚え|おぼえ|知って|言って|教えて|わかり|わかる))"
        r"|(?:私|わたし|僕|ぼく|俺|おれ)は(?:誰|だれ)",
        _with_name(
            "まだお名前をうかがっていません。何とお呼びすればいいですか。", "{name}さんですね。ちゃんと覚えています。"
        ),
    ),
    (
        "|".join(pattern.pattern.replace("$", r"\Z") for pattern in _NAMES_GIVEN[1:]),
        _with_name("はじめまして。", "{name}さん、はじめまして。お名前を覚えておきますね。"),
    ),
    (
        r"冗談|じょうだん|ジョーク|ダジャレ|だじゃれ|駄洒落|笑わせて|面白いこと|おもしろいこと|もう(?:一つ|ひとつ|1つ)",
        _next_of(_JAPANESE_JOKES),
    ),
    (r"お話|おはなし|物語|ものがたり|昔話|むかしばなし|童話|話を?(?:して|聞かせて|きかせて)", _always(_JAPANESE_STORY)),
    (
        r"接続|つなぐ|つなげ|つなが|繋|モデル|ollama|オラマ|gpt|llm|llama|openai|インストール|本物",
        _always(
            f"{_JAPANESE_CONNECT}モデルはOllamaがこのコンピューターの中で動かし、voicebotはその返事を、書かれるそばから読み上げます。"
        ),
    ),
    (
        r"何が?(?:でき|出来)|なにが?(?:でき|出来)|できること|ヘルプ|助けて|使い方|つかいかた",
        _always(
            "いろいろできますよ。少しおしゃべりをしたり、お名前を覚えたり、お話や冗談を言ったりできます。"
            "数を数えること、まねをすること、簡単な計算、時刻や日付を言うことも得意です。"
            "調べものはできません。話の途中で割り込んでも大丈夫です。"
        ),
    ),
    (
        r"voice ?bot|ボイスボット|このプログラム|このソフト|このアプリ|(?:仕組み|しくみ)",
        _always(
            "voicebotは、チャットモデルの返事を、書かれるそばから声にして読み上げるプログラムです。"
            "文章を文ごとに区切り、一つずつ音声にして、途切れないように再生します。"
            "私はその中に入っているデモで、何も準備しなくても試していただけます。"
        ),
    ),
    (
        r"(?:あなた|君|きみ)(?:は|って)(?:誰|だれ|どなた|何|なに|なん)|(?:あなた|君|きみ)の名前|お名前|名前は(?:何|なん|なに|$|[?？])|自己紹介|(?:誰|だれ|どなた)(?:です|なの|[?？]|$)"
        r"|人間です|ロボットです|AIです",
        _always(
            "私はvoicebotに入っているデモです。言語モデルではなく、決まったことだけをお答えする小さなプログラムですが、"
            "声の聞こえ方を試していただけます。"
        ),
    ),
    (r"元気|げんき|調子|ご機嫌", _always("はい、おかげさまで調子よく動いています。そちらはいかがですか。")),
    (r"何時|なんじ|時刻|時間(?:は|を|わか)", _time_japanese),
    (r"何日|なんにち|日付|何曜日|なんようび|曜日|何月|今日は何の日|何年", _date_japanese),
    (
        r"天気|てんき|雨|晴れ|気温|予報|傘|暑い|寒い",
        _always(f"すみません、私にはお天気がわかりません。調べものができない、小さなデモなんです。{_JAPANESE_CONNECT}"),
    ),
    (
        r"ニュース|株価|試合|速報",
        _always(f"すみません、ニュースは私には届きません。調べものができない、小さなデモなんです。{_JAPANESE_CONNECT}"),
    ),
    (r"聞こえ|きこえ|テスト", _always("はい、メッセージは届いています。何をお聞きになりたいですか。")),
    (r"おやすみ", _with_name("おやすみなさい。", "おやすみなさい、{name}さん。")),
    (
        r"さようなら|さよなら|バイバイ|ばいばい|またね|また明日|失礼します",
        _with_name("さようなら。またお話ししましょう。", "さようなら、{name}さん。またお話ししましょう。"),
    ),
    (
        r"誰|だれ|どこ|いつ|なぜ|どうして|どうやって|何|なに|説明|翻訳|訳して|とは|って(?:何|なに|なん)|教えて|おしえて|作り方|知って",
        _always(
            f"すみません、それは私にはわかりません。voicebotに入っている小さなデモなので、ほとんど何も知らないんです。{_JAPANESE_CONNECT}"
        ),
    ),
    (r"ありがと|有難う|有り難う|感謝|サンキュー|どうも", _always("どういたしまして。")),
    (r"ごめん|すみません|すいません|申し訳", _always("いえいえ、お気になさらないでください。")),
    (
        r"すごい|凄い|素敵|すてき|いいね|うれしい|嬉しい|楽しい|たのしい|面白い|おもしろい|上手",
        _always("ありがとうございます。そう言っていただけるとうれしいです。"),
    ),
    (
        r"^(?:はい|うん|ええ|いいよ|お願いします?)\W*$",
        _always("では、お話と冗談と計算の中から、お好きなものをおっしゃってください。"),
    ),
    (
        r"^(?:いいえ|いや|ううん|やめて|止めて|ストップ|もういい|静かに)",
        _always("わかりました。ご用のときは、また声をかけてください。"),
    ),
    (
        r"おはよう",
        _with_name(
            "おはようございます。今日は何をお話ししましょうか。",
            "おはようございます、{name}さん。今日は何をお話ししましょうか。",
        ),
    ),
    (
        r"こんばん[はわ]",
        _with_name(
            "こんばんは。今夜は何をお話ししましょうか。", "こんばんは、{name}さん。今夜は何をお話ししましょうか。"
        ),
    ),
    (
        r"こんにち[はわ]|やあ|はじめまして|初めまして|もしもし|よろしく",
        _with_name(
            "こんにちは。voicebotのデモです。お話や冗談や時刻など、気軽に声をかけてください。",
            "こんにちは、{name}さん。何をお話ししましょうか。",
        ),
    ),
)
