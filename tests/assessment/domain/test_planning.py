import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessment.domain.errors import DomainError
from assessment.domain.planning import AUTOMATIC, CONDITIONS, FILTERED, MANUAL, POST_EDIT, PlannedDuty, PlanTopic, plan

SIZES = st.integers(1, 60).flatmap(lambda pairs: st.tuples(st.just(pairs), st.integers(0, pairs)))
TOPICS = st.dictionaries(st.text(min_size=1, max_size=4), SIZES, max_size=25).map(
    lambda sizes: [PlanTopic(name, *size) for name, size in sizes.items()]
)
PEOPLE = st.sets(st.text(min_size=1, max_size=3), min_size=2, max_size=6)
WEIGHTS = st.dictionaries(st.sampled_from(CONDITIONS), st.integers(1, 5), min_size=1)
SEEDS = st.integers(0, 2**31)
PERCENT = st.integers(0, 100)


def equal_topics(count, pairs=10):
    return [PlanTopic(f"q{number}", pairs, pairs) for number in range(count)]


def work_of(planned, topics, people):
    sizes = {topic.topic: topic for topic in topics}
    loads = dict.fromkeys(people, 0)
    for duty in planned:
        if duty.assessor is not None:
            loads[duty.assessor] += sizes[duty.topic].work(duty.condition)
    return loads


@given(TOPICS, PEOPLE, WEIGHTS, SEEDS, PERCENT)
def test_every_topic_is_planned_once_and_the_overlap_twice_by_two_people(topics, people, weights, seed, percent):
    planned = plan(topics, people, weights, seed=seed, overlap_percent=percent)
    first = [duty for duty in planned if not duty.is_second]
    second = [duty for duty in planned if duty.is_second]
    assert sorted(duty.topic for duty in first) == sorted(topic.topic for topic in topics)
    judged = [duty for duty in first if duty.condition != AUTOMATIC]
    assert len(second) == (percent * len(judged) + 50) // 100
    condition_of = {duty.topic: (duty.condition, duty.assessor) for duty in first}
    for duty in second:
        condition, assessor = condition_of[duty.topic]
        assert duty.condition == condition
        assert duty.assessor != assessor
    assert len({duty.topic for duty in second}) == len(second)
    assert all((duty.assessor is None) == (duty.condition == AUTOMATIC) for duty in planned)


@given(TOPICS, PEOPLE, WEIGHTS, SEEDS, PERCENT)
def test_loads_differ_by_one_topic_at_most(topics, people, weights, seed, percent):
    loads = work_of(plan(topics, people, weights, seed=seed, overlap_percent=percent), topics, people)
    assert max(loads.values()) - min(loads.values()) <= max((topic.pairs for topic in topics), default=0)


@given(TOPICS, PEOPLE, WEIGHTS, SEEDS, PERCENT)
def test_conditions_get_their_share_of_the_pairs_within_one_topic(topics, people, weights, seed, percent):
    sizes = {topic.topic: topic.pairs for topic in topics}
    pairs = dict.fromkeys(weights, 0)
    for duty in plan(topics, people, weights, seed=seed, overlap_percent=percent):
        pairs[duty.condition] += 0 if duty.is_second else sizes[duty.topic]
    largest = max(sizes.values(), default=0)
    for one in weights:
        for other in weights:
            # over the common denominator, so that no rounding decides
            apart = pairs[one] * weights[other] - pairs[other] * weights[one]
            assert apart <= largest * max(weights[one], weights[other])


@given(TOPICS, PEOPLE, WEIGHTS, SEEDS, PERCENT)
def test_the_same_seed_gives_the_same_plan_in_whatever_order_it_was_asked(topics, people, weights, seed, percent):
    asked = plan(topics, sorted(people), weights, seed=seed, overlap_percent=percent)
    again = plan(
        random.Random(1).sample(topics, len(topics)),
        sorted(people, reverse=True),
        dict(reversed(weights.items())),
        seed=seed,
        overlap_percent=percent,
    )
    assert again == asked


def test_another_seed_gives_another_plan():
    plans = [plan(equal_topics(20), ["ann", "ben"], [MANUAL, FILTERED], seed=seed) for seed in range(5)]
    assert all(one != other for one, other in zip(plans, plans[1:], strict=False))


def test_a_plan_is_the_same_on_every_machine():
    """Literal, so that a change of the draw is seen: published plans must come out again."""
    planned = plan(
        [PlanTopic("q1", 4, 2), PlanTopic("q2", 9, 9), PlanTopic("q3", 5, 0)],
        ["ann", "ben"],
        {MANUAL: 1, POST_EDIT: 1},
        seed=7,
        overlap_percent=34,
        reveal="always",
        suggestion_source="umbrela",
    )
    assert [tuple(duty) for duty in planned] == [
        ("q1", "ann", "post_edit", "always", "umbrela", False, 100),
        ("q1", "ben", "post_edit", "always", "umbrela", True, 100),
        ("q2", "ann", "post_edit", "always", "umbrela", False, 100),
        ("q3", "ben", "manual", "never", None, False, 100),
    ]


def test_equal_topics_give_everybody_every_condition_equally_often():
    planned = plan(equal_topics(24), ["ann", "ben", "cem"], [MANUAL, FILTERED], seed=3)
    cells = Counter((duty.assessor, duty.condition) for duty in planned)
    assert set(cells.values()) == {4}
    assert len(cells) == 6


def test_people_share_what_they_read_and_not_what_is_filtered_away():
    topics = [PlanTopic(f"q{number}", 10, 2) for number in range(12)]
    planned = plan(topics, ["ann", "ben"], [MANUAL, FILTERED], seed=1)
    loads = work_of(planned, topics, ["ann", "ben"])
    assert sum(loads.values()) == 6 * 10 + 6 * 2
    assert abs(loads["ann"] - loads["ben"]) <= 10


def test_loads_of_topics_of_many_sizes_come_out_nearly_even():
    topics = [PlanTopic(f"q{number}", 20 + number % 50, 20 + number % 50) for number in range(300)]
    people = [f"p{number}" for number in range(30)]
    loads = work_of(plan(topics, people, [MANUAL, FILTERED, POST_EDIT], seed=1, overlap_percent=20), topics, people)
    assert max(loads.values()) - min(loads.values()) <= 5
    assert sum(loads.values()) > 15_000


def test_second_assessors_come_from_every_condition_in_proportion():
    planned = plan(equal_topics(40), ["ann", "ben", "cem"], {MANUAL: 3, FILTERED: 1}, seed=2, overlap_percent=20)
    assert Counter(duty.condition for duty in planned if duty.is_second) == {MANUAL: 6, FILTERED: 2}


def test_terms_go_with_the_condition():
    planned = plan(
        equal_topics(8), ["ann"], CONDITIONS, seed=0, reveal="commit_then_reveal", suggestion_source="umbrela"
    )
    assert {duty[2:5] for duty in planned} == {
        (MANUAL, "never", None),
        (FILTERED, "never", "umbrela"),
        (POST_EDIT, "commit_then_reveal", "umbrela"),
        (AUTOMATIC, "never", "umbrela"),
    }


def test_a_plan_without_anybody_is_all_automatic():
    assert plan(equal_topics(1), [], [AUTOMATIC], seed=0) == [PlannedDuty("q0", None, AUTOMATIC, "never", None)]


@pytest.mark.parametrize(
    ("people", "conditions", "overlap", "sentence"),
    [
        ([], [MANUAL], 0, "needs people"),
        (["ann"], {}, 0, "needs a condition"),
        (["ann"], {MANUAL: 0}, 0, "needs a condition"),
        (["ann"], {MANUAL: -1}, 0, "below 0"),
        (["ann"], ["blind"], 0, "no condition “blind”"),
        (["ann", "ann"], [MANUAL], 10, "at least two people"),
        (["ann", "ben"], [MANUAL], 101, "from 0 to 100"),
        (["ann", "ben"], [MANUAL], -1, "from 0 to 100"),
    ],
)
def test_what_no_plan_can_be_made_of_is_refused_in_words(people, conditions, overlap, sentence):
    with pytest.raises(DomainError, match=sentence):
        plan(equal_topics(3), people, conditions, seed=0, overlap_percent=overlap)
