import numpy as np
import pytest

from assessment.domain.comparing import Terms, largest_drops, ranking_figures, swapped_pairs, uncertainty
from assessment.domain.correlation import kendall_tau
from assessment.domain.significance import pairwise

RNG = np.random.default_rng(9)
MANUAL = np.clip(RNG.random((8, 1)) * 0.6 + RNG.random((8, 14)) * 0.4, 0, 1)
AUTOMATIC = np.clip(MANUAL + RNG.normal(scale=0.2, size=MANUAL.shape), 0, 1)
RUNS = [f"run{place}" for place in range(8)]


def with_gaps(scores):
    scores = scores.copy()
    scores[0, :7] = np.nan
    return scores


def test_missing_scores_count_as_zero_or_not_at_all():
    sides = with_gaps(MANUAL), with_gaps(AUTOMATIC)
    as_zero, dropped = (ranking_figures(*sides, RUNS, policy) for policy in ("zero", "drop"))
    assert as_zero.n_missing == dropped.n_missing == 7
    zeros = [np.nan_to_num(side) for side in sides]
    assert as_zero.tau == kendall_tau(*(side.mean(axis=1) for side in zeros))
    assert dropped.tau == kendall_tau(*(np.nanmean(side, axis=1) for side in sides))
    assert as_zero.tau_pooled == kendall_tau(*(side.ravel() for side in zeros))
    assert dropped.tau_pooled == kendall_tau(*(side[~np.isnan(side)] for side in sides))
    assert dropped.tau_by_topic[0] == kendall_tau(*(side[1:, 0] for side in sides))
    assert dropped.bias == pytest.approx(np.mean(np.nanmean(sides[1], axis=1) - np.nanmean(sides[0], axis=1)))


def test_a_run_without_any_score_is_refused_where_missing_ones_are_dropped():
    manual = MANUAL.copy()
    manual[3] = np.nan
    with pytest.raises(ValueError, match="1 of 8 runs have no score"):
        ranking_figures(manual, manual, RUNS, "drop")


def test_the_run_that_loses_most_ranks_comes_first():
    drops = largest_drops(np.array([0.9, 0.8, 0.7, 0.6]), np.array([0.5, 0.8, 0.4, 0.9]), list("abcd"))
    assert drops == [("a", 1, 3), ("c", 3, 4)]
    assert largest_drops(np.array([0.9, 0.8]), np.array([0.9, 0.8]), list("ab")) == []


def test_swapped_pairs_have_gap_and_tests_of_both_sides():
    tests = [pairwise(side) for side in (MANUAL, AUTOMATIC)]
    means = MANUAL.mean(axis=1), AUTOMATIC.mean(axis=1)
    pairs = swapped_pairs(*means, RUNS, tests)
    concordance = np.sign(np.subtract.outer(means[0], means[0])) * np.sign(np.subtract.outer(means[1], means[1]))
    assert len(pairs) == (np.triu(concordance, 1) < 0).sum() > 0
    assert [pair.manual_gap for pair in pairs] == sorted((pair.manual_gap for pair in pairs), reverse=True)
    first = pairs[0]
    i, j = RUNS.index(first.better), RUNS.index(first.worse)
    assert first.manual_gap == pytest.approx(means[0][i] - means[0][j]) and first.manual_gap > 0
    assert first.automatic_gap == pytest.approx(means[1][i] - means[1][j]) and first.automatic_gap < 0
    assert first.manual_p == tests[0].adjusted[i, j]


def test_uncertainty_says_why_a_test_was_not_made():
    found = uncertainty(
        with_gaps(MANUAL), with_gaps(AUTOMATIC), RUNS, Terms(missing="drop", method="tukey", samples=50)
    )
    assert found.significance is None
    assert "every run on every topic" in found.untested
    assert found.stability.samples > 0
    assert all(pair.manual_p is None for pair in found.swapped_pairs)


def test_without_runs_everything_is_undefined():
    figures = ranking_figures(np.zeros((0, 3)), np.zeros((0, 3)), [], "zero")
    assert (figures.n_runs, figures.n_topics, figures.tau, figures.rbo, figures.bias) == (0, 3, None, None, None)
    assert figures.tau_by_topic == [None] * 3
    found = uncertainty(np.zeros((0, 3)), np.zeros((0, 3)), [], Terms(samples=10))
    assert (found.stability.low, found.significance, found.swapped_pairs) == (None, None, [])


def test_matrices_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="cannot be compared"):
        ranking_figures(MANUAL, AUTOMATIC[:, :5], RUNS, "zero")
