"""What the shell offers for a value: what is known without a network, a sound device or a running engine.

Nothing here prints, raises or writes: a completion that fails offers nothing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, get_args

if TYPE_CHECKING:
    from voicebot.config.models import Config
    from voicebot.memory.sqlite_store import KnownNames

QUOTES = "_VOICEBOT_QUOTES"
"""Set by those scripts of a shell that quote what they insert."""
_PLAIN = re.compile(r"[\w./:=@%+,-]+")
"""What no shell takes for anything else."""
_LANGUAGES = ("English", "Japanese", "日本語")


def completing(known: Callable[[], Iterable[str]]) -> Callable[[], list[str]]:
    """A completion with the known values, of which typer offers those that begin with what is typed.

    Names are written by others. A script that does not quote them, as older versions have installed, gets plain ones.
    """

    def complete() -> list[str]:
        try:
            quotes = QUOTES in os.environ or os.environ.get("_VOICEBOT_COMPLETE") == "complete_fish"
            offered = [value for value in dict.fromkeys(known()) if value.isprintable()]
            return offered if quotes else [value for value in offered if _PLAIN.fullmatch(value)]
        except Exception:  # noqa: BLE001 - whatever is wrong with the configuration is reported when the command runs
            return []

    return complete


def voices() -> Iterable[str]:
    """The configured voice, those that have been used, and languages."""
    from voicebot.voice_costs import known_voices

    yield from filter(None, [str(getattr(_config().tts, "voice", ""))])
    for name in known_voices():  # "pyttsx3 espeak gmw/en", "voicevox ずんだもん/ノーマル"
        engine, _, voice = name.partition(" ")
        if engine == "pyttsx3":
            voice = voice.partition(" ")[2]
        if voice and engine != "rabbitmq":  # whose workers have names of their own
            yield voice
    yield from _LANGUAGES


def models() -> Iterable[str]:
    """The configured model, and those that have answered before."""
    yield from filter(None, [getattr(_config().chat, "model", "")])
    yield from filter(None, map(model_in, _history().models))


def model_in(name: str) -> str:
    """The model in what a person calls a chat model; empty without one."""
    model, at, address = name.rpartition(" at ")  # "llama3.2 at http://127.0.0.1:8080/v1"
    if at and "://" in address:
        return model
    return name.partition(" ")[2] if name.startswith("ollama ") else ""


def conversations() -> Iterable[str]:
    """The conversations in the history, the latest first."""
    return _history().conversations


def words() -> Iterable[str]:
    """The words of the person's dictionary."""
    from voicebot.dictionary import dictionary_path, read_words

    return (word.surface for word in read_words(dictionary_path()))


def word_types() -> Iterable[str]:
    """What a word of the dictionary can be."""
    from voicebot.dictionary import WORD_TYPES

    return WORD_TYPES


def kinds(section: str) -> Callable[[], Iterable[str]]:
    """What `kind` can be in a section of config.toml."""

    def known() -> Iterable[str]:
        from voicebot.config.models import Config

        models = get_args(Config.model_fields[section].annotation)
        return [kind for model in models for kind in get_args(model.model_fields["kind"].annotation)]

    return known


def strategies() -> Iterable[str]:
    """The ways to cut a reply."""
    from voicebot.config.models import STRATEGIES
    from voicebot.plugins.installed import installed_plugins

    return [*STRATEGIES, *(plugin.name for plugin in installed_plugins("chunking"))]


def _config() -> Config:
    from voicebot.config.loading import load_config

    return load_config(environment=os.environ).config


def _history() -> KnownNames:
    from voicebot.memory.sqlite_file import history_path
    from voicebot.memory.sqlite_store import known_names

    return known_names(history_path(_config().memory.path))
