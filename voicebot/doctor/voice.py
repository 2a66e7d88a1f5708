"""The voice: whether it can be heard, how fast it is, and whether it can read the language that it will be given."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from array import array
from contextlib import aclosing
from importlib.util import find_spec
from pathlib import Path
from typing import assert_never

from voicebot.config.models import Config, TtsConfig, TtsPlugin, TtsPyttsx3, TtsRabbitmq, TtsTone, TtsVoicevox
from voicebot.doctor.checkup import Finding, fails, fine, warns
from voicebot.errors import ConfigError, VoiceUnavailable
from voicebot.installation import install_command
from voicebot.speech import Audio
from voicebot.text.language import has_japanese
from voicebot.text.language_tags import closest, language_name, language_tag
from voicebot.translation import foreign, language, tr
from voicebot.tts import __file__ as tts_folder
from voicebot.tts import list_voices, open_synthesizer
from voicebot.tts.pyttsx3_engine import NOTICES

_QUIETEST_DB = -50.0
"""Below full scale, on average: nobody hears less."""
_TWO_WORDS = {"en": "Hello world.", "ja": "こんにちは、世界。"}
_ONLY_DICTIONARY_KNOWS = ("生ビール", "ナマビール")
"""A word that the table of single kanji reads wrongly, and how it is read."""
_READ = """
import json, sys
sys.path.append(sys.argv[1])
from pyttsx3_child import cache_folder, open_japanese_reader
read, notice = open_japanese_reader(cache_folder())
print(json.dumps([read(sys.argv[2]), notice]))
"""


def language_of(config: Config) -> str:
    """The language that will most probably be spoken: that of the voice, of the settings, or of this person."""
    if tag := language_tag(str(getattr(config.tts, "voice", "")).rpartition("/")[2]):
        return tag
    if config.spoken.language != "auto":
        return config.spoken.language
    return "ja" if has_japanese(config.conversation.system_prompt) else language()


async def check_voice(config: Config) -> Finding:
    """Let it say two words to nobody; the second time counts, when it is warm."""
    try:
        async with open_synthesizer(config.tts) as synthesizer:
            text = _TWO_WORDS["ja" if "ja" in synthesizer.capabilities.languages else "en"]
            for _ in range(2):
                async with aclosing(synthesizer.synthesize(text)) as pieces:
                    said = [piece async for piece in pieces]
            name = synthesizer.name
    except (VoiceUnavailable, ConfigError) as error:
        return fails(error.message, _how_to_mend(config.tts))
    seconds = sum(len(one.pcm) / one.format.frame_bytes / one.format.sample_rate for one in said)
    level = _level_db(said)
    if level < _QUIETEST_DB:
        return fails(tr("{name} says nothing that can be heard", name=name), "voicebot voices")
    rtf = sum(one.work_seconds for one in said) / seconds
    told = tr("{name}: {level:.0f} dB, RTF {rtf:.2f}", name=name, level=level, rtf=rtf)
    if isinstance(config.tts, TtsRabbitmq):
        count = await _count_workers(config.tts)
        told = tr("{told}; speech workers: {count}", told=told, count=count)
        if not count:
            return warns(told, "voicebot worker")
    if rtf >= 1:
        return warns(tr("{told}: it speaks faster than it works, so there will be gaps", told=told), "voicebot voices")
    return fine(told)


async def _count_workers(config: TtsRabbitmq) -> int:
    """How many answer; a voice of this machine may stand in for them."""
    try:
        return sum(count for one in await list_voices(config) if isinstance(count := one["workers"], int))
    except VoiceUnavailable:
        return 0


def _level_db(said: list[Audio]) -> float:
    """The average level, below full scale."""
    samples = array("h", b"".join(one.pcm for one in said))
    if sys.byteorder == "big":
        samples.byteswap()
    power = sum(sample * sample for sample in samples) / max(1, len(samples))
    return 10 * math.log10(power / 32_768**2) if power else -math.inf


def _how_to_mend(config: TtsConfig) -> str:
    if isinstance(config, TtsPyttsx3) and not config.voice and sys.platform.startswith("linux"):
        return "sudo apt install libespeak-ng1"
    if isinstance(config, TtsPlugin):
        return "voicebot plugins"
    if isinstance(config, TtsRabbitmq):
        return "voicebot worker"
    return f"voicebot voices --tts {config.kind}"


async def check_phonemes(config: Config, *, seconds: float) -> Finding:
    """Whether the voice knows how the language is pronounced; for Japanese, how kanji are read."""
    tag = language_of(config)
    match config.tts:
        case TtsTone():
            return fine(tr("a tone needs none"))
        case TtsVoicevox() if tag.startswith("ja"):
            return fine(tr("VOICEVOX reads kanji itself"))
        case TtsVoicevox():
            told = tr("VOICEVOX speaks Japanese, and {language} is to be spoken", language=language_name(tag))
            return warns(told, "voicebot config set tts.kind pyttsx3")
        case TtsPlugin():
            return fine(config.tts.factory)
        case TtsPyttsx3() | TtsRabbitmq():
            pass
        case _:
            assert_never(config.tts)
    if isinstance(config.tts, TtsPyttsx3) and tag.startswith("ja") and sys.platform.startswith("linux"):
        return _check_kanji(seconds)
    voices = await list_voices(config.tts)
    tags = [list(map(str, found)) for one in voices if isinstance(found := one["languages"], list)]
    if isinstance(config.tts, TtsRabbitmq) and not any(tags):
        return fine(tr("the workers have their own"))
    if not closest(tag, tags):
        return fails(tr("there is no voice for {language}", language=language_name(tag)), "voicebot voices")
    return fine(tr("there is a voice for {language}", language=language_name(tag)))


def _check_kanji(seconds: float) -> Finding:
    """In a process of its own: the dictionary is unpacked at its first use, and panics where it cannot be."""
    kanji, right = _ONLY_DICTIONARY_KNOWS
    command = [sys.executable, "-P", "-c", _READ, str(Path(tts_folder).parent), kanji]
    missing = find_spec("haqumei") is None
    mend = install_command("haqumei") if missing else "voicebot paths"
    reader = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        told, _ = reader.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:  # it goes on: a dictionary that is half unpacked would help nobody
        assert reader.stdout is not None
        reader.stdout.close()
        reader.returncode = 0  # nobody waits for it: Popen would warn
        return warns(
            tr("the Japanese dictionary is not ready within {seconds:g} s", seconds=seconds), "voicebot doctor"
        )
    try:
        kana, notice = json.loads(told)
    except ValueError:
        return fails(tr("the Japanese reader ended with exit code {code}", code=reader.returncode), mend)
    if kana != right:
        return warns(
            foreign(notice, NOTICES) or tr("{kanji} is read {kana}, not {right}", kanji=kanji, kana=kana, right=right),
            mend,
        )
    return fine(tr("kanji are read: {kanji} is {kana}", kanji=kanji, kana=kana))
