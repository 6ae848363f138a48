"""How far a judge's confidence can be trusted: reliability, Brier score, and risk against coverage.

Everything compares a judge with somebody else's grades on the same n pairs, as numpy arrays of length n. A probability
of NaN says that the judge gave none for that pair; such pairs are left out by whoever calls.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from scipy.stats import rankdata

Binning = Literal["width", "mass"]
Z_95 = 1.959963984540054  # the 97.5 % point of the normal distribution
BINS = 10


class ReliabilityBin(NamedTuple):
    """Pairs whose probability lies in [low, high): `n` of them, their mean probability, the share `accuracy` in which
    the event came true, and its 95 % Wilson interval. The last bin includes its `high`."""

    low: float
    high: float
    n: int
    confidence: float
    accuracy: float
    accuracy_low: float
    accuracy_high: float


class Reliability(NamedTuple):
    """The bins that hold a pair, ascending; the expected calibration error over them (the mean distance of confidence
    and accuracy, weighted by n; Naeini et al. 2015); the Brier score of the event, mean (p − event)²."""

    bins: list[ReliabilityBin]
    n: int
    ece: float | None
    brier: float | None


class RiskCoverage(NamedTuple):
    """What share of the covered pairs is wrong when the surest `covered` pairs are taken, for each end of a block of
    equally sure pairs: `covered` (int64), `risk` and `score` (the least of the block), all of one length.

    `aurc` is the mean risk over covering 1, 2, .., n pairs (Geifman et al. 2019); `optimal` is that of an order which
    puts every wrong pair last; `excess` is the one less the other; `overall` is the risk of covering all. Within a
    block the order is unknown, so each count inside it has the expected number of wrong pairs of a random order.
    """

    covered: np.ndarray
    risk: np.ndarray
    score: np.ndarray
    n: int
    overall: float | None
    aurc: float | None
    optimal: float | None
    excess: float | None


class ExpectedGrades(NamedTuple):
    """A judge's expected grades against the other's grades: mean of expected minus given, mean of its size, Spearman's
    ρ, and the AUC: how often of a relevant and an irrelevant passage the relevant one has the higher expected grade, a
    tie counting half (Mann and Whitney). None where undefined. `relevant` of the `n` pairs are relevant."""

    n: int
    relevant: int
    signed: float | None
    absolute: float | None
    spearman: float | None
    auc: float | None


def wilson(hits: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927). ValueError without trials."""
    if n < 1:
        raise ValueError("A share of nothing has no interval.")
    share, square = hits / n, Z_95**2
    middle = (share + square / (2 * n)) / (1 + square / n)
    half = Z_95 / (1 + square / n) * np.sqrt(share * (1 - share) / n + square / (4 * n * n))
    # Without hits, or with nothing else, the share is an end of its interval; floats would miss it by a hair.
    return (float(middle - half) if hits else 0.0), (float(middle + half) if hits < n else 1.0)


def reliability(
    probability: np.ndarray, came_true: np.ndarray, binning: Binning = "width", bins: int = BINS
) -> Reliability:
    """The reliability diagram of `probability` (n floats from 0 to 1) against an event (n booleans).

    *width*: bins of equal width, [0, 0.1), [0.1, 0.2), .. of which the last includes 1. *mass*: the sorted pairs cut
    into `bins` parts of nearly equal size; equal probabilities are never parted, so that there may be fewer bins.
    """
    p, event = np.asarray(probability, dtype=np.float64), np.asarray(came_true, dtype=bool)
    if not len(p):
        return Reliability([], 0, None, None)
    # Sums of floats overshoot 1 by a little.
    p = np.clip(p, 0.0, 1.0)
    place = _by_width(p, bins) if binning == "width" else _by_mass(p, bins)
    found, gap = [], 0.0
    for one in np.unique(place).tolist():
        here = place == one
        n, hits = int(here.sum()), int(event[here].sum())
        low, high = (one / bins, (one + 1) / bins) if binning == "width" else (p[here].min(), p[here].max())
        confidence = float(p[here].mean())
        found.append(ReliabilityBin(float(low), float(high), n, confidence, hits / n, *wilson(hits, n)))
        gap += n * abs(confidence - hits / n)
    return Reliability(found, len(p), gap / len(p), float(np.mean((p - event) ** 2)))


def brier(distributions: np.ndarray, given: np.ndarray, scale: Sequence[int]) -> float | None:
    """The Brier score of whole distributions (n × grades): the mean of Σ (p − 1 for the given grade)², 0 to 2
    (Brier 1950). None without pairs."""
    if not len(given):
        return None
    truth = np.asarray(given)[:, None] == np.asarray(scale)[None, :]
    return float(((distributions - truth) ** 2).sum(axis=1).mean())


def risk_coverage(score: np.ndarray, wrong: np.ndarray) -> RiskCoverage:
    """Risk against coverage, the pairs with the highest `score` covered first. Equal scores are covered together."""
    score, wrong = np.asarray(score, dtype=np.float64), np.asarray(wrong, dtype=bool)
    n = len(score)
    if not n:
        none = np.zeros(0)
        return RiskCoverage(none.astype(np.int64), none, none, 0, None, None, None, None)
    order = np.argsort(-score, kind="stable")
    score, errors = score[order], np.cumsum(wrong[order])
    ends = np.flatnonzero(np.append(score[1:] != score[:-1], True))
    covered, total = ends + 1, int(errors[-1])
    counts = np.arange(1, n + 1)
    # Straight lines between the ends of blocks: the expected number of wrong pairs inside a block.
    expected = np.interp(counts, np.concatenate([[0], covered]), np.concatenate([[0], errors[ends]]))
    aurc = float((expected / counts).mean())
    optimal = float((np.maximum(0, counts - (n - total)) / counts).mean())
    return RiskCoverage(covered, errors[ends] / covered, score[ends], n, total / n, aurc, optimal, aurc - optimal)


def optimal_risk(n: int, wrong: int) -> tuple[np.ndarray, np.ndarray]:
    """Coverage (1 to n) and risk of an order that puts every wrong pair last."""
    counts = np.arange(1, n + 1)
    return counts, np.maximum(0, counts - (n - wrong)) / counts


def expected_grades(expected: np.ndarray, given: np.ndarray, relevant_from: int) -> ExpectedGrades:
    """The judge's expected grades (n floats) against given grades (n integers)."""
    expected, given = np.asarray(expected, dtype=np.float64), np.asarray(given, dtype=np.float64)
    relevant = given >= relevant_from
    if not len(given):
        return ExpectedGrades(0, 0, None, None, None, None)
    away = expected - given
    return ExpectedGrades(
        n=len(given),
        relevant=int(relevant.sum()),
        signed=float(away.mean()),
        absolute=float(np.abs(away).mean()),
        spearman=_spearman(expected, given),
        auc=mann_whitney_auc(expected, relevant),
    )


def mann_whitney_auc(score: np.ndarray, relevant: np.ndarray) -> float | None:
    """How often a relevant one has the higher score than an irrelevant one, ties half; None if one of both lacks."""
    relevant = np.asarray(relevant, dtype=bool)
    above, below = int(relevant.sum()), int((~relevant).sum())
    if not above or not below:
        return None
    ranks = rankdata(score)
    return float((ranks[relevant].sum() - above * (above + 1) / 2) / (above * below))


def expected_of(distributions: np.ndarray, scale: Sequence[int]) -> np.ndarray:
    """The mean grade of each distribution (n × grades)."""
    return distributions @ np.asarray(scale, dtype=np.float64)


def entropy_of(distributions: np.ndarray) -> np.ndarray:
    """The entropy of each distribution (n × grades), in bits."""
    logs = np.log2(np.where(distributions > 0, distributions, 1.0))
    return np.maximum(0.0, -(distributions * logs).sum(axis=1))


def margin_of(distributions: np.ndarray) -> np.ndarray:
    """The highest probability less the second, of each distribution (n × at least two grades)."""
    ordered = np.sort(distributions, axis=1)
    return ordered[:, -1] - ordered[:, -2]


def _by_width(p: np.ndarray, bins: int) -> np.ndarray:
    # A share that was written 0.3 may be stored a little below it; it belongs to [0.3, 0.4) all the same.
    return np.minimum((np.round(p, 12) * bins + 1e-9).astype(np.int64), bins - 1)


def _by_mass(p: np.ndarray, bins: int) -> np.ndarray:
    """Equal probabilities all go where the first of them falls."""
    first = rankdata(p, method="min").astype(np.int64) - 1
    return first * bins // len(p)


def _spearman(a: np.ndarray, b: np.ndarray) -> float | None:
    ranks = rankdata(a), rankdata(b)
    if any(one.min() == one.max() for one in ranks):
        return None
    return float(np.corrcoef(*ranks)[0, 1])
