"""The six scores: worked by hand, and what must hold of them whatever the labels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nuggets.domain.scores import NOT_SUPPORT, PARTIAL_SUPPORT, RULES, SUPPORT, UNKNOWN, answer_scores


def one_answer(labels, vital):
    found = answer_scores(np.array([labels]), np.array(vital))
    return {name: float(values[0]) for name, values in found.items()}


def test_two_vital_and_one_okay_nugget_worked_by_hand():
    assert one_answer([SUPPORT, PARTIAL_SUPPORT, SUPPORT], [True, True, False]) == pytest.approx(
        {
            "vital_strict": 0.5,
            "all_strict": 2 / 3,
            "vital": 0.75,
            "all": 2.5 / 3,
            "weighted_strict": 1.5 / 2.5,
            "weighted": 2 / 2.5,
        }
    )


def test_four_vital_nuggets_all_supported_are_everything_there_is():
    assert one_answer([SUPPORT] * 4, [True] * 4) == dict.fromkeys(RULES, 1.0)


def test_without_vital_nuggets_vital_scores_are_undefined_and_the_others_are_not():
    found = one_answer([SUPPORT, NOT_SUPPORT], [False, False])
    assert np.isnan(found["vital"]) and np.isnan(found["vital_strict"])
    assert (found["all"], found["weighted_strict"]) == (0.5, 0.5)


def test_a_label_that_is_not_known_earns_nothing():
    assert one_answer([UNKNOWN, SUPPORT], [True, True])["vital"] == 0.5


def test_labels_and_nuggets_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="do not fit"):
        answer_scores(np.zeros((2, 3), int), np.zeros(2, bool))


sizes = st.integers(1, 12)
labelled = sizes.flatmap(lambda n: st.tuples(arrays(np.int8, (1, n), elements=st.integers(0, 2)), arrays(np.bool_, n)))


@given(labelled)
def test_scores_lie_between_0_and_1_and_strict_ones_are_never_higher(case):
    found = answer_scores(*case)
    for name, values in found.items():
        assert np.isnan(values).all() or ((values >= 0) & (values <= 1)).all()
        if name.endswith("_strict") and not np.isnan(values).any():
            assert (values <= found[name.removesuffix("_strict")] + 1e-12).all()


@given(labelled, st.data())
def test_more_support_never_lowers_a_score(case, data):
    labels, vital = case
    better = labels.copy()
    better[0, data.draw(st.integers(0, labels.shape[1] - 1))] = SUPPORT
    before, after = answer_scores(labels, vital), answer_scores(better, vital)
    assert all(np.isnan(before[name]) or after[name][0] >= before[name][0] - 1e-12 for name in before)
