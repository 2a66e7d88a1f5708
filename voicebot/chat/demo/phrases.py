"""What the demo needs to know of each language besides its topics."""

from __future__ import annotations

from voicebot.chat.demo.topics import Calendar, Language, Phrases, Sums

_MODEL_COMMAND = "ollama run llama3.2"
_CHAT_COMMAND = "voicebot chat --chat ollama --model llama3.2"
CONNECT_EN = f"To talk with a real model, type {_MODEL_COMMAND} in one terminal, and then {_CHAT_COMMAND} in another."
CONNECT_JA = (
    f"本物のモデルと話すには、端末で {_MODEL_COMMAND} と打ってモデルを起動して、"
    f"別の端末で {_CHAT_COMMAND} と打ってください。"
)

NAMES_EN = (
    r"(?i:\bmy name(?:'s|’s| is)|\bcall me|\bi(?: a|'|’)m called) "
    r"(?!(?:not|on|at|when|back|later|a|if)\b)([^\W\d_][\w'-]*(?: [A-Z][\w'-]*)*)",
)
NAMES_JA = (
    r"(?:(?:私|わたし|僕|ぼく|俺|おれ)の|(?<!の))名前は、?(?!何|なん|なに)([^\s、。?？!！]{1,12}?)"
    r"(?:です(?!か)|だよ|だ$|だ。|と(?:いい|言い|申し)ます|って(?:いい|言い)ます)",
    r"(?:私|わたし|僕|ぼく|俺|おれ)は([^\s、。?？!！]{1,12}?)(?:と(?:いい|言い|申し)ます|って(?:いい|言い)ます)",
    r"(?:^|[、。!])([^\s、。?？!！はが]{1,12}?)と(?:いい|言い|申し)ます",
    r"([^\s、。?？!！は]{1,12}?)(?:と|って)(?:呼んで|よんで)",
)

_MONTHS_EN = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip

PHRASES: dict[Language, Phrases] = {
    "en": Phrases(
        opening=(
            r"(?>(?:(?:hi|hello|hey|ok|okay|please|good (?:morning|afternoon|evening))"
            r"(?: there| world| voicebot)?\b[\s,.!;:-]*+)+)(?=\w)"
        ),
        unknown=(
            "I'm only the small demo that comes with voicebot, so I have no good answer to that. "
            f"{CONNECT_EN} Until then, I can tell you a story or a joke, do a little arithmetic, or read the clock."
        ),
        names=NAMES_EN,
        sums=Sums(
            written=(
                (r"(?<=[\d) ])\s*(?:\*\*|\^|to the power of)\s*(?=[\d(-])", "**"),
                (r"(?<=\d) squared\b", "**2"),
                (r"\bplus\b", "+"),
                (r"\bminus\b|−", "-"),
                (r"\b(?:times|multiplied by)\b|[×✕]|(?<=[\d) ])\s*x\s*(?=[\d(])", "*"),
                (r"\b(?:divided by|over)\b|÷", "/"),
            ),
            around=(
                r"(?:what|what's|whats|how much|how many|tell me|calculate|compute|solve|can you|could you|please"
                r"|do you know|the result of|and|is|are|makes?|equals?|now|[\s?!.,=:'’])*"
            ),
            spoken={"+": " plus ", "-": " minus ", "*": " times ", "/": " divided by "},
            power=r" to the power of \1",
            in_brackets="That",
            sentence="{sum} is {result}.",
            about="about ",
            minus="minus ",
            by_zero="Nobody can divide by zero, and neither can I.",
            too_large="The result has more digits than anybody wants to hear, so I'll spare you.",
        ),
        calendar=Calendar(
            time="By the clock of this computer it's {hour}:{minutes} {part}.",
            date="Today is {weekday}, {month} {day}, {year}.",
            parts=((12, "in the morning"), (18, "in the afternoon"), (24, "in the evening")),
            twelve=12,
            minutes="{:02}",
            full_hour="00",
            weekdays=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
            months=_MONTHS_EN,
        ),
    ),
    "ja": Phrases(
        opening=(
            r"(?>(?:こんにち[はわ]|こんばん[はわ]|おはよう(?:ございます)?|やあ|ねえ|あの|すみません|はじめまして)"
            r"[\s、。!,]*+)+(?=\w)"
        ),
        unknown=(
            "すみません、私はvoicebotに入っている小さなデモなので、それにはうまくお答えできません。"
            f"{CONNECT_JA}それまでは、お話や冗談、簡単な計算、時計の読み上げならできます。"
        ),
        names=NAMES_JA,
        sums=Sums(
            written=(
                (r"(?<=\d)の(?=\d+乗)|\^", "**"),
                (r"(?<=\d)乗", ""),
                (r"足す|たす|プラス", "+"),
                (r"引く|ひく|マイナス|−", "-"),
                (r"掛ける|かける|[×✕]|(?<=\d)\s*x\s*(?=[\d(])", "*"),
                (r"割る|わる|÷", "/"),
            ),
            around=(
                r"(?:は|って|を|の|と|計算|して|すると|したら|ください|下さい|教えて|答え|いくつ|いくら|何|なん|なに|になり"
                r"|です|ます|か|かな|だ|に|なる|わかる|わかり|[\s?!.,=:、。])*"
            ),
            spoken={"+": "たす", "-": "ひく", "*": "かける", "/": "わる"},
            power=r"の\1乗",
            in_brackets="答え",
            sentence="{sum}は{result}です。",
            about="およそ",
            minus="マイナス",
            by_zero="ゼロで割ることは、誰にもできません。私にもできません。",
            too_large="答えの桁が多すぎて、耳では聞き取れないと思います。もう少し小さい数でお願いします。",
        ),
        calendar=Calendar(
            time="このコンピューターの時計では、{part}{hour}時{minutes}です。",
            date="今日は{year}年{month}月{day}日、{weekday}曜日です。",
            parts=((12, "午前"), (24, "午後")),
            twelve=0,
            minutes="{}分",
            full_hour="ちょうど",
            weekdays=tuple("月火水木金土日"),
            months=tuple(map(str, range(1, 13))),
        ),
    ),
}
