"""Agreement of two assessors on the same pairs.

Everything is computed from the confusion matrix, with the grades of the scale in ascending order: rows are the manual
(first) assessor's grades, columns the automatic (second) one's. Only pairs that both graded belong in it.
"""

from collections.abc import Collection, Sequence
from typing import Literal, NamedTuple

import numpy as np
from scipy import sparse

Weights = Literal["linear", "quadratic"] | None
Metric = Literal["nominal", "ordinal"]


class AgreementFigures(NamedTuple):
    """What is said of two assessors' `n` pairs; None where undefined.

    `bias` is the mean of second minus first grade; `kappa_from` has Cohen's kappa for each grade from which on a
    document counts as relevant.
    """

    n: int
    exact: float | None
    kappa: float | None
    kappa_linear: float | None
    kappa_quadratic: float | None
    alpha_ordinal: float | None
    ac1: float | None
    bias: float | None
    kappa_from: dict[int, float | None]


def agreement_figures(matrix: np.ndarray, scale: Collection[int]) -> AgreementFigures:
    """Every figure of a confusion matrix whose rows and columns are the grades of `scale`, ascending."""
    return AgreementFigures(
        n=int(matrix.sum()),
        exact=exact_agreement(matrix),
        kappa=cohen_kappa(matrix),
        kappa_linear=cohen_kappa(matrix, "linear"),
        kappa_quadratic=cohen_kappa(matrix, "quadratic"),
        alpha_ordinal=krippendorff_alpha(coincidences(matrix)),
        ac1=gwet_ac1(matrix),
        bias=mean_signed_difference(matrix, scale),
        kappa_from=binarised_kappas(matrix, scale),
    )


def confusion(a: Sequence[int] | np.ndarray, b: Sequence[int] | np.ndarray, scale: Collection[int]) -> np.ndarray:
    """Count the n pairs of grades (int64, grades x grades). ValueError where a grade is not of the scale."""
    a, b = np.asarray(a, dtype=np.int64), np.asarray(b, dtype=np.int64)
    grades = _ascending(scale)
    if a.shape != b.shape:
        raise ValueError(f"{a.shape} grades cannot be compared with {b.shape}")
    places = []
    for labels in (a, b):
        place = np.minimum(np.searchsorted(grades, labels), len(grades) - 1)
        if (grades[place] != labels).any():
            raise ValueError(f"grade {labels[grades[place] != labels][0]} is outside of the scale {grades.tolist()}")
        places.append(place)
    cells = np.bincount(places[0] * len(grades) + places[1], minlength=len(grades) ** 2)
    return cells.reshape(len(grades), len(grades))


def all_confusions(
    assessors: np.ndarray, pairs: np.ndarray, grades: np.ndarray, n_assessors: int, n_grades: int
) -> np.ndarray:
    """The confusion matrices of every two assessors at once: int64, assessors x assessors x grades x grades.

    Each of the n judgments is a place in the list of assessors, any number that stands for its pair, and a place in
    the scale; an assessor grades a pair at most once. `[a, b]` has a's grades as rows. The diagonal `[a, a]` counts
    a's own grades. A judgment meets only the other judgments of its pair, so the work grows with the overlap.
    """
    _, columns = np.unique(pairs, return_inverse=True)
    rows = np.asarray(assessors, dtype=np.int64) * n_grades + grades
    shape = (n_assessors * n_grades, int(columns.max(initial=-1)) + 1)
    given = sparse.csr_array((np.ones(len(rows), dtype=np.int64), (rows, columns)), shape=shape)
    met = (given @ given.T).toarray()
    return met.reshape(n_assessors, n_grades, n_assessors, n_grades).transpose(0, 2, 1, 3)


def cohen_kappa(matrix: np.ndarray, weights: Weights = None) -> float | None:
    """Cohen's kappa of a confusion matrix; None when undefined (no pairs, or chance alone predicts full agreement).

    Weights grow with the distance of two grades in the order of the scale: not at all, linearly or squared
    (Cohen 1960, 1968).
    """
    total = matrix.sum()
    if not total:
        return None
    steps = np.arange(len(matrix))
    distance = np.abs(steps[:, None] - steps[None, :])
    cost = {None: distance > 0, "linear": distance, "quadratic": distance**2}[weights].astype(np.float64)
    by_chance = np.outer(matrix.sum(axis=1), matrix.sum(axis=0)) / total
    expected = (cost * by_chance).sum()
    if expected == 0:
        return None
    return float(1.0 - (cost * matrix).sum() / expected)


def coincidences(matrix: np.ndarray) -> np.ndarray:
    """Krippendorff's coincidence matrix of two assessors: every pair of values counted from both sides."""
    return matrix + matrix.T


def krippendorff_alpha(coincidence: np.ndarray, metric: Metric = "ordinal") -> float | None:
    """Krippendorff's alpha of a coincidence matrix; None when undefined (no pairs, or one grade only).

    The ordinal distance of two grades grows with how many values lie between them, so it depends on how often each
    grade is used and not on its number (Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability").
    """
    values = coincidence.sum(axis=1).astype(np.float64)
    distance = _ordinal_distances(values) if metric == "ordinal" else 1.0 - np.eye(len(values))
    expected = (np.outer(values, values) * distance).sum()
    if expected == 0:
        return None
    return float(1.0 - (values.sum() - 1) * (coincidence * distance).sum() / expected)


def gwet_ac1(matrix: np.ndarray) -> float | None:
    """Gwet's AC1 over all grades of the scale, used or not; None without pairs.

    Chance is the share of gradings at random that would agree, at most one in the number of grades, so that unlike
    kappa it does not collapse where one grade prevails (Gwet 2008, British Journal of Mathematical and Statistical
    Psychology 61).
    """
    total = matrix.sum()
    if not total or len(matrix) < 2:
        return None
    share = (matrix.sum(axis=0) + matrix.sum(axis=1)) / (2 * total)
    by_chance = (share * (1 - share)).sum() / (len(matrix) - 1)
    return float((np.trace(matrix) / total - by_chance) / (1 - by_chance))


def exact_agreement(matrix: np.ndarray) -> float | None:
    """The share of pairs with the same grade; None without pairs."""
    total = matrix.sum()
    return float(np.trace(matrix) / total) if total else None


def mean_signed_difference(matrix: np.ndarray, scale: Collection[int]) -> float | None:
    """The mean of second minus first grade, above 0 when the automatic assessor is more lenient; None without pairs."""
    grades = _ascending(scale)
    total = matrix.sum()
    return float(((grades[None, :] - grades[:, None]) * matrix).sum() / total) if total else None


def binarised(matrix: np.ndarray, scale: Collection[int], relevant_from: int) -> np.ndarray:
    """The 2 x 2 confusion of not relevant and relevant, where a grade of `relevant_from` or more is relevant."""
    relevant = (_ascending(scale) >= relevant_from).astype(np.int64)
    sides = np.stack([1 - relevant, relevant])
    return sides @ matrix @ sides.T


def binarised_kappas(matrix: np.ndarray, scale: Collection[int]) -> dict[int, float | None]:
    """Cohen's kappa for every threshold that the scale allows: relevant from its second grade, its third, .."""
    return {int(grade): cohen_kappa(binarised(matrix, scale, int(grade))) for grade in _ascending(scale)[1:]}


def _ordinal_distances(values: np.ndarray) -> np.ndarray:
    """Squared ordinal distances of grades that are used so often: the values from one to the other, ends by half."""
    middles = np.cumsum(values) - values / 2
    return (middles[:, None] - middles[None, :]) ** 2


def _ascending(scale: Collection[int]) -> np.ndarray:
    return np.array(sorted(scale), dtype=np.int64)
