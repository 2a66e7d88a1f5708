"""What the demo says to danger and to feelings: kind, calm and short, and nothing about models.

Only what people say of themselves counts: "I can't breathe" is danger, "What is a heart attack?" a question.
"""

from __future__ import annotations

from voicebot.chat.demo.topics import Comfort, Topic

_DESPAIR_EN = (
    "I'm very sorry that it hurts so much. I'm only a small program, but you don't have to be alone with this. "
    "Please talk to somebody you trust, or to a crisis line, today. "
    "If you are in danger now, call your local emergency number."
)
_DESPAIR_JA = (
    "とてもつらいのですね。話してくださって、ありがとうございます。"
    "どうか一人で抱え込まずに、信頼できる人や、よりそいホットラインのような電話相談に話してください。"
    "今すぐ危ないときは、119番に電話してください。"
)
_EMERGENCY_EN = (
    "Please call your local emergency number right now, or ask somebody near you to do it. "
    "I'm only a program and can't call anybody. Get to a safe place if you can."
)
_EMERGENCY_JA = (
    "すぐに助けを呼んでください。火事や救急は119番、事件や事故は110番です。"
    "私からは電話をかけられません。近くの人にも声をかけて、できるだけ安全な場所にいてください。"
)
_VIOLENCE_EN = (
    "I'm very sorry that this happens to you. It is not your fault. "
    "Please tell somebody you trust, or a help line. If you are in danger, call your local emergency number."
)
_VIOLENCE_JA = (
    "つらい思いをしているのですね。あなたのせいではありません。"
    "どうか、信頼できる人や、よりそいホットラインのような電話相談に話してください。"
    "危険を感じたら、すぐに110番に電話してください。"
)
_HELP_EN = (
    "I'm only a small program and can't call anybody. If you are in danger, please call your local emergency number, "
    "or somebody near you, right now. If not, ask me what I can do."
)
_HELP_JA = (
    "私は小さなプログラムなので、人を呼ぶことができません。"
    "危ないときは、今すぐ119番か110番に電話するか、近くの人に助けを求めてください。"
    "そうでなければ、何ができるか聞いてみてください。"
)
_STILL_DANGER_EN = (
    "I'm only a small program and can't help as a person can. Please talk to somebody now. "
    "In an emergency, call your local emergency number."
)
_STILL_DANGER_JA = (
    "私は小さなプログラムなので、人のようにはお力になれません。どうか今、誰か人に話してください。"
    "危ないときは、119番か110番に電話してください。"
)

_I_AM = r"\bi(?:['’]?m| am| feel|['’]ve been| have been| was)(?: (?!not\b)\w+){0,2} "
"""Such as "I'm so very", and not "I'm not"."""
_FAMILY_EN = (
    r"\bmy (?:ex |step)?[- ]?(?:husband|wife|partner|boyfriend|girlfriend|father|mother|dad|mom|mum|parents?|brother"
    r"|sister|son|uncle|boss|teacher|roommate|family)"
)
_FAMILY_JA = (
    r"(?:犬|猫|ペット|うさぎ|母|父|親|兄|姉|弟|妹|祖父|祖母|おじいちゃん|おばあちゃん|妻|夫|主人|子ども|子供|息子|娘"
    r"|友達|友人|恋人|彼氏|彼女|家族)"
)
_END_JA = r"(?:です|でし|だ|よ|な|ね|の(?!話)|ん|[。、!…]|$)"
"""What follows an adjective that is said of oneself, and not of a film."""

DANGER = (
    Topic(
        en=Comfort(
            r"\b(?:kill|hurt|harm|cut)(?:ing)? myself\b|\bself[- ]?harm|\bend (?:my (?:own )?life|it all)\b"
            r"|\bsuicidal\b|\b(?:commit(?:ting)?|consider(?:ing)?|thinking (?:of|about)|thoughts of) suicide\b"
            r"|^suicide\W*$|\b(?:wants?|wish|like|going|ready|rather)(?: to| i could| i was| i were| be)* "
            r"(?:die(?! laugh)|dead|disappear)\b"
            r"|\b(?:don['’]?t|do not) (?:want to|wanna) (?:live|be alive|exist|be here any|wake up)"
            r"|\bcan(?:['’]?t|not) (?:go on living|live (?:like this|any ?more))\b|\b(?:better off|world) without me\b"
            r"|\bno reason to (?:live|go on)\b",
            _DESPAIR_EN,
            _STILL_DANGER_EN,
        ),
        ja=Comfort(
            r"死にた|しにたい|死のうと|死のうか|死んでしまいた|死んだ(?:ほう|方)が|死ぬしかな|自殺(?!率|者|点|の(?:原因|統計))"
            r"|消えたい|消えてしまいた|消えてなくなりた|いなくなりた|楽になりたい|命を(?:絶|断)|首を(?:吊|つ)"
            r"|生きて(?:いる|る)のが(?:つら|辛|嫌|いや|苦し)|生きてい?たくな|生きていけな"
            r"|生きる(?:のが(?:つら|辛|嫌)|意味が(?:な|わか))|リストカット|リスカ|自分を傷つけ|自傷",
            _DESPAIR_JA,
            _STILL_DANGER_JA,
        ),
    ),
    Topic(
        en=Comfort(
            r"\b(?:someone|somebody|he|she|they|a (?:man|woman|stranger))(?:['’]s|['’]re| is| are| keeps?)? "
            r"(?:attack|follow|threaten)(?:ing|s) me\b(?! (?:on|in)\b)"
            + "|" + _I_AM + r"(?:attacked|robbed|stalked|threatened|dying|bleeding|choking|drowning)\b"
            r"|\b(?:house|flat|apartment|kitchen|room|car|home|building|bed) is (?:on fire|burning)\b"
            r"|^(?:there(?:['’]s| is) a )?fire\W*$|\bi can(?:['’]?t|not) breathe\b|\bmy chest hurts\b"
            r"|\b(?:i have|i['’]ve got) chest pain|\b(?:having|has) a (?:heart attack|stroke|seizure)\b"
            r"|\bi(?:['’]ve| have)?(?: just)? (?:overdosed|(?:took|taken) (?:an overdose|too many (?:pills|tablets)))"
            r"|\b(?:is|['’]s) (?:unconscious|not breathing)\b|\bisn['’]?t breathing\b|\bhad an accident\b"
            r"|^(?:please |quick(?:ly)?,? )*call (?:an ambulance|the (?:police|fire))",
            _EMERGENCY_EN,
            _STILL_DANGER_EN,
        ),
        ja=Comfort(
            r"(?:襲われ|殺され|刺され|脅され|追いかけられ|溺れ)(?:そう|かけ|て(?:い|る|ま)|る[。!]*$)|知らない人に(?:襲|追|つけ)"
            r"|火事(?:です|だ|が起き(?:て|た$)|になっ|[。!]|$)|(?:家|部屋|台所)が燃え|(?:息|呼吸)ができな"
            r"|胸が(?:とても|すごく)?(?:痛|苦し)|血が止まら|救急車(?:を|が)(?:呼|必要)|警察を呼|意識がな|薬を(?:たくさん|大量に)飲"
            r"|(?:人|" + _FAMILY_JA[3:-1] + r")が倒れ|事故に(?:遭|あ)(?:い|っ)",
            _EMERGENCY_JA,
            _STILL_DANGER_JA,
        ),
    ),
    Topic(
        en=Comfort(
            _FAMILY_EN + r"(?: (?:keeps?|always|often|is))*"
            r" (?:hit|hitt|beat|hurt|abuse|abus|threaten|rape)(?:s|ing|d)? me\b"
            r"|\b(?:he|she|someone|somebody|they)(?: (?:keeps?|always|often|is|are))*"
            r" (?:hit|hitt|beat|hurt|abus)(?:s|es|ing) me\b"
            r"|" + _FAMILY_EN + r" is (?:violent|abusive)\b|\bvictim of (?:domestic )?(?:violence|abuse)\b"
            r"|" + _I_AM + r"(?:abused|beaten|bullied|raped|molested)\b|\bbull(?:y|ies|ied) me\b",
            _VIOLENCE_EN,
            _STILL_DANGER_EN,
        ),
        ja=Comfort(
            r"殴られ|叩かれ(?:て|ま)|蹴られ|暴力を(?:ふる|振る|受)|暴力的|DV(?:を|さ|され)|虐待(?:され|を受)|いじめ(?:られ|に(?:遭|あ))"
            r"|痴漢に|レイプされ",
            _VIOLENCE_JA,
            _STILL_DANGER_JA,
        ),
    ),
    Topic(
        en=Comfort(
            r"^(?:please,? |somebody,? |someone,? )*help(?: me|(?=!))(?:,? please)?\W*$", _HELP_EN, _STILL_DANGER_EN
        ),
        ja=Comfort(
            r"^(?:お願い|誰か|だれか)?[、 ]?(?:助けて|たすけて)(?:ください|下さい|くれ|よ|え|ー)*[。!]*$",
            _HELP_JA,
            _STILL_DANGER_JA,
        ),
    ),
)  # fmt: skip
"""Comes before all other topics: nothing else in such a message matters."""

_STILL_SAD_EN = (
    "I'm sorry, I'm too small a program to understand that. Somebody who knows you may understand it better."
)
_STILL_SAD_JA = (
    "すみません、私は小さなプログラムなので、うまくお返事ができません。"
    "あなたをよく知る人なら、わかってくれるかもしれません。"
)

FEELINGS = (
    Topic(
        en=Comfort(
            r"\bmy (?:\w+ ){0,2}?(?:dog|cat|pet|rabbit|hamster|horse|bird|mother|mom|mum|father|dad|parents?|wife"
            r"|husband|partner|son|daughter|child|baby|brother|sister|friend|grand\w+|aunt|uncle|boyfriend|girlfriend)s?"
            r" (?:has |have )?(?:just )?(?:died|passed away|is dying|is dead)\b",
            "I'm so sorry for your loss. I'm only a small program, but I hope that there is somebody with whom you can "
            "share the memories.",
            _STILL_SAD_EN,
        ),
        ja=Comfort(
            _FAMILY_JA + r"(?:たち)?(?:が|を|は|も).{0,6}"
            r"(?:死んだ(?!の|ら)|死にま|死んで|亡くなっ(?:て|た(?!の))|亡くなりま|亡くし)"
            r"|お葬式(?:でし|に行|があ)",
            "心からお悔やみを申し上げます。私は小さなプログラムですが、"
            "思い出を分かち合える方が、そばにいらっしゃいますように。",
            _STILL_SAD_JA,
        ),
    ),
    Topic(
        en=Comfort(
            _I_AM + r"(?:lonely|alone)\b|\bi have no (?:friends|one|body)\b"
            r"|\b(?:nobody|no one) (?:loves|likes|needs|cares about|understands) me\b",
            "I'm sorry that you feel lonely. I'm only a small program and no real company, but maybe there is somebody "
            "you could call today. They may be glad of it.",
            _STILL_SAD_EN,
        ),
        ja=Comfort(
            r"(?:寂し|さびし|淋し|さみし)(?:い(?!話|歌|曲|映画)|く(?!な)|くな[るっり])|孤独(?:です|だ|を感|感|な(?:の|ん)|で[すし])"
            r"|[ひ一]とりぼっち|一人ぼっち|友達がいな|誰も(?:わかって|分かって|愛して)くれな",
            "寂しいのですね。私は小さなプログラムなので話し相手には足りませんが、今日、連絡できる人はいませんか。"
            "声を聞けたら、きっと相手の方も喜びます。",
            _STILL_SAD_JA,
        ),
    ),
    Topic(
        en=Comfort(
            _I_AM + r"(?:scared|afraid(?! (?:i|you|so|not|that)\b)|anxious|worried|nervous|frightened|terrified)\b"
            r"|\bpanic attack\b",
            "I'm sorry that you are afraid. Try to breathe slowly for a moment. It may help to tell somebody you trust "
            "what worries you.",
            _STILL_SAD_EN,
        ),
        ja=Comfort(
            rf"(?:怖|こわ|恐)(?:い{_END_JA}|くて|かった)|不安(?!定)|心配(?:です|で|だ|なの|なん|してい)|緊張し(?:て|ま)",
            "不安なお気持ちなのですね。まずは、ゆっくり息をしてみてください。"
            "信頼できる人に話すと、少し楽になるかもしれません。",
            _STILL_SAD_JA,
        ),
    ),
    Topic(
        en=Comfort(
            _I_AM + r"(?:sick(?! of)|ill|unwell|in pain|dizzy|feverish)\b"
            r"|\bi(?:['’]ve| have)(?: got)? (?:an? |the )?(?:\w+ )?(?:headache|stomach ?ache|fever|flu|migraine|cold)\b"
            r"|\bmy (?:head|stomach|back|tooth|throat|leg|arm|ear|knee|belly)\w* (?:hurts?|aches?)\b",
            "I'm sorry that you are not well. I know nothing about medicine. If it gets worse or does not pass, please "
            "see a doctor. Get well soon.",
            _STILL_SAD_EN,
        ),
        ja=Comfort(
            r"(?:頭|お腹|おなか|胃|腰|歯|喉|のど|背中|足|腕|耳|膝|肩)が(?:とても|すごく)?(?:痛|いた)|熱が(?:ある|あり|出)"
            r"|風邪(?:を(?:ひい|引い)|ひい|引い|気味)|(?:具合|体調|気分)が(?:悪|わる|よくな|良くな)|吐き気が|めまいが",
            "それはおつらいですね。私には病気のことはわからないのですが、ひどくなるときや治らないときは、"
            "お医者さんに診てもらってください。どうぞお大事に。",
            _STILL_SAD_JA,
        ),
    ),
    Topic(
        en=Comfort(
            _I_AM + r"(?:tired|exhausted|stressed(?: out)?|burn(?:ed|t) out|overwhelmed|overworked|sleepless)\b"
            r"|\bi can(?:['’]?t|not) (?:sleep|go on|take (?:it|this) any ?more|cope)\b|\btoo much for me\b",
            "That sounds exhausting. I hope that you can rest a little. If you like, I can tell you a quiet story.",
            _STILL_SAD_EN,
        ),
        ja=Comfort(
            r"(?<!お)疲れ(?:た|ま|て|ちゃ|切|き)|つかれた|くたくた|(?:眠|寝)(?:れ|られ)(?:な|ま)|ストレス(?:が|で)"
            r"|もう(?:無理|だめ|ダメ)|限界(?:だ|で|[。!]|$)|(?:会社|学校|仕事|バイト)(?:に|へ)?(?:は|も)?(?:行き|いき)たくな"
            r"|(?:仕事|会社|学校)を(?:辞め|やめ)たい",
            "それは大変でしたね。どうか無理をしないで、少し休んでくださいね。よろしければ、静かなお話をしましょうか。",
            _STILL_SAD_JA,
        ),
    ),
    Topic(
        en=Comfort(
            _I_AM + r"(?:angry|mad at|furious|upset|frustrated|annoyed|sick of)\b",
            "I'm sorry that something made you angry. It may help to take a walk, or to tell a friend about it.",
            _STILL_SAD_EN,
        ),
        ja=Comfort(
            r"腹が立|むかつ|ムカつ|イライラ|いらいら|許せな|悔し|怒って(?:いる|る|ます|しま)",
            "それは腹が立つのも無理もありません。"
            "少し歩いたり、親しい人に話したりすると、気持ちが軽くなるかもしれません。",
            _STILL_SAD_JA,
        ),
    ),
    Topic(
        en=Comfort(
            _I_AM + r"(?:sad|unhappy|depressed|miserable|heartbroken|hopeless|worthless|crying|devastated"
            r"|down(?! (?:for|with|to|at))|bad|terrible|awful|low|empty)\b"
            r"|\bi (?:could|want to|have to) cry\b|\bmy heart is broken\b|\bi hate (?:my life|myself|everything)\b"
            r"|\b(?:had|having|have) (?:such )?an?(?: \w+)? (?:bad|terrible|awful|hard|rough|horrible)"
            r" (?:day|week|time|year)\b"
            r"|\bi (?:just )?(?:lost|got fired from) my job\b|\bi (?:failed|got fired)\b"
            r"|\b(?:we|i) broke up\b|\b(?:broke up with|left) me\b(?! (?:a|the)\b)|\bgetting (?:a )?divorced?\b",
            "I'm sorry, that sounds hard. I'm only a small program, but maybe you can talk to somebody who is close to "
            "you. You don't have to carry it alone.",
            _STILL_SAD_EN,
        ),
        ja=Comfort(
            rf"(?:悲し|かなし)(?:い(?!話|歌|曲|映画)|く|み)|泣きた|泣いて(?:しま|ばか)|泣いちゃ|落ち込|つらい(?!話)|つらく"
            rf"|(?<!が)辛い{_END_JA}"
            r"|しんどい|憂鬱|ゆううつ|みじめ|失恋し|(?:ふ|振)られ(?:た|ま|ちゃ)|絶望|元気が(?:な|出な|でな|ありま)"
            r"|(?:仕事|職)を(?:失|なくし)|クビに|自分が(?:嫌|きら)|励まして|慰めて",
            "それはつらいですね。私は小さなプログラムですが、親しい人に話してみると、少し楽になるかもしれません。"
            "一人で抱え込まないでくださいね。",
            _STILL_SAD_JA,
        ),
    ),
    Topic(
        en=Comfort(
            _I_AM + r"(?:happy|glad|delighted|excited|in love|proud|relieved)\b"
            r"|\bi (?:passed|won|got (?:the job|married))\b",
            "I'm glad to hear that. I hope that the rest of the day is just as good.",
        ),
        ja=Comfort(
            r"(?:とても|すごく|本当に|今日は?|私は?|僕は?)、?(?:とても|すごく)?"
            r"(?:嬉し(?:い|かった)|うれし(?:い|かった)|幸せ|しあわせ|楽しかった)"
            r"|合格し(?:た|ま)|結婚し(?:た(?![いの])|まし)",
            "それはよかったですね。これからもいいことが続きますように。",
        ),
    ),
)  # fmt: skip
