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
_MONTH_EN = rf"(?P<month>(?i:{'|'.join(_MONTHS_EN)}))"
_WEEKDAY_EN = "(?:mon|tues|wednes|thurs|fri|satur|sun)day"

PHRASES: dict[Language, Phrases] = {
    "en": Phrases(
        opening=(
            r"(?>(?:(?:hi|hello|hey|ok|okay|please|good (?:morning|afternoon|evening))"
            r"(?: there| world| voicebot)?\b[\s,.!;:-]*+)+)(?=\w)"
        ),
        unknown="I don't know that. I'm only the small demo that comes with voicebot.",
        unknown_message=(
            "I'm only a small demo and have no good answer to that. "
            "I can tell a story or a joke, do a sum, or read the clock."
        ),
        connect=CONNECT_EN,
        connect_begins="To talk with a real model",
        between=" ",
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
            parts=((12, "in the morning"), (18, "in the afternoon"), (24, "in the evening")),
            twelve=12,
            minutes="{:02}",
            full_hour="00",
            weekdays=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
            months=_MONTHS_EN,
            near=(
                (r"\b(?:the )?day after tomorrow\b", 2),
                (r"\b(?:the )?day before yesterday\b", -2),
                (r"\btomorrow\b", 1),
                (r"\byesterday\b", -1),
            ),
            away=(
                (r"\bin ([\w-]+) days?\b", 1),
                (r"\b([\w-]+) days? from (?:now|today)\b", 1),
                (r"\b([\w-]+) days? ago\b", -1),
                (r"\bin ([\w-]+) weeks?\b", 7),
                (r"\b([\w-]+) weeks? ago\b", -7),
            ),
            holidays=(
                (r"\bchristmas eve\b", "Christmas Eve", 12, 24),
                (r"\b(?:christmas(?: day)?|xmas)\b", "Christmas", 12, 25),
                (r"\bnew year(?:['’]?s)? eve\b", "New Year's Eve", 12, 31),
                (r"\b(?:the )?new year(?:['’]?s)?(?: day)?\b", "New Year's Day", 1, 1),
                (r"\bhalloween\b", "Halloween", 10, 31),
                (r"\b(?:saint |st\.? )?valentine(?:['’]?s)?(?: day)?\b", "Valentine's Day", 2, 14),
            ),
            written=(
                rf"\b{_MONTH_EN} (?:the )?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,? (?P<year>\d{{4}}))?",
                rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? {_MONTH_EN}\b(?:,? (?P<year>\d{{4}}))?",
            ),
            around=(
                r"(?:\b(?:and|so|then|what|whats|which|how|about|when|is|it|was|will|be|does|do|the|date|day|days|weekday|week"
                r"|of|on|in|fall|month|year|todays?|this|now|next|current|currently|right|tell|give|me|us|can|could|you"
                r"|know|please|many|far|long|until|till|to|away|left|are|there|s"
                rf"|(?:a )?{_WEEKDAY_EN})\b|[\s?!.,'’])*"
            ),
            asks=rf"\b(?:when|day|days|date|weekday|year|month|how (?:far|long)|{_WEEKDAY_EN})\b",
            asks_today=(
                r"^(?!.*\b(?:when|how|until|till|next|in|to|are|left)\b).*"
                rf"(?:\b(?:day|date|weekday|year|month|{_WEEKDAY_EN})\b"
                r"|what(?:['’]?s| is) today)"
            ),
            days={
                -2: "The day before yesterday",
                -1: "Yesterday",
                0: "Today",
                1: "Tomorrow",
                2: "The day after tomorrow",
            },
            that="That",
            is_="{name} is {near}{weekday}, {month} {day}, {year}{away}.",
            was="{name} was {near}{weekday}, {month} {day}, {year}{away}.",
            near_by={-1: "yesterday, ", 0: "today, ", 1: "tomorrow, "},
            left=", in {} days",
            ago=", {} days ago",
        ),
    ),
    "ja": Phrases(
        opening=(
            r"(?>(?:こんにち[はわ]|こんばん[はわ]|おはよう(?:ございます)?|やあ|ねえ|あの|すみません|はじめまして)"
            r"[\s、。!,]*+)+(?=\w)"
        ),
        unknown="すみません、それは私にはわかりません。voicebotに入っている小さなデモなんです。",
        unknown_message=(
            "すみません、小さなデモなので、それにはうまくお答えできません。"
            "お話や冗談、簡単な計算、時計の読み上げならできます。"
        ),
        connect=CONNECT_JA,
        connect_begins="本物のモデルと話すには",
        between="",
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
            parts=((12, "午前"), (24, "午後")),
            twelve=0,
            minutes="{}分",
            full_hour="ちょうど",
            weekdays=tuple("月火水木金土日"),
            months=tuple(map(str, range(1, 13))),
            near=(
                (r"明後日|あさって", 2),
                (r"一昨日|おととい", -2),
                (r"明日|あした|あす", 1),
                (r"昨日|きのう", -1),
                (r"今日|きょう|本日", 0),
            ),
            away=(
                (r"([\d〇一二三四五六七八九十百]+)日後", 1),
                (r"([\d〇一二三四五六七八九十百]+)日前", -1),
                (r"([\d〇一二三四五六七八九十百]+)週間後", 7),
                (r"([\d〇一二三四五六七八九十百]+)週間前", -7),
            ),
            holidays=(
                (r"クリスマス・?イ[ブヴ]", "クリスマスイブ", 12, 24),
                (r"クリスマス", "クリスマス", 12, 25),
                (r"大晦日|大みそか|おおみそか", "大みそか", 12, 31),
                (r"元日|元旦|お?正月|新年", "元日", 1, 1),
                (r"ハロウィー?ン", "ハロウィン", 10, 31),
                (r"バレンタイン(?:デー)?", "バレンタインデー", 2, 14),
            ),
            written=(r"(?:(?P<year>\d{4})年の?)?(?P<month>\d{1,2})月(?P<day>\d{1,2})日",),
            around=(
                r"(?:何月|何日|なんにち|何曜日?|なんようび|[月火水木金土日]曜日?|曜日|日付|いつ|でしょう|でした|です|かな|なの|っけ|まで"
                r"|あと|どのくらい|どれくらい|今年|今月|今|いま|西暦|何年|何の日|教えて|おしえて|ください|下さい|わかり|わかる|あり|ある|ます|なり|じゃあ?"
                r"|では|って|の|は|が|を|に|と|で|か|だ|な|ね|よ|[\s?!.,、。])*+"
            ),
            asks=r"何月|何日|なんにち|何曜|なんようび|曜|日付|いつ|何年|何の日|どのくらい|どれくらい",
            asks_today=r"^(?!.*(?:いつ|まで|あと)).*(?:何月|何日|なんにち|何曜|なんようび|曜|日付|何年|何の日)",
            days={-2: "おととい", -1: "昨日", 0: "今日", 1: "明日", 2: "あさって"},
            that="その日",
            is_="{name}は{near}{year}年{month}月{day}日、{weekday}曜日です。{away}",
            was="{name}は{near}{year}年{month}月{day}日、{weekday}曜日でした。{away}",
            near_by={-1: "昨日、", 0: "今日、", 1: "明日、"},
            left="あと{}日です。",
            ago="{}日前です。",
        ),
    ),
}
