"""Means from few human labels and many automatic ones: PPI++.

A human has labelled n items, Y; a judge has labelled them too, f, and N items more. The estimate takes the judge's mean
where it has seen much, and corrects it by what it gets wrong where a human has looked:

    theta  = lambda * mean over N (f) + mean over n (Y - lambda * f)
    var    = lambda^2 * var_N(f) / N + var_n(Y - lambda * f) / n
    lambda = Cov(Y, f) / ((1 + n / N) * Var f), clipped to [0, 1], unless it is given

(Angelopoulos, Duchi and Zrnic, "PPI++: Efficient Prediction-Powered Inference", arXiv 2311.01453.) lambda = 0 is the
humans' mean alone. lambda = 1 with a weak judge is worse than humans alone: it should be tuned, as it is by default,
and the effective sample size tells what the judge was worth. Intervals are normal approximations, as in the paper.
"""

from typing import NamedTuple

import numpy as np
from scipy.stats import norm

from assessment.domain.errors import DomainError


class Powered(NamedTuple):
    """Estimates of r means (all fields float, r). `human_*` are from the n human labels alone.

    `effective_n` is how many human labels alone would give this interval: n at least where lambda is tuned, but for
    the luck of estimating it; infinite where the interval has no width.
    """

    estimate: np.ndarray
    low: np.ndarray
    high: np.ndarray
    tuned: np.ndarray  # lambda
    effective_n: np.ndarray
    human: np.ndarray
    human_low: np.ndarray
    human_high: np.ndarray


def powered_means(
    labels: np.ndarray, predictions: np.ndarray, more: np.ndarray, level: float = 0.95, weight: float | None = None
) -> Powered:
    """Estimate r means from `labels` Y and `predictions` f of the same items (r x n) and predictions of `more` items
    (r x N). `weight` is lambda, None to tune it for each mean. DomainError below two items on either side, and for a
    level or weight out of range."""
    n, more_n = labels.shape[1], more.shape[1]
    if labels.shape != predictions.shape or len(more) != len(labels):
        raise ValueError(f"labels of {labels.shape}, predictions of {predictions.shape} and {more.shape} do not fit")
    if n < 2 or more_n < 2:
        raise DomainError(
            f"{n} labelled and {more_n} unlabelled items are too few: at least two of each are needed for an interval."
        )
    if not 0 < level < 1:
        raise DomainError(f"The level of an interval lies between 0 and 1, not at {level}.")
    if weight is not None and not 0 <= weight <= 1:
        raise DomainError(f"λ lies between 0 and 1, not at {weight}.")
    tuned = _tuned(labels, predictions, more) if weight is None else np.full(len(labels), float(weight))
    rest = labels - tuned[:, None] * predictions
    variance = tuned**2 * more.var(axis=1, ddof=1) / more_n + rest.var(axis=1, ddof=1) / n
    estimate = tuned * more.mean(axis=1) + rest.mean(axis=1)
    human, spread = labels.mean(axis=1), labels.var(axis=1, ddof=1)
    reach = norm.ppf((1 + level) / 2)
    half, human_half = reach * np.sqrt(variance), reach * np.sqrt(spread / n)
    with np.errstate(divide="ignore", invalid="ignore"):
        effective_n = np.where(variance > 0, spread / variance, np.inf)
    return Powered(
        estimate, estimate - half, estimate + half, tuned, effective_n, human, human - human_half, human + human_half
    )


def _tuned(labels: np.ndarray, predictions: np.ndarray, more: np.ndarray) -> np.ndarray:
    n, more_n = labels.shape[1], more.shape[1]
    centred = labels - labels.mean(axis=1, keepdims=True), predictions - predictions.mean(axis=1, keepdims=True)
    covariance = (centred[0] * centred[1]).sum(axis=1) / (n - 1)
    variance = np.concatenate([predictions, more], axis=1).var(axis=1, ddof=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        best = np.where(variance > 0, covariance / ((1 + n / more_n) * variance), 0.0)
    return np.clip(best, 0.0, 1.0)
