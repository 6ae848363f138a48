"""How much would Kendall's tau of two rankings change with other topics, or with other teams?

Scores are runs x topics; NaN stands for a topic that a run lacks and that is left out of its mean. Samples are drawn
as numbers of copies (samples x topics, or samples x teams), so that all means of all samples are one matrix product.

The percentile bootstrap over topics is biased down: fewer distinct topics tell runs apart less well, so that the band
may not even hold tau itself. It is therefore called the stability under topic resampling, never an interval of
confidence. The jackknife's standard error does not have that bias.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from assessment.domain.correlation import kendall_tau
from assessment.domain.many_taus import kendall_taus

MIDDLE = (2.5, 97.5)  # percentiles: the middle 95 % of the samples


class Band(NamedTuple):
    """The middle 95 % of a statistic over `samples` samples drawn with `seed`; None where none of them is defined.

    `samples` counts those in which it is defined.
    """

    low: float | None
    high: float | None
    samples: int
    seed: int


class Difference(NamedTuple):
    """How much better one judge orders the runs than another: the difference of their taus with the manual ranking, and
    its middle 95 % over the same resampled topics for both."""

    delta: float | None
    low: float | None
    high: float | None


def draws(items: int, samples: int, seed: int) -> np.ndarray:
    """How often each of n items is drawn when n are drawn with replacement (float, samples x n), by the seed."""
    rng = np.random.default_rng(seed)
    picked = rng.integers(items, size=(samples, items)) + np.arange(samples)[:, None] * items
    return np.bincount(picked.ravel(), minlength=samples * items).reshape(samples, items).astype(np.float64)


def weighted_means(scores: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The mean score of each run in each sample (samples x runs) under numbers of copies of the topics (samples x
    topics). NaN for a run that has none of a sample's topics."""
    known = ~np.isnan(scores)
    sums = weights @ np.where(known, scores, 0.0).T
    if known.all():
        return sums / weights.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return sums / (weights @ known.T.astype(np.float64))


def resampled_taus(manual: np.ndarray, automatic: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Kendall's tau of each sample of topics (samples); NaN where it is undefined, or a run has no topic in it."""
    means = weighted_means(manual, weights), weighted_means(automatic, weights)
    complete = ~(np.isnan(means[0]) | np.isnan(means[1])).any(axis=1)
    taus = np.full(len(weights), np.nan)
    taus[complete] = kendall_taus(means[0][complete], means[1][complete])
    return taus


def topic_stability(manual: np.ndarray, automatic: np.ndarray, samples: int, seed: int) -> Band:
    """The band of Kendall's tau when the topics are drawn again with replacement."""
    topics = manual.shape[1]
    if not topics or manual.shape[0] < 2:
        return Band(None, None, 0, seed)
    return band(resampled_taus(manual, automatic, draws(topics, samples, seed)), seed)


def jackknife_se(manual: np.ndarray, automatic: np.ndarray) -> float | None:
    """The jackknife's standard error of tau: from the taus without each topic in turn; None below two topics or where
    one of them is undefined.

    sqrt((t - 1) / t * sum of squared deviations from their mean) (Efron and Stein, Annals of Statistics 9, 1981).
    """
    topics = manual.shape[1]
    if topics < 2:
        return None
    taus = resampled_taus(manual, automatic, 1.0 - np.eye(topics))
    if np.isnan(taus).any():
        return None
    return float(np.sqrt((topics - 1) / topics * ((taus - taus.mean()) ** 2).sum()))


def team_stability(
    manual: np.ndarray, automatic: np.ndarray, teams: Sequence[str], samples: int, seed: int
) -> Band | None:
    """The band of tau when the teams are drawn again with replacement, each with all of its runs; None below three
    teams. The arguments are the runs' means and their teams; a run without a team ("") is a team of its own.

    Copies of one run are tied on both sides, so that they say nothing about the order: only the pairs of different
    runs count, as often as they were drawn together.
    """
    names = [team or f"\0{place}" for place, team in enumerate(teams)]
    _, team_of_run = np.unique(names, return_inverse=True)
    n_teams = int(team_of_run.max(initial=-1)) + 1
    if n_teams < 3:
        return None
    signs = [_signs(side) for side in (manual, automatic)]
    copies = draws(n_teams, samples, seed)[:, team_of_run]
    concordant = _pairs(copies, signs[0] * signs[1])
    untied = [_pairs(copies, np.abs(side)) for side in signs]
    with np.errstate(invalid="ignore", divide="ignore"):
        taus = concordant / np.sqrt(untied[0] * untied[1])
    return band(taus, seed)


def tau_difference(manual: np.ndarray, one: np.ndarray, other: np.ndarray, samples: int, seed: int) -> Difference:
    """tau(manual, one) - tau(manual, other), each runs x topics, by a paired bootstrap over the topics."""
    topics = manual.shape[1]
    whole = [resampled_taus(manual, side, np.ones((1, topics)))[0] for side in (one, other)] if topics else [np.nan]
    if np.isnan(whole).any():
        return Difference(None, None, None)
    weights = draws(topics, samples, seed)
    found = band(resampled_taus(manual, one, weights) - resampled_taus(manual, other, weights), seed)
    return Difference(float(whole[0] - whole[1]), found.low, found.high)


def without_teams(manual: np.ndarray, automatic: np.ndarray, teams: Sequence[str]) -> dict[str, float | None]:
    """Kendall's tau of the runs' means without the runs of each named team."""
    named = np.array(teams, dtype=object)
    return {team: kendall_tau(manual[named != team], automatic[named != team]) for team in sorted(set(teams)) if team}


def band(values: np.ndarray, seed: int) -> Band:
    """The middle 95 % of the defined values."""
    defined = values[np.isfinite(values)]
    if not len(defined):
        return Band(None, None, 0, seed)
    low, high = np.percentile(defined, MIDDLE)
    return Band(float(low), float(high), len(defined), seed)


def _signs(means: np.ndarray) -> np.ndarray:
    rounded = np.round(means, 6)
    return np.sign(rounded[:, None] - rounded[None, :])


def _pairs(copies: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The sum of the values (runs x runs) over all pairs of drawn runs, by sample."""
    return np.einsum("sr,sr->s", copies @ values, copies) / 2
