from statistics import mean, median_low, multimode

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessment.domain.ensembles import MAJORITY, MEAN, MEDIAN, NONE, RULES, combine

SCALE = [0, 1, 2, 3]


def one(rule, votes, scale=SCALE, quorum=1):
    """The grade and whether it is tied, of one pair."""
    found = combine(rule, np.array([votes]), scale, quorum)
    return int(found.grades[0]), bool(found.tied[0])


@pytest.mark.parametrize(
    ("rule", "votes", "grade", "tied"),
    [
        (MEDIAN, [0, 3, 2], 2, False),
        (MEDIAN, [1, 1, 3, 3], 1, True),
        (MEDIAN, [0, 2, 2, 3], 2, False),
        (MEDIAN, [3, NONE, NONE], 3, False),
        (MEAN, [0, 3, 3], 2, False),
        (MEAN, [0, 1], 0, True),
        (MEAN, [1, 1, 3], 2, False),
        (MEAN, [0, 0, 1], 0, False),
        (MAJORITY, [0, 3, 3], 3, False),
        (MAJORITY, [0, 1, 3], 1, True),  # all once; their mean is 4/3
        (MAJORITY, [0, 0, 3, 3], 0, True),  # both are as near to 1.5
        (MAJORITY, [0, 0, 2, 2, 3], 2, True),  # their mean is 7/5
        (MAJORITY, [2, NONE, 2], 2, False),
    ],
)
def test_each_rule_settles_votes_as_it_says(rule, votes, grade, tied):
    assert one(rule, votes) == (grade, tied)


def test_a_mean_becomes_the_nearest_grade_of_a_scale_with_gaps():
    assert one(MEAN, [0, 4, 4], scale=[0, 1, 4]) == (4, False)  # 8/3 is nearer to 4 than to 1
    assert one(MEAN, [1, 4], scale=[0, 1, 4]) == (1, True)  # 5/2 lies between


def test_whoever_has_no_label_has_no_vote_and_too_few_votes_make_no_label():
    labels = np.array([[3, NONE, NONE], [3, 3, NONE], [NONE, NONE, NONE]])
    found = combine(MAJORITY, labels, SCALE, quorum=2)
    assert found.grades.tolist() == [NONE, 3, NONE]
    assert found.agreement.tolist() == [0, 1, 0]
    assert found.votes.tolist() == [[0, 0, 0, 1], [0, 0, 0, 2], [0, 0, 0, 0]]


def test_no_pairs_make_no_labels():
    for rule in RULES:
        assert combine(rule, np.empty((0, 3), dtype=int), SCALE, 1).grades.tolist() == []


def test_what_cannot_be_combined_is_refused():
    with pytest.raises(ValueError, match="no rule 'best'"):
        combine("best", np.array([[1]]), SCALE, 1)
    with pytest.raises(ValueError, match="not on the scale"):
        combine(MEAN, np.array([[7]]), SCALE, 1)
    with pytest.raises(ValueError, match="at least 1"):
        combine(MEAN, np.array([[1]]), SCALE, 0)


VOTES = st.lists(st.sampled_from([NONE, *SCALE]), min_size=1, max_size=6)


@given(VOTES, st.sampled_from(RULES), st.randoms())
def test_a_label_lies_between_the_votes_and_does_not_depend_on_their_order(votes, rule, random):
    given_votes = [vote for vote in votes if vote != NONE]
    grade, tied = one(rule, votes)
    if not given_votes:
        assert (grade, tied) == (NONE, False)
        return
    assert min(given_votes) <= grade <= max(given_votes)
    if len(set(given_votes)) == 1:
        assert (grade, tied) == (given_votes[0], False)
    shuffled = list(votes)
    random.shuffle(shuffled)
    assert one(rule, shuffled) == (grade, tied)


@given(st.lists(st.sampled_from(SCALE), min_size=1, max_size=6))
def test_the_rules_are_those_of_the_standard_library(votes):
    assert one(MEDIAN, votes)[0] == median_low(votes)
    near = min(SCALE, key=lambda grade: (abs(grade - mean(votes)), grade))
    assert abs(one(MEAN, votes)[0] - mean(votes)) == pytest.approx(abs(near - mean(votes)))
    assert one(MAJORITY, votes)[0] in multimode(votes)
    assert one(MAJORITY, votes)[1] == (len(multimode(votes)) > 1)
