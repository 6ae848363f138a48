"""Universal, hard and discriminating nuggets, by hand."""

import numpy as np
import pytest

from nuggets.domain.difficulty import Mark, NuggetFigures, nugget_figures
from nuggets.domain.scores import RULES

S, P, N, U = 2, 1, 0, -1
STRICT, ALL = RULES["all_strict"], RULES["all"]


def figures(labels, vital=None, rule=STRICT):
    labels = np.array(labels)
    return nugget_figures(labels, np.ones(labels.shape[1], bool) if vital is None else np.array(vital), rule)


def test_labels_are_counted_and_their_correlation_with_the_other_nuggets_is_the_hand_worked_one():
    # Nugget 1 of four answers: 1 1 0 0; the others' score: 1, 1/2, 1/2, 0. Deviations (1 1 -1 -1)/2 and (1 0 0 -1)/2:
    # covariance 1/2 over sqrt(1 * 1/2) is 1/sqrt(2).
    first, *_ = figures([[S, S, S], [S, S, N], [N, N, S], [N, P, N]])
    assert first[:4] == (2, 0, 2, 0.5)
    assert first.correlation == pytest.approx(2**-0.5)
    assert first.mark == Mark.DISCRIMINATING


def test_a_nugget_that_weak_answers_have_correlates_negatively_and_has_no_mark():
    first, *_ = figures([[N, S], [N, S], [S, N], [S, N]])
    assert first.correlation == pytest.approx(-1)
    assert first.mark is None


def test_partial_support_earns_half_under_lenient_rules_and_none_under_strict_ones():
    labels = [[S, S], [P, P], [N, N]]
    assert figures(labels, rule=ALL)[0].correlation == pytest.approx(1)
    # strict: 1 0 0 against 1 0 0
    assert figures(labels)[0].correlation == pytest.approx(1)
    # lenient, the other nugget alone: 1 1/2 0 against 1 0 0: covariance 1/2, sqrt(1/2 * 2/3) = 1/sqrt(3)
    assert figures([[S, S], [P, N], [N, N]], rule=ALL)[0].correlation == pytest.approx(3**0.5 / 2)


def test_a_nugget_that_every_answer_supports_is_universal_and_has_no_correlation():
    first, _ = figures([[S, S], [S, N], [S, S]])
    assert first == NuggetFigures(3, 0, 0, 1.0, None)
    assert first.mark == Mark.UNIVERSAL


@pytest.mark.parametrize(("supporting", "mark"), [(0, Mark.HARD), (1, Mark.HARD), (2, Mark.DISCRIMINATING)])
def test_a_nugget_is_hard_up_to_one_answer_in_twenty(supporting, mark):
    rows = [[S if place < supporting else P, S if place < supporting else N] for place in range(20)]
    assert figures(rows)[0].mark == mark


def test_only_vital_nuggets_are_the_others_of_a_vital_score():
    vital = [False, True, True]
    first, second, _ = figures([[S, S, N], [N, S, S], [N, N, N]], vital, RULES["vital_strict"])
    assert first.correlation == pytest.approx(0)  # 1 0 0 against 1/2 1 0
    assert second.correlation == pytest.approx(0.5)  # 1 1 0 against 0 1 0


def test_one_nugget_alone_has_no_others_and_two_answers_no_correlation():
    assert figures([[S], [N], [N]])[0].correlation is None
    assert figures([[S, S], [N, N]])[0].correlation is None


def test_an_answer_that_is_not_labelled_whole_counts_where_it_is_and_is_in_no_correlation():
    rows = [[S, S], [N, N], [S, S]]
    first, second = figures([*rows, [N, U]])
    assert (first.not_support, second.not_support) == (2, 1)
    assert first.correlation == pytest.approx(1)
    assert figures([[U, U]])[0] == NuggetFigures(0, 0, 0, None, None)


def test_labels_that_do_not_fit_the_nuggets_are_refused():
    with pytest.raises(ValueError, match="do not fit"):
        nugget_figures(np.zeros((2, 3)), np.ones(2, bool), STRICT)
