"""What the demo says to feelings: kind and short, and nothing about models."""

from __future__ import annotations

from voicebot.chat.demo.danger import FAMILY_JA, I_AM
from voicebot.chat.demo.topics import Comfort, Topic

_END_JA = r"(?:です|でし|だ|よ|な|ね|の(?!話)|ん|[。、!…]|$)"
"""What follows an adjective that is said of oneself, and not of a film."""

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
            FAMILY_JA + r"(?:たち)?(?:が|を|は|も).{0,6}"
            r"(?:死んだ(?!の|ら)|死にま|死んで|亡くなっ(?:て|た(?!の))|亡くなりま|亡くし)"
            r"|お葬式(?:でし|に行|があ)",
            "心からお悔やみを申し上げます。私は小さなプログラムですが、"
            "思い出を分かち合える方が、そばにいらっしゃいますように。",
            _STILL_SAD_JA,
        ),
    ),
    Topic(
        en=Comfort(
            I_AM + r"(?:lonely|alone)\b|\bi have no (?:friends|one|body)\b"
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
            I_AM + r"(?:scared|afraid(?! (?:i|you|so|not|that)\b)|anxious|worried|nervous|frightened|terrified)\b"
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
            I_AM + r"(?:sick(?! of)|ill|unwell|in pain|dizzy|feverish)\b"
            r"|\bi(?:['’]ve| have)(?: got)? (?:an? |the )?(?:\w+ )?(?:headache|stomach ?ache|fever|flu|migraine|cold)\b"
            r"|\bmy (?:head|stomach|back|tooth|throat|leg|arm|ear|knee|belly)\w* (?:hurts?|aches?)\b"
            r"|\bi(?:['’]?m not feeling| don['’]?t feel| do not feel|['’]?m not) (?:so |very |too )?(?:well|good)\b",
            "I'm sorry that you are not well. I know nothing about medicine. If it gets worse or does not pass, please "
            "see a doctor. Get well soon.",
            _STILL_SAD_EN,
        ),
        ja=Comfort(
            r"(?:頭|お腹|おなか|胃|腰|歯|喉|のど|背中|足|腕|耳|膝|肩)が(?:とても|すごく)?(?:痛|いた)|熱が(?:ある|あり|出)"
            r"|風邪(?:を(?:ひい|引い)|ひい|引い|気味)|(?:具合|体調|気分)が(?:悪|わる|よくな|良くな)|吐き気が|めまいが|^気持ち(?:が)?悪",
            "それはおつらいですね。私には病気のことはわからないのですが、ひどくなるときや治らないときは、"
            "お医者さんに診てもらってください。どうぞお大事に。",
            _STILL_SAD_JA,
        ),
    ),
    Topic(
        en=Comfort(
            I_AM + r"(?:tired|exhausted|stressed(?: out)?|burn(?:ed|t) out|overwhelmed|overworked|sleepless)\b"
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
            I_AM + r"(?:angry|mad at|furious|upset|frustrated|annoyed|sick of)\b",
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
            I_AM + r"(?:sad|unhappy|depressed|miserable|heartbroken|hopeless|worthless|crying|devastated"
            r"|down(?! (?:for|with|to|at))|bad|terrible|awful|low|empty)\b"
            r"|\bi (?:could|want to|have to) cry\b|\bi miss (?:my \w+|him|her)\b"
            r"|\bmy heart is broken\b|\bi hate (?:my life|myself|everything)\b"
            r"|\b(?:had|having|have) (?:such )?an?(?: \w+)? (?:bad|terrible|awful|hard|rough|horrible)"
            r" (?:day|week|time|year)\b"
            r"|\bi (?:just )?(?:lost|got fired from) my job\b|\bi (?:failed|got fired)\b"
            r"|\b(?:we|i) broke up\b|\b(?:broke up with|left|dumped) me\b(?! (?:a|the)\b)|\bgetting (?:a )?divorced?\b",
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
            I_AM + r"(?:happy|glad|delighted|excited|in love|proud|relieved)\b"
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
