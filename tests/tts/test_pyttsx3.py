"""What the operating system's voice promises: with the real library, and with engines that misbehave."""

from __future__ import annotations

import ctypes.util
import glob
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import wave
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path

import anyio
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.null_sink import wait_until
from tests.tts.said import only_clip
from voicebot.config.models import TtsPyttsx3
from voicebot.errors import SynthesisError, VoiceUnavailable
from voicebot.speech import Clip
from voicebot.tts import pyttsx3_child
from voicebot.tts.pyttsx3_local import Pyttsx3Synthesizer, open_pyttsx3

ROOT = Path(__file__).parents[2]
CHILD = Path(pyttsx3_child.__file__)
ESPEAK = shutil.which("espeak-ng")

with_engine = pytest.mark.skipif(
    sys.platform.startswith("linux")
    and not ctypes.util.find_library("espeak-ng")
    and not importlib.util.find_spec("espeakng_loader"),
    reason="needs espeak-ng: apt install libespeak-ng1",
)
on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="is about espeak-ng on Linux")
with_espeak = pytest.mark.skipif(ESPEAK is None, reason="needs the espeak-ng command: apt install espeak-ng")


@pytest.fixture(autouse=True)
def _a_temporary_folder_of_its_own(tmp_path: Path) -> Iterator[None]:
    """So that what is left behind can be told from what others leave."""
    folder, kept = tmp_path / "tmp", tempfile.tempdir
    folder.mkdir()
    tempfile.tempdir = str(folder)
    yield
    tempfile.tempdir = kept
    assert list(folder.iterdir()) == [], "nothing is left in the temporary folder"
    assert children(folder) == [], "no process is left"


def children(folder: Path | str) -> list[int]:
    """The processes whose command line names something in `folder`."""
    found = []
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            command = Path(path).read_bytes()
        except OSError:  # gone meanwhile
            continue
        if os.fsencode(str(folder)) + b"/voicebot-" in command:
            found.append(int(path.split("/")[2]))
    return found


async def lines_of(path: str) -> list[str]:
    return (await anyio.Path(path).read_text()).splitlines()


async def say(voice: Pyttsx3Synthesizer, text: str) -> Clip:
    return await only_clip(voice, text)


def loudness(clip: Clip) -> float:
    return float(np.abs(np.frombuffer(clip.pcm, "<i2").astype(float)).mean())


# ---------------------------------------------------------------- the real library


@with_engine
@pytest.mark.anyio
async def test_it_speaks() -> None:
    async with open_pyttsx3(TtsPyttsx3()) as voice:
        clip = await say(voice, "Good morning, this is a sentence of plain words.")
        short = await say(voice, "Yes.")
        assert voice.name.startswith("pyttsx3 ")
        assert voice.format == clip.format
    assert 1.5 < clip.seconds < 6
    assert 0.2 < short.seconds < 1.5
    assert loudness(clip) > 300


@with_engine
@pytest.mark.anyio
async def test_the_first_utterance_is_as_complete_as_the_later_ones() -> None:
    async with open_pyttsx3(TtsPyttsx3()) as voice:
        first, second, third = [await say(voice, "The very first words count as well.") for _ in range(3)]
    assert first.seconds == pytest.approx(second.seconds, abs=0.05)
    assert third.seconds == pytest.approx(second.seconds, abs=0.05)
    assert loudness(first) == pytest.approx(loudness(second), rel=0.05)


@with_engine
@pytest.mark.anyio
async def test_utterances_that_differ_sound_different_and_none_is_swallowed() -> None:
    async with open_pyttsx3(TtsPyttsx3()) as voice:
        clips = [await say(voice, "word " * count) for count in (1, 2, 4, 8, 16)]
    lengths = [clip.seconds for clip in clips]
    assert lengths == sorted(lengths)
    assert lengths[-1] > 4 * lengths[0]


@with_engine
@pytest.mark.anyio
async def test_rate_and_volume_are_heard() -> None:
    text = "A sentence to compare two voices with."
    async with open_pyttsx3(TtsPyttsx3(rate=120)) as slow, open_pyttsx3(TtsPyttsx3(rate=300, volume=0.3)) as fast:
        slowly, quickly = await say(slow, text), await say(fast, text)
    assert slowly.seconds > 1.5 * quickly.seconds
    assert loudness(slowly) > 1.5 * loudness(quickly)


@with_engine
@on_linux
@pytest.mark.anyio
async def test_a_voice_is_chosen_by_id_name_or_language() -> None:
    async with open_pyttsx3(TtsPyttsx3()) as voice:
        voices = await voice.voices()
    japanese = next(v for v in voices if v.id.endswith("/ja"))
    for wanted in (japanese.id, japanese.name.upper(), "ja"):
        async with open_pyttsx3(TtsPyttsx3(voice=wanted)) as voice:
            assert voice.name == f"pyttsx3 espeak {japanese.id}"
            assert (await say(voice, "こんにちは。")).seconds > 0.4


@with_engine
@on_linux
@pytest.mark.anyio
async def test_a_voice_is_found_by_the_name_or_the_tag_of_its_language() -> None:
    """`--voice English`, `ja-JP` and `zh` found nothing, and voices of other languages were suggested for them."""
    async with open_pyttsx3(TtsPyttsx3()) as voice:
        for wanted, id in {
            "English": "gmw/en",
            "en-US": "gmw/en-us",
            "ja-JP": "jpx/ja",
            "日本語": "jpx/ja",
            "zh": "sit/cmn",
            "英語": "gmw/en",
        }.items():
            await voice.choose(wanted)
            assert voice.name == f"pyttsx3 espeak {id}", wanted
        for wanted, told in {
            "Japanisch": "there is no voice 'Japanisch'; near to it: Japanese$",
            "Filipino": "there is no voice 'Filipino'$",
            "Zirra": "there is no voice 'Zirra'$",
        }.items():
            with pytest.raises(VoiceUnavailable, match=told):
                await voice.choose(wanted)


@with_engine
@pytest.mark.anyio
async def test_an_unknown_voice_is_refused_with_the_command_that_lists_them() -> None:
    with pytest.raises(VoiceUnavailable, match="Zarathustra") as raised:
        async with open_pyttsx3(TtsPyttsx3(voice="Zarathustra")):
            pytest.fail("it opened")
    assert "voicebot voices" in raised.value.hint


@with_engine
@pytest.mark.anyio
async def test_text_that_is_far_too_long_is_refused_and_the_next_sentence_works() -> None:
    """About 15,000 characters crash espeak-ng."""
    async with open_pyttsx3(TtsPyttsx3()) as voice:
        with pytest.raises(SynthesisError, match="20000 characters"):
            await say(voice, "a" * 20_000)
        assert (await say(voice, "word " * 200)).seconds > 30
        assert (await say(voice, "Fine.")).seconds > 0.2


@with_engine
@pytest.mark.anyio
@pytest.mark.parametrize(
    "text", ["one\0two", "one \ud800 two", "\udc80one two", "one\ntwo\r\n", '"one" \\ {two}', "one 🙂 two"]
)
async def test_strange_characters_break_neither_the_protocol_nor_the_sentence(text: str) -> None:
    async with open_pyttsx3(TtsPyttsx3()) as voice:
        assert (await say(voice, text)).seconds > 0.4
        assert (await say(voice, "Fine.")).seconds > 0.2


@with_engine
@pytest.mark.anyio
@pytest.mark.parametrize("text", ["\0", " ", "\n", "ー", "〜ゝ"])
async def test_what_cannot_be_said_is_an_error_at_once(text: str) -> None:
    """pyttsx3 waits for ever when it is given no text."""
    async with open_pyttsx3(TtsPyttsx3(timeout_seconds=30)) as voice:
        with anyio.fail_after(20), pytest.raises(SynthesisError, match="no audio"):
            await say(voice, text)
        assert (await say(voice, "Fine.")).seconds > 0.2


@on_linux
@with_espeak
@pytest.mark.anyio
@pytest.mark.parametrize("chosen", ["", "en-us"])
async def test_kanji_are_read_and_not_spelled(chosen: str) -> None:
    """espeak-ng alone says "Chinese letter" for each of them, and an English voice "Japanese letter" for each kana."""
    text = "今日は東京都で会議があります。"
    async with open_pyttsx3(TtsPyttsx3(voice=chosen)) as voice:
        clip = await say(voice, text)
    assert ESPEAK
    spelled = await anyio.run_process([ESPEAK, "-v", "ja", "-s", "200", "--stdout", text])
    with wave.open(BytesIO(spelled.stdout)) as file:
        spelled_seconds = len(file.readframes(1 << 30)) / 2 / file.getframerate()
    assert 1.2 < clip.seconds < 4
    assert clip.seconds < spelled_seconds / 2


@on_linux
@with_engine
@pytest.mark.anyio
async def test_a_long_japanese_sentence_without_a_mark_is_said_to_its_end() -> None:
    """Of a word of more than 80 kana espeak-ng said the beginning only."""
    part = "ひがしのくにからきたたびびとは"
    async with open_pyttsx3(TtsPyttsx3(), japanese_expected=True) as voice:
        once, many = await say(voice, part), await say(voice, part * 12)
    assert many.seconds > 9 * once.seconds


def without_system_espeak(*, loader: bool, loads: bool = True) -> list[str]:
    """The child on a machine whose linker knows no espeak until one is loaded, with or without espeakng-loader.

    Its library may be one that this machine does not load.
    """
    program = f"""
import ctypes, runpy, sys
class CDLL(ctypes.CDLL):
    def __init__(self, name, *arguments, **keywords):
        loaded = any("espeakng_loader" in line for line in open("/proc/self/maps"))
        if str(name).startswith("libespeak") and not loaded:
            raise OSError(f"{{name}}: cannot open shared object file: No such file or directory")
        if not {loads} and "espeakng_loader" in str(name):
            raise OSError("version `GLIBC_2.29' not found")
        super().__init__(name, *arguments, **keywords)
ctypes.CDLL = CDLL
ctypes.cdll = ctypes.LibraryLoader(CDLL)
if not {loader}:
    sys.modules["espeakng_loader"] = None
runpy.run_path({str(CHILD)!r}, run_name="__main__")
"""
    return [sys.executable, "-c", program]


@on_linux
@pytest.mark.skipif(not importlib.util.find_spec("espeakng_loader"), reason="needs espeakng-loader from PyPI")
@pytest.mark.anyio
async def test_without_a_system_library_the_one_from_pypi_speaks() -> None:
    async with open_pyttsx3(TtsPyttsx3(), command=without_system_espeak(loader=True)) as voice:
        assert 0.5 < (await say(voice, "Where does my voice come from?")).seconds < 5
        assert 0.3 < (await say(voice, "元気です。")).seconds < 3
        (child,) = children(tempfile.gettempdir())
        libraries = {line.split()[-1] for line in await lines_of(f"/proc/{child}/maps") if "espeak" in line}
    assert libraries
    assert all("espeakng_loader" in library for library in libraries)


@on_linux
@pytest.mark.anyio
@pytest.mark.parametrize(("loader", "loads"), [(False, True), (True, False)])
async def test_without_any_library_the_error_says_what_to_install(loader: bool, loads: bool) -> None:
    with pytest.raises(VoiceUnavailable, match="no working speech engine") as raised:
        async with open_pyttsx3(TtsPyttsx3(), command=without_system_espeak(loader=loader, loads=loads)):
            pytest.fail("it opened")
    assert "espeakng-loader" in raised.value.hint
    assert "libespeak-ng1" in raised.value.hint


# ---------------------------------------------------------------- Japanese for espeak-ng


def with_cache(folder: Path) -> list[str]:
    """The child of a person whose cache folder is this one."""
    program = f"import os, runpy; os.environ['XDG_CACHE_HOME'] = {str(folder)!r}; runpy.run_path({str(CHILD)!r}, "
    return [sys.executable, "-c", program + "run_name='__main__')"]


@on_linux
@with_engine
@pytest.mark.anyio
async def test_the_dictionary_is_unpacked_into_our_own_folder_and_that_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("haqumei")
    for _ in range(2):
        async with open_pyttsx3(TtsPyttsx3(timeout_seconds=60), command=with_cache(tmp_path / "cache")) as voice:
            assert (await say(voice, "元気です。")).seconds > 0.3
            assert (await say(voice, "天気です。")).seconds > 0.3
    [notice] = caplog.messages
    assert re.search(r"unpacked the Japanese dictionary \(\d+ MB\) into .*/voicebot/haqumei", notice)
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["voicebot"]


@on_linux
@with_engine
@pytest.mark.anyio
@pytest.mark.parametrize("in_the_way", ["voicebot", "voicebot/haqumei", "voicebot/haqumei/decompressed"])
async def test_where_the_dictionary_cannot_be_unpacked_kanji_are_read_roughly(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, in_the_way: str
) -> None:
    """haqumei's panic killed the engine twice, and Japanese failed after 20 s with the advice to install espeak-ng."""
    file = tmp_path / "cache" / in_the_way
    file.parent.mkdir(parents=True)
    file.write_text("")
    async with open_pyttsx3(TtsPyttsx3(timeout_seconds=60), command=with_cache(tmp_path / "cache")) as voice:
        short, long = await say(voice, "元気です。"), await say(voice, "今日は2024年の、とても元気な東京の一日です。")
    assert 0.3 < short.seconds < long.seconds
    [notice] = caplog.messages
    assert notice.startswith("kanji are read roughly: ")
    assert "Errno" not in notice


def test_the_table_alone_reads_words_particles_and_numbers() -> None:
    read = pyttsx3_child.kana_roughly()
    assert read("私は日本語を話します。") == "ワタシワ ニホンゴオ ハナシマス"
    assert read("東京は、３つです。") == "トーキョーワ、 3 ツデス"


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=40))
def test_the_table_alone_fails_on_no_text(text: str) -> None:
    assert pyttsx3_child.KANJI.search(pyttsx3_child.kana_roughly()(text)) is None


def kana(text: str) -> str:
    haqumei = pytest.importorskip("haqumei")
    return pyttsx3_child.kana_for_espeak(text, haqumei.Haqumei())


def spelled(text: str) -> bool:
    """Whether espeak-ng says a name of a letter, or changes to another language for it."""
    assert ESPEAK
    said = subprocess.run([ESPEAK, "-v", "ja", "-q", "-x", "--", text], capture_output=True, text=True, check=True)
    return "(en)" in said.stdout or "l'et@" in said.stdout


@with_espeak
def test_no_ordinary_sentence_has_a_letter_that_is_spelled() -> None:
    haqumei = pytest.importorskip("haqumei").Haqumei()
    read = {text: pyttsx3_child.kana_for_espeak(text, haqumei) for text in SENTENCES.split("\n")}
    assert [(text, said) for text, said in read.items() if spelled(said)] == []


SENTENCES = """\
今日は2024年5月3日、12:30に会いましょう。
値段は¥1,200で、円周率は3.14です。
100%正しい、５０％オフ、30℃と5kmと10kgと5㎏と5㎡
「こんにちは」『本』（かっこ）【重要】［注］｛波｝〈山〉《二重》〔亀〕
東京・大阪・名古屋、コーヒーとケーキ、そうですね〜
ﾊﾝｶｸｶﾅﾃﾞｽ｡ｺｰﾋｰ｡｢ﾊﾝｶｸ｣､･
人々と時々と佐々木さん、いすゞと学問のすゝめ
すごい😀ね🎉ありがとう♪え…本当ですか？！えっ‥
A&Bと1+1=2、5-3=2、2×3=6、6÷2=3、-5度
ABCを読む。GPT-4oとPythonのコード、C++とC#
メールはtest@example.comです。
第1章～第3章、20時～22時、1/2と50:50
①②③、〒100-0001、0120-123-456、½カップ、㈱、㌔
ゔぁいおりん、ヴァイオリン、スヴェン、ウィーン、ティー、フォーク、チェス、デュエット
※注意→右←左↑↓⇒ ○×△□●■☆★◎
〆切は一ヶ月後、三ヵ月、ゐ ゑ ヰ ヱ ヮ
ー
あーーー、んー、えーと。っ、あっ、ダァー、ガッアッ
ｗｗｗ草(笑)w
你好，世界。한국어と日本語。Привет、こんにちは。α波とβ版
Mr. Smithさんとé –—―ダッシュ‐- #タグ @人 *強調* _下線_ $100 €50 £30
あ゛え゜ゝゞヽヾ〃ヿゟ〼〽〒〓ㇷ゚ゎ
𠮷野家で𩸽を食べる"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("¥1,200です。", "セン ニヒャクエンデス"),
        ("￥500円", "ゴヒャクエン"),
        ("$100と€50", "ヒャクドルト ゴジューユーロ"),
        ("そうですね〜", "ソーデスネー"),
        ("20時〜22時", "ニジュージカラ ニジュー ニジ"),
        ("-5度", "マイナス ゴド"),
        ("「本」と言いました。", "ホン ト イイマシタ"),
        ("雨です\n晴れです", "アメデス。ハレデス"),
        ("本当ですか？", "ホントーデスカ？"),
        ("スヴェンのヴァイオリン", "スベンノ バイオリン"),
    ],
)
def test_marks_and_signs_are_said_as_a_reader_would(text: str, said: str) -> None:
    assert kana(text) == said


KANA = "".join(map(chr, range(0x30A1, 0x30FB)))


def test_a_long_vowel_behind_another_vowel_stays_long() -> None:
    """ジェイアール was said as ジェイアル, and 会おう as アオ."""
    assert pyttsx3_child.speakable_kana("ジェイアールノ") == "ジェイアアルノ"
    assert pyttsx3_child.speakable_kana("アオーヨ") == "アオオヨ"


@with_espeak
@settings(max_examples=15, deadline=None)
@given(st.lists(st.text(KANA + "ーー。、 ", min_size=1, max_size=12), min_size=20, max_size=60))
def test_no_combination_of_kana_is_spelled(words: list[str]) -> None:
    said = [pyttsx3_child.speakable_kana(word) for word in words]
    if spelled("。\n".join(said)):  # many at a time: a process costs more than a word
        assert [word for word in said if spelled(word)] == []


# ---------------------------------------------------------------- engines that misbehave


class Engine:
    """The engine of tests/tts/engines.py and what it was asked."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "engine.log"

    def command(self, *ways: str) -> list[str]:
        return [sys.executable, str(Path(__file__).with_name("engines.py")), ",".join(ways), str(self.log)]

    def lines(self) -> list[str]:
        return self.log.read_text().splitlines()

    def starts(self) -> int:
        return sum(line.startswith("start") for line in self.lines())

    def said(self) -> list[str]:
        return [json.loads(line) for line in self.lines() if not line.startswith(("start", "expect"))]


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return Engine(tmp_path)


@asynccontextmanager
async def opened(engine: Engine, *ways: str, seconds: float = 10.0) -> AsyncIterator[Pyttsx3Synthesizer]:
    """The voice with that engine; nothing in the test may take a minute."""
    with anyio.fail_after(40):
        async with open_pyttsx3(TtsPyttsx3(timeout_seconds=seconds), command=engine.command(*ways)) as voice:
            yield voice


@pytest.mark.anyio
async def test_the_engine_is_told_once_that_japanese_is_coming_before_it_has_to_say_any(engine: Engine) -> None:
    """It began to load its dictionary with the first Japanese clause, which was heard 0.6 s late."""
    async with opened(engine) as voice:
        for language in ("en", "ja", "ja-JP"):
            voice.expect(language)
        await say(voice, "はい。")
    assert engine.lines()[1:] == ["expect ja", json.dumps("はい。")]


@with_engine
@on_linux
@pytest.mark.anyio
async def test_what_japanese_needs_is_loaded_beside_another_sentence() -> None:
    pytest.importorskip("haqumei")
    async with open_pyttsx3(TtsPyttsx3()) as voice:
        voice.expect("ja")
        assert (await say(voice, "One moment, please.")).seconds > 0.5
        assert (await say(voice, "元気です。")).seconds > 0.3


@pytest.mark.anyio
async def test_an_engine_that_hangs_is_given_up_and_the_next_sentence_works(engine: Engine) -> None:
    async with opened(engine, seconds=1.5) as voice:
        with pytest.raises(SynthesisError, match=r"within 1\.5 s") as raised:
            await say(voice, "hang")
        assert "timeout_seconds" in raised.value.hint
        assert not isinstance(raised.value, VoiceUnavailable)
        assert (await say(voice, "next")).frames == 400
    assert engine.said() == ["hang", "next"]
    assert engine.starts() == 2


@pytest.mark.anyio
async def test_a_sentence_at_which_the_engine_crashes_is_said_by_a_new_one(engine: Engine) -> None:
    async with opened(engine) as voice:
        assert (await say(voice, "crash once")).frames == 1000
        assert (await say(voice, "next")).frames == 400
    assert engine.said() == ["crash once", "crash once", "next"]
    assert engine.starts() == 2


@pytest.mark.anyio
async def test_a_sentence_at_which_the_engine_always_crashes_is_an_error_and_the_next_works(engine: Engine) -> None:
    async with opened(engine) as voice:
        with pytest.raises(SynthesisError, match=r"crashed twice \(exit code 3\)"):
            await say(voice, "crash always")
        assert (await say(voice, "next")).frames == 400
    assert engine.said() == ["crash always", "crash always", "next"]


@pytest.mark.anyio
async def test_an_engine_that_dies_between_two_sentences_is_replaced_unnoticed(engine: Engine) -> None:
    async with opened(engine) as voice:
        await say(voice, "first")
        (child,) = children(tempfile.gettempdir())
        os.kill(child, signal.SIGKILL)
        assert (await say(voice, "second")).frames == 600


@pytest.mark.anyio
@pytest.mark.parametrize("answer", ["empty", "nothing", "garbage", "complain"])
async def test_an_answer_without_audio_is_an_error_of_that_sentence_alone(engine: Engine, answer: str) -> None:
    async with opened(engine) as voice:
        with pytest.raises(SynthesisError, match=r"pyttsx3 (gave no audio|failed: ValueError: cannot say that)"):
            await say(voice, answer)
        assert (await say(voice, "next")).frames == 400
    assert engine.starts() == 1


@pytest.mark.anyio
async def test_an_engine_that_answers_in_no_protocol_is_replaced(engine: Engine) -> None:
    """Waiting for its exit code stopped the event loop for ever."""
    async with opened(engine) as voice:
        with pytest.raises(SynthesisError, match="stopped answering"):
            await say(voice, "babble")
        assert (await say(voice, "next")).frames == 400


@pytest.mark.anyio
@pytest.mark.parametrize("way", ["crash-on-start", "fail-on-start"])
async def test_an_engine_that_does_not_start_says_what_to_install(engine: Engine, way: str) -> None:
    with pytest.raises(VoiceUnavailable) as raised:
        async with opened(engine, way):
            pytest.fail("it opened")
    assert "--tts" in raised.value.hint


@pytest.mark.anyio
async def test_an_engine_that_hangs_at_its_start_can_be_cancelled_and_leaves_nothing(engine: Engine) -> None:
    with anyio.move_on_after(1.0) as scope:
        async with open_pyttsx3(TtsPyttsx3(), command=engine.command("hang-on-start")):
            pytest.fail("it opened")
    assert scope.cancelled_caught


@pytest.mark.anyio
async def test_a_command_that_does_not_exist_is_a_voice_that_is_missing() -> None:
    with pytest.raises(VoiceUnavailable, match="does not start"):
        async with open_pyttsx3(TtsPyttsx3(), command=["/no/such/engine"]):
            pytest.fail("it opened")


@pytest.mark.anyio
@pytest.mark.parametrize("text", ["linger", "hang"])
async def test_a_cancelled_sentence_leaves_the_voice_usable_at_once(engine: Engine, text: str) -> None:
    async with opened(engine, seconds=30) as voice:
        for number in range(3):
            with anyio.move_on_after(0.05) as scope:
                await say(voice, f"{text} {number}")
            assert scope.cancelled_caught
            with anyio.fail_after(
                10
            ):  # it waited out the whole timeout_seconds for the sentence nobody wanted any more
                assert (await say(voice, "n" * (number + 1))).frames == 100 * (number + 1)


@pytest.mark.anyio
async def test_a_sentence_cancelled_at_any_moment_is_never_answered_to_the_next(engine: Engine) -> None:
    async with opened(engine) as voice:
        for number in range(30):
            with anyio.move_on_after(number % 10 * 0.0005):
                await say(voice, "x" * 50)
            length = 1 + number % 7
            assert (await say(voice, "n" * length)).frames == 100 * length


@pytest.mark.anyio
async def test_two_sentences_at_once_are_said_one_after_the_other(engine: Engine) -> None:
    lengths: dict[int, int] = {}

    async def one(voice: Pyttsx3Synthesizer, length: int) -> None:
        lengths[length] = (await say(voice, "n" * length)).frames

    async with opened(engine) as voice, anyio.create_task_group() as tasks:
        for length in range(1, 9):
            tasks.start_soon(one, voice, length)
    assert lengths == {length: 100 * length for length in range(1, 9)}


@pytest.mark.anyio
async def test_closing_while_the_engine_hangs_leaves_nothing_behind(engine: Engine) -> None:
    async with opened(engine) as voice:
        with anyio.move_on_after(0.2):
            await say(voice, "hang")
        assert len(children(tempfile.gettempdir())) == 1
    assert children(tempfile.gettempdir()) == []


@with_engine
@pytest.mark.anyio
async def test_the_terminals_ctrl_c_is_not_for_the_engine() -> None:
    async with open_pyttsx3(TtsPyttsx3()) as voice:
        (child,) = children(tempfile.gettempdir())
        assert os.getpgid(child) != os.getpgid(0)
        os.kill(child, signal.SIGINT)
        await anyio.sleep(0.2)
        assert (await say(voice, "Still here.")).seconds > 0.3
        assert children(tempfile.gettempdir()) == [child]


KILLED = """
import anyio, sys, tempfile
from voicebot.config.models import TtsPyttsx3
from voicebot.tts.pyttsx3_local import open_pyttsx3
tempfile.tempdir = sys.argv[1]
async def main():
    async with open_pyttsx3(TtsPyttsx3()):
        print("ready", flush=True)
        await anyio.sleep_forever()
anyio.run(main)
"""


@with_engine
@on_linux
def test_nothing_is_left_when_the_program_is_killed() -> None:
    folder = tempfile.gettempdir()
    with subprocess.Popen([sys.executable, "-c", KILLED, folder], cwd=ROOT, stdout=subprocess.PIPE) as program:
        assert program.stdout
        assert program.stdout.readline() == b"ready\n"
        assert len(children(folder)) == 1
        program.kill()
    wait_until(lambda: not children(folder), "the engine outlived the program")
    wait_until(lambda: not os.listdir(folder), "its folder outlived the program")
