"""What config.toml and its layers promise."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from voicebot.chat.wire.api_keys import key_in_file
from voicebot.config.faults import Fault, InvalidConfig
from voicebot.config.loading import load_config, user_config_path
from voicebot.config.models import (
    AudioWav,
    ChatAuto,
    ChatOllama,
    ChatOpenAI,
    TtsPyttsx3,
    TtsVoicevox,
)
from voicebot.errors import ConfigError


def write(folder: Path, text: str) -> Path:
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_later_layers_win_and_origins_name_them(tmp_path: Path) -> None:
    path = write(tmp_path, '[chat]\nkind = "ollama"\nmodel = "a"\n[tts]\nrate = 150\n[conversation]\nturns = 3\n')
    loaded = load_config(
        path,
        environment={"VOICEBOT_CHAT__MODEL": "b", "VOICEBOT_TTS__RATE": "160"},
        assignments=["tts.rate=170"],
        options={"tts.voice": ("--voice", "en-us")},
    )
    assert isinstance(loaded.config.chat, ChatOllama)
    assert loaded.config.chat.model == "b"
    assert isinstance(loaded.config.tts, TtsPyttsx3)
    assert (loaded.config.tts.rate, loaded.config.tts.voice) == (170, "en-us")
    assert loaded.config.conversation.turns == 3
    assert loaded.origins["conversation.turns"] == str(path)
    assert loaded.origins["chat.model"] == "VOICEBOT_CHAT__MODEL"
    assert loaded.origins["tts.rate"] == "--set tts.rate"
    assert loaded.origins["tts.voice"] == "--voice"


def test_a_layer_that_changes_the_kind_starts_the_section_anew(tmp_path: Path) -> None:
    path = write(tmp_path, '[tts]\nkind = "voicevox"\nspeed = 1.3\nvoice = 3\n')
    assert load_config(path, environment={}, options={"tts.kind": ("--tts", "pyttsx3")}).config.tts == TtsPyttsx3()
    same = load_config(path, environment={}, options={"tts.kind": ("--tts", "voicevox")}).config.tts
    assert same == TtsVoicevox(kind="voicevox", speed=1.3, voice=3)


def test_what_comes_with_a_kind_is_about_that_kind_whatever_the_order() -> None:
    config = load_config(
        environment={"VOICEBOT_CHAT__BASE_URL": "http://a/v1", "VOICEBOT_CHAT__KIND": "openai"},
        assignments=["tts.speed=1.2"],
        options={"tts.kind": ("--tts", "voicevox")},
    ).config
    assert isinstance(config.chat, ChatOpenAI)
    assert config.chat.base_url == "http://a/v1"
    assert config.tts == TtsVoicevox(kind="voicevox", speed=1.2)


def test_a_layer_without_a_kind_speaks_of_whatever_kind_it_turns_out_to_be() -> None:
    environment = {"VOICEBOT_CHAT__API_KEY": "k", "VOICEBOT_CHAT__TEMPERATURE": "0.5"}
    chat = load_config(environment=environment, options={"chat.kind": ("--chat", "openai")}).config.chat
    assert isinstance(chat, ChatOpenAI)
    assert (chat.api_key.get_secret_value(), chat.temperature) == ("k", 0.5)
    assert isinstance(load_config(environment=environment).config.chat, ChatAuto)
    # what only another kind knows is left out, a slip of the pen is not
    assert load_config(environment=environment, options={"chat.kind": ("--chat", "demo")}).config.chat.kind == "demo"
    with pytest.raises(ConfigError, match="VOICEBOT_CHAT__TEMPRATURE"):
        load_config(environment={"VOICEBOT_CHAT__TEMPRATURE": "1"}, options={"chat.kind": ("--chat", "openai")})


@pytest.mark.parametrize(
    ("variable", "kind"),
    [
        ("VOICEBOT_TTS__AMQP_URL_FILE", ("tts.kind", "pyttsx3")),  # the usual one: no kind is left behind by it
        ("VOICEBOT_TTS__AMQP_URL_FILE", ("tts.kind", "voicevox")),
        ("VOICEBOT_CHAT__API_KEY", ("chat.kind", "demo")),
        ("VOICEBOT_AUDIO__DEVICE", ("audio.kind", "silent")),
    ],
)
def test_what_the_environment_says_to_another_kind_is_left_out_and_told(variable: str, kind: tuple[str, str]) -> None:
    """A machine whose environment names the broker could not speak with a voice of its own: "unknown key"."""
    dotted, name = kind
    loaded = load_config(environment={variable: "x"}, options={dotted: ("--option", name)})
    assert loaded.config == load_config(environment={}, options={dotted: ("--option", name)}).config
    assert [str(one) for one in loaded.unused] == [f"{variable} is not used: {dotted} is {name}"]
    section = dotted.partition(".")[0]
    with pytest.raises(ConfigError, match="unknown key"):  # what is written for this one is a mistake
        load_config(environment={}, assignments=[f"{dotted}={name}", f"{section}.{variable.split('__')[1].lower()}=x"])


def test_a_kind_and_a_key_of_another_may_stand_side_by_side_in_the_environment() -> None:
    environment = {"VOICEBOT_TTS__KIND": "voicevox", "VOICEBOT_TTS__SPEED": "1.2", "VOICEBOT_TTS__AMQP_URL": "amqp://x"}
    loaded = load_config(environment=environment)
    assert loaded.config.tts == TtsVoicevox(kind="voicevox", speed=1.2)
    assert [one.name for one in loaded.unused] == ["VOICEBOT_TTS__AMQP_URL"]
    with pytest.raises(ConfigError, match="did you mean speed"):
        load_config(environment={"VOICEBOT_TTS__KIND": "voicevox", "VOICEBOT_TTS__SPED": "1.2"})


def test_the_order_of_options_does_not_matter() -> None:
    options: dict[str, tuple[str, object]] = {
        "audio.path": ("--output", "x.wav"),
        "audio.kind": ("--output", "wav"),
    }
    assert load_config(environment={}, options=options).config.audio == AudioWav(kind="wav", path="x.wav")


def test_every_error_is_told_at_once_with_its_file_and_key(tmp_path: Path) -> None:
    path = write(tmp_path, "[chunking]\nmax_charcters = 80\nidle_seconds = -1\n[tts]\nrate = 9999\n[speach]\nx = 1\n")
    with pytest.raises(ConfigError) as caught:
        load_config(path, environment={"VOICEBOT_CHAT__KIND": "olama"}, assignments=["nonsense"])
    text = caught.value.message
    assert f"{path}: chunking.max_charcters: unknown key; did you mean max_characters?" in text
    assert f"{path}: chunking.idle_seconds:" in text
    assert f"{path}: tts.rate:" in text
    assert f"{path}: speach: unknown table" in text
    assert "VOICEBOT_CHAT__KIND: chat.kind: unknown kind 'olama'; did you mean ollama?" in text
    assert "--set nonsense: expected SECTION.KEY=VALUE" in text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[chat\n", "not valid TOML"),
        ("chat = 3\n", "chat: expected a table"),
        ('[tts]\nkind = "voicevox"\nspeed = "fast"\n', "tts.speed"),
        ("[tts]\nvolume = nan\n", "tts.volume"),
        ('[chat]\nkind = "openai"\nbase_url = "localhost:8000"\n', "chat.base_url"),
        ('[audio]\nkind = "wav"\npath = ""\n', "audio.path"),
        ('[chunking]\nstrategy = "words"\n', "chunking.strategy"),
        ('[conversation]\nturns = "many"\n', "conversation.turns"),
    ],
)
def test_each_fault_is_named(tmp_path: Path, text: str, expected: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_config(path, environment={})
    assert expected in caught.value.message
    assert str(path) in caught.value.message


def test_the_earlier_name_of_a_table_is_answered_with_the_new_one_in_every_layer(tmp_path: Path) -> None:
    path = write(tmp_path, '[session]\nturns = 3\nsystem_prompt = "Be brief."\n[tts]\nrate = 9999\n')
    with pytest.raises(InvalidConfig) as caught:
        load_config(path, environment={"VOICEBOT_SESSION__TURNS": "4"}, assignments=["session.turns=5"])
    *renamed, rate = caught.value.faults
    assert renamed == [
        Fault(origin, "session", "the table is called [conversation] now")
        for origin in (str(path), "VOICEBOT_SESSION__TURNS", "--set session.turns")
    ]
    assert rate.key == "tts.rate"


def test_a_file_that_was_named_must_exist(tmp_path: Path) -> None:
    for explicit, environment in (
        (tmp_path / "no.toml", {}),
        (None, {"VOICEBOT_CONFIG": str(tmp_path / "no.toml")}),
    ):
        with pytest.raises(ConfigError, match=r"there is no file .*no\.toml"):
            load_config(explicit, environment=environment)


def test_a_file_that_is_not_utf8_is_an_error_not_a_traceback(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes('[conversation]\nsystem_prompt = "日本語"\n'.encode("shift_jis"))
    with pytest.raises(ConfigError, match="not valid TOML"):
        load_config(path, environment={})


def test_the_places_are_looked_at_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    assert load_config(environment={}).files == ()
    own = tmp_path / "home" / "voicebot"
    own.mkdir(parents=True)
    write(own, "[conversation]\nturns = 1\n")
    if user_config_path().is_file():  # where the platform has such a folder
        assert load_config(environment={}).config.conversation.turns == 1
    write(tmp_path, "[conversation]\nturns = 2\n")
    assert load_config(environment={}).config.conversation.turns == 2
    named = tmp_path / "named.toml"
    named.write_text("[conversation]\nturns = 3\n", encoding="utf-8")
    assert load_config(environment={"VOICEBOT_CONFIG": str(named)}).config.conversation.turns == 3
    explicit = tmp_path / "explicit.toml"
    explicit.write_text("[conversation]\nturns = 4\n", encoding="utf-8")
    assert load_config(explicit, environment={"VOICEBOT_CONFIG": str(named)}).config.conversation.turns == 4


def test_an_api_key_is_never_shown(tmp_path: Path) -> None:
    path = write(tmp_path, '[chat]\nkind = "openai"\napi_key = "sk-secret"\n')
    loaded = load_config(path, environment={})
    assert isinstance(loaded.config.chat, ChatOpenAI)
    assert "sk-secret" not in repr(loaded)
    bad = write(tmp_path, '[chat]\nkind = "openai"\napi_key = ["sk-secret"]\n')
    with pytest.raises(ConfigError) as caught:
        load_config(bad, environment={})
    assert "sk-secret" not in caught.value.message


def test_the_environment_of_an_mcp_server_is_never_shown(tmp_path: Path) -> None:
    """The fault of a server without command and url quoted its whole table, tokens included."""
    path = write(tmp_path, '[tools.mcp.files]\nenv = { TOKEN = "s3cret" }\n')
    with pytest.raises(InvalidConfig) as caught:
        load_config(path, environment={})
    assert caught.value.faults == (Fault(str(path), "tools.mcp.files", "needs either a command or a url"),)


def test_a_table_within_a_section_has_keys_of_its_own(tmp_path: Path) -> None:
    """A misspelt key of an MCP server was answered with the keys of [tools], and chat.options = 3 with [chat]."""
    path = write(tmp_path, '[tools.mcp.files]\ncomand = "npx"\n[chat]\nkind = "ollama"\noptions = 3\n')
    with pytest.raises(InvalidConfig) as caught:
        load_config(path, environment={})
    assert [(fault.key, fault.message) for fault in caught.value.faults] == [
        ("chat.options", "expected a table: [chat.options] with its keys below it"),
        ("tools.mcp.files.comand", "unknown key; did you mean command?"),
    ]


def test_a_key_of_another_kind_is_told_as_that(tmp_path: Path) -> None:
    """Whoever went from one kind to another was asked whether they meant chat.api; and a list was called a tuple."""
    path = write(tmp_path, '[chat]\nkind = "ollama"\napi_key_file = "key"\n[tools]\nenabled = "clock"\n')
    with pytest.raises(InvalidConfig) as caught:
        load_config(path, environment={})
    assert [(fault.key, fault.message) for fault in caught.value.faults] == [
        ("chat.api_key_file", "unknown key for the kind 'ollama'; another kind has it"),
        ("tools.enabled", "Input should be a valid list, not 'clock'"),
    ]


def test_values_from_the_environment_are_read_as_toml_and_else_as_text() -> None:
    environment = {
        "VOICEBOT_CONVERSATION__TURNS": "7",
        "VOICEBOT_CHAT__MODEL": "llama3.2:1b",
        "VOICEBOT_TTS__VOLUME": "0.5",
    }
    config = load_config(environment=environment).config
    assert config.conversation.turns == 7
    assert isinstance(config.chat, ChatAuto)
    assert config.chat.model == "llama3.2:1b"


def test_a_number_may_be_the_name_of_a_voice_or_model() -> None:
    config = load_config(environment={}, assignments=["chat.model=4", "tts.kind=voicevox", "tts.voice=3"]).config
    assert isinstance(config.chat, ChatAuto)
    assert isinstance(config.tts, TtsVoicevox)
    assert (config.chat.model, config.tts.voice) == ("4", 3)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a = " + "[" * 10_000 + "]" * 10_000, "nested too deeply"),
        ("#" * 2_000_000, "longer than"),
        ("[chat]\n" + "".join(f"k{number}=1\n" for number in range(60_000)), "chat.k0: unknown key"),
        ("".join(f"k{number}=1\n" for number in range(60_000)), "k0: unknown table"),
        (f"[tts]\nkind = '{'x' * 900_000}'\n", "unknown kind"),
    ],
    ids=["nested", "large", "keys", "tables", "long"],
)
def test_a_file_that_was_never_meant_as_config_is_told_briefly(tmp_path: Path, content: str, said: str) -> None:
    """10,000 nested arrays were a bug in voicebot; 100,000 unknown keys were 20 MB of error message."""
    with pytest.raises(ConfigError) as caught:
        load_config(write(tmp_path, content), environment={})
    assert said in caught.value.message
    assert len(caught.value.message) < 20_000


def test_a_deeply_nested_value_of_an_option_is_text() -> None:
    loaded = load_config(environment={}, assignments=["chat.model=" + "[" * 9999])
    assert loaded.config.chat.kind == "auto"


def test_a_byte_order_mark_is_not_a_fault(tmp_path: Path) -> None:
    """Windows' editors write one."""
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xef\xbb\xbf[chat]\r\nkind = 'demo'\r\n")
    assert load_config(path, environment={}).config.chat.kind == "demo"


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pipes with names")
@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")], ids=["pipe", "device"])
def test_what_is_not_a_file_is_refused_at_once(tmp_path: Path, make: Callable[[Path], object]) -> None:
    """A pipe was waited for, and /dev/zero read, for ever."""
    path = tmp_path / "config.toml"
    make(path)
    with pytest.raises(ConfigError, match="not a file"):
        load_config(path, environment={})
    with pytest.raises(ConfigError, match="not a file"):
        key_in_file(str(path))
