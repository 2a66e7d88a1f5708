"""Who is measured: voicebot's strategies, and those peers that are installed, in the settings that people use.

Every peer is told the language of the text; voicebot is not.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Protocol, TypeVar

import voicebot
from voicebot.app import build_pipeline
from voicebot.audio.silent import SilentOutput
from voicebot.chat.piped import GivenText
from voicebot.config.models import ChunkingConfig, Config
from voicebot.protocols import TurnChunker
from voicebot.speech import Boundary, Segment
from voicebot.turn import Pipeline

T = TypeVar("T")


class Splitter(Protocol):
    """A peer, for one reply."""

    def feed(self, delta: str, /) -> list[str]:
        """Take text; return what is ready."""
        ...

    def flush(self) -> list[str]:
        """Return the rest."""
        ...


class PeerChunker:
    """A peer that takes the place of voicebot's chunker."""

    unfinished = ""
    """No peer gives out a part of what it still holds."""

    def __init__(self, splitter: Splitter) -> None:
        self._splitter = splitter
        self._text = ""
        self._start = 0

    def feed(self, delta: str) -> list[Segment]:
        """What is ready, as segments."""
        self._text += delta
        return [self._segment(text) for text in self._splitter.feed(delta)]

    def flush(self) -> list[Segment]:
        """The rest, as segments."""
        return [self._segment(text) for text in self._splitter.flush()]

    def release(self) -> list[Segment]:
        """No peer gives anything out when the stream pauses."""
        return []

    def _segment(self, text: str) -> Segment:
        """`text`, which the peer may have changed, as the stretch of the reply with that many visible characters."""
        start = end = self._start
        left = sum(not character.isspace() for character in text)
        while left and end < len(self._text):
            left -= not self._text[end].isspace()
            end += 1
        self._start = end
        return Segment(text, start, end, Boundary.SENTENCE, "peer")


@dataclass(frozen=True, slots=True)
class Contender:
    """A column of the table."""

    name: str
    about: str
    """Package, version and settings."""
    config: Config
    """What voicebot does around the chunker."""
    splitter: Callable[[str], Splitter] | None = None
    """For a peer, by language."""

    def new_chunker(self, language: str) -> TurnChunker | PeerChunker:
        """A chunker for one reply."""
        if self.splitter is not None:
            return PeerChunker(self.splitter(language))
        return _pipeline(self.config).new_chunker()

    def bare(self, language: str) -> TurnChunker | Splitter:
        """The same without our adapter, so that only its own time is measured."""
        if self.splitter is not None:
            return self.splitter(language)
        return _pipeline(self.config).new_chunker()


def _pipeline(config: Config) -> Pipeline:
    return build_pipeline(config, chat=GivenText(""), synthesizer=None, output=SilentOutput(realtime=False))


SENTENCE = Contender(
    "voicebot sentence",
    f"voicebot {voicebot.__version__}, strategy sentence, not told the language",
    Config(chunking=ChunkingConfig(strategy="sentence")),
)
ADAPTIVE = Contender(
    "voicebot adaptive",
    f"voicebot {voicebot.__version__}, strategy adaptive: clauses, and phrases where there would "
    "otherwise be silence; below 0 is better than what clauses alone allow",
    Config(chunking=ChunkingConfig(strategy="adaptive")),
)


def installed_peers() -> tuple[list[Contender], list[str]]:
    """The peers that are installed, and for the others how to install them."""
    found, missing = [], []
    for package, settings in _PEERS.items():
        try:
            release = version(package)
            for name, (splitter, words) in settings.items():
                _try(splitter)
                found.append(Contender(name, f"{package} {release}, {words}", SENTENCE.config, splitter))
        except PackageNotFoundError:
            missing.append(f"{package}: not run: pip install {package}")
        except Exception as error:  # noqa: BLE001 - a peer that does not work here is a finding
            missing.append(f"{package}: not run: {type(error).__name__}: {error}")
    return found, missing


def _try(splitter: Callable[[str], Splitter]) -> None:
    trial = splitter("en")
    trial.feed("Hi. ")
    trial.flush()


# ---------------------------------------------------------------- the peers; Any: none of them is installed for mypy


class Stream2Sentence:
    """stream2sentence."""

    def __init__(self, language: str, **options: Any) -> None:
        module = import_module("stream2sentence.stream2sentence")
        self._splitter: Any = module.SentenceSplitter(language=language, **options)

    def feed(self, delta: str) -> list[str]:
        """What is ready."""
        self._splitter.add(delta)
        return list(self._splitter.stream())

    def flush(self) -> list[str]:
        """The rest."""
        return list(self._splitter.flush())


class SentenceStream:
    """sentence-stream, of the Open Home Foundation."""

    def __init__(self, language: str) -> None:  # noqa: ARG002 - it knows no languages
        self._detector: Any = import_module("sentence_stream").SentenceBoundaryDetector()

    def feed(self, delta: str) -> list[str]:
        """What is ready."""
        return list(self._detector.add_chunk(delta))

    def flush(self) -> list[str]:
        """The rest."""
        rest = self._detector.finish()
        return [rest] if rest else []


class Pipecat:
    """Pipecat's text aggregator."""

    def __init__(self, language: str) -> None:
        import_module("loguru").logger.disable("pipecat")  # it greets everybody who imports it
        module = import_module("pipecat.utils.text.simple_text_aggregator")
        self._aggregator: Any = module.SimpleTextAggregator(language=language)

    def feed(self, delta: str) -> list[str]:
        """What is ready."""
        return [part.text for part in _run(_collect(self._aggregator.aggregate(delta)))]

    def flush(self) -> list[str]:
        """The rest."""
        rest = _run(self._aggregator.flush())
        return [rest.text] if rest else []


class LiveKit:
    """LiveKit's sentence tokenizer."""

    def __init__(self, language: str, **options: Any) -> None:  # noqa: ARG002 - it knows no languages
        module = import_module("livekit.agents.tokenize.blingfire")
        _ensure_loop()
        self._stream: Any = module.SentenceTokenizer(**options).stream()

    def feed(self, delta: str) -> list[str]:
        """What is ready."""
        self._stream.push_text(delta)
        return self._ready()

    def flush(self) -> list[str]:
        """The rest."""
        self._stream.flush()
        return self._ready()

    def _ready(self) -> list[str]:
        queue = self._stream._event_ch  # no public way takes what is ready without waiting
        ready = []
        while not queue.empty():
            ready.append(queue.recv_nowait().token)
        return ready


class PySbd:
    """pySBD knows no streams: what is pending is cut anew with every delta, and all but the last sentence is final."""

    def __init__(self, language: str) -> None:
        known = import_module("pysbd.languages").LANGUAGE_CODES
        self._segmenter: Any = import_module("pysbd").Segmenter(
            language=language if language in known else "en", clean=False
        )
        self._pending = ""

    def feed(self, delta: str) -> list[str]:
        """What is ready."""
        self._pending += delta
        *ready, last = self._segmenter.segment(self._pending) or [""]
        if not ready:
            return []
        begin = self._pending.rfind(last.strip()) if last.strip() else len(self._pending)
        self._pending = self._pending[begin:] if begin >= 0 else last
        return [text for text in ready if text.strip()]

    def flush(self) -> list[str]:
        """The rest."""
        rest = self._segmenter.segment(self._pending) if self._pending.strip() else []
        self._pending = ""
        return [text for text in rest if text.strip()]


def _ensure_loop() -> None:
    """LiveKit's streams want an event loop to exist, though nothing here runs in it."""
    try:
        asyncio.get_event_loop()
    except RuntimeError:
        asyncio.set_event_loop(asyncio.new_event_loop())


async def _collect(parts: AsyncIterator[T]) -> list[T]:
    return [part async for part in parts]


def _run(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that never really waits."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    raise RuntimeError("a peer wanted to wait")


_PEERS: dict[str, dict[str, tuple[Callable[[str], Splitter], str]]] = {
    "stream2sentence": {
        "s2s": (Stream2Sentence, "as it comes"),
        "s2s quick": (
            partial(Stream2Sentence, quick_yield_single_sentence_fragment=True),
            "quick first fragment, as RealtimeTTS uses it",
        ),
        "s2s fastest": (
            partial(
                Stream2Sentence,
                quick_yield_single_sentence_fragment=True,
                auto_context=True,
                context_size=2,
                context_size_look_overhead=2,
                minimum_sentence_length=2,
                minimum_first_fragment_length=3,
            ),
            "quick first fragment, least look-ahead",
        ),
        "s2s clauses": (
            partial(
                Stream2Sentence,
                quick_yield_every_fragment=True,
                minimum_first_fragment_length=3,
                minimum_sentence_length=3,
            ),
            "every fragment",
        ),
    },
    "sentence-stream": {"sentence-stream": (SentenceStream, "as it comes")},
    "pipecat-ai": {"pipecat": (Pipecat, "SimpleTextAggregator")},
    "livekit-agents": {
        "livekit": (LiveKit, "blingfire tokenizer, as AgentSession uses it"),
        "livekit short": (partial(LiveKit, min_sentence_len=1, stream_context_len=1), "blingfire, shortest sentences"),
    },
    "pysbd": {"pysbd": (PySbd, "cut anew with every delta")},
}
