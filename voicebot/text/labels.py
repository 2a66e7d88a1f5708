"""A short Arabic label before a question, as in سؤال وجواب: ماذا حدث؟

The melody of a question begins after the label, so the label is said by itself. In Arabic the first word shows that a
question follows. Other languages, with or without capitals, give no sign as clear.
"""

from __future__ import annotations

import re

from voicebot.text.patterns import compiled, word_set

_MOST_WORDS = 3
_QUESTION_WORDS = word_set("هل ماذا لماذا بماذا كيف متى أين اين")
_LONGEST_QUESTION_WORD = 8
"""Characters, with the spaces before it."""
_LABEL = re.compile(r"[\s#>*-]*(?![وف])[\u0621-\u064a]")
"""و and ف join a sentence to the one before, which a label never does."""
_SAYS = r"(?<!\S)[ويتأنس]?(?:قال|قل|قول|سأل|سال|تساءل|ساءل)"
_WORD = r"[ \u00a0]*([^\W\d_]*)"


def begins_question(text: str, line: int, at: int, end: int, final: bool) -> bool | None:
    """Whether text[at] is the colon of a label that begins at `line`, and a question follows; None: unknown yet.

    "He asked: how …" does not begin with a label.
    """
    if not "\u0621" <= text[at - 1 : at] <= "\u0652" or _LABEL.match(text, line, at) is None:
        return False
    if len(text[line:at].split()) > _MOST_WORDS or compiled(_SAYS).search(text, line, at) is not None:
        return False
    word = compiled(_WORD).match(text, at + 1, min(end, at + 1 + _LONGEST_QUESTION_WORD))
    assert word is not None
    if word.end() == end and not final and end - at <= _LONGEST_QUESTION_WORD:
        return None
    return word.start(1) > at + 1 and word[1] in _QUESTION_WORDS
