"""What the command promises to the person who types it."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path
from subprocess import DEVNULL

import anyio
import pytest
from anyio import to_thread

from tests.chat.dialects import OLLAMA, OPENAI, Dialect
from tests.cli.command import (
    COMMAND,
    assert_took_at_most,
    children_of,
    environment,
    json_lines,
    start,
    survivors,
    voicebot,
    wav_seconds,
)
from tests.fake_voicevox import fake_voicevox, nobody_there
from tests.fault_server import Stall, serve, whole
from tests.machine import PATIENCE_SECONDS
from voicebot.audio.pcm import read_wav
from voicebot.cli.main import with_command
from voicebot.cli.options import ConfigOptions
from voicebot.config.models import TtsVoicevox

TONE = ("--tts", "tone")


@pytest.fixture
def anyio_backend() -> str:
    """The command runs elsewhere; the server here may run on either event loop."""
    return "asyncio"


def test_no_speech_is_written_without_audio(tmp_path: Path) -> None:
    """The status named the file, the exit code was 0, and there was no file."""
    done = voicebot(tmp_path, "say", "Hello.", "--no-audio", "-o", "x.wav")
    assert (done.returncode, "with --no-audio there is no speech to write" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ("say", "Hello.", "-o", "{long}.wav"), ("ask", "Hello", "--chat", "demo", "--record", "{long}"),
        ("dict", "import", "{long}"), ("config", "init", "--config", "{long}"),
        ("lab", "replay", "{long}"), ("lab", "record", "Hello", "-o", "{long}"),
    ],
)  # fmt: skip
def test_a_name_that_is_too_long_is_no_bug_of_ours(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """And the name of a file in a folder of somebody else neither: Python's Path.exists fails with both."""
    long = "x" * 300
    done = voicebot(tmp_path, *(one.format(long=long) for one in arguments))
    assert done.returncode != 0
    assert "bug" not in done.stderr
    assert f"{long[:-10]}" in done.stderr
    assert "File name too long" in done.stderr


def test_a_text_is_spoken_into_a_file_with_the_default_voice(tmp_path: Path) -> None:
    done = voicebot(tmp_path, "say", "Hello there. How are you?", "-o", "out.wav")
    assert (done.returncode, done.stdout) == (0, "Hello there. How are you?\n")
    assert 1.0 < wav_seconds(tmp_path / "out.wav") < 5.0
    assert "first audio after" in done.stderr


def test_without_a_loudspeaker_the_main_job_is_done_and_the_reason_said(tmp_path: Path) -> None:
    done = voicebot(tmp_path, "ask", "--chat", "demo", "Hello")
    assert done.returncode == 0
    assert "no sound here:" in done.stderr
    [file] = tmp_path.glob("voicebot-*.wav")
    assert f"writing {file.name}" in done.stderr
    assert wav_seconds(file) > 1


def test_a_file_that_is_left_is_told_of_however_quiet_the_command(tmp_path: Path) -> None:
    """With -q a file appeared in the folder, and nothing said so."""
    done = voicebot(tmp_path, "say", "Hello", "-q", "--tts", "tone")
    [file] = tmp_path.glob("voicebot-*.wav")
    assert (done.returncode, done.stderr) == (0, f"writing {file.name}\n")


@pytest.mark.parametrize("arguments", [["-"], [], ["-o", "x.wav"]], ids=" ".join)
@pytest.mark.parametrize("text", ["", " \n\n"])
def test_nothing_to_say_is_told_and_no_file_is_written(tmp_path: Path, arguments: list[str], text: str) -> None:
    """It said that it wrote a file, which then did not exist."""
    done = voicebot(tmp_path, "say", *arguments, "--tts", "tone", input=text)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.endswith("\nnothing to say\n")
    assert "writing" not in done.stderr
    assert list(tmp_path.glob("*.wav")) == []


def test_an_empty_file_is_an_empty_text(tmp_path: Path) -> None:
    """As above, where `voicebot say ""` is a mistake."""
    (tmp_path / "empty.txt").write_text(" \n")
    done = voicebot(tmp_path, "say", "--file", "empty.txt", "--tts", "tone")
    assert (done.returncode, done.stderr) == (2, "voicebot: the text is empty\n")


def test_a_text_without_words_is_shown_and_leaves_no_file(tmp_path: Path) -> None:
    """As above: it said that it wrote a file."""
    done = voicebot(tmp_path, "say", "😀", "--tts", "tone")
    assert (done.returncode, done.stdout) == (0, "😀\n")
    assert "there is nothing in it to be said aloud" in done.stderr
    assert "writing" not in done.stderr
    assert list(tmp_path.glob("*.wav")) == []


def test_japanese_is_asked_answered_and_spoken(tmp_path: Path) -> None:
    done = voicebot(tmp_path, "ask", "--chat", "demo", "こんにちは", "-o", "out.wav")
    assert done.returncode == 0
    assert any("\u3040" < character < "\u30ff" for character in done.stdout)
    # read through kana: about eight characters a second, where spelling out "Chinese letter" takes a second for each
    assert wav_seconds(tmp_path / "out.wav") < len(done.stdout) * 0.35


def test_the_question_may_come_from_standard_input(tmp_path: Path) -> None:
    done = voicebot(tmp_path, "ask", "-", "--chat", "demo", "--no-audio", input="What is 6 * 7?")
    assert done.stdout == "6 times 7 is 42.\n"


@pytest.mark.parametrize(("question", "answer"), [("What is 6 * 7?", "42"), ("6足す7は？", "13")])
def test_a_question_needs_no_command(tmp_path: Path, question: str, answer: str) -> None:
    done = voicebot(tmp_path, question, VOICEBOT_TTS__KIND="tone", VOICEBOT_AUDIO__KIND="silent")
    assert done.returncode == 0
    assert answer in done.stdout


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("", "chat"),
        ("--chat demo", "chat"),
        ("--version", ""),
        ("history list", ""),
        ("histroy list", ""),
        ("modles", ""),
        ("what is love?", "ask"),
        ("that", "ask"),
        ("今日は", "ask"),
        ("-- --really?", "ask"),
        ("help me say sorry", "ask"),
    ],
)
def test_a_word_that_is_nearly_a_command_is_a_mistake_and_anything_else_a_question(typed: str, meant: str) -> None:
    arguments = typed.split()
    assert with_command(arguments) == ([meant, *arguments] if meant else arguments)


def test_a_mistyped_command_gets_its_suggestion(tmp_path: Path) -> None:
    done = voicebot(tmp_path, "histroy")
    assert done.returncode == 2
    assert "Did you mean 'history'?" in done.stderr
    assert "Usage:" in voicebot(tmp_path, "help").stdout


@pytest.mark.parametrize(
    ("typed", "meant"), [("help say", "say --help"), ("help config set", "config set --help"), ("help", "--help")]
)
def test_help_before_a_command_is_its_help(typed: str, meant: str) -> None:
    """`voicebot help say` was a question, which a chat model answered."""
    assert with_command(typed.split()) == meant.split()


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("words", "piped", "asked"),
    [
        (["Summarise this"], "牛乳\n卵\n", "Summarise this\n\n牛乳\n卵"),
        (["Summarise", "this", "-"], "milk", "Summarise this\n\nmilk"),
        ([], "How are you?\n", "How are you?"),
        (["-"], "How are you?\n", "How are you?"),
        (["How are you?"], "", "How are you?"),
    ],
)
async def test_the_model_is_given_the_question_and_the_text_that_is_piped_in(
    tmp_path: Path, words: list[str], piped: str, asked: str
) -> None:
    """With a question among the arguments, what was piped in was lost without a word."""
    async with serve() as server:
        server.answer(OPENAI.path, OPENAI.reply("Fine", "."))
        chat = ("--chat", "openai", "--model", "m", "--base-url", OPENAI.base_url(server), "--no-audio")
        done = await to_thread.run_sync(lambda: voicebot(tmp_path, "ask", *words, *chat, input=piped))
        assert done.returncode == 0, done.stderr
        assert json.loads(server.requests[-1].body)["messages"][-1]["content"] == asked


def test_a_pipe_that_nobody_writes_to_holds_no_question_up(tmp_path: Path) -> None:
    process = start(tmp_path, "ask", "What is 6 * 7?", "--chat", "demo", "--no-audio")
    assert process.stdout
    assert process.stdout.readline() == b"6 times 7 is 42.\n"  # while our end of its standard input is open
    _, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert b"nothing came on standard input" in err


@pytest.mark.anyio
async def test_instructions_for_the_model_may_be_given_in_short(tmp_path: Path) -> None:
    async with serve() as server:
        server.answer(OPENAI.path, OPENAI.reply("Arr", "."))
        chat = ("--chat", "openai", "--model", "m", "--base-url", OPENAI.base_url(server), "--no-audio")
        await to_thread.run_sync(lambda: voicebot(tmp_path, "ask", "Hi", "-s", "Talk like a pirate.", *chat))
        messages = json.loads(server.requests[-1].body)["messages"]
    assert messages[0] == {"role": "system", "content": "Talk like a pirate."}


def test_the_rate_is_words_a_minute_for_every_engine_that_has_one(tmp_path: Path) -> None:
    say = ("say", "Hello there. How are you?")
    assert voicebot(tmp_path, *say, "-v", "en-us", "-r", "100", "-o", "slow.wav").returncode == 0
    assert voicebot(tmp_path, *say, "-v", "en-us", "-r", "400", "-o", "fast.wav").returncode == 0
    assert wav_seconds(tmp_path / "slow.wav") > 2 * wav_seconds(tmp_path / "fast.wav")
    voicevox = ConfigOptions(set_=["tts.kind=voicevox"]).load(rate=300).config.tts
    assert isinstance(voicevox, TtsVoicevox)
    assert voicevox.speed == 1.5
    done = voicebot(tmp_path, *say, *TONE, "-r", "100", "-o", "tone.wav")
    assert done.returncode == 2
    assert "the tone has no rate" in done.stderr


def test_speech_goes_through_a_pipe_and_nothing_else_does(tmp_path: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "ask", "こんにちは", "--chat", "demo", *TONE, "-o", "-"],
        cwd=tmp_path, env=environment(tmp_path), stdin=DEVNULL, capture_output=True,
    )  # fmt: skip
    assert done.returncode == 0
    pcm, format = read_wav(done.stdout)
    assert len(pcm) > format.sample_rate * format.frame_bytes
    assert "こんにちは" in done.stderr.decode()
    assert voicebot(tmp_path, "say", "Hello.", *TONE, "-o", "-", "--json").returncode == 2


def test_a_player_that_goes_away_ends_the_command_quietly(tmp_path: Path) -> None:
    process = start(tmp_path, "say", "Hello. " * 500, *TONE, "-o", "-")
    assert process.stdout
    assert process.stderr
    assert process.stdout.read(4) == b"RIFF"
    process.stdout.close()
    assert b"voicebot:" not in process.stderr.read()
    assert process.wait(PATIENCE_SECONDS) == 1
    process.stderr.close()
    assert process.stdin
    process.stdin.close()


@pytest.mark.parametrize(
    ("name", "told"),
    [("x.mp3", "ffmpeg -i - x.mp3"), ("song.OGG", "song.wav"), ("taken.wav", "--force")],
)
def test_a_file_of_another_format_or_one_that_is_there_is_not_written(tmp_path: Path, name: str, told: str) -> None:
    """`-o x.mp3` wrote a WAV file under that name, and `-o diary.wav` erased what was in it."""
    (tmp_path / "taken.wav").write_text("precious")
    done = voicebot(tmp_path, "say", "Hello.", *TONE, "-o", name)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert [file.name for file in tmp_path.glob("*.*")] == ["taken.wav"]
    assert (tmp_path / "taken.wav").read_text() == "precious"


def test_a_file_that_is_there_is_written_over_where_that_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "taken.wav").write_text("no longer needed")
    assert voicebot(tmp_path, "say", "Hello.", *TONE, "-o", "taken.wav", "--force").returncode == 0
    assert wav_seconds(tmp_path / "taken.wav") > 0


def test_auto_says_that_it_found_no_server_and_uses_the_demo(tmp_path: Path) -> None:
    done = voicebot(tmp_path, "ask", "Hello", "--no-audio")
    assert done.returncode == 0
    assert "no chat server answered" in done.stderr
    assert "using the built-in demo" in done.stderr


def test_naming_a_server_or_a_model_never_leads_to_the_demo(tmp_path: Path) -> None:
    with nobody_there() as url:
        for wanted in (("--base-url", url), ("--model", "llama3.2")):
            done = voicebot(tmp_path, "ask", "Hello", "--no-audio", *wanted)
            assert (done.returncode, done.stdout) == (4, "")
            assert "no chat server answered" in done.stderr


def test_a_piped_text_is_spoken_while_it_still_arrives(tmp_path: Path) -> None:
    process = start(tmp_path, "say", "-", *TONE, "-o", "out.wav", "--json")
    assert process.stdin
    assert process.stdout
    process.stdin.write("最初の文です。".encode())
    process.stdin.flush()
    heard = b""
    while b"playback_started" not in heard:  # while the second sentence has not been written
        line = process.stdout.readline()
        assert line, process.stderr and process.stderr.read()
        heard += line
    out, _ = process.communicate("次の文です。".encode(), timeout=PATIENCE_SECONDS)
    ended = json_lines((heard + out).decode())[-1]
    assert (ended["outcome"], ended["heard"]) == ("completed", "最初の文です。次の文です。")
    assert process.returncode == 0


@pytest.mark.anyio
@pytest.mark.parametrize("dialect", [OLLAMA, OPENAI], ids=["ollama", "openai"])
async def test_a_reply_of_a_chat_server_is_heard_in_full(tmp_path: Path, dialect: Dialect) -> None:
    async with serve() as server:
        server.answer(dialect.path, dialect.reply("Hello", " there", ". All", " is", " well", "."))
        done = await to_thread.run_sync(
            lambda: voicebot(
                tmp_path, "ask", "Hi", "--chat", dialect.kind, "--model", "m", "--base-url", dialect.base_url(server),
                *TONE, "-o", "out.wav",
            )
        )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "Hello there. All is well.\n")
    assert wav_seconds(tmp_path / "out.wav") > 0.5


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        ("404 Not Found", b'{"error": "model \'m\' not found"}', "not found"),
        ("401 Unauthorized", b'{"error": {"message": "bad key"}}', "VOICEBOT_CHAT__API_KEY"),
        ("500 Internal Server Error", b'{"error": "out of memory"}', "out of memory"),
        ("503 Service Unavailable", b"<html><title>Busy</title></html>", "HTML"),
    ],
)
async def test_what_the_chat_server_refuses_is_said_with_exit_code_4(
    tmp_path: Path, status: str, body: bytes, words: str
) -> None:
    kind = "text/html" if body.startswith(b"<") else "application/json"
    async with serve() as server:
        server.answer("/v1/chat/completions", whole(body, kind, status=status))
        done = await to_thread.run_sync(
            lambda: voicebot(
                tmp_path, "ask", "Hi", "--chat", "openai", "--model", "m", "--base-url", f"{server.url}/v1",
                *TONE, "-o", "out.wav",
            )
        )  # fmt: skip
    assert done.returncode == 4
    assert words in done.stderr
    assert not (tmp_path / "out.wav").exists()


def test_a_chat_server_that_is_down_is_named_with_what_to_run(tmp_path: Path) -> None:
    with nobody_there() as url:
        done = voicebot(tmp_path, "ask", "Hi", "--chat", "ollama", "--model", "m", "--base-url", url, "--no-audio")
    assert done.returncode == 4
    assert "ollama serve" in done.stderr


def test_voicevox_speaks_and_its_credit_is_shown(tmp_path: Path) -> None:
    with fake_voicevox() as engine:
        done = voicebot(
            tmp_path, "say", "こんにちは、世界。", "--tts", "voicevox", "--voice", "ずんだもん/ノーマル",
            "--set", f"tts.base_url={engine.url}", "-o", "out.wav",
        )  # fmt: skip
        listed = voicebot(tmp_path, "voices", "--tts", "voicevox", "--base-url", engine.url)
    assert done.returncode == 0, done.stderr
    assert "VOICEVOX:ずんだもん" in done.stderr
    assert wav_seconds(tmp_path / "out.wav") > 0.5
    assert "ずんだもん/ノーマル" in listed.stdout


def test_a_voice_that_is_down_or_unknown_is_exit_code_5(tmp_path: Path) -> None:
    with nobody_there() as url:
        done = voicebot(tmp_path, "say", "hi", "--tts", "voicevox", "--set", f"tts.base_url={url}", "-o", "out.wav")
    assert done.returncode == 5
    assert url in done.stderr
    done = voicebot(tmp_path, "say", "hi", "--voice", "englisch", "-o", "out.wav")
    assert done.returncode == 5
    assert "voicebot voices" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("-o", "/dev/full"),
        ("-o", "no/such/folder/x.wav"),
        ("--set", "audio.kind=device", "--set", "audio.device=nowhere"),
    ],
)
def test_audio_that_cannot_be_played_or_written_is_exit_code_6(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = voicebot(tmp_path, "say", "Hello there.", *TONE, *arguments)
    assert done.returncode == 6
    assert "→" in done.stderr


def test_faults_of_the_configuration_are_exit_code_3_and_come_all_at_once(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[chunking]\nmax_charcters = 80\n[tts]\nrate = 1\n")
    done = voicebot(tmp_path, "say", "hi")
    assert done.returncode == 3
    assert "config.toml: chunking.max_charcters: unknown key; did you mean max_characters?" in done.stderr
    assert "config.toml: tts.rate" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [("say", "  "), ("ask",), ("histroy",), ("ask", "x", "--nope"), ("say", "x", "--realtime")],
)
def test_wrong_usage_is_exit_code_2(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert voicebot(tmp_path, *arguments).returncode == 2


def test_json_prints_one_event_a_line_from_the_start_of_the_turn_to_its_end(tmp_path: Path) -> None:
    done = voicebot(tmp_path, "say", "One. Two.", *TONE, "-o", "out.wav", "--json")
    head, *told = json_lines(done.stdout)
    assert head == {"type": "stream", "version": 1}
    assert told[0]["type"] == "turn_started"
    assert told[-1]["type"] == "turn_ended"
    assert len({event["turn"] for event in told}) == 1
    assert told[-1]["heard"] == "One. Two."
    assert {"ttft", "ttfa", "rtf", "gaps", "gap_seconds"} <= told[-1]["metrics"].keys()
    moments = [event["at"] for event in told]
    assert moments == sorted(moments)
    assert {event["type"] for event in told} >= {
        "delta", "segment_ready", "utterance_ready", "clip_ready", "playback_started", "playback_finished"
    }  # fmt: skip


def test_text_only_needs_no_voice_and_no_sound(tmp_path: Path) -> None:
    done = voicebot(tmp_path, "ask", "tell me a short story", "--chat", "demo", "--no-audio", "--quiet")
    assert done.returncode == 0
    assert len(done.stdout) > 200
    assert done.stderr == ""
    assert not list(tmp_path.glob("*.wav"))


def test_there_is_no_ansi_where_there_is_no_terminal(tmp_path: Path) -> None:
    done = voicebot(tmp_path, "ask", "Hello", "--chat", "demo", *TONE, "-o", "out.wav")
    assert "\x1b" not in done.stdout + done.stderr
    assert "\x1b" not in voicebot(tmp_path, "voices").stdout


def test_a_reader_that_goes_away_ends_the_command_quietly(tmp_path: Path) -> None:
    process = start(
        tmp_path, "ask", "tell me a short story", "--chat", "demo", *TONE, "-o", "out.wav", "--realtime", stdin=DEVNULL
    )
    assert process.stdout
    assert process.stderr
    assert process.stdout.read(4) == b"Once"
    process.stdout.close()
    assert process.wait(PATIENCE_SECONDS) == 1
    assert b"Traceback" not in process.stderr.read()
    assert wav_seconds(tmp_path / "out.wav") > 0
    process.stderr.close()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)])
def test_a_signal_ends_it_within_two_seconds_the_file_valid_and_no_child_left(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    process = start(
        tmp_path, "ask", "tell me a short story", "--chat", "demo", "-o", "out.wav", "--realtime", stdin=DEVNULL
    )
    assert process.stdout
    assert process.stdout.read(4) == b"Once"
    children = children_of(process.pid)
    assert children
    time.sleep(0.5)
    process.send_signal(number)
    sent = time.monotonic()
    _, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert_took_at_most(2, time.monotonic() - sent)
    assert process.returncode == code
    assert b"Traceback" not in err
    assert 0 < wav_seconds(tmp_path / "out.wav") < 10
    assert survivors(children, seconds=5) == []


@pytest.mark.parametrize("module", ["typer", "pydantic", "voicebot.cli.talk"])
def test_ctrl_c_while_it_loads_is_as_quiet(tmp_path: Path, module: str) -> None:
    """While the commands were imported, Python's own handler was in force: the import system could swallow Ctrl-C."""
    process = start(tmp_path, "say", "-", *TONE, "-o", "out.wav", PYTHONPROFILEIMPORTTIME="1")
    assert process.stderr
    loaded = any(line.split(b"|")[-1].strip() == module.encode() for line in process.stderr)
    assert loaded  # and what comes after it is not
    process.send_signal(signal.SIGINT)
    err = process.stderr.read()
    process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 130
    assert b"Traceback" not in err


@pytest.mark.anyio
async def test_a_person_who_waits_long_is_told_what_for(tmp_path: Path) -> None:
    async with serve() as server:
        server.answer(OLLAMA.path, [OLLAMA.head, Stall()])
        process = start(
            tmp_path, "ask", "Hi", "--chat", "ollama", "--model", "m", "--base-url", server.url, *TONE, "-o", "out.wav",
            stdin=DEVNULL,
        )  # fmt: skip
        assert process.stderr
        lines = [await to_thread.run_sync(process.stderr.readline) for _ in range(2)]
        process.terminate()
        await to_thread.run_sync(process.communicate)
    assert b"ready:" in lines[0]
    assert b"still waiting for ollama m" in lines[1]


@pytest.mark.anyio
async def test_an_interrupted_stream_hangs_up(tmp_path: Path) -> None:
    dialect = OLLAMA
    async with serve() as server:
        server.answer(dialect.path, [dialect.head, *dialect.chunks("Hello there. "), Stall()])
        process = start(
            tmp_path, "ask", "Hi", "--chat", dialect.kind, "--model", "m", "--base-url", dialect.base_url(server),
            *TONE, "-o", "out.wav", stdin=DEVNULL,
        )  # fmt: skip
        assert process.stdout
        assert await to_thread.run_sync(process.stdout.read, 5) == b"Hello"
        process.send_signal(signal.SIGINT)
        await to_thread.run_sync(process.communicate)
        assert process.returncode == 130
        with anyio.fail_after(PATIENCE_SECONDS):
            while not server.hung_up:  # noqa: ASYNC110 - the fault server's count is not an event
                await anyio.sleep(0.01)


def test_what_cannot_be_decoded_is_spoken_as_far_as_it_can_be(tmp_path: Path) -> None:
    half = "こんにちは。".encode() + "世".encode()[:2]
    done = voicebot(tmp_path, "say", "-", *TONE, "-o", "out.wav", input=half)
    assert done.returncode == 0
    assert done.stdout.startswith("こんにちは。")


def test_an_empty_device_on_standard_input_is_not_an_error(tmp_path: Path) -> None:
    with open("/dev/null", "rb") as nothing:
        done = subprocess.run(
            [*COMMAND, "say", "-", *TONE, "-o", "out.wav"],
            cwd=tmp_path, env=environment(tmp_path), stdin=nothing, capture_output=True,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_nothing_on_standard_input_is_not_an_error(tmp_path: Path) -> None:
    assert voicebot(tmp_path, "say", "-", *TONE, "-o", "out.wav", input="").returncode == 0
    assert not (tmp_path / "out.wav").exists()


def test_the_configuration_in_force_can_be_seen_and_used_again(tmp_path: Path) -> None:
    shown = voicebot(tmp_path, "config", "show", "--set", "tts.rate=170", VOICEBOT_CONVERSATION__TURNS="2")
    (tmp_path / "again.toml").write_text(shown.stdout)
    again = voicebot(tmp_path, "config", "show", "--config", "again.toml", "--origin")
    assert "rate = 170" in again.stdout
    assert "turns = 2" in again.stdout
    assert "# again.toml" in again.stdout
    assert "config.toml" in voicebot(tmp_path, "config", "path").stdout
    assert json.loads(voicebot(tmp_path, "config", "schema").stdout)["title"] == "Config"
    assert json.loads(voicebot(tmp_path, "config", "show", "--json").stdout)["tts"]["kind"] == "pyttsx3"


def test_devices_and_voices_are_listed_for_programs_too(tmp_path: Path) -> None:
    assert voicebot(tmp_path, "devices", "--json").returncode in {0, 6}
    listed = voicebot(tmp_path, "voices", "--json")
    assert any(row["languages"] == ["ja"] for row in json.loads(listed.stdout))


def test_a_list_without_elements_is_an_empty_list_for_programs(tmp_path: Path) -> None:
    """Some commands printed nothing, which no JSON parser takes."""
    for command in ("devices", "history list", "history show", "history search x", "models --chat demo"):
        done = voicebot(tmp_path, *command.split(), "--json")
        assert (done.returncode, done.stdout) == (0, "[]\n"), command


def test_the_names_of_json_have_no_spaces_and_are_those_of_the_options(tmp_path: Path) -> None:
    with fake_voicevox() as engine:
        listed = voicebot(tmp_path, "voices", "--tts", "voicevox", "--base-url", engine.url, "--json")
    rows = json.loads(listed.stdout)
    assert {"voice", "style_id"} == rows[0].keys()
    assert all(key.isidentifier() for row in rows for key in row)


def test_a_conversation_may_come_line_by_line_from_a_pipe(tmp_path: Path) -> None:
    script = "My name is Ken.\nWhat is my name?\n"
    done = voicebot(tmp_path, "chat", "--chat", "demo", *TONE, "-o", "out.wav", input=script)
    assert done.returncode == 0
    assert "Ken" in done.stdout.splitlines()[-1]


def test_options_alone_mean_chat(tmp_path: Path) -> None:
    done = voicebot(tmp_path, "--chat", "demo", "--no-audio", input="What is 2 + 2?\n")
    assert done.returncode == 0
    assert done.stdout == "2 plus 2 is 4.\n"


def test_help_and_version_are_there(tmp_path: Path) -> None:
    assert voicebot(tmp_path, "--version").stdout.strip()
    for command in ("chat", "ask", "say", "voices", "devices", "config"):
        assert command in voicebot(tmp_path, "--help").stdout
        assert voicebot(tmp_path, command, "--help").returncode == 0


# ---------------------------------------------------------------- chunk


def test_chunk_prints_one_segment_a_line(tmp_path: Path) -> None:
    done = voicebot(tmp_path, "chunk", input="はい、わかりました！明日です。\n```\na\nb\n```\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["はい、", "わかりました！", "明日です。", "```⏎a⏎b⏎```"]


@pytest.mark.parametrize(("strategy", "count"), [("adaptive", 3), ("sentence", 2), ("punctuation", 3), ("newline", 1)])
def test_chunk_cuts_by_the_strategy_that_is_asked_for(tmp_path: Path, strategy: str, count: int) -> None:
    (tmp_path / "text.txt").write_text("はい、わかりました！明日です。", encoding="utf-8")
    done = voicebot(tmp_path, "chunk", "--strategy", strategy, "--json", "text.txt")
    segments = json_lines(done.stdout)
    assert len(segments) == count
    assert "".join(segment["text"] for segment in segments) == "はい、わかりました！明日です。"
    assert {"start", "end", "boundary", "rule"} < set(segments[0])


def test_chunk_prints_a_segment_while_the_rest_is_still_to_come(tmp_path: Path) -> None:
    process = start(tmp_path, "chunk")
    try:
        assert process.stdin
        assert process.stdout
        process.stdin.write("はい、".encode())
        process.stdin.flush()
        assert process.stdout.readline().decode() == "はい、\n"
    finally:
        process.kill()
        process.communicate()


def test_one_line_of_the_configuration_changes_how_a_text_is_cut(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[chunking]\nstrategy = "newline"\n')
    assert voicebot(tmp_path, "chunk", input="One. Two.\nThree.").stdout == "One. Two.\nThree.\n"


def test_chunk_says_what_cannot_be_read(tmp_path: Path) -> None:
    for name in ("no-such.txt", "no/such", "メモ.txt"):
        done = voicebot(tmp_path, "chunk", name)
        assert done.returncode == 2
        assert name in done.stderr


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        (["It is 3 p.m. already. Let us go!"], ["It is 3 p.m. already.", "Let us go!"]),
        (["One.", "Two."], ["One.", "Two."]),
        (["はい、午前/午後です。"], ["はい、", "午前/午後です。"]),
        (["x" * 5000 + " notes.txt"], ["x" * 5000 + " notes.txt"]),
    ],
    ids=["a sentence", "words", "Japanese", "long"],
)
def test_chunk_cuts_a_text_that_is_given(tmp_path: Path, words: list[str], lines: list[str]) -> None:
    """Whoever gave a text, as to `voicebot say`, was told that there is no file of that name."""
    done = voicebot(tmp_path, "chunk", "--strategy", "adaptive", *words)
    assert done.returncode == 0, done.stderr
    assert "".join(done.stdout.split()) == "".join("".join(lines).split())
    if len(lines) > 1:
        assert done.stdout.splitlines() == lines


def test_chunk_takes_one_file(tmp_path: Path) -> None:
    for name in ("a b.txt", "c"):
        (tmp_path / name).write_text("One.")
    assert voicebot(tmp_path, "chunk", "a b.txt").stdout == "One.\n"
    done = voicebot(tmp_path, "chunk", "a b.txt", "c")
    assert done.returncode == 2
    assert "cat 'a b.txt' c | voicebot chunk" in done.stderr


# ---------------------------------------------------------------- record


def test_a_turn_can_be_recorded_for_replays(tmp_path: Path) -> None:
    done = voicebot(tmp_path, "ask", "--chat", "demo", "--no-audio", "--record", "turn.jsonl", "Hello")
    assert done.returncode == 0
    lines = [json.loads(line) for line in (tmp_path / "turn.jsonl").read_text(encoding="utf-8").splitlines()]
    assert "".join(line["token"] for line in lines) == done.stdout.rstrip("\n")
    again = voicebot(tmp_path, "ask", "--chat", "demo", "--no-audio", "--record", "turn.jsonl", "Hello")
    assert again.returncode == 2
    assert "turn.jsonl is there already" in again.stderr
