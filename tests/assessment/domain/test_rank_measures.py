"""The unit values are those of Yilmaz et al. (SIGIR 2008) and Webber et al. (TOIS 2010)."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from assessment.domain.correlation import kendall_tau
from assessment.domain.rank_measures import (
    mean_difference,
    pearson,
    rbo_ext,
    rmse,
    spearman,
    tau_ap,
    tau_of_best,
)

TRUTH = [0.9, 0.8, 0.7, 0.6, 0.5]
TOP_SWAPPED = [0.8, 0.9, 0.7, 0.6, 0.5]
BOTTOM_SWAPPED = [0.9, 0.8, 0.7, 0.5, 0.6]
FEW_SCORES = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=6)


def test_kendalls_tau_does_not_care_where_a_swap_is_but_tau_ap_does():
    assert kendall_tau(TRUTH, TOP_SWAPPED) == kendall_tau(TRUTH, BOTTOM_SWAPPED) == pytest.approx(0.8)
    assert tau_ap(TRUTH, TOP_SWAPPED) == pytest.approx(0.5)
    assert tau_ap(TRUTH, BOTTOM_SWAPPED) == pytest.approx(0.875)


def test_rank_biased_overlap_has_its_unit_values():
    assert rbo_ext(TRUTH, TOP_SWAPPED) == pytest.approx(0.9, abs=5e-5)
    assert rbo_ext(TRUTH, BOTTOM_SWAPPED) == pytest.approx(0.9818, abs=5e-5)
    assert rbo_ext(TRUTH, TRUTH) == pytest.approx(1)


@given(FEW_SCORES)
def test_tau_ap_with_ties_is_its_mean_over_all_orders_of_the_ties(pairs):
    manual, automatic = (np.array(side, dtype=float) for side in zip(*pairs, strict=True))
    assume(len(set(manual)) > 1 and len(set(automatic)) > 1)
    assert tau_ap(manual, automatic) == pytest.approx(over_all_orders(manual, automatic))


def over_all_orders(manual, automatic):
    """Yilmaz et al.'s sum for every order that the automatic scores allow; a manual tie is half right."""
    found = []
    for order in permutations(range(len(manual))):
        if all(automatic[i] >= automatic[j] for i, j in zip(order, order[1:], strict=False)):
            right = [
                sum((manual[above] > manual[run]) + (manual[above] == manual[run]) / 2 for above in order[:place])
                for place, run in enumerate(order)
            ]
            found.append(2 / (len(order) - 1) * sum(c / i for i, c in enumerate(right) if i) - 1)
    return np.mean(found)


@given(FEW_SCORES)
def test_rank_biased_overlap_is_symmetric_and_does_not_depend_on_the_order_of_the_runs(pairs):
    manual, automatic = (np.array(side, dtype=float) for side in zip(*pairs, strict=True))
    assert rbo_ext(manual, automatic) == pytest.approx(rbo_ext(automatic, manual))
    assert rbo_ext(manual[::-1], automatic[::-1]) == pytest.approx(rbo_ext(manual, automatic))
    assert 0 <= rbo_ext(manual, automatic) <= 1 + 1e-12


def test_the_best_runs_take_a_tie_at_the_border_along():
    manual, automatic = [0.9, 0.8, 0.8, 0.7], [0.5, 0.2, 0.6, 0.9]
    assert tau_of_best(manual, automatic, 2) == kendall_tau(manual[:3], automatic[:3])
    assert tau_of_best(manual, automatic, 5) is None
    assert tau_of_best(manual, automatic, 4) == kendall_tau(manual, automatic)


def test_correlations_of_scores_are_those_of_scipy():
    rng = np.random.default_rng(2)
    a = rng.random(30).round(1)
    b = a + rng.normal(size=30)
    assert pearson(a, b) == pytest.approx(stats.pearsonr(a, b).statistic)
    assert spearman(a, b) == pytest.approx(stats.spearmanr(a, b).statistic)


def test_differences_are_in_the_unit_of_the_measure():
    assert rmse([0.1, 0.3], [0.4, 0.7]) == pytest.approx(np.sqrt((0.09 + 0.16) / 2))
    assert mean_difference([0.1, 0.3], [0.4, 0.7]) == pytest.approx(0.35)


@pytest.mark.parametrize("measure", [tau_ap, pearson, spearman])
def test_what_is_undefined_is_none(measure):
    assert measure([0.5, 0.5], [0.1, 0.2]) is None
    assert measure([0.1, 0.2], [0.5, 0.5]) is None
    assert measure([0.5], [0.1]) is None
    assert (rbo_ext([], []), rmse([], []), mean_difference([], [])) == (None, None, None)
