"""Clients of speech-dispatcher at our dispatcher: what is said, and what they are told of it, in virtual time."""

from __future__ import annotations

import anyio
import pytest

from tests.daemon.ssip.session import Client, Ssip, ssip
from tests.virtual_time import in_virtual_time
from voicebot import events
from voicebot.daemon.requests import State
from voicebot.daemon.ssip.client import Voice
from voicebot.daemon.ssip.clients import voice_of
from voicebot.floor import Priority
from voicebot.speech import Style

LONG = "This sentence takes quite a while to be said to its very end."


async def named(server: Ssip, name: str = "reader", priority: str = "message") -> Client:
    """A client that is told of everything."""
    client = server.connect()
    for line in (
        f"SET SELF CLIENT_NAME me:{name}:main",
        "SET SELF NOTIFICATION all on",
        f"SET SELF PRIORITY {priority}",
    ):
        assert (await client.ask(line))[-1][0] == "2"
    return client


def heard(server: Ssip) -> list[str]:
    return [event.heard for event in server.recorder.of(events.TurnEnded)]


def test_stop_takes_the_message_that_is_spoken_and_cancel_those_that_wait_too() -> None:
    async def main() -> None:
        async with ssip() as server:
            client = await named(server)
            first, second, third = [await client.say(LONG) for _ in range(3)]
            await client.until("701", first)
            assert await client.ask("STOP self") == ["210 OK STOPPED"]
            await client.until("701", second)
            assert await client.ask("CANCEL self") == ["213 OK CANCELED"]
            await client.until("703", third)
            assert [client.codes(one) for one in (first, second, third)] == [["701", "703"], ["701", "703"], ["703"]]

    in_virtual_time(main)


def test_nobody_stops_or_pauses_what_others_have_asked_for_except_with_all_or_their_number() -> None:
    async def main() -> None:
        async with ssip() as server:
            reader, other = await named(server), await named(server, "other")
            (answer, _) = await reader.ask("HISTORY GET CLIENT_ID")
            number = answer.partition("-")[2]
            mine, next_one = await reader.say(LONG), await reader.say(LONG)
            await reader.until("701", mine)
            for line in ("STOP self", "CANCEL self", "PAUSE self", "STOP 4711", "RESUME self"):
                assert (await other.ask(line))[-1][0] == "2"
            assert server.dispatcher.paused_until is None
            await other.ask(f"STOP {number}")
            await reader.until("701", next_one)
            await other.ask("CANCEL all")
            await reader.until("703", next_one)
            assert [reader.codes(one) for one in (mine, next_one)] == [["701", "703"]] * 2

    in_virtual_time(main)


def test_a_client_is_told_that_its_message_was_paused_even_if_another_asked_for_it() -> None:
    async def main() -> None:
        async with ssip() as server:
            client, other = await named(server), await named(server, "other")
            message = await client.say(LONG)
            await client.until("701", message)
            assert await client.ask("PAUSE self") == ["211 OK PAUSED"]
            await client.until("704", message)
            assert await client.ask("RESUME self") == ["212 OK RESUMED"]
            await client.until("705", message)
            server.dispatcher.pause()
            await other.ask("RESUME all")
            await client.until("702", message)
            assert client.codes(message) == ["701", "704", "705", "704", "705", "702"]
            assert other.events == []

    in_virtual_time(main)


def test_events_come_only_to_those_who_asked_for_them() -> None:
    async def main() -> None:
        async with ssip() as server:
            client = server.connect()
            await client.ask("SET SELF NOTIFICATION end on")
            await client.until("702", message := await client.say("Hello."))
            await client.ask("SET SELF NOTIFICATION all off")
            silent = await client.say("Hello.")
            await anyio.sleep(60)
            await client.ask("GET RATE")
            assert (client.codes(message), client.codes(silent)) == (["702"], [])

    in_virtual_time(main)


def test_a_block_is_one_message_to_the_floor_and_many_to_its_client() -> None:
    """With priority text each would have cancelled the one before."""

    async def main() -> None:
        async with ssip() as server:
            client = await named(server, priority="text")
            assert await client.ask("BLOCK BEGIN") == ["260 OK INSIDE BLOCK"]
            messages = [await client.say(text) for text in ("One.", "Two.", "Three.")]
            await anyio.sleep(60)
            assert server.dispatcher.speaking is None
            assert await client.ask("BLOCK END") == ["261 OK OUTSIDE BLOCK"]
            await client.until("702", messages[-1])
            assert [(code, message) for code, message, _ in client.events] == [
                (code, message) for message in messages for code in ("701", "702")
            ]
            assert heard(server) == ["One.\nTwo.\nThree."]

    in_virtual_time(main)


def test_marks_are_told_with_their_names_in_order() -> None:
    async def main() -> None:
        async with ssip() as server:
            client = await named(server)
            await client.ask("SET SELF SSML_MODE on")
            message = await client.say(
                '<speak>One. <mark name="a"/>Two. Three.<mark name="x&#13;&#10;225 OK"/></speak>'
            )
            await client.until("702", message)
            assert [(code, more) for code, _, more in client.events] == [
                ("701", []),
                ("700", ["a"]),
                ("700", ["x&#13;&#10;225 OK"]),
                ("702", []),
            ]
            assert heard(server) == ["One. Two. Three."]

    in_virtual_time(main)


def test_rate_and_voice_become_the_style_and_an_unknown_voice_is_the_configured_one() -> None:
    async def main() -> None:
        async with ssip() as server:
            client = await named(server)
            assert await client.ask("LIST SYNTHESIS_VOICES") == [
                "249-English\ten\tnone",
                "249-Japanese\tja\tnone",
                "249 OK VOICE LIST SENT",
            ]
            assert (await client.ask("LIST SYNTHESIS_VOICES ja"))[:-1] == ["249-Japanese\tja\tnone"]
            await client.ask("SET SELF RATE 100")
            await client.ask("SET SELF SYNTHESIS_VOICE japanese")
            (one,) = server.desk.clients.values()
            assert one.settings.style == Style("jpx/ja", 2.5)
            await client.ask("SET SELF SYNTHESIS_VOICE nonesuch")
            assert one.settings.style == Style("", 2.5)

    in_virtual_time(main)


def test_what_a_client_has_queued_is_said_to_the_end_when_it_has_gone() -> None:
    async def main() -> None:
        async with ssip() as server:
            client = await named(server)
            await client.say("First.")
            await client.say("Second.")
            await client.send("BLOCK BEGIN", "SPEAK", "In a block.", ".", "SPEAK", "Only half of a text")
            await client.wire.aclose()
            await anyio.sleep(60)
            assert heard(server) == ["First.", "Second.", "In a block."]
            assert server.desk.clients == {}

    in_virtual_time(main)


def test_a_client_that_goes_in_the_middle_of_a_text_takes_nothing_of_others_along() -> None:
    async def main() -> None:
        async with ssip() as server:
            reader, leaver = await named(server), await named(server, "leaver")
            message = await reader.say(LONG)
            await leaver.ask("SPEAK")
            await leaver.send("half a line")
            await leaver.wire.aclose()
            await reader.until("702", message)
            assert heard(server) == [LONG]

    in_virtual_time(main)


def test_a_client_that_reads_nothing_is_left_and_what_it_sent_is_said() -> None:
    async def main() -> None:
        async with ssip() as server:
            client = await named(server)
            for _ in range(1200):  # more answers than fit
                await client.send("GET RATE")
            await client.send("SPEAK", "Lost.", ".")
            await anyio.sleep(60)
            assert server.desk.clients == {}
            other = await named(server)
            await other.until("702", await other.say("Hello."))

    in_virtual_time(main)


def test_more_messages_than_one_may_have_are_refused_and_the_rest_goes_on() -> None:
    async def main() -> None:
        async with ssip() as server:
            client = await named(server)
            for _ in range(1000):
                await client.say(LONG)
            await client.ask("SPEAK")
            assert await client.ask("One more.", ".") == ["300 ERR INTERNAL"]
            assert await client.ask("CANCEL self") == ["213 OK CANCELED"]
            await client.until("702", await client.say("Hello."))

    in_virtual_time(main)


def test_garbage_is_refused_and_the_connection_stays() -> None:
    async def main() -> None:
        async with ssip() as server:
            client = await named(server)
            assert await client.ask("\x00\x1b[2J") == ["500 ERR INVALID COMMAND"]
            await client.wire.send(b"a" * 60_000)
            await client.wire.send(b"a" * 60_000 + b"\r\n")
            assert await client.answer() == ["500 ERR INVALID COMMAND"]
            await client.ask("SPEAK")
            await client.wire.send(b"caf\xe9\r\n.\r\n")
            assert await client.answer() == ["501 ERR INVALID ENCODING"]
            await client.ask("SPEAK")
            assert await client.ask("  ", ".") == ["227 OK MESSAGE CANCELED"]
            assert await client.ask("QUIT") == ["231 HAPPY HACKING"]
            with pytest.raises(anyio.EndOfStream):
                await client.answer()

    in_virtual_time(main)


def test_the_source_of_a_message_is_the_name_of_the_program_and_never_that_of_the_person() -> None:
    async def main() -> None:
        async with ssip() as server:
            for name in ("reader", "", "\x1b[31m"):
                client = await named(server, name, "progress")
                await client.say("Hello.")
            sources = [one["source"] for one in server.dispatcher.history()]
            sources += [one.source for one in [server.dispatcher.speaking] if one is not None]
            assert "" not in sources
            assert {"reader"} <= set(map(str, sources))
            assert all(str(one).isprintable() for one in sources)

    in_virtual_time(main)


def test_when_the_daemon_closes_its_clients_are_let_go() -> None:
    async def main() -> None:
        async with ssip() as server:
            client = await named(server)
            server.closing.set()
            with pytest.raises(anyio.EndOfStream):
                await client.answer()

    in_virtual_time(main)


def test_a_voice_of_any_engine_has_a_name_and_a_language() -> None:
    assert voice_of({"voice": "tone"}) == Voice("tone", "und", "tone")
    assert voice_of({"voice": "a/b", "style_id": 3}) == Voice("a/b", "ja", "a/b")
    assert voice_of({"voice": "gmw/en", "name": "English", "languages": ["en-GB", "en"]}) == Voice(
        "English", "en-GB", "gmw/en"
    )


def test_the_priority_of_a_message_is_that_of_the_floor() -> None:
    async def main() -> None:
        async with ssip() as server:
            client = await named(server)
            for priority in Priority:
                await client.ask(f"SET SELF PRIORITY {priority.upper()}")
                message = await client.say("Hello.")
                speaking = server.dispatcher.speaking
                assert speaking is not None
                assert (speaking.priority, speaking.source) == (priority, "reader")
                await client.until("702", message)
                await anyio.sleep(1)
            assert [one["state"] for one in server.dispatcher.history()] == [State.FINISHED] * 5

    in_virtual_time(main)
