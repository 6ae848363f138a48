"""One comparison engine: two matrices of scores in, everything that is said of the two rankings out.

Scores are runs x topics of one measure, by the manual and by the automatic judgments, with the same runs and topics;
NaN where a run lacks a topic. Relevance, nuggets and whatever comes are compared by the same code.

`ranking_figures` is what a page shows at once, `uncertainty` what takes thousands of samples.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from assessment.domain.correlation import correlation_levels, run_means, score_ranks
from assessment.domain.rank_measures import mean_difference, pearson, rbo_ext, rmse, spearman, tau_ap, tau_of_best
from assessment.domain.resampling import Band, jackknife_se, team_stability, topic_stability
from assessment.domain.significance import Pairwise, pairwise, significance_agreement

SAMPLES = 10_000
MISSING = {
    "zero": "a topic that a run lacks counts as 0 (trec_eval -c)",
    "drop": "a topic that a run lacks is left out of its mean, and of the τ of that topic",
}


class Terms(NamedTuple):
    """On what terms two rankings are compared; they are printed with every figure.

    `missing` says what becomes of a (run, topic) without a ranking; `alpha`, `method` and `samples` are of the tests
    of differences between runs, `samples` and `seed` also of the bootstraps.
    """

    missing: Literal["zero", "drop"] = "zero"
    alpha: float = 0.05
    method: str = "t"
    samples: int = SAMPLES
    seed: int = 0


USUAL = Terms()


class Drop(NamedTuple):
    """A run that the automatic judgments place lower than the manual ones do."""

    run: str
    manual_rank: int
    automatic_rank: int


class RankingFigures(NamedTuple):
    """How alike two rankings are; None where undefined. The keys are those of `compare --format json`.

    `tau_top5` and so on are over the best k runs by the manual means, ties at the border included. `tau_ap` has the
    errors of the automatic ranking, `rbo` is extrapolated with p = 0.9. `bias` is the mean of automatic minus manual
    mean of the runs, `largest_drop` the run that loses most ranks; `tau_by_topic` has each topic's tau.
    """

    n_runs: int
    n_topics: int
    n_missing: int
    tau: float | None
    tau_per_topic_mean: float | None
    tau_per_topic_undefined: int
    tau_pooled: float | None
    tau_top5: float | None
    tau_top10: float | None
    tau_top20: float | None
    tau_ap: float | None
    rbo: float | None
    spearman: float | None
    pearson: float | None
    rmse: float | None
    bias: float | None
    largest_drop: Drop | None
    tau_by_topic: list[float | None]


class SwappedPair(NamedTuple):
    """Two runs in opposite orders: `better` is so by the manual means, by `manual_gap` > 0, and by the automatic ones
    the other is, `automatic_gap` < 0. `*_p` are p-values corrected for all pairs (None: undefined); `*_significant`
    compares them with alpha."""

    better: str
    worse: str
    manual_gap: float
    automatic_gap: float
    manual_p: float | None
    automatic_p: float | None
    manual_significant: bool
    automatic_significant: bool


class Uncertainty(NamedTuple):
    """How firmly the figures stand. `stability` is the middle 95 % of tau under topic resampling, not an interval of
    confidence; `team_stability` (None below three teams) the same under resampling of the teams. `significance` counts
    the pairs of runs by what both sides' tests say; None with fewer than two runs or topics, or why not in `untested`.
    `swapped_pairs` have the largest manual gap first."""

    stability: Band
    jackknife_se: float | None
    team_stability: Band | None
    significance: dict | None
    untested: str
    swapped_pairs: list[SwappedPair]


def filled(scores: np.ndarray, missing: str) -> np.ndarray:
    """The scores under a policy for missing ones: zeros in their place, or as they are."""
    return np.where(np.isnan(scores), 0.0, scores) if missing == "zero" else scores


def ranking_figures(manual: np.ndarray, automatic: np.ndarray, runs: Sequence[str], missing: str) -> RankingFigures:
    """Every figure that needs no resampling. ValueError for matrices that do not fit each other, and for a run without
    any score where missing ones are dropped."""
    if manual.shape != automatic.shape or len(runs) != manual.shape[0]:
        raise ValueError(f"{len(runs)} runs with scores of {manual.shape} and {automatic.shape} cannot be compared")
    n_missing = int(np.isnan(manual).sum())
    manual, automatic = filled(manual, missing), filled(automatic, missing)
    if not manual.size:
        return _nothing(*manual.shape)
    levels = correlation_levels(manual, automatic)
    means = run_means(manual), run_means(automatic)
    return RankingFigures(
        n_runs=levels.n_runs,
        n_topics=levels.n_topics,
        n_missing=n_missing,
        tau=levels.run_level,
        tau_per_topic_mean=levels.per_topic_mean,
        tau_per_topic_undefined=levels.undefined_topics,
        tau_pooled=levels.pooled,
        tau_top5=tau_of_best(*means, 5),
        tau_top10=tau_of_best(*means, 10),
        tau_top20=tau_of_best(*means, 20),
        tau_ap=tau_ap(*means),
        rbo=rbo_ext(*means),
        spearman=spearman(*means),
        pearson=pearson(*means),
        rmse=rmse(*means),
        bias=mean_difference(*means),
        largest_drop=next(iter(largest_drops(*means, runs)), None),
        tau_by_topic=levels.per_topic,
    )


def uncertainty(
    manual: np.ndarray, automatic: np.ndarray, runs: Sequence[str], terms: Terms, teams: Sequence[str] = ()
) -> Uncertainty:
    """Stability, jackknife, tests of every two runs under both judgments, and the swapped pairs with their tests."""
    manual, automatic = filled(manual, terms.missing), filled(automatic, terms.missing)
    means = run_means(manual), run_means(automatic)
    tests, untested = None, ""
    try:
        if min(manual.shape) > 1:
            tests = [
                pairwise(side, terms.method, terms.alpha, terms.samples, terms.seed) for side in (manual, automatic)
            ]
    except ValueError as error:
        untested = str(error)
    return Uncertainty(
        stability=topic_stability(manual, automatic, terms.samples, terms.seed),
        jackknife_se=jackknife_se(manual, automatic),
        team_stability=team_stability(*means, teams, terms.samples, terms.seed) if any(teams) else None,
        significance=significance_agreement(*tests) if tests else None,
        untested=untested,
        swapped_pairs=swapped_pairs(*means, runs, tests),
    )


def largest_drops(manual: np.ndarray, automatic: np.ndarray, runs: Sequence[str]) -> list[Drop]:
    """The runs that lose ranks from the manual to the automatic means, those that lose most first."""
    ranks = zip(runs, score_ranks(manual).tolist(), score_ranks(automatic).tolist(), strict=True)
    lost = [Drop(*row) for row in ranks if row[2] > row[1]]
    return sorted(lost, key=lambda drop: (drop.manual_rank - drop.automatic_rank, drop.manual_rank, drop.run))


def swapped_pairs(
    manual: np.ndarray, automatic: np.ndarray, runs: Sequence[str], tests: Sequence[Pairwise] | None = None
) -> list[SwappedPair]:
    """Every two runs whose means (runs) stand in opposite orders, the largest manual gap first."""
    gaps = [np.round(side[:, None] - side[None, :], 6) for side in (manual, automatic)]
    better, worse = np.nonzero((gaps[0] > 0) & (gaps[1] < 0))
    order = np.lexsort((worse, better, -gaps[0][better, worse]))
    return [
        SwappedPair(
            runs[i], runs[j], float(manual[i] - manual[j]), float(automatic[i] - automatic[j]), *_tested(tests, i, j)
        )
        for i, j in zip(better[order].tolist(), worse[order].tolist(), strict=True)
    ]


def _nothing(n_runs: int, n_topics: int) -> RankingFigures:
    undefined = dict.fromkeys(RankingFigures._fields)
    counts = {"n_runs": n_runs, "n_topics": n_topics, "n_missing": 0, "tau_per_topic_undefined": n_topics}
    return RankingFigures(**undefined | counts | {"tau_by_topic": [None] * n_topics})


def _tested(tests: Sequence[Pairwise] | None, i: int, j: int) -> tuple:
    if tests is None:
        return None, None, False, False
    values = [float(side.adjusted[i, j]) for side in tests]
    return (*(None if np.isnan(p) else p for p in values), *(bool(side.significant[i, j]) for side in tests))
