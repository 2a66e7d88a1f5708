"""The catalogues of messages, each loaded when it is first asked."""

from __future__ import annotations

from functools import cache
from gettext import GNUTranslations
from pathlib import Path

LOCALE_FOLDER = Path(__file__).parent / "locale"
DOMAIN = "voicebot"


@cache
def catalogue_of(code: str) -> GNUTranslations | None:
    """The messages of a language; None in a package without its catalogue, which then speaks English."""
    try:
        with (LOCALE_FOLDER / code / "LC_MESSAGES" / f"{DOMAIN}.mo").open("rb") as file:
            return GNUTranslations(file)
    except OSError:
        return None
