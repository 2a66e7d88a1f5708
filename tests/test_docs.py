"""What the documents promise: commands that parse, keys that exist, links that lead somewhere, languages in step."""

from __future__ import annotations

import dataclasses
import json
import re
import shlex
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any, get_args

import pytest
import typer.main
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from benchmarks.__main__ import GROUPS
from tests.markdown import ROOT, blocks, read, table, without_code
from tools.reference import LANGUAGES, Words, brought_up_to_date
from voicebot.cli.main import app, with_command
from voicebot.cli.options import AudioOptions, ChatOptions, VoiceOptions
from voicebot.cli.runner import AUDIO, CHAT, CONFIG, FAILED, INTERRUPTED, OK, TERMINATED, USAGE, VOICE
from voicebot.config.loading import load_config
from voicebot.config.models import Config
from voicebot.events import Event, stream_head
from voicebot.speech import Boundary, Metrics

READMES = ["README.md", "README.ja.md"]
EVENTS = ["docs/events.md", "docs/events.ja.md"]
FIGURES = ["docs/benchmarks.md", "docs/benchmarks.ja.md"]
METRICS = [*(field.name for field in dataclasses.fields(Metrics)), "rtf"]
TRANSLATED = sorted(
    path.relative_to(ROOT).as_posix()
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    if path.with_suffix(".ja.md").exists()
)
"""The English documents that have a Japanese twin."""
UNSET = {"unset", "未設定"}
MARKDOWN = sorted(
    path.relative_to(ROOT).as_posix() for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
)  # fmt: skip


# ---------------------------------------------------------------- commands


def command_lines(text: str) -> Iterator[tuple[dict[str, str], list[str]]]:
    """Every `voicebot …` that is shown, as its environment and its arguments."""
    lines = [line for block in blocks(text, "sh") for line in block.splitlines()]
    lines += [
        line.removeprefix("$ ") for block in blocks(text, "text") for line in block.splitlines() if line[:2] == "$ "
    ]
    lines += re.findall(r"`([^`\n]+)`", without_code(text))
    for line in lines:
        for part in re.split(r"\s\|\s", line):
            if not re.match(r"(?:\w+=\S+ )*voicebot(?: |$)", part):
                continue
            words = shlex.split(part, comments=True)
            words = [*takewhile(lambda word: word not in (">", "&"), words)]
            environment: dict[str, str] = {}
            while "=" in words[0]:
                name, _, value = words.pop(0).partition("=")
                environment[name] = value
            yield environment, [word for word in words[1:] if word not in ("--help", "--version")]


WITH_COMMANDS = [
    name for name in MARKDOWN if not re.match(r"CHANGELOG|docs/decisions", name) and [*command_lines(read(name))]
]


def test_commands_are_looked_for_in_the_pages() -> None:
    assert {*READMES, "docs/start.md", "docs/talk.md", "docs/talk.ja.md", *EVENTS} <= {*WITH_COMMANDS}


@pytest.mark.parametrize("name", WITH_COMMANDS)
def test_every_command_that_is_shown_is_understood(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)  # away from any config.toml
    (tmp_path / "bad.toml").touch()
    whole: Any = typer.main.get_command(app)  # Any: typer brings its own click along
    for environment, arguments in command_lines(read(name)):
        command, arguments = whole, with_command(arguments)
        apart = arguments[:1] in (
            ["lab"],
            ["history"],
            ["dict"],
        )  # their --output and --tts are no keys of the configuration
        while hasattr(command, "commands") and arguments:
            command, arguments = command.commands[arguments[0]], arguments[1:]
        context = command.make_context("voicebot", arguments)
        given = {} if apart else context.params
        options = {
            **ChatOptions(given.get("chat"), given.get("model"), given.get("base_url")).settings(),
            **VoiceOptions(given.get("tts"), given.get("voice")).settings(),
            **AudioOptions(given.get("output"), given.get("no_audio", False), given.get("realtime", False)).settings(),
        }
        load_config(
            environment=environment,
            assignments=given.get("set_") or (),
            options={key: value for key, value in options.items() if value[1] is not None},
        )


@pytest.mark.parametrize("name", READMES)
def test_every_make_target_that_is_shown_exists(name: str) -> None:
    targets = set(re.findall(r"^([a-z]+):", read("Makefile"), re.M))
    shown = set(re.findall(r"^make ([a-z]+)", "\n".join(blocks(read(name), "sh")), re.M))
    assert {"talk", "test"} <= shown <= targets


@pytest.mark.parametrize("name", FIGURES)
def test_every_group_of_benchmarks_is_named_and_no_other(name: str) -> None:
    text = read(name)
    [listed] = re.findall(r"(?:one group of them \(|そのグループだけを測ります（)([^)）]*)", text)
    assert sorted(re.findall(r"`(\w+)`", listed)) == sorted(GROUPS)
    for arguments in re.findall(r"`python -m benchmarks([^`]*)`", text):
        assert {word for word in arguments.split() if not word.startswith("-")} <= set(GROUPS)


# ---------------------------------------------------------------- configuration

Key = tuple[str, str, str]
"""Section, kind (or nothing) and key."""


def documented_keys(text: str) -> dict[Key, str]:
    """The default that the tables state for each key, as it is written there."""
    found: dict[Key, str] = {}
    for section, body in re.findall(r"^## `\[(\w+)\]`\n(.*?)(?=^## |\Z)", text, re.M | re.S):
        for row in re.findall(r"^\| (`.*) \|$", body, re.M):
            key, kinds, _, default, meaning = row.split(" | ")
            assert meaning, f"{key} of {section} says nothing: write what it means"
            for kind in re.findall(r"`([^`]+)`", kinds) or [""]:
                place = (section, kind, key.strip("`"))
                assert place not in found, f"{place} stands there twice"
                found[place] = default.strip("`")
    return found


def real_keys() -> dict[Key, FieldInfo]:
    found: dict[Key, FieldInfo] = {}
    for section, outer in Config.model_fields.items():
        models = get_args(outer.annotation) or (outer.annotation,)
        for model in models:
            for key, field in model.model_fields.items():
                if key == "kind":
                    if not field.is_required():
                        found[section, "", key] = field
                else:
                    kind = model.model_fields.get("kind")
                    found[section, get_args(kind.annotation)[0] if kind else "", key] = field
    return found


@pytest.mark.parametrize("words", LANGUAGES, ids=lambda words: words.page)
def test_the_reference_is_what_the_models_say(words: Words) -> None:
    """`python -m tools.reference` brings it up to date; what a key means is written by hand, in both languages."""
    assert brought_up_to_date(read(words.page), words) == read(words.page)


@pytest.mark.parametrize("words", LANGUAGES, ids=lambda words: words.page)
def test_every_key_is_in_the_reference_with_its_default(words: Words) -> None:
    documented, real = documented_keys(read(words.page)), real_keys()
    assert set(documented) == set(real)
    for place, field in real.items():
        default = field.default.get_secret_value() if isinstance(field.default, SecretStr) else field.default
        stated = documented[place]
        if default is None:
            assert stated in UNSET, place
        elif isinstance(default, str) and stated != json.dumps(default, ensure_ascii=False):
            assert stated.endswith('…"'), place
            assert default.startswith(stated[1:-2]), place
        else:
            assert json.loads(stated) == (list(default) if isinstance(default, tuple) else default), place


@pytest.mark.parametrize("name", [name for name in MARKDOWN if "experiments" not in name])
def test_every_example_of_config_toml_is_valid(name: str, tmp_path: Path) -> None:
    for block in blocks(read(name), "toml"):
        if re.search(r"^\[project", block, re.M):  # a part of a pyproject.toml
            continue
        (tmp_path / "config.toml").write_text(block, encoding="utf-8")
        assert load_config(tmp_path / "config.toml", environment={}).files


# ---------------------------------------------------------------- exit codes and events


@pytest.mark.parametrize(
    ("name", "first_header"), [("docs/operations.md", "Code"), ("docs/operations.ja.md", "コード")]
)
def test_the_exit_codes_are_all_there(name: str, first_header: str) -> None:
    codes = [int(row[0]) for row in table(read(name), first_header)[1]]
    assert codes == [OK, FAILED, USAGE, CONFIG, CHAT, VOICE, AUDIO, INTERRUPTED, TERMINATED]


KINDS: dict[str, list[str]] = {
    kind.type: ["type", *(field.name for field in dataclasses.fields(kind))] for kind in get_args(Event)
}
"""The keys of each event, in their order, by its type."""
IN_EVERY_EVENT = [name for name in KINDS["turn_ended"] if all(name in keys for keys in KINDS.values())]


def shown_events(text: str) -> Iterator[tuple[dict[str, Any], bool]]:  # Any: JSON
    """Every event that is shown as a line of JSON, and whether it is shown to its end."""
    for line in re.findall(r'^\{"type": .*\}$', text, re.M):
        shortened = line.removesuffix(", …}")
        yield json.loads(line if shortened == line else shortened + "}"), shortened == line


@pytest.mark.parametrize("name", ["docs/operations.md", "docs/operations.ja.md", *EVENTS])
def test_every_event_that_is_shown_has_the_fields_it_has_in_their_order(name: str) -> None:
    """The samples of the READMEs had lost `shown`, `rule` and `lead`."""
    (head, _), *shown = shown_events(read(name))
    assert head == stream_head()
    assert shown
    for event, whole in shown:
        keys = KINDS[event["type"]]
        assert list(event) == (keys if whole else keys[: len(event)])
        if "metrics" in event:
            assert list(event["metrics"]) == METRICS


@pytest.mark.parametrize("name", EVENTS)
def test_every_event_is_described_with_all_its_fields_and_an_example(name: str) -> None:
    text = read(name)
    sections = dict(re.findall(r"^## ([a-z_]+)\n(.*?)(?=^## |\Z)", text, re.M | re.S))
    assert list(sections) == list(KINDS)
    [everywhere] = re.findall(r"^(?:Every event has [^.]*|どのイベントにも[^。]*)", text, re.M)
    assert re.findall(r"`(\w+)`", everywhere) == IN_EVERY_EVENT
    for kind, keys in KINDS.items():
        named = set(re.findall(r"`([\w.]+)`", "".join(re.findall(r"^\| (`.*?) \|", sections[kind], re.M))))
        described = set(keys) - set(IN_EVERY_EVENT)
        if "metrics" in described:
            described = described - {"metrics"} | {f"metrics.{name}" for name in METRICS}
        assert named == described, kind
        [(example, whole)] = shown_events(sections[kind])
        assert (example["type"], whole) == (kind, True)


@pytest.mark.parametrize("name", EVENTS)
def test_every_boundary_is_described(name: str) -> None:
    (row,) = re.findall(r"^\| `boundary` .*$", read(name), re.M)
    assert {boundary.value for boundary in Boundary} <= set(re.findall(r"`(\w+)`", row))


# ---------------------------------------------------------------- the documents as such


@pytest.mark.parametrize("name", TRANSLATED)
def test_both_languages_have_the_same_shape(name: str) -> None:
    english, japanese = read(name), read(name.removesuffix(".md") + ".ja.md")
    shapes = [re.findall(r"^(#+) ", without_code(text), re.M) for text in (english, japanese)]
    assert shapes[0] == shapes[1]
    for language in ("toml", "mermaid"):
        assert len(blocks(english, language)) == len(blocks(japanese, language))


def test_every_page_is_there_in_both_languages() -> None:
    """Events, figures and licences were there in English alone; decisions are, for those who change the code."""
    pages = {path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md")}
    assert {name for name in pages if not name.endswith(".ja.md")} <= {*TRANSLATED}


@pytest.mark.parametrize("name", TRANSLATED)
def test_both_languages_lead_to_each_other_at_the_top(name: str) -> None:
    japanese = Path(name).with_suffix(".ja.md").as_posix()
    for page, other, words in ((name, japanese, "日本語"), (japanese, name, "English")):
        assert f"[{words}]({Path(other).name})" in read(page)[:1000], page


def figures(text: str) -> list[tuple[str, list[str]]]:
    """Each paragraph and row of a table with its numbers, sorted: the two languages put words in another order."""
    parts = re.split(r"\n{2,}|\n(?=[|*])", re.sub(r"\]\([^)]*\)", "]", text))
    return [(part, sorted(re.findall(r"\d(?:[\d,.]*\d)?", part))) for part in parts]


def test_the_figures_are_the_same_in_both_languages() -> None:
    english, japanese = (figures(read(name)) for name in FIGURES)
    for (part, numbers), (twin, same) in zip(english, japanese, strict=True):
        assert numbers == same, f"{part}\n{twin}"


@pytest.mark.parametrize("name", ["docs/how-it-works.md", "docs/how-it-works.ja.md"])
def test_there_is_a_flow_chart_and_a_sequence_diagram(name: str) -> None:
    assert [block.split()[0] for block in blocks(read(name), "mermaid")] == ["flowchart", "sequenceDiagram"]


@pytest.mark.parametrize("name", MARKDOWN)
def test_links_inside_the_project_lead_somewhere(name: str) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", without_code(read(name))):
        if "://" not in target:
            assert (ROOT / name).parent.joinpath(target).exists(), target


def test_every_decision_is_in_the_list() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", read("docs/decisions/README.md"))
    assert listed == sorted(path.name for path in folder.glob("[0-9]*.md"))
