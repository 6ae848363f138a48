import numpy as np
import pytest

from assessment.domain.correlation import kendall_tau
from assessment.domain.resampling import (
    draws,
    jackknife_se,
    resampled_taus,
    tau_difference,
    team_stability,
    topic_stability,
    weighted_means,
    without_teams,
)

RNG = np.random.default_rng(11)
MANUAL = RNG.random((12, 20)) + np.linspace(0, 0.5, 12)[:, None]
AUTOMATIC = MANUAL + RNG.normal(scale=0.4, size=MANUAL.shape)
NOISE = MANUAL + RNG.normal(scale=3, size=MANUAL.shape)


def test_draws_are_copies_of_as_many_items():
    weights = draws(20, 50, seed=3)
    assert weights.shape == (50, 20)
    assert (weights.sum(axis=1) == 20).all()
    assert (draws(20, 50, seed=3) == weights).all()
    assert (draws(20, 50, seed=4) != weights).any()


def test_a_sample_is_what_taking_its_topics_one_by_one_gives():
    weights = draws(20, 5, seed=1)
    for row, tau in zip(weights, resampled_taus(MANUAL, AUTOMATIC, weights), strict=True):
        topics = np.repeat(np.arange(20), row.astype(int))
        assert tau == pytest.approx(kendall_tau(MANUAL[:, topics].mean(axis=1), AUTOMATIC[:, topics].mean(axis=1)))


def test_the_band_is_the_middle_of_the_samples():
    found = topic_stability(MANUAL, AUTOMATIC, samples=400, seed=7)
    taus = resampled_taus(MANUAL, AUTOMATIC, draws(20, 400, seed=7))
    assert (found.low, found.high) == pytest.approx(tuple(np.percentile(taus, [2.5, 97.5])))
    assert (found.samples, found.seed) == (400, 7)


def test_the_jackknife_is_the_spread_of_taus_without_each_topic():
    taus = [
        kendall_tau(*(np.delete(side, topic, axis=1).mean(axis=1) for side in (MANUAL, AUTOMATIC)))
        for topic in range(20)
    ]
    expected = np.sqrt(19 / 20 * sum((tau - np.mean(taus)) ** 2 for tau in taus))
    assert jackknife_se(MANUAL, AUTOMATIC) == pytest.approx(expected)


def test_teams_are_drawn_with_all_of_their_runs():
    teams = ["a", "a", "a", "b", "b", "c", "c", "d", "d", "d", "", ""]
    means = MANUAL.mean(axis=1), AUTOMATIC.mean(axis=1)
    found = team_stability(*means, teams, samples=200, seed=2)
    names = np.unique([team or f"\0{place}" for place, team in enumerate(teams)], return_inverse=True)[1]
    taus = []
    for row in draws(6, 200, seed=2):
        runs = np.concatenate([np.repeat(np.flatnonzero(names == team), int(n)) for team, n in enumerate(row)])
        tau = kendall_tau(means[0][runs], means[1][runs])
        taus.append(np.nan if tau is None else tau)
    assert (found.low, found.high) == pytest.approx(tuple(np.nanpercentile(taus, [2.5, 97.5])))
    assert team_stability(*means, ["a"] * 6 + ["b"] * 6, samples=9, seed=0) is None


def test_a_judge_without_noise_is_better_than_one_with_much():
    found = tau_difference(MANUAL, AUTOMATIC, NOISE, samples=500, seed=1)
    whole = [kendall_tau(MANUAL.mean(axis=1), side.mean(axis=1)) for side in (AUTOMATIC, NOISE)]
    assert found.delta == pytest.approx(whole[0] - whole[1])
    assert found.low < found.delta
    assert tau_difference(MANUAL, AUTOMATIC, AUTOMATIC, samples=50, seed=1) == (0, 0, 0)


def test_the_same_topics_are_drawn_for_both_judges():
    """Two judges that differ by a constant order the runs alike in every sample, so that nothing is left to vary."""
    found = tau_difference(MANUAL, NOISE, NOISE + 0.25, samples=200, seed=5)
    assert (found.low, found.high) == (0, 0)


def test_means_leave_out_what_is_missing():
    scores = np.array([[1.0, np.nan, 3.0], [2.0, 4.0, np.nan]])
    means = weighted_means(scores, np.array([[1.0, 1, 1], [2, 0, 1], [0, 2, 0]]))
    assert means[:2] == pytest.approx(np.array([[2, 3], [5 / 3, 2]]))
    assert np.isnan(means[2, 0])
    assert means[2, 1] == 4


def test_a_sample_in_which_a_run_has_no_topic_is_left_out_and_not_counted():
    manual = MANUAL[:, :3].copy()
    manual[0, 1:] = np.nan
    automatic = np.where(np.isnan(manual), np.nan, AUTOMATIC[:, :3])
    found = topic_stability(manual, automatic, samples=300, seed=0)
    assert found.samples == int((draws(3, 300, seed=0)[:, 0] > 0).sum())


def test_one_team_after_another_is_left_out():
    means = MANUAL.mean(axis=1), AUTOMATIC.mean(axis=1)
    taus = without_teams(*means, ["a"] * 3 + ["b"] * 3 + [""] * 6)
    assert taus == {
        "a": kendall_tau(means[0][3:], means[1][3:]),
        "b": kendall_tau(*(m[[0, 1, 2, *range(6, 12)]] for m in means)),
    }


def test_what_cannot_be_resampled_is_none():
    assert topic_stability(np.zeros((1, 5)), np.zeros((1, 5)), 10, 0)[:3] == (None, None, 0)
    assert topic_stability(np.zeros((3, 0)), np.zeros((3, 0)), 10, 0)[:3] == (None, None, 0)
    assert jackknife_se(MANUAL[:, :1], AUTOMATIC[:, :1]) is None
    assert tau_difference(np.zeros((3, 4)), MANUAL[:3, :4], NOISE[:3, :4], 10, 0) == (None, None, None)
