"""The catalogue of Japanese messages: taken from the source, brought up to date, compiled. `make messages` runs it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import typer.main
from babel.messages import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from voicebot.catalogue import DOMAIN, LOCALE_FOLDER
from voicebot.cli.help import paragraphs
from voicebot.cli.main import app

PACKAGE = LOCALE_FOLDER.parent
KEYWORDS: dict[str, Any] = {"tr": None, "counted": (2, 3), "marked": None}  # Any: as babel takes them
PO = LOCALE_FOLDER / "ja" / "LC_MESSAGES" / f"{DOMAIN}.po"
MO = PO.with_suffix(".mo")


def extracted() -> Catalog:
    """Every message that is marked in the source, and the help of the commands, by paragraphs, and of their options."""
    catalogue = Catalog(locale="ja", charset="utf-8")
    for file, _, message, _, _ in extract_from_dir(PACKAGE, [("**.py", "python")], keywords=KEYWORDS):
        catalogue.add(message, locations=[(f"voicebot/{file}", 0)])
    report = (PACKAGE / "lab" / "report.html").read_text(encoding="utf-8")
    for text in re.findall("«(.*?)»", report, re.DOTALL):
        catalogue.add(" ".join(text.split()), locations=[("voicebot/lab/report.html", 0)])
    for name, text in help_texts(typer.main.get_command(app)):
        catalogue.add(text, auto_comments=[name])
    return catalogue


def help_texts(command: Any, name: str = "voicebot") -> Iterator[tuple[str, str]]:  # Any: typer brings its own click
    """The help of a command, its options and the commands below it, as it is translated; with the command's name."""
    for paragraph in paragraphs(command.help):
        yield name, paragraph
    for parameter in command.params:
        if parameter.help:
            yield name, parameter.help
    for inner, below in getattr(command, "commands", {}).items():
        yield from help_texts(below, f"{name} {inner}")


def written() -> Catalog:
    """The catalogue as it stands in the package."""
    with PO.open("rb") as file:
        return read_po(file, locale="ja", domain=DOMAIN)


def compiled(catalogue: Catalog) -> bytes:
    """The catalogue as gettext reads it."""
    with BytesIO() as file:
        write_mo(file, catalogue)
        return file.getvalue()


def update() -> None:
    """Add what is new in the source to the catalogue, drop what is no longer there, and compile it."""
    catalogue = written()
    catalogue.update(extracted(), no_fuzzy_matching=True, update_creation_date=False)
    catalogue.obsolete.clear()
    with PO.open("wb") as file:
        write_po(file, catalogue, width=120, sort_by_file=True, include_lineno=False)
    MO.write_bytes(compiled(catalogue))


if __name__ == "__main__":
    update()
