"""What the demo does for the user, and what it says of itself: stories, jokes, sums, names, voicebot."""

from __future__ import annotations

from voicebot.chat.demo.phrases import CONNECT_EN, CONNECT_JA, NAMES_EN, NAMES_JA
from voicebot.chat.demo.topics import (
    Calculate,
    Count,
    GoOn,
    Repeat,
    RepeatReply,
    Say,
    SayByName,
    SayNext,
    Topic,
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

WISHES = (
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
            "|".join(NAMES_EN),
            unknown="Nice to meet you.",
            named="Nice to meet you, {name}. I'll keep your name in mind.",
        ),
        ja=SayByName(
            "|".join(NAMES_JA),
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
)

ITSELF = (
    Topic(
        en=Say(
            r"\b(?:connect|ollama|llama|gpt|openai|llm|(?:real|other|better|language) model|set ?up|install)\b",
            f"{CONNECT_EN} Ollama runs the model on your own computer, and voicebot reads its answers aloud "
            "while they are still being written.",
        ),
        ja=Say(
            r"接続|つなぐ|つなげ|つなが|繋|モデル|ollama|オラマ|gpt|llm|llama|openai|インストール|本物",
            f"{CONNECT_JA}モデルはOllamaがこのコンピューターの中で動かし、voicebotはその返事を、書かれるそばから読み上げます。",
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
            r"何が?(?:でき|出来)|なにが?(?:でき|出来)|できること|ヘルプ|使い方|つかいかた",
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
            r"|名前は(?:何|なん|なに|$|[?？])|自己紹介|^(?:誰|だれ|どなた)(?:です|なの|[?？]|$)"
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
)
