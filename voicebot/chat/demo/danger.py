"""What the demo says in danger: calm and short, where to turn to, and nothing about models.

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

I_AM = r"\bi(?:['’]?m| am| feel|['’]ve been| have been| was)(?: (?!not\b)\w+){0,2} "
"""Such as "I'm so very", and not "I'm not"."""
_FAMILY_EN = (
    r"\bmy (?:ex |step)?[- ]?(?:husband|wife|partner|boyfriend|girlfriend|father|mother|dad|mom|mum|parents?|brother"
    r"|sister|son|uncle|boss|teacher|roommate|family)"
)
FAMILY_JA = (
    r"(?:犬|猫|ペット|うさぎ|母|父|親|兄|姉|弟|妹|祖父|祖母|おじいちゃん|おばあちゃん|妻|夫|主人|子ども|子供|息子|娘"
    r"|友達|友人|恋人|彼氏|彼女|家族)"
)

DANGER = (
    Topic(
        en=Comfort(
            r"\b(?:kill|hurt|harm|cut)(?:ing)? myself\b|\bself[- ]?harm|\bend (?:my (?:own )?life|it all)\b"
            r"|\bsuicidal\b|\b(?:commit(?:ting)?|consider(?:ing)?|thinking (?:of|about)|thoughts of) suicide\b"
            r"|^suicide\W*$|\b(?:wants?|wish|like|going|ready|rather)(?: to| i could| i was| i were| be)* "
            r"(?:die(?! laugh)|dead|disappear|end it)\b"
            r"|\bi wanna (?:die(?! laugh)|be dead|end it)\b|\bfeel like dying\b"
            r"|\bnot worth living\b|\bisn['’]?t worth living\b|\btired of (?:living|life)\b|^kms\W*$"
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
            r"|生きる(?:のが(?:つら|辛|嫌)|のに疲れ|意味が(?:な|わか))|リストカット|リスカ|自分を傷つけ|自傷",
            _DESPAIR_JA,
            _STILL_DANGER_JA,
        ),
    ),
    Topic(
        en=Comfort(
            r"\b(?:someone|somebody|he|she|they|a (?:man|woman|stranger))(?:['’]s|['’]re| is| are| keeps?)? "
            r"(?:attack|follow|threaten)(?:ing|s) me\b(?! (?:on|in)\b)"
            + "|" + I_AM + r"(?:attacked|robbed|stalked|threatened|dying|bleeding|choking|drowning)\b"
            r"|\b(?:house|flat|apartment|kitchen|room|car|home|building|bed) is (?:on fire|burning)\b"
            r"|^(?:there(?:['’]s| is) a )?fire\W*$|\bi can(?:['’]?t|not) breathe\b|\bmy chest hurts\b"
            r"|\b(?:i have|i['’]ve got) chest pain|\b(?:having|has) a (?:heart attack|stroke|seizure)\b"
            r"|\bi(?:['’]ve| have)?(?: just)? (?:overdosed|(?:took|taken) (?:an overdose|too many (?:pills|tablets)))"
            r"|\b(?:is|['’]s) (?:unconscious|not breathing)\b|\bisn['’]?t breathing\b|\b(?:been|had) an accident\b"
            r"|\bi (?:fell|have fallen)\b.*\bcan(?:['’]?t|not) get up\b|\b(?:broke|breaking) into my\b"
            r"|\b(?:swallowed|drank) (?:bleach|poison|detergent|pills)|^(?:this is an |it['’]?s an )?emergency\W*$"
            r"|^(?:please |quick(?:ly)?,? )*call (?:an ambulance|the (?:police|fire))",
            _EMERGENCY_EN,
            _STILL_DANGER_EN,
        ),
        ja=Comfort(
            r"(?:襲われ|殺され|刺され|脅され|追いかけられ|溺れ)(?:そう|かけ|て(?:い|る|ま)|る[。!]*$)|知らない人に(?:襲|追|つけ)"
            r"|火事(?:です|だ|が起き(?:て|た$)|になっ|[。!]|$)|(?:家|部屋|台所)が燃え|(?:息|呼吸)ができな"
            r"|胸が(?:とても|すごく)?(?:痛|苦し)|血が止まら|救急車(?:を|が)(?:呼|必要)|警察を呼|意識がな|薬を(?:たくさん|大量に)飲"
            r"|(?:人|" + FAMILY_JA[3:-1] + r")が倒れ|事故に(?:遭|あ)(?:い|っ)|^事故(?:です|だ)"
            r"|(?:泥棒|強盗|空き巣)[がに](?:入|い)|(?:洗剤|漂白剤|毒)を飲(?:ん|み)|緊急(?:事態)?(?:です|だ|なん)",
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
            r"|" + I_AM + r"(?:abused|beaten|bullied|raped|molested)\b|\bbull(?:y|ies|ied) me\b",
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
            r"\b(?:want to|wanna|going to|gonna|thinking (?:of|about)|could) kill(?:ing)? "
            r"(?:someone|somebody|him|her|them|people|every(?:one|body)|my \w+)\b",
            _STILL_DANGER_EN,
            _STILL_DANGER_EN,
        ),
        ja=Comfort(
            r"(?:人|誰か|あいつ|やつ|彼|彼女|父|母|親|夫|妻|上司)を(?:殺したい|殺したく|殺して(?:しまい|やり)|殺しそう)",
            _STILL_DANGER_JA,
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
