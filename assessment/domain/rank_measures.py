"""How alike two rankings of the same runs are, by measures other than Kendall's tau.

All take scores, higher is better, rounded to six decimals before they are ranked. `manual` is the reference. Where a
ranking has ties, each says what it makes of them. None where undefined.
"""

import numpy as np
from scipy.stats import rankdata

from assessment.domain.correlation import DECIMALS, kendall_tau, score_ranks

RBO_PERSISTENCE = 0.9


def tau_ap(manual: np.ndarray, automatic: np.ndarray) -> float | None:
    """The AP rank correlation of the automatic ranking with the manual one: errors at the top cost more.

    2 / (n - 1) * sum over i = 2..n of C(i) / (i - 1), minus 1: i goes down the automatic ranking, C(i) counts the runs
    above i that the manual ranking puts above it too (Yilmaz, Aslam and Robertson, SIGIR 2008; their asymmetric form).
    Tied runs stand in random order: this is the expected value over all orders of the ties of either side. Undefined
    below two runs and where one side ties all of them, as Kendall's tau.
    """
    manual, automatic = _rounded(manual), _rounded(automatic)
    n = len(manual)
    if n < 2 or len(set(manual)) == 1 or len(set(automatic)) == 1:
        return None
    agrees = (np.sign(manual[:, None] - manual[None, :]) + 1) / 2  # [i, j]: i above j manually; a tie is half of it
    ranks = score_ranks(automatic)
    above = ranks[:, None] < ranks[None, :]
    correct = np.where(above, agrees, 0.0).sum(axis=0)
    total = 0.0
    for rank in np.unique(ranks):
        tied = ranks == rank
        # A run of a tied group comes to each of the group's places equally often, and any mate stands above it there
        # as often as any other; over both orders of two mates one half of them is right.
        places = np.arange(rank, rank + tied.sum())
        expected = correct[tied].mean() + (places - rank) / 2
        total += (expected[places > 1] / (places[places > 1] - 1)).sum()
    return float(2 * total / (n - 1) - 1)


def rbo_ext(manual: np.ndarray, automatic: np.ndarray, p: float = RBO_PERSISTENCE) -> float | None:
    """Rank-biased overlap, extrapolated, of two rankings of the same n runs: 1 for the same order.

    Agreement at depth d is the overlap of both first d runs, weighted by p ** d (Webber, Moffat and Zobel, TOIS 2010,
    equation 32). Tied runs all stand at the first place of their group, and agreement is then 2 * overlap / (both
    sizes), as section 4.4 there has it. Symmetric. None without runs.
    """
    n = len(manual)
    if not n:
        return None
    ranks = score_ranks(manual), score_ranks(automatic)
    depths = np.arange(1, n + 1)
    sizes = [np.searchsorted(np.sort(side), depths, side="right") for side in ranks]
    overlap = np.searchsorted(np.sort(np.maximum(*ranks)), depths, side="right")
    agreement = 2 * overlap / (sizes[0] + sizes[1])
    return float(agreement[-1] * p**n + (1 - p) / p * (agreement * p**depths).sum())


def tau_of_best(manual: np.ndarray, automatic: np.ndarray, k: int) -> float | None:
    """Kendall's tau-b over the k runs with the best manual scores; a tie at the border takes all of its runs along.

    None where there are fewer than k runs, or tau is undefined.
    """
    if k > len(manual):
        return None
    best = score_ranks(manual) <= k
    return kendall_tau(np.asarray(manual)[best], np.asarray(automatic)[best])


def pearson(manual: np.ndarray, automatic: np.ndarray) -> float | None:
    """Pearson's correlation of the scores as they are; None below two runs or where one side is constant."""
    sides = [np.asarray(side, dtype=np.float64) for side in (manual, automatic)]
    if len(sides[0]) < 2 or any((_rounded(side) == _rounded(side)[0]).all() for side in sides):
        return None
    x, y = (side - side.mean() for side in sides)
    return float(np.clip((x @ y) / np.sqrt((x @ x) * (y @ y)), -1, 1))


def spearman(manual: np.ndarray, automatic: np.ndarray) -> float | None:
    """Spearman's correlation: Pearson's of the ranks, tied runs at the mean of their ranks."""
    return pearson(*(rankdata(_rounded(side)) for side in (manual, automatic)))


def rmse(manual: np.ndarray, automatic: np.ndarray) -> float | None:
    """The root of the mean squared difference of the scores, in the measure's own unit; None without runs."""
    gaps = np.asarray(automatic, dtype=np.float64) - np.asarray(manual, dtype=np.float64)
    return float(np.sqrt((gaps**2).mean())) if len(gaps) else None


def mean_difference(manual: np.ndarray, automatic: np.ndarray) -> float | None:
    """The mean of automatic minus manual score, above 0 where the automatic side is the more generous."""
    gaps = np.asarray(automatic, dtype=np.float64) - np.asarray(manual, dtype=np.float64)
    return float(gaps.mean()) if len(gaps) else None


def _rounded(scores: np.ndarray) -> np.ndarray:
    return np.round(np.asarray(scores, dtype=np.float64), DECIMALS)
