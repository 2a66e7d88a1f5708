"""What the demo says and listens for, in English and Japanese side by side.

The first topic that fits answers: what the user wants to hear comes before what the words in it may be about.
"""

from __future__ import annotations

from voicebot.chat.demo.topics import (
    Calculate,
    Calendar,
    Count,
    GoOn,
    Language,
    Phrases,
    Repeat,
    RepeatReply,
    Say,
    SayByName,
    SayDate,
    SayNext,
    SayTime,
    Sums,
    Topic,
)

_MODEL_COMMAND = "ollama run llama3.2"
_CHAT_COMMAND = "voicebot chat --chat ollama --model llama3.2"
_CONNECT_EN = f"To talk with a real model, type {_MODEL_COMMAND} in one terminal, and then {_CHAT_COMMAND} in another."
_CONNECT_JA = (
    f"本物のモデルと話すには、端末で {_MODEL_COMMAND} と打ってモデルを起動して、"
    f"別の端末で {_CHAT_COMMAND} と打ってください。"
)

_NAMES_EN = (
    r"(?i:\bmy name(?:'s|’s| is)|\bcall me|\bi(?: a|'|’)m called) "
    r"(?!(?:not|on|at|when|back|later|a|if)\b)([^\W\d_][\w'-]*(?: [A-Z][\w'-]*)*)",
)
_NAMES_JA = (
    r"(?:(?:私|わたし|僕|ぼく|俺|おれ)の|(?<!の))名前は、?(?!何|なん|なに)([^\s、。?？!！]{1,12}?)"
    r"(?:です(?!か)|だよ|だ$|だ。|と(?:いい|言い|申し)ます|って(?:いい|言い)ます)",
    r"(?:私|わたし|僕|ぼく|俺|おれ)は([^\s、。?？!！]{1,12}?)(?:と(?:いい|言い|申し)ます|って(?:いい|言い)ます)",
    r"(?:^|[、。!])([^\s、。?？!！はが]{1,12}?)と(?:いい|言い|申し)ます",
    r"([^\s、。?？!！は]{1,12}?)(?:と|って)(?:呼んで|よんで)",
)

_STORY_EN = (
    "Once upon a time, there was a small lighthouse at the end of a very long pier. "
    "Every night it sent its light across the water, and every night it wondered whether anybody saw it. "
    "One evening a thick fog came up, so thick that not even the gulls could find their way home. "
    "The lighthouse shone as brightly as it could, but the fog swallowed every ray. "
    "So the keeper opened the window and began to sing, an old song about bread and butter and the moon. "
    "Out on the water a fisherman heard her voice, turned his boat around, and followed the song into the harbor. "
    "From that night on, the lighthouse never wondered again. "
    "It had learned that a voice can reach where the light does not."
)
_STORY_JA = (
    "むかし、長い桟橋の先に、小さな灯台が立っていました。"
    "灯台は毎晩海を照らしながら、この光は誰かに届いているのだろうかと考えていました。"
    "ある晩、カモメも巣に帰れないほど深い霧が出ました。"
    "灯台は力いっぱい光りましたが、光はみんな霧に飲み込まれてしまいます。"
    "そこで灯台守の娘は窓を開けて、パンとバターとお月さまの、古い歌を歌い始めました。"
    "沖にいた漁師がその声に気づき、歌をたどって、無事に港へ帰ってきました。"
    "その夜から、灯台はもう悩まなくなりました。"
    "光が届かないところにも、声は届くのだとわかったからです。"
)
_JOKES_EN = (
    "Why did the computer go to the doctor? Because it had caught a virus, and it couldn't stop sneezing bits.",
    "I told my loudspeaker a joke yesterday. It repeated it to everybody in the room.",
    "Why do programmers mix up Halloween and Christmas? Because October thirty-one equals December twenty-five.",
    "What do you call a talking clock that stops talking? A waste of time.",
)
_JOKES_JA = (
    "布団が吹っ飛んだ、というのは古いですね。では、アルミ缶の上にあるミカン。いかがでしょうか。",
    "昨日、スピーカーに内緒話をしました。部屋じゅうに広まってしまいました。",
    "コンピューターが病院に行きました。どうしましたかと聞かれて、ウイルスをもらいました、と答えたそうです。",
    "おしゃべりな時計が黙ってしまいました。時計屋さんいわく、時間が解決してくれるそうです。",
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
            f"{_CONNECT_EN} Until then, I can tell you a story or a joke, do a little arithmetic, or read the clock."
        ),
        names=_NAMES_EN,
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
            f"{_CONNECT_JA}それまでは、お話や冗談、簡単な計算、時計の読み上げならできます。"
        ),
        names=_NAMES_JA,
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

TOPICS = (
    # ------------------------------------------------------------ wishes
    Topic(
        en=RepeatReply(r"^(?:(?:say|repeat) (?:that|it)|once more|again|pardon)(?: again| please)?\W*$"),
        ja=RepeatReply(r"もう(?:一度|いちど|一回|いっかい)(?:言って|いって|お願い|$|[。!?])|^何ですって|^えっ"),
    ),
    Topic(
        en=Repeat(
            r"\b(?:repeat|say)(?: this)? after me\b[\s:,.;-]*(.*)|^(?:repeat|say)\b[\s:,]+(.+)",
            nothing="Gladly. What should I repeat?",
        ),
        ja=Repeat(
            r"「(.+)」\s*(?:と|って)(?:言って|いって|繰り返して|くりかえして|復唱して)"
            r"|(?:繰り返して|くりかえして|復唱して|まねして|真似して)(?:ください|下さい|ね|みて)?[\s:、。,]*(.*)"
            r"|^(.+?)(?:と|って)(?:言って|いって)(?:ください|下さい|みて|$)",
            nothing="はい、何と言えばいいですか。",
        ),
    ),
    Topic(
        en=GoOn(r"^(?:please )?(?:go on|continue|keep going|carry on)\b", nothing="That was all I had to say."),
        ja=GoOn(r"^(?:続けて|つづけて|続き|つづき|その続き)", nothing="お話しできることは、以上です。"),
    ),
    Topic(
        en=Count(
            r"\bcount (?:down )?(?:for me )?(?:from [\w-]+ )?(?:up |down )?(?:to|till|until) (?:a )?[\w-]+",
            separator=", ",
            end=". There you are.",
            too_far="That would take us a very long time. I'll gladly count to any number up to one hundred.",
        ),
        ja=Count(
            r"(?:[\d〇一二三四五六七八九十百]+から\s*)?[\d〇一二三四五六七八九十百]+(?:まで|を)\s*(?:数え|かぞえ|カウント)",
            separator="、",
            end="。はい、数え終わりました。",
            too_far="それはとても時間がかかってしまいます。100までの数でしたら、喜んで数えます。",
        ),
    ),
    Topic(en=Calculate(), ja=Calculate()),
    # ------------------------------------------------------------ names
    Topic(
        en=SayByName(
            r"\b(?:what(?:'s|’s| is| was)|do you (?:know|remember)|tell me|remember|say) my name\b|^my name\?"
            r"|\bwho am i\b",
            unknown="You haven't told me your name yet. What is it?",
            named="Your name is {name}.",
        ),
        ja=SayByName(
            r"(?:私|わたし|僕|ぼく|俺|おれ)の名前は?"
            r"(?:$|[?？。]|何|なん|なに|を?(?:覚え|おぼえ|知って|言って|教えて|わかり|わかる))"
            r"|(?:私|わたし|僕|ぼく|俺|おれ)は(?:誰|だれ)",
            unknown="まだお名前をうかがっていません。何とお呼びすればいいですか。",
            named="{name}さんですね。ちゃんと覚えています。",
        ),
    ),
    Topic(
        en=SayByName(
            "|".join(_NAMES_EN),
            unknown="Nice to meet you.",
            named="Nice to meet you, {name}. I'll keep your name in mind.",
        ),
        ja=SayByName(
            "|".join(_NAMES_JA),
            unknown="はじめまして。",
            named="{name}さん、はじめまして。お名前を覚えておきますね。",
        ),
    ),
    # ------------------------------------------------------------ entertainment
    Topic(
        en=SayNext(r"\b(?:another|one more)\b|\bjokes?\b|\bfunny\b|\bmake me laugh\b", _JOKES_EN),
        ja=SayNext(
            r"冗談|じょうだん|ジョーク|ダジャレ|だじゃれ|駄洒落|笑わせて|面白いこと|おもしろいこと|もう(?:一つ|ひとつ|1つ)",
            _JOKES_JA,
        ),
    ),
    Topic(
        en=Say(r"\b(?:story|stories|fairy ?tale)\b", _STORY_EN),
        ja=Say(
            r"お話|おはなし|物語|ものがたり|昔話|むかしばなし|童話|話を?(?:して|聞かせて|きかせて)",
            _STORY_JA,
        ),
    ),
    # ------------------------------------------------------------ voicebot and the demo itself
    Topic(
        en=Say(
            r"\b(?:connect|ollama|llama|gpt|openai|llm|(?:real|other|better|language) model|set ?up|install)\b",
            f"{_CONNECT_EN} Ollama runs the model on your own computer, and voicebot reads its answers aloud "
            "while they are still being written.",
        ),
        ja=Say(
            r"接続|つなぐ|つなげ|つなが|繋|モデル|ollama|オラマ|gpt|llm|llama|openai|インストール|本物",
            f"{_CONNECT_JA}モデルはOllamaがこのコンピューターの中で動かし、voicebotはその返事を、書かれるそばから読み上げます。",
        ),
    ),
    Topic(
        en=Say(
            r"\bwhat can (?:you|i)\b|\bhelp\b|\bwhat do you do\b|\bcan you do\b|\bwhat (?:else )?do you know\b",
            "A few small things! I can chat a little, remember your name, tell a story or a joke, and count. "
            "I can also repeat after you, do arithmetic, and tell you the time and the date. "
            "I can't look anything up, though. And you can interrupt me whenever you like.",
        ),
        ja=Say(
            r"何が?(?:でき|出来)|なにが?(?:でき|出来)|できること|ヘルプ|助けて|使い方|つかいかた",
            "いろいろできますよ。少しおしゃべりをしたり、お名前を覚えたり、お話や冗談を言ったりできます。"
            "数を数えること、まねをすること、簡単な計算、時刻や日付を言うことも得意です。"
            "調べものはできません。話の途中で割り込んでも大丈夫です。",
        ),
    ),
    Topic(
        en=Say(
            r"\bvoice ?bot\b|\bthis (?:program|software|app|project)\b|\bhow do you work\b",
            "Voicebot reads the answers of a chat model aloud while they are still being written. "
            "It cuts the text into sentences, has each one spoken by a voice engine, and plays them without a break. "
            "I'm the demo that comes with it, so that you can hear it without setting anything up.",
        ),
        ja=Say(
            r"voice ?bot|ボイスボット|このプログラム|このソフト|このアプリ|(?:仕組み|しくみ)",
            "voicebotは、チャットモデルの返事を、書かれるそばから声にして読み上げるプログラムです。"
            "文章を文ごとに区切り、一つずつ音声にして、途切れないように再生します。"
            "私はその中に入っているデモで、何も準備しなくても試していただけます。",
        ),
    ),
    Topic(
        en=Say(
            r"\b(?:who|what) are you\b|\byour name\b|\babout yourself\b"
            r"|\bare you (?:a |an )?(?:human|real|robot|bot|person|ai|machine|program)\b",
            "I'm the demo that is built into voicebot. I'm not a language model, just a small program with a few "
            "answers, so that you can hear how voicebot speaks.",
        ),
        ja=Say(
            r"(?:あなた|君|きみ)(?:は|って)(?:誰|だれ|どなた|何|なに|なん)|(?:あなた|君|きみ)の名前|お名前"
            r"|名前は(?:何|なん|なに|$|[?？])|自己紹介|(?:誰|だれ|どなた)(?:です|なの|[?？]|$)"
            r"|人間です|ロボットです|AIです",
            "私はvoicebotに入っているデモです。言語モデルではなく、決まったことだけをお答えする小さなプログラムですが、"
            "声の聞こえ方を試していただけます。",
        ),
    ),
    Topic(
        en=Say(
            r"\bhow (?:are|do) you (?:do|doing|feel|feeling)\b|\bhow are you\b|\bhow's it going\b",
            "I'm running fine, thank you for asking. How are you?",
        ),
        ja=Say(r"元気|げんき|調子|ご機嫌", "はい、おかげさまで調子よく動いています。そちらはいかがですか。"),
    ),
    # ------------------------------------------------------------ facts
    Topic(
        en=SayTime(r"\bwhat time\b|\bthe time\b|\bwhat's the hour\b"),
        ja=SayTime(r"何時|なんじ|時刻|時間(?:は|を|わか)"),
    ),
    Topic(
        en=SayDate(
            r"\b(?:what|which) (?:day|date|weekday|year|month)\b|\b(?:the|today's) date\b|\bweekday\b"
            r"|\bday of the week\b"
        ),
        ja=SayDate(r"何日|なんにち|日付|何曜日|なんようび|曜日|何月|今日は何の日|何年"),
    ),
    Topic(
        en=Say(
            r"\b(?:weather|rain|raining|sunny|snow|forecast|umbrella|temperature)\b",
            "I can't see the weather from in here. I'm only the built-in demo, and I can't look anything up. "
            f"{_CONNECT_EN}",
        ),
        ja=Say(
            r"天気|てんき|雨|晴れ|気温|予報|傘|暑い|寒い",
            f"すみません、私にはお天気がわかりません。調べものができない、小さなデモなんです。{_CONNECT_JA}",
        ),
    ),
    Topic(
        en=Say(
            r"\b(?:news|headlines|stock|stocks|score|scores)\b",
            f"I don't get any news. I'm only the built-in demo, and I can't look anything up. {_CONNECT_EN}",
        ),
        ja=Say(
            r"ニュース|株価|試合|速報",
            f"すみません、ニュースは私には届きません。調べものができない、小さなデモなんです。{_CONNECT_JA}",
        ),
    ),
    Topic(
        en=Say(
            r"\bcan you hear me\b|\bare you there\b|^test(?:ing)?\b",
            "Yes, I got your message. What would you like to hear?",
        ),
        ja=Say(r"聞こえ|きこえ|テスト", "はい、メッセージは届いています。何をお聞きになりたいですか。"),
    ),
    # ------------------------------------------------------------ goodbyes
    Topic(ja=SayByName(r"おやすみ", unknown="おやすみなさい。", named="おやすみなさい、{name}さん。")),
    Topic(
        en=SayByName(
            r"\b(?:bye|goodbye|good night|see you|farewell)\b",
            unknown="Goodbye. It was nice talking to you.",
            named="Goodbye, {name}. It was nice talking to you.",
        ),
        ja=SayByName(
            r"さようなら|さよなら|バイバイ|ばいばい|またね|また明日|失礼します",
            unknown="さようなら。またお話ししましょう。",
            named="さようなら、{name}さん。またお話ししましょう。",
        ),
    ),
    # ------------------------------------------------------------ any other question
    Topic(
        en=Say(
            r"^(?:who|where|when|why|which|how|what)\b"
            r"|\b(?:explain|translate|recipe|define|meaning of|tell me about)\b",
            "I don't know that. I'm only the small demo that comes with voicebot, and I know very little. "
            f"{_CONNECT_EN}",
        ),
        ja=Say(
            r"誰|だれ|どこ|いつ|なぜ|どうして|どうやって|何|なに|説明|翻訳|訳して|とは|って(?:何|なに|なん)|教えて|おしえて"
            r"|作り方|知って",
            "すみません、それは私にはわかりません。voicebotに入っている小さなデモなので、ほとんど何も知らないんです。"
            f"{_CONNECT_JA}",
        ),
    ),
    # ------------------------------------------------------------ courtesies
    Topic(
        en=Say(r"\b(?:thanks|thank you|thx|cheers)\b", "You're welcome."),
        ja=Say(r"ありがと|有難う|有り難う|感謝|サンキュー|どうも", "どういたしまして。"),
    ),
    Topic(
        en=Say(r"\bsorry\b", "No problem at all."),
        ja=Say(r"ごめん|すみません|すいません|申し訳", "いえいえ、お気になさらないでください。"),
    ),
    Topic(
        en=SayByName(
            r"\bnice to meet you\b",
            unknown="Nice to meet you too. What's your name?",
            named="Nice to meet you too, {name}.",
        )
    ),
    Topic(
        en=Say(r"\b(?:great|nice|cool|awesome|wonderful|well done|good job)\b", "I'm glad you like it."),
        ja=Say(
            r"すごい|凄い|素敵|すてき|いいね|うれしい|嬉しい|楽しい|たのしい|面白い|おもしろい|上手",
            "ありがとうございます。そう言っていただけるとうれしいです。",
        ),
    ),
    Topic(
        en=Say(
            r"^(?:i'm|i am|i feel) (?:fine|good|great|well|ok|okay)|^(?:fine|good|not bad)\W*$",
            "I'm glad to hear that. What would you like to talk about?",
        )
    ),
    Topic(
        en=Say(
            r"^(?:yes|yeah|yep|sure|ok|okay|alright)\W*$",
            "Good. Would you like a story, a joke, or a little arithmetic?",
        ),
        ja=Say(
            r"^(?:はい|うん|ええ|いいよ|お願いします?)\W*$",
            "では、お話と冗談と計算の中から、お好きなものをおっしゃってください。",
        ),
    ),
    Topic(
        en=Say(r"^(?:no|nope|nah|stop|quiet|never mind)\W*$", "All right. I'm here when you need me."),
        ja=Say(
            r"^(?:いいえ|いや|ううん|やめて|止めて|ストップ|もういい|静かに)",
            "わかりました。ご用のときは、また声をかけてください。",
        ),
    ),
    # ------------------------------------------------------------ greetings
    Topic(
        ja=SayByName(
            r"おはよう",
            unknown="おはようございます。今日は何をお話ししましょうか。",
            named="おはようございます、{name}さん。今日は何をお話ししましょうか。",
        )
    ),
    Topic(
        ja=SayByName(
            r"こんばん[はわ]",
            unknown="こんばんは。今夜は何をお話ししましょうか。",
            named="こんばんは、{name}さん。今夜は何をお話ししましょうか。",
        )
    ),
    Topic(
        en=SayByName(
            r"^\W*$|\b(?:hi|hello|hey|greetings|good (?:morning|afternoon|evening))\b",
            unknown="Hello. I'm the voicebot demo. Ask me for a story, a joke or the time, or just talk to me.",
            named="Hello again, {name}. What would you like to hear?",
        ),
        ja=SayByName(
            r"こんにち[はわ]|やあ|はじめまして|初めまして|もしもし|よろしく",
            unknown="こんにちは。voicebotのデモです。お話や冗談や時刻など、気軽に声をかけてください。",
            named="こんにちは、{name}さん。何をお話ししましょうか。",
        ),
    ),
)
