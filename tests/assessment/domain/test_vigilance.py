from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessment.domain.pooling import BEST_RANK, DOCID, MOVE_TO_FRONT, SHUFFLE
from assessment.domain.vigilance import Label, Passage, borrowed_rank, can_be_wrong, how_many, place, wrong_label

SEEDS = st.integers(0, 2**31)
GRADES = range(4)
LABELS = st.lists(
    st.builds(
        lambda grade, confidence: Label(
            grade,
            confidence,
            {str(each): confidence if each == grade else (1 - confidence) / 3 for each in GRADES},
        ),
        st.integers(1, 3),
        st.floats(0.4, 1),
    ),
    min_size=1,
    max_size=8,
)


@given(st.integers(0, 500), st.integers(0, 100), SEEDS)
def test_the_share_is_kept_within_one_passage(passages, percent, seed):
    assert abs(how_many(passages, percent, seed=seed, topic="q1") - passages * percent / 100) < 1


def test_small_topics_have_their_share_too():
    drawn = [how_many(8, 5, seed=3, topic=f"q{number}") for number in range(500)]
    assert set(drawn) == {0, 1}
    assert 160 < sum(drawn) < 240  # 200 expected


@given(st.integers(0, 3), LABELS, SEEDS)
def test_a_planted_label_is_wrong_is_shown_and_looks_like_the_others(trusted, labels, seed):
    label = wrong_label(trusted, labels, GRADES, seed=seed, pair="bob q1 d1")
    assert label.grade not in (0, trusted)
    assert label.confidence in {each.confidence for each in labels}
    # what is highest is the planted grade, as in every label of the judge
    assert label.distribution[str(label.grade)] == max(label.distribution.values())
    assert sorted(label.distribution.values()) in [sorted(each.distribution.values()) for each in labels]


def test_a_planted_label_is_one_of_those_shown_as_often_as_they_are():
    labels = [Label(1, 0.6, None)] * 30 + [Label(3, 0.9, None)] * 10 + [Label(2, 0.7, None)] * 60
    drawn = Counter(wrong_label(2, labels, GRADES, seed=1, pair=f"p{n}") for n in range(1000))
    assert set(drawn) == {labels[0], labels[30]}
    assert 690 < drawn[labels[0]] < 810  # 750 expected


def test_where_all_are_right_one_is_turned_to_the_nearest_grade():
    shown = [Label(3, 0.8, {"0": 0.05, "1": 0.05, "2": 0.1, "3": 0.8})]
    assert wrong_label(3, shown, GRADES, seed=1, pair="p") == Label(2, 0.8, {"0": 0.05, "1": 0.05, "2": 0.8, "3": 0.1})
    assert wrong_label(3, [Label(3, None, None)], GRADES, seed=1, pair="p") == Label(2, None, None)


def test_there_is_no_wrong_label_without_labels_and_beside_the_only_grade_that_is_shown():
    assert wrong_label(1, [], GRADES, seed=1, pair="p") is None
    assert wrong_label(1, [Label(1, None, None)], range(2), seed=1, pair="p") is None
    assert can_be_wrong(range(2)) == [0]
    assert can_be_wrong(GRADES) == [0, 1, 2, 3]


@pytest.mark.parametrize(("order", "expected"), [(SHUFFLE, 11), (DOCID, 10), (BEST_RANK, 11), (MOVE_TO_FRONT, 11)])
def test_a_passage_is_placed_after_the_one_that_it_follows_in_the_pools_order(order, expected):
    among = [Passage("a", 10, 9, 10), Passage("c", 15, 2, 11), Passage("e", 40, 4, 12)]
    assert place(Passage("b", 20, 4, 0), among, order) == expected


def test_a_passage_before_all_others_has_place_0():
    assert place(Passage("a", 0, 1, 0), [Passage("b", 1, 1, 1)], DOCID) == 0


def test_a_rank_is_borrowed_from_the_passages_around():
    among = [Passage("a", 1, 7, 1), Passage("b", 2, 3, 2)]
    assert {borrowed_rank(among, seed=1, pair=f"p{n}") for n in range(50)} == {3, 7}
