"""The real command in a folder from elsewhere: it runs nothing of it, sends it nothing, overwrites nothing."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import anyio
import pytest
from anyio import to_thread

from tests.cli.command import voicebot
from tests.fault_server import serve
from tests.machine import PATIENCE_SECONDS

QUIET = ("--no-audio", "--chat", "demo")


@pytest.fixture
def anyio_backend() -> str:
    """The command runs elsewhere; the server here may run on either event loop."""
    return "asyncio"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "precious").write_text("a diary")
    module = "from pathlib import Path\nPath('pwned').touch()\ndef tool(): ...\nChat = graph = tool\n"
    (tmp_path / "evil.py").write_text(module)
    return tmp_path


def untouched(home: Path) -> bool:
    return not (home / "pwned").exists() and (home / "precious").read_text() == "a diary"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (f'[tools.mcp.x]\ncommand = "{sys.executable}"\nargs = ["-c", "open(\'pwned\', \'w\')"]\n', "tools.mcp"),
        ('[tools]\nenabled = ["evil:tool"]\n', "tools.enabled"),
        ('[chat]\nkind = "plugin"\nfactory = "evil:Chat"\n', "chat.factory"),
        ('[chat]\nkind = "langchain"\nrunnable = "evil:graph"\n', "chat.runnable"),
        ('[audio]\nkind = "wav"\npath = "precious"\n', "audio.path"),
        ('[memory]\npath = "precious"\n', "memory.path"),
    ],
)
def test_opening_a_folder_runs_and_overwrites_nothing(home: Path, text: str, key: str) -> None:
    """It ran the folder's MCP command, imported its modules and overwrote the file of its audio.path."""
    (home / "config.toml").write_text(text)
    for arguments in (("ask", "hi", "--chat", "demo", "--tts", "tone", "--set", "tts.rtf=0"), ("voices",)):
        done = voicebot(home, *arguments)
        assert any("not used" in line and key in line for line in done.stderr.splitlines())
        assert "voicebot config trust" in done.stderr
        assert untouched(home)
    assert voicebot(home, "ask", "hi", "--chat", "plugin", "--no-audio").returncode == 3
    assert untouched(home)


def test_what_is_refused_is_told_in_one_line_and_key_by_key_by_config_check(home: Path) -> None:
    """A folder with many settings of its own filled the screen at each command."""
    refused = ("chat.base_url", "memory.path", "tools.enabled", "server.host", "daemon.ssip")
    (home / "config.toml").write_text(
        '[chat]\nbase_url = "http://127.0.0.1:9"\n[memory]\npath = "precious"\n[tools]\nenabled = ["evil:tool"]\n'
        '[server]\nhost = "0.0.0.0"\n[daemon]\nssip = true\n'
    )
    lines = voicebot(home, "ask", "hi", *QUIET).stderr.splitlines()
    [told] = [line for line in lines if "not used" in line]
    assert told == (
        "config.toml: 5 keys are not used, since nobody has trusted the file: chat.base_url, memory.path, tools.enabled"
        " … (all of them: voicebot config check). To use them: voicebot config trust"
    )
    checked = voicebot(home, "config", "check").stderr.splitlines()
    assert [[key for key in refused if f" {key} " in line] for line in checked] == [[key] for key in refused]
    voicebot(home, "config", "trust")
    with (home / "config.toml").open("a") as file:
        file.write("# changed\n")
    told_again = voicebot(home, "voices").stderr
    assert "config.toml: 5 keys are not used, as the file has changed since it was trusted" in told_again


def test_what_is_trusted_runs(home: Path) -> None:
    (home / "config.toml").write_text('[chat]\nkind = "plugin"\nfactory = "evil:Chat"\n')
    told = voicebot(home, "config", "trust")
    assert 'chat.factory = "evil:Chat"' in told.stderr
    assert untouched(home)  # only later commands run it
    voicebot(home, "ask", "hi", "--no-audio")
    assert (home / "pwned").exists()


def test_a_chat_model_beside_a_trusted_config_toml_answers(home: Path) -> None:
    """Tools were found in the folder where voicebot is started, a chat model was not."""
    (home / "mine.py").write_text(
        "class Chat:\n    name = 'mine'\n\n    async def stream_reply(self, messages):\n        yield 'Here I am.'\n"
    )
    (home / "config.toml").write_text('[chat]\nkind = "plugin"\nfactory = "mine:Chat"\n')
    assert "Here I am." not in voicebot(home, "ask", "hi", "--no-audio").stdout
    assert voicebot(home, "config", "trust").returncode == 0
    assert "Here I am." in voicebot(home, "ask", "hi", "--no-audio").stdout
    (home / "config.toml").unlink()  # what a person names on the command line is their own choice
    given = ("--chat", "plugin", "--set", "chat.factory=mine:Chat")
    assert "Here I am." in voicebot(home, "ask", "hi", "--no-audio", *given).stdout


def test_what_is_trusted_is_shown_without_its_secrets(home: Path) -> None:
    (home / "config.toml").write_text(
        '[chat]\nkind = "openai"\napi_key = "sk-canary"\nbase_url = "http://me:canary@127.0.0.1:9/v1"\n'
        'headers = { X-Token = "canary" }\nquery = { code = "canary" }\n'
        '[tools.mcp.x]\ncommand = "serve"\nenv = { TOKEN = "canary" }\n'
    )
    told = voicebot(home, "config", "trust")
    assert "serve" in told.stderr
    assert "canary" not in told.stderr
    assert "canary" not in voicebot(home, "config", "get", "chat.base_url").stdout


@pytest.mark.anyio
async def test_the_key_of_the_environment_goes_to_no_server_that_the_folder_names(home: Path) -> None:
    """Whoever had VOICEBOT_CHAT__API_KEY set sent it to the base_url of the folder they had opened."""
    async with serve() as server:
        (home / "config.toml").write_text(f'[chat]\nkind = "openai"\nbase_url = "{server.url}/v1"\n')
        for arguments in (
            ("ask", "hi", "--no-audio", "--chat", "openai"),
            ("models",),
            ("ask", "hi", *QUIET),
        ):
            with anyio.fail_after(PATIENCE_SECONDS):
                done = await to_thread.run_sync(
                    lambda given: voicebot(home, *given, VOICEBOT_CHAT__API_KEY="sk-canary"), arguments
                )
            assert "sk-canary" not in done.stdout + done.stderr
        assert server.requests == []
        assert voicebot(home, "config", "trust").returncode == 0
        await to_thread.run_sync(lambda: voicebot(home, "models", VOICEBOT_CHAT__API_KEY="sk-canary"))
        assert server.requests  # the way in is there, and only trust opens it


def test_another_programs_config_toml_makes_nothing_fail(home: Path) -> None:
    (home / "config.toml").write_text('baseURL = "https://example.org"\n[params]\nx = 1\n')
    done = voicebot(home, "ask", "hi", *QUIET, "-q")
    assert (done.returncode, done.stderr) == (0, "")
    assert "not voicebot's" in voicebot(home, "config", "path").stdout


@pytest.mark.skipif(os.name != "posix", reason="there are no such files")
@pytest.mark.timeout(30)
def test_what_is_not_a_file_is_never_waited_for(home: Path) -> None:
    """A pipe hung, and so did /dev/zero."""
    os.mkfifo(home / "config.toml")
    os.mkfifo(home / "pipe")
    assert voicebot(home, "config", "show").returncode == 0
    for name in ("pipe", "/dev/zero", "."):
        done = voicebot(home, "config", "show", "--config", name)
        assert done.returncode == 3
        assert name in done.stderr


def test_a_damaged_file_is_told_in_a_few_lines(home: Path) -> None:
    """10,000 nested arrays were a traceback, and 100,000 unknown keys an endless message."""
    (home / "nested.toml").write_text("[tts]\nvoice = " + "[" * 10_000)
    assert "nested" in voicebot(home, "config", "check", "nested.toml").stderr
    (home / "keys.toml").write_text("[chunking]\n" + "".join(f"k{i} = 1\n" for i in range(100_000)))
    done = voicebot(home, "config", "check", "keys.toml")
    assert done.returncode == 3
    assert len(done.stderr) < 10_000
    (home / "bom.toml").write_bytes(b"\xef\xbb\xbf[tts]\nrate = 120\n")
    assert voicebot(home, "config", "get", "tts.rate", "--config", "bom.toml").stdout == "120\n"


# ---------------------------------------------------------------- changing it


def test_a_key_is_set_where_it_stands_and_its_words_stay(home: Path) -> None:
    assert voicebot(home, "config", "init").returncode == 0
    own = home / ".config" / "voicebot" / "config.toml"
    before = own.read_text()
    assert voicebot(home, "config", "set", "tts.rate", "180").returncode == 0
    assert voicebot(home, "config", "set", "chat.model", "llama3.2:1b").returncode == 0
    changed = [(old, new) for old, new in zip(before.splitlines(), own.read_text().splitlines(), strict=True)]
    changed = [(old, new) for old, new in changed if old != new]
    assert [new.split(" #")[0].strip() for _, new in changed] == ['model = "llama3.2:1b"', "rate = 180"]
    assert all(old.split(" # ")[-1] == new.split(" # ")[-1] for old, new in changed)
    assert voicebot(home, "config", "get", "tts.rate").stdout == "180\n"
    got = json.loads(voicebot(home, "config", "get", "tts.rate", "--json").stdout)
    assert got == {"key": "tts.rate", "value": 180, "origin": str(own)}


def test_what_cannot_be_is_not_written(home: Path) -> None:
    voicebot(home, "config", "init")
    own = home / ".config" / "voicebot" / "config.toml"
    before = own.read_bytes()
    for arguments, code, words in (
        (("tts.rate", "9999"), 3, "tts.rate"),
        (("tts.rats", "1"), 3, "did you mean rate?"),
        (("rate", "1"), 2, "SECTION.KEY"),
        (("chat.num_ctx", "4096"), 3, "unknown key"),
        (("chat.model", "\udcff"), 2, "chat.model is not a text in UTF-8"),
    ):
        done = voicebot(home, "config", "set", *arguments)
        assert (done.returncode, words in done.stderr) == (code, True), done.stderr
    assert own.read_bytes() == before
    assert voicebot(home, "config", "init").returncode == 3
    assert own.read_bytes() == before


def test_a_link_to_ones_own_file_stays_one(home: Path) -> None:
    """Many people keep such files in one place, and link to them."""
    own = home / ".config" / "voicebot" / "config.toml"
    own.parent.mkdir(parents=True)
    (home / "kept.toml").write_text("[tts]\nrate = 150  # calm\n")
    own.symlink_to(home / "kept.toml")
    voicebot(home, "config", "set", "tts.rate", "160")
    assert own.is_symlink()
    assert (home / "kept.toml").read_text() == "[tts]\nrate = 160  # calm\n"


def test_what_a_person_sets_in_a_trusted_file_stays_trusted(home: Path) -> None:
    (home / "config.toml").write_text('[tools]\nenabled = ["evil:tool"]\n')
    voicebot(home, "config", "trust")
    voicebot(home, "config", "set", "tools.max_steps", "3", "--here")
    checked = json.loads(voicebot(home, "config", "check", "--json").stdout)
    assert checked == {"files": [str(home / "config.toml")], "faults": [], "refused": []}
    voicebot(home, "config", "trust", "--forget")
    assert json.loads(voicebot(home, "config", "check", "--json").stdout)["refused"] == ["tools.enabled"]


def test_the_editor_is_opened_and_what_it_leaves_is_checked(home: Path) -> None:
    script = home / "editor.py"
    script.write_text("import sys\nopen(sys.argv[1], 'a').write('[speach]\\nx = 1\\n')\n")
    done = voicebot(home, "config", "edit", EDITOR=f"{sys.executable} {script}")
    assert done.returncode == 3
    assert "speach: unknown table" in done.stderr
    assert voicebot(home, "config", "edit", EDITOR="no-such-editor").returncode == 3


@pytest.mark.parametrize(
    ("visual", "editor", "told"),
    [("'{script}' -w", "false", ["-w", "{file}"]), ("", "'{script}' --new --wait", ["--new", "--wait", "{file}"])],
)
def test_an_editor_has_its_own_arguments_first(home: Path, visual: str, editor: str, told: list[str]) -> None:
    script = home / "an editor"
    script.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$@\" > '{home}/told'\n")
    script.chmod(0o755)
    named = {"VISUAL": visual.format(script=script), "EDITOR": editor.format(script=script)}
    done = voicebot(home, "config", "edit", input="", timeout=PATIENCE_SECONDS, **named)
    assert done.returncode == 0, done.stderr
    file = home / ".config" / "voicebot" / "config.toml"
    assert (home / "told").read_text().split() == [one.format(file=file) for one in told]


def test_an_editor_that_fails_or_cannot_be_read_is_told(home: Path) -> None:
    """A quotation mark that is missing in $EDITOR was a bug in voicebot."""
    done = voicebot(home, "config", "edit", EDITOR="false")
    assert (done.returncode, done.stderr.split("\n")[0]) == (3, "voicebot: false ended with exit code 1")
    done = voicebot(home, "config", "edit", EDITOR='"vi')
    assert (done.returncode, done.stderr.split("\n")[0]) == (3, 'voicebot: "vi: a quotation mark is missing')


def test_a_folder_is_not_opened_in_the_editor(home: Path) -> None:
    """vim showed its files."""
    done = voicebot(home, "config", "edit", "--config", ".", EDITOR="no-such-editor")
    assert (done.returncode, done.stderr) == (3, "voicebot: .: Is a directory\n")


def test_every_mistake_is_told_as_json_too(home: Path) -> None:
    (home / "bad.toml").write_text("config_version = 2\n[tts]\nrate = 1\nx = 2\n")
    done = voicebot(home, "config", "check", "bad.toml", "--json")
    assert done.returncode == 3
    assert {fault["key"] for fault in json.loads(done.stdout)["faults"]} == {"config_version", "tts.rate", "tts.x"}
