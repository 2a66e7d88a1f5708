"""What the demo says and listens for, in English and Japanese side by side.

The first topic that fits answers: danger comes first, and what the user wants to hear comes before what the words in it
may be about.
"""

from __future__ import annotations

from voicebot.chat.demo.danger import DANGER
from voicebot.chat.demo.feelings import FEELINGS
from voicebot.chat.demo.topics import Say, SayByName, SayDay, SayTime, Topic, Unknown
from voicebot.chat.demo.wishes import ITSELF, WISHES

TOPICS = (
    *DANGER,
    *WISHES,
    *FEELINGS,
    *ITSELF,
    # ------------------------------------------------------------ facts
    Topic(
        en=SayTime(
            r"^(?=.*(?:\bwhat time\b|\bthe (?:current |exact )?(?:time|hour|clock)\b|^time\b))"
            r"(?:\b(?:and|so|what|whats|is|it|its|the|time|hour|clock|current|exact|now|right|here|please|can|could|you|tell"
            r"|give|say|read|me|do|know|have|s)\b|[\s?!.,'’])*+$"
        ),
        ja=SayTime(
            r"^(?=.*(?:何時|なんじ|時刻|時間|時計))"
            r"(?:今|いま|現在|もう|の|は|を|って|何時|なんじ|何分|時刻|時間|時計|ごろ|頃|でしょう|です|かな|か|だ|わかり|わかる|ます"
            r"|教えて|おしえて|読んで|見て|言って|ください|下さい|ちょっと|[\s?!.,、。])*+$"
        ),
    ),
    Topic(
        en=Say(
            r"\b(?:what time is it|what(?:['’]?s| is) the (?:current |local )?time|time is it) (?:in|at|on) "
            r"|\btell me the time (?:in|at|on) |\btime (?:zone|difference)",
            "I don't know that. I only have the clock of this computer, and it says nothing of other places.",
        ),
        ja=Say(
            r"(?:で|は|って|の|では)、?(?:今|いま|現在)、?(?:は|の)?(?:何時|なんじ|時刻)|時差",
            "すみません、それは私にはわかりません。このコンピューターの時計しか読めないんです。",
        ),
    ),
    Topic(en=SayDay(), ja=SayDay()),
    Topic(
        en=Unknown(
            r"\b(?:weather|rain|raining|sunny|snow|forecast|umbrella|temperature)\b",
            "I can't see the weather from in here. I'm only the built-in demo, and I can't look anything up.",
        ),
        ja=Unknown(
            r"天気|てんき|雨|晴れ|気温|予報|傘|暑い|寒い",
            "すみません、私にはお天気がわかりません。調べものができない、小さなデモなんです。",
        ),
    ),
    Topic(
        en=Unknown(
            r"\b(?:news|headlines|stock prices?|stocks|scores?)\b",
            "I don't get any news. I'm only the built-in demo, and I can't look anything up.",
        ),
        ja=Unknown(
            r"ニュース|株価|試合|速報",
            "すみません、ニュースは私には届きません。調べものができない、小さなデモなんです。",
        ),
    ),
    Topic(
        en=Unknown(
            r"\b(?:set|start|stop) (?:an? |the |my )?(?:\w+ )?(?:timer|alarm|reminder)\b|\b(?:remind|wake) me\b"
            r"|\bplay (?:me )?(?:an? |some |the |my )?(?:\w+ )?(?:music|songs?|radio|videos?|movies?|playlist|games?)\b"
            r"|\bsing\b|\bturn (?:it |the [\w ]{1,30} )?(?:on|off|up|down)\b"
            r"|^(?:can you |could you |please )*(?:(?:call|phone|text|email|message) (?:my|mom|mum|dad|him|her|the)\b"
            r"|(?:order|book|buy|open|launch|send|google|search for|look up) )",
            "I'm sorry, I can't do that. I'm only a small demo, and all that I can do is talk.",
        ),
        ja=Unknown(
            r"タイマー|アラーム|目覚まし|リマインド|(?:起こして|思い出させて)(?:ください|下さい|くれ|[。!]|$)"
            r"|(?:音楽|曲|歌|ラジオ)を?(?:かけ|流し|聞かせ|聴かせ|再生)|歌って"
            r"|(?:電気|明かり|照明|テレビ|エアコン|暖房|冷房)を?(?:つけ|消し)|(?:電話|メール|メッセージ)を?(?:し(?:て|と)|送|かけ)"
            r"|(?:予約|注文)を?し(?:て|と)|買って(?:きて|ください)|検索して|調べて",
            "すみません、それは私にはできません。お話しすることしかできない、小さなデモなんです。",
        ),
    ),
    Topic(
        en=Say(
            r"\bcan you hear me\b|\bare you there\b|^test(?:ing)?(?:[\s,]+(?:test(?:ing)?|one|two|three))*\W*$",
            "Yes, I got your message. What would you like to hear?",
        ),
        ja=Say(
            r"(?:聞こえ|きこえ)(?:ます|る|て(?:い|る|ま)).{0,3}(?:か|の|\?)\W*$|^(?:マイク|音声)?テスト(?:中|です)*\W*$",
            "はい、メッセージは届いています。何をお聞きになりたいですか。",
        ),
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
        en=Unknown(
            r"^(?:and |so |but )?(?:who|whose|where|when|why|which|how|what)\b"
            r"|\b(?:explain|translate|recipe|define|meaning of|tell me about)\b"
        ),
        ja=Unknown(
            r"誰|だれ|どこ|いつ|なぜ|どうして|どうやって|何|なに|説明|翻訳|訳して|とは|って(?:何|なに|なん)|教えて|おしえて"
            r"|作り方|知って|(?<!こんにち)(?<!こんばん)は\?"
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
        ),
        ja=Say(
            r"^(?:(?:私|僕|こちら)(?:は|も)、?)?(?:とても)?(?:元気|まあまあ|ぼちぼち)(?:です|だよ|だ)?よ?\W*$",
            "それはよかったです。何をお話ししましょうか。",
        ),
    ),
    Topic(
        en=Say(
            r"^(?:yes|yeah|yep|sure|ok|okay|alright)\W*$",
            "Good. Would you like a story, a joke, or a little arithmetic?",
            light=True,
        ),
        ja=Say(
            r"^(?:はい|うん|ええ|いいよ|お願いします?)\W*$",
            "では、お話と冗談と計算の中から、お好きなものをおっしゃってください。",
            light=True,
        ),
    ),
    Topic(
        en=Say(r"^(?:no|nope|nah)\W*$", "All right. I'm here when you need me.", light=True),
        ja=Say(r"^(?:いいえ|いや|ううん)", "わかりました。ご用のときは、また声をかけてください。", light=True),
    ),
    Topic(
        en=Say(r"^(?:stop|quiet|never mind)\W*$", "All right. I'm here when you need me."),
        ja=Say(r"^(?:やめて|止めて|ストップ|もういい|静かに)", "わかりました。ご用のときは、また声をかけてください。"),
    ),
    Topic(
        en=Say(r"\bi(?:['’]?m| am)(?: so)? bored\b", "How about a joke or a story? Just ask me for one.", light=True),
        ja=Say(
            r"^(?:とても|すごく)?(?:暇|ひま|退屈)(?:だ|です|な|[。!]|$)",
            "では、冗談かお話はいかがですか。どちらか言ってください。",
            light=True,
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
