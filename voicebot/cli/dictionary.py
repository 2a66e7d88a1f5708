"""`voicebot dict`: words that voices misread, and how they are said."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicebot.cli.command import add_command
from voicebot.cli.completion import completing, word_types, words
from voicebot.cli.help import command_group
from voicebot.cli.options import ForceOption, JsonListOption, JsonObjectOption, refuse_to_overwrite
from voicebot.cli.output import Row, json_document, status, write_json_list, write_out, write_table
from voicebot.cli.runner import OK, UsageError
from voicebot.errors import DictionaryError
from voicebot.translation import counted, system_reason, tr

if TYPE_CHECKING:
    from voicebot.dictionary import Word

dict_app = command_group("Your dictionary: words that voices misread, and how they are said.")


def add(
    surface: Annotated[str, typer.Argument(metavar="WORD", help="The word as it is written.", show_default=False)],
    pronunciation: Annotated[
        str,
        typer.Argument(
            metavar="PRONUNCIATION",
            help="How it is said: katakana or hiragana for Japanese text, Latin letters for other text.",
            show_default=False,
        ),
    ],
    *,
    accent_type: Annotated[
        int | None,
        typer.Option("--accent", metavar="MORA", help="For VOICEVOX: the mora behind which the pitch falls; 0: none."),
    ] = None,
    word_type: Annotated[
        str,
        typer.Option(
            "--type", metavar="TYPE", autocompletion=completing(word_types), help="PROPER_NOUN, COMMON_NOUN, VERB …"
        ),
    ] = "PROPER_NOUN",
    priority: Annotated[int, typer.Option("--priority", metavar="0-10", help="For engines that weigh words.")] = 5,
    json: JsonObjectOption = False,
) -> int:
    """Add a word, or change how it is said.

    Examples:
      voicebot dict add OpenJTalk オープンジェイトーク
      voicebot dict add 四国めたん しこくめたん --accent 5
      voicebot dict add Nguyen "win"
    """
    from voicebot.dictionary import dictionary_path, merged, new_word, read_words, write_words

    try:
        word = new_word(surface, pronunciation, accent_type=accent_type, word_type=word_type, priority=priority)
    except DictionaryError as error:
        raise UsageError(error.message, hint=error.hint) from error
    path = dictionary_path()
    write_words(path, merged(read_words(path), [word]))
    if json:
        write_out(json_document(_row(word)))
    else:
        status(
            tr("{surface} is said {reading} in Japanese text", surface=word.surface, reading=word.pronunciation)
            if word.is_kana
            else tr("{surface} is said {reading} in other text", surface=word.surface, reading=word.pronunciation)
        )
    return OK


def list_(*, json: JsonListOption = False) -> int:
    """List the words of your dictionary.

    Example: voicebot dict list --json
    """
    from voicebot.dictionary import dictionary_path, read_words

    known = read_words(dictionary_path())
    if json:
        write_json_list(map(_row, known))
    else:
        write_table(map(_row, known))
        if not known:
            status(tr("your dictionary is empty → voicebot dict add WORD PRONUNCIATION"))
    return OK


def remove(
    surface: Annotated[
        str,
        typer.Argument(
            metavar="WORD",
            help="The word as it is written.",
            show_default=False,
            autocompletion=completing(words),
        ),
    ],
    *,
    json: JsonListOption = False,
) -> int:
    """Remove a word from your dictionary.

    Example: voicebot dict remove OpenJTalk
    """
    from voicebot.dictionary import dictionary_path, read_words, write_words
    from voicebot.text.lexicon import folded

    path = dictionary_path()
    known = read_words(path)
    removed = [word for word in known if word.key[0] == folded(surface.strip())]
    if not removed:
        raise UsageError(
            tr("{surface!r} is not in your dictionary", surface=surface), hint=tr("list its words: voicebot dict list")
        )
    write_words(path, [word for word in known if word not in removed])
    if json:
        write_json_list(map(_row, removed))
    else:
        status(tr("removed {words}", words=tr(", ").join(word.surface for word in removed)))
    return OK


def import_(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="A user dictionary of VOICEVOX (JSON); - is standard input.", show_default=False
        ),
    ],
    *,
    json: JsonObjectOption = False,
) -> int:
    """Add the words of a VOICEVOX user dictionary; either all of them or, where one is wrong, none.

    Examples:
      voicebot dict import user_dict.json
      curl -s http://127.0.0.1:50021/user_dict | voicebot dict import -
    """
    from voicebot.dictionary import MOST_BYTES, dictionary_path, merged, parse_words, read_words, write_words

    if str(file) == "-":
        added = parse_words(sys.stdin.buffer.read(MOST_BYTES + 1))
    elif not file.exists():
        raise UsageError(tr("there is no file {file}", file=file))
    else:
        added = read_words(file)
    path = dictionary_path()
    known = read_words(path)
    whole = merged(known, added)
    write_words(path, whole)
    if json:
        write_out(json_document({"imported": len(added), "new": len(whole) - len(known), "words": len(whole)}))
    else:
        status(tr("imported {words}; your dictionary has {all}", words=_words(len(added)), all=_words(len(whole))))
    return OK


def export(
    *,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to this file, not to standard output.")
    ] = None,
    force: ForceOption = False,
) -> int:
    """Print your dictionary in the form of VOICEVOX's user dictionary, without the words for other text than Japanese.

    Examples:
      voicebot dict export -o user_dict.json
      voicebot dict export | curl --json @- 'http://127.0.0.1:50021/import_user_dict?override=true'
    """
    from voicebot.config.files import write_whole
    from voicebot.dictionary import as_voicevox, dictionary_path, read_words

    if output is not None:
        refuse_to_overwrite(output, force=force)
    known = read_words(dictionary_path())
    exported = [word for word in known if word.is_kana]
    text = as_voicevox([word.with_accent() for word in exported])
    if output is None:
        write_out(text)
    else:
        try:
            write_whole(output, text.encode())
        except OSError as error:
            raise DictionaryError(
                tr("cannot write {output}: {reason}", output=output, reason=system_reason(error))
            ) from error
    if left_out := len(known) - len(exported):
        status(tr("left out {words} in Latin letters, which VOICEVOX cannot say", words=_words(left_out)))
    return OK


def _words(count: int) -> str:
    return counted(count, "{count} word", "{count} words")


def _row(word: Word) -> Row:
    return {
        "surface": word.surface,
        "pronunciation": word.pronunciation,
        "accent_type": word.accent_type,
        "word_type": word.word_type,
        "priority": word.priority,
    }


add_command(dict_app, add)
add_command(dict_app, list_, name="list")
add_command(dict_app, remove)
add_command(dict_app, import_, name="import")
add_command(dict_app, export)
