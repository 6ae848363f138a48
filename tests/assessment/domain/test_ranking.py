import pytest

from assessment.domain.ranking import LIKELY, UNCERTAIN, Scored, ranked, score


def test_scores_worked_by_hand():
    even = {"0": 0.25, "1": 0.25, "2": 0.25, "3": 0.25}
    assert (score(even, LIKELY), score(even, UNCERTAIN)) == (1.5, 2.0)
    sure = {"0": 0.0, "3": 1.0}
    assert (score(sure, LIKELY), score(sure, UNCERTAIN)) == (3.0, 0.0)


def test_each_order_has_its_score_and_nothing_is_scored_without_a_distribution():
    told = {"0": 0.5, "2": 0.5}
    assert (score(told, LIKELY), score(told, UNCERTAIN)) == (1.0, 1.0)
    assert score(None, LIKELY) is None and score({}, UNCERTAIN) is None
    with pytest.raises(ValueError, match="no order by a judge"):
        score(told, "shuffle")


def test_the_highest_comes_first_ties_go_by_lot_and_the_unlabelled_come_last_by_lot():
    passages = [
        Scored("none late", None, 9, "d1"),
        Scored("tied late", 1.0, 7, "d2"),
        Scored("tied early", 1.0, 2, "d3"),
        Scored("best", 2.5, 8, "d4"),
        Scored("zero", 0.0, 1, "d5"),
        Scored("none early", None, 3, "d6"),
    ]
    order = [one.item for one in ranked(passages)]
    assert order == ["best", "tied early", "tied late", "zero", "none early", "none late"]


def test_what_was_judged_stays_in_front_as_it_was_judged():
    passages = [Scored("a", 3.0, 1, "a"), Scored("b", 1.0, 2, "b"), Scored("c", 2.0, 3, "c"), Scored("d", None, 0, "d")]
    assert [one.item for one in ranked(passages, judged=["d", "b"])] == ["d", "b", "a", "c"]
