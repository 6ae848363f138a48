import random
from statistics import fmean

import pytest

from benchmarks.replay_pools import (
    DEPTH,
    MOVE_TO_FRONT,
    RANDOM,
    STRATEGIES,
    Collection,
    judged_first,
    replay,
    trec_covid,
)

# one run returns all that is relevant, one nothing of it, and `?` has no grade
GOOD, BAD = list("ab?cdef"), list("uvwxyz")
GRADES = dict.fromkeys("abcdef", 1) | dict.fromkeys("uvwxyz", 0)
COLLECTION = Collection({"good": {"1": GOOD}, "bad": {"1": BAD}}, {"1": GRADES})


def chosen(strategy, seed=1, number=6, grades=GRADES):
    return judged_first(strategy, [GOOD, BAD], grades, number, random.Random(seed))


def test_a_run_that_is_all_relevant_is_judged_to_its_end_by_move_to_front():
    # the order of the runs is drawn: when the bad one is first, its first document is all that it costs
    assert {"".join(chosen(MOVE_TO_FRONT, seed)) for seed in range(20)} == {"abcdef", "uabcde"}


def test_depth_judges_the_first_ranks_of_both_runs():
    # rank 3 of the good run has no grade: it is no part of the pool, and those below it do not move up
    assert {"".join(sorted(chosen(DEPTH, seed, number=5))) for seed in range(20)} == {"abuvw"}


def test_random_orders_depend_on_the_seed_alone():
    assert chosen(RANDOM, seed=1) == chosen(RANDOM, seed=1)
    assert len({tuple(chosen(RANDOM, seed)) for seed in range(5)}) > 1


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_judges_as_many_documents_of_the_pool_and_each_once(strategy):
    for number in (0, 1, 6, 12):
        judged = chosen(strategy, number=number)
        assert len(judged) == len(set(judged)) == number
        assert set(judged) <= GRADES.keys()


def test_a_replay_worked_by_hand():
    outcomes = replay(COLLECTION, 0.5, range(10))
    # by rank a u, b v, w, and then c or x, which are both at rank 4
    assert {outcome.found for outcome in outcomes[DEPTH]} == {2 / 6, 3 / 6}
    assert {outcome.found for outcome in outcomes[MOVE_TO_FRONT]} == {1.0, 5 / 6}
    assert {outcome.tau for outcome in outcomes[MOVE_TO_FRONT]} == {1.0}


def test_all_of_the_pool_judged_is_everything_found_whatever_the_order():
    for outcomes in replay(COLLECTION, 1.0, range(2)).values():
        assert outcomes == [(1.0, 1.0), (1.0, 1.0)]


def test_on_trec_covid_move_to_front_finds_more_than_depth_and_depth_more_than_random(real_data):
    collection = trec_covid(real_data / "trec-covid-round1")
    assert (len(collection.runs), len(collection.qrels)) == (28, 30)
    outcomes = replay(collection, 0.2, range(3))
    found = {strategy: [outcome.found for outcome in replays] for strategy, replays in outcomes.items()}
    assert max(found[RANDOM]) < min(found[DEPTH])
    assert max(found[DEPTH]) < min(found[MOVE_TO_FRONT])
    tau = {strategy: fmean(outcome.tau for outcome in replays) for strategy, replays in outcomes.items()}
    assert tau[RANDOM] < tau[DEPTH]
