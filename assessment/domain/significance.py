"""Which differences between runs are more than the luck of the topics?

Scores are runs x topics of one measure; NaN where a run's topic is left out. Three tests of every two runs:

* `t`: the paired t-test over the topics that both have, corrected by Holm's method over all pairs of runs.
* `randomisation`: the paired sign-flip test (two-sided, difference of means), each topic's difference turned round or
  not in so many seeded samples, p = (1 + as large) / (1 + samples); corrected by Holm's method. With many runs it needs
  many samples to be able to find anything at all: `Pairwise.floor` is the smallest corrected p it could give.
* `tukey`: Tukey's honestly significant difference on the residual of the two-way model score = run + topic (Tague-
  Sutcliffe and Blustein, TREC-3; Carterette, TOIS 2012), which is corrected for all pairs by itself. It needs every run
  on every topic. scipy.stats.tukey_hsd has no topics in its model, and is far too weak here.
"""

import warnings
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.integrate import IntegrationWarning
from scipy.interpolate import CubicSpline
from scipy.stats import studentized_range
from scipy.stats import t as student

METHODS = ("t", "randomisation", "tukey")
NOISE = 1e-9  # differences of scores below it are rounding errors
MOST_LETTERS = 52
GRID = np.append(np.linspace(0.0, 8.0, 44), [10.0, 13.0, 18.0, 30.0])  # of the studentized range
BLOCK = 1_024  # samples compared at a time


class Pairwise(NamedTuple):
    """The tests of every two of r runs, each runs x runs.

    `difference[i, j]` is the mean of run i minus run j over the topics that both have, `p` its two-sided p-value (NaN
    where untestable, as below two common topics), `adjusted` the same corrected for all pairs. `method` names test,
    correction and samples; `floor` is the smallest corrected p-value that the method can give.
    """

    difference: np.ndarray
    p: np.ndarray
    adjusted: np.ndarray
    significant: np.ndarray
    alpha: float
    method: str
    n_topics: int
    floor: float

    @property
    def n_pairs(self) -> int:
        return len(self.p) * (len(self.p) - 1) // 2


def pairwise(
    scores: np.ndarray, method: str = "t", alpha: float = 0.05, samples: int = 10_000, seed: int = 0
) -> Pairwise:
    """Test every two runs; `samples` and `seed` are of the randomisation.

    ValueError for an unknown method, and for Tukey's with a missing score.
    """
    scores = np.asarray(scores, dtype=np.float64)
    runs, topics = scores.shape
    difference = _differences(scores)
    floor = 0.0
    if method == "t":
        p, name = _paired_t(scores), "paired t, Holm"
        adjusted = _holm(p)
    elif method == "randomisation":
        p, name = _sign_flips(scores, difference, samples, seed), f"sign-flip randomisation ({samples:,}), Holm"
        adjusted = _holm(p)
        floor = min(1.0, runs * (runs - 1) / 2 / (samples + 1))
    elif method == "tukey":
        if np.isnan(scores).any():
            raise ValueError("Tukey's test needs a score of every run on every topic; let missing ones count as 0")
        p = adjusted = _tukey(scores, difference)
        name = "Tukey HSD on the two-way residual"
    else:
        raise ValueError(f"the test {method!r} is not known; known are {', '.join(METHODS)}")
    significant = np.nan_to_num(adjusted, nan=1.0) <= alpha
    return Pairwise(difference, p, adjusted, significant, alpha, name, topics, floor)


def significance_agreement(manual: Pairwise, automatic: Pairwise) -> dict:
    """The pairs of runs by what the tests of both sides say: significant in the same direction (`agree`), in opposite
    ones, on one side alone, or on neither; with `alpha`, `method` and the smallest corrected p it can give."""
    upper = np.triu_indices(len(manual.p), 1)
    ours, theirs = manual.significant[upper], automatic.significant[upper]
    same = (manual.difference[upper] > 0) == (automatic.difference[upper] > 0)
    return {
        "agree": int((ours & theirs & same).sum()),
        "opposite": int((ours & theirs & ~same).sum()),
        "only_manual": int((ours & ~theirs).sum()),
        "only_automatic": int((~ours & theirs).sum()),
        "neither": int((~ours & ~theirs).sum()),
        "alpha": manual.alpha,
        "method": manual.method,
        "floor": manual.floor,
    }


def groups(significant: np.ndarray, means: np.ndarray) -> list[str] | None:
    """Compact letters: two runs that share a letter are not significantly different; the best run has an "a".

    `significant` is runs x runs, `means` the runs' scores. As few letters as the insert-and-absorb algorithm gives
    (Piepho, Journal of Computational and Graphical Statistics 13, 2004); after z come aa, ab, .. None where even these
    are more than MOST_LETTERS: tests that know each pair's own spread, such as t, are not transitive, and over many
    runs nobody could read their letters.
    """
    order = np.argsort(-np.asarray(means), kind="stable")
    ranked = significant[np.ix_(order, order)]
    columns = [(1 << len(order)) - 1] if len(order) else []
    for i, j in zip(*np.nonzero(np.triu(ranked, 1)), strict=True):
        columns = _split(columns, 1 << int(i), 1 << int(j))
        if len(columns) > 20 * MOST_LETTERS:
            return None
    if len(columns) > MOST_LETTERS:
        return None
    columns.sort(key=_first_to_last)
    letters = [""] * len(order)
    for place, column in enumerate(columns):
        for rank, run in enumerate(order.tolist()):
            if column >> rank & 1:
                letters[run] += _letter(place)
    return letters


def reach_of_means(scores: np.ndarray, level: float = 0.95) -> np.ndarray:
    """How far the interval of each run's mean over its topics reaches to either side (runs x topics -> runs), by
    Student's t; NaN below two topics. It is about one run: runs are compared by tests, not by overlapping intervals."""
    known = ~np.isnan(scores)
    n = known.sum(axis=1)
    some = np.maximum(n, 1)
    means = np.where(known, scores, 0.0).sum(axis=1) / some
    squares = (np.where(known, scores - means[:, None], 0.0) ** 2).sum(axis=1)
    spread = np.sqrt(squares / np.maximum(n - 1, 1) / some)
    return np.where(n > 1, student.ppf((1 + level) / 2, np.maximum(n - 1, 1)) * spread, np.nan)


def _split(columns: list[int], one: int, other: int) -> list[int]:
    """The columns (sets of runs as bits) after two runs have turned out to differ: no column holds both."""
    both = one | other
    kept = [column for column in columns if column & both != both]
    for column in columns:
        if column & both == both:
            for part in (column ^ one, column ^ other):
                if not any(part & other_column == part for other_column in kept):
                    kept.append(part)
    return kept


def _first_to_last(column: int) -> tuple[int, int]:
    return (column & -column).bit_length(), column.bit_length()


def _letter(place: int) -> str:
    name = chr(ord("a") + place % 26)
    return name if place < 26 else f"{_letter(place // 26 - 1)}{name}"


def _differences(scores: np.ndarray) -> np.ndarray:
    difference = np.full((len(scores), len(scores)), np.nan)
    for run, own in enumerate(scores):
        gaps = own - scores
        n = (~np.isnan(gaps)).sum(axis=1)
        difference[run, n > 0] = np.nansum(gaps[n > 0], axis=1) / n[n > 0]
    difference[np.abs(difference) < NOISE] = 0.0
    return difference


def _paired_t(scores: np.ndarray) -> np.ndarray:
    p = np.full((len(scores), len(scores)), np.nan)
    for run in range(len(scores) - 1):
        gaps = scores[run] - scores[run + 1 :]
        known = ~np.isnan(gaps)
        n = known.sum(axis=1)
        gaps = np.where(known, gaps, 0.0)
        mean = gaps.sum(axis=1) / np.maximum(n, 1)
        deviations = np.where(known, gaps - mean[:, None], 0.0)
        spread = np.sqrt((deviations**2).sum(axis=1) / np.maximum(n - 1, 1))
        with np.errstate(divide="ignore", invalid="ignore"):
            statistic = np.abs(mean) / (spread / np.sqrt(n))
        found = 2 * student.sf(statistic, np.maximum(n - 1, 1))
        constant = spread < NOISE
        found[constant] = np.where(np.abs(mean[constant]) < NOISE, 1.0, 0.0)
        found[n < 2] = np.nan
        p[run, run + 1 :] = p[run + 1 :, run] = found
    return p


def _sign_flips(scores: np.ndarray, difference: np.ndarray, samples: int, seed: int) -> np.ndarray:
    runs, topics = scores.shape
    flips = np.random.default_rng(seed).integers(0, 2, size=(samples, topics)) * 2.0 - 1.0
    as_large = np.zeros((runs, runs))
    complete = not np.isnan(scores).any()
    # Flipping the differences of two runs is the difference of their flipped scores, as long as nothing is missing:
    # one matrix product serves all pairs.
    flipped = np.ascontiguousarray((flips @ scores.T).T) / topics if complete and topics else None
    for run in range(runs - 1):
        observed = np.abs(difference[run, run + 1 :]) - NOISE
        if flipped is None:
            gaps = scores[run] - scores[run + 1 :]
            n = np.maximum((~np.isnan(gaps)).sum(axis=1, keepdims=True), 1)
            found = (np.abs(np.nan_to_num(gaps) / n @ flips.T) >= observed[:, None]).sum(axis=1)
        else:
            found = np.zeros(runs - run - 1)
            for start in range(0, samples, BLOCK):
                block = slice(start, start + BLOCK)
                gaps = np.abs(flipped[run + 1 :, block] - flipped[run, block])
                found += np.count_nonzero(gaps >= observed[:, None], axis=1)
        as_large[run, run + 1 :] = as_large[run + 1 :, run] = found
    p = (1 + as_large) / (1 + samples)
    known = (~np.isnan(scores)).astype(np.int64)
    p[known @ known.T < 2] = np.nan
    np.fill_diagonal(p, np.nan)
    return p


def _tukey(scores: np.ndarray, difference: np.ndarray) -> np.ndarray:
    runs, topics = scores.shape
    p = np.full((runs, runs), np.nan)
    freedom = (runs - 1) * (topics - 1)
    if freedom < 1:
        return p
    residual = scores - scores.mean(axis=1, keepdims=True) - scores.mean(axis=0, keepdims=True) + scores.mean()
    error = np.sqrt((residual**2).sum() / freedom / topics)
    upper = np.triu_indices(runs, 1)
    if error < NOISE:
        found = np.where(difference[upper] == 0, 1.0, 0.0)
    else:
        found = _studentized_range(np.abs(difference[upper]) / error, runs, freedom)
    p[upper] = found
    p.T[upper] = found
    return p


def _studentized_range(q: np.ndarray, groups: int, freedom: int) -> np.ndarray:
    """Upper tail probabilities (n) of the studentized range; more of them than the grid has points are interpolated by
    cubics, which changes them by less than 1e-4."""
    if len(q) <= len(GRID):
        return np.clip(studentized_range.sf(q, groups, freedom), 0.0, 1.0)
    return np.where(q < GRID[-1], np.clip(_tail(groups, freedom)(np.minimum(q, GRID[-1])), 0.0, 1.0), 0.0)


@lru_cache(maxsize=64)
def _tail(groups: int, freedom: int) -> CubicSpline:
    """Each of its points is a slow double integral, and a page asks for the same ones again."""
    with warnings.catch_warnings():
        # Far out in the tail, where p is nothing, scipy's integration says that it is not sure.
        warnings.simplefilter("ignore", IntegrationWarning)
        return CubicSpline(GRID, studentized_range.sf(GRID, groups, freedom))


def _holm(p: np.ndarray) -> np.ndarray:
    """Holm's step-down correction over the pairs of runs that have a p-value (runs x runs, symmetric)."""
    upper = np.triu_indices(len(p), 1)
    raw = p[upper]
    corrected = raw.copy()
    tested = np.flatnonzero(~np.isnan(raw))
    order = tested[np.argsort(raw[tested], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(raw[order] * factors), 1.0)
    adjusted = np.full(p.shape, np.nan)
    adjusted[upper] = corrected
    adjusted.T[upper] = corrected
    return adjusted
