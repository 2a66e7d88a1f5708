"""Two lifetimes: one set of engines, and any number of conversations on it."""

from __future__ import annotations

import json
import wave
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

import anyio
import pytest

from tests.virtual_time import in_virtual_time
from voicebot import events
from voicebot.app import Engines, build_pipeline, open_conversation, open_engines, open_memory, window_memory
from voicebot.audio import open_audio
from voicebot.audio.silent import SilentOutput
from voicebot.config.models import AudioWav, Config
from voicebot.conversation import Conversation
from voicebot.memory.sqlite_store import Store
from voicebot.memory.window import WindowMemory
from voicebot.messages import Message, ReplyPart, ToolCall, ToolSpec
from voicebot.pacing import VoiceCost
from voicebot.speech import AudioFormat, Outcome
from voicebot.testing import CostingSynthesizer, EventRecorder, ScriptedChat, typed
from voicebot.text.speech_length import speech_seconds
from voicebot.tools import open_tools
from voicebot.voice_costs import costs_path, remembered_cost

SILENT = Config.model_validate({"audio": {"kind": "silent"}, "memory": {"store": False}})
REPLY = "This is what I have to say to you. And this is all of it."


def engines(chat: ScriptedChat, voice: CostingSynthesizer, cost: VoiceCost | None = None) -> Engines:
    return Engines(chat, voice, cost or VoiceCost(), None, None)


@pytest.mark.anyio
async def test_two_conversations_with_different_outputs_run_on_one_set_of_engines(tmp_path: Path) -> None:
    config = Config.model_validate(
        {
            "chat": {"kind": "demo"},
            "tts": {"kind": "tone"},
            "audio": {"kind": "silent", "realtime": False},
            "memory": {"store": False},
        }
    )
    path = tmp_path / "reply.wav"
    async with (
        open_engines(config, notify=print, chat=ScriptedChat(typed(REPLY, first=0.01, rate=5000))) as shared,
        open_audio(AudioWav(kind="wav", path=str(path)), AudioFormat(24_000), notify=print) as file,
        open_conversation(shared, config, notify=print, output=file) as to_file,
        open_conversation(shared, config, notify=print) as to_nobody,
    ):
        heard: dict[str, str] = {}

        async def talk(name: str, conversation: Conversation) -> None:
            heard[name] = (await conversation.speak(f"a question of {name}")).heard

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(talk, "one", to_file)
            tasks.start_soon(talk, "two", to_nobody)
    assert heard == {"one": REPLY, "two": REPLY}
    with wave.open(str(path)) as written:
        seconds = written.getnframes() / written.getframerate()
    assert seconds == pytest.approx(sum(map(speech_seconds, REPLY.split(" And"))), rel=0.2)


def test_conversations_do_not_share_events() -> None:
    """Not even when they speak at the same time."""
    seen: dict[str, list[events.Event]] = {}

    async def body() -> None:
        shared = engines(ScriptedChat(typed(REPLY)), CostingSynthesizer())

        async def talk(name: str) -> None:
            async with open_conversation(shared, SILENT, notify=print) as conversation:
                with conversation.broadcast.subscribe() as subscription:
                    await conversation.speak(f"I am {name}")
                    subscription.end()
                    seen[name] = [event async for event in subscription.events]

        async with anyio.create_task_group() as tasks:
            for name in ("Ann", "Bo", "千夏"):
                tasks.start_soon(talk, name)

    in_virtual_time(body)
    turns = {name: {event.turn for event in of} for name, of in seen.items()}
    assert all(len(of) == 1 for of in turns.values()), "one turn each"
    assert len(set.union(*turns.values())) == 3
    for name, of in seen.items():
        (started,) = [event for event in of if isinstance(event, events.TurnStarted)]
        assert started.message == f"I am {name}"


def test_conversations_remember_only_their_own_turns() -> None:
    chat = ScriptedChat(typed("Yes."))

    async def body() -> None:
        shared = engines(chat, CostingSynthesizer())
        async with (
            open_conversation(shared, SILENT, notify=print) as one,
            open_conversation(shared, SILENT, notify=print) as two,
        ):
            for conversation, message in ((one, "1a"), (two, "2a"), (one, "1b"), (two, "2b")):
                await conversation.speak(message)

    in_virtual_time(body)
    users = [[m.content for m in asked if m.role == "user"] for asked in chat.asked]
    assert users == [["1a"], ["2a"], ["1a", "1b"], ["2a", "2b"]]


class TimerChat(ScriptedChat):
    """Sets a timer when it is asked to, and says what it is told."""

    async def stream_reply(  # type: ignore[override]  # it takes tools
        self, messages: Sequence[Message], *, tools: Sequence[ToolSpec] = ()
    ) -> AsyncGenerator[ReplyPart, None]:
        question = messages[-1].content
        if tools and messages[-1].role == "user" and question.startswith("timer "):
            sentence = question.removeprefix("timer ")
            yield ToolCall("c1", "timer", json.dumps({"say_when_due": sentence, "seconds": 5}))
        else:
            yield "Good."


def test_a_timer_speaks_in_the_conversation_that_set_it() -> None:
    said: dict[str, list[str]] = {}

    async def body() -> None:
        config = SILENT.model_copy(update={"tools": SILENT.tools.model_copy(update={"enabled": ("timer",)})})
        async with open_tools(config.tools) as tools:
            shared = Engines(TimerChat([]), CostingSynthesizer(), VoiceCost(), tools, None)

            async def talk(name: str) -> None:
                recorder = EventRecorder()
                async with open_conversation(shared, config, notify=print) as conversation:
                    with conversation.broadcast.subscribe() as subscription:
                        await conversation.speak(f"timer {name}, tea!")
                        await anyio.sleep(10)
                        subscription.end()
                        async for event in subscription.events:
                            recorder(event)
                said[name] = [event.text for event in recorder.of(events.PlaybackStarted)]

            async with anyio.create_task_group() as tasks:
                for name in ("Ann", "Bo"):
                    tasks.start_soon(talk, name)

    in_virtual_time(body)
    assert said == {"Ann": ["Good.", "Ann, tea!"], "Bo": ["Good.", "Bo, tea!"]}


def test_a_conversation_that_ends_takes_its_timers_with_it() -> None:
    async def body() -> list[str]:
        config = SILENT.model_copy(update={"tools": SILENT.tools.model_copy(update={"enabled": ("timer",)})})
        voice = CostingSynthesizer()
        async with open_tools(config.tools) as tools:
            shared = Engines(TimerChat([]), voice, VoiceCost(), tools, None)
            async with open_conversation(shared, config, notify=print) as conversation:
                await conversation.speak("timer Tea!")
            await anyio.sleep(60)
        return voice.said

    assert in_virtual_time(body) == ["Good."]


def test_a_conversation_that_goes_on_with_other_engines_keeps_its_timers() -> None:
    """A reload of the daemon's configuration dropped them silently, and put their sentences into its log."""
    told: list[str] = []

    async def body() -> list[str]:
        config = SILENT.model_copy(update={"tools": SILENT.tools.model_copy(update={"enabled": ("timer",)})})
        voice = CostingSynthesizer()
        async with open_tools(config.tools) as tools, anyio.create_task_group() as tasks:
            shared = Engines(TimerChat([]), voice, VoiceCost(), tools, None)
            empty = build_pipeline(config, chat=shared.chat, synthesizer=None, output=SilentOutput(realtime=False))
            conversation = Conversation(empty, memory=window_memory(config), background=tasks)
            async with open_conversation(shared, config, notify=told.append, reopen=conversation):
                await conversation.speak("timer Tea!")
            async with open_conversation(shared, config, notify=told.append, reopen=conversation):
                await anyio.sleep(60)
            tasks.cancel_scope.cancel()
        return voice.said

    assert in_virtual_time(body) == ["Good.", "Tea!"]
    assert told == []


def test_many_conversations_on_one_voice_learn_what_it_really_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight of them used to teach 12.0 s for what takes 1.05 s, the time in the queue included, and to keep that."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    fixed, rtf = 0.25, 0.4

    async def body() -> None:
        voice = CostingSynthesizer(delay=fixed, rtf=rtf)
        with remembered_cost("shared") as cost:
            shared = engines(ScriptedChat(typed(REPLY)), voice, cost)

            async def talk() -> None:
                async with open_conversation(shared, SILENT, notify=print) as conversation:
                    await conversation.speak("Well?")

            async with anyio.create_task_group() as tasks:
                for _ in range(8):
                    tasks.start_soon(talk)
        assert voice.most_at_once > 4, "they were in each other's way"

    in_virtual_time(body)
    kept = json.loads(costs_path().read_text(encoding="utf-8"))["shared"]
    assert len(kept) >= 8
    for speech, took in kept:
        assert took == pytest.approx(fixed + rtf * speech, abs=0.02)
    with remembered_cost("shared") as cost:
        assert cost.seconds(2.0) == pytest.approx(fixed + rtf * 2.0, rel=0.1)


def test_the_deltas_of_a_reply_are_kept_where_that_is_asked_for(tmp_path: Path) -> None:
    async def body() -> None:
        shared = engines(ScriptedChat(typed("Yes.", size=2)), CostingSynthesizer())
        async with open_conversation(shared, SILENT, notify=print, record=tmp_path / "t.jsonl") as conversation:
            await conversation.speak("Well?")

    in_virtual_time(body)
    assert [json.loads(line)["token"] for line in (tmp_path / "t.jsonl").read_text().splitlines()] == ["Ye", "s."]


class SlowMemory(WindowMemory):
    """One whose disk takes a minute."""

    async def keep(self) -> None:
        """Take it."""
        await anyio.sleep(60)


def test_a_turn_that_is_kept_while_its_conversation_ends_is_not_an_error() -> None:
    """It began to tidy a memory among tasks that had ended: the server's log told of a bug when it was shut down."""

    async def body() -> list[Outcome]:
        ended: list[Outcome] = []

        async def speak(conversation: Conversation) -> None:
            ended.append(await conversation.speak("Well?"))

        async with anyio.create_task_group() as tasks:
            shared = engines(ScriptedChat(typed("Yes.")), CostingSynthesizer())
            memory = SlowMemory(system_prompt="", turns=2)
            async with open_conversation(shared, SILENT, notify=print, memory=memory) as conversation:
                tasks.start_soon(speak, conversation)
                await anyio.sleep(30)
        return ended

    assert [outcome.heard for outcome in in_virtual_time(body)] == ["Yes."]


def test_a_listener_is_told_of_each_event_before_the_reply_returns() -> None:
    recorder = EventRecorder()

    async def body() -> None:
        shared = engines(ScriptedChat(typed("Yes.")), CostingSynthesizer())
        async with open_conversation(shared, SILENT, notify=print, listener=recorder) as conversation:
            await conversation.speak("Well?")
            assert [event.heard for event in recorder.of(events.TurnEnded)] == ["Yes."]

    in_virtual_time(body)


@pytest.mark.anyio
async def test_conversations_share_the_writer_of_the_history_and_no_row(tmp_path: Path) -> None:
    file = tmp_path / "history.db"
    config = Config.model_validate(
        {
            "chat": {"kind": "demo"},
            "audio": {"kind": "silent", "realtime": False},
            "memory": {"path": str(file)},
        }
    )
    chat = ScriptedChat(typed("Yes.", first=0.001, rate=5000))
    async with open_engines(config, notify=print, chat=chat, speak=False) as shared:

        async def talk(name: str) -> None:
            async with (
                open_memory(shared, config, conversation=name, notify=print) as memory,
                open_conversation(shared, config, notify=print, memory=memory) as conversation,
            ):
                for number in range(3):
                    await conversation.speak(f"{name} {number}")

        async with anyio.create_task_group() as tasks:
            for name in ("kitchen", "台所"):
                tasks.start_soon(talk, name)
    store = Store(file)
    for name in ("kitchen", "台所"):
        assert [turn.message for turn in store.turns(name)] == [f"{name} {number}" for number in range(3)]
    store.close()
