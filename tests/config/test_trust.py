"""What a config.toml may do that merely lies in the current folder: nothing that its person has not trusted."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from voicebot.config.files import read_file
from voicebot.config.loading import load_config
from voicebot.config.models import ChatAuto, Config, TtsPyttsx3
from voicebot.config.trust import distrust, trust, trust_path
from voicebot.errors import ConfigError

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the folders are set the way of Linux")

DOORS = {
    "tools.mcp": '[tools.mcp.files]\ncommand = "touch"\nargs = ["pwned"]\n',
    "tools.enabled": '[tools]\nenabled = ["evil:tool"]\n',
    "chat.factory": '[chat]\nkind = "plugin"\nfactory = "evil:Chat"\n',
    "chat.runnable": '[chat]\nkind = "langchain"\nrunnable = "evil:graph"\n',
    "chat.base_url": '[chat]\nkind = "openai"\nbase_url = "http://127.0.0.1:9/v1"\n',
    "chat.api_key": '[chat]\nkind = "openai"\napi_key = "theirs"\n',
    "chat.api_key_file": '[chat]\nkind = "openai"\napi_key_file = "~/.ssh/id_ed25519"\n',
    "chat.options": '[chat]\nkind = "ollama"\noptions = { tools = [] }\n',
    "chat.headers": '[chat]\nkind = "openai"\nheaders = { Authorization = "theirs" }\n',
    "chat.query": '[chat]\nkind = "openai"\nquery = { key = "theirs" }\n',
    "tts.base_url": '[tts]\nkind = "voicevox"\nbase_url = "http://127.0.0.1:9"\n',
    "tts.kind": '[tts]\nkind = "plugin"\n',
    "tts.factory": '[tts]\nkind = "plugin"\nfactory = "evil:Voice"\n',
    "tts.options": '[tts]\nkind = "plugin"\noptions = { x = 1 }\n',
    "tts.amqp_url": '[tts]\nkind = "rabbitmq"\namqp_url = "amqp://127.0.0.1:9/"\n',
    "tts.amqp_url_file": '[tts]\nkind = "rabbitmq"\namqp_url_file = "~/.ssh/id_ed25519"\n',
    "tts.amqp_ca_file": '[tts]\nkind = "rabbitmq"\namqp_ca_file = "theirs.pem"\n',
    "tts.voice_class": '[tts]\nkind = "rabbitmq"\nvoice_class = "theirs"\n',
    "tts.fallback": '[tts]\nkind = "rabbitmq"\nfallback = { kind = "plugin", factory = "evil:Voice" }\n',
    "audio.factory": '[audio]\nkind = "plugin"\nfactory = "evil:Output"\n',
    "audio.options": '[audio]\nkind = "plugin"\noptions = { x = 1 }\n',
    "chunking.strategy": '[chunking]\nstrategy = "evil:Strategy"\n',
    "chunking.options": "[chunking]\noptions = { x = 1 }\n",
    "audio.path": '[audio]\nkind = "wav"\npath = "../precious"\n',
    "audio.kind": '[audio]\nkind = "wav"\n',
    "memory.path": '[memory]\npath = "../diary.db"\n',
    "memory.store": "[memory]\nstore = true\n",
    "daemon.autospawn": "[daemon]\nautospawn = true\n",
    "daemon.mpris": "[daemon]\nmpris = true\n",
    "daemon.ssip": "[daemon]\nssip = true\n",
    "daemon.wyoming": '[daemon]\nwyoming = "tcp://0.0.0.0:10200"\n',
    "server.host": '#:schema voicebot.schema.json\n[server]\nhost = "0.0.0.0"\n',
    "server.hosts": '#:schema voicebot.schema.json\n[server]\nhosts = ["theirs.test"]\n',
    "server.token": '#:schema voicebot.schema.json\n[server]\ntoken = "known-to-them"\n',
    "server.plain_http": "[server]\nplain_http = true\n",
    "server.tls_self_signed": "[server]\ntls_self_signed = true\n",
    "server.tls_cert": '[server]\ntls_cert = "../precious"\n',
    "server.tls_key": '[server]\ntls_key = "../precious"\n',
    "server.history": '[server]\nhistory = "../diary.db"\n',
    "worker.amqp_url": '[worker]\namqp_url = "amqp://127.0.0.1:9/"\n',
    "worker.voice_class": '[worker]\nvoice_class = "theirs"\n',
    "worker.amqp_url_file": '[worker]\namqp_url_file = "~/.ssh/id_ed25519"\n',
    "worker.amqp_ca_file": '[worker]\namqp_ca_file = "theirs.pem"\n',
    "worker.metrics_host": '[worker]\nmetrics_host = "0.0.0.0"\n',
    "worker.metrics_port": "[worker]\nmetrics_port = 9100\n",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, which came from elsewhere; the person's own folders are beside it."""
    for name in ("CONFIG", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    (tmp_path / "foreign").mkdir()
    monkeypatch.chdir(tmp_path / "foreign")
    return tmp_path / "foreign"


def write_own(folder: Path, text: str) -> None:
    own = folder.parent / "config" / "voicebot"
    own.mkdir(parents=True)
    (own / "config.toml").write_text(text, encoding="utf-8")


@pytest.mark.parametrize(("key", "text"), DOORS.items())
def test_what_reaches_beyond_the_folder_is_refused_until_it_is_trusted(folder: Path, key: str, text: str) -> None:
    """Opening a folder ran its code, sent the environment's API key to its server and overwrote its files.

    Its daemon, server and worker were taken as they stood there, up to the broker and the address to listen at.
    """
    (folder / "config.toml").write_text(text, encoding="utf-8")
    loaded = load_config(environment={})
    assert loaded.config == Config()
    [line] = [str(one) for one in loaded.refused if one.dotted == key]
    assert "voicebot config trust" in line
    assert "\n" not in line

    trust(read_file(Path("config.toml")))
    loaded = load_config(environment={})
    assert loaded.refused == ()
    assert key in loaded.origins


@pytest.mark.parametrize(("key", "text"), DOORS.items())
def test_what_a_person_names_is_their_own_choice(folder: Path, key: str, text: str) -> None:
    (folder / "config.toml").write_text(text, encoding="utf-8")
    for loaded in (
        load_config(Path("config.toml"), environment={}),
        load_config(environment={"VOICEBOT_CONFIG": "config.toml"}),
    ):
        assert key in loaded.origins
        assert loaded.refused == ()


def test_a_file_that_changes_has_to_be_trusted_again(folder: Path) -> None:
    path = folder / "config.toml"
    path.write_text(DOORS["tools.enabled"], encoding="utf-8")
    trust(read_file(Path("config.toml")))
    path.write_text(DOORS["tools.enabled"] + "# and more\n", encoding="utf-8")
    [refused] = load_config(environment={}).refused
    assert "has changed since it was trusted" in str(refused)


def test_trust_can_be_taken_back(folder: Path) -> None:
    (folder / "config.toml").write_text(DOORS["tools.enabled"], encoding="utf-8")
    trust(read_file(Path("config.toml")))
    assert distrust(Path("config.toml"))
    assert not distrust(Path("config.toml"))
    assert load_config(environment={}).refused


def test_a_link_to_a_file_that_is_trusted_elsewhere_is_not_trusted_here(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The module that it names is another one in this folder."""
    elsewhere = folder.parent / "mine"
    elsewhere.mkdir()
    (elsewhere / "config.toml").write_text(DOORS["tools.enabled"], encoding="utf-8")
    monkeypatch.chdir(elsewhere)
    trust(read_file(Path("config.toml")))
    (folder / "config.toml").symlink_to(elsewhere / "config.toml")
    monkeypatch.chdir(folder)
    assert load_config(environment={}).refused
    (folder.parent / "link").symlink_to(elsewhere)
    monkeypatch.chdir(folder.parent / "link")
    assert not load_config(environment={}).refused  # the same folder by another name


def test_only_the_person_can_read_or_write_what_is_trusted(folder: Path) -> None:
    (folder / "config.toml").write_text(DOORS["tools.enabled"], encoding="utf-8")
    trust(read_file(Path("config.toml")))
    assert trust_path().stat().st_mode & 0o777 == 0o600
    for damaged in ("[1]", "{", '{"x": 1}'):
        trust_path().write_text(damaged, encoding="utf-8")
        assert load_config(environment={}).refused


def test_a_state_folder_that_cannot_be_written_is_told(folder: Path) -> None:
    (folder.parent / "state").write_text("")
    (folder / "config.toml").write_text(DOORS["tools.enabled"], encoding="utf-8")
    with pytest.raises(ConfigError, match="cannot remember"):
        trust(read_file(Path("config.toml")))


def test_the_rest_of_a_section_that_chooses_a_kind_goes_with_what_is_refused(folder: Path) -> None:
    """Half of it would send the person's key and their words to whatever listens on the usual port."""
    write_own(folder, '[chat]\nmodel = "mine"\n[tts]\nrate = 150\n')
    text = '[chat]\nkind = "openai"\nmodel = "theirs"\nbase_url = "http://127.0.0.1:9/v1"\n[tools]\nmax_steps = 2\n'
    (folder / "config.toml").write_text(text + 'enabled = ["evil:tool"]\n', encoding="utf-8")
    loaded = load_config(environment={})
    assert loaded.config.chat == ChatAuto(model="mine")
    assert loaded.config.tools.max_steps == 2
    assert [one.dotted for one in loaded.refused] == ["chat.base_url", "tools.enabled"]


def test_the_kind_that_is_asked_for_is_not_quietly_another_one(folder: Path) -> None:
    (folder / "config.toml").write_text(DOORS["chat.factory"], encoding="utf-8")
    with pytest.raises(ConfigError, match="factory is needed") as caught:
        load_config(environment={}, options={"chat.kind": ("--chat", "plugin")})
    assert "voicebot config trust" in caught.value.hint
    own = {"chat.kind": ("--chat", "plugin"), "chat.factory": ("--set", "mine:Chat")}
    assert load_config(environment={}, options=own).config.chat.kind == "plugin"


def test_what_is_harmless_lies_on_top_of_the_persons_own_file(folder: Path) -> None:
    """The file of the folder took the place of the person's own, and hid every setting of it."""
    write_own(folder, "[tts]\nrate = 150\n[conversation]\nturns = 3\n")
    (folder / "config.toml").write_text('[tts]\nrate = 99\n[tools]\nenabled = ["calculator"]\n', encoding="utf-8")
    loaded = load_config(environment={})
    assert loaded.config.tts == TtsPyttsx3(rate=99)
    assert loaded.config.conversation.turns == 3
    assert loaded.config.tools.enabled == ("calculator",)
    assert loaded.refused == ()
    assert [path.name for path in loaded.files] == ["config.toml"] * 2
    assert all(str(path) in loaded.used for path in loaded.files)


@pytest.mark.parametrize("text", ["[server]\nmax_turns = 2\n", '[server]\nhost = "x"\n[tts]\nrate = 150\n'])
def test_a_file_with_a_server_of_ours_is_ours(folder: Path, text: str) -> None:
    (folder / "config.toml").write_text(text, encoding="utf-8")
    assert load_config(environment={}).files


@pytest.mark.parametrize(
    "text",
    [
        'baseURL = "https://example.org/"\ntitle = "My site"\n[params]\nauthor = "x"\n',
        '[audio]\nkind = "wav"\n[video]\ncodec = "x"\n[server]\nport = 1\n',
        'title = "broken\n',
        "[tools\n[params]\n" * 3 + "= 1",
        "[chat]\nchannel = 3\n",
        '[server]\nhost = "0.0.0.0"\nport = 8000\ntoken = "x"\n',
        "x = " + "[" * 100_000,
    ],
)
def test_another_programs_file_is_left_alone(folder: Path, text: str) -> None:
    """A site generator's config.toml made every command fail."""
    (folder / "config.toml").write_text(text, encoding="utf-8")
    loaded = load_config(environment={})
    assert (loaded.config, loaded.files, loaded.used) == (Config(), (), "")


def test_a_mistake_in_a_file_of_ours_is_told(folder: Path) -> None:
    for text in (
        "#:schema voicebot.schema.json\n[speach]\nx = 1\n",
        "[tts]\nrate = 1\nvoics = 2\n",
        "[chat\nmodel = 3\n[tts]\n",
    ):
        (folder / "config.toml").write_text(text, encoding="utf-8")
        with pytest.raises(ConfigError, match=r"config\.toml"):
            load_config(environment={})


def test_settings_for_the_usual_voice_do_not_hinder_those_who_have_chosen_another(folder: Path) -> None:
    """`[tts] rate = 150` in a folder made every command fail for people who use VOICEVOX."""
    write_own(folder, '[tts]\nkind = "voicevox"\n')
    (folder / "config.toml").write_text("[tts]\nrate = 150\n[conversation]\nturns = 3\n", encoding="utf-8")
    loaded = load_config(environment={})
    assert (loaded.config.tts.kind, loaded.config.conversation.turns) == ("voicevox", 3)
    assert [str(one) for one in loaded.unused] == ["config.toml: tts.rate is not used: tts.kind is voicevox"]
    assert load_config(environment={}, assignments=["tts.kind=pyttsx3"]).config.tts == TtsPyttsx3(rate=150)
    (folder / "config.toml").write_text('[tts]\nkind = "tone"\nrate = 150\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"tts\.rate"):  # its own mistake
        load_config(environment={})


def test_a_file_that_says_nothing_is_not_mentioned(folder: Path) -> None:
    (folder / "config.toml").write_text("#:schema voicebot.schema.json\nconfig_version = 1\n[chat]\n", encoding="utf-8")
    assert load_config(environment={}).used == ""


def test_the_persons_own_file_imports_no_module_of_a_foreign_folder(folder: Path) -> None:
    """A plugin of one's own was looked for in the folder from elsewhere, whose file of that name was run."""
    write_own(
        folder,
        '[tools]\nenabled = ["timer", "mytools:weather", "json:loads"]\n[chat]\nkind = "plugin"\nfactory = "mine:C"\n',
    )
    for name in ("mytools.py", "json.py"):
        (folder / name).touch()
    (folder / "mine").mkdir()
    loaded = load_config(environment={})
    assert loaded.config.tools.enabled == ("timer", "json:loads")  # the installed one comes first
    assert loaded.config.chat == ChatAuto()
    assert [one.module for one in loaded.refused] == ["mine", "mytools"]
    named = load_config(environment={}, assignments=['tools.enabled=["mytools:weather"]'])
    assert named.config.tools.enabled == ("mytools:weather",)
    (folder / "config.toml").write_text("#:schema voicebot.schema.json\n", encoding="utf-8")
    trust(read_file(Path("config.toml")))
    assert load_config(environment={}).refused == ()


@pytest.mark.parametrize("section", ["tts", "audio", "chunking"])
def test_a_part_of_the_persons_own_is_not_taken_from_a_folder_from_elsewhere(folder: Path, section: str) -> None:
    key = (
        'strategy = "mine:Part"\nmax_characters = 50'
        if section == "chunking"
        else 'kind = "plugin"\nfactory = "mine:Part"'
    )
    write_own(folder, f"[{section}]\n{key}\n")
    (folder / "mine.py").touch()
    loaded = load_config(environment={})
    assert [one.module for one in loaded.refused] == ["mine"]
    defaults = Config()
    assert (loaded.config.tts, loaded.config.audio) == (defaults.tts, defaults.audio)
    assert loaded.config.chunking.strategy == "adaptive"
    assert loaded.config.chunking.max_characters == (50 if section == "chunking" else 300), "the rest is used"


def test_the_persons_own_file_is_theirs_also_in_its_own_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_own(folder, DOORS["tools.enabled"])
    monkeypatch.chdir(folder.parent / "config" / "voicebot")
    loaded = load_config(environment={})
    assert loaded.config.tools.enabled == ("evil:tool",)
    assert (loaded.refused, len(loaded.files)) == ((), 1)
