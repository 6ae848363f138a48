import numpy as np
import pytest

from assessment.domain.errors import DomainError
from assessment.domain.prediction_powered import powered_means


def test_the_formula_by_hand():
    """n = 2, N = 2: Cov = 0.5, Var f over all four = 1/3, lambda = 0.5 / (2 * 1/3) = 0.75."""
    found = powered_means(np.array([[1.0, 2.0]]), np.array([[0.0, 1.0]]), np.array([[0.0, 1.0]]))
    assert found.tuned == pytest.approx([0.75])
    assert found.estimate == pytest.approx([0.75 * 0.5 + 1.5 - 0.75 * 0.5])
    variance = 0.75**2 * 0.5 / 2 + 0.25**2 * 0.5 / 2
    assert found.high - found.estimate == pytest.approx([1.959964 * np.sqrt(variance)])
    assert found.effective_n == pytest.approx([0.5 / variance])
    assert (found.human[0], found.human_high[0] - 1.5) == (1.5, pytest.approx(1.959964 * np.sqrt(0.25)))


def test_a_weight_of_nothing_is_the_humans_alone():
    rng = np.random.default_rng(0)
    labels, predictions, more = rng.random((3, 10)), rng.random((3, 10)), rng.random((3, 40))
    found = powered_means(labels, predictions, more, weight=0.0)
    assert found.estimate == pytest.approx(found.human)
    assert found.low == pytest.approx(found.human_low)
    assert found.effective_n == pytest.approx([10] * 3)


def test_a_judge_against_people_gets_no_weight():
    labels = np.array([[0.0, 1.0, 0.0, 1.0]])
    found = powered_means(labels, 1 - labels, np.array([[0.3, 0.9, 0.1]]))
    assert found.tuned == [0]


def drawn(rng, noise, n, more_n):
    """A judge sees what people see, with a bias and noise."""
    truth = rng.normal(size=n + more_n)
    seen = 0.3 + truth + rng.normal(scale=noise, size=n + more_n)
    return truth[None, :n], seen[None, :n], seen[None, n:]


@pytest.mark.parametrize("noise", [0.2, 2.0])
def test_intervals_hold_the_mean_as_often_as_they_say(noise):
    rng = np.random.default_rng(17)
    results = [powered_means(*drawn(rng, noise, 60, 600)) for _ in range(800)]
    held = np.mean([found.low[0] <= 0 <= found.high[0] for found in results])
    assert 0.925 <= held <= 0.97  # 0.95, and three standard errors of 800 draws below


def test_a_good_judge_is_worth_many_labels_and_an_untuned_weak_one_less_than_none():
    rng = np.random.default_rng(3)
    good, weak = drawn(rng, 0.2, 60, 600), drawn(rng, 2.0, 60, 600)
    assert powered_means(*good).effective_n[0] > 240
    assert powered_means(*weak, weight=1.0).effective_n[0] < 30
    assert powered_means(*weak).effective_n[0] > 58


def test_a_mean_without_spread_has_an_interval_without_width():
    found = powered_means(np.ones((1, 3)), np.ones((1, 3)), np.ones((1, 3)))
    assert (found.estimate[0], found.low[0], found.high[0], found.effective_n[0]) == (1, 1, 1, np.inf)


@pytest.mark.parametrize(
    ("labels", "more", "options", "said"),
    [
        (1, 5, {}, "too few"),
        (5, 1, {}, "too few"),
        (5, 5, {"level": 1.0}, "between 0 and 1"),
        (5, 5, {"weight": 1.5}, "λ lies between 0 and 1"),
    ],
)
def test_what_has_no_interval_is_refused(labels, more, options, said):
    with pytest.raises(DomainError, match=said):
        powered_means(np.ones((1, labels)), np.ones((1, labels)), np.ones((1, more)), **options)
