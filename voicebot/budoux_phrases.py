"""Japanese phrases through BudouX, whose model is loaded when it is first asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache


def split_japanese(text: str) -> Sequence[str]:
    """The phrases (bunsetsu) of `text`, which joined are the text.

    BudouX (Google, Apache-2.0): boosted decision stumps over character n-grams, trained on the KNBC corpus.
    """
    return _parser()(text)


@cache
def _parser() -> Callable[[str], list[str]]:
    import budoux

    parser = budoux.load_default_japanese_parser()
    parse: Callable[[str], list[str]] = parser.parse
    return parse
