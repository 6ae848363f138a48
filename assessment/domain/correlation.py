"""Do two assessors rank the same runs alike?

Scores are matrices, runs x topics, of one measure: one by the manual judgments and one by the automatic ones, with the
same runs in the rows and the same topics in the columns. Kendall's tau is tau-b (ties count) on scores rounded to six
decimals, because the noise of floating point would otherwise break real ties.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import kendalltau, rankdata

from assessment.domain.errors import DomainError

DECIMALS = 6


class CorrelationLevels(NamedTuple):
    """Kendall's tau at three levels; None where it is undefined.

    `run_level` compares mean scores; `per_topic` holds each topic's tau and `per_topic_mean` the mean of the defined
    ones, with `undefined_topics` counted; `pooled` compares all (run, topic) scores at once.
    """

    run_level: float | None
    per_topic_mean: float | None
    pooled: float | None
    per_topic: list[float | None]
    undefined_topics: int
    n_runs: int
    n_topics: int


class RankChange(NamedTuple):
    """A run's rank from 1 under each assessor (tied runs share the better rank); `change` > 0 when the automatic
    judgments place it higher than the manual ones."""

    manual_rank: int
    automatic_rank: int
    change: int


def kendall_tau(a: Sequence[float] | np.ndarray, b: Sequence[float] | np.ndarray) -> float | None:
    """Kendall's tau-b of two lists of scores; None when there are fewer than two, or one side is all tied."""
    a, b = _rounded(a), _rounded(b)
    if a.shape != b.shape:
        raise ValueError(f"{a.shape} scores cannot be compared with {b.shape}")
    if a.size < 2 or (a == a.flat[0]).all() or (b == b.flat[0]).all():
        return None
    return float(kendalltau(a, b).statistic)


def correlation_levels(manual: np.ndarray, automatic: np.ndarray) -> CorrelationLevels:
    """Kendall's tau of two runs x topics matrices at run level, per topic and over all pairs.

    A score that is NaN on either side is left out at every level. ValueError where a run has none at all.
    """
    if manual.shape != automatic.shape:
        raise ValueError(f"scores of {manual.shape} and {automatic.shape} runs and topics cannot be compared")
    known = ~(np.isnan(manual) | np.isnan(automatic))
    per_topic = [kendall_tau(manual[column, topic], automatic[column, topic]) for topic, column in enumerate(known.T)]
    defined = [tau for tau in per_topic if tau is not None]
    return CorrelationLevels(
        run_level=kendall_tau(*(run_means(np.where(known, side, np.nan)) for side in (manual, automatic))),
        per_topic_mean=float(np.mean(defined)) if defined else None,
        pooled=kendall_tau(manual[known], automatic[known]),
        per_topic=per_topic,
        undefined_topics=len(per_topic) - len(defined),
        n_runs=manual.shape[0],
        n_topics=manual.shape[1],
    )


def run_means(scores: np.ndarray) -> np.ndarray:
    """The mean of each run over the topics where its score is not NaN (runs x topics -> runs).

    DomainError without topics, ValueError where a run has no such topic.
    """
    if not scores.shape[1]:
        raise DomainError("No topic of these runs has a judgment, so there is nothing to average.")
    known = ~np.isnan(scores)
    counts = known.sum(axis=1)
    if not counts.all():
        raise ValueError(f"{int((counts == 0).sum())} of {len(counts)} runs have no score on any of the topics")
    return np.where(known, scores, 0.0).sum(axis=1) / counts


def score_ranks(scores: Sequence[float] | np.ndarray) -> np.ndarray:
    """Ranks from 1 for the highest score (int, n); tied scores share the better rank."""
    return rankdata(-_rounded(scores), method="min").astype(np.int64)


def rank_changes(manual: Sequence[float] | np.ndarray, automatic: Sequence[float] | np.ndarray) -> list[RankChange]:
    """For each run its rank by both and the difference, from the runs' mean scores."""
    pairs = zip(score_ranks(manual).tolist(), score_ranks(automatic).tolist(), strict=True)
    return [RankChange(by_manual, by_automatic, by_manual - by_automatic) for by_manual, by_automatic in pairs]


def _rounded(scores: Sequence[float] | np.ndarray) -> np.ndarray:
    return np.round(np.asarray(scores, dtype=np.float64), DECIMALS)
