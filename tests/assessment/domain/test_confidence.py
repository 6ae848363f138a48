import math

import pytest

from assessment.domain.confidence import confidence_of


def test_what_a_distribution_says_by_hand():
    found = confidence_of({"0": 0.5, "1": 0.25, "2": 0.25, "3": 0.0}, 1)
    assert found.confidence == 0.25
    assert found.expected == pytest.approx(0.75)
    assert found.entropy == pytest.approx(1.5)
    assert found.margin == pytest.approx(0.25)
    assert (found.first, found.second) == (0, 1)


def test_keys_may_be_grades_or_text():
    assert confidence_of({1: 0.4, 2: 0.6}, 2) == confidence_of({"1": 0.4, "2": 0.6}, 2)


@pytest.mark.parametrize("nothing", [None, {}])
def test_no_distribution_says_nothing(nothing):
    assert confidence_of(nothing, 1) is None


@pytest.mark.parametrize(
    ("distribution", "words"),
    [
        ({0: 0.05, 1: 0.8, 2: 0.15}, "clearly 1"),
        ({0: 0.1, 1: 0.6, 2: 0.3}, "rather 1 than 2"),
        ({0: 0.1, 1: 0.45, 2: 0.45}, "torn between 1 and 2"),
        ({3: 1.0}, "clearly 3"),
    ],
)
def test_how_sure_in_words(distribution, words):
    assert confidence_of(distribution, 1).words == words


def test_a_certain_judge_has_no_entropy_and_a_uniform_one_all_of_it():
    assert confidence_of({0: 1.0, 1: 0.0}, 0).entropy == 0.0
    assert confidence_of(dict.fromkeys(range(8), 1 / 8), 3).entropy == pytest.approx(math.log2(8))
