"""The voice must be heard, and know how the language is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fake_voicevox import Answer, fake_voicevox, nobody_there
from voicebot.audio.pcm import wav_bytes
from voicebot.config.models import Config, SpokenConfig, TtsPlugin, TtsPyttsx3, TtsTone, TtsVoicevox
from voicebot.doctor.checkup import State
from voicebot.doctor.voice import check_phonemes, check_voice, language_of
from voicebot.speech import AudioFormat

pytestmark = pytest.mark.anyio


async def test_two_words_are_heard_with_their_level_and_rtf() -> None:
    found = await check_voice(Config(tts=TtsTone(kind="tone")))
    assert found.state is State.OK
    assert "dB, RTF 0." in found.text


async def test_an_engine_that_answers_with_silence_is_not_a_voice() -> None:
    with fake_voicevox() as engine:
        silence = wav_bytes(bytes(48_000), AudioFormat(24_000))
        engine.answers["/synthesis"] = Answer(200, silence, "audio/wav")
        found = await check_voice(Config(tts=TtsVoicevox(kind="voicevox", base_url=engine.url)))
    assert (found.state, found.command) == (State.FAILED, "voicebot voices")
    assert "nothing that can be heard" in found.text


async def test_an_engine_slower_than_speech_is_a_warning() -> None:
    found = await check_voice(Config(tts=TtsTone(kind="tone", rtf=1.2)))
    assert found.state is State.WARNING
    assert "gaps" in found.text


async def test_an_engine_that_is_not_there_is_told() -> None:
    with nobody_there() as address:
        found = await check_voice(Config(tts=TtsVoicevox(kind="voicevox", base_url=address)))
    assert (found.state, found.command) == (State.FAILED, "voicebot voices --tts voicevox")


async def test_a_voice_that_does_not_exist_is_told() -> None:
    found = await check_voice(Config(tts=TtsPyttsx3(voice="nobody's")))
    assert (found.state, found.command) == (State.FAILED, "voicebot voices --tts pyttsx3")


@pytest.mark.parametrize(
    ("config", "tag"),
    [
        (Config(), "en"),
        (Config(tts=TtsPyttsx3(voice="ja")), "ja"),
        (Config(tts=TtsPyttsx3(voice="roa/fr")), "fr"),
        (Config(spoken=SpokenConfig(language="ja")), "ja"),
    ],
)
def test_the_language_is_that_of_the_voice_else_of_the_settings_else_of_the_person(config: Config, tag: str) -> None:
    assert language_of(config) == tag


async def test_the_japanese_reader_reads_kanji() -> None:
    found = await check_phonemes(Config(tts=TtsPyttsx3(voice="ja")), seconds=30)
    assert found.state is State.OK
    assert "ナマビール" in found.text


async def test_a_reader_without_its_dictionary_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It said every kanji alone, and nobody was told before the first sentence."""
    (cache := tmp_path / "cache").touch()  # a file where the folder would be
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    found = await check_phonemes(Config(tts=TtsPyttsx3(voice="ja")), seconds=30)
    assert found.state is State.WARNING
    assert "kanji are read roughly" in found.text
    assert found.command == "voicebot paths"


async def test_a_dictionary_that_is_still_being_unpacked_is_a_warning() -> None:
    """The reader took longer than the check at its first start, was killed, and left half a dictionary."""
    found = await check_phonemes(Config(tts=TtsPyttsx3(voice="ja")), seconds=0.01)
    assert (found.state, found.command) == (State.WARNING, "voicebot doctor")
    assert "not ready within" in found.text


async def test_a_language_without_a_voice_is_told() -> None:
    found = await check_phonemes(Config(tts=TtsVoicevox(kind="voicevox")), seconds=5)
    assert (found.state, found.command) == (State.WARNING, "voicebot config set tts.kind pyttsx3")


async def test_a_plugin_that_is_not_there_is_told() -> None:
    config = Config(tts=TtsPlugin(kind="plugin", factory="no_such_package:make"))
    assert (await check_phonemes(config, seconds=5)).state is State.OK
    found = await check_voice(config)
    assert (found.state, found.command) == (State.FAILED, "voicebot plugins")
