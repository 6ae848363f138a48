"""What people made of the nuggets that they began with.

A bank begins with nuggets that were copied, imported or suggested by an LLM: its *originals*. Each of them is now kept
(its first text stands), reworded, merged into another, split, or dropped; a nugget that comes from none was added.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

RETIRED, MERGED, SPLIT = "retired", "merged", "split"


class Descent(NamedTuple):
    """One nugget of a list: whether it is an original, whether its text is another than its first, why it no longer
    counts (retired, merged, split; empty while it does), and those of the list that it was merged or split from."""

    is_original: bool
    is_reworded: bool
    retired: str
    parents: tuple[int, ...]


class EditStatistics(NamedTuple):
    """Counts of originals (`kept` to `dropped`) and of nuggets that count now: `added`, and those that merging and
    splitting made of originals."""

    kept: int = 0
    reworded: int = 0
    merged: int = 0
    split: int = 0
    dropped: int = 0
    added: int = 0
    made_by_merging: int = 0
    made_by_splitting: int = 0

    @property
    def originals(self) -> int:
        return self.kept + self.reworded + self.merged + self.split + self.dropped

    @property
    def now(self) -> int:
        """Nuggets that count now."""
        return self.kept + self.reworded + self.made_by_merging + self.made_by_splitting + self.added

    def plus(self, other: "EditStatistics") -> "EditStatistics":
        return EditStatistics(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


def edit_statistics(nuggets: Mapping[int, Descent]) -> EditStatistics:
    """The statistics of one list, whose nuggets are known by any keys.

    An original that was merged or split counts as such while something of it is left, otherwise as dropped. A nugget
    that was merged of parts counts as made by merging. Parents that are not in the list are passed over.
    """
    children: dict[int, list[int]] = {}
    for key, nugget in nuggets.items():
        for parent in nugget.parents:
            children.setdefault(parent, []).append(key)
    originals = [key for key, nugget in nuggets.items() if nugget.is_original]
    of_originals = _descendants(originals, children)
    counts = dict.fromkeys(EditStatistics._fields, 0)
    for key in originals:
        left = any(not nuggets[child].retired for child in _descendants([key], children))
        counts[_fate(nuggets[key], left)] += 1
    for key, nugget in nuggets.items():
        if nugget.retired or nugget.is_original:
            continue
        counts[_making(key, nuggets) if key in of_originals else "added"] += 1
    return EditStatistics(**counts)


def _fate(nugget: Descent, something_left: bool) -> str:
    if not nugget.retired:
        return "reworded" if nugget.is_reworded else "kept"
    return nugget.retired if nugget.retired in (MERGED, SPLIT) and something_left else "dropped"


def _making(key: int, nuggets: Mapping[int, Descent]) -> str:
    return "made_by_merging" if len(nuggets[key].parents) > 1 else "made_by_splitting"


def _descendants(keys: Iterable[int], children: Mapping[int, list[int]]) -> set[int]:
    """All that come from these, themselves not among them."""
    found: set[int] = set()
    waiting = list(keys)
    while waiting:
        new = set(children.get(waiting.pop(), ())) - found
        found |= new
        waiting += new
    return found
