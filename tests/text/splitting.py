"""A text in deltas, cut anywhere."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import strategies as st


def cut(text: str, data: st.DataObject) -> list[str]:
    """`text` in pieces, wherever hypothesis cuts it."""
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)))) | {0, len(text)})
    return [text[start:end] for start, end in pairwise(cuts)]
