import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessment.domain.calibration import (
    brier,
    entropy_of,
    expected_grades,
    expected_of,
    mann_whitney_auc,
    margin_of,
    optimal_risk,
    reliability,
    risk_coverage,
    wilson,
)

# Shares in hundredths, so that there are ties.
shares = st.integers(0, 100).map(lambda hundredths: hundredths / 100)
answered = st.lists(st.tuples(shares, st.booleans()), min_size=1, max_size=60)


def columns(pairs):
    return np.array([p for p, _ in pairs]), np.array([event for _, event in pairs])


def test_the_wilson_interval_is_the_published_one():
    # Newcombe 1998, Statistics in Medicine 17, table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson(1, 29) == pytest.approx((0.0061, 0.1718), abs=5e-5)


def test_a_share_of_nothing_has_no_interval():
    with pytest.raises(ValueError, match="no interval"):
        wilson(0, 0)


def test_the_interval_of_a_share_holds_the_share_itself():
    for n in range(1, 60):
        for hits in range(n + 1):
            low, high = wilson(hits, n)
            assert 0 <= low <= hits / n <= high <= 1, (hits, n)


def test_bins_of_equal_width_by_hand():
    p, event = columns([(0.05, False), (0.3, True), (0.35, False), (0.39, False), (0.9, True), (1.0, True)])
    found = reliability(p, event)
    assert [(one.low, one.high, one.n) for one in found.bins] == [(0.0, 0.1, 1), (0.3, 0.4, 3), (0.9, 1.0, 2)]
    assert [one.accuracy for one in found.bins] == [0.0, pytest.approx(1 / 3), 1.0]
    assert found.bins[1].confidence == pytest.approx(1.04 / 3)
    assert (found.bins[1].accuracy_low, found.bins[1].accuracy_high) == wilson(1, 3)
    assert found.ece == pytest.approx((0.05 + abs(1.04 - 1) + abs(1.9 - 2)) / 6)
    squares = [0.05**2, 0.7**2, 0.35**2, 0.39**2, 0.1**2, 0.0]
    assert found.brier == pytest.approx(sum(squares) / 6)


def test_bins_of_equal_mass_never_part_equal_probabilities():
    p, event = columns([(0.1, False), (0.2, True), (0.2, True), (0.2, False), (0.8, True), (0.9, True)])
    found = reliability(p, event, "mass", bins=3)
    assert [(one.low, one.high, one.n) for one in found.bins] == [(0.1, 0.2, 4), (0.8, 0.9, 2)]
    assert reliability(np.full(9, 0.7), np.ones(9, bool), "mass").bins[0].n == 9


def test_bins_of_equal_mass_are_equal_where_nothing_ties():
    p = np.linspace(0, 1, 100)
    assert [one.n for one in reliability(p, p > 0.5, "mass").bins] == [10] * 10


@pytest.mark.parametrize("binning", ["width", "mass"])
@given(pairs=answered)
def test_every_pair_is_in_one_bin_and_the_error_is_within_bounds(binning, pairs):
    p, event = columns(pairs)
    found = reliability(p, event, binning)
    assert sum(one.n for one in found.bins) == found.n == len(pairs)
    assert sum(one.n * one.accuracy for one in found.bins) == pytest.approx(event.sum())
    assert sum(one.n * one.confidence for one in found.bins) == pytest.approx(p.sum())
    # The bins' error is at least that of all pairs as one bin, and never above the mean distance of single pairs.
    assert abs(p.mean() - event.mean()) - 1e-9 <= found.ece <= np.abs(p - event).mean() + 1e-9
    assert all(one.low - 1e-9 <= one.confidence <= one.high + 1e-9 for one in found.bins)
    assert all(one.accuracy_low <= one.accuracy <= one.accuracy_high for one in found.bins)


@given(pairs=answered)
def test_bins_of_equal_width_hold_what_lies_in_them(pairs):
    p, event = columns(pairs)
    for one in reliability(p, event).bins:
        tenth = round(10 * one.low)
        expected = [x for x in p if min(int(round(100 * x)) // 10, 9) == tenth]
        assert one.n == len(expected)


def test_without_pairs_nothing_is_said():
    nothing = np.zeros(0)
    assert reliability(nothing, nothing) == ([], 0, None, None)
    assert risk_coverage(nothing, nothing)[4:] == (None, None, None, None)
    assert expected_grades(nothing, nothing, 1) == (0, 0, None, None, None, None)
    assert brier(np.zeros((0, 4)), nothing, range(4)) is None


def test_a_probability_a_little_over_one_counts_as_one():
    assert reliability(np.array([1.0 + 1e-12]), np.array([True])).brier == 0.0


def test_the_brier_score_of_distributions_by_hand():
    given_by = np.array([[0.7, 0.2, 0.1], [0.0, 0.0, 1.0]])
    assert brier(given_by, np.array([0, 1]), [0, 1, 2]) == pytest.approx((0.3**2 + 0.2**2 + 0.1**2 + 1 + 1) / 2)


def test_risk_and_coverage_by_hand():
    found = risk_coverage(np.array([0.9, 0.6, 0.8, 0.7]), np.array([False, True, True, False]))
    assert found.covered.tolist() == [1, 2, 3, 4]
    assert found.risk.tolist() == pytest.approx([0, 1 / 2, 1 / 3, 1 / 2])
    assert found.aurc == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 2) / 4)
    assert found.optimal == pytest.approx((0 + 0 + 1 / 3 + 2 / 4) / 4)
    assert found.excess == pytest.approx(1 / 8)
    assert found.overall == 1 / 2


def test_equally_sure_pairs_are_covered_together():
    found = risk_coverage(np.array([0.5, 0.9, 0.5, 0.5]), np.array([True, False, False, True]))
    assert found.covered.tolist() == [1, 4]
    assert found.risk.tolist() == [0, 1 / 2]
    assert found.score.tolist() == [0.9, 0.5]
    # Inside the block two of three are wrong: 2/3 expected after one more pair, 4/3 after two.
    assert found.aurc == pytest.approx((0 + (2 / 3) / 2 + (4 / 3) / 3 + 2 / 4) / 4)


@given(pairs=st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=1, max_size=6))
def test_the_area_is_the_mean_over_all_orders_of_equally_sure_pairs(pairs):
    score, wrong = columns(pairs)
    areas = []
    for order in permutations(range(len(pairs))):
        if all(score[a] >= score[b] for a, b in zip(order, order[1:], strict=False)):
            errors = [sum(wrong[list(order[: k + 1])]) / (k + 1) for k in range(len(order))]
            areas.append(sum(errors) / len(errors))
    found = risk_coverage(score, wrong)
    assert found.aurc == pytest.approx(math.fsum(areas) / len(areas))
    assert found.excess >= -1e-12


def test_a_score_that_knows_all_mistakes_has_no_excess():
    wrong = np.array([True, False, False, True, False])
    assert risk_coverage(1.0 - wrong, wrong).excess == pytest.approx(0)  # two blocks: all right ones, all wrong ones
    assert risk_coverage(np.array([0.1, 0.9, 0.8, 0.2, 0.7]), wrong).excess == pytest.approx(0)
    counts, risk = optimal_risk(5, 2)
    assert (counts.tolist(), risk.tolist()) == ([1, 2, 3, 4, 5], pytest.approx([0, 0, 0, 1 / 4, 2 / 5]))


def test_a_constant_score_has_the_overall_risk_everywhere():
    found = risk_coverage(np.zeros(8), np.arange(8) < 2)
    assert (found.covered.tolist(), found.risk.tolist()) == ([8], [0.25])
    assert found.aurc == pytest.approx(0.25)


def test_expected_grades_by_hand():
    found = expected_grades(np.array([0.5, 2.0, 1.0, 3.0]), np.array([0, 1, 1, 3]), relevant_from=1)
    assert (found.n, found.relevant) == (4, 3)
    assert found.signed == pytest.approx((0.5 + 1 + 0 + 0) / 4)
    assert found.absolute == pytest.approx(1.5 / 4)
    # Ranks 1, 3, 2, 4 against 1, 2.5, 2.5, 4: ρ = 4.5 / √(5 · 4.5).
    assert found.spearman == pytest.approx(4.5 / math.sqrt(5 * 4.5))
    assert found.auc == 1.0


@given(pairs=answered)
def test_the_auc_is_counted_over_all_pairs_of_a_relevant_and_an_irrelevant_one(pairs):
    score, relevant = columns(pairs)
    duels = [(a > b) + (a == b) / 2 for a in score[relevant] for b in score[~relevant]]
    found = mann_whitney_auc(score, relevant)
    assert found is None if not duels else found == pytest.approx(sum(duels) / len(duels))


def test_spearman_is_undefined_where_one_side_is_constant():
    assert expected_grades(np.array([1.0, 1.0]), np.array([0, 2]), 1).spearman is None


def test_expected_entropy_and_margin_of_distributions():
    given_by = np.array([[0.25, 0.25, 0.25, 0.25], [0.0, 1.0, 0.0, 0.0], [0.5, 0.3, 0.2, 0.0]])
    assert expected_of(given_by, [0, 1, 2, 3]).tolist() == pytest.approx([1.5, 1, 0.7])
    assert entropy_of(given_by).tolist() == pytest.approx([2, 0, 0.5 - 0.3 * math.log2(0.3) - 0.2 * math.log2(0.2)])
    assert margin_of(given_by).tolist() == pytest.approx([0, 1, 0.2])
