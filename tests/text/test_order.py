"""The modules of text/ stand in the order in which its docstring lists them: no circles, lazy imports counted."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import voicebot.text

ROOM = Path(voicebot.text.__file__).parent
ORDER = re.findall(r"^ {4}(\w+) ", voicebot.text.__doc__ or "", re.MULTILINE)


def test_every_module_is_in_the_list() -> None:
    assert sorted(ORDER) == sorted(path.stem for path in ROOM.glob("*.py") if path.stem != "__init__")


@pytest.mark.parametrize("module", ORDER)
def test_a_module_imports_only_from_modules_above_it(module: str) -> None:
    above = ORDER[: ORDER.index(module)]
    for node in ast.walk(ast.parse((ROOM / f"{module}.py").read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("voicebot.text."):
            assert node.module.removeprefix("voicebot.text.") in above, f"line {node.lineno}"
