import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score, confusion_matrix

from assessment.domain.agreement import (
    binarised_kappas,
    cohen_kappa,
    confusion,
    exact_agreement,
    mean_signed_difference,
)
from assessment.domain.qrels import read_qrels


@pytest.mark.parametrize("weights", [None, "linear", "quadratic"])
@pytest.mark.parametrize("seed", range(4))
def test_kappa_and_confusion_equal_those_of_scikit_learn(seed, weights):
    rng = np.random.default_rng(seed)
    a = rng.integers(0, 5, 200)
    b = np.clip(a + rng.integers(-1, 3, 200), 0, 4)
    matrix = confusion(a, b, range(5))
    assert matrix.tolist() == confusion_matrix(a, b, labels=range(5)).tolist()
    assert cohen_kappa(matrix, weights) == pytest.approx(cohen_kappa_score(a, b, weights=weights, labels=range(5)))
    for threshold, kappa in binarised_kappas(matrix, range(5)).items():
        assert kappa == pytest.approx(cohen_kappa_score(a >= threshold, b >= threshold))


def test_rows_are_the_first_assessors_grades_in_ascending_order():
    matrix = confusion([3, 0, 1], [1, 1, 1], [3, 1, 0])
    assert matrix.tolist() == [[0, 1, 0], [0, 1, 0], [0, 1, 0]]
    assert exact_agreement(matrix) == pytest.approx(1 / 3)
    assert mean_signed_difference(matrix, [3, 1, 0]) == pytest.approx((-2 + 1 + 0) / 3)


@pytest.mark.parametrize("a, b", [([], []), ([2, 2], [2, 2])])
def test_kappa_is_undefined_without_pairs_and_where_chance_explains_everything(a, b):
    matrix = confusion(a, b, range(4))
    assert [cohen_kappa(matrix, weights) for weights in (None, "linear", "quadratic")] == [None] * 3
    assert set(binarised_kappas(matrix, range(4)).values()) == {None}


def test_no_pairs_have_no_agreement_and_no_difference():
    matrix = confusion([], [], range(4))
    assert exact_agreement(matrix) is None
    assert mean_signed_difference(matrix, range(4)) is None


def test_two_constant_but_different_assessors_agree_as_chance_does():
    assert cohen_kappa(confusion([0, 0], [1, 1], range(2))) == 0.0


def test_a_grade_outside_of_the_scale_and_lists_of_two_lengths_are_refused():
    with pytest.raises(ValueError, match="grade 4 is outside"):
        confusion([4], [0], range(4))
    with pytest.raises(ValueError, match="grade 2 is outside"):
        confusion([1], [2], [0, 1, 3])
    with pytest.raises(ValueError, match="cannot be compared"):
        confusion([1, 2], [1], range(4))


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3))), st.sampled_from([None, "linear", "quadratic"]))
def test_kappa_is_at_most_one_and_does_not_care_who_comes_first(pairs, weights):
    matrix = confusion([a for a, _ in pairs], [b for _, b in pairs], range(4))
    kappa = cohen_kappa(matrix, weights)
    if kappa is None:
        assert cohen_kappa(matrix.T, weights) is None
    else:
        assert kappa <= 1
        assert cohen_kappa(matrix.T, weights) == pytest.approx(kappa)


def both_grades(manual, automatic, scale) -> np.ndarray:
    sides = [
        {(line.topic, line.docid): line.grade for line in read_qrels(path, path.name, scale=scale).lines}
        for path in (manual, automatic)
    ]
    pairs = sorted(sides[0].keys() & sides[1].keys())
    return confusion(*([side[pair] for pair in pairs] for side in sides), scale)


def test_the_published_agreement_of_nist_and_umbrela_in_2025(real_data):
    folder, scale = real_data / "rag25", range(5)
    matrix = both_grades(folder / "qrels.rag25.test.nist.txt.gz", folder / "qrels.rag25.test-umbrela2.txt.gz", scale)
    assert matrix.tolist() == [
        [1690, 1074, 681, 150, 24],
        [348, 446, 566, 113, 26],
        [405, 735, 1971, 547, 102],
        [80, 136, 554, 411, 137],
        [1, 8, 18, 42, 19],
    ]
    kappas = [cohen_kappa(matrix, weights) for weights in (None, "linear", "quadratic")]
    assert [round(kappa, 4) for kappa in kappas] == [0.2333, 0.3729, 0.4918]
    assert round(exact_agreement(matrix), 4) == 0.4412
    assert round(mean_signed_difference(matrix, scale), 3) == 0.163
    by_threshold = binarised_kappas(matrix, scale)
    assert [round(by_threshold[threshold], 4) for threshold in (1, 2, 3)] == [0.3672, 0.4310, 0.3095]


def test_the_agreement_of_nist_and_umbrela_on_deep_learning_2021(real_data):
    folder = real_data / "dl21"
    matrix = both_grades(folder / "qrels.nist.txt.gz", folder / "qrels.umbrela-gpt-4o.txt.gz", range(4))
    assert matrix.sum() == 10828
    assert round(cohen_kappa(matrix), 4) == 0.3712
    assert round(binarised_kappas(matrix, range(4))[2], 4) == 0.5
