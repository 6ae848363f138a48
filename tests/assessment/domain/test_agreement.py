import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score, confusion_matrix

from assessment.domain.agreement import (
    agreement_figures,
    all_confusions,
    binarised_kappas,
    cohen_kappa,
    coincidences,
    confusion,
    exact_agreement,
    gwet_ac1,
    krippendorff_alpha,
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


def alpha_by_definition(units: list[list[int]], metric: str) -> float | None:
    """Krippendorff's alpha from its definition, value by value: observed over expected mean squared distance."""
    units = [values for values in units if len(values) > 1]
    pooled = sorted(value for values in units for value in values)

    def distance(one: int, other: int) -> float:
        if metric == "nominal":
            return float(one != other)
        low, high = sorted((one, other))
        between = sum(low <= value <= high for value in pooled)
        return (between - (pooled.count(low) + pooled.count(high)) / 2) ** 2 if low != high else 0.0

    def ordered_pairs(values):
        return [(a, b) for i, a in enumerate(values) for j, b in enumerate(values) if i != j]

    if not pooled or len(set(pooled)) == 1:
        return None
    observed = sum(sum(distance(*p) for p in ordered_pairs(values)) / (len(values) - 1) for values in units)
    expected = sum(distance(*p) for p in ordered_pairs(pooled)) / (len(pooled) - 1)
    return 1 - observed / expected


def coincidences_of(units: list[list[int]], scale: range) -> np.ndarray:
    """Any number of values a unit, each unit weighing as much as it has values (Krippendorff 2011, step 2)."""
    counted = np.zeros((len(scale), len(scale)))
    for values in units:
        for i, one in enumerate(values):
            for j, other in enumerate(values):
                if i != j:
                    counted[scale.index(one), scale.index(other)] += 1 / (len(values) - 1)
    return counted


# Krippendorff 2011, section C: four observers, twelve units, values missing.
FOUR_OBSERVERS = [
    [1, 1, 1], [2, 2, 3, 2], [3, 3, 3, 3], [3, 3, 3, 3], [2, 2, 2, 2], [1, 2, 3, 4],
    [4, 4, 4, 4], [1, 1, 2, 1], [2, 2, 2, 2], [5, 5, 5], [1, 1], [3],
]  # fmt: skip


@pytest.mark.parametrize(("metric", "published"), [("nominal", 0.743), ("ordinal", 0.815)])
def test_alpha_of_four_observers_is_the_published_one(metric, published):
    alpha = krippendorff_alpha(coincidences_of(FOUR_OBSERVERS, range(1, 6)), metric)
    assert round(alpha, 3) == published
    assert alpha == pytest.approx(alpha_by_definition(FOUR_OBSERVERS, metric))


@pytest.mark.parametrize(
    ("first", "second", "published"),
    [
        ("0100000010", "1110010000", 0.095),  # section A, two observers, binary
        ("aabbdcccedda", "babbbccceddd", 0.692),  # section B, two observers, five categories
    ],
)
def test_alpha_of_two_observers_is_the_published_one(first, second, published):
    values = sorted({*first, *second})
    matrix = confusion([values.index(v) for v in first], [values.index(v) for v in second], range(len(values)))
    assert round(krippendorff_alpha(coincidences(matrix), "nominal"), 3) == published


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=12), st.sampled_from(["nominal", "ordinal"]))
def test_alpha_equals_its_definition_value_by_value(pairs, metric):
    matrix = confusion([a for a, _ in pairs], [b for _, b in pairs], range(5))
    expected = alpha_by_definition([list(pair) for pair in pairs], metric)
    alpha = krippendorff_alpha(coincidences(matrix), metric)
    assert (alpha is None) == (expected is None)
    assert expected is None or alpha == pytest.approx(expected)


def test_ac1_of_the_kappa_paradox_is_the_published_one():
    """Gwet 2002: 94 % agreement with a kappa below zero, because nearly everything has one grade."""
    matrix = np.array([[118, 5], [2, 0]])
    assert round(cohen_kappa(matrix), 4) == -0.0234
    assert round(gwet_ac1(matrix), 4) == 0.9408


def test_ac1_of_three_grades_worked_by_hand():
    # Exact 6/10. Shares of the gradings 9/20, 6/20, 5/20; chance (.45*.55 + .3*.7 + .25*.75) / 2 = .3225.
    matrix = np.array([[3, 1, 1], [0, 2, 1], [1, 0, 1]])
    assert gwet_ac1(matrix) == pytest.approx((0.6 - 0.3225) / (1 - 0.3225))


def test_alpha_is_undefined_with_one_grade_and_ac1_is_not():
    matrix = confusion([2, 2], [2, 2], range(4))
    assert krippendorff_alpha(coincidences(matrix)) is None
    assert gwet_ac1(matrix) == 1.0


def test_without_pairs_every_figure_is_undefined():
    figures = agreement_figures(confusion([], [], range(3)), range(3))
    assert figures == (0, *[None] * 7, {1: None, 2: None})


@pytest.mark.parametrize("seed", range(3))
def test_all_confusions_at_once_are_those_of_every_two_assessors(seed):
    rng = np.random.default_rng(seed)
    graded = rng.integers(-1, 4, (5, 40))  # -1: not judged
    graded[4] = -1
    assessors, pairs = np.nonzero(graded >= 0)
    found = all_confusions(assessors, pairs * 1_000_003, graded[assessors, pairs], 5, 4)
    for a in range(5):
        for b in range(5):
            both = (graded[a] >= 0) & (graded[b] >= 0)
            assert found[a, b].tolist() == confusion(graded[a][both], graded[b][both], range(4)).tolist()


def test_no_judgments_at_all_give_empty_confusions():
    nothing = np.array([], dtype=np.int64)
    assert not all_confusions(nothing, nothing, nothing, 2, 3).any()
