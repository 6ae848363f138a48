import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import kendalltau

from assessment.domain import many_taus
from assessment.domain.correlation import kendall_tau
from assessment.domain.many_taus import kendall_taus

SCORES = st.integers(2, 7).flatmap(
    lambda runs: arrays(np.float64, (4, runs), elements=st.sampled_from([0, 0.25, 0.5, 1]))
)


def by_scipy(a, b):
    return [np.nan if (tau := kendall_tau(x, y)) is None else tau for x, y in zip(a, b, strict=True)]


@given(SCORES, st.randoms(use_true_random=False))
def test_every_tau_is_the_one_of_scipy_with_ties(a, random):
    b = a.copy()
    for row in b:
        random.shuffle(row)
    assert kendall_taus(a, b) == pytest.approx(by_scipy(a, b), nan_ok=True)


def test_samples_taken_in_several_blocks_are_the_same(monkeypatch):
    rng = np.random.default_rng(5)
    a, b = rng.random((100, 12)).round(1), rng.random((100, 12)).round(1)
    whole = kendall_taus(a, b)
    monkeypatch.setattr(many_taus, "BLOCK_BYTES", 12 * 2 * 7)
    assert (kendall_taus(a, b) == whole).all()
    assert whole[3] == pytest.approx(kendalltau(a[3], b[3]).statistic)


def test_one_ranking_is_compared_with_each_of_many():
    rng = np.random.default_rng(6)
    one, many = rng.random(9), rng.random((5, 9))
    assert kendall_taus(one, many) == pytest.approx([kendall_tau(one, row) for row in many])
    assert kendall_taus(many, one) == pytest.approx([kendall_tau(one, row) for row in many])


def test_noise_below_the_sixth_decimal_is_a_tie():
    assert np.isnan(kendall_taus([0.5, 0.5 + 1e-9], [0.1, 0.2])).all()


def test_fewer_than_two_runs_have_no_tau():
    assert np.isnan(kendall_taus(np.ones((3, 1)), np.ones((3, 1)))).all()


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="cannot be compared"):
        kendall_taus(np.ones((3, 4)), np.ones((2, 4)))
