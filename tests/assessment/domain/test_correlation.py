import numpy as np
import pytest
from scipy.stats import kendalltau

from assessment.domain.correlation import RankChange, correlation_levels, kendall_tau, rank_changes
from assessment.domain.errors import DomainError


def test_a_swap_of_the_top_two_of_five_costs_a_fifth():
    assert kendall_tau([0.9, 0.8, 0.7, 0.6, 0.5], [0.8, 0.9, 0.7, 0.6, 0.5]) == pytest.approx(0.8)


def test_scores_that_differ_only_by_floating_point_noise_are_tied():
    noisy = [0.1 + 0.2, 0.3, 0.5, 0.7]
    assert kendall_tau(noisy, [1, 2, 3, 4]) == pytest.approx(kendalltau([1, 1, 2, 3], [1, 2, 3, 4]).statistic)
    assert kendall_tau(noisy, [1, 1, 2, 3]) == 1.0


@pytest.mark.parametrize("a, b", [([], []), ([1], [1]), ([1, 1, 1], [1, 2, 3]), ([1, 2], [0.3, 0.1 + 0.2])])
def test_tau_is_undefined_without_two_runs_or_where_one_side_is_all_tied(a, b):
    assert kendall_tau(a, b) is None


def test_the_three_levels_are_those_of_scipy():
    rng = np.random.default_rng(3)
    manual, automatic = rng.random((9, 6)), rng.random((9, 6))
    levels = correlation_levels(manual, automatic)
    per_topic = [kendalltau(manual[:, topic], automatic[:, topic]).statistic for topic in range(6)]
    assert levels.run_level == pytest.approx(kendalltau(manual.mean(axis=1), automatic.mean(axis=1)).statistic)
    assert levels.pooled == pytest.approx(kendalltau(manual.ravel(), automatic.ravel()).statistic)
    assert levels.per_topic == pytest.approx(per_topic)
    assert levels.per_topic_mean == pytest.approx(np.mean(per_topic))
    assert (levels.undefined_topics, levels.n_runs, levels.n_topics) == (0, 9, 6)


def test_an_undefined_topic_is_counted_and_left_out_of_the_mean():
    manual = np.array([[0.1, 0.5], [0.2, 0.5], [0.3, 0.5]])
    automatic = np.array([[0.1, 0.1], [0.2, 0.2], [0.3, 0.3]])
    levels = correlation_levels(manual, automatic)
    assert levels.per_topic == [1.0, None]
    assert (levels.per_topic_mean, levels.undefined_topics) == (1.0, 1)


def test_levels_of_a_single_run_are_undefined_and_of_no_topic_refused():
    levels = correlation_levels(np.ones((1, 2)), np.ones((1, 2)))
    assert (levels.run_level, levels.per_topic_mean, levels.undefined_topics) == (None, None, 2)
    with pytest.raises(DomainError, match="nothing to average"):
        correlation_levels(np.ones((3, 0)), np.ones((3, 0)))


def test_matrices_of_different_runs_or_topics_are_not_compared():
    with pytest.raises(ValueError, match="cannot be compared"):
        correlation_levels(np.ones((2, 3)), np.ones((3, 2)))


def test_tied_runs_share_the_better_rank_and_a_rise_is_positive():
    assert rank_changes([0.5, 0.3, 0.3, 0.1], [0.1, 0.3, 0.2, 0.4]) == [
        RankChange(1, 4, -3),
        RankChange(2, 2, 0),
        RankChange(2, 3, -1),
        RankChange(4, 1, 3),
    ]
