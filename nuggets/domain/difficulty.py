"""Which nuggets tell answers apart, as test theory looks at the items of a test.

A nugget is *universal* where every answer supports it and *hard* where one in twenty does, or fewer: neither says which
answer is better. It is *discriminating* where those who support it also score well on the other nuggets: the
corrected item-total correlation (Henrysson, Psychometrika 28, 1963), at least 0.4, which is Ebel's bound of a very good
item (Essentials of Educational Measurement, 1972).
"""

from enum import StrEnum
from typing import NamedTuple

import numpy as np

from .scores import NOT_SUPPORT, PARTIAL_SUPPORT, SUPPORT, UNKNOWN, Rule

HARD_SHARE = 0.05
DISCRIMINATES_FROM = 0.4
FEWEST_ANSWERS = 3  # two points always lie on a line


class Mark(StrEnum):
    UNIVERSAL = "universal"
    HARD = "hard"
    DISCRIMINATING = "discriminating"


class NuggetFigures(NamedTuple):
    """How many answers were given each label, the share of the answers with a label that support it whole (None
    without any), and the correlation of its credit with the answers' score on the other nuggets (None: undefined)."""

    support: int
    partial: int
    not_support: int
    share: float | None
    correlation: float | None

    @property
    def mark(self) -> Mark | None:
        if self.share == 1:
            return Mark.UNIVERSAL
        if self.share is not None and self.share <= HARD_SHARE:
            return Mark.HARD
        if self.correlation is not None and self.correlation >= DISCRIMINATES_FROM:
            return Mark.DISCRIMINATING
        return None


def nugget_figures(labels: np.ndarray, vital: np.ndarray, rule: Rule) -> list[NuggetFigures]:
    """The figures of one topic's nuggets.

    `labels` (int, answers x nuggets) of the answers that were given, `vital` (bool, nuggets). Answers with an UNKNOWN
    label are counted where they have one, and are in no correlation. A nugget's credit is what `rule` gives its label,
    the score on the others is the rule's without it.
    """
    if labels.ndim != 2 or vital.shape != (labels.shape[1],):
        raise ValueError(f"labels of {labels.shape} do not fit {vital.shape} nuggets")
    whole = labels[(labels != UNKNOWN).all(axis=1)]
    credit = (whole == SUPPORT) + rule.partial * (whole == PARTIAL_SUPPORT)
    weights = np.where(vital, rule.vital, rule.okay).astype(np.float64)
    return [_figures(labels[:, place], credit, weights, place) for place in range(labels.shape[1])]


def _figures(column: np.ndarray, credit: np.ndarray, weights: np.ndarray, place: int) -> NuggetFigures:
    support, partial, against = (int((column == code).sum()) for code in (SUPPORT, PARTIAL_SUPPORT, NOT_SUPPORT))
    given = support + partial + against
    others = weights.copy()
    others[place] = 0
    correlation = _correlation(credit[:, place], credit @ others / others.sum()) if others.any() else None
    return NuggetFigures(support, partial, against, support / given if given else None, correlation)


def _correlation(a: np.ndarray, b: np.ndarray) -> float | None:
    """Pearson's r; None where there are too few answers or one side says the same of all."""
    if len(a) < FEWEST_ANSWERS or np.ptp(a) < 1e-9 or np.ptp(b) < 1e-9:
        return None
    return float(np.corrcoef(a, b)[0, 1])
