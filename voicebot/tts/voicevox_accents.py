"""Accent phrases as VOICEVOX sends and takes them, with the accents of a person's own words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, TypeAdapter, ValidationError

from voicebot.text.accents import Phrase, with_accents


class _Mora(BaseModel, extra="allow"):
    text: str


class _AccentPhrase(BaseModel, extra="allow"):
    moras: list[_Mora]
    accent: int
    pause_mora: _Mora | None = None
    is_interrogative: bool = False


_PHRASES = TypeAdapter(list[_AccentPhrase])


def with_own_accents(phrases: Sequence[object], text: str, accents: Mapping[str, int]) -> list[object] | None:
    """The phrases of `text` cut where words of `accents` (katakana → accent) begin; None where nothing changes.

    The lengths and pitches of their morae are still those of before.
    """
    accents = {word: accent for word, accent in accents.items() if word in text}
    if not accents:
        return None
    try:
        sent = _PHRASES.validate_python(phrases)
    except ValidationError:
        return None  # an engine of another kind
    before = [
        Phrase(tuple([mora.text for mora in phrase.moras]), phrase.accent, phrase.pause_mora is not None)
        for phrase in sent
    ]
    after = with_accents(before, text, accents)
    return None if [*after] == before else [phrase.model_dump() for phrase in _joined(sent, after)]


def _joined(sent: Sequence[_AccentPhrase], phrases: Sequence[Phrase]) -> list[_AccentPhrase]:
    """What was sent, in other phrases: a pause or a question stays behind the mora that it was behind."""
    moras = [mora for phrase in sent for mora in phrase.moras]
    last_of: dict[int, _AccentPhrase] = {}
    end = 0
    for old in sent:
        end += len(old.moras)
        last_of[end] = old
    joined: list[_AccentPhrase] = []
    end = 0
    for phrase in phrases:
        begin, end = end, end + len(phrase.morae)
        last = last_of.get(end)
        made = _AccentPhrase(moras=moras[begin:end], accent=phrase.accent)
        if last is not None:
            made = made.model_copy(update={"pause_mora": last.pause_mora, "is_interrogative": last.is_interrogative})
        joined.append(made)
    return joined
