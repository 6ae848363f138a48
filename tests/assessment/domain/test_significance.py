from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm
from statsmodels.stats.multitest import multipletests

from assessment.domain import significance
from assessment.domain.significance import METHODS, groups, pairwise, significance_agreement

RNG = np.random.default_rng(4)
SCORES = np.clip(RNG.random((9, 1)) * 0.6 + RNG.random((1, 25)) * 0.3 + RNG.normal(scale=0.1, size=(9, 25)), 0, 1)
PAIRS = list(combinations(range(9), 2))
UPPER = np.triu_indices(9, 1)


def test_the_paired_t_test_is_the_one_of_scipy_and_holm_the_one_of_statsmodels():
    found = pairwise(SCORES, "t")
    expected = [stats.ttest_rel(SCORES[i], SCORES[j]).pvalue for i, j in PAIRS]
    assert found.p[UPPER] == pytest.approx(expected)
    assert (found.p.T[UPPER] == found.p[UPPER]).all()
    reject, corrected, *_ = multipletests(expected, alpha=0.05, method="holm")
    assert found.adjusted[UPPER] == pytest.approx(corrected)
    assert (found.significant[UPPER] == reject).all()
    assert 0 < reject.sum() < len(PAIRS)
    assert found.difference[UPPER] == pytest.approx([SCORES[i].mean() - SCORES[j].mean() for i, j in PAIRS])


def test_tukeys_test_uses_the_residual_of_runs_and_topics():
    rows = [
        {"score": SCORES[run, topic], "run": f"r{run}", "topic": f"t{topic}"} for run in range(9) for topic in range(25)
    ]
    import pandas as pd

    table = anova_lm(ols("score ~ C(run) + C(topic)", data=pd.DataFrame(rows)).fit())
    error = table.loc["Residual", "sum_sq"] / table.loc["Residual", "df"]
    assert table.loc["Residual", "df"] == 8 * 24
    q = [abs(SCORES[i].mean() - SCORES[j].mean()) / np.sqrt(error / 25) for i, j in PAIRS]
    found = pairwise(SCORES, "tukey")
    assert found.adjusted[UPPER] == pytest.approx(stats.studentized_range.sf(q, 9, 8 * 24), abs=1e-9)
    unpaired = stats.tukey_hsd(*SCORES).pvalue[UPPER]
    assert (found.adjusted[UPPER] <= unpaired + 1e-9).all()
    assert found.significant[UPPER].sum() > (unpaired <= 0.05).sum()


def test_tukeys_p_of_many_pairs_is_interpolated_closely():
    scores = RNG.random((40, 1)) * 0.4 + RNG.normal(scale=0.2, size=(40, 12))
    found = pairwise(scores, "tukey")
    upper = np.triu_indices(40, 1)
    residual = scores - scores.mean(1, keepdims=True) - scores.mean(0) + scores.mean()
    error = np.sqrt((residual**2).sum() / (39 * 11) / 12)
    some = slice(None, None, 13)
    exact = stats.studentized_range.sf(np.abs(found.difference[upper][some]) / error, 40, 39 * 11)
    assert len(upper[0]) > len(significance.GRID)
    assert found.p[upper][some] == pytest.approx(exact, abs=1e-4)


def test_sign_flips_are_what_flipping_each_pair_gives():
    samples = 999
    flips = np.random.default_rng(8).integers(0, 2, size=(samples, 25)) * 2 - 1
    found = pairwise(SCORES, "randomisation", samples=samples, seed=8)
    for i, j in PAIRS:
        gaps = SCORES[i] - SCORES[j]
        as_large = (np.abs((flips * gaps).mean(axis=1)) >= abs(gaps.mean()) - 1e-9).sum()
        assert found.p[i, j] == (1 + as_large) / (1 + samples)
    assert found.method == "sign-flip randomisation (999), Holm"
    assert found.floor == pytest.approx(36 / 1000)


def test_the_randomisation_test_comes_near_the_t_test():
    t, flips = (pairwise(SCORES, method, samples=20_000).p[UPPER] for method in ("t", "randomisation"))
    assert flips == pytest.approx(t, abs=0.03)


def test_missing_scores_leave_their_pairs_of_topics_out():
    scores = SCORES.copy()
    scores[0, :4] = np.nan
    scores[1, 22:] = np.nan
    found = pairwise(scores, "t")
    assert found.p[0, 1] == pytest.approx(stats.ttest_rel(SCORES[0, 4:22], SCORES[1, 4:22]).pvalue)
    assert found.p[2, 3] == pytest.approx(stats.ttest_rel(SCORES[2], SCORES[3]).pvalue)
    assert found.difference[0, 1] == pytest.approx((SCORES[0, 4:22] - SCORES[1, 4:22]).mean())
    flips = pairwise(scores, "randomisation", samples=2_000).p
    assert flips[0, 1] == pytest.approx(found.p[0, 1], abs=0.05)
    assert flips[2, 3] == pytest.approx(pairwise(SCORES, "randomisation", samples=2_000).p[2, 3])
    with pytest.raises(ValueError, match="every run on every topic"):
        pairwise(scores, "tukey")


def test_samples_in_several_blocks_are_the_same(monkeypatch):
    whole = pairwise(SCORES, "randomisation", samples=500).p
    monkeypatch.setattr(significance, "BLOCK", 64)
    assert (pairwise(SCORES, "randomisation", samples=500).p[UPPER] == whole[UPPER]).all()


@pytest.mark.parametrize("method", METHODS)
def test_equal_runs_do_not_differ(method):
    found = pairwise(np.stack([SCORES[0], SCORES[0], SCORES[1]]), method, samples=200)
    assert found.p[0, 1] == pytest.approx(1)
    assert not found.significant[0, 1]


def test_runs_that_differ_by_a_constant_differ_for_certain():
    found = pairwise(np.stack([SCORES[0], SCORES[0] + 0.01]), "t")
    assert found.p[0, 1] == 0
    assert found.significant[0, 1]


@pytest.mark.parametrize("method", METHODS)
def test_one_topic_or_one_run_tests_nothing(method):
    found = pairwise(SCORES[:3, :1], method, samples=20)
    assert np.isnan(found.p).all()
    assert not found.significant.any()
    assert pairwise(SCORES[:1], method, samples=20).n_pairs == 0


def test_an_unknown_test_is_refused():
    with pytest.raises(ValueError, match="known are t, randomisation, tukey"):
        pairwise(SCORES, "wilcoxon")


def test_agreement_counts_every_pair_once():
    manual = pairwise(np.array([[0.9, 0.8, 0.9, 0.8], [0.1, 0.2, 0.1, 0.3], [0.1, 0.25, 0.1, 0.2]]))
    automatic = pairwise(np.array([[0.1, 0.2, 0.15, 0.2], [0.9, 0.8, 0.9, 0.8], [0.15, 0.2, 0.1, 0.25]]))
    found = significance_agreement(manual, automatic)
    # Runs 0 and 1 the wrong way round; 0 and 2 on the manual side alone; 1 and 2 on the automatic side alone.
    assert {name: found[name] for name in ("agree", "opposite", "only_manual", "only_automatic", "neither")} == {
        "agree": 0,
        "opposite": 1,
        "only_manual": 1,
        "only_automatic": 1,
        "neither": 0,
    }
    assert (found["alpha"], found["method"]) == (0.05, "paired t, Holm")
    same = significance_agreement(manual, manual)
    assert (same["agree"], same["neither"], same["opposite"]) == (2, 1, 0)


def test_letters_of_a_chain():
    """Neighbours alike, all others different: every run but the ends shares a letter with both neighbours."""
    significant = np.abs(np.subtract.outer(np.arange(4), np.arange(4))) > 1
    assert groups(significant, np.array([0.9, 0.8, 0.7, 0.6])) == ["a", "ab", "bc", "c"]
    assert groups(significant, np.array([0.6, 0.7, 0.8, 0.9])) == ["c", "bc", "ab", "a"]


@given(st.integers(1, 8), st.integers(0, 2**28 - 1))
def test_runs_share_a_letter_exactly_when_they_do_not_differ(runs, bits):
    significant = np.zeros((runs, runs), dtype=bool)
    for place, (i, j) in enumerate(combinations(range(runs), 2)):
        significant[i, j] = significant[j, i] = bits >> place & 1
    letters = groups(significant, np.arange(runs, 0, -1))
    assert letters[0].startswith("a")
    for i, j in combinations(range(runs), 2):
        assert bool(set(letters[i]) & set(letters[j])) != significant[i, j]


def test_letters_that_nobody_could_read_are_not_given():
    runs = 120
    rng = np.random.default_rng(0)
    noisy = np.triu(rng.random((runs, runs)) < 0.3, 1)
    assert groups(noisy | noisy.T, -np.arange(runs)) is None
    assert groups(np.zeros((0, 0), dtype=bool), np.zeros(0)) == []
