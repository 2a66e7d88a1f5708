"""Parts of other packages: found without running them, used by name or path, and named where they fail."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import voicebot
from tests.cli.command import json_lines
from tests.cli.command import voicebot as command
from tests.plugins.packages import install, install_parrot, install_troubles
from voicebot.library.settings import wanted
from voicebot.plugins.checking import check_all
from voicebot.plugins.installed import Plugin, installed_plugins, plugins_of_this_folder

pytestmark = pytest.mark.anyio


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed packages, good ones and bad ones; the current folder is another."""
    folder = install_troubles(install_parrot(tmp_path / "packages"))
    for name in ("CONFIG", "STATE", "DATA"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.syspath_prepend(folder)
    return folder


@pytest.fixture(autouse=True)
def forget_modules() -> None:
    """Each test imports them anew."""
    for name in [name for name in sys.modules if name.endswith("_parts")]:
        del sys.modules[name]


# ---------------------------------------------------------------- found


@pytest.mark.usefixtures("packages")
def test_what_is_installed_is_found_without_importing_it() -> None:
    found = [plugin for plugin in installed_plugins() if plugin.package == "parrot-parts"]
    assert found == [
        Plugin("chat", "parrot", "parrot_parts:Parrot", "parrot-parts", "2.1"),
        Plugin("tts", "parrot", "parrot_parts:Voice", "parrot-parts", "2.1"),
        Plugin("audio", "parrot", "parrot_parts:Speaker", "parrot-parts", "2.1"),
        Plugin("chunking", "words", "parrot_parts:Words", "parrot-parts", "2.1"),
    ]
    assert "parrot_parts" not in sys.modules


@pytest.mark.usefixtures("packages")
def test_a_package_in_the_current_folder_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """`python -m voicebot` searches the folder where it is started, which may come from elsewhere."""
    install(Path(), "evil", "[voicebot.tts]\nevil = evil_parts:Voice\n", evil_parts="open('pwned', 'w')\n")
    monkeypatch.syspath_prepend("")
    assert "evil" not in [plugin.package for plugin in installed_plugins()]
    assert [plugin.name for plugin in plugins_of_this_folder()] == ["evil"]
    assert not Path("pwned").exists()


async def test_a_module_of_the_current_folder_does_not_stand_in_for_one_that_is_gone(packages: Path) -> None:
    here = packages.parent / "here"
    (here / "module_that_is_gone.py").write_text("open('pwned', 'w')\n", encoding="utf-8")
    with pytest.raises(voicebot.ConfigError, match="No module named 'module_that_is_gone'"):
        async with voicebot.open_voice(tts={"kind": "plugin", "factory": "gone"}, audio="silent"):
            pass
    assert not (here / "pwned").exists()


# ---------------------------------------------------------------- used


@pytest.mark.usefixtures("packages")
@pytest.mark.parametrize("by", ["name", "path"])
async def test_parts_of_every_kind_are_used(by: str, capsys: pytest.CaptureFixture[str]) -> None:
    names = (
        {"chat": "parrot", "tts": "parrot", "audio": "parrot", "chunking": "words"}
        if by == "name"
        else {
            "chat": "parrot_parts:Parrot",
            "tts": "parrot_parts:Voice",
            "audio": "parrot_parts:Speaker",
            "chunking": "parrot_parts:Words",
        }
    )
    settings: dict[str, object] = {
        section: {"kind": "plugin", "factory": names[section]} for section in ("chat", "tts", "audio")
    }
    settings["tts"] = {"kind": "plugin", "factory": names["tts"], "options": {"frames": 160}}
    settings["chunking"] = {"strategy": names["chunking"]}
    cut: list[str] = []

    def keep(event: voicebot.Event) -> None:
        if isinstance(event, voicebot.events.SegmentReady):
            cut.append(event.text)

    async with voicebot.open_voice(settings, on_event=keep) as voice:
        outcome = await voice.ask("one two  three")
    assert outcome.raise_if_failed().heard == "one two  three"
    assert cut == ["one", " two", "  three"]
    speaker = sys.modules["parrot_parts"].Speaker
    assert [clip.frames for clip in speaker.clips] == [160] * 3
    said = capsys.readouterr()
    assert "prints while it is imported" not in said.out, "standard output may be sound, or JSON"


@pytest.mark.usefixtures("packages")
@pytest.mark.parametrize(
    ("factory", "words"),
    [
        ("broken", "tts.factory: cannot import broken_parts:Voice: ZeroDivisionError"),
        ("leaves", "tts.factory: cannot import leaving_parts:Voice: SystemExit: 7"),
        ("nobody", "tts.factory: no installed package offers 'nobody'"),
        ("parrot_parts:Words", "tts.factory: parrot_parts:Words returned Words, which is not a synthesizer"),
        ("", "tts.factory is empty"),
    ],
)
async def test_a_plugin_that_cannot_be_used_is_named_with_what_to_do(factory: str, words: str) -> None:
    with pytest.raises(voicebot.ConfigError, match=words) as caught:
        async with voicebot.open_voice(tts={"kind": "plugin", "factory": factory}, audio="silent"):
            pass
    assert caught.value.hint


@pytest.mark.usefixtures("packages")
async def test_what_a_part_raises_becomes_an_error_of_ours() -> None:
    with pytest.raises(voicebot.SynthesisError, match="SystemExit: 3"):
        async with voicebot.open_voice(tts={"kind": "plugin", "factory": "parrot_parts:leave"}):
            pass
    failing = {"kind": "plugin", "factory": "parrot", "options": {"fails": True}}
    async with voicebot.open_voice(tts=failing, audio="silent") as voice:
        outcome = await voice.say("Hello.")
        assert isinstance(outcome.error, voicebot.SynthesisError)
        assert "a synthesizer of parrot failed: KeyError: 'no feathers'" in outcome.error.message
    async with voicebot.open_voice(tts="tone", audio=failing) as voice:
        outcome = await voice.say("Hello.")
        assert isinstance(outcome.error, voicebot.AudioError)
        assert "OSError: no air" in outcome.error.message


@pytest.mark.usefixtures("packages")
@pytest.mark.parametrize("rate", [0, -8000])
async def test_a_voice_without_a_sample_rate_fails_like_any_other(rate: int) -> None:
    """A rate of 0 was "a bug in voicebot": a ZeroDivisionError."""
    odd = {"kind": "plugin", "factory": "parrot", "options": {"rate": rate}}
    async with voicebot.open_voice(tts=odd, audio="silent") as voice:
        outcome = await voice.say("Hello.")
    assert isinstance(outcome.error, voicebot.SynthesisError)
    assert f"there is no sound with 1 channels at {rate} Hz" in outcome.error.message


@pytest.mark.usefixtures("packages")
async def test_two_packages_with_the_same_name_are_told_apart_by_path(packages: Path) -> None:
    install(packages, "another", "[voicebot.tts]\nparrot = another_parts:Voice\n", another_parts="")
    with pytest.raises(voicebot.ConfigError, match="more than one package offers 'parrot'") as caught:
        async with voicebot.open_voice(tts={"kind": "plugin", "factory": "parrot"}, audio="silent"):
            pass
    assert "_parts:Voice" in caught.value.hint


@pytest.mark.usefixtures("packages")
async def test_a_strategy_that_changes_the_text_is_told() -> None:
    """It would be heard, and the history would say something else."""
    async with voicebot.open_voice(tts="tone", audio="silent", chunking={"strategy": "parrot_parts:Liar"}) as voice:
        outcome = await voice.say("one two")
    assert outcome.error is not None
    assert "returned 'something else', which is not what comes next in the reply" in outcome.error.message


@pytest.mark.usefixtures("packages")
async def test_a_strategy_is_made_with_its_options_and_nothing_it_holds_back_is_lost() -> None:
    cutting = {"strategy": "words", "options": {"least": 1}}
    async with voicebot.open_voice(tts="tone", audio="silent", chunking=cutting) as voice:
        assert (await voice.say("one two three four")).heard == "one two three four"
    with pytest.raises(voicebot.ConfigError, match="unexpected keyword argument 'most'"):
        async with voicebot.open_voice(
            tts="tone", audio="silent", chunking={"strategy": "words", "options": {"most": 1}}
        ):
            pass


@pytest.mark.usefixtures("packages")
async def test_a_strategy_that_returns_one_text_is_told() -> None:
    """Each of its characters was said alone."""
    async with voicebot.open_voice(tts="tone", audio="silent", chunking={"strategy": "parrot_parts:OneText"}) as voice:
        outcome = await voice.say("one two")
    assert outcome.error is not None
    assert "returned str instead of a list of texts" in outcome.error.message


def test_an_unknown_strategy_is_still_a_fault_of_the_configuration() -> None:
    with pytest.raises(voicebot.ConfigError, match="Input should be 'adaptive', 'sentence'"):
        wanted({"chunking": {"strategy": "sentense"}}, {})


# ---------------------------------------------------------------- listed


@pytest.mark.usefixtures("packages")
async def test_each_is_imported_in_a_process_of_its_own(packages: Path) -> None:
    slow = "import time\ntime.sleep(60)\n"
    install(packages, "slow", "[voicebot.tts]\nslow = slow_parts:Voice\n", slow_parts=slow)
    ours = [plugin for plugin in installed_plugins("tts") if plugin.name in ("parrot", "broken")]
    states = {one.plugin.name: (one.state, one.reason) for one in await check_all(ours)}
    assert states["parrot"] == ("ok", "")
    assert states["broken"][0] == "broken"
    assert "ZeroDivisionError" in states["broken"][1]
    [waited] = await check_all([one for one in installed_plugins("tts") if one.name == "slow"], timeout_seconds=0.5)
    assert (waited.state, waited.reason) == ("broken", "importing it took longer than 0.5 s")


def test_the_command_lists_them_and_is_harmed_by_none(packages: Path, tmp_path: Path) -> None:
    listed = command(tmp_path, "plugins", "--json", PYTHONPATH=f"{packages}:{Path(__file__).parents[2]}")
    assert listed.returncode == 0, listed.stderr
    assert "prints while" not in listed.stdout
    rows = {(row["kind"], row["name"]): row for row in json_lines(listed.stdout)}
    assert rows["tts", "parrot"] == {
        "name": "parrot",
        "kind": "tts",
        "package": "parrot-parts",
        "version": "2.1",
        "factory": "parrot_parts:Voice",
        "state": "ok",
        "reason": "",
    }
    states = {name: rows["tts", name]["state"] for name in ("broken", "leaves", "crashes", "gone")}
    assert set(states.values()) == {"broken"}
    assert rows["chunking", "words"]["state"] == "ok"
    assert "damaged" not in {name for _, name in rows}


def test_a_command_that_uses_none_is_not_harmed_by_any(packages: Path, tmp_path: Path) -> None:
    path = f"{packages}:{Path(__file__).parents[2]}"
    said = command(tmp_path, "say", "Hello.", "--tts", "tone", "-o", "said.wav", "--quiet", PYTHONPATH=path)
    assert (said.returncode, said.stderr) == (0, "")
    cut = command(tmp_path, "chunk", "-", "--strategy", "words", input="one two", PYTHONPATH=path)
    assert cut.returncode == 0, cut.stderr
    assert "two" in cut.stdout


def test_what_lies_in_the_current_folder_is_listed_as_not_trusted(tmp_path: Path) -> None:
    install(tmp_path, "evil", "[voicebot.tts]\nevil = evil_parts:Voice\n", evil_parts="open('pwned', 'w')\n")
    listed = command(tmp_path, "plugins", "--json")
    [row] = [row for row in json_lines(listed.stdout) if row["name"] == "evil"]
    assert row["state"] == "untrusted"
    assert not (tmp_path / "pwned").exists()
