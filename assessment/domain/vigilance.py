"""Vigilance items: extra passages with a wrong suggestion, to see who accepts whatever is suggested.

Everything that can be seen of one is drawn from what is real around it: the label from the labels that are shown in the
topic, the rank from the ranks there, the place from the pool's order. The draws depend on the seed and on names only.
"""

import hashlib
from bisect import bisect
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from assessment.domain.pooling import DOCID, SHUFFLE


class Label(NamedTuple):
    """What a judge says of a passage. `distribution` maps grades, as text, to probabilities."""

    grade: int
    confidence: float | None
    distribution: Mapping[str, float] | None


class Passage(NamedTuple):
    """A passage among which others are hidden."""

    docid: str
    lot: int
    best_rank: int
    position: int


def how_many(passages: int, percent: int, *, seed: int, topic: str) -> int:
    """`percent` % of so many passages. The fraction of a passage that remains is one with its own probability, by a
    draw, so that small topics have their share too."""
    whole, rest = divmod(passages * percent, 100)
    return whole + (_drawn(seed, "how many", topic) % 100 < rest)


def wrong_label(trusted: int, shown: Sequence[Label], grades: Iterable[int], *, seed: int, pair: str) -> Label | None:
    """A label other than the `trusted` grade, such as the judge gives: one of those that are `shown` in the topic.

    Where all of those have the trusted grade, one of them with the probabilities of two grades swapped. Never a 0,
    which is not shown. None where nothing is shown, or where the scale has no other grade to show.
    """
    wrong = [label for label in shown if label.grade not in (trusted, 0)]
    if wrong:
        return wrong[_drawn(seed, "label", pair) % len(wrong)]
    others = sorted(
        (grade for grade in grades if grade > 0 and grade != trusted), key=lambda grade: abs(grade - trusted)
    )
    if not others or not shown:
        return None
    nearest = [grade for grade in others if abs(grade - trusted) == abs(others[0] - trusted)]
    return _turned(shown[_drawn(seed, "label", pair) % len(shown)], nearest[_drawn(seed, "grade", pair) % len(nearest)])


def can_be_wrong(grades: Iterable[int]) -> Collection[int]:
    """The trusted grades beside which another one can be shown."""
    shown = {grade for grade in grades if grade > 0}
    return [grade for grade in grades if shown - {grade}]


def borrowed_rank(among: Sequence[Passage], *, seed: int, pair: str) -> int:
    """A best rank that one of the passages has."""
    return among[_drawn(seed, "rank", pair) % len(among)].best_rank


def place(passage: Passage, among: Iterable[Passage], order: str) -> int:
    """The position in the pool of the last passage that comes before this one in the pool's order; 0 for none."""
    listed = sorted(among, key=lambda each: order_key(each, order))
    at = bisect(listed, order_key(passage, order), key=lambda each: order_key(each, order))
    return listed[at - 1].position if at else 0


def order_key(passage: Passage, order: str) -> tuple[Any, ...]:
    """What a pool of this order sorts by (see domain/pooling.py)."""
    if order == SHUFFLE:
        return passage.lot, passage.docid
    if order == DOCID:
        return (passage.docid,)
    return passage.best_rank, passage.docid


def _turned(label: Label, grade: int) -> Label:
    """The label with its grade's probability and that of `grade` swapped."""
    if label.distribution is None:
        return label._replace(grade=grade)
    turned = dict(label.distribution)
    was, now = str(label.grade), str(grade)
    turned[was], turned[now] = turned.get(now, 0.0), turned.get(was, 0.0)
    return Label(grade, label.confidence, turned)


def _drawn(seed: int, *names: str) -> int:
    digest = hashlib.sha256("\0".join((str(seed), "vigilance", *names)).encode()).digest()
    return int.from_bytes(digest[:8], "big")
