"""Where does one assessor see more than another: by grade, by topic, by kind of system?

All differences are automatic minus manual, so above 0 the automatic assessor is the more generous.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import t as student


class GradeBias(NamedTuple):
    """The pairs that the manual assessor gave a grade: how many, and the mean automatic grade minus it (None: none)."""

    grade: int
    n: int
    bias: float | None


class TopicBias(NamedTuple):
    """The mean difference of the grades of a topic's pairs, with its 95 % interval (None below two pairs)."""

    topic: int
    n: int
    bias: float
    reach: float | None


class GroupBias(NamedTuple):
    """Some of the runs: the mean difference of their scores, how far that is from the mean of the other runs (None
    where there are no others), and their mean change of rank, above 0 when the automatic side places them higher."""

    name: str
    n_runs: int
    bias: float
    against_others: float | None
    rank_change: float


def grade_biases(confusion: np.ndarray, scale: Sequence[int]) -> list[GradeBias]:
    """One row a manual grade (rows of the confusion matrix, ascending like `scale`)."""
    values = np.array(scale, dtype=np.float64)
    rows = []
    for grade, counts in zip(scale, np.asarray(confusion), strict=True):
        n = int(counts.sum())
        rows.append(GradeBias(grade, n, float((counts * (values - grade)).sum() / n) if n else None))
    return rows


def topic_biases(topics: np.ndarray, manual: np.ndarray, automatic: np.ndarray) -> list[TopicBias]:
    """One row a topic (int, n pairs, with both grades), the most harshly judged first."""
    gaps = automatic.astype(np.float64) - manual
    rows = []
    for topic in np.unique(topics).tolist():
        own = gaps[topics == topic]
        n = len(own)
        reach = float(student.ppf(0.975, n - 1) * own.std(ddof=1) / np.sqrt(n)) if n > 1 else None
        rows.append(TopicBias(topic, n, float(own.mean()), reach))
    return sorted(rows, key=lambda row: (row.bias, row.topic))


def group_biases(names: Sequence[Sequence[str]], gaps: np.ndarray, changes: np.ndarray) -> list[GroupBias]:
    """One row a group; `names` are the groups of each run (none, one or several), `gaps` the differences of the runs'
    means and `changes` of their ranks. The group that gains most stands first."""
    groups = sorted({name for own in names for name in own})
    rows = []
    for group in groups:
        inside = np.array([group in own for own in names])
        others = gaps[~inside]
        bias = float(gaps[inside].mean())
        against = bias - float(others.mean()) if len(others) else None
        rows.append(GroupBias(group, int(inside.sum()), bias, against, float(changes[inside].mean())))
    return sorted(rows, key=lambda row: (-row.bias, row.name))
