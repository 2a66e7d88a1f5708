"""`make test` leaves out what it names, and nothing by a name that has changed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.self_contained import MANY_CASES, MINUTES, ON_ONE_LOOP, SHARE_OF_EXAMPLES, is_taken

TESTS = Path(__file__).parent


@pytest.mark.parametrize("place", [*MINUTES, *ON_ONE_LOOP])
def test_what_is_named_is_there(place: str) -> None:
    assert (TESTS / place).is_dir() or (TESTS / f"{place}.py").is_file()


@pytest.mark.parametrize("promise", sorted(MANY_CASES))
def test_a_promise_of_which_some_cases_are_left_out_is_there(promise: str) -> None:
    module, _, name = promise.partition("::")
    assert re.search(rf"^(async )?def {name}\(", (TESTS / f"{module}.py").read_text(encoding="utf-8"), re.MULTILINE)


def test_the_first_case_is_taken_and_each_column_of_a_table() -> None:
    taken = [number for number in range(SHARE_OF_EXAMPLES**2) if is_taken(number)]
    assert taken[0] == 0
    assert {number % SHARE_OF_EXAMPLES for number in taken} == {*range(SHARE_OF_EXAMPLES)}
    assert len(taken) == SHARE_OF_EXAMPLES
