"""What a suggestion in sight does to grades: with against without, before against after, and planted wrong ones.

The label is the suggested grade. Confusion matrices here have labels as rows and grades as columns, both in the scale's
ascending order, so that a mean signed difference is grade minus label: below 0, people graded lower.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import sqrt
from typing import NamedTuple

import numpy as np

from assessment.domain.agreement import cohen_kappa, exact_agreement, mean_signed_difference

Z_95 = 1.959963984540054  # the normal deviate that leaves 2.5 % above it


class Likeness(NamedTuple):
    """How alike `n` grades, on so many topics, are to their labels: the share of equal ones, the mean of grade minus
    label, Cohen's kappa; None where undefined."""

    n: int
    topics: int
    same: float | None
    bias: float | None
    kappa: float | None


class Interval(NamedTuple):
    low: float
    high: float


@dataclass(frozen=True)
class Revisions:
    """What became of `n` blind grades once the label was in sight: the five ways add up to `n`.

    `to_label`: changed, and equal to the label after it. `toward` and `away`: changed, and nearer to the label, or
    farther from it, than before; `across`: as far as before, on its other side. `matrix`: int64, rows the grades
    before, columns the grades after, over `grades`. `before` and `after` say how alike either is to the label.
    """

    grades: list[int]
    unchanged: int
    to_label: int
    toward: int
    across: int
    away: int
    matrix: np.ndarray
    before: Likeness
    after: Likeness

    @property
    def n(self) -> int:
        return int(self.matrix.sum())

    def as_dict(self) -> dict:
        """Counts, matrix and likenesses, ready for JSON; undefined is None."""
        ways = ("n", "unchanged", "to_label", "toward", "across", "away")
        counts = {name: getattr(self, name) for name in ways}
        table = {"grades": self.grades, "matrix": self.matrix.tolist()}
        return counts | table | {"before": self.before._asdict(), "after": self.after._asdict()}


@dataclass(frozen=True)
class Vigilance:
    """Answers to planted passages: of `shown` wrong labels, how many were taken for the grade, how often the trusted
    grade was given, how often another one."""

    shown: int
    accepted: int
    trusted: int
    other: int

    @property
    def share(self) -> float | None:
        """The share of accepted ones; None without any shown."""
        return self.accepted / self.shown if self.shown else None

    @property
    def interval(self) -> Interval | None:
        """Where the share lies with 95 % confidence; None without any shown."""
        return wilson_interval(self.accepted, self.shown)

    def as_dict(self) -> dict:
        """Counts, the accepted share and its interval as [low, high], ready for JSON; undefined is None."""
        counts = {name: getattr(self, name) for name in ("shown", "accepted", "trusted", "other")}
        interval = self.interval
        return counts | {"accepted_share": self.share, "accepted_interval": interval and list(interval)}


def wilson_interval(successes: int, n: int, z: float = Z_95) -> Interval | None:
    """The score interval of a share: (p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 + z²/n) with p = successes/n.

    None for n = 0. Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. Journal
    of the American Statistical Association 22, 209-212. Unlike p ± z·se it holds for few trials and near 0 and 1.
    """
    if not n:
        return None
    share = successes / n
    middle = share + z * z / (2 * n)
    reach = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return Interval(max((middle - reach) / scale, 0.0), min((middle + reach) / scale, 1.0))


def likeness(counts: Mapping[tuple[int, int], int], scale: Collection[int], topics: int) -> Likeness:
    """How alike grades are to labels, from how often each (label, grade) occurs. Labels off the scale, which an
    imported file may tell of, are left out."""
    matrix = _table(counts, scale)
    same, bias = exact_agreement(matrix), mean_signed_difference(matrix, scale)
    return Likeness(int(matrix.sum()), topics, same, bias, cohen_kappa(matrix))


def revisions(counts: Mapping[tuple[int, int, int], int], scale: Collection[int], topics: int) -> Revisions:
    """What became of blind grades, from how often each (before, after, label) occurs."""
    ways = {"unchanged": 0, "to_label": 0, "toward": 0, "across": 0, "away": 0}
    changes, before, after = {}, {}, {}
    for (first, last, label), count in counts.items():
        ways[_way(first, last, label)] += count
        for table, key in ((changes, (first, last)), (before, (label, first)), (after, (label, last))):
            table[key] = table.get(key, 0) + count
    return Revisions(
        grades=sorted(scale),
        matrix=_table(changes, scale),
        before=likeness(before, scale, topics),
        after=likeness(after, scale, topics),
        **ways,
    )


def vigilance(counts: Mapping[tuple[int, int, int], int]) -> Vigilance:
    """From how often each (planted label, trusted grade, given grade) occurs."""
    answers = {"accepted": 0, "trusted": 0, "other": 0}
    for (planted, trusted, given), count in counts.items():
        answers["accepted" if given == planted else "trusted" if given == trusted else "other"] += count
    return Vigilance(sum(answers.values()), **answers)


def _way(before: int, after: int, label: int) -> str:
    if before == after:
        return "unchanged"
    if after == label:
        return "to_label"
    nearer = abs(before - label) - abs(after - label)
    return "toward" if nearer > 0 else "away" if nearer < 0 else "across"


def _table(counts: Mapping[tuple[int, int], int], scale: Collection[int]) -> np.ndarray:
    places = {grade: place for place, grade in enumerate(sorted(scale))}
    matrix = np.zeros((len(places), len(places)), dtype=np.int64)
    for (row, column), count in counts.items():
        if row in places and column in places:
            matrix[places[row], places[column]] += count
    return matrix
