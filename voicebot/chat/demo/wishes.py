"""What the demo does for the user, and what it says about itself: stories, jokes, sums, names, voicebot."""

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
        en=SayNext(
            r"^(?:and |ok |tell me |give me |please )*(?:another|one more)(?: one)?(?:,? please)?\W*$"
            r"|(?<!no )\bjokes?\b|\bsomething funny\b|^be funny\b|\bmake me laugh\b|\bcheer me up\b",
            _JOKES_EN,
        ),
        ja=SayNext(
            r"(?:冗談|じょうだん)(?!でしょ|だろ|じゃな|ではな)|ジョーク|ダジャレ|だじゃれ|駄洒落|笑わせて|面白いこと|おもしろいこと"
            r"|もう(?:一つ|ひとつ|1つ)(?:お願い|言って|聞かせて|ください|下さい|\W*$)",
            _JOKES_JA,
        ),
    ),
    Topic(
        en=Say(r"(?<!news )\b(?:story|stories|fairy ?tales?)\b(?! (?:of|behind)\b)", _STORY_EN),
        ja=Say(
            r"(?:お話|おはなし)[をがし]?(?:して(?!い|も)|聞かせ|きかせ|読んで|お願い|聞きた|ききた|いい|\W*$)|昔話|むかしばなし|童話"
            r"|(?<!電)話を?(?:して(?!い|た|も)|聞かせて|きかせて)|物語を?(?:して|聞かせ|話して|読んで)",
            _STORY_JA,
        ),
    ),
)

ITSELF = (
    Topic(
        en=Say(
            r"\b(?:ollama|llama[ .-]?(?:cpp|server|\d)|(?:chat)?gpt|openai|llms?)\b"
            r"|\b(?:real|other|better|language|chat) models?\b"
            r"|\b(?:connect|set ?up|install) (?:to )?(?:an? |the |my )?(?:you|it|this|voice ?bot|model|server)\b"
            r"|^how (?:do|can) i (?:connect|set (?:you|it|this) up)",
            f"{CONNECT_EN} Ollama runs the model on your own computer, and voicebot reads its answers aloud "
            "while they are still being written.",
        ),
        ja=Say(
            r"ollama|オラマ|gpt|llm|openai|(?:モデル|サーバー|AI)[にをとへ]?、?(?:どう(?:やって|すれば))?(?:接続|つな|繋|使)"
            r"|(?:言語|チャット|本物の|他の|別の)(?:モデル|AI)|^(?:どう(?:やって|すれば))?(?:接続|つなぐ|つなげ|繋)"
            r"|voicebotを?インストール",
            f"{CONNECT_JA}モデルはOllamaがこのコンピューターの中で動かし、voicebotはその返事を、書かれるそばから読み上げます。",
        ),
    ),
    Topic(
        en=Say(
            r"\bwhat can (?:you|i)\b|\bhelp\b|\bwhat do you do\b|\bhow do i use (?:you|this|it)\b"
            r"|\bcan you do\b|\bwhat (?:else )?do you know\b",
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
        ja=Say(
            r"^お?(?:元気|げんき)(?:ですか|でしたか|だった|かい|か|に|\?)|お(?:元気|げんき)|調子は?(?:どう|いかが|いい)(?!.*が)"
            r"|ご機嫌(?:いかが|は)",
            "はい、おかげさまで調子よく動いています。そちらはいかがですか。",
        ),
    ),
    Topic(
        en=Say(
            r"\bhow old are you\b|\bwhere (?:are you from|do you live|were you)\b"
            r"|\byour (?:age|birthday|hobb\w+|family|job|favou?rite)\b"
            r"|\bdo you (?:dream|sleep|eat|drink|feel|love|like|hate)\b"
            r"|\bdo you (?:have|want) (?:an?|any|feelings|emotions|children|kids|parents|friends)\b"
            r"|\bare you (?:happy|sad|alive|conscious|hungry|tired|married|lonely|angry|a (?:man|woman|boy|girl))\b",
            "I'm only a small program, so there is nothing like that for me. But thank you for asking.",
        ),
        ja=Say(
            r"^(?:(?:あなた|君|きみ)(?:は|の|に|には|って))?、?(?:何歳|おいくつ|いくつですか|(?:どこ|どちら)(?:出身|から来|に住|の出身)"
            r"|出身は|(?:お)?誕生日は|ご?趣味は|夢を見ますか|恋人は|結婚して(?:い|る)|ご?家族は|好きな.{1,8}(?:は|って)"
            r"|(?:感情|気持ち|心)[はが]ある|(?:お腹|おなか)[はが]?(?:すい|空い)て|(?:眠く|疲れ|寂しく)な)",
            "私は小さなプログラムなので、そういうものはないんです。でも、聞いてくださってありがとうございます。",
        ),
    ),
    Topic(
        en=Say(
            r"\bi (?:really )?(?:love|like|adore) you\b|\bmarry me\b"
            r"|\byou(?:['’]?re| are) (?:so |very )?(?:cute|sweet|lovely|nice|great|kind)\b",
            "That's very kind of you. I'm only a small program and can't feel it, but I hope that you have a good day.",
        ),
        ja=Say(
            r"^(?:(?:私|僕|俺)は)?、?(?:(?:あなた|君|きみ)(?:のこと)?[がをはも]?)?、?(?:とても)?(?:大好き|好き|愛して|かわいい|可愛い)"
            r"(?:です|だ|る|います|よ|ね)*[。!]*$|^結婚して(?:ください|くれ)",
            "ありがとうございます。私は小さなプログラムなので気持ちはないのですが、そう言っていただけてよかったです。",
        ),
    ),
    Topic(
        en=Say(
            r"\byou(?:['’]?re| are) (?:\w+ )?(?:stupid|dumb|useless|bad|an idiot|boring|annoying|wrong|awful)\b"
            r"|\bi hate you\b|\bshut up\b|\byou suck\b"
            r"|\b(?:stupid|dumb|useless) (?:bot|machine|program|thing|computer)\b",
            "I'm sorry. I'm a very small program, and often of no use.",
        ),
        ja=Say(
            r"^(?:この)?(?:バカ|ばか|馬鹿|アホ|あほ|うるさい|使えない)|^(?:お前|あなた|君)(?:は|が|なんか).{0,6}(?:嫌い|バカ|ばか|馬鹿)"
            r"|役に立たな|間違って(?:い|る)|つまらない(?:です|ね|な|[。!]|$)",
            "すみません。とても小さなプログラムなので、お役に立てないことが多いんです。",
        ),
    ),
)
