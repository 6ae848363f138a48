"""Errors that a person can act on."""

from typing import NamedTuple


class DomainError(Exception):
    """Something the user asked for cannot be done; the text is a sentence fit for the screen."""


class Problem(NamedTuple):
    """One problem of a file: the line (1-based; 0 for the file as a whole), what is wrong, the offending text."""

    line: int
    message: str
    text: str = ""

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line else ""
        what = f" — {self.text}" if self.text else ""
        return f"{where}{self.message}{what}"


class FileError(DomainError):
    """A file that is refused as a whole. Every problem is listed, in the order of its lines."""

    def __init__(self, name: str, problems: list[Problem]):
        self.name = name
        self.problems = problems
        count = len(problems)
        super().__init__(f"{name}: {count} problem{'' if count == 1 else 's'}; nothing of it was stored.")
