"""A conversation live: what is asked goes in, all that happens comes out, and only what was played was heard."""

from __future__ import annotations

from functools import partial

import anyio
import pytest

from tests.server.listener import live, new_conversation
from tests.server.running import REPLY, running_server, until
from voicebot.testing import CostingSynthesizer, ScriptedChat, typed
from voicebot.tts.tone import ToneSynthesizer

pytestmark = pytest.mark.anyio
RATE = 8000


def tone() -> ToneSynthesizer:
    return ToneSynthesizer(sample_rate=RATE)


def at_once(text: str) -> ScriptedChat:
    return ScriptedChat([(0.0, text)])


async def test_a_reply_is_written_and_heard() -> None:
    async with running_server(voice=tone()) as running:
        path = await new_conversation(running)
        async with live(running, path) as listener:
            await listener.send("ask", text="Hello.")
            started = await listener.until("turn_started")
            ended = await listener.until("turn_ended")
            assert (started["message"], started["voice"], started["audio"]) == ("Hello.", "tone", "browser")
            assert (ended["outcome"], ended["heard"], ended["unsaid"]) == ("completed", REPLY, "")
            assert listener.text == REPLY
            begins, ends = listener.of("audio_begin"), listener.of("audio_end")
            assert "".join([begin["shown"] for begin in begins]) == REPLY
            assert {begin["turn"] for begin in begins} == {started["turn"]}
            assert [begin["index"] for begin in begins] == list(range(len(begins)))
            assert [(end["utterance"], end["frames"]) for end in ends] == [
                (begin["utterance"], listener.frames(begin["utterance"])) for begin in begins
            ]
            assert any(listener.sound[begins[0]["utterance"]])
            assert listener.of("playback_started")
        said = (await running.client.get(path)).json()["said"]
        assert [(one["message"], one["heard"]) for one in said] == [("Hello.", REPLY)]


async def test_a_text_is_said_as_it_stands() -> None:
    chat = ScriptedChat([])
    async with running_server(chat, tone()) as running:
        async with live(running, await new_conversation(running)) as listener:
            await listener.send("say", text="Dinner!")
            assert (await listener.until("turn_ended"))["heard"] == "Dinner!"
            assert sum(map(listener.frames, listener.sound)) > 0
        assert chat.asked == []


async def test_who_does_not_listen_reads() -> None:
    async with (
        running_server(voice=tone()) as running,
        live(running, await new_conversation(running), listens=False) as listener,
    ):
        await listener.send("ask", text="Hello.")
        assert (await listener.until("turn_ended"))["heard"] == REPLY
        assert (listener.of("audio_begin"), listener.sound) == ([], {})


async def test_only_what_was_played_was_heard() -> None:
    text = "One two three four five six seven eight nine ten eleven twelve."
    async with running_server(at_once(text), CostingSynthesizer(delay=0.0, rtf=0.0, seconds=1.2)) as running:
        path = await new_conversation(running)
        async with live(running, path, plays=False) as listener:
            await listener.send("ask", text="Count.")
            end = await listener.until("audio_end")
            await listener.played(end["utterance"], end["frames"] // 2)
            await listener.until("playback_started")
            await listener.send("interrupt")
            ended = await listener.until("turn_ended")
            assert (ended["outcome"], ended["exact"]) == ("interrupted", False)
            assert ended["heard"] + ended["unsaid"] == text
            assert 0.3 < len(ended["heard"]) / len(text) < 0.7
            await listener.holds(lambda: [each["utterance"] for each in listener.of("flush")] == [end["utterance"]])


@pytest.mark.parametrize(
    "reports",
    [
        [(0, 2**32 - 1), (0, 1), (0, 0)],
        [(5, 100), (2**32 - 1, 2**32 - 1)],
        [],
    ],
    ids=["more than was sent, and back", "of what is unknown", "never"],
)
async def test_a_report_that_lies_does_no_harm(reports: list[tuple[int, int]]) -> None:
    """The most that it can claim is what was sent; what it takes back stays heard, and what it never reports is not."""
    text = "One two three four five six."
    async with (
        running_server(at_once(text), CostingSynthesizer(delay=0.0, rtf=0.0, seconds=0.1)) as running,
        live(running, await new_conversation(running), plays=False) as listener,
    ):
        await listener.send("ask", text="Count.")
        await listener.until("audio_end")
        for utterance, frame in reports:
            await listener.played(utterance, frame)
        ended = await listener.until("turn_ended")
        honest = bool(reports) and reports[0][0] == 0
        assert (ended["outcome"], ended["heard"]) == ("completed", text if honest else "")


async def test_the_server_is_at_most_two_seconds_ahead_of_the_ear() -> None:
    """What is interrupted was never synthesized, bar a little."""
    voice = CostingSynthesizer(delay=0.0, rtf=0.0, seconds=1.5)
    text = " ".join([f"This is sentence number {number}." for number in range(40)])
    async with running_server(at_once(text), voice) as running:
        async with live(running, await new_conversation(running), plays=False) as listener:
            await listener.send("ask", text="Go on.")
            await listener.holds(lambda: sum(map(listener.frames, listener.sound)) > 1900)
            first = listener.of("audio_begin")[0]["utterance"]
            await listener.played(first, 700)
            await listener.holds(lambda: sum(map(listener.frames, listener.sound)) > 2600)
            assert listener.ahead <= 2000
            assert len(voice.said) < 10
            await listener.send("interrupt")
            await listener.until("turn_ended")
        assert len(voice.said) < 10


async def test_who_reports_each_block_is_told_a_long_reply() -> None:
    """A client that writes a file reports faster than anybody hears: it was cut off after eight seconds of sound."""
    text = " ".join([f"This is sentence number {number}." for number in range(40)])
    async with (
        running_server(at_once(text), CostingSynthesizer(delay=0.0, rtf=0.0, seconds=1.5)) as running,
        live(running, await new_conversation(running)) as listener,
    ):
        await listener.send("ask", text="Go on.")
        assert (await listener.until("turn_ended"))["heard"] == text
        assert sum(map(listener.frames, listener.sound)) > 1000 * 20


async def test_the_message_reaches_all_tabs_and_the_sound_the_one_that_asked() -> None:
    async with running_server(voice=tone()) as running:
        path = await new_conversation(running)
        async with live(running, path) as asks, live(running, path) as watches:
            await asks.send("ask", text="Hello.")
            started = await watches.until("turn_started")
            assert started["message"] == "Hello."
            await watches.until("turn_ended")
            await asks.until("turn_ended")
            assert (watches.sound, watches.text) == ({}, REPLY)
            assert asks.sound


async def test_two_people_do_not_hear_each_other() -> None:
    async with running_server(voice=tone()) as running:
        one, other = [await new_conversation(running, person) for person in ("alice", "bob")]
        async with live(running, one, person="alice") as alice, live(running, other, person="bob") as bob:
            await alice.send("ask", text="A secret.")
            await alice.until("turn_ended")
            await bob.send("ping")
            await bob.until("pong")
            assert ({message["type"] for message in bob.received}, bob.sound) == ({"snapshot", "pong"}, {})


async def test_a_tab_that_comes_late_is_told_what_the_turn_has_said() -> None:
    chat = ScriptedChat([(0.0, "Good "), (0.0, "morning."), (3600.0, "never")])
    async with running_server(chat, tone()) as running:
        path = await new_conversation(running)
        async with live(running, path) as first:
            await first.send("ask", text="Hello.")
            await first.until("delta")
            await first.until("delta")
            async with live(running, path) as late:
                started = await late.until("turn_started")
                assert late.received[0]["live"] == started["turn"]
                await late.until("delta", text="morning.")
                await late.send("interrupt")
                assert (await first.until("turn_ended"))["outcome"] == "interrupted"


async def test_a_new_message_ends_the_turn_and_its_sound() -> None:
    text = " ".join([f"This is sentence number {number}." for number in range(40)])
    async with (
        running_server(at_once(text), tone()) as running,
        live(running, await new_conversation(running), plays=False) as listener,
    ):
        await listener.send("ask", text="Go on.")
        begin = await listener.until("audio_begin")
        await listener.send("ask", text="Stop, and go on.")
        assert (await listener.until("turn_ended"))["outcome"] == "interrupted"
        again = await listener.until("audio_begin")
        assert again["turn"] != begin["turn"]
        assert again["utterance"] > listener.of("flush")[0]["utterance"] >= begin["utterance"]


async def test_the_sound_stands_still_and_goes_on() -> None:
    async with (
        running_server(at_once("One two three four five six seven."), tone()) as running,
        live(running, await new_conversation(running)) as listener,
    ):
        await listener.send("pause")
        await listener.until("pause")
        await listener.send("ask", text="Count.")
        await listener.until("clip_ready")
        await listener.send("ping")
        await listener.until("pong")
        assert not listener.sound
        await listener.send("resume")
        await listener.until("resume")
        assert (await listener.until("turn_ended"))["outcome"] == "completed"


async def test_any_tab_holds_the_sound_and_all_are_told() -> None:
    """A pause was known only to the tab that had asked for it, whose own sound alone it held."""
    async with (
        running_server(at_once("One two three four five six seven."), tone()) as running,
        live(running, path := await new_conversation(running)) as speaking,
        live(running, path, listens=False) as other,
    ):
        await other.send("pause")
        await speaking.until("pause")
        held = await speaking.until("paused")
        assert (held["turn"], held["seconds"]) == ("", 300.0)
        await speaking.send("ask", text="Count.")
        await speaking.until("clip_ready")
        async with live(running, path, listens=False) as late:
            assert late.of("snapshot")[0]["paused"] is True
        assert not speaking.sound
        await other.send("resume")
        started = (await speaking.until("resumed"))["turn"]
        ended = await other.until("turn_ended")
        assert (ended["outcome"], ended["turn"]) == ("completed", started)
        assert len(other.of("resumed")) == 1


async def test_a_pause_ends_with_the_turn_that_was_held() -> None:
    async with (
        running_server(at_once("One two three four five six seven."), tone()) as running,
        live(running, path := await new_conversation(running)) as speaking,
        live(running, path, listens=False) as other,
    ):
        await speaking.send("pause")
        await speaking.until("pause")
        await speaking.send("ask", text="Count.")
        await speaking.until("clip_ready")
        await other.send("interrupt")
        assert (await other.until("turn_ended"))["outcome"] == "interrupted"
        await other.until("resumed")
        await speaking.send("ask", text="Count.")
        assert (await speaking.until("turn_ended", outcome="completed"))["outcome"] == "completed"


async def test_a_pause_outlives_the_tab_that_asked_for_it() -> None:
    async with (
        running_server(at_once("One two three four five six seven."), tone()) as running,
        live(running, path := await new_conversation(running)) as speaking,
    ):
        async with live(running, path, listens=False) as other:
            await other.send("pause")
            await other.until("paused")
        await speaking.send("ask", text="Count.")
        await speaking.until("clip_ready")
        await speaking.send("resume")
        assert (await speaking.until("turn_ended"))["outcome"] == "completed"


async def test_a_voice_and_a_speed_are_chosen_from_those_there_are() -> None:
    async with (
        running_server(at_once("One two three four."), tone()) as running,
        live(running, await new_conversation(running)) as listener,
    ):

        async def frames() -> int:
            listener.sound.clear()
            await listener.send("ask", text="Count.")
            await listener.until("turn_ended")
            return sum(map(listener.frames, listener.sound))

        before = await frames()
        await listener.send("voice", voice="tone", speed=2.0)
        assert await frames() == pytest.approx(before / 2, abs=2)
        await listener.send("voice", voice="/etc/passwd")
        assert (await listener.until("error"))["code"] == "unknown_voice"
        assert await frames() == pytest.approx(before / 2, abs=2)


async def test_what_no_listener_asked_for_is_heard_by_the_last_one_that_began_to_listen() -> None:
    async with running_server(voice=tone()) as running:
        path = await new_conversation(running)
        async with running.server.conversations.using("owner", path.rpartition("/")[2]) as opened:
            timer = opened.conversation.say
            async with live(running, path) as first, live(running, path, listens=False) as reads:
                async with live(running, path) as latest:
                    await timer("Your tea is ready.", source="timer")
                    assert (await latest.until("turn_ended"))["heard"] == "Your tea is ready."
                    assert [bool(tab.sound) for tab in (first, reads, latest)] == [False, False, True]
                    await first.send("listen", audio=True)
                    await first.send("ping")
                    await first.until("pong")
                    await timer("Your tea is cold.", source="timer")
                    await until(lambda: bool(first.sound))
                await first.send("listen", audio=False)
                await first.send("ping")
                await first.until("pong")
                heard = dict(first.sound)
                await timer("Your tea has gone.", source="timer")
                assert (await reads.until("turn_ended", heard="Your tea has gone."))["outcome"] == "completed"
                assert (first.sound, reads.sound) == (heard, {})


async def test_what_is_said_to_a_tab_that_goes_away_ends_as_interrupted() -> None:
    """It had failed, as if the machine had a fault."""
    async with running_server(voice=tone()) as running:
        path = await new_conversation(running)
        async with (
            running.server.conversations.using("owner", path.rpartition("/")[2]) as opened,
            live(running, path, listens=False) as stays,
            anyio.create_task_group() as tasks,
        ):
            async with live(running, path, plays=False):
                tasks.start_soon(partial(opened.conversation.say, "Your tea is ready.", source="timer"))
                await stays.until("clip_ready")
            ended = await stays.until("turn_ended")
            assert (ended["outcome"], ended["error"]) == ("interrupted", "")


async def test_who_waits_in_line_is_told_and_may_give_up() -> None:
    chat = ScriptedChat([(0.0, "Good morning."), (3600.0, "never")])
    async with running_server(chat, max_turns=1, max_waiting=2) as running:
        paths = [await new_conversation(running) for _ in range(3)]
        async with (
            live(running, paths[0]) as first,
            live(running, paths[1]) as second,
            live(running, paths[2]) as third,
        ):
            await first.send("ask", text="1")
            await first.until("delta")
            await second.send("ask", text="2")
            assert (await second.until("queued"))["position"] == 1
            await third.send("ask", text="3")
            assert (await third.until("queued"))["position"] == 2
            await first.send("ask", text="4", barge_in=False)
            assert (await first.until("error"))["code"] == "overloaded"
            await second.send("interrupt")
            assert (await third.until("queued"))["position"] == 1
            await first.send("interrupt")
            await third.until("delta")
            assert len(chat.asked) == 2


async def test_a_tab_that_goes_away_ends_its_turn() -> None:
    chat = ScriptedChat([(0.0, "Good morning. "), (3600.0, "never")])
    async with running_server(chat, tone()) as running:
        path = await new_conversation(running)
        async with live(running, path) as stays:
            async with live(running, path) as leaves:
                await leaves.send("ask", text="Hello.")
                await leaves.until("playback_started")
            ended = await stays.until("turn_ended")
            assert ended["outcome"] == "interrupted"
            assert chat.closed
        await until(lambda: not running.server.admission.running)


async def test_deleting_the_conversation_closes_it() -> None:
    async with running_server() as running:
        path = await new_conversation(running)
        async with live(running, path) as listener:
            await running.client.request("DELETE", path, json={})
            await listener.connection.wait_closed()
            assert listener.connection.close_code == 1001


async def test_a_server_that_ends_lets_the_turn_end_and_then_closes() -> None:
    """Now and then the web server was first, and told clients that it begins anew (1012)."""
    chat = ScriptedChat(typed(REPLY, first=0.0, rate=100))
    async with running_server(chat, tone()) as running, live(running, await new_conversation(running)) as listener:
        await listener.send("ask", text="Hello.")
        await listener.until("delta")
        running.stop.set()
        assert (await listener.until("turn_ended"))["heard"] == REPLY
        await listener.connection.wait_closed()
        assert listener.connection.close_code == 1001
