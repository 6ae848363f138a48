"""How few topics would have ranked the runs the same?

Topics are chosen greedily: each time the one that brings the ranking of some teams' runs nearest to their ranking by
all topics (after Guiver, Mizzaro and Robertson, "A few good topics", TOIS 2009). Such a choice flatters itself, so what
counts is the ranking of the other teams' runs, which had no part in it. Random subsets stand beside it.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from assessment.domain.many_taus import kendall_taus
from assessment.domain.resampling import band

LARGEST = 60
RANDOM_SUBSETS = 200


class SubsetPoint(NamedTuple):
    """The first `size` of the chosen topics: tau with all topics for the runs that chose (`chosen`) and for the others
    (`held_out`), and for the others the median and the middle 95 % over random subsets of that size."""

    size: int
    chosen: float | None
    held_out: float | None
    random: float | None
    random_low: float | None
    random_high: float | None


class Subsets(NamedTuple):
    """`topics` are places of the chosen topics in the order of choice; `n_chosen` and `n_held_out` count the runs."""

    topics: list[int]
    points: list[SubsetPoint]
    n_chosen: int
    n_held_out: int


def halves(teams: Sequence[str], seed: int) -> np.ndarray:
    """Which runs choose (bool, runs): those of half of the teams, drawn by the seed; a run without a team is one."""
    names = [team or f"\0{place}" for place, team in enumerate(teams)]
    different = list(dict.fromkeys(names))
    picked = np.random.default_rng(seed).permutation(len(different))[: len(different) // 2]
    chosen = {different[place] for place in picked.tolist()}
    return np.array([name in chosen for name in names], dtype=bool)


def topic_subsets(scores: np.ndarray, choosing: np.ndarray, seed: int = 0) -> Subsets:
    """The greedy choice on the runs that are `choosing` (bool, runs) and what it is worth on the others; `scores` are
    runs x topics without gaps. At most LARGEST topics are chosen."""
    n_topics = scores.shape[1]
    ours, theirs = scores[choosing], scores[~choosing]
    targets = ours.mean(axis=1), theirs.mean(axis=1)
    left = list(range(n_topics))
    topics: list[int] = []
    points = []
    sums = np.zeros(len(ours))
    rng = np.random.default_rng(seed)
    for size in range(1, min(n_topics, LARGEST) + 1):
        taus = np.nan_to_num(kendall_taus((sums[None, :] + ours[:, left].T) / size, targets[0]), nan=-2.0)
        best = left.pop(int(taus.argmax()))
        topics.append(best)
        sums = sums + ours[:, best]
        random = kendall_taus(_random_means(theirs, size, rng), targets[1])
        spread = band(random, seed)
        defined = random[~np.isnan(random)]
        points.append(
            SubsetPoint(
                size,
                _one(ours[:, topics].mean(axis=1), targets[0]),
                _one(theirs[:, topics].mean(axis=1), targets[1]),
                float(np.median(defined)) if len(defined) else None,
                spread.low,
                spread.high,
            )
        )
    return Subsets(topics, points, len(ours), len(theirs))


def smallest_lasting(points: Sequence[SubsetPoint], target: float) -> SubsetPoint | None:
    """The smallest size from which on the held-out tau never falls below the target; None where there is none."""
    found = None
    for point in reversed(points):
        if point.held_out is None or point.held_out < target:
            break
        found = point
    return found


def _random_means(scores: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """Means (subsets x runs) over random subsets of the topics."""
    picked = np.argsort(rng.random((RANDOM_SUBSETS, scores.shape[1])), axis=1)[:, :size]
    weights = np.zeros((RANDOM_SUBSETS, scores.shape[1]))
    np.put_along_axis(weights, picked, 1 / size, axis=1)
    return weights @ scores.T


def _one(means: np.ndarray, target: np.ndarray) -> float | None:
    tau = kendall_taus(means, target)[0]
    return None if np.isnan(tau) else float(tau)
