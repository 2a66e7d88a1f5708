"""The process in which pyttsx3 lives: its engine is bound to one thread, can hang or crash, and only a process can be killed.

Run as a script with the path of the sound file it may write, apart from the package so that it starts in a tenth of a second. One JSON object a line comes in on
standard input; each is answered on standard output by two big-endian 32-bit lengths, a JSON object and a payload of
those lengths. The process ends with its standard input.

    {"op": "voices"}                                                → {"voices": [{"id", "name", "languages"}]}
    {"op": "warm_japanese"}                                         → {}
    {"op": "say", "text", "voice", "rate", "volume"}                → {} and the audio as a WAV or AIFF file
    anything that fails                                             → {"error": "…", "fatal": true | false}

The first answer, sent unasked, is {"driver": "espeak" | "nsss" | "sapi5"} or an error.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import shutil
import signal
import struct
import sys
import time
from collections.abc import Callable
from typing import Any, BinaryIO

JAPANESE = re.compile(r"[\u3041-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff\uff66-\uff9f]")
KANA = re.compile(r"[\u3041-\u30ff\uff66-\uff9f]")
FINISHED_WITHIN_SECONDS = 30.0
"""The caller's own deadline is shorter; this one only keeps an abandoned process from spinning."""

# espeak-ng spells out marks that a Japanese reader passes over in silence, and "¥" does not wait for its number.
YEN = re.compile(r"[¥￥]\s*([\d,.]+)")
FOR_ESPEAK = str.maketrans(
    {"・": " ", "〜": "ー", "～": "ー", "：": " ", "／": " ", "＝": " ", "＋": "プラス", "＆": "アンド"}
)

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
        self._haqumei: Any = None  # Any: haqumei has no types
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

    def close(self) -> None:
        shutil.rmtree(os.path.dirname(self._file), ignore_errors=True)  # also when the parent was killed

    def voices(self) -> list[Json]:
        return [
            {"id": v.id, "name": v.name, "languages": [str(language) for language in v.languages or []]}
            for v in self.engine.getProperty("voices")
        ]

    def warm_japanese(self) -> None:
        if self.driver == "espeak" and self._haqumei is None:
            import haqumei

            self._haqumei = haqumei.Haqumei()
            self._haqumei.g2k("あ")

    def say(self, text: str, voice: str, rate: int, volume: float) -> bytes:
        # kanji alone may be Chinese; with any kana, or a Japanese voice asked for, it is Japanese
        japanese = bool(JAPANESE.search(text)) and not re.match(r"(?:sit/)?(?:cmn|yue|hak)", voice)
        if japanese:
            if self.driver == "espeak":
                self.warm_japanese()
                text = self._haqumei.g2k(YEN.sub(r"\1円", text)).translate(FOR_ESPEAK)
            voice = voice or self._find_japanese_voice()
        chosen = voice or self._default_voice
        if chosen:
            self.engine.setProperty("voice", chosen)
        self.engine.setProperty("rate", rate)
        self.engine.setProperty("volume", volume)
        return self._synthesize(text)

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
        if os.path.exists(self._file):
            os.unlink(self._file)
        self._done, self._failure = False, None
        self.engine.save_to_file(text, self._file)
        self.engine.runAndWait()
        deadline = time.monotonic() + FINISHED_WITHIN_SECONDS
        while not self._done and not self._failure and time.monotonic() < deadline:
            time.sleep(0.002)  # only where the driver works in the background; espeak has finished by now
        if self._failure:
            raise self._failure
        try:
            with open(self._file, "rb") as file:
                return file.read()
        except FileNotFoundError:
            return b""


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
    os.environ["ESPEAK_DATA_PATH"] = os.path.dirname(espeakng_loader.get_data_path())
    ctypes.CDLL(espeakng_loader.get_library_path(), mode=ctypes.RTLD_GLOBAL)


def answer(out: BinaryIO, header: Json, payload: bytes = b"") -> None:
    encoded = json.dumps(header).encode()
    out.write(struct.pack(">II", len(encoded), len(payload)) + encoded + payload)
    out.flush()


def handle(voice: Voice, request: Json) -> tuple[Json, bytes]:
    match request["op"]:
        case "voices":
            return {"voices": voice.voices()}, b""
        case "warm_japanese":
            voice.warm_japanese()
            return {}, b""
        case "say":
            return {}, voice.say(request["text"], request["voice"], request["rate"], request["volume"])
        case op:
            raise ValueError(f"no such op: {op}")


def serve(open_voice: Callable[[], Voice], requests: BinaryIO, out: BinaryIO) -> None:
    try:
        voice = open_voice()
    except Exception as error:  # noqa: BLE001 - whatever an engine raises is the caller's to report
        answer(out, {"error": f"{type(error).__name__}: {error}", "fatal": True})
        return
    answer(out, {"driver": voice.driver})
    try:
        for line in requests:
            try:
                header, payload = handle(voice, json.loads(line))
            except Exception as error:  # noqa: BLE001
                header, payload = {"error": f"{type(error).__name__}: {error}", "fatal": False}, b""
            answer(out, header, payload)
    finally:
        voice.close()


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to understand
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # pyttsx3 prints to standard output
    serve(lambda: Voice(sys.argv[1]), sys.stdin.buffer, out)


if __name__ == "__main__":
    main()
