"""What the commands of the chat do, on real engines and servers of their own."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import anyio
import anyio.lowlevel
import pytest

from tests.chat.dialects import OPENAI
from tests.cli.command import wav_seconds
from tests.fake_voicevox import fake_voicevox
from tests.fault_server import FaultServer, serve, whole
from voicebot import events
from voicebot.app import open_conversation, open_engines
from voicebot.cli.chat_actions import ChatActions, Surface
from voicebot.cli.chat_commands import Invoked, Verb
from voicebot.config.models import Config
from voicebot.conversation import Conversation
from voicebot.errors import without_groups
from voicebot.tools.loop import ToolUsingChat

pytestmark = pytest.mark.anyio

E = TypeVar("E")
Settings = dict[str, dict[str, Any]]  # Any: values of config.toml


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What voices cost is remembered here."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


class Chat:
    """A conversation with its commands, and what they have shown."""

    def __init__(self, conversation: Conversation) -> None:
        self.conversation = conversation
        self.actions: ChatActions
        self.shown = ""
        self.told: list[str] = []
        self.asked: list[str] = []
        self.agrees = False

    async def ask(self, question: str) -> bool:
        self.asked.append(question)
        return self.agrees

    async def do(self, verb: Verb, argument: str = "") -> str:
        """Do it, and return what was shown."""
        self.shown, self.told = "", []
        await self.actions.do(Invoked(verb, argument))
        return self.shown

    def show(self, lines: str) -> None:
        self.shown += lines


@asynccontextmanager
async def chatting(folder: Path, settings: Settings, *, speaks: bool = True) -> AsyncGenerator[Chat, None]:
    config = Config.model_validate(
        {
            "chat": {"kind": "demo", "deltas_per_second": 5000},
            "tts": {"kind": "tone"},
            "audio": {"kind": "silent"},
            "memory": {"path": str(folder / "history.db")},
            **settings,
        }
    )
    with without_groups():
        async with (
            open_engines(config, notify=print, speak=speaks) as engines,
            open_conversation(engines, config, notify=print) as conversation,
            anyio.create_task_group() as resources,
        ):
            chat = Chat(conversation)
            surface = Surface(
                chat.show, lambda text: chat.told.append(text), chat.ask, lambda: 80, anyio.lowlevel.checkpoint
            )
            chat.actions = ChatActions(conversation, engines, config, surface, resources=resources)
            yield chat
            chat.actions.close()


async def next_event(subscription: events.Subscription, kind: type[E]) -> E:
    """Wait for an event of this kind."""
    async for event in subscription.events:
        if isinstance(event, kind):
            return event
    raise AssertionError("there are no more events")


def be_openai(server: FaultServer, *models: str) -> Settings:
    server.answer("/v1/models", whole(json.dumps({"data": [{"id": model} for model in models]})))
    server.answer("/v1/chat/completions", OPENAI.reply("Sure."))
    return {"chat": {"kind": "openai", "base_url": f"{server.url}/v1"}}


# ---------------------------------------------------------------- voice


async def test_another_voice_speaks_from_the_next_reply_on(tmp_path: Path) -> None:
    with fake_voicevox() as engine:
        async with chatting(tmp_path, {"tts": {"kind": "voicevox", "base_url": engine.url}}) as chat:
            await chat.actions.answer("What is 6 * 7?")
            assert engine.last("/synthesis").query["speaker"] == "2"
            await chat.do(Verb.VOICE, "ずんだもん")
            assert chat.told == ["voice: voicevox ずんだもん/ノーマル · VOICEVOX:ずんだもん"]
            await chat.actions.answer("What is 6 * 8?")
            assert engine.last("/synthesis").query["speaker"] == "3"


async def test_the_turn_that_runs_keeps_its_voice(tmp_path: Path) -> None:
    settings: Settings = {"chat": {"kind": "demo"}, "audio": {"kind": "silent", "realtime": True}}
    with fake_voicevox() as engine:
        async with chatting(tmp_path, settings | {"tts": {"kind": "voicevox", "base_url": engine.url}}) as chat:
            async with anyio.create_task_group() as turns:
                with chat.conversation.broadcast.subscribe() as subscription:
                    turns.start_soon(chat.actions.answer, "Tell me a story")
                    await next_event(subscription, events.ClipReady)
                    for voice in ("ずんだもん", "春日部つむぎ"):
                        await chat.do(Verb.VOICE, voice)
                    changed = len(engine.requests)
                    for _ in range(4):
                        await next_event(subscription, events.ClipReady)
                chat.conversation.interrupt()
            said = [request for request in engine.requests[changed:] if request.path == "/synthesis"]
            assert {request.query["speaker"] for request in said} == {"2"}


async def test_a_voice_that_is_not_there_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with fake_voicevox() as engine:
        async with chatting(tmp_path, {"tts": {"kind": "voicevox", "base_url": engine.url}}) as chat:
            before = chat.conversation.pipeline
            await chat.do(Verb.VOICE, "ずんだ")
            assert "ずんだもん" in capsys.readouterr().err
            assert chat.conversation.pipeline is before


async def test_voices_are_listed_and_completed_from_then_on(tmp_path: Path) -> None:
    with fake_voicevox() as engine:
        async with chatting(tmp_path, {"tts": {"kind": "voicevox", "base_url": engine.url}}) as chat:
            assert "春日部つむぎ/ノーマル" in await chat.do(Verb.VOICE)
            assert chat.told == ["the voice is voicevox 四国めたん/ノーマル; /voice NAME changes it"]
            assert "ずんだもん/あまあま" in chat.actions.names[Verb.VOICE]


@pytest.mark.parametrize("speaks", [False, True])
async def test_where_there_is_no_other_voice_it_is_said_what_would_help(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], speaks: bool
) -> None:
    async with chatting(tmp_path, {}, speaks=speaks) as chat:
        await chat.do(Verb.VOICE, "Anna")
    said = capsys.readouterr().err
    assert ("another --tts" if speaks else "without --no-audio") in said


# ---------------------------------------------------------------- model


async def test_another_model_is_asked_from_the_next_message_on(tmp_path: Path) -> None:
    async with serve() as server:
        async with chatting(tmp_path, be_openai(server, "small", "large")) as chat:
            await chat.actions.answer("Hello")
            await chat.do(Verb.MODEL, "large")
            assert "large" in chat.told[0]
            await chat.actions.answer("Hello again")
        asked = [json.loads(request.body) for request in server.requests if request.path.endswith("completions")]
        assert [one["model"] for one in asked] == ["small", "large"]
        assert [message["content"] for message in asked[1]["messages"][-3:]] == ["Hello", "Sure.", "Hello again"]


@pytest.mark.parametrize("kind", ["voicevox", "pyttsx3"])
async def test_a_voice_that_is_not_there_is_told_with_what_can_be_typed_here(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    """The hint named a command of the shell, which in a chat is a question."""
    with fake_voicevox() as engine:
        tts = {"kind": kind} | ({"base_url": engine.url} if kind == "voicevox" else {})
        async with chatting(tmp_path, {"tts": tts}) as chat:
            before = chat.conversation.pipeline
            await chat.do(Verb.VOICE, "nobody")
            assert "→ /voice lists them" in capsys.readouterr().err
            assert chat.conversation.pipeline is before


async def test_a_model_that_is_not_there_is_said_so_with_the_nearest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with serve() as server, chatting(tmp_path, be_openai(server, "llama3.2", "qwen3")) as chat:
        before = chat.conversation.pipeline
        await chat.do(Verb.MODEL, "llama3")
        assert "near to it: llama3.2" in capsys.readouterr().err
        assert chat.conversation.pipeline is before
        assert "qwen3" in await chat.do(Verb.MODEL)


async def test_the_tools_stay_when_the_model_changes(tmp_path: Path) -> None:
    async with serve() as server:
        settings = be_openai(server, "small", "large") | {"tools": {"enabled": ["calculator"]}}
        async with chatting(tmp_path, settings) as chat:
            await chat.do(Verb.MODEL, "large")
            assert isinstance(chat.conversation.pipeline.chat, ToolUsingChat)
            await chat.actions.answer("Hello")
        asked = json.loads(server.requests[-1].body)
        assert asked["model"] == "large"
        assert asked["tools"][0]["function"]["name"] == "calculator"


async def test_the_demo_has_no_other_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with chatting(tmp_path, {}) as chat:
        await chat.do(Verb.MODEL, "llama3.2")
    assert "--chat ollama" in capsys.readouterr().err


# ---------------------------------------------------------------- speech


async def test_a_text_is_said_as_it_stands_and_not_remembered(tmp_path: Path) -> None:
    async with chatting(tmp_path, {}) as chat:
        with chat.conversation.broadcast.subscribe() as subscription:
            await chat.do(Verb.SAY, "Hello World.")
            ended = await next_event(subscription, events.TurnEnded)
        assert ended.heard == "Hello World."
        assert not [message for message in chat.conversation.memory.messages() if message.role != "system"]


async def test_the_last_reply_is_said_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with chatting(tmp_path, {}) as chat:
        await chat.do(Verb.REPEAT)
        assert "there is no reply yet" in capsys.readouterr().err
        await chat.actions.answer("What is 6 * 7?")
        with chat.conversation.broadcast.subscribe() as subscription:
            assert await chat.do(Verb.REPEAT) == "6 times 7 is 42.\n"
            ended = await next_event(subscription, events.TurnEnded)
        assert ended.heard == "6 times 7 is 42."


async def test_what_is_repeated_of_an_interrupted_reply_is_also_what_was_not_heard(tmp_path: Path) -> None:
    settings: Settings = {"audio": {"kind": "silent", "realtime": True}}
    async with chatting(tmp_path, settings) as chat, anyio.create_task_group() as turns:
        with chat.conversation.broadcast.subscribe() as subscription:
            turns.start_soon(chat.actions.answer, "Tell me a story")
            while "pier" not in (await next_event(subscription, events.Delta)).text:
                continue
        repeated = " ".join((await chat.do(Verb.REPEAT)).split())
        assert repeated.startswith("Once upon a time, there was a small lighthouse at the end of a very long pier")
        chat.conversation.floor.cancel_all()


async def test_text_only_has_nothing_to_say_with(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with chatting(tmp_path, {}, speaks=False) as chat:
        await chat.actions.answer("What is 6 * 7?")
        await chat.do(Verb.SAY, "Hello")
        assert "without --no-audio" in capsys.readouterr().err
        assert await chat.do(Verb.REPEAT) == "6 times 7 is 42.\n"
        await chat.do(Verb.SAVE, str(tmp_path / "reply.wav"))
        assert "there is no sound" in capsys.readouterr().err


# ---------------------------------------------------------------- the conversation


@pytest.mark.parametrize("store", [True, False])
async def test_the_conversation_so_far_is_shown_and_saved(tmp_path: Path, store: bool) -> None:
    memory = {"store": store, "path": str(tmp_path / "history.db")}
    async with chatting(tmp_path, {"memory": memory}) as chat:
        await chat.actions.answer("What is 6 * 7?")
        await chat.actions.answer("6足す8は？")
        assert "› What is 6 * 7?\n6 times 7 is 42." in await chat.do(Verb.HISTORY)
        assert "› 6足す8は？" in chat.shown
        shown = chat.shown
        await chat.do(Verb.SAVE, str(tmp_path / "talk.txt"))
        assert (tmp_path / "talk.txt").read_text(encoding="utf-8") == shown
        await chat.do(Verb.SAVE, str(tmp_path / "talk.md"))
        assert "> What is 6 * 7?\n\n6 times 7 is 42." in (tmp_path / "talk.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("file", [".", "..", "talks/", "talk.pdf"])
async def test_what_cannot_be_saved_to_is_named_as_it_was_typed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], file: str
) -> None:
    """Of a folder only ": no file of this kind can be written" was told."""
    async with chatting(tmp_path, {}) as chat:
        await chat.do(Verb.SAVE, file)
    assert f"voicebot: {file}: no file of this kind can be written" in capsys.readouterr().err


async def test_the_sound_of_the_last_reply_is_saved(tmp_path: Path) -> None:
    async with chatting(tmp_path, {}) as chat:
        outcome = await chat.actions.answer("What is 6 * 7?")
        await chat.do(Verb.SAVE, str(tmp_path / "reply.WAV"))
        assert wav_seconds(tmp_path / "reply.WAV") == pytest.approx(outcome.metrics.audio_seconds)


@pytest.mark.parametrize("name", ["talk.txt", "talk.md", "reply.wav"])
async def test_nothing_is_written_over_without_asking(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("precious")
    async with chatting(tmp_path, {}) as chat:
        await chat.actions.answer("What is 6 * 7?")
        await chat.do(Verb.SAVE, str(tmp_path / name))
        assert (tmp_path / name).read_text() == "precious"
        assert chat.told == ["nothing is written"]
        chat.agrees = True
        await chat.do(Verb.SAVE, str(tmp_path / name))
        assert b"precious" not in (tmp_path / name).read_bytes()
        assert len(chat.asked) == 2


@pytest.mark.parametrize("name", ["no/such/folder/talk.txt", "talk.mp3", "talk", "x" * 300 + ".txt", ""])
async def test_what_cannot_be_written_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    async with chatting(tmp_path, {}) as chat:
        await chat.actions.answer("What is 6 * 7?")
        await chat.do(Verb.SAVE, str(tmp_path / name))
    assert capsys.readouterr().err


async def test_a_new_conversation_knows_nothing_of_the_old_one_and_can_go_back(tmp_path: Path) -> None:
    async with chatting(tmp_path, {}) as chat:
        await chat.do(Verb.NEW, "kitchen")
        assert chat.told == ["a new conversation begins"]
        await chat.actions.answer("My name is Taro")
        await chat.do(Verb.NEW)
        assert chat.told == ["a new conversation begins"]
        assert "Taro" not in (await chat.actions.answer("What is my name?")).heard
        assert "Taro" not in await chat.do(Verb.HISTORY)
        await chat.do(Verb.NEW, "kitchen")
        assert chat.told == ["continuing the conversation kitchen"]
        assert "Taro" in (await chat.actions.answer("What is my name?")).heard
        assert chat.actions.names[Verb.NEW] == ["kitchen"]


async def test_where_nothing_has_been_said_there_is_nothing_to_show(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with chatting(tmp_path, {}) as chat:
        await chat.do(Verb.NEW, "kitchen")
        assert await chat.do(Verb.HISTORY) == ""
    assert "nothing has been said yet" in capsys.readouterr().err


async def test_conversations_are_completed_from_the_history(tmp_path: Path) -> None:
    async with chatting(tmp_path, {}) as chat:
        await chat.actions.learn_names()
        assert chat.actions.names == {Verb.VOICE: [], Verb.NEW: []}
        await chat.do(Verb.NEW, "kitchen")
        await chat.actions.answer("Hello")
    async with chatting(tmp_path, {}) as chat:
        await chat.actions.learn_names()
        assert chat.actions.names[Verb.NEW] == ["kitchen"]
