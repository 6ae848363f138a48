"""Pools with a depth for each run, shared pools, and pools that grow."""

import uuid

import pytest
from django.db import IntegrityError
from django.utils import timezone

from assessment.domain.errors import DomainError
from assessment.models import Judgment, Lease, Order, PoolItem, Ranking, Run
from assessment.selectors.judging import duty_items, item_order
from assessment.services.duties import duties_assign
from assessment.services.pools import pool_create, pool_extend, pool_extension_preview, pool_preview
from assessment.services.tracks import track_create


def docids_of(pool, topic):
    return list(pool.items.filter(topic=topic).order_by("position").values_list("document__docid", flat=True))


def contents(pool):
    """All that the pool says of its pairs, but where they stand."""
    rows = pool.items.order_by("topic__qid", "document__docid")
    return list(rows.values_list("topic__qid", "document__docid", "best_rank", "lot", "run_ids", "ranks"))


def depths_in(pool):
    return dict(pool.poolrun_set.values_list("run__tag", "depth"))


def stored():
    return list(PoolItem.with_planted.order_by("pk").values()), list(Run.pools.through.objects.values())


@pytest.fixture
def up(runs):
    return runs[0]


@pytest.fixture
def down(runs):
    return runs[1]


@pytest.fixture
def first(track, up):
    """d1 and d2 of every topic."""
    return pool_create(track=track, name="first", depth=2, runs=[up], order=Order.DOCID)


def plant(duty, document, source, position=1):
    """A vigilance item as the organizer's plan makes it."""
    return PoolItem.with_planted.create(
        pool=duty.pool,
        topic=duty.topic,
        document=document,
        position=position,
        best_rank=1,
        lot=1,
        run_ids=[],
        ranks=[],
        planted_for=duty,
        planted={"grade": 3, "confidence": 0.9, "distribution": {}},
        trusted_grade=0,
        trusted_by=source,
    )


# A depth for each run


def test_each_run_is_pooled_to_its_own_depth_or_to_the_pools(track, topics, up, down):
    preview = pool_preview(track=track, depth=1, depths={up: 3, down: None})
    pool = pool_create(track=track, name="p", depth=1, depths={up: 3, down: None}, order="docid")
    assert docids_of(pool, topics[0]) == ["d1", "d2", "d3", "d6"]
    assert docids_of(pool, topics[2]) == ["d1", "d2", "d3"]
    assert [row.size for row in preview] == [4, 4, 3]
    assert depths_in(pool) == {"up": 3, "down": None}


def test_a_run_may_be_shallower_than_the_pool(track, topics, up, down):
    pool = pool_create(track=track, name="p", depth=4, depths={up: 1}, order="docid")
    assert docids_of(pool, topics[0]) == ["d1", "d3", "d4", "d5", "d6"]


@pytest.mark.parametrize(("depth", "said"), [(0, "from 1 to .*: see up"), (-1, "see up"), (2**31, "see up")])
def test_a_depth_that_no_run_can_have_is_refused_with_the_run(track, up, down, depth, said):
    for service in (pool_preview, pool_create):
        named = {"name": "p"} if service is pool_create else {}
        with pytest.raises(DomainError, match=said):
            service(track=track, depth=2, depths={up: depth}, **named)
    assert not track.pools.exists()


def test_a_depth_of_a_run_that_is_not_chosen_is_refused(track, up, down):
    with pytest.raises(DomainError, match="not among the chosen ones: down"):
        pool_create(track=track, name="p", depth=2, runs=[up], depths={down: 3})


# Shared pools


def test_a_pool_may_be_shared_by_a_number_of_people_with_an_overlap(track, runs):
    pool = pool_create(track=track, name="p", depth=2, quota=2, overlap_percent=10, order="move_to_front")
    pool.refresh_from_db()
    assert (pool.quota, pool.overlap_percent, pool.order) == (2, 10, "move_to_front")


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ({"quota": 0}, "1 to 100 people"),
        ({"quota": 101}, "1 to 100 people"),
        ({"quota": 1, "overlap_percent": 101}, "from 0 to 100 %"),
        ({"quota": 1, "overlap_percent": -1}, "from 0 to 100 %"),
        ({"overlap_percent": 10}, "there is no overlap"),
    ],
)
def test_terms_of_sharing_that_make_no_sense_are_refused(track, runs, terms, said):
    with pytest.raises(DomainError, match=said):
        pool_create(track=track, name="p", depth=2, **terms)
    assert not track.pools.exists()


# Pools that grow


def test_only_the_new_pairs_become_items_and_they_come_last(first, topics, down):
    before = list(first.items.values_list("pk", "position"))
    assert pool_extend(pool=first, runs={down: 5}) == 8
    # d6, d5, d4, d3, d2: all but the last are new in q1 and q2, by docid among each other; q3 is not in `down`
    assert docids_of(first, topics[0]) == ["d1", "d2", "d3", "d4", "d5", "d6"]
    assert docids_of(first, topics[2]) == ["d1", "d2"]
    assert list(first.items.filter(pk__in=[pk for pk, _ in before]).values_list("pk", "position")) == before
    assert depths_in(first) == {"up": None, "down": 5}


def test_new_items_come_in_the_pools_order_among_each_other(track, topics, up, down):
    pool = pool_create(track=track, name="p", depth=1, runs=[up], order=Order.BEST_RANK)
    pool_extend(pool=pool, runs={down: 3})
    assert docids_of(pool, topics[0]) == ["d1", "d6", "d5", "d4"]
    assert list(pool.items.filter(topic=topics[0]).values_list("position", flat=True)) == [1, 2, 3, 4]


def test_items_that_are_there_learn_which_of_the_runs_have_them_too(first, topics, up, down):
    pool_extend(pool=first, runs={down: 6})
    item = first.items.get(topic=topics[0], document__docid="d2")
    assert (item.best_rank, dict(zip(item.run_ids, item.ranks, strict=True))) == (2, {up.pk: 2, down.pk: 5})
    item = first.items.get(topic=topics[0], document__docid="d6")
    assert (item.best_rank, item.run_ids, item.ranks) == (1, [down.pk], [1])


@pytest.mark.parametrize("order", ["shuffle", "docid", "best_rank"])
def test_a_pool_made_in_steps_is_the_pool_made_at_once(track, documents, topics, up, down, order):
    late = Run.objects.create(track=track, tag="late", sha256="3" * 64, lines=2)
    Ranking.objects.create(run=late, topic=topics[2], documents=[documents[5].pk, documents[1].pk], scores=[2.0, 1.0])
    at_once = pool_create(track=track, name="once", depth=3, depths={up: 4, down: 2}, order=order)
    # `down` and then `late` have topics that those before them have not
    in_steps = pool_create(track=track, name="steps", depth=3, runs=[down], depths={down: 1}, order=order)
    pool_extend(pool=in_steps, runs={late: None})
    pool_extend(pool=in_steps, runs={down: 2, up: 1})
    pool_extend(pool=in_steps, runs={up: 4})
    assert contents(in_steps) == contents(at_once)
    assert depths_in(in_steps) == depths_in(at_once)


def test_a_run_in_the_pool_can_be_taken_deeper(first, topics, up):
    assert pool_extend(pool=first, runs={up: 3}) == 3
    assert docids_of(first, topics[2]) == ["d1", "d2", "d3"]
    assert depths_in(first) == {"up": 3}


def test_a_run_that_was_shallower_can_come_to_the_pools_depth(track, topics, up):
    pool = pool_create(track=track, name="p", depth=3, runs=[up], depths={up: 1})
    assert pool_extend(pool=pool, runs={up: None}) == 6
    assert depths_in(pool) == {"up": None}


def test_the_preview_tells_what_is_new_in_each_topic_and_stores_nothing(first, topics, down):
    before = stored()
    preview = pool_extension_preview(pool=first, runs={down: 5})
    assert [(row.topic, row.size) for row in preview] == [(topics[0], 4), (topics[1], 4), (topics[2], 0)]
    assert stored() == before
    assert pool_extend(pool=first, runs={down: 5}) == sum(row.size for row in preview)


def test_a_run_that_brings_nothing_new_is_in_the_pool_all_the_same(track, first, topics, up, documents):
    echo = Run.objects.create(track=track, tag="echo", sha256="3" * 64, lines=1)
    Ranking.objects.create(run=echo, topic=topics[0], documents=[documents[1].pk], scores=[1.0])
    assert pool_extend(pool=first, runs={echo: None}) == 0
    item = first.items.get(topic=topics[0], document=documents[1])
    assert dict(zip(item.run_ids, item.ranks, strict=True)) == {echo.pk: 1, up.pk: 2}
    assert item.best_rank == 1
    assert set(first.runs.all()) == {up, echo}


@pytest.mark.parametrize("depth", [None, 2, 1])
def test_a_run_that_is_in_as_deep_already_is_refused(first, up, down, depth):
    before = stored()
    for service in (pool_extension_preview, pool_extend):
        with pytest.raises(DomainError, match=r"In the pool already: up \(to depth 2\)"):
            service(pool=first, runs={down: 3, up: depth})
    assert stored() == before


def test_what_cannot_be_added_is_refused_and_nothing_is_stored(first, up):
    other = track_create(slug="other", name="Other", scale=range(2))
    stranger = Run.objects.create(track=other, tag="stranger", lines=0)
    before = stored()
    for runs, said in [
        ({}, "at least one run"),
        ({stranger: None}, "of another track: stranger"),
        ({up: 0}, "from 1 to"),
        ({up: 2**31}, "from 1 to"),
    ]:
        for service in (pool_extension_preview, pool_extend):
            with pytest.raises(DomainError, match=said):
                service(pool=first, runs=runs)
    assert stored() == before


def test_a_pool_that_breaks_half_way_stays_as_it_was(first, down, monkeypatch):
    before = stored()

    def broken(*arguments):
        raise IntegrityError("the disk is full")

    monkeypatch.setattr("assessment.services.pools.add_items", broken)
    with pytest.raises(IntegrityError):
        pool_extend(pool=first, runs={down: 5})
    assert stored() == before


def test_a_pool_over_chosen_topics_keeps_to_them(track, topics, up, down):
    pool = pool_create(track=track, name="p", depth=1, runs=[up], topics=[topics[0]])
    assert [row.topic for row in pool_extension_preview(pool=pool, runs={down: 3})] == [topics[0]]
    assert pool_extend(pool=pool, runs={down: 3}) == 3
    assert set(pool.items.values_list("topic", flat=True)) == {topics[0].pk}


def test_a_topic_for_which_the_first_runs_had_nothing_comes_with_those_that_have(track, topics, up, down):
    pool = pool_create(track=track, name="p", depth=1, runs=[down])
    assert not pool.items.filter(topic=topics[2]).exists()
    assert [row.size for row in pool_extension_preview(pool=pool, runs={up: 1})] == [1, 1, 1]
    pool_extend(pool=pool, runs={up: 1})
    assert docids_of(pool, topics[2]) == ["d1"]


def test_pools_of_one_track_do_not_touch_each_other(track, first, up, down):
    second = pool_create(track=track, name="second", depth=1, runs=[up, down])
    before = contents(second)
    pool_extend(pool=first, runs={down: 5})
    assert contents(second) == before


# Pools that grow while people judge


def test_whoever_has_the_duty_sees_the_new_items_at_once_and_after_the_others(first, topics, down, assessor_bob):
    duties_assign(pool=first, assessor=assessor_bob, condition="manual")
    duty = first.duties.get(topic=topics[0])
    pool_extend(pool=first, runs={down: 1})
    shown = duty_items(duty).order_by(*item_order(duty))
    assert list(shown.values_list("document__docid", flat=True)) == ["d1", "d2", "d6"]


def test_judgments_of_items_that_are_there_stay(first, topics, documents, down, assessor_bob):
    duties_assign(pool=first, assessor=assessor_bob, condition="manual")
    Judgment.objects.create(assessor=assessor_bob, topic=topics[0], document=documents[0], grade=2)
    pool_extend(pool=first, runs={down: 6})
    graded = duty_items(first.duties.get(topic=topics[0])).filter(state="graded")
    assert list(graded.values_list("document__docid", "grade")) == [("d1", 2)]


@pytest.fixture
def post_edit(first, topics, nist, assessor_bob):
    duties_assign(pool=first, assessor=assessor_bob, condition="post_edit", reveal="always", suggestion_source=nist)
    return first.duties.get(topic=topics[0])


def test_planted_passages_are_no_items_and_do_not_move_the_new_ones(first, topics, documents, down, nist, post_edit):
    planted = plant(post_edit, documents[2], nist, position=40)
    before = PoolItem.with_planted.filter(pk=planted.pk).values().get()
    assert pool_extension_preview(pool=first, runs={down: 1})[0].size == 1
    pool_extend(pool=first, runs={down: 1})
    assert first.items.get(topic=topics[0], document=documents[5]).position == 3
    assert PoolItem.with_planted.filter(pk=planted.pk).values().get() == before


def test_a_planted_passage_that_the_pool_gets_is_planted_no_more(first, topics, documents, down, nist, post_edit):
    plant(post_edit, documents[5], nist)
    assert pool_extension_preview(pool=first, runs={down: 1})[0].size == 1
    assert pool_extend(pool=first, runs={down: 1}) == 2
    item = PoolItem.with_planted.get(topic=topics[0], document=documents[5])
    assert (item.planted_for, item.position) == (None, 3)


def test_a_planted_passage_that_is_answered_stays(first, topics, documents, down, nist, post_edit, assessor_bob):
    planted = plant(post_edit, documents[5], nist)
    Judgment.with_vigilance.create(
        assessor=assessor_bob, topic=topics[0], document=documents[5], grade=3, vigilance=True
    )
    pool_extend(pool=first, runs={down: 1})
    assert PoolItem.with_planted.filter(pk=planted.pk).exists()


def test_a_planted_passage_on_somebodys_desk_stays(first, documents, down, nist, post_edit, assessor_bob):
    planted = plant(post_edit, documents[5], nist)
    Lease.objects.create(
        item=planted, assessor=assessor_bob, duty=post_edit, tab=uuid.uuid4(), expires_at=timezone.now()
    )
    pool_extend(pool=first, runs={down: 1})
    assert PoolItem.with_planted.filter(pk=planted.pk).exists()


def test_the_number_of_queries_does_not_grow_with_what_is_added(first, down, django_assert_max_num_queries):
    with django_assert_max_num_queries(9):
        pool_extension_preview(pool=first, runs={down: 6})
    with django_assert_max_num_queries(26):
        pool_extend(pool=first, runs={down: 6})
