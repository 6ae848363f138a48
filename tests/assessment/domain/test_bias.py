import numpy as np
import pytest
from scipy import stats

from assessment.domain.bias import grade_biases, group_biases, topic_biases
from assessment.domain.model_families import circularity, declared, families, family

# methods.md: NIST (rows) and UMBRELA-2 on the 10,284 pairs of RAG25.
RAG25 = np.array(
    [
        [1690, 1074, 681, 150, 24],
        [348, 446, 566, 113, 26],
        [405, 735, 1971, 547, 102],
        [80, 136, 554, 411, 137],
        [1, 8, 18, 42, 19],
    ]
)


def test_bias_by_grade_adds_up_to_the_bias_of_all():
    rows = grade_biases(RAG25, range(5))
    assert [row.n for row in rows] == RAG25.sum(axis=1).tolist()
    assert sum(row.n * row.bias for row in rows) / RAG25.sum() == pytest.approx(0.163, abs=5e-4)
    assert rows[0].bias == pytest.approx((1074 + 2 * 681 + 3 * 150 + 4 * 24) / 3619)
    assert rows[0].bias > 0 > rows[4].bias
    assert grade_biases(np.zeros((2, 2), dtype=int), [0, 1])[0] == (0, 0, None)


def test_bias_by_topic_has_the_interval_of_its_mean():
    topics = np.array([3, 3, 3, 5, 8, 8])
    manual, automatic = np.array([0, 1, 2, 1, 2, 2]), np.array([1, 1, 3, 0, 2, 2])
    first, second, third = topic_biases(topics, manual, automatic)
    assert (first.topic, first.n, first.bias, first.reach) == (5, 1, -1.0, None)
    assert (second.topic, second.bias, second.reach) == (8, 0.0, 0.0)
    gaps = [1, 0, 1]
    low, high = stats.t.interval(0.95, 2, loc=np.mean(gaps), scale=stats.sem(gaps))
    assert (third.bias - third.reach, third.bias + third.reach) == pytest.approx((low, high))


def test_bias_by_group_stands_beside_the_other_runs():
    names = [["gpt"], ["gpt", "llama"], ["llama"], []]
    rows = group_biases(names, np.array([0.3, 0.2, 0.0, 0.1]), np.array([2, 1, -1, -2]))
    assert [(row.name, row.n_runs) for row in rows] == [("gpt", 2), ("llama", 2)]
    assert (rows[0].bias, rows[0].against_others, rows[0].rank_change) == pytest.approx((0.25, 0.2, 1.5))
    (alone,) = group_biases([["gpt"]], np.array([0.3]), np.array([0]))
    assert alone.against_others is None


@pytest.mark.parametrize(
    ("model", "of"),
    [
        ("gpt-4o-2024-08-06", "gpt"),
        ("openai/o3-mini", "gpt"),
        ("meta-llama/Llama-3.1-70B-Instruct", "llama"),
        ("Qwen/Qwen2.5-7B", "qwen"),
        ("mistralai/Mixtral-8x7B", "mistral"),
        ("claude-3-5-sonnet", "claude"),
        ("BM25", "bm"),
        ("7B", ""),
    ],
)
def test_the_family_of_a_model(model, of):
    assert family(model) == of


def test_several_models_are_separated_by_commas():
    assert declared(" gpt-4o, ,BGE ") == ["gpt-4o", "BGE"]
    assert families("gpt-4o, o3-mini, bge") == ["gpt", "bge"]


@pytest.mark.parametrize(
    ("run", "judge", "how"),
    [
        ("openai/GPT-4o, bge", "gpt-4o", "model"),
        ("gpt-4o-mini", "gpt-4o", "family"),
        ("llama-3", "gpt-4o", ""),
        ("", "gpt-4o", ""),
        ("gpt-4o", "", ""),
        ("7B", "8B", ""),
    ],
)
def test_a_judge_of_its_own_kin(run, judge, how):
    assert circularity(run, judge) == how
