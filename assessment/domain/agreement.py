"""Agreement of two assessors on the same pairs.

Everything is computed from the confusion matrix, with the grades of the scale in ascending order: rows are the manual
(first) assessor's grades, columns the automatic (second) one's. Only pairs that both graded belong in it.
"""

from collections.abc import Collection, Sequence
from typing import Literal

import numpy as np

Weights = Literal["linear", "quadratic"] | None


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


def _ascending(scale: Collection[int]) -> np.ndarray:
    return np.array(sorted(scale), dtype=np.int64)
