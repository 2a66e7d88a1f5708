"""Chunking strategies made elsewhere: one that does as the lab's documentation says, and some that do not."""

from __future__ import annotations


class Lines:
    """The example of the documentation: whitespace between its pieces is left out."""

    def __init__(self) -> None:
        self.rest = ""

    def feed(self, delta: str) -> list[str]:
        """The lines that are finished."""
        *whole, self.rest = (self.rest + delta).split("\n")
        return whole

    def flush(self) -> list[str]:
        """The last line."""
        return [self.rest]


class Sentences(Lines):
    """Cuts behind 。 and !."""

    def feed(self, delta: str) -> list[str]:
        """The sentences that are finished."""
        *whole, self.rest = (self.rest + delta).replace("。", "。\0").replace("! ", "! \0").split("\0")
        return whole


class Marks(Lines):
    """Cuts behind `mark`, which has to be given, in pieces of `least` characters or more."""

    def __init__(self, mark: str, least: int = 1) -> None:
        super().__init__()
        self.mark, self.least = mark, least

    def feed(self, delta: str) -> list[str]:
        """What is finished."""
        self.rest += delta
        found = []
        while (at := self.rest.find(self.mark, self.least)) >= 0:
            found.append(self.rest[: at + 1])
            self.rest = self.rest[at + 1 :]
        return found


class Characters(Lines):
    """Cuts behind every code point, whatever follows."""

    def feed(self, delta: str) -> list[str]:
        """Each code point alone."""
        return list(delta)


class Swallows(Lines):
    """Loses what stands behind the last line break."""

    def flush(self) -> list[str]:
        """Nothing."""
        return []


class Invents(Lines):
    """Says what nobody wrote."""

    def flush(self) -> list[str]:
        """The last line, and more."""
        return [self.rest + "!"]


class Breaks(Lines):
    """Fails in the middle of a reply."""

    def feed(self, delta: str) -> list[str]:
        """Nothing: it fails."""
        raise RuntimeError(f"no room for {delta!r}")


class Counts(Lines):
    """Returns numbers."""

    def feed(self, delta: str) -> list[int]:  # type: ignore[override]  # this is what is wrong with it
        """A number."""
        return [len(delta)]


def fails() -> Lines:
    """A factory that fails before it has made a strategy."""
    raise RuntimeError("no model here")


def returns_text() -> str:
    """A factory of something else."""
    return "lines"


not_a_factory = 7
