"""Everything that can go wrong, as a tree of situations.

    VoicebotError                 any of the below; `hint` says what to run or change
    ├── ConfigError               config.toml, environment or --set say something impossible
    ├── ChatError                 the chat model gave no reply, or stopped in the middle of one
    │   └── ChatUnavailable       nobody answers at its address
    ├── SynthesisError            this utterance could not be made audible; the next one may be
    │   └── VoiceUnavailable      the engine itself is missing or gone
    │       └── UnknownVoice      the engine has no voice of that name
    ├── AudioError                the audio output is missing, busy, gone or full
    ├── VoiceClosed               a program speaks with a voice after the block that opened it
    ├── HistoryError              conversations cannot be kept, or not found again
    ├── DictionaryError           a word or a file of words cannot be used, or the dictionary not be kept
    └── LabError                  a trace, a corpus, an experiment or a cost model cannot be used as it is

Adapters translate what their libraries raise into these once, `from` the original.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType


class VoicebotError(Exception):
    """Says what happened in one sentence and, in `hint`, what to do about it."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    @property
    def in_one_line(self) -> str:
        """What happened and what to do about it, for a log or a protocol with one text."""
        return f"{self.message} → {self.hint}" if self.hint else self.message

    def redact(self, redact: Callable[[str], str]) -> None:
        """Take out of its texts what must not leave the process: they may quote a server."""
        self.message, self.hint = redact(self.message), redact(self.hint)
        self.args = (self.message,)


class ConfigError(VoicebotError):
    """The configuration cannot be used as it is written."""


class ChatError(VoicebotError):
    """The chat model gave no reply, or its reply broke off."""


class ChatUnavailable(ChatError):
    """Nobody answers at the chat model's address."""


class SynthesisError(VoicebotError):
    """One utterance could not be made audible."""


class VoiceUnavailable(SynthesisError):
    """The voice engine is missing, gone, or does not know what was asked of it."""


class UnknownVoice(VoiceUnavailable):
    """The voice engine is there, and has no voice of the name that was asked for."""


class AudioError(VoicebotError):
    """The audio output cannot be opened, or stopped taking audio."""


class VoiceClosed(VoicebotError):
    """The block that opened the voice has ended."""


class HistoryError(VoicebotError):
    """Conversations cannot be kept, or the one that was asked for is not there."""


class DictionaryError(VoicebotError):
    """A word, or a file of words, cannot be used as it is written; or the dictionary cannot be read or kept."""


class LabError(VoicebotError):
    """A trace, a corpus, an experiment or a cost model cannot be used as it is; the message names file and line."""


def leading_error(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error of `group` to show: the first of ours if there is one, else the first of all."""
    leaves: list[BaseException] = []
    pending: list[BaseException] = [group]
    while pending:
        match pending.pop(0):
            case BaseExceptionGroup() as inner:
                pending.extend(inner.exceptions)
            case leaf:
                leaves.append(leaf)
    return next((leaf for leaf in leaves if isinstance(leaf, VoicebotError)), leaves[0])


class _WithoutGroups:
    __slots__ = ()

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if isinstance(error, BaseExceptionGroup):
            leading = leading_error(error)
            raise leading from leading.__cause__


_WITHOUT_GROUPS = _WithoutGroups()


def without_groups() -> AbstractContextManager[None, None]:
    """Let the leading error of a group out of the block, as if there were no task group in it."""
    return _WITHOUT_GROUPS
