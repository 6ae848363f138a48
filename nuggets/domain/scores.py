"""The six scores of an answer by its nuggets (Pradeep et al., arXiv 2504.15068, §3).

A score is the credit that an answer has earned over the credit that it could have earned: recall, so longer answers
have more chances. Strict scores give no credit for partial support.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

UNKNOWN, NOT_SUPPORT, PARTIAL_SUPPORT, SUPPORT = -1, 0, 1, 2


class Rule(NamedTuple):
    """What a vital and an okay nugget weigh, and what partial support is worth."""

    vital: float
    okay: float
    partial: float


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "vital_strict": Rule(1, 0, 0),
        "all_strict": Rule(1, 1, 0),
        "vital": Rule(1, 0, 0.5),
        "all": Rule(1, 1, 0.5),
        "weighted_strict": Rule(1, 0.5, 0),
        "weighted": Rule(1, 0.5, 0.5),
    }
)


def answer_scores(labels: np.ndarray, vital: np.ndarray) -> dict[str, np.ndarray]:
    """The six scores (float, answers each) of one topic's answers, in [0, 1].

    `labels` (int, answers x nuggets) holds SUPPORT, PARTIAL_SUPPORT, NOT_SUPPORT or UNKNOWN, which earns nothing;
    `vital` (bool, nuggets) says which nuggets are. A score that no nugget counts for is undefined: NaN.
    """
    if labels.ndim != 2 or vital.shape != (labels.shape[1],):
        raise ValueError(f"labels of {labels.shape} do not fit {vital.shape} nuggets")
    scores = {}
    for name, rule in RULES.items():
        weights = np.where(vital, rule.vital, rule.okay).astype(np.float64)
        credit = (labels == SUPPORT) + rule.partial * (labels == PARTIAL_SUPPORT)
        possible = weights.sum()
        scores[name] = credit @ weights / possible if possible else np.full(len(labels), np.nan)
    return scores
