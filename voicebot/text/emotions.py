"""The names that a model writes into [brackets] to move an avatar's face."""

from __future__ import annotations

from voicebot.text.patterns import word_set

EMOTION_TAGS = word_set(
    "neutral happy happiness joy joyful sad sadness angry anger surprise surprised fear fearful scared disgust "
    "disgusted smile smiling smirk wink laugh laughs laughing laughter giggle giggles chuckle chuckles sigh sighs cry "
    "crying cries whisper whispers whispering shout shouts gasp gasps blush blushing shy excited calm relaxed confused "
    "curious thinking embarrassed tired sleepy serious proud love loving worried nervous playful bored "
    "笑顔 笑い 笑う 微笑み 微笑 喜び 喜 嬉しい うれしい 楽しい 楽 怒り 怒る 怒 悲しみ 悲しい 悲 驚き 驚く 驚 恐れ 恐怖 "
    "嫌悪 照れ 照れる 恥ずかしい 困惑 困り 困り顔 泣き 泣く 涙 真剣 普通 通常 無表情 ウインク ため息 興奮 落ち着き "
    "眠い 不安 安心 自信 苦笑 ドヤ顔"
)
