"""The lexical judge: similarities that compare across topics, thresholds by quantiles, monotone probabilities."""

import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression

from assessment.domain.errors import DomainError
from assessment.domain.retrieval import BM25Index
from llm_worker.domain.lexical import JudgedPair, _isotonic, fit, fit_without, similarities

SCALE = (0, 1, 2, 3)


def training(n=200, seed=7):
    """Similarities in [0, 1] and noisy grades that rise with them; 0 is the commonest."""
    random = np.random.default_rng(seed)
    scores = random.uniform(0, 1, n)
    return scores, np.clip(np.floor(scores * 4 - 1.2 + random.normal(0, 0.5, n)), 0, 3).astype(int)


def test_similarity_is_the_share_of_the_collection_that_scores_lower():
    index = BM25Index(["graph graph", "graph of words and more", "nothing", "empty"])
    assert similarities(index, "graph").tolist() == pytest.approx([1, 2 / 3, 0, 0])


def test_similarity_does_not_depend_on_how_long_the_query_is():
    index = BM25Index(["graph graph", "graph of words", "nothing"])
    assert similarities(index, "graph").tolist() == similarities(index, "graph " * 9).tolist()


def test_a_query_without_a_known_word_is_similar_to_nothing():
    assert similarities(BM25Index(["graph", "word"]), "zebra").tolist() == [0, 0]


def test_grades_of_the_training_pairs_are_distributed_as_they_were_given():
    scores, grades = training()
    model = fit(scores, grades, SCALE)
    assert model.pairs == 200
    predicted = [model.grade(score)[0] for score in scores]
    assert np.bincount(predicted, minlength=4).tolist() == np.bincount(grades, minlength=4).tolist()


def test_thresholds_lie_half_way_between_the_scores_on_their_two_sides():
    scores = [i / 100 for i in range(60)]
    grades = [0] * 40 + [1] * 20
    model = fit(scores, grades, (0, 1))
    assert model.thresholds.tolist() == pytest.approx([0.395])
    assert model.grade(0.39)[0] == 0
    assert model.grade(0.40)[0] == 1


def test_grade_and_expected_grade_never_fall_as_similarity_rises():
    model = fit(*training(), SCALE)
    replies = [model.grade(score) for score in np.linspace(-0.1, 1.1, 121)]
    grades = [grade for grade, _ in replies]
    expected = [sum(grade * chance for grade, chance in chances.items()) for _, chances in replies]
    assert grades == sorted(grades)
    assert (np.diff(expected) >= -1e-12).all()
    assert expected[-1] - expected[0] > 1


def test_probabilities_cover_the_scale_sum_to_one_and_are_never_negative():
    model = fit(*training(), SCALE)
    for score in np.linspace(0, 1, 41):
        _, chances = model.grade(score)
        assert tuple(chances) == SCALE
        assert sum(chances.values()) == pytest.approx(1)
        assert min(chances.values()) >= 0


def test_probabilities_say_how_often_a_grade_was_given_at_that_similarity():
    scores = np.repeat([0.1, 0.9], 100)
    grades = np.array([0] * 90 + [1] * 10 + [0] * 20 + [1] * 80)
    _, low = fit(scores, grades, (0, 1)).grade(0.1)
    _, high = fit(scores, grades, (0, 1)).grade(0.9)
    assert low[1] == pytest.approx(0.10, abs=0.02)
    assert high[1] == pytest.approx(0.80, abs=0.02)


def test_the_order_of_training_pairs_changes_nothing_even_with_ties():
    scores, grades = np.round(training()[0], 1), training()[1]
    forward, backward = fit(scores, grades, SCALE), fit(scores[::-1], grades[::-1], SCALE)
    assert [forward.grade(score) for score in scores] == [backward.grade(score) for score in scores]


def test_passages_that_share_no_word_get_the_lower_grade_even_when_most_pairs_are_like_that():
    scores = [0.0] * 80 + [0.5] * 20
    grades = [0] * 60 + [1] * 40
    assert fit(scores, grades, (0, 1)).grade(0.0)[0] == 0


def test_a_grade_that_training_lacks_is_never_given():
    scores, grades = training()
    model = fit(scores, np.minimum(grades, 2), SCALE)
    grade, chances = model.grade(1.0)
    assert grade == 2
    assert chances[3] == 0


def test_a_scale_whose_lowest_grade_was_never_given_starts_higher():
    scores, grades = training()
    assert fit(scores, np.maximum(grades, 1), SCALE).grade(0.0)[0] == 1


def test_pooling_adjacent_violators_equals_scikit_learns_isotonic_regression():
    random = np.random.default_rng(3)
    values, weights = random.normal(size=40) + np.arange(40) / 20, random.integers(1, 9, 40).astype(float)
    expected = IsotonicRegression().fit_transform(np.arange(40), values, sample_weight=weights)
    assert _isotonic(values, weights) == pytest.approx(expected)


def test_the_judged_topics_own_grades_change_nothing():
    scores, grades = training()
    others = [JudgedPair("other", score, grade) for score, grade in zip(scores, grades, strict=True)]
    misleading = [JudgedPair("mine", score, 3 - grade) for score, grade in zip(scores, grades, strict=True)]
    alone, beside = fit_without("mine", others, SCALE), fit_without("mine", others + misleading, SCALE)
    assert [alone.grade(score) for score in scores] == [beside.grade(score) for score in scores]


def test_too_few_judgments_on_other_topics_are_refused_with_their_number():
    scores, grades = training()
    pairs = [JudgedPair("mine", score, grade) for score, grade in zip(scores, grades, strict=True)]
    pairs += [JudgedPair("other", 0.5, 1)] * 49
    with pytest.raises(DomainError, match="at least 50 of them; there are 49"):
        fit_without("mine", pairs, SCALE)


def test_judgments_of_one_grade_only_are_refused():
    with pytest.raises(DomainError, match="all have grade 0"):
        fit(np.linspace(0, 1, 60), [0] * 60, SCALE)


def test_a_grade_outside_the_scale_is_refused():
    scores, grades = training()
    with pytest.raises(DomainError, match="grade -1: it is not on the track's scale"):
        fit([*scores, 0.5], [*grades, -1], SCALE)
