"""Several judges' labels of the same pairs combined into one, by a rule.

Labels are a matrix, n pairs × m members, of grades; `NONE` where a member has none: it failed, has not been asked, or
put the pair off. Such a member has no vote, and never one for grade 0. Fewer votes than the quorum make no label.

A rule's result is always a grade of the scale, from the lowest vote to the highest. Where a rule alone does not decide,
the pair is *tied*: it is counted and shown, and settled in the way that is said here. Ties go down because judges
are on average more lenient than people (Upadhyay et al., arXiv 2411.08275): the lower grade is the likelier one.

* `median`: the middle vote. Of an even number it is the lower one of the two in the middle; tied where these differ.
* `mean`: the grade of the scale that is nearest to the arithmetic mean; tied, and the lower one, halfway between two.
* `majority`: the most frequent vote. Tied where several are equally frequent: of these the one nearest to the mean of
  all votes, and the lower one of two that are equally near.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

NONE = -1
MEDIAN, MEAN, MAJORITY = "median", "mean", "majority"
RULES = (MEDIAN, MEAN, MAJORITY)


class Combined(NamedTuple):
    """Columns of n pairs: the grade (`NONE` below the quorum); whether the rule alone did not decide it; the votes for
    each grade (n × grades of the scale, ascending); and the share of the votes that are for the grade (0 without one).
    """

    grades: np.ndarray
    tied: np.ndarray
    votes: np.ndarray
    agreement: np.ndarray

    @property
    def labelled(self) -> np.ndarray:
        return self.grades != NONE


def combine(rule: str, labels: np.ndarray, scale: Sequence[int], quorum: int) -> Combined:
    """One label for each row of `labels` (integers, n × m).

    Raises ValueError for an unknown rule, a quorum below 1, and a label that is not on the scale.
    """
    if rule not in RULES:
        raise ValueError(f"There is no rule {rule!r}; there are: {', '.join(RULES)}.")
    if quorum < 1:
        raise ValueError("A quorum is at least 1.")
    values = np.array(sorted(scale))
    votes = (labels[:, :, None] == values).sum(axis=1)
    counts = votes.sum(axis=1)
    if counts.sum() != (labels != NONE).sum():
        raise ValueError("A label is not on the scale.")
    enough = counts >= quorum
    columns, tied = _RULES[rule](votes[enough], values)
    grades = np.full(len(labels), NONE)
    grades[enough] = values[columns]
    all_tied = np.zeros(len(labels), dtype=bool)
    all_tied[enough] = tied
    agreement = np.zeros(len(labels))
    agreement[enough] = votes[enough, columns] / counts[enough]
    return Combined(grades, all_tied, votes, agreement)


def _median(votes: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Columns of the grades, and which are tied. The k-th vote from below is in the first column whose running total
    reaches k."""
    running = votes.cumsum(axis=1)
    counts = running[:, -1:]
    lower = (running < (counts + 1) // 2).sum(axis=1)
    upper = (running < counts // 2 + 1).sum(axis=1)
    return lower, lower != upper


def _mean(votes: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    distances = _distances_to_the_mean(votes, values)
    nearest = distances.min(axis=1, keepdims=True)
    return distances.argmin(axis=1), (distances == nearest).sum(axis=1) > 1


def _majority(votes: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    frequent = votes == votes.max(axis=1, keepdims=True)
    distances = _distances_to_the_mean(votes, values)
    farthest = distances.max() + 1 if distances.size else 0
    return np.where(frequent, distances, farthest).argmin(axis=1), frequent.sum(axis=1) > 1


def _distances_to_the_mean(votes: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Of each grade to the mean of a row's votes, times the number of votes: integers, so that ties are exact."""
    return np.abs(votes.sum(axis=1, keepdims=True) * values - (votes @ values)[:, None])


_RULES = {MEDIAN: _median, MEAN: _mean, MAJORITY: _majority}
