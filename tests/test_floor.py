"""Who may speak, in virtual time: the priorities of speech-dispatcher, and barge-in on top of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.virtual_time import in_virtual_time
from voicebot.events import FloorFree, TurnDropped, TurnWaiting
from voicebot.floor import Floor, Priority
from voicebot.testing import EventRecorder

IMPORTANT, MESSAGE, TEXT, NOTIFICATION, PROGRESS = Priority


class Speakers:
    """Turns that each hold the floor for some seconds, and what became of them."""

    def __init__(self) -> None:
        self.recorder = EventRecorder()
        self.floor = Floor(self.recorder)
        self.log: list[tuple[float, str, str]] = []
        """(seconds, name, "begins" | "ends" | why it was cut or dropped)."""

    async def speak(self, name: str, priority: Priority, seconds: float = 10.0, *, barge_in: bool = False) -> None:
        async with self.floor.claim(name, priority, source=name[0], barge_in=barge_in) as claim:
            if claim.dropped is None:
                self._note(name, "begins")
                with claim.scope:
                    await anyio.sleep(seconds)
            self._note(name, claim.dropped or "ends")

    def _note(self, name: str, what: str) -> None:
        self.log.append((round(anyio.current_time() - self._began, 3), name, what))

    async def run(self, *arrivals: tuple[float, str, Priority]) -> None:
        self._began = anyio.current_time()
        async with anyio.create_task_group() as tasks:
            for at, name, priority in arrivals:
                await anyio.sleep_until(self._began + at)
                tasks.start_soon(self.speak, name, priority)


def log_of(*arrivals: tuple[float, str, Priority]) -> list[tuple[float, str, str]]:
    async def body() -> list[tuple[float, str, str]]:
        speakers = Speakers()
        await speakers.run(*arrivals)
        return speakers.log

    return in_virtual_time(body)


def spoken(log: list[tuple[float, str, str]]) -> list[tuple[float, str]]:
    return [(at, name) for at, name, what in log if what == "begins"]


# ---------------------------------------------------------------- each priority when it arrives


@pytest.mark.parametrize("other", [MESSAGE, TEXT, NOTIFICATION, PROGRESS])
def test_what_is_important_cuts_everything_else_at_once(other: Priority) -> None:
    log = log_of((0, "other", other), (2, "fire", IMPORTANT))
    assert (2, "other", "outranked") in log
    assert (2, "fire") in spoken(log)


def test_what_is_important_is_never_cut_and_waits_for_its_like() -> None:
    log = log_of((0, "fire", IMPORTANT), (1, "flood", IMPORTANT), (2, "hello", MESSAGE), (3, "word", TEXT))
    assert spoken(log) == [(0, "fire"), (10, "flood"), (20, "hello"), (30, "word")]
    assert not {what for _, _, what in log} - {"begins", "ends"}


def test_what_is_important_postpones_messages_and_text_that_wait() -> None:
    log = log_of((0, "one", MESSAGE), (1, "two", MESSAGE), (2, "word", TEXT), (3, "fire", IMPORTANT))
    assert spoken(log) == [(0, "one"), (3, "fire"), (13, "two"), (23, "word")]


def test_messages_are_spoken_in_order() -> None:
    log = log_of((0, "one", MESSAGE), (1, "two", MESSAGE), (2, "three", MESSAGE))
    assert spoken(log) == [(0, "one"), (10, "two"), (20, "three")]


@pytest.mark.parametrize("other", [TEXT, NOTIFICATION, PROGRESS])
def test_a_message_cuts_what_matters_less(other: Priority) -> None:
    log = log_of((0, "other", other), (2, "hello", MESSAGE))
    assert (2, "other", "outranked") in log
    assert (2, "hello") in spoken(log)


def test_a_message_drops_text_that_waits() -> None:
    log = log_of((0, "one", MESSAGE), (1, "word", TEXT), (2, "two", MESSAGE))
    assert spoken(log) == [(0, "one"), (10, "two")]
    assert (2, "word", "outranked") in log


def test_of_texts_the_newest_wins() -> None:
    log = log_of((0, "a", TEXT), (1, "b", TEXT), (2, "c", TEXT))
    assert spoken(log) == [(0, "a"), (1, "b"), (2, "c")]
    log = log_of((0, "one", MESSAGE), (1, "a", TEXT), (2, "b", TEXT))
    assert spoken(log) == [(0, "one"), (10, "b")]
    assert (2, "a", "replaced") in log


def test_a_notification_is_spoken_only_where_nothing_else_is() -> None:
    assert spoken(log_of((0, "hint", NOTIFICATION))) == [(0, "hint")]
    for other in (IMPORTANT, MESSAGE, TEXT, PROGRESS):
        log = log_of((0, "other", other), (1, "hint", NOTIFICATION))
        assert spoken(log) == [(0, "other")]
        assert (1, "hint", "outranked") in log


def test_of_notifications_the_newest_wins() -> None:
    assert spoken(log_of((0, "k", NOTIFICATION), (1, "l", NOTIFICATION))) == [(0, "k"), (1, "l")]


def test_progress_does_not_cut_progress_and_the_last_of_a_series_is_spoken() -> None:
    log = log_of((0, "10 %", PROGRESS), (1, "20 %", PROGRESS), (2, "99 %", PROGRESS), (3, "100 %", PROGRESS))
    assert spoken(log) == [(0, "10 %"), (10, "100 %")]
    assert [(name, what) for _, name, what in log if what == "replaced"] == [("20 %", "replaced"), ("99 %", "replaced")]


@pytest.mark.parametrize("other", [IMPORTANT, MESSAGE, TEXT])
def test_the_last_of_a_series_is_spoken_behind_what_matters_more(other: Priority) -> None:
    log = log_of((0, "other", other), (1, "99 %", PROGRESS), (2, "100 %", PROGRESS))
    assert spoken(log) == [(0, "other"), (10, "100 %")]


def test_the_last_of_a_series_becomes_a_message_that_nothing_but_an_important_one_cuts() -> None:
    log = log_of((0, "other", MESSAGE), (1, "100 %", PROGRESS), (12, "word", TEXT), (13, "hint", NOTIFICATION))
    assert spoken(log) == [(0, "other"), (10, "100 %"), (20, "word")]


def test_the_last_of_a_series_drops_text_that_is_older_than_itself() -> None:
    log = log_of((0, "one", MESSAGE), (1, "old", TEXT), (2, "100 %", PROGRESS))
    assert spoken(log) == [(0, "one"), (10, "100 %")]
    log = log_of((0, "one", MESSAGE), (1, "100 %", PROGRESS), (2, "new", TEXT))
    assert spoken(log) == [(0, "one"), (10, "100 %"), (20, "new")]


def test_ten_thousand_progress_messages_leave_one_waiting() -> None:
    async def body() -> tuple[int, list[tuple[float, str]]]:
        speakers = Speakers()
        most = 0
        speakers._began = anyio.current_time()
        async with anyio.create_task_group() as tasks:
            for number in range(10_000):
                tasks.start_soon(speakers.speak, f"{number}", PROGRESS)
                await anyio.sleep(0.0001)
                most = max(most, len(speakers.floor.waiting))
        return most, spoken(speakers.log)

    most, said = in_virtual_time(body)
    assert most == 1
    assert [name for _, name in said] == ["0", "9999"]


# ---------------------------------------------------------------- barge-in


def barge_in_log(*arrivals: tuple[float, str, Priority], at: float) -> list[tuple[float, str, str]]:
    async def body() -> list[tuple[float, str, str]]:
        speakers = Speakers()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(speakers.run, *arrivals)
            await anyio.sleep(at)
            await speakers.speak("person", MESSAGE, barge_in=True)
        return speakers.log

    return in_virtual_time(body)


def test_barge_in_overtakes_what_waits_and_begins_at_once() -> None:
    """It used to wait behind a queued announcement: 4.1 s of an answer nobody wanted any more."""
    log = barge_in_log((0, "reply", MESSAGE), (1, "tea is ready", MESSAGE), at=2.5)
    assert spoken(log) == [(0, "reply"), (2.5, "person"), (12.5, "tea is ready")]
    assert (2.5, "reply", "barge_in") in log


@pytest.mark.parametrize(("priority", "ends"), [(MESSAGE, 2.0), (PROGRESS, 2.0), (IMPORTANT, 10.0)])
def test_what_barge_in_cuts_makes_way_before_it_comes(priority: Priority, ends: float) -> None:
    async def body() -> list[tuple[float, str, str]]:
        speakers = Speakers()
        speakers.floor.make_way()  # nobody speaks
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(speakers.run, (0, "reply", priority))
            await anyio.sleep(2)
            speakers.floor.make_way()
        return speakers.log

    assert in_virtual_time(body)[-1] == (ends, "reply", "ends" if ends > 2 else "barge_in")


def test_barge_in_drops_what_it_outranks() -> None:
    log = barge_in_log((0, "fire", IMPORTANT), (1, "word", TEXT), at=2)
    assert spoken(log) == [(0, "fire"), (10, "person")]
    assert (2, "word", "barge_in") in log


def test_a_second_barge_in_takes_the_place_of_the_first() -> None:
    async def body() -> list[tuple[float, str, str]]:
        speakers = Speakers()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(speakers.run, (0, "fire", IMPORTANT))
            await anyio.sleep(1)
            for name in ("first", "second"):
                tasks.start_soon(_as_person, speakers, name)
                await anyio.sleep(1)
        return speakers.log

    log = in_virtual_time(body)
    assert spoken(log) == [(0, "fire"), (10, "second")]
    assert (2, "first", "barge_in") in log


async def _as_person(speakers: Speakers, name: str) -> None:
    await speakers.speak(name, MESSAGE, barge_in=True)


# ---------------------------------------------------------------- listing and cancelling


def waiting_room(then: Callable[[Floor], None]) -> tuple[list[tuple[float, str, str]], EventRecorder]:
    """`one` speaks, `two` and `three` wait, and after two seconds `then` does something."""

    async def body() -> tuple[list[tuple[float, str, str]], EventRecorder]:
        speakers = Speakers()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(speakers.run, (0, "one", MESSAGE), (1, "two", MESSAGE), (1.5, "three", MESSAGE))
            await anyio.sleep(2)
            then(speakers.floor)
        return speakers.log, speakers.recorder

    return in_virtual_time(body)


def test_who_waits_is_listed_in_order() -> None:
    def look(floor: Floor) -> None:
        assert floor.live is not None
        assert floor.live.id == "one"
        assert [(claim.id, claim.priority, claim.source) for claim in floor.waiting] == [
            ("two", MESSAGE, "t"),
            ("three", MESSAGE, "t"),
        ]

    waiting_room(look)


def test_one_that_waits_is_cancelled_by_its_id() -> None:
    log, _ = waiting_room(lambda floor: _must(floor.cancel("two")))
    assert spoken(log) == [(0, "one"), (10, "three")]
    assert (2, "two", "stopped") in log


def test_the_one_that_speaks_is_cancelled_by_its_id() -> None:
    log, _ = waiting_room(lambda floor: _must(floor.cancel("one")))
    assert spoken(log) == [(0, "one"), (2, "two"), (12, "three")]


def test_all_of_one_source_or_of_everybody_are_cancelled() -> None:
    log, _ = waiting_room(lambda floor: _must(floor.cancel_all("t")))
    assert spoken(log) == [(0, "one")]
    log, _ = waiting_room(lambda floor: _must(floor.cancel_all()))
    assert {(at, what) for at, _, what in log} == {(0, "begins"), (2, "stopped")}


def test_a_closed_floor_is_taken_from_all_and_given_to_nobody() -> None:
    async def body() -> list[tuple[float, str, str]]:
        speakers = Speakers()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(speakers.run, (0, "live", MESSAGE), (1, "waits", MESSAGE), (3, "comes", IMPORTANT))
            await anyio.sleep(2)
            assert speakers.floor.close()
        assert speakers.floor.closed
        assert not speakers.floor.close(), "nobody is left"
        assert [type(event) for event in speakers.recorder.events if not isinstance(event, TurnWaiting)] == [
            TurnDropped,
            FloorFree,
            TurnDropped,
        ]
        return speakers.log

    log = in_virtual_time(body)
    assert sorted(log) == [
        (0, "live", "begins"),
        (2, "live", "stopped"),
        (2, "waits", "stopped"),
        (3, "comes", "stopped"),
    ]


def test_nobody_is_cancelled_by_an_id_that_nobody_has() -> None:
    log, _ = waiting_room(lambda floor: _must(not floor.cancel("four")))
    assert [what for _, _, what in log] == ["begins", "ends"] * 3


def _must(true: bool) -> None:
    assert true


def test_it_tells_who_waits_who_was_dropped_and_when_it_is_free() -> None:
    _, recorder = waiting_room(lambda floor: _must(floor.cancel("two")))
    assert [(e.turn, e.at, e.position) for e in recorder.of(TurnWaiting)] == [("two", 1, 1), ("three", 1.5, 2)]
    assert [(e.turn, e.at, e.reason) for e in recorder.of(TurnDropped)] == [("two", 2, "stopped")]
    assert [(e.turn, e.at) for e in recorder.of(FloorFree)] == [("three", 20)]


def test_a_task_that_is_cancelled_while_it_waits_gives_its_place_up() -> None:
    async def body() -> tuple[list[tuple[float, str]], int]:
        speakers = Speakers()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(speakers.run, (0, "one", MESSAGE))
            await anyio.sleep(1)
            with anyio.move_on_after(2):
                await speakers.speak("two", MESSAGE)
            waiting = len(speakers.floor.waiting)
            await speakers.speak("three", MESSAGE)
        return spoken(speakers.log), waiting

    assert in_virtual_time(body) == ([(0, "one"), (10, "three")], 0)


@pytest.mark.anyio
async def test_the_floor_passes_on_when_its_holder_fails() -> None:
    floor = Floor(lambda _: None)
    with pytest.raises(ZeroDivisionError):
        async with floor.claim("one"):
            raise ZeroDivisionError
    with anyio.fail_after(5):
        async with floor.claim("two") as claim:
            assert floor.live is claim
    assert floor.live is None


# ---------------------------------------------------------------- whatever comes

ARRIVALS = st.lists(
    st.tuples(st.integers(0, 40), st.sampled_from(list(Priority)), st.booleans(), st.integers(1, 12)), max_size=12
)


@given(ARRIVALS)
def test_whatever_comes_one_speaks_at_a_time_and_nobody_waits_for_ever(
    arrivals: list[tuple[int, Priority, bool, int]],
) -> None:
    async def body() -> list[tuple[float, str, str]]:
        speakers = Speakers()
        speakers._began = anyio.current_time()

        async def come(number: int, at: int, priority: Priority, barge_in: bool, seconds: int) -> None:
            await anyio.sleep(at / 4)
            await speakers.speak(str(number), priority, seconds, barge_in=barge_in)

        async with anyio.create_task_group() as tasks:
            for number, arrival in enumerate(arrivals):
                tasks.start_soon(come, number, *arrival)
        assert speakers.floor.live is None
        assert not speakers.floor.waiting
        return speakers.log

    run: Callable[[Callable[[], Awaitable[list[tuple[float, str, str]]]]], list[tuple[float, str, str]]] = (
        in_virtual_time
    )
    log = run(body)
    live: str | None = None
    for _, name, what in log:
        if what == "begins":
            assert live is None, "two at once"
            live = name
        elif live == name:
            live = None
    assert live is None
    settled = [name for _, name, what in log if what != "begins"]
    assert sorted(settled) == sorted(str(number) for number in range(len(arrivals)))
    progress = [str(n) for n, (_, priority, *_) in enumerate(arrivals) if priority is PROGRESS]
    if progress and not any(barge_in for *_, barge_in, _ in arrivals):
        last = max(progress, key=lambda name: (arrivals[int(name)][0], int(name)))
        if [at for at, *_ in arrivals].count(arrivals[int(last)][0]) == 1:  # it was not cut before its first word
            assert last in [name for _, name in spoken(log)], "the last of a series is always spoken"
