"""The process in which pyttsx3 lives: its engine is bound to one thread and can hang, and only a process can be killed.

Run as a script, apart from the package so that it starts in a tenth of a second: `pyttsx3_child.py FILE [ja]`, with the
path of the sound file that it may write, and `ja` to load at once what only Japanese needs. One JSON object a line
comes in on standard input; each is answered on standard output by two big-endian 32-bit lengths, a JSON object and a
payload of those lengths. The process ends with its standard input.

    {"op": "voices"}                                  → {"voices": [{"id", "name", "languages"}]}
    {"op": "say", "text", "voice", "rate", "volume"}  → {} and the audio as a WAV or AIFF file
    {"op": "expect", "language"}                      → no answer: what only that language needs is loaded, on the side
    anything that fails                               → {"error": "…"}

The first answer, sent unasked, is {"driver": "espeak" | "nsss" | "sapi5"} or an error. Any answer may hold a "notice":
a sentence for the person.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import re
import shutil
import signal
import struct
import sys
import threading
import time
import unicodedata
from collections.abc import Callable
from typing import Any, BinaryIO

JAPANESE = re.compile(
    "[\u3005-\u3007\u3041-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]"
)
KANJI = re.compile("[\u3005\u3400-\u9fff\uf900-\ufaff]")
READINGS = "kanji_readings.txt"
"""Beside this file: how the commonest words and each kanji alone are read, where haqumei cannot be used."""
WAV_HEADER_BYTES = 44
FINISHED_WITHIN_SECONDS = 30.0
"""The caller's own deadline is shorter; this one only keeps an abandoned process from spinning."""

# What a Japanese reader says in another order, or says where the dictionary only pauses.
MONEY = re.compile(r"([¥￥$＄€£])\s*(\d[\d,]*(?:\.\d+)?[万億兆]?)(?:円|ドル|ユーロ|ポンド)?")
CURRENCIES = {"¥": "円", "￥": "円", "$": "ドル", "＄": "ドル", "€": "ユーロ", "£": "ポンド"}
RANGE = re.compile(r"(?<=[\d年月日時分秒円回人個章度%％])[〜～](?=第?\d)")
MINUS = re.compile(r"(?<![0-9A-Za-z])[-−](?=\d)")
SQUARED = re.compile("[\u00bc-\u00be\u2460-\u24ff\u3200-\u33ff]")
"""One character for several: ½ ① ㈱ ㎏."""

PAUSES = {"。": "。", "．": "。", "？": "？", "！": "！"} | dict.fromkeys("、，；：…‥", "、")
"""The marks that are heard; brackets, emoji and what else nobody reads out are spaces."""
SMALL = str.maketrans("ァィゥェォャュョヮヵヶ", "アイウエオヤユヨワカケ")
# espeak-ng knows these pairs; any other small kana makes it spell the whole word, letter by "Japanese letter".
SMALL_ALONE = re.compile(
    "(?<![フツクグ])ァ|(?<![ウフツクグ])ォ|(?<![ウフツクグテデ])ィ|(?<![ウフツクグシジチ])ェ|(?<![トド])ゥ"
    "|(?<![キギシジチヂニヒビピミリ])[ャョ]|(?<![キギシジチヂニヒビピミリテデフ])ュ|[ヮヵヶ]"
)
LONG_ALONE = re.compile("(?<![ァ-ヺ])ー+|(?<=[ンッー])ー+")
LONG_VOWEL = re.compile("(?<=[ァ-ヺ][アイウエオ])ー+")
"""Behind a vowel of its own the mark makes espeak-ng spell; the vowel twice is as long."""
JOINED_W = re.compile("(?<=[ウクスツヌフムユルグズヅブプュゥ])(?=ウ[ィェォ])")
STOP_ALONE = re.compile("ッ+(?![カ-ヂツ-ドハ-ポ])ー*")
V = re.compile("ヴ([ァィェォュ]?)|[ヷ-ヺ]")
AS_B = {"ァ": "バ", "ィ": "ビ", "ェ": "ベ", "ォ": "ボ", "ュ": "ビュ", "": "ブ"}
AS_B |= {"ヷ": "バ", "ヸ": "ビ", "ヹ": "ベ", "ヺ": "ボ"}
OLD = str.maketrans("ヲヰヱ", "オイエ")

Json = dict[str, Any]  # Any: JSON


class Voice:
    """pyttsx3's engine, driven in the only way that loses nothing: one utterance to a file at a time."""

    def __init__(self, file: str) -> None:
        prepare_espeak()
        import pyttsx3

        self.engine = pyttsx3.init()
        self.driver: str = getattr(self.engine, "driver_name", "")
        self._done = False
        self._failure: BaseException | None = None
        self._properties: Json = {}
        self.notices: list[str] = []
        """What the person has to be told with the next answer."""
        self._read_japanese: Callable[[str], str] | None = None
        self._loading: threading.Thread | None = None
        self._japanese_voice: str | None = None
        self.engine.connect("finished-utterance", self._on_finished)
        self.engine.connect("error", self._on_error)
        self._default_voice = self.engine.getProperty("voice")
        self._file = file
        self._synthesize("a")  # the first runAndWait() of a process returns before its work is done

    def _on_finished(self, **_: Any) -> None:
        self._done = True

    def _on_error(self, exception: BaseException | None = None, **_: Any) -> None:
        self._failure = exception

    def voices(self) -> list[Json]:
        return [
            {"id": v.id, "name": v.name, "languages": [str(language) for language in v.languages or []]}
            for v in self.engine.getProperty("voices")
        ]

    def expect(self, language: str) -> None:
        """Load on the side what only texts in `language` need."""
        if language == "ja" and self.driver == "espeak" and self._read_japanese is None and self._loading is None:
            self._loading = threading.Thread(target=self._load_japanese, daemon=True)
            self._loading.start()

    def warm_japanese(self) -> None:
        if self._loading is not None:
            self._loading.join()
        if self.driver == "espeak" and self._read_japanese is None:
            self._load_japanese()

    def _load_japanese(self) -> None:
        self._read_japanese, notice = open_japanese_reader(cache_folder())
        self.notices += [notice] if notice else []

    def say(self, text: str, voice: str, rate: int, volume: float) -> bytes:
        # kanji alone may be Chinese, but only a Chinese voice says so
        japanese = bool(JAPANESE.search(text)) and not re.match(r"(?:sit/)?(?:cmn|yue|hak)", voice)
        if japanese:
            if self.driver == "espeak":
                self.warm_japanese()
                assert self._read_japanese
                text = self._read_japanese(text)
                if not re.match(r"(?:jpx/)?ja\b", voice):
                    voice = ""  # any other voice of espeak-ng spells kana, letter by "Japanese letter"
            voice = voice or self._find_japanese_voice()
        self._set({"voice": voice or self._default_voice, "rate": rate, "volume": volume})
        # now and then an engine on a busy machine gives a file without audio; the next time it does not
        return self._synthesize(text) or self._synthesize(text)

    def _set(self, properties: Json) -> None:
        for name, value in properties.items():
            if value is not None and self._properties.get(name) != value:
                self.engine.setProperty(name, value)
                self._properties[name] = value

    def _settle(self) -> None:
        """Wait until espeak's own thread has nothing to do.

        The end of pyttsx3's loop cancels whatever that thread is at, be it the rate that was just set or the utterance.
        """
        if self.driver == "espeak":
            from pyttsx3.drivers import _espeak

            deadline = time.monotonic() + FINISHED_WITHIN_SECONDS
            while _espeak.IsPlaying() and time.monotonic() < deadline:
                time.sleep(0.0005)

    def _find_japanese_voice(self) -> str:
        """espeak-ng has one; of the voices of Windows and macOS the first that says it is Japanese."""
        if self._japanese_voice is None:
            self._japanese_voice = (
                "ja"
                if self.driver == "espeak"
                else next(
                    (
                        v["id"]
                        for v in self.voices()
                        if any(re.search(r"\bja\b|^ja|0x?411|jp", language, re.I) for language in v["languages"])
                        or re.search(r"ja[-_]jp|kyoko|otoya|haruka|ichiro|ayumi|sayaka", f"{v['id']} {v['name']}", re.I)
                    ),
                    "",
                )
            )
        return self._japanese_voice

    def _synthesize(self, text: str) -> bytes:
        if not text.strip():
            return b""  # pyttsx3 would wait for ever
        if os.path.exists(self._file):
            os.unlink(self._file)
        self._settle()
        self._done, self._failure = False, None
        self.engine.save_to_file(text, self._file)
        self.engine.runAndWait()
        deadline = time.monotonic() + FINISHED_WITHIN_SECONDS
        while not self._done and not self._failure and time.monotonic() < deadline:
            time.sleep(0.002)  # the drivers work in the background
        if self._failure:
            raise self._failure
        self._settle()
        try:
            with open(self._file, "rb") as file:
                data = file.read()
        except FileNotFoundError:
            return b""
        return data if len(data) > WAV_HEADER_BYTES else b""


def cache_folder() -> str:
    """Where we unpack what is large; only Linux needs it."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return os.path.join(base if os.path.isabs(base) else os.path.expanduser("~/.cache"), "voicebot")


def open_japanese_reader(cache: str) -> tuple[Callable[[str], str], str]:
    """What turns Japanese into kana for espeak-ng, and what the person has to be told of it.

    haqumei unpacks its dictionary into a cache folder, and panics where it cannot; then kanji are read roughly.
    """
    dictionary = os.path.join(cache, "haqumei")
    new = not os.path.isdir(dictionary)
    try:
        os.makedirs(dictionary, exist_ok=True)
        if not os.access(dictionary, os.W_OK | os.X_OK):
            raise PermissionError
        os.environ["XDG_CACHE_HOME"] = cache  # where haqumei makes its own folder
        import haqumei

        reader = haqumei.Haqumei()
        reader.run_frontend("あ")
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - a panic in Rust is not an Exception
        reason = "haqumei is not installed" if isinstance(error, ImportError) else str(error)
        if isinstance(error, OSError):
            reason = f"cannot write {dictionary}"
        return kana_roughly(), f"kanji are read roughly: {reason}"
    size = sum(
        os.path.getsize(os.path.join(folder, name)) for folder, _, names in os.walk(dictionary) for name in names
    )
    notice = f"unpacked the Japanese dictionary ({size / 1e6:.0f} MB) into {dictionary}" if new else ""
    return lambda text: kana_for_espeak(text, reader), notice


def kana_roughly() -> Callable[[str], str]:
    """What reads Japanese by a table alone: the longest word that it knows, else each kanji by itself."""
    readings: dict[str, str] = {}
    with open(os.path.join(os.path.dirname(__file__), READINGS), encoding="utf-8") as file:
        for line in file:
            kana, *words = line.split()
            readings |= dict.fromkeys(words, kana)
    longest = max(map(len, readings))

    def read(text: str) -> str:
        kana, start = "", 0
        text = unicodedata.normalize("NFKC", re.sub(r"\s*[\r\n]\s*", "。", text))
        text = re.sub("(?<=[\u3005\u3400-\u9fffァ-ヺー])は(?![ぁ-ん])|は(?=、)", "わ", text)  # the particle
        while start < len(text):
            for end in range(min(start + longest, len(text)), start, -1):
                if (reading := readings.get(text[start:end])) is not None:
                    kana += f" {reading}"
                    break
            else:
                end = start + 1
                kana += PAUSES.get(text[start], "" if KANJI.match(text[start]) else text[start])
            start = end
        kana = "".join(chr(ord(c) + 0x60) if "ぁ" <= c <= "ゖ" else c for c in kana)
        parts = re.split(r"([0-9]+(?:\.[0-9]+)?)", kana)  # espeak-ng reads numbers in Japanese
        for i in range(0, len(parts), 2):
            pause = "、" if i + 1 < len(parts) and parts[i].endswith(("、", "。")) else ""
            parts[i] = speakable_kana(parts[i]) + pause
        return " ".join(filter(None, parts))

    return read


def kana_for_espeak(text: str, haqumei: Any) -> str:  # Any: haqumei has no types
    """How `text` is read, in katakana that espeak-ng can say, with a space between accent phrases.

    The spaces matter: of a word of more than 80 kana espeak-ng loses the rest.
    """
    text = SQUARED.sub(lambda match: unicodedata.normalize("NFKC", match[0]), text)
    text = MONEY.sub(lambda match: match[2] + CURRENCIES[match[1]], text)
    text = MINUS.sub("マイナス", RANGE.sub("から", text))
    kana = ""
    for word in haqumei.run_frontend(re.sub(r"\s*[\r\n]\s*", "。", text)):
        if word.pron in "、？！":
            if word.string in {"〜", "～"} and re.search("[ァ-ヺ]$", kana):
                kana += "ー"
            else:
                kana += next((PAUSES[character] for character in word.string if character in PAUSES), " ")
        else:
            kana += ("" if word.chain_flag == 1 else " ") + word.pron
    return speakable_kana(kana)


def speakable_kana(kana: str) -> str:
    """`kana` without what makes espeak-ng spell a word: stray small kana, long marks and stops."""
    kana = re.sub("[^ァ-ヺー。、？！ ]", "", kana)  # ’ marks a vowel that is whispered
    kana = V.sub(lambda match: AS_B[match[0] if match[1] is None else match[1]], kana.translate(OLD))
    kana = re.sub(" +(?=ー)", "", kana)
    kana = SMALL_ALONE.sub(lambda match: match[0].translate(SMALL), kana)
    kana = LONG_ALONE.sub("", STOP_ALONE.sub("ッ ", kana))
    kana = LONG_VOWEL.sub(lambda match: match.string[match.start() - 1], kana)
    kana = JOINED_W.sub(" ", LONG_ALONE.sub("", kana))
    kana = re.sub(r" *([。、？！])[ 。、]*", r"\1", re.sub(" +", " ", kana))
    return re.sub("([ァ-ヺー]{40})(?=[ァ-ヺ])", r"\1 ", kana).strip(" 。、")


def prepare_espeak() -> None:
    """Let pyttsx3 find espeak-ng where the system has none: in the espeakng-loader wheel."""
    if not sys.platform.startswith("linux"):
        return
    for library in ("libespeak-ng.so.1", "libespeak.so.1"):
        try:
            ctypes.CDLL(library)
            return
        except OSError:
            continue
    try:
        import espeakng_loader
    except ImportError:
        return  # pyttsx3 says what is missing
    try:
        ctypes.CDLL(espeakng_loader.get_library_path(), mode=ctypes.RTLD_GLOBAL)
    except OSError:
        return  # it needs a newer glibc than its wheel says; pyttsx3 says what is missing
    os.environ["ESPEAK_DATA_PATH"] = os.path.dirname(espeakng_loader.get_data_path())


def answer(out: BinaryIO, header: Json, payload: bytes = b"") -> None:
    encoded = json.dumps(header).encode()
    out.write(struct.pack(">II", len(encoded), len(payload)) + encoded + payload)
    out.flush()


def handle(voice: Voice, request: Json) -> tuple[Json, bytes]:
    match request["op"]:
        case "voices":
            return {"voices": voice.voices()}, b""
        case "say":
            return {}, voice.say(request["text"], request["voice"], request["rate"], request["volume"])
        case op:
            raise ValueError(f"no such op: {op}")


def serve(open_voice: Callable[[], Voice], requests: BinaryIO, out: BinaryIO, *, japanese: bool) -> None:
    try:
        try:
            voice = open_voice()
        except Exception as error:  # noqa: BLE001 - whatever an engine raises is the caller's to report
            answer(out, {"error": f"{type(error).__name__}: {error}"})
            return
        answer(out, {"driver": voice.driver})
        if japanese:
            with contextlib.suppress(Exception):  # the first Japanese utterance says why
                voice.warm_japanese()
        for line in requests:
            try:
                request = json.loads(line)
                if request["op"] == "expect":
                    voice.expect(request["language"])
                    continue
                header, payload = handle(voice, request)
            except Exception as error:  # noqa: BLE001 - whatever it is, the parent gets it
                header, payload = {"error": f"{type(error).__name__}: {error}"}, b""
            if voice.notices:
                header = {**header, "notice": "; ".join(voice.notices)}
                voice.notices.clear()
            answer(out, header, payload)
    except BrokenPipeError:
        return  # nobody waits for an answer any more


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to understand
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # pyttsx3 prints to standard output
    file = sys.argv[1]
    try:
        serve(lambda: Voice(file), sys.stdin.buffer, out, japanese="ja" in sys.argv[2:])
    finally:
        shutil.rmtree(os.path.dirname(file), ignore_errors=True)  # also when the parent was killed


if __name__ == "__main__":
    main()
