"""`make test` leaves out what it names, and nothing by a name that has changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.self_contained import MINUTES, ON_ONE_LOOP

TESTS = Path(__file__).parent


@pytest.mark.parametrize("place", [*MINUTES, *ON_ONE_LOOP])
def test_what_is_named_is_there(place: str) -> None:
    assert (TESTS / place).is_dir() or (TESTS / f"{place}.py").is_file()
