import numpy as np
import pytest

from assessment.domain.measures import Grades, Rankings
from assessment.domain.replay import DEPTH, MOVE_TO_FRONT, RANDOM, TIME, Point, first_lasting, judging_orders, replay

# One topic, two runs of four documents; 5 is judged but in no run.
RANKINGS = Rankings(
    runs=["a", "b"],
    topics=["t"],
    run_index=np.array([0, 1], dtype=np.int32),
    topic_index=np.array([0, 0], dtype=np.int32),
    offsets=np.array([0, 4, 8]),
    documents=np.array([1, 2, 3, 4, 4, 3, 2, 1], dtype=np.int32),
)
GRADES = Grades(
    np.zeros(5, dtype=np.int32), np.array([1, 2, 3, 4, 5], dtype=np.int32), np.array([1, 1, 0, 0, 1], dtype=np.int16)
)


def order(turns):
    return GRADES.documents[np.argsort(turns)].tolist()


def test_each_order_judges_every_document_once():
    turns = judging_orders(RANKINGS, GRADES, 1, seed=3)
    assert set(turns) == {DEPTH, MOVE_TO_FRONT, RANDOM}
    assert all(sorted(own.tolist()) == [0, 1, 2, 3, 4] for own in turns.values())
    assert set(order(turns[DEPTH])[:2]) == {1, 4}
    assert order(turns[DEPTH])[-1] == order(turns[MOVE_TO_FRONT])[-1] == 5


def test_move_to_front_stays_with_the_run_that_finds():
    turns = judging_orders(RANKINGS, GRADES, 1, seed=3)
    first = order(turns[MOVE_TO_FRONT])
    assert first.index(2) < first.index(3)  # 1 and 2 are relevant, 4 is not: run a is followed


def test_time_is_an_order_only_where_there_are_moments():
    assert TIME not in judging_orders(RANKINGS, GRADES, 1, seed=0, times=np.zeros(5))
    turns = judging_orders(RANKINGS, GRADES, 1, seed=0, times=np.array([5.0, 4, 3, 2, 1]))
    assert order(turns[TIME]) == [5, 4, 3, 2, 1]


def test_all_of_the_work_gives_the_whole_ranking():
    for turns in judging_orders(RANKINGS, GRADES, 1, seed=1).values():
        curve = replay(RANKINGS, GRADES, "AP", 1, turns, points=5, samples=20)
        assert [point.judged for point in curve] == [1, 2, 3, 4, 5]
        assert (curve[-1].found, curve[-1].tau) == (1.0, 1.0)
        assert [point.found for point in curve] == sorted(point.found for point in curve)


def test_a_part_of_the_work_is_what_these_judgments_alone_give():
    turns = np.array([3, 1, 2, 0, 4])  # 4, 2, 3, 1, 5
    curve = replay(RANKINGS, GRADES, "AP", 1, turns, points=5, samples=10)
    assert curve[0].tau is None  # nothing relevant yet: all runs tie
    assert curve[1].tau == pytest.approx(1.0)  # document 2: second in run a, third in run b
    assert curve[1].found == pytest.approx(1 / 3)


def test_what_is_reached_must_last():
    taus = [0.5, 0.95, 0.8, 0.92, 0.97]
    curve = [Point(n, n / 5, 0.0, tau, None, None) for n, tau in enumerate(taus, 1)]
    assert first_lasting(curve, 0.9).judged == 4
    assert first_lasting(curve, 0.99) is None
    assert first_lasting(curve, 0.4).judged == 1
