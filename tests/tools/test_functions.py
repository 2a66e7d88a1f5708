"""Python functions as tools: the signature is the schema and checks the call."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import anyio.lowlevel
import pytest
from pydantic import BaseModel, Field

from tests.tools.toolboxes import open_toolbox
from voicebot.config.models import ToolsConfig
from voicebot.errors import ConfigError
from voicebot.tools import open_tools
from voicebot.tools.functions import function_tool, import_tool
from voicebot.tools.toolbox import BadArguments, Tool, Toolbox

pytestmark = pytest.mark.anyio


class Place(BaseModel):
    city: str
    country: str = "Japan"


@dataclass
class Weather:
    """What a tool may return."""

    day: date
    sky: str


def weather(
    place: Place, days: Annotated[int, Field(ge=1, le=7, description="How many")] = 1, unit: Literal["C", "F"] = "C"
) -> list[Weather]:
    """Tell the weather.

    Works in Japan only.
    """
    return [Weather(date(2026, 11, day + 1), f"{place.city}は晴れ {unit}") for day in range(days)]


def test_the_signature_is_the_schema_and_the_docstring_the_description() -> None:
    spec = function_tool(weather).spec
    assert (spec.name, spec.description) == ("weather", "Tell the weather.\n\nWorks in Japan only.")
    assert spec.parameters["required"] == ["place"]
    assert spec.parameters["additionalProperties"] is False
    days = spec.parameters["properties"]["days"]
    assert (days["type"], days["minimum"], days["description"], days["default"]) == ("integer", 1, "How many", 1)
    assert spec.parameters["properties"]["unit"]["enum"] == ["C", "F"]


async def test_arguments_are_converted_and_the_result_is_json() -> None:
    result = await function_tool(weather).run('{"place": {"city": "札幌"}, "days": "2"}')
    assert result == '[{"day":"2026-11-01","sky":"札幌は晴れ C"},{"day":"2026-11-02","sky":"札幌は晴れ C"}]'


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ('{"place": {"city": "札幌"}, "days": 9}', "days: Input should be less than or equal to 7"),
        ('{"place": {"city": "札幌"}, "day": 1}', "day: Unexpected keyword argument"),
        ('{"days": 1}', "place: Missing required argument"),
        ("", "place: Missing required argument"),
        ('{"place": {}}', "place.city: Field required"),
        ('{"place": {"ci', "not valid JSON"),
        ("[1]", "one JSON object"),
        ('"x"', "one JSON object"),
        ("[" * 100_000, "not valid JSON"),
    ],
)
async def test_arguments_that_do_not_fit_are_refused_with_the_complaint_of_the_schema(
    arguments: str, complaint: str
) -> None:
    with pytest.raises(BadArguments, match=complaint):
        await function_tool(weather).run(arguments)


async def test_a_function_runs_in_a_thread_and_an_async_one_in_the_loop() -> None:
    def where() -> str:
        return threading.current_thread().name

    async def here() -> int:
        await anyio.lowlevel.checkpoint()
        return threading.get_ident()

    assert await function_tool(where).run("") != threading.current_thread().name
    assert await function_tool(here).run("{}") == str(threading.get_ident())


@pytest.mark.parametrize(
    ("result", "text"),
    [(None, "done"), ("text", "text"), (3, "3"), ({"気": [1.5]}, '{"気":[1.5]}'), ("", ""), (..., "Ellipsis")],
)
async def test_any_result_becomes_text(result: Any, text: str) -> None:  # Any: whatever a tool returns
    def give() -> Any:
        return result

    assert await function_tool(give).run("") == text


def test_a_signature_without_a_schema_is_refused_by_name() -> None:
    def odd(x: threading.Lock) -> None:
        raise AssertionError(x)

    def positional(x: int, /) -> None:
        raise AssertionError(x)

    def star(*x: int) -> None:
        raise AssertionError(x)

    for function in (odd, positional, star):
        with pytest.raises(ConfigError, match=f"the tool '{function.__name__}' has a signature without a JSON schema"):
            function_tool(function)


# ---------------------------------------------------------------- named in the configuration

MODULE = '''
from voicebot.messages import ToolSpec
from voicebot.tools.toolbox import Tool

def shout(text: str) -> str:
    """Make it loud."""
    return text.upper()

class Kitchen:
    @staticmethod
    async def boil(minutes: float) -> str:
        return f"{minutes} minutes"

async def run(arguments: str) -> str:
    return arguments

echo = Tool(ToolSpec("echo", "Say it again.", {"type": "object"}), run)
number = 3
'''


@pytest.fixture
def kitchen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Tool]:
    """Imports from a module beside the user, who is in a folder of theirs."""
    name = f"kitchen_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    return lambda attribute: import_tool(f"{name}:{attribute}")


async def test_an_import_path_names_a_function_beside_the_configuration(kitchen: Callable[[str], Tool]) -> None:
    assert await kitchen("shout").run('{"text": "ok"}') == "OK"
    assert await kitchen("Kitchen.boil").run('{"minutes": 3}') == "3.0 minutes"
    assert (await kitchen("echo").run("{}"), kitchen("echo").spec.name) == ("{}", "echo")


def test_an_import_path_that_leads_nowhere_says_where_it_ends(kitchen: Callable[[str], Tool]) -> None:
    with pytest.raises(ConfigError, match="has no attribute 'whisper'"):
        kitchen("whisper")
    with pytest.raises(ConfigError, match="is not a function"):
        kitchen("number")
    with pytest.raises(ConfigError, match="cannot import no_such_module:x"):
        import_tool("no_such_module:x")


async def test_the_bundled_tools_are_enabled_by_name_and_no_others() -> None:
    async with open_toolbox(ToolsConfig(enabled=("calculator", "current_time", "timer"))) as toolbox:
        assert toolbox.names == ("calculator", "current_time", "timer")
        assert all(spec.description and spec.parameters["type"] == "object" for spec in toolbox.specs)
        calculator = toolbox.get("calculator")
        assert calculator
        assert await calculator.run('{"expression": "6*7"}') == "42"
    async with open_toolbox(ToolsConfig()) as toolbox:
        assert toolbox.specs == ()


async def test_an_unknown_tool_is_an_error_that_names_the_bundled_ones() -> None:
    with pytest.raises(ConfigError, match="there is no tool 'clock'") as caught:
        async with open_tools(ToolsConfig(enabled=("clock",))):
            raise AssertionError
    assert "current_time" in caught.value.hint


async def test_what_goes_wrong_inside_comes_out_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError):
        async with open_tools(ToolsConfig(enabled=("timer",))):
            raise ZeroDivisionError


def test_two_tools_of_one_name_and_names_that_servers_refuse_are_errors() -> None:
    def 天気() -> None: ...

    with pytest.raises(ConfigError, match="two tools called 'weather'"):
        Toolbox([function_tool(weather), function_tool(weather)])
    with pytest.raises(ConfigError, match="a tool cannot be called '天気'"):
        Toolbox([function_tool(天気)])
    assert Toolbox([function_tool(天気, name="weather")]).names == ("weather",)
