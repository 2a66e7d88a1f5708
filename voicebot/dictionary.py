"""The person's own dictionary: words and how they are said, in a file of the form that VOICEVOX's user dictionary has.

A pronunciation in katakana counts in Japanese text, one in Latin letters in any other.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

from voicebot.config.files import UnsuitableFile, read_small_file, write_whole
from voicebot.errors import DictionaryError
from voicebot.text.lexicon import Lexicon, folded, half_width
from voicebot.text.respelling import OwnWords
from voicebot.translation import about, system_reason, tr

WordType = Literal["PROPER_NOUN", "COMMON_NOUN", "VERB", "ADJECTIVE", "SUFFIX"]
WORD_TYPES: tuple[WordType, ...] = get_args(WordType)
MOST_WORDS = 10_000
MOST_BYTES = 8_000_000
"""Of a file of words: ten thousand of them take half of it."""
_LONGEST = 100
"""Characters of a word or a pronunciation."""
_KATAKANA = re.compile("[ァ-ヴー]+")
_LATIN = re.compile(r"[A-Za-zÀ-ɏ][A-Za-zÀ-ɏ0-9' .-]*")
_FULL_WIDTH = {0x21 + offset: 0xFF01 + offset for offset in range(0x5E)} | {0x20: 0x3000}
_SMALL = "ァィゥェォャュョヮ"
_SPEECH: dict[WordType, tuple[int, str, str, str]] = {
    "PROPER_NOUN": (1348, "名詞", "固有名詞", "一般"),
    "COMMON_NOUN": (1345, "名詞", "一般", "*"),
    "VERB": (642, "動詞", "自立", "*"),
    "ADJECTIVE": (20, "形容詞", "自立", "*"),
    "SUFFIX": (1358, "名詞", "接尾", "一般"),
}
"""VOICEVOX's context id, part of speech and two details of it."""

Json = dict[str, Any]  # Any: JSON


@dataclass(frozen=True, slots=True)
class Word:
    """A word and how it is said."""

    surface: str
    """As it is written."""
    pronunciation: str
    """Katakana, or Latin letters."""
    accent_type: int | None = None
    """The mora behind which the pitch falls; 0: behind none. None: as an engine thinks."""
    word_type: WordType = "PROPER_NOUN"
    priority: int = 5
    """0 to 10: for engines that weigh words."""

    @property
    def is_kana(self) -> bool:
        """Whether it counts in Japanese text; otherwise in any other."""
        return _KATAKANA.fullmatch(self.pronunciation) is not None

    @property
    def key(self) -> tuple[str, bool]:
        """What only one word of a dictionary has."""
        return folded(self.surface), self.is_kana

    def with_accent(self) -> Word:
        """The same word with an accent: without one of its own that of most foreign words, the third mora from last."""
        return self if self.accent_type is not None else replace(self, accent_type=max(1, self.morae - 2))

    @property
    def morae(self) -> int:
        """Units of rhythm in a pronunciation in kana."""
        return sum([kana not in _SMALL for kana in self.pronunciation]) if self.is_kana else 0


def new_word(
    surface: str,
    pronunciation: str,
    *,
    accent_type: int | None = None,
    word_type: str = "PROPER_NOUN",
    priority: int = 5,
) -> Word:
    """A word; hiragana in its pronunciation becomes katakana. Raises DictionaryError for what cannot be one."""
    surface = half_width(surface).strip()
    pronunciation = half_width(pronunciation).strip()
    kana = "".join([chr(ord(each) + 0x60) if "ぁ" <= each <= "ゔ" else each for each in pronunciation])
    pronunciation = kana if _KATAKANA.fullmatch(kana) else pronunciation
    if not surface or len(surface) > _LONGEST or not surface.isprintable() or not re.search(r"[^\W_]", surface):
        raise DictionaryError(
            tr("{surface} is not a word", surface=_short(surface)),
            hint=tr("one line of up to {most} characters", most=_LONGEST),
        )
    if len(pronunciation) > _LONGEST or not (_KATAKANA.fullmatch(pronunciation) or _LATIN.fullmatch(pronunciation)):
        raise DictionaryError(
            tr("{pronunciation} is not a pronunciation", pronunciation=_short(pronunciation)),
            hint=tr("katakana for Japanese text (ジェイソン), Latin letters for other text (jay son)"),
        )
    known = next((each for each in WORD_TYPES if each == word_type), None)
    if known is None:
        raise DictionaryError(
            tr("{word_type} is not a word type", word_type=_short(word_type)),
            hint=tr("one of {names}", names=tr(", ").join(WORD_TYPES)),
        )
    if not 0 <= priority <= 10:
        raise DictionaryError(tr("the priority {priority} is not between 0 and 10", priority=priority))
    word = Word(surface, pronunciation, accent_type, known, priority)
    if accent_type is not None and not 0 <= accent_type <= word.morae:
        raise DictionaryError(
            tr(
                "the accent type {accent_type} is not between 0 and {morae}, the morae of {pronunciation}",
                accent_type=accent_type,
                morae=word.morae,
                pronunciation=pronunciation,
            )
        )
    return word


def dictionary_path() -> Path:
    """The file of the dictionary, in the user's data folder."""
    import platformdirs

    return Path(platformdirs.user_data_dir("voicebot", appauthor=False)) / "dictionary.json"


def read_words(path: Path) -> list[Word]:
    """The words of a dictionary's file; none where there is no file. Raises DictionaryError."""
    try:
        data = read_small_file(path, max_bytes=MOST_BYTES)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise DictionaryError(tr("cannot read {path}: {reason}", path=path, reason=system_reason(error))) from error
    except UnsuitableFile as error:
        raise DictionaryError(tr("cannot read {path}: it is {error}", path=path, error=error)) from error
    try:
        return parse_words(data)
    except DictionaryError as error:
        raise DictionaryError(about(path, error.message), hint=error.hint) from error


def write_words(path: Path, words: Iterable[Word]) -> None:
    """Replace the file of the dictionary at once. Raises DictionaryError."""
    words = list(words)
    if len(words) > MOST_WORDS:
        raise DictionaryError(
            tr("{words} words are too many", words=len(words)),
            hint=tr("a dictionary holds up to {most}", most=MOST_WORDS),
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, as_voicevox(words).encode())
    except OSError as error:
        raise DictionaryError(tr("cannot write {path}: {reason}", path=path, reason=system_reason(error))) from error


def merged(words: Iterable[Word], added: Iterable[Word]) -> list[Word]:
    """`words` with those of `added`, each in the place of the one that is written like it."""
    return [*{word.key: word for word in [*words, *added]}.values()]


def parse_words(data: bytes) -> list[Word]:
    """The words of a file in VOICEVOX's form. Raises DictionaryError, which names the first that cannot be used."""
    if len(data) > MOST_BYTES:
        raise DictionaryError(tr("more than {size} MB are too much for a dictionary", size=MOST_BYTES // 1_000_000))
    try:
        entries = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise DictionaryError(tr("it is not JSON"), hint=tr("VOICEVOX's user dictionary is a JSON object")) from error
    if not isinstance(entries, dict):
        raise DictionaryError(tr("it is not a user dictionary"), hint=tr("VOICEVOX's is a JSON object of words"))
    if len(entries) > MOST_WORDS:
        raise DictionaryError(
            tr("{words} words are too many", words=len(entries)),
            hint=tr("a dictionary holds up to {most}", most=MOST_WORDS),
        )
    found: list[Word] = []
    for place, entry in enumerate(entries.values(), 1):
        try:
            found.append(_parse(entry))
        except DictionaryError as error:
            raise DictionaryError(
                tr("word {place}: {message}", place=place, message=error.message), hint=error.hint
            ) from error
    best: dict[tuple[str, bool], Word] = {}
    for word in found:
        if word.key not in best or word.priority > best[word.key].priority:
            best[word.key] = word
    return [*best.values()]


def _parse(entry: object) -> Word:
    """A word of a file. Raises DictionaryError."""
    if not isinstance(entry, dict):
        raise DictionaryError(tr("it is not a JSON object"))
    for key, kind in {"surface": str, "pronunciation": str, "accent_type": int, "priority": int}.items():
        if type(entry.get(key, 0 if kind is int else None)) is not kind:
            raise DictionaryError(
                tr("its {key} is not a number", key=key) if kind is int else tr("its {key} is not a text", key=key)
            )
    speech = (entry.get("part_of_speech", "名詞"), entry.get("part_of_speech_detail_1", "固有名詞"))
    known = [word_type for word_type, (_, *names) in _SPEECH.items() if tuple(names[:2]) == speech]
    return new_word(
        entry["surface"],
        entry["pronunciation"],
        accent_type=entry.get("accent_type"),
        word_type=known[0] if known else "PROPER_NOUN",
        priority=entry.get("priority", 5),
    )


def as_voicevox(words: Iterable[Word]) -> str:
    """The words as VOICEVOX's user dictionary; where it needs an accent, each word has to have one."""
    entries = {str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(map(str, word.key)))): _entry(word) for word in words}
    return json.dumps(entries, ensure_ascii=False, indent=2) + "\n"


def _entry(word: Word) -> Json:
    context, speech, detail, second = _SPEECH[word.word_type]
    accent = {} if word.accent_type is None else {"accent_type": word.accent_type}
    return {
        "surface": word.surface.translate(_FULL_WIDTH),  # as VOICEVOX keeps it
        "priority": word.priority,
        "context_id": context,
        "part_of_speech": speech,
        "part_of_speech_detail_1": detail,
        "part_of_speech_detail_2": second,
        "part_of_speech_detail_3": "*",
        "inflectional_type": "*",
        "inflectional_form": "*",
        "stem": "*",
        "yomi": word.pronunciation,
        "pronunciation": word.pronunciation,
        **accent,
        "mora_count": word.morae,
        "accent_associative_rule": "*",
    }


def own_words(words: Sequence[Word]) -> OwnWords:
    """The words in the form in which texts are searched for them."""
    return OwnWords(
        Lexicon({word.surface: word.pronunciation for word in words if word.is_kana}),
        Lexicon({word.surface: word.pronunciation for word in words if not word.is_kana}),
        {word.pronunciation: word.accent_type for word in words if word.is_kana and word.accent_type is not None},
    )


class Dictionary:
    """The person's words, read anew whenever their file has changed: who adds one hears it in the next reply."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int] | None = None
        self._words = OwnWords()
        self.fault: DictionaryError | None = None
        """Why the file is not used as it is now."""

    def words(self) -> OwnWords:
        """The words as the file has them now, or had them before it was damaged."""
        try:
            status = self._path.stat()
            seen = (status.st_mtime_ns, status.st_size)
        except OSError:
            seen = (0, 0)
        if seen != self._seen:
            self._seen, self.fault = seen, None
            try:
                self._words = own_words(read_words(self._path))
            except DictionaryError as error:
                self.fault = error
        return self._words


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}…")
