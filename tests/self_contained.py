"""What `make test` leaves out, and why; `make test-all`, `make check` and CI run everything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TypeVar

import pytest
from hypothesis import settings

NEEDED = {
    "a loudspeaker": {"loudspeaker", "null_sink", "sink"},
    "a browser": {"browser", "opened"},
    "a broker": {"broker", "own_broker", "stopped_broker"},
    "page tools": {"page_tools"},
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

MANY_CASES = {
    "audio/test_pcm::test_a_long_clip_is_converted_block_by_block_without_a_seam",
    "audio/test_wav_file::test_on_a_full_disk_what_was_written_stays_valid",
    "cli/test_help::test_the_shell_offers_what_is_known",
    "cli/test_job_control::test_a_chat_that_ends_after_it_was_stopped_leaves_the_terminal_as_it_was",
    "cli/test_job_control::test_a_chat_that_is_stopped_gives_the_terminal_back_and_has_what_was_typed",
    "cli/test_job_control::test_a_reply_that_is_stopped_goes_on",
    "cli/test_streams::test_a_closed_stream_leads_nowhere",
    "cli/test_streams::test_a_full_standard_output_is_told_in_words",
    "distributed/test_workers_command::test_a_wrong_address_is_refused_without_its_password",
    "server/openai/test_encoders::test_a_package_that_is_missing_is_named",
    "server/test_secrecy::test_a_chat_server_that_repeats_what_it_was_asked_brings_it_into_no_log",
    "server/test_security::test_a_method_that_a_path_does_not_know_does_nothing",
    "text/test_agent_scaffolding::test_no_flood_takes_more_than_linear_time",
    "text/test_rendering::test_hostile_text_takes_linear_time",
    "tools/test_rude_mcp_addresses::test_a_server_that_answers_so_from_the_beginning_did_not_start",
    "tools/test_rude_mcp_addresses::test_an_answer_without_an_end_or_sense_fails_that_call_alone",
}
"""Promises of which each case takes half a second of a processor, or there are a hundred of them: only some are run."""

SHARE_OF_EXAMPLES = 4
"""One of this many examples is taken of each property, and of what is given to `examples_of`; of `MANY_CASES`, too."""
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


def is_quick() -> bool:
    """Whether this is the quick run."""
    return settings.get_current_profile_name() == "self-contained"


def examples_of(examples: Sequence[Example]) -> Sequence[Example]:
    """Those examples of one promise that this run tries, the first among them; to be asked in the test itself."""
    return examples[:: settings.get_profile("busy machine").max_examples // settings().max_examples]


def is_taken(number: int) -> bool:
    """Whether this case of `MANY_CASES` is; of a table, the next line gives another column."""
    line, column = divmod(number, SHARE_OF_EXAMPLES)
    return (line + column) % SHARE_OF_EXAMPLES == 0


def left_out(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """The tests for `make test-all` alone."""
    cases = Counter[str]()

    def is_one_case_too_many(item: pytest.Item) -> bool:
        promise = item.nodeid.removeprefix("tests/").replace(".py::", "::").partition("[")[0]
        if promise not in MANY_CASES:
            return False
        cases[promise] += 1
        return not is_taken(cases[promise] - 1)

    return [item for item in items if _needs_more(item) or is_one_case_too_many(item)]


def _needs_more(item: pytest.Item) -> bool:
    """Whether a test is not made of this process, its files and its children alone, or is not soon done."""
    if not isinstance(item, pytest.Function):
        return False
    module = module_of(item.nodeid)
    on_trio = hasattr(item, "callspec") and item.callspec.params.get("anyio_backend") == "trio"
    return bool(module in MINUTES or (on_trio and place_in(module, ON_ONE_LOOP)) or _FIXTURES & {*item.fixturenames})
