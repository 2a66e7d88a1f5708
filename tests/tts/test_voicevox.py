"""The VOICEVOX voice, against a real server on loopback."""

from __future__ import annotations

import json
from contextlib import AbstractAsyncContextManager, aclosing

import anyio
import pytest
from anyio import to_thread

from tests.fake_voicevox import (
    Answer,
    FakeVoicevox,
    audio_query,
    contract,
    fake_voicevox,
    nobody_there,
    pitched,
    speech_frames,
    speech_samples,
    tone_wav,
)
from tests.tts.said import only_clip
from voicebot.config.models import TtsVoicevox
from voicebot.errors import SynthesisError, VoiceUnavailable
from voicebot.speech import AudioFormat, Clip
from voicebot.text.respelling import OwnWords
from voicebot.tts.voicevox import VoicevoxSynthesizer, list_voices, open_voicevox
from voicebot.tts.voicevox_styles import VoicevoxStyle, choose_style

pytestmark = pytest.mark.anyio

GREETING = "こんにちは、世界。"
WAV = "audio/wav"


def open_voice(engine: FakeVoicevox, **settings: object) -> AbstractAsyncContextManager[VoicevoxSynthesizer]:
    return open_voicevox(TtsVoicevox.model_validate({"kind": "voicevox", "base_url": engine.url, **settings}))


async def synthesize(engine: FakeVoicevox, text: str = GREETING, **settings: object) -> Clip:
    async with open_voice(engine, **settings) as voice:
        return await only_clip(voice, text)


# ---------------------------------------------------------------- the fake is true to the engine


async def test_the_fake_speaks_as_long_as_the_real_engine_did() -> None:
    query = {**contract("audio_query-empty")["response"], "accent_phrases": contract("accent_phrases-kana")["response"]}
    headers = contract("synthesis-response-headers")
    assert speech_frames(query) == 86
    wav = tone_wav(speech_samples(query), query["outputSamplingRate"])
    assert len(wav) == headers["total_bytes"]
    assert wav[:44].hex() == headers["first_44_bytes_hex"]


# ---------------------------------------------------------------- speaking


async def test_a_clip_is_as_long_as_its_moras_say() -> None:
    with fake_voicevox() as engine:
        clip = await synthesize(engine)
    assert clip.frames == speech_samples(audio_query(GREETING, 24_000))
    assert clip.format == AudioFormat(24_000)


async def test_opening_leaves_the_style_loaded_and_speaking_takes_two_requests() -> None:
    with fake_voicevox() as engine:
        async with open_voice(engine, voice=3) as voice:
            assert engine.paths == ["/version", "/speakers", "/initialize_speaker", "/engine_manifest"]
            assert engine.last("/initialize_speaker").query == {"speaker": "3", "skip_reinit": "true"}
            await only_clip(voice, "はい。")
    assert engine.paths[4:] == ["/audio_query", "/synthesis"]
    assert engine.last("/audio_query").query == {"text": "はい。", "speaker": "3"}
    assert engine.last("/synthesis").query == {"speaker": "3"}


async def test_the_configured_manner_of_speaking_reaches_the_engine_and_the_rest_of_the_query_is_its_own() -> None:
    with fake_voicevox() as engine:
        await synthesize(engine, speed=1.5, pitch=0.05, intonation=0.8, volume=1.2)
    assert engine.last("/synthesis").body == {
        **audio_query(GREETING, 24_000),
        "speedScale": 1.5,
        "pitchScale": 0.05,
        "intonationScale": 0.8,
        "volumeScale": 1.2,
    }


async def test_fields_of_other_engines_go_back_to_them() -> None:
    query = {**audio_query("はい。", 24_000), "tempoDynamicsScale": 1.0}
    with fake_voicevox(answers={"/audio_query": Answer(200, json.dumps(query).encode())}) as engine:
        await synthesize(engine, "はい。")
    assert engine.last("/synthesis").body["tempoDynamicsScale"] == 1.0


async def test_faster_speech_is_shorter() -> None:
    with fake_voicevox() as engine:
        normal = await synthesize(engine)
        fast = await synthesize(engine, speed=2)
    assert fast.frames < 0.6 * normal.frames


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\u2028", "\n\n"])
async def test_newlines_never_truncate_speech(newline: str) -> None:
    with fake_voicevox() as engine:
        clip = await synthesize(engine, f"一行目です。{newline}二行目です。")
        one_line = await synthesize(engine, "一行目です。 二行目です。")
    assert clip.frames == one_line.frames


@pytest.mark.parametrize("text", ["", "。", "……", "🎉", "\n"])
async def test_what_has_no_sound_is_shown_only(text: str) -> None:
    with fake_voicevox() as engine:
        clip = await synthesize(engine, text)
        assert "/synthesis" not in engine.paths
    assert (clip.pcm, clip.format, clip.skipped) == (b"", AudioFormat(24_000), False)


async def test_half_a_character_does_not_stop_the_voice() -> None:
    with fake_voicevox() as engine:
        clip = await synthesize(engine, "はい\ud83d。")
    assert clip.frames


@pytest.mark.parametrize("text", ["AT&Tは、50%の？#1+1です。", "a=b&speaker=99", "日本語 と English"])
async def test_text_reaches_the_engine_unchanged(text: str) -> None:
    with fake_voicevox() as engine:
        await synthesize(engine, text)
    assert engine.last("/audio_query").query == {"text": text, "speaker": "2"}


async def test_another_sample_rate_is_known_from_the_start_and_flows_through() -> None:
    with fake_voicevox(sample_rate=44_100) as engine:
        async with open_voice(engine) as voice:
            assert voice.format == AudioFormat(44_100)
            clip = await only_clip(voice, GREETING)
    assert clip.format == AudioFormat(44_100)
    assert clip.frames == speech_samples(audio_query(GREETING, 44_100))


async def test_an_engine_without_manifest_and_initialisation_speaks_all_the_same() -> None:
    missing = Answer(404, b'{"detail": "Not Found"}')
    with fake_voicevox(answers={"/engine_manifest": missing, "/initialize_speaker": missing}) as engine:
        async with open_voice(engine) as voice:
            assert voice.format == AudioFormat(24_000)
            assert (await only_clip(voice, GREETING)).frames


async def test_a_sample_rate_that_cannot_be_is_an_answer_that_cannot_be_read() -> None:
    """A rate of 0 was a ZeroDivisionError."""
    query = b'{"accent_phrases": [], "outputSamplingRate": 0}'
    with fake_voicevox(
        answers={
            "/engine_manifest": Answer(200, b'{"default_sampling_rate": 0}'),
            "/audio_query": Answer(200, query),
        }
    ) as engine:
        async with open_voice(engine) as voice:
            assert voice.format == AudioFormat(24_000)
            with pytest.raises(SynthesisError):
                await only_clip(voice, GREETING)


async def test_the_engine_is_asked_for_one_thing_at_a_time() -> None:
    clips: list[Clip] = []
    with fake_voicevox(delays={"/synthesis": 0.02}) as engine:
        async with open_voice(engine) as voice, anyio.create_task_group() as tasks:

            async def speak() -> None:
                clips.append(await only_clip(voice, "はい。"))

            for _ in range(4):
                tasks.start_soon(speak)
    assert len(clips) == 4
    assert engine.most_at_once == 1


async def test_no_origin_is_sent() -> None:
    with fake_voicevox() as engine:
        await synthesize(engine)
    assert all("origin" not in request.headers for request in engine.requests)


async def test_cancelling_leaves_the_voice_usable() -> None:
    with fake_voicevox() as engine:
        async with open_voice(engine) as voice:
            for path in ("/audio_query", "/synthesis"):
                engine.delays = {path: 30}
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(only_clip, voice, GREETING)
                    while path not in engine.paths:
                        await to_thread.run_sync(engine.arrived.acquire, True, 1.0)
                    tasks.cancel_scope.cancel()
                engine.delays = {}
                engine.requests.clear()
            assert (await only_clip(voice, GREETING)).frames


# ---------------------------------------------------------------- choosing a voice


@pytest.mark.parametrize(
    ("voice", "name", "style_id"),
    [
        ("", "四国めたん/ノーマル", 2),
        (1, "ずんだもん/あまあま", 1),
        ("1", "ずんだもん/あまあま", 1),
        (" ３ ", "ずんだもん/ノーマル", 3),
        ("ずんだもん/あまあま", "ずんだもん/あまあま", 1),
        ("ずんだもん", "ずんだもん/ノーマル", 3),
    ],
)
async def test_a_voice_is_chosen_by_style_id_or_name(voice: int | str, name: str, style_id: int) -> None:
    with fake_voicevox() as engine:
        async with open_voice(engine, voice=voice) as opened:
            assert opened.name == f"voicevox {name}"
            assert opened.credit == f"VOICEVOX:{name.partition('/')[0]}"
            await only_clip(opened, "はい。")
    assert engine.last("/synthesis").query == {"speaker": str(style_id)}


@pytest.mark.parametrize("generation", ["0.25.2", "0.26.0"])
@pytest.mark.parametrize("voice", [999, 38, "ずんだもん/ヒソヒソ", "ずんだもち", "四国めたん/つんつん"])
async def test_a_voice_that_cannot_talk_is_refused_before_it_is_needed(voice: int | str, generation: str) -> None:
    """Old engines take any style id, and then crash or say it in another voice."""
    with fake_voicevox(generation=generation) as engine:
        with pytest.raises(VoiceUnavailable, match="has no voice") as caught:
            async with open_voice(engine, voice=voice):
                pass
        assert engine.paths == ["/version", "/speakers"]
    assert caught.value.hint == "list them: voicebot voices --tts voicevox"


@pytest.mark.parametrize(
    ("voice", "near"),
    [("ずんだもち", "near to it: ずんだもん"), (999, "it has 四国めたん/ノーマル, 四国めたん/あまあま")],
)
async def test_an_unknown_voice_is_answered_with_the_ones_that_are_there(voice: int | str, near: str) -> None:
    with fake_voicevox() as engine, pytest.raises(VoiceUnavailable, match=near):
        async with open_voice(engine, voice=voice):
            pass


@pytest.mark.parametrize("voice", ["ja-JP", "Japanese", "日本語"])
async def test_any_voice_speaks_japanese(voice: str) -> None:
    with fake_voicevox() as engine:
        async with open_voice(engine, voice=voice) as opened:
            assert opened.name == "voicevox 四国めたん/ノーマル"


async def test_asking_for_another_language_says_that_the_engine_has_only_japanese() -> None:
    with fake_voicevox() as engine, pytest.raises(VoiceUnavailable, match="no voice for English") as caught:
        async with open_voice(engine, voice="English"):
            pass
    assert "near to it" not in caught.value.message


async def test_only_talking_styles_are_listed_in_the_engines_order() -> None:
    with fake_voicevox() as engine:
        voices = await list_voices(TtsVoicevox(kind="voicevox", base_url=engine.url, voice="nobody"))
    assert [voice.style_id for voice in voices] == [2, 0, 36, 3, 1, 8]
    assert voices[0] == VoicevoxStyle(2, "四国めたん", "ノーマル")


async def test_styles_that_can_be_streamed_talk_too() -> None:
    """The next engine release types its styles `streaming_talk`: none of them was left, or another was taken."""
    styles = [
        {"name": "ノーマル", "id": 3, "type": "streaming_talk"},
        {"name": "あまあま", "id": 1, "type": "talk"},
        {"name": "歌", "id": 6000, "type": "singing_teacher"},
        {"name": "ヒソヒソ", "id": 3001, "type": "frame_decode"},
    ]
    with fake_voicevox(speakers=[{"name": "ずんだもん", "styles": styles}]) as engine:
        voices = await list_voices(TtsVoicevox(kind="voicevox", base_url=engine.url))
        clip = await synthesize(engine, voice="ずんだもん")
    assert [voice.style_id for voice in voices] == [3, 1]
    assert clip.frames
    assert engine.last("/synthesis").query == {"speaker": "3"}


@pytest.mark.parametrize(
    ("brand", "credit"),
    [
        ("VOICEVOX", "VOICEVOX:四国めたん"),
        ("VOICEVOX OSS", "VOICEVOX:四国めたん"),
        ("VOICEVOX Nemo", "VOICEVOX Nemo"),
        ("AivisSpeech", ""),
        ("SHAREVOX", "SHAREVOX:四国めたん"),
    ],
)
async def test_the_credit_is_the_one_that_the_engines_brand_asks_for(brand: str, credit: str) -> None:
    """Sound of AivisSpeech was credited to VOICEVOX."""
    with fake_voicevox(brand=brand) as engine:
        async with open_voice(engine) as voice:
            assert voice.credit == credit
            async with aclosing(voice.synthesize(GREETING)) as pieces:
                assert [audio.credit async for audio in pieces] == [credit]


async def test_engines_addresses_and_styles_are_told_apart_by_identity() -> None:
    """What a style costs on a slow machine was taken for what it costs on a fast one."""

    async def identity(engine: FakeVoicevox, voice: int = 3) -> str:
        async with open_voice(engine, voice=voice) as opened:
            return opened.identity

    with fake_voicevox() as here, fake_voicevox() as there:
        seen = [await identity(here), await identity(there), await identity(here, voice=1)]
        here.brand = "AivisSpeech"
        seen.append(await identity(here))
        assert len(set(seen)) == 4
        assert await identity(there) == seen[1]


async def test_the_captured_speakers_and_styles_without_type_are_understood() -> None:
    speakers = contract("speakers")
    del speakers[0]["styles"][0]["type"]
    with fake_voicevox(speakers=speakers) as engine:
        voices = await list_voices(TtsVoicevox(kind="voicevox", base_url=engine.url))
    assert [voice.name for voice in voices] == [
        "dummy1/style0",
        "dummy1/style1",
        "dummy2/style0",
        "dummy2/style1",
        "dummy3/style0",
    ]


async def test_an_engine_without_voices_says_so() -> None:
    with pytest.raises(VoiceUnavailable, match="has no voice"):
        choose_style([], "", address="http://127.0.0.1:50021")


# ---------------------------------------------------------------- failures


async def test_an_engine_that_is_down_is_unavailable_and_says_what_to_do() -> None:
    with nobody_there() as url:
        config = TtsVoicevox(kind="voicevox", base_url=url)
        with pytest.raises(VoiceUnavailable, match=f"no VOICEVOX engine answers at {url}") as caught:
            async with open_voicevox(config):
                pass
        with pytest.raises(VoiceUnavailable, match="no VOICEVOX engine answers"):
            await list_voices(config)
    assert "start VOICEVOX" in caught.value.hint
    assert "tts.base_url" in caught.value.hint
    assert "--tts pyttsx3" in caught.value.hint


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, b"<!doctype html><title>Hello</title>", "text/html"),
        Answer(200, b'{"version": "0.5.1"}'),
        Answer(404, b'{"detail": "Not Found"}'),
        Answer(200, b"\xff\xfe"),
    ],
)
@pytest.mark.parametrize("path", ["/version", "/speakers"])
async def test_another_server_is_not_taken_for_an_engine(path: str, answer: Answer) -> None:
    with fake_voicevox(answers={path: answer}) as engine, pytest.raises(VoiceUnavailable) as caught:
        async with open_voice(engine):
            pass
    assert "tts.base_url" in caught.value.hint


async def test_an_engine_that_does_not_get_ready_in_time_is_unavailable() -> None:
    slow = fake_voicevox(delays={"/initialize_speaker": 30})
    too_late = pytest.raises(VoiceUnavailable, match=r"/initialize_speaker within 1\.5 s")
    with slow as engine, too_late as caught:
        async with open_voice(engine, timeout_seconds=1.5):
            pass
    assert "tts.timeout_seconds" in caught.value.hint


@pytest.mark.parametrize("path", ["/audio_query", "/synthesis"])
async def test_an_utterance_that_takes_too_long_is_given_up_and_the_next_one_is_said(path: str) -> None:
    with fake_voicevox() as engine:
        async with open_voice(engine, timeout_seconds=1.5) as voice:
            engine.delays = {path: 30}
            with pytest.raises(SynthesisError, match=r"did not finish .* within 1\.5 s") as caught:
                await only_clip(voice, GREETING)
            engine.delays = {}
            assert (await only_clip(voice, GREETING)).frames
    assert not isinstance(caught.value, VoiceUnavailable)


@pytest.mark.parametrize("path", ["/audio_query", "/synthesis"])
async def test_a_connection_that_breaks_costs_one_utterance(path: str) -> None:
    with fake_voicevox() as engine:
        async with open_voice(engine) as voice:
            engine.hang_ups = {path}
            with pytest.raises(SynthesisError, match="broke") as caught:
                await only_clip(voice, GREETING)
            engine.hang_ups = set()
            assert (await only_clip(voice, GREETING)).frames
    assert not isinstance(caught.value, VoiceUnavailable)


async def test_an_engine_that_is_gone_in_the_middle_is_unavailable() -> None:
    with fake_voicevox() as engine:
        opened = open_voice(engine)
        voice = await opened.__aenter__()
    try:
        with pytest.raises(VoiceUnavailable, match="no VOICEVOX engine answers"):
            await only_clip(voice, GREETING)
    finally:
        await opened.__aexit__(None, None, None)


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("preset id unknown", "該当するプリセットIDが見つかりません"),
        ("speaker not an integer", "query.speaker: Input should be a valid integer"),
        ("bad kana", "アクセントを指定していないアクセント句があります: コンニチワ"),
        ("unknown style id, query", "指定されたスタイルが見つかりませんでした。"),
        ("synthesis: speedScale 0", "Internal Server Error"),
    ],
)
async def test_every_shape_of_the_engines_errors_keeps_its_words(case: str, words: str) -> None:
    captured = next(e for e in contract("errors") if e["case"] == case and e["status"] >= 400)
    answer = Answer(captured["status"], json.dumps(captured["response"]).encode())
    with fake_voicevox() as engine:
        async with open_voice(engine) as voice:
            engine.answers = {"/synthesis": answer}
            with pytest.raises(SynthesisError) as caught:
                await only_clip(voice, GREETING)
    assert f"{captured['status']}" in caught.value.message
    assert words in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"RIFF",
        b"<html></html>",
        tone_wav(0, 24_000),
        tone_wav(100, 24_000)[:30],
        b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x07\0\1\0\xc0\x5d\0\0\xc0\x5d\0\0\1\0\x08\0data\4\0\0\0\0\0\0\0",  # µ-law
    ],
    ids=["empty", "cut", "html", "no frames", "half a header", "mu-law"],
)
async def test_audio_that_cannot_be_read_costs_one_utterance(body: bytes) -> None:
    with fake_voicevox() as engine:
        async with open_voice(engine) as voice:
            engine.answers = {"/synthesis": Answer(200, body, WAV)}
            with pytest.raises(SynthesisError, match=r"sent (no audio|audio that cannot be read)"):
                await only_clip(voice, GREETING)
            engine.answers = {}
            assert (await only_clip(voice, GREETING)).frames


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{}", b'{"accent_phrases": 1}', b"\xff"])
async def test_a_query_that_cannot_be_read_is_an_error_and_no_crash(body: bytes) -> None:
    with fake_voicevox() as engine:
        async with open_voice(engine) as voice:
            engine.answers = {"/audio_query": Answer(200, body)}
            with pytest.raises(SynthesisError, match="audio query that cannot be read"):
                await only_clip(voice, GREETING)


# ---------------------------------------------------------------- accents of the person's own words

OWN = OwnWords(accents={"ボイスボックス": 0, "パイソン": 2})
OWN_TEXT = "VOICEVOXはPythonから使えます。"


async def said_with(engine: FakeVoicevox, words: OwnWords, text: str) -> object:
    """The accent phrases that were synthesized."""
    config = TtsVoicevox.model_validate({"kind": "voicevox", "base_url": engine.url})
    async with open_voicevox(config, words=lambda: words) as voice:
        await only_clip(voice, text)
    return engine.last("/synthesis").body["accent_phrases"]


async def test_a_word_of_the_dictionary_is_said_with_its_accent() -> None:
    """`voicebot dict add … --accent` was kept in the file, and never heard."""
    with fake_voicevox() as engine:
        engine.answers["/audio_query"] = Answer(200, json.dumps(audio_query(OWN_TEXT, 24_000)).encode())
        phrases = await said_with(engine, OWN, "ボイスボックスはパイソンから使えます。")
        assert engine.paths[-3:] == ["/audio_query", "/mora_data", "/synthesis"]
        assert engine.last("/mora_data").query == {"speaker": "2"}
    own = engine.last("/mora_data").body
    assert [("".join(mora["text"] for mora in phrase["moras"]), phrase["accent"]) for phrase in own] == [
        ("ボイスボックスワ", 8),
        ("パイソンカラ", 2),
        ("ツカエマス", 4),
    ]
    assert phrases == [pitched(phrase) for phrase in own]


async def test_without_such_a_word_nothing_else_is_asked() -> None:
    with fake_voicevox() as engine:
        await said_with(engine, OWN, GREETING)
        assert engine.paths[-2:] == ["/audio_query", "/synthesis"]


@pytest.mark.parametrize("answer", [Answer(404, b"{}"), Answer(200, b"nonsense")])
async def test_an_engine_that_takes_no_accents_says_its_own(answer: Answer) -> None:
    with fake_voicevox() as engine:
        engine.answers["/audio_query"] = Answer(200, json.dumps(audio_query(OWN_TEXT, 24_000)).encode())
        engine.answers["/mora_data"] = answer
        phrases = await said_with(engine, OWN, "ボイスボックスはパイソンから使えます。")
    assert phrases == audio_query(OWN_TEXT, 24_000)["accent_phrases"]
