import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessment.domain.pooling import BEST_RANK, DOCID, SHUFFLE, PoolEntry, ordered, topic_pool

RANKINGS = {"bm25": ["a", "b", "c"], "dense": ["b", "d"], "late": []}


def order(entries, how, seed=1, topic="301"):
    return [entry.document for entry in ordered(entries, how, seed=seed, topic=topic, docid=str)]


def test_a_pool_knows_the_runs_and_ranks_that_brought_each_document():
    assert topic_pool(RANKINGS, 2) == [
        PoolEntry("a", 1, ((0, 1),)),
        PoolEntry("b", 1, ((0, 2), (1, 1))),
        PoolEntry("d", 2, ((1, 2),)),
    ]


@pytest.mark.parametrize("depths", [0, {"bm25": 2, "dense": 0, "late": 1}])
def test_a_depth_below_one_is_refused(depths):
    with pytest.raises(ValueError, match="depth 0"):
        topic_pool(RANKINGS, depths)


def test_each_run_may_have_a_depth_of_its_own():
    assert topic_pool(RANKINGS, {"bm25": 3, "dense": 1, "late": 9}) == [
        PoolEntry("a", 1, ((0, 1),)),
        PoolEntry("b", 1, ((0, 2), (1, 1))),
        PoolEntry("c", 3, ((0, 3),)),
    ]


@given(st.dictionaries(st.text(max_size=3), st.lists(st.integers(0, 20), unique=True), max_size=5), st.integers(1, 12))
def test_a_pool_is_the_union_of_the_first_k_of_each_run(rankings, depth):
    pool = topic_pool(rankings, depth)
    assert {entry.document for entry in pool} == {doc for docs in rankings.values() for doc in docs[:depth]}
    assert len(pool) == len({entry.document for entry in pool})
    runs = list(rankings.values())
    for entry in pool:
        assert all(runs[index][rank - 1] == entry.document for index, rank in entry.runs)
        assert entry.best_rank == min(rank for _, rank in entry.runs)


def test_orders_by_docid_and_by_best_rank():
    pool = topic_pool({"one": ["z", "m"], "two": ["y", "b"]}, 2)
    assert order(pool, DOCID) == ["b", "m", "y", "z"]
    assert order(pool, BEST_RANK) == ["y", "z", "b", "m"]


def test_an_unknown_order_is_refused():
    with pytest.raises(ValueError, match="'random' is none of"):
        order([], "random")


DOCUMENTS = [f"doc{number}" for number in range(40)]


def test_the_shuffle_depends_on_seed_and_topic_and_nothing_else():
    pool = topic_pool({"run": DOCUMENTS}, 40)
    shuffled = order(pool, SHUFFLE)
    assert sorted(shuffled) == sorted(DOCUMENTS)
    assert shuffled != DOCUMENTS
    assert order(random.Random(5).sample(pool, 40), SHUFFLE) == shuffled
    assert order(pool, SHUFFLE, seed=2) != shuffled
    assert order(pool, SHUFFLE, topic="302") != shuffled


def test_the_shuffle_is_the_same_on_every_machine():
    pool = topic_pool({"run": ["a", "b", "c", "d", "e", "f"]}, 6)
    assert "".join(order(pool, SHUFFLE, seed=7)) == "cdbaef"  # the order of sha256sum


def test_an_entry_that_is_added_later_moves_no_other():
    before = order(topic_pool({"run": DOCUMENTS[:30]}, 30), SHUFFLE)
    after = order(topic_pool({"run": DOCUMENTS}, 40), SHUFFLE)
    assert [document for document in after if document in before] == before
