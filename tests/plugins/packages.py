"""Real small distributions, as an installer leaves them: modules and their metadata, in a folder of their own."""

from __future__ import annotations

from pathlib import Path

PARTS = '''
"""Parts made elsewhere."""

import sys

from voicebot import Audio, AudioFormat

print("a library that prints while it is imported")


class Voice:
    name = "parrot voice"
    format = AudioFormat(8000)

    def __init__(self, frames=80, fails=False, rate=8000):
        self.frames, self.fails, self.rate = frames, fails, rate

    async def synthesize(self, text, style=None):
        if self.fails:
            raise KeyError("no feathers")
        yield Audio(bytes(2 * self.frames), AudioFormat(self.rate))


class Parrot:
    name = "parrot"

    async def stream_reply(self, messages):
        yield messages[-1].content


class Words:
    """Cuts behind each word."""

    def __init__(self, least=1):
        self.least, self.held = least, ""

    def feed(self, delta):
        *words, self.held = (self.held + delta).split(" ")
        return [word for word in words if len(word) >= self.least]

    def flush(self):
        return [self.held]


class Liar(Words):
    def flush(self):
        return ["something else"]


class OneText(Words):
    def flush(self):
        return self.held


class Playback:
    def __init__(self, seconds):
        self.seconds = seconds

    async def started(self):
        import anyio
        return anyio.current_time()

    async def finished(self):
        import anyio
        return anyio.current_time()

    def heard_seconds(self):
        return self.seconds


class Speaker:
    name, realtime = "parrot speaker", False
    clips = []

    def __init__(self, fails=False):
        self.fails = fails

    async def play(self, clip):
        if self.fails:
            raise OSError("no air")
        self.clips.append(clip)
        return Playback(clip.seconds)

    async def drain(self): ...
    def pause(self): ...
    def resume(self): ...
    def abort(self): ...
    def paused_seconds(self): return 0.0


def leave():
    sys.exit(3)
'''


def install(folder: Path, name: str, points: str, *, version: str = "1.0", **modules: str) -> Path:
    """Put a distribution with these entry points and modules into `folder`."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(points, encoding="utf-8")
    for module, text in modules.items():
        (folder / f"{module}.py").write_text(text, encoding="utf-8")
    return folder


def install_parrot(folder: Path) -> Path:
    """A package with one part of each kind."""
    points = """
[voicebot.chat]
parrot = parrot_parts:Parrot
[voicebot.tts]
parrot = parrot_parts:Voice
[voicebot.audio]
parrot = parrot_parts:Speaker
[voicebot.chunking]
words = parrot_parts:Words [fast]
"""
    return install(folder, "parrot-parts", points, version="2.1", parrot_parts=PARTS)


def install_troubles(folder: Path) -> Path:
    """Packages beside it that fail in every way."""
    install(folder, "broken", "[voicebot.tts]\nbroken = broken_parts:Voice\n", broken_parts="1 / 0\n")
    install(folder, "leaves", "[voicebot.tts]\nleaves = leaving_parts:Voice\n", leaving_parts="raise SystemExit(7)\n")
    crash = "import os\nprint('[]')\nos._exit(9)\n"
    install(folder, "crashes", "[voicebot.tts]\ncrashes = crashing_parts:Voice\n", crashing_parts=crash)
    install(folder, "gone", "[voicebot.tts]\ngone = module_that_is_gone:Voice\n")
    install(folder, "damaged", "[voicebot.tts\nnonsense")
    return folder
