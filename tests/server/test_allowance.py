"""How often something may happen."""

from __future__ import annotations

from voicebot.server.allowance import Allowance


def test_what_is_used_up_comes_back_with_time() -> None:
    soon = Allowance(at_once=3, a_second=1e9)
    assert [soon.use() for _ in range(100)] == [True] * 100
    late = Allowance(at_once=3, a_second=1e-9)
    assert [late.use() for _ in range(5)] == [True, True, True, False, False]


def test_several_at_once_count_each() -> None:
    late = Allowance(at_once=3, a_second=1e-9)
    assert [late.use(2), late.use(0), late.use(2)] == [True, True, False]


def test_what_is_given_back_can_be_used_again() -> None:
    late = Allowance(at_once=2, a_second=1e-9)
    for _ in range(10):
        assert late.use()
        late.give_back()
    assert [late.use(), late.use(), late.use()] == [True, True, False]
