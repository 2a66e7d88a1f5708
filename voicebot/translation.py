"""What people read, in their language: English as it stands in the code, Japanese from the catalogue.

How to add a message: write it in English where it is needed, as `tr("there is no model {name!r}", name=name)`, in
whole sentences and with named fields, never as an f-string; then `make messages`, and write the Japanese into
`voicebot/locale/ja/LC_MESSAGES/voicebot.po`, and `make messages` again. A test fails until that is done. Commands,
options, keys and file names stand in both languages as they are typed. What programs read stays English and is not
marked: keys and codes of JSON, events, logs, and everything that is sent to the chat model.

A process speaks one language, that of its environment, from beginning to end.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # typing takes longer to import than all the rest of a light client
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from gettext import GNUTranslations

_TRANSLATED = ("ja",)
"""The languages that have a catalogue."""
_WINDOWS_JAPANESE = 0x11
"""LANG_JAPANESE, the primary language in the low ten bits of a language identifier."""


def tr(message: str, /, **fields: object) -> str:
    """`message` in the language of the process, its fields filled in as `str.format` does.

    Without fields it is taken as it stands, braces too.
    """
    catalogue = _catalogue()
    text = catalogue.gettext(message) if catalogue and message else message  # "" is the catalogue's head
    return text.format(**fields) if fields else text


def counted(count: int, one: str, many: str, /, **fields: object) -> str:
    """`one` or `many` by the number of things, which is also the field `count`."""
    catalogue = _catalogue()
    text = catalogue.ngettext(one, many, count) if catalogue else one if count == 1 else many
    return text.format(count=count, **fields)


def about(place: object, message: object) -> str:
    """`message` behind what it is about, such as a path or a key."""
    return f"{place}{tr(': ')}{message}"


def marked(message: str) -> str:
    """`message` itself, for the catalogue to know it: it is translated later, with `tr` or `foreign`."""
    return message


def foreign(text: str, known: Iterable[str]) -> str:
    """A message that a library has written, translated if it has the form of one of the `known`, which have fields."""
    if not _catalogue():
        return text
    import re

    for message in known:
        if found := re.fullmatch(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.*)", re.escape(message)), text, re.DOTALL):
            return tr(message, **found.groupdict())
    return text


_NAMES = (marked("{model} at {address}"),)
"""The forms of names that are put together of others."""


def named(name: str) -> str:
    """What a model, a voice or an output is called, in the person's language as far as the name is one of ours."""
    return foreign(name, _NAMES) if "://" in name else tr(name)


_SYSTEM_REASONS = (
    marked("Address already in use"),
    marked("Bad file descriptor"),
    marked("Broken pipe"),
    marked("Connect call failed {address}"),
    marked("Connection refused"),
    marked("Connection reset by peer"),
    marked("Exec format error"),
    marked("File exists"),
    marked("File name too long"),
    marked("File too large"),
    marked("Input/output error"),
    marked("Invalid argument"),
    marked("Is a directory"),
    marked("Name or service not known"),
    marked("Network is unreachable"),
    marked("No route to host"),
    marked("No space left on device"),
    marked("No such device or address"),
    marked("No such file or directory"),
    marked("Not a directory"),
    marked("Operation not permitted"),
    marked("Permission denied"),
    marked("Read-only file system"),
    marked("Temporary failure in name resolution"),
    marked("Too many levels of symbolic links"),
    marked("Too many open files"),
)
"""What an operating system says where its own messages are English."""


def system_reason(error: Exception) -> str:
    """What the operating system says of an error, without its number; of any other what it says itself."""
    return foreign((isinstance(error, OSError) and error.strerror) or str(error), _SYSTEM_REASONS)


def language() -> str:
    """The language of this process: "en", or one that has a catalogue."""
    return _LANGUAGE


def language_of(environment: Mapping[str, str]) -> str:
    """The language that an environment asks for, as gettext reads it."""
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    locale = next((value for name in names if (value := environment.get(name))), "")
    if locale.partition(".")[0] in ("", "C", "POSIX"):
        return "en"  # asked for, whatever LANGUAGE says
    for wanted in [*environment.get("LANGUAGE", "").split(":"), locale]:
        code = wanted.partition(".")[0].partition("@")[0].replace("-", "_").partition("_")[0].lower()
        if code in ("en", *_TRANSLATED):
            return code
    return "en"


def _language_of_process() -> str:
    if sys.platform == "win32" and not {"LC_ALL", "LC_MESSAGES", "LANG"} & os.environ.keys():
        import ctypes

        shown = ctypes.windll.kernel32.GetUserDefaultUILanguage()
        return "ja" if shown & 0x3FF == _WINDOWS_JAPANESE else "en"
    return language_of(os.environ)


_LANGUAGE = _language_of_process()


def _catalogue() -> GNUTranslations | None:
    """The messages of the process's language; None for English, which imports nothing for it."""
    if _LANGUAGE == "en":
        return None
    from voicebot.catalogue import catalogue_of

    return catalogue_of(_LANGUAGE)
