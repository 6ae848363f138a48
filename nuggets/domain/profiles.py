"""Submission profiles: the rules of a year's answer files, each a YAML file in `nuggets/profiles/`."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

FOLDER = Path(__file__).resolve().parent.parent / "profiles"
CITATIONS = frozenset({"integer", "docid", "confidence"})


@dataclass(frozen=True)
class Profile:
    """`run` and `topic` are paths of keys joined by dots, the first topic path that a record has counts; `parts` the
    keys under which the answer's parts may stand. A limit that is None does not exist; `docid` is a whole pattern."""

    name: str
    label: str
    run: str
    topic: tuple[str, ...]
    parts: tuple[str, ...]
    citations: frozenset[str]
    most_references: int | None
    most_citations: int | None
    most_words: int | None
    docid: re.Pattern[str] | None

    def has_form_of(self, record: dict) -> bool:
        """Whether the record names its run and its answer where this profile looks for them."""
        return found(record, self.run) is not None and any(key in record for key in self.parts)


@cache
def profiles() -> dict[str, Profile]:
    """All profiles by their names, which are those of their files. Raises ValueError for a file that is none."""
    return {path.stem: _read(path) for path in sorted(FOLDER.glob("*.yaml"))}


def found(record: dict, path: str) -> object:
    """What stands at `path`, such as metadata.run_id; None where nothing does."""
    value: object = record
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _read(path: Path) -> Profile:
    given = yaml.safe_load(path.read_text(encoding="utf-8"))
    kinds = frozenset(given["citations"])
    if not kinds <= CITATIONS:
        raise ValueError(f"{path.name}: citations are of the kinds {', '.join(sorted(CITATIONS))}")
    return Profile(
        path.stem,
        given["label"],
        given["run"],
        tuple(given["topic"]),
        tuple(given["parts"]),
        kinds,
        given["most_references"],
        given["most_citations"],
        given["most_words"],
        re.compile(given["docid"]) if given["docid"] else None,
    )
