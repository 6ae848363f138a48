"""Making a list of nuggets window by window (AutoNuggetizer, arXiv 2411.09607): which passages each window holds, what
each rewriting of the list changed, and which nuggets are kept at the end."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

Passage = TypeVar("Passage")

VITAL = "vital"


def windows(passages: Sequence[Passage], size: int) -> list[list[Passage]]:
    """The passages in their order, `size` a window, the last one maybe fewer. Raises ValueError for a size below 1."""
    if size < 1:
        raise ValueError("A window holds at least one passage.")
    return [list(passages[start : start + size]) for start in range(0, len(passages), size)]


@dataclass(frozen=True)
class ListChange:
    """What one window did to the list: texts that stayed, came and went, and whether those that stayed were moved.

    Nobody knows which new text stands for which old one: a reworded nugget is one that went and one that came.
    """

    kept: tuple[str, ...]
    added: tuple[str, ...]
    dropped: tuple[str, ...]
    moved: bool

    def as_dict(self) -> dict:
        return {
            "kept": list(self.kept),
            "added": list(self.added),
            "dropped": list(self.dropped),
            "moved": self.moved,
        }


def list_change(before: Sequence[str], after: Sequence[str]) -> ListChange:
    """The difference of two lists without duplicates; `kept` and `added` are in the new order, `dropped` in the old."""
    old, new = set(before), set(after)
    kept = tuple(text for text in after if text in old)
    return ListChange(
        kept,
        tuple(text for text in after if text not in old),
        tuple(text for text in before if text not in new),
        kept != tuple(text for text in before if text in new),
    )


class Weighed(NamedTuple):
    text: str
    importance: str


def best(nuggets: Sequence[Weighed], most: int) -> list[Weighed]:
    """The first `most` nuggets, vital before okay, and otherwise in the order that the model gave (methods.md §2)."""
    return sorted(nuggets, key=lambda nugget: nugget.importance != VITAL)[:most]
