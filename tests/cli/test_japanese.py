"""What somebody with a Japanese locale reads: Japanese, with commands, keys and names as they are typed."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import typer.main
from wcwidth import wcswidth

from tests.cli.command import json_lines, start, voicebot
from tests.cli.terminal import Terminal
from tests.cli.test_command import commands_of
from tests.fake_voicevox import nobody_there
from tests.lab.samples import write_traces
from voicebot.cli.main import app

GROUPS = ["voicebot", "voicebot config", "voicebot lab", "voicebot history", "voicebot daemon", "voicebot service"]
COMMANDS = [*GROUPS, *(name for name, _ in commands_of(typer.main.get_command(app)))]
NAMES = """
    python voicebot chat ask say chunk voices models devices paths config lab history
    show path init edit get set check trust schema replay record compare explain score sweep tune list search
    export delete status on off
    auto ollama openai demo langchain pyttsx3 voicevox tone silent wav device
    adaptive sentence punctuation newline cpu fast slow gpu cloud instant char token whole segments matrix settings
    important message notification progress
    Linux macOS Windows systemd launchd
    jsonl md lines str int float bool text optional path
    Home Assistant Wyoming Model Context Protocol factory corpora sample
    Python CPython trio matplotlib
    RabbitMQ Prometheus rabbitmq
    en ja JavaScript Ollama OpenAI Markdown Ctrl Enter Esc Alt Shift aplay ffmpeg mp3 min max
    """
TYPED = {*NAMES.split(), *(word for command in COMMANDS for word in command.split())}
"""What is typed, or is a name, and therefore the same in both languages."""


def english_in(shown: str) -> list[str]:
    """The words in `shown` that are English and neither a name nor anything that is typed."""
    text = re.split(r"^例:$", shown, flags=re.MULTILINE)[0]  # examples stand as they are typed
    text = re.sub(r"\{\"id\".*?\}|^ *class .*?\n\n", "", text, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(
        r"[^\s、。：「」（）]*[/.=_<>$@\[\]{}|*][^\s、。：「」（）]*", " ", text
    )  # paths, addresses, keys, places
    text = re.sub(r"'[^']*'", " ", text)  # what somebody has typed
    text = re.sub(r"(?<!\w)--?[\w-]+", " ", text)
    words = re.findall(r"[A-Za-z][A-Za-z0-9']+", text)
    return [
        word
        for word in words
        if word not in TYPED and not word.isupper() and not re.fullmatch(r"[A-Z0-9a-z]?\d+", word)
    ]


def japanese(home: Path, *arguments: str, input: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command as somebody in Japan does."""
    return voicebot(home, *arguments, input=input, LANG="ja_JP.UTF-8")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_is_japanese(tmp_path: Path, command: str) -> None:
    shown = japanese(tmp_path, *command.split()[1:], "--help").stdout
    assert shown.startswith("使い方: ")
    assert english_in(shown) == []
    assert all(wcswidth(line) <= 80 for line in shown.split("例:")[0].splitlines() if '"' not in line)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("say", "--bogus", "x"), "オプション--bogusはありません"),
        (("say", "-r", "9", "x"), "50以上でなければなりません"),
        (("say", "-r", "fast", "x"), "整数でなければなりません"),
        (("say", "--voice"), "オプション'--voice'には値が必要です"),
        (("histroy", "list"), "コマンド'histroy'はありません。'history'のことですか"),
        (("history", "show", "a", "b"), "余分な引数があります（b）"),
        (("history", "search"), "引数'WORD'がありません"),
        (("history", "export", "--format", "pdf"), "のどれでもありません"),
        (("config", "get", "tts"), "'tts'はconfig.tomlのキーではありません"),
        (("say", "--tts", "tone", "-r", "200", "x"), "toneには話す速さがありません"),
        (("say", "x", "-o", "x.mp3"), "音声はWAVで書きます"),
        (("chunk", "nowhere.txt"), "そのファイルもフォルダーもありません"),
        (("history", "delete"), "削除する会話を指定するか、--allを付けてください"),
        (("config", "check", "nowhere.toml"), "ファイルnowhere.tomlがありません"),
        (("lab", "replay", "nowhere.jsonl"), "ファイルnowhere.jsonlがありません"),
        (("ask", "x", "--chat", "plugin", "--set", "chat.factory=NOWHERE:x"), "モジュール'NOWHERE'がありません"),
        (("voices", "--tts", "pyttsx3", "--set", "tts.rate=fast"), "整数でなければなりません"),
    ],
)
def test_a_mistake_is_told_in_japanese(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    done = japanese(tmp_path, *arguments)
    assert done.returncode in (2, 3)
    assert said in done.stderr
    assert english_in(done.stderr) == []


def test_every_fault_of_a_configuration_is_told_in_japanese(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text(
        """
[chat]
kind = "olama"
[tts]
rate = "fast"
volume = 7
[memory]
stor = true
[speech]
x = 1
"""
    )
    done = japanese(tmp_path, "config", "check", "x.toml")
    assert done.returncode == 3
    assert "種類'olama'はありません。ollamaのことですか" in done.stderr
    assert "整数でなければなりません（指定された値：'fast'）" in done.stderr
    assert "知らないキーです。storeのことですか" in done.stderr
    assert english_in(re.sub(r"（選べるもの：.*?）|使える表：.*|。store|：speech", "", done.stderr)) == []


def test_a_server_that_is_down_is_told_in_japanese(tmp_path: Path) -> None:
    with nobody_there() as url:
        done = japanese(tmp_path, "ask", "--chat", "openai", "--base-url", f"{url}/v1", "--no-audio", "元気？")
    assert done.returncode == 4
    assert "応答がありません：チャットサーバー（" in done.stderr
    assert "接続を拒否されました" in done.stderr  # asyncio says "Connect call failed (…, 1234)"
    assert english_in(done.stderr) == []


def test_a_turn_and_its_history_are_japanese(tmp_path: Path) -> None:
    done = japanese(
        tmp_path, "ask", "--chat", "demo", "今日は何曜日？", "--tts", "tone", "-o", "x.wav", "--conversation", "台所"
    )
    assert done.returncode == 0
    assert "最初の音まで" in done.stderr
    assert english_in(done.stderr) == []
    for command in (("list",), ("show", "台所"), ("status",), ("search", "曜日"), ("search", "そんな言葉はない")):
        told = japanese(tmp_path, "history", *command)
        assert told.returncode == 0
        assert english_in(told.stdout + told.stderr) == []
    assert "何も見つかりません" in told.stderr
    (tmp_path / "elsewhere").mkdir()
    nothing = japanese(tmp_path / "elsewhere", "history", "list")
    assert "まだ会話がありません" in nothing.stderr


def test_what_programs_read_is_the_same_in_every_language(tmp_path: Path) -> None:
    """Keys, kinds, outcomes and exit codes are not messages."""
    arguments = ("ask", "--chat", "demo", "6*7?", "--tts", "tone", "-o", "x.wav", "--force", "--json", "--no-log")
    english, translated = (json_lines(run(tmp_path, *arguments).stdout) for run in (voicebot, japanese))
    assert [(e["type"], [*e]) for e in translated if e["type"] != "delta"] == [
        (e["type"], [*e]) for e in english if e["type"] != "delta"
    ]
    assert translated[-1]["outcome"] == english[-1]["outcome"] == "completed"
    assert json_lines(japanese(tmp_path, "history", "list", "--json").stdout) == []


def test_the_chat_speaks_japanese_about_itself(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, "chat", "--chat", "demo", "--no-audio", LANG="ja_JP.UTF-8")
    try:
        terminal.expect_prompt()
        terminal.expect_on_screen("Escで読み上げを停止")
        terminal.type("/help\r")
        terminal.expect_on_screen("会話を続ける")
        terminal.type("/nonsense\r")
        terminal.expect_on_screen("一覧は/help")
        terminal.type("/say x\r")
        terminal.expect_on_screen("読み上げられません")
        terminal.type("/exit\r")
        assert terminal.exit_code() == 0
        assert english_in(terminal.screen.replace("Alt-Enter", "")) == []
    finally:
        terminal.close()


def test_a_question_is_japanese_and_understands_a_japanese_answer(tmp_path: Path) -> None:
    """It answered はい with "Error: invalid input"."""
    arguments = ("ask", "--chat", "demo", "今日は？", "--no-audio", "--conversation", "台所")
    assert japanese(tmp_path, *arguments).returncode == 0
    for answer, code in (("いいえ", 1), ("はい", 0)):
        terminal = Terminal(tmp_path, "history", "delete", "台所", LANG="ja_JP.UTF-8")
        try:
            terminal.expect("台所を完全に削除しますか")
            terminal.type(f"{answer}\n")
            assert terminal.exit_code() == code
        finally:
            terminal.close()
    assert "まだ会話がありません" in japanese(tmp_path, "history", "list").stderr


def test_the_report_of_the_lab_is_japanese(tmp_path: Path) -> None:
    write_traces(tmp_path)
    (tmp_path / "x.toml").write_text('traces = ["."]\nengines = ["gpu"]\n[settings.a]\nchunking.strategy = "newline"\n')
    done = japanese(tmp_path, "lab", "sweep", "x.toml", "-o", "out")
    assert done.returncode == 0
    assert english_in(done.stdout + done.stderr) == []
    page = (tmp_path / "out" / "report.html").read_text()
    assert '<html lang="ja">' in page
    assert "«" not in page
    text = re.sub(r"<[^>]*>", " ", re.sub(r"(?s)<(style|script|svg|title|h1|pre)\b.*?</\1>|&nbsp;", " ", page))
    assert english_in(text) == []
    assert "書かれている" in text


def test_that_no_daemon_runs_is_told_in_japanese(tmp_path: Path) -> None:
    for command in ("status", "stop", "skip"):
        told = japanese(tmp_path, command).stderr
        assert "デーモンは動いていません" in told or "デーモンは動いていないので" in told
        assert english_in(told) == []


def test_the_demo_answers_what_has_no_letters_in_the_language_of_the_person(tmp_path: Path) -> None:
    """A first message such as "?" was answered in English, whoever asked."""
    answered = voicebot(tmp_path, "ask", "?", "--chat", "demo", "--no-audio", LANG="ja_JP.UTF-8")
    assert "デモ" in answered.stdout


def test_what_is_waited_for_is_named_in_japanese(tmp_path: Path) -> None:
    """ "まだstandard inputを待っています…" stood there while nothing came through the pipe."""
    process = start(tmp_path, "say", "-", "--tts", "tone", "-o", "out.wav", LANG="ja_JP.UTF-8")
    assert process.stderr
    lines = [process.stderr.readline().decode() for _ in range(2)]
    process.communicate()
    assert lines[1] == "まだ標準入力を待っています…\n"


def test_a_chat_model_with_an_address_is_named_in_japanese(tmp_path: Path) -> None:
    """ "m at http://…" stood in the middle of Japanese."""
    with nobody_there() as url:
        done = japanese(tmp_path, "ask", "x", "--chat", "openai", "--base-url", f"{url}/v1", "-m", "m", "--no-audio")
    assert done.stderr.startswith(f"準備完了：m（{url}/v1） → ")
    assert english_in(done.stderr) == []


def test_a_device_that_is_not_there_is_told_in_japanese(tmp_path: Path) -> None:
    """PortAudio's own words stood behind the colon."""
    given = ("--set", "audio.kind=device", "--set", "audio.device=99")
    done = japanese(tmp_path, "say", "x", "--tts", "tone", *given)
    assert done.returncode == 6
    assert "デバイス99はありません" in done.stderr
    assert english_in(done.stderr) == []
