"""What `make test` leaves out, and why; `make test-all`, `make check` and CI run everything."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

import pytest
from hypothesis import settings

NEEDED = {
    "a loudspeaker": {"loudspeaker", "null_sink", "sink"},
    "a browser": {"browser"},
    "a broker": {"broker", "own_broker", "stopped_broker"},
}
"""The fixtures by which a test has what takes real time."""
_FIXTURES = frozenset[str]().union(*NEEDED.values())

MINUTES = {
    "library/test_installed": "it makes a wheel, and runs each example of the page in an environment of its own",
    "server/openai/test_examples": "each example of the page loads the whole of OpenAI's library",
    "server/test_many_turns": "20,000 turns",
}
"""Modules that take half a minute of a processor for few promises, and why."""

ON_ONE_LOOP = (
    "chat/wire",
    "plugins",
    "tools/test_mcp_servers",
    "tools/test_rude_mcp_addresses",
    "tools/test_rude_mcp_servers",
    "tts",
)
"""What meets other programs and servers, and is the same to them on both loops: on asyncio alone, unlike the core."""

SHARE_OF_EXAMPLES = 4
"""One of this many examples is taken of each property, and of what is given to `examples_of`."""
Example = TypeVar("Example")


def module_of(nodeid: str) -> str:
    """`daemon/test_device` of `tests/daemon/test_device.py::test_…`."""
    return nodeid.partition("::")[0].removeprefix("tests/").removesuffix(".py")


def place_in(module: str, places: Iterable[str]) -> str | None:
    """The folder or module of `places` that `module` is, or is in."""
    return next((place for place in places if f"{module}/".startswith(f"{place}/")), None)


def register_profiles() -> None:
    """How many examples of a property there are."""
    settings.register_profile("busy machine", deadline=None)  # a timed assertion is a flaky test
    every = settings.get_profile("busy machine")
    settings.register_profile("self-contained", every, max_examples=every.max_examples // SHARE_OF_EXAMPLES)


def examples_of(examples: Sequence[Example]) -> Sequence[Example]:
    """Those examples of one promise that this run tries, the first among them; to be asked in the test itself."""
    return examples[:: settings.get_profile("busy machine").max_examples // settings().max_examples]


def is_left_out(item: pytest.Item) -> bool:
    """Whether a test is one for `make test-all`."""
    if not isinstance(item, pytest.Function):
        return False
    module = module_of(item.nodeid)
    on_trio = hasattr(item, "callspec") and item.callspec.params.get("anyio_backend") == "trio"
    return bool(module in MINUTES or (on_trio and place_in(module, ON_ONE_LOOP)) or _FIXTURES & {*item.fixturenames})
