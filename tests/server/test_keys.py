"""Tokens, launch tokens and cookies: each is worth what it says, to whom it says, as long as it says."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.server.keys import COOKIE_SECONDS, Keys, is_person, new_person


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def test_a_launch_token_opens_the_door_once() -> None:
    keys = Keys("secret")
    launch = keys.new_launch_token()
    assert not keys.use_launch_token(launch + "x")
    assert keys.use_launch_token(launch)
    assert not keys.use_launch_token(launch)


class Unequal(str):
    """A text that must not be compared as texts are: that takes the longer, the more of it is right."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment] # nor looked up

    def __eq__(self, other: object) -> bool:
        raise AssertionError("a secret was compared letter by letter")

    __ne__ = __eq__


def test_a_comparison_tells_nothing_by_the_time_it_takes() -> None:
    keys = Keys("secret")
    assert keys.is_token(Unequal("secret"))
    assert not keys.is_token(Unequal("secreT"))
    assert keys.use_launch_token(Unequal(keys.new_launch_token()))
    assert not keys.use_launch_token(Unequal("made up"))


def test_a_launch_token_is_worth_nothing_after_ten_minutes() -> None:
    clock = Clock()
    keys = Keys("secret", now=clock)
    launches = [keys.new_launch_token(), keys.new_launch_token()]
    clock.now += 599
    assert keys.use_launch_token(launches[0])
    clock.now += 2
    assert not keys.use_launch_token(launches[1])


def test_a_launch_token_is_of_one_server() -> None:
    assert not Keys("secret").use_launch_token(Keys("secret").new_launch_token())


def test_only_the_newest_launch_tokens_are_kept() -> None:
    keys = Keys("secret")
    launches = [keys.new_launch_token() for _ in range(100)]
    assert not keys.use_launch_token(launches[0])
    assert keys.use_launch_token(launches[-1])


def test_a_cookie_names_its_person_until_it_is_too_old() -> None:
    clock = Clock()
    keys = Keys("secret", now=clock)
    cookie = keys.new_cookie("alice.b@c-d_e")
    clock.now += COOKIE_SECONDS - 1
    assert keys.person_of(cookie) == "alice.b@c-d_e"
    clock.now += 2
    assert keys.person_of(cookie) is None


def test_somebody_new_is_nobody_else() -> None:
    keys = Keys("secret")
    people = {keys.person_of(keys.new_cookie()) for _ in range(100)}
    assert len(people) == 100
    assert None not in people


def test_a_cookie_outlives_the_server_that_made_it_and_not_its_token() -> None:
    cookie = Keys("secret").new_cookie("alice")
    assert Keys("secret").person_of(cookie) == "alice"
    assert Keys("Secret").person_of(cookie) is None


@given(st.integers(min_value=0), st.characters(codec="latin-1"))
def test_a_cookie_with_one_other_character_belongs_to_no_person(place: int, character: str) -> None:
    keys = Keys("secret", now=Clock())
    cookie = keys.new_cookie("alice")
    place %= len(cookie)
    other = cookie[:place] + character + cookie[place + 1 :]
    assert (keys.person_of(other) == "alice") == (other == cookie)


@given(st.text())
def test_what_was_made_up_opens_nothing(shown: str) -> None:
    """A lone surrogate, which JSON can hold, was an exception."""
    keys = Keys("secret")
    keys.new_launch_token()
    assert keys.is_token(shown) == (shown == "secret")
    assert not keys.use_launch_token(shown)
    assert keys.person_of(shown) is None


@pytest.mark.parametrize("shown", ["\ud800", "x\udcff", "alice.9999999999.\udfff", "..", ".", "", "a.b.c", "alice.1"])
def test_no_text_is_too_odd_to_be_wrong(shown: str) -> None:
    keys = Keys("secret")
    keys.new_launch_token()
    assert not keys.is_token(shown)
    assert not keys.use_launch_token(shown)
    assert keys.person_of(shown) is None


@given(st.text(max_size=70))
def test_a_person_is_called_by_harmless_characters(name: str) -> None:
    if is_person(name):
        assert set(name) <= set(string.ascii_letters + string.digits + "_.@-")
        assert len(name) <= 64
        assert name[0] not in "_.@-"


def test_a_new_person_has_a_name_that_programs_may_use() -> None:
    assert is_person(new_person())


@pytest.mark.parametrize("name", ["", "a\n", "../a", "a/b", "a b", "é", "a" * 65, "-a"])
def test_what_is_not_a_name(name: str) -> None:
    assert not is_person(name)
