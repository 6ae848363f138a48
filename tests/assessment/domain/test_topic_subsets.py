import numpy as np
import pytest

from assessment.domain.correlation import kendall_tau
from assessment.domain.topic_subsets import LARGEST, SubsetPoint, halves, smallest_lasting, topic_subsets

RNG = np.random.default_rng(5)
SCORES = np.linspace(0, 1, 20)[:, None] * 0.5 + RNG.normal(scale=0.25, size=(20, 15))
CHOOSING = halves([""] * 20, seed=1)


def test_half_of_the_teams_choose_with_all_of_their_runs():
    teams = ["a", "a", "b", "c", "c", "c", "d", ""]
    chosen = halves(teams, seed=4)
    for team in "abcd":
        assert len({bool(own) for own, name in zip(chosen, teams, strict=True) if name == team}) == 1
    assert CHOOSING.sum() == 10


def test_every_step_takes_the_topic_that_helps_most():
    found = topic_subsets(SCORES, CHOOSING)
    ours, target = SCORES[CHOOSING], SCORES[CHOOSING].mean(axis=1)
    singles = [kendall_tau(ours[:, topic], target) for topic in range(15)]
    assert singles[found.topics[0]] == pytest.approx(max(singles)) == found.points[0].chosen
    seconds = [
        kendall_tau(ours[:, [found.topics[0], topic]].mean(axis=1), target)
        for topic in range(15)
        if topic != found.topics[0]
    ]
    assert found.points[1].chosen == pytest.approx(max(seconds))
    assert sorted(found.topics) == list(range(15))


def test_what_counts_is_the_ranking_of_runs_that_had_no_part_in_the_choice():
    found = topic_subsets(SCORES, CHOOSING)
    theirs = SCORES[~CHOOSING]
    expected = kendall_tau(theirs[:, found.topics[:4]].mean(axis=1), theirs.mean(axis=1))
    assert found.points[3].held_out == pytest.approx(expected)
    assert found.points[-1].chosen == pytest.approx(1) == found.points[-1].held_out
    assert np.mean([point.chosen - point.held_out for point in found.points[:8]]) > 0
    assert all(point.random_low <= point.random <= point.random_high for point in found.points)


def test_no_more_topics_are_chosen_than_anybody_would_read():
    wide = np.random.default_rng(0).random((6, LARGEST + 9))
    assert len(topic_subsets(wide, halves([""] * 6, seed=0)).points) == LARGEST


def test_the_smallest_size_must_last():
    points = [SubsetPoint(n, 1.0, tau, None, None, None) for n, tau in enumerate([0.9, 0.7, 0.91, 0.95], 1)]
    assert smallest_lasting(points, 0.9).size == 3
    assert smallest_lasting(points, 0.96) is None
