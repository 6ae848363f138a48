import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessment.domain.errors import DomainError
from assessment.domain.planning import (
    AUTOMATIC,
    CONDITIONS,
    FILTERED,
    MANUAL,
    PAIRS,
    POST_EDIT,
    PlannedDuty,
    PlanTopic,
    plan,
)
from assessment.domain.planning import TOPICS as TOPIC_SHARE


def parts(pairs):
    """Of so many pairs: those that are not filtered, then planted ones, and the same of a sample."""
    inside, beside = st.integers(0, pairs), st.integers(0, 9)
    return st.tuples(st.just(pairs), inside, beside, inside, inside, beside).map(
        lambda sizes: (*sizes[:4], min(sizes[3], sizes[4], sizes[1]), min(sizes[2], sizes[5]))
    )


SIZES = st.integers(1, 60).flatmap(parts)
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
            loads[duty.assessor] += duty.work(sizes[duty.topic])
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


@given(TOPICS, PEOPLE, WEIGHTS, SEEDS, st.integers(1, 100))
def test_an_overlap_by_pairs_is_a_share_of_every_topic_for_somebody_else(topics, people, weights, seed, percent):
    planned = plan(topics, people, weights, seed=seed, overlap_percent=percent, overlap_of=PAIRS)
    first = {duty.topic: duty for duty in planned if not duty.is_second}
    second = {duty.topic: duty for duty in planned if duty.is_second}
    assert second.keys() == {topic for topic, duty in first.items() if duty.condition != AUTOMATIC}
    assert all(duty.sample_percent == 100 for duty in first.values())
    for topic, duty in second.items():
        assert duty.sample_percent == percent
        assert duty.assessor != first[topic].assessor
        assert duty[2:5] == first[topic][2:5]


def test_an_overlap_of_no_pairs_gives_nobody_a_second_duty():
    planned = plan(equal_topics(5), ["ann", "ben"], [MANUAL], seed=1, overlap_percent=0, overlap_of=PAIRS)
    assert len(planned) == 5


def test_people_share_the_samples_and_what_is_planted():
    topics = [PlanTopic(f"q{number}", 30, 10, 2, 6, 3, 1) for number in range(40)]
    people = ["ann", "ben", "cem"]
    planned = plan(topics, people, [MANUAL, POST_EDIT], seed=1, overlap_percent=20, overlap_of=PAIRS)
    loads = work_of(planned, topics, people)
    assert sum(loads.values()) == 20 * (30 + 6) + 20 * (10 + 2 + 3 + 1)
    assert max(loads.values()) - min(loads.values()) <= 4


@given(TOPICS, PEOPLE, WEIGHTS, SEEDS, PERCENT, st.sampled_from([TOPIC_SHARE, PAIRS]))
def test_loads_differ_by_one_topic_at_most(topics, people, weights, seed, percent, overlap_of):
    planned = plan(topics, people, weights, seed=seed, overlap_percent=percent, overlap_of=overlap_of)
    loads = work_of(planned, topics, people)
    largest = max((max(topic.pairs, topic.filtered_pairs + topic.planted) for topic in topics), default=0)
    assert max(loads.values()) - min(loads.values()) <= largest


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


def test_an_overlap_of_something_else_is_refused():
    with pytest.raises(DomainError, match="not of “words”"):
        plan(equal_topics(3), ["ann", "ben"], [MANUAL], seed=0, overlap_percent=10, overlap_of="words")


def test_post_edit_shows_what_filtered_shows_and_what_is_planted():
    topic = PlanTopic("q1", 10, 6, 2, 4, 3, 1)
    assert [topic.work(condition) for condition in CONDITIONS] == [10, 6, 8, 0]
    assert [topic.work(condition, sampled=True) for condition in CONDITIONS] == [4, 3, 4, 0]
