"""What people read is English or Japanese, whole: every message is marked, translated, and compiled."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from io import BytesIO
from pathlib import Path
from string import Formatter

import pytest
from babel.messages import Message
from babel.messages.mofile import read_mo

from tests.catalogue import MO, PACKAGE, extracted, written
from voicebot.translation import counted, foreign, language_of, marked, tr

NOT_YET = {"integrations"}
"""Rooms whose errors only programmers see: they stay English."""
TOLD = {"BadStream", "Fault", "ImportPathError", "InvalidURL", "Misunderstood", "UnsuitableFile"}
"""What carries a message to a person, beside the errors of `voicebot.errors` and those derived from them."""
FOR_THE_MODEL = {"mcp_stdio.py"}
"""What goes wrong there, the chat model is told."""
FILES = sorted(
    path
    for path in PACKAGE.rglob("*.py")
    if path.relative_to(PACKAGE).parts[0] not in NOT_YET and path.name not in FOR_THE_MODEL
)


@cache
def parsed() -> list[tuple[Path, ast.Call | ast.ClassDef]]:
    """The calls and the classes of our source."""
    return [
        (path, node)
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call | ast.ClassDef)
    ]


def messages(catalogue: object = None) -> dict[object, Message]:
    """The messages of the catalogue by their English."""
    return {message.id: message for message in catalogue or written() if message.id}  # type: ignore[attr-defined]


def texts(message: Message) -> tuple[list[str], list[str]]:
    """The English and the Japanese, in all their plural forms."""
    english = [message.id] if isinstance(message.id, str) else [*message.id]
    japanese = [message.string] if isinstance(message.string, str) else [*(message.string or [])]
    return english, japanese


def placeholders(text: str) -> set[tuple[str, str | None, str | None]]:
    """The fields of a message with their forms."""
    return {(name, spec, conversion) for _, name, spec, conversion in Formatter().parse(text) if name is not None}


def test_every_message_of_the_source_is_in_the_catalogue_and_nothing_else() -> None:
    source, catalogue = messages(extracted()), messages()
    hint = "make messages, then write the Japanese"
    assert sorted(map(str, source.keys() - catalogue.keys())) == [], hint
    assert sorted(map(str, catalogue.keys() - source.keys())) == [], hint
    assert not written().obsolete


def test_no_message_is_where_it_is_not_looked_for() -> None:
    """What stood inside an f-string was in no catalogue: one line of `voicebot paths` was English in Japanese."""
    catalogue = {text for message in messages().values() for text in texts(message)[0]}
    for path, node in parsed():
        match node:
            case ast.Call(func=ast.Name("tr" | "marked"), args=[ast.Constant(str(text)), *_]):
                assert text in catalogue, path


def test_every_message_is_translated_and_none_is_a_guess() -> None:
    for message in messages().values():
        _, japanese = texts(message)
        assert japanese, message.id
        assert all(japanese), message.id
        assert not message.fuzzy, message.id


def test_the_fields_of_a_message_are_those_of_its_translation() -> None:
    for message in messages().values():
        english, japanese = texts(message)
        if _has_fields(english[-1]):
            fields, translated = placeholders(english[-1]), set().union(*map(placeholders, japanese))
            assert translated <= fields, message.id
            assert fields - translated <= {("count", "", None)}, message.id


def _has_fields(text: str) -> bool:
    """Whether it is filled in with `str.format`: the braces of TOML and JSON hold more than a name."""
    return bool(re.search(r"\{[a-z_]+(![rs])?(:[^{}]*)?\}", text)) and not re.search(r"\{[^}a-z]|\{\w+ =", text)


def test_the_compiled_catalogue_is_up_to_date() -> None:
    with BytesIO(MO.read_bytes()) as file:
        compiled = [texts(message) for message in read_mo(file) if message.id]
    assert sorted(compiled) == sorted(texts(message) for message in messages().values()), "make messages"


def hints() -> Iterator[tuple[str, ast.expr]]:
    """Every text that is given as a hint, with its place; what a server refuses is told to programs, in English."""
    for path, node in parsed():
        if isinstance(node, ast.Call) and not (isinstance(node.func, ast.Name) and node.func.id == "Refusal"):
            for keyword in node.keywords:
                if keyword.arg and keyword.arg.endswith("hint"):
                    yield f"{path.name}:{keyword.value.lineno}", keyword.value


def calls(*names: str) -> Iterator[tuple[str, ast.Call]]:
    """The calls of these functions in our source, with their places."""
    for path, node in parsed():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            yield f"{path.name}:{node.lineno}", node


def test_the_fields_of_a_message_are_given_where_it_is_said() -> None:
    for place, call in calls("tr", "counted"):
        given = {keyword.arg for keyword in call.keywords}
        counts = isinstance(call.func, ast.Name) and call.func.id == "counted"
        for text in call.args[1:] if counts else call.args[:1]:
            if (
                isinstance(text, ast.Constant)
                and isinstance(text.value, str)
                and None not in given
                and (given or counts)
            ):
                needed = {name for name, _, _ in placeholders(text.value)}
                assert needed <= given | ({"count"} if counts else set()), place
                assert given <= needed, place
            assert not isinstance(text, ast.JoinedStr), f"{place}: an f-string cannot be translated"


def _errors() -> set[str]:
    """The names of the classes that derive from VoicebotError."""
    bases = {
        node.name: {base.id for base in node.bases if isinstance(base, ast.Name)}
        for _, node in parsed()
        if isinstance(node, ast.ClassDef)
    }
    found = {"VoicebotError"}
    while more := {name for name, above in bases.items() if above & found} - found:
        found |= more
    return found


def _is_unmarked(node: ast.expr) -> bool:
    """Whether a text has English words in it as it stands; a command to be typed is no English."""
    if isinstance(node, ast.BinOp):
        return _is_unmarked(node.left) or _is_unmarked(node.right)
    if isinstance(node, ast.IfExp):
        return _is_unmarked(node.body) or _is_unmarked(node.orelse)
    if isinstance(node, ast.Constant):
        text = node.value if isinstance(node.value, str) else ""
    elif isinstance(node, ast.JoinedStr):
        text = "{}".join(str(value.value) for value in node.values if isinstance(value, ast.Constant))
    else:
        return False
    return bool(re.search(r"[a-z]{2,},? [a-z]{2,}", text)) and not text.startswith("voicebot ")


def test_what_is_told_to_people_is_marked() -> None:
    """A message that nobody marked would stay English."""
    found = [f"{place}: {ast.unparse(text)}" for place, text in hints() if _is_unmarked(text)]
    for place, call in calls(*_errors(), *TOLD, "status", "notify"):
        said = [
            *call.args,
            *(keyword.value for keyword in call.keywords if keyword.arg in ("hint", "message", "reason")),
        ]
        found += [f"{place}: {ast.unparse(text)}" for text in said if _is_unmarked(text)]
    assert found == []


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "ja_JP.UTF-8"}, "ja"),
        ({"LANG": "ja"}, "ja"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "ja_JP.UTF-8"}, "ja"),
        ({"LANG": "ja_JP.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "ja_JP.UTF-8", "LC_ALL": ""}, "ja"),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "ja"}, "ja"),
        ({"LANG": "ja_JP.UTF-8", "LANGUAGE": "en_GB:ja"}, "en"),
        ({"LANG": "de_DE.UTF-8", "LANGUAGE": "fr:ja:en"}, "ja"),
        ({"LANG": "C", "LANGUAGE": "ja"}, "en"),
        ({"LANG": "jam_JM.UTF-8"}, "en"),
    ],
)
def test_the_language_is_the_one_that_gettext_would_choose(environment: dict[str, str], language: str) -> None:
    assert language_of(environment) == language


def test_english_is_said_as_it_stands() -> None:
    assert tr("no {thing}", thing="sound") == "no sound"
    assert tr("{as it stands}") == "{as it stands}"
    assert [counted(n, "{count} gap", "{count} gaps") for n in (0, 1, 2)] == ["0 gaps", "1 gap", "2 gaps"]
    assert marked("a message") == "a message"
    assert foreign("No such option: -x", ("No such option: {option}",)) == "No such option: -x"


def in_language(locale: str, code: str) -> str:
    """What a program prints in this language."""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\nfrom voicebot.translation import *\n{code}"],
        capture_output=True,
        encoding="utf-8",
        cwd=PACKAGE.parent,
        env={"LANG": locale, "PYTHONUTF8": "1"},
        check=True,
    )
    return done.stdout.strip()


def test_japanese_comes_from_the_catalogue() -> None:
    assert in_language("ja_JP.UTF-8", "print(tr('there is no key {key}', key='a.b'))") == "キーa.bはありません"
    assert in_language("ja_JP.UTF-8", "print(counted(2, '{count} turn', '{count} turns'))") == "2ターン"
    assert in_language("ja_JP.UTF-8", "print(tr(''), tr('unknown to all'))") == "unknown to all"
    said = in_language("ja_JP.UTF-8", "print(foreign('No such option: --x', ['No such option: {option}']))")
    assert said == "オプション--xはありません"
    reason = in_language("ja_JP.UTF-8", "print(system_reason(OSError(13, 'Permission denied')))")
    assert reason == "権限がありません"


def test_a_part_that_a_daemon_does_not_have_is_named_in_japanese() -> None:
    """Its status said "none" among Japanese words."""
    code = """
from voicebot.daemon.status_view import status_lines
print(*status_lines({"chat": "none", "voice": "none", "audio": "silence"}), sep="\\n")"""
    assert [line.split()[1] for line in in_language("ja_JP.UTF-8", code).splitlines()[1:4]] == [
        "なし",
        "なし",
        "silence",
    ]


def test_english_loads_no_catalogue() -> None:
    assert in_language("en_US.UTF-8", "print(tr('nothing found'), 'gettext' in sys.modules)") == "nothing found False"


def test_japanese_has_marks_of_its_own_width_between_and_behind_japanese_words() -> None:
    """Half-width commas, colons and parentheses stood among Japanese words."""
    letter = "[぀-ヿ一-鿿]"
    narrow = re.compile(rf"{letter}[,;!?(]|{letter}: |[,;!?] ?{letter}|\}}[,;] ")
    shown = {text for message in messages().values() for text in texts(message)[1]}
    assert [text for text in sorted(shown) if narrow.search(text)] == []


def test_what_is_listed_has_japanese_marks_between() -> None:
    """Lists were joined with "; " and ", " in every language, and a note stood in narrow parentheses."""
    code = """
from voicebot.cli.transcript import shown_turn
from voicebot.memory.turns import Turn
from voicebot.speech import Metrics
AT = "2026-01-01T00:00:00.000000Z"
print(shown_turn(Turn(AT, "何？", "", "はい。", "interrupted", True, "", (), Metrics(), "m")))
"""
    assert in_language("ja_JP.UTF-8", code).endswith("（中断しました；聞こえなかった部分：はい。）")
    assert in_language("en_US.UTF-8", code).endswith("(interrupted; not heard: はい。)")
