import pytest

from assessment.domain.errors import DomainError
from assessment.models import POOL_ORDERS, Pool, PoolItem, Ranking, Run
from assessment.services.pools import pool_create, pool_preview
from assessment.services.tracks import track_create


def docids_of(pool, topic):
    return list(pool.items.filter(topic=topic).values_list("document__docid", flat=True))


@pytest.mark.parametrize("depth", [1, 2, 4, 100])
def test_the_preview_tells_the_size_of_the_pool_to_be(track, topics, runs, depth):
    preview = pool_preview(track=track, depth=depth)
    assert not Pool.objects.exists()
    pool = pool_create(track=track, name="p", depth=depth)
    assert [row.topic for row in preview] == topics
    assert [row.size for row in preview] == [pool.items.filter(topic=topic).count() for topic in topics]


def test_a_pool_holds_the_first_documents_of_every_run(track, topics, runs):
    pool = pool_create(track=track, name="p", depth=2, order="docid")
    # `down` returns nothing for q3
    assert [docids_of(pool, topic) for topic in topics] == [
        ["d1", "d2", "d5", "d6"],
        ["d1", "d2", "d5", "d6"],
        ["d1", "d2"],
    ]
    assert set(pool.runs.all()) == set(runs)


def test_items_know_which_runs_brought_them_and_at_which_rank(track, topics, runs):
    up, down = runs
    pool = pool_create(track=track, name="p", depth=4)
    found = {
        item.document.docid: (item.best_rank, dict(zip(item.run_ids, item.ranks, strict=True)))
        for item in pool.items.filter(topic=topics[0]).select_related("document")
    }
    assert found == {
        "d1": (1, {up.pk: 1}),
        "d2": (2, {up.pk: 2}),
        "d3": (3, {up.pk: 3, down.pk: 4}),
        "d4": (3, {up.pk: 4, down.pk: 3}),
        "d5": (2, {down.pk: 2}),
        "d6": (1, {down.pk: 1}),
    }


def test_a_run_without_a_topic_does_not_shift_the_provenance_of_the_others(track, topics, documents, runs):
    first = Run.objects.create(track=track, tag="a-first", sha256="2" * 64, lines=1)
    Ranking.objects.create(run=first, topic=topics[0], documents=[documents[2].pk], scores=[1.0])
    pool = pool_create(track=track, name="p", depth=1)
    items = pool.items.filter(topic=topics[1]).values_list("document__docid", "run_ids")
    assert dict(items) == {"d1": [runs[0].pk], "d6": [runs[1].pk]}


def test_a_pool_over_chosen_runs_knows_no_others(track, topics, runs):
    pool = pool_create(track=track, name="p", depth=1, runs=[runs[1]])
    assert docids_of(pool, topics[0]) == ["d6"]
    assert not pool.items.filter(topic=topics[2]).exists()
    assert list(pool.runs.all()) == [runs[1]]


def test_the_order_in_which_runs_are_named_and_repeated_does_not_matter(track, topics, runs):
    def rows(name, chosen):
        pool = pool_create(track=track, name=name, depth=3, runs=chosen)
        return list(pool.items.values_list("topic", "document", "position", "best_rank", "run_ids", "ranks"))

    assert rows("one", runs) == rows("two", [*runs[::-1], runs[0]])


def test_the_three_orders(track, topics, runs):
    pools = {order: pool_create(track=track, name=order, depth=6, order=order) for order in POOL_ORDERS}
    assert docids_of(pools["docid"], topics[0]) == ["d1", "d2", "d3", "d4", "d5", "d6"]
    assert docids_of(pools["best_rank"], topics[0]) == ["d1", "d6", "d2", "d5", "d3", "d4"]
    assert sorted(docids_of(pools["shuffle"], topics[0])) == docids_of(pools["docid"], topics[0])


def test_a_shuffle_depends_on_its_seed_and_on_nothing_else(track, topics, runs):
    def shuffled(name, seed):
        return docids_of(pool_create(track=track, name=name, depth=6, seed=seed), topics[0])

    assert shuffled("a", 1) == shuffled("b", 1)
    assert len({tuple(shuffled(f"seed {seed}", seed)) for seed in range(2, 8)}) > 1


def test_positions_count_from_one_in_every_topic(track, topics, runs):
    pool = pool_create(track=track, name="p", depth=3)
    for topic in topics:
        positions = list(pool.items.filter(topic=topic).values_list("position", flat=True))
        assert positions == list(range(1, len(positions) + 1))


def test_what_cannot_be_a_pool_is_refused_and_nothing_is_stored(track, topics, runs):
    stranger = Run(track=track_create(slug="other", name="Other", scale=range(2)), tag="stranger", lines=0)
    stranger.save()
    empty = Run.objects.create(track=track, tag="empty", lines=0)
    for options, said in [
        ({"depth": 0}, "depth of at least 1"),
        ({"depth": 2**31}, "depth is at most"),
        ({"seed": -1}, "seed is a number from 0"),
        ({"seed": 2**31}, "seed is a number from 0"),
        ({"order": "random"}, "no order 'random'"),
        ({"runs": []}, "at least one run"),
        ({"runs": [empty]}, "would be empty"),
        ({"runs": [stranger]}, "of another track: stranger"),
        ({"name": " "}, "needs a name"),
        ({"name": "x" * 81}, "needs a name"),
    ]:
        with pytest.raises(DomainError, match=said):
            pool_create(track=track, **{"name": "p", "depth": 2, **options})
    assert not PoolItem.objects.exists()
    assert not Pool.objects.exists()


def test_a_name_is_taken_once_a_track(track, topics, runs):
    pool_create(track=track, name="p", depth=1)
    with pytest.raises(DomainError, match="already has a pool named p"):
        pool_create(track=track, name="p", depth=2)
    assert Pool.objects.get().depth == 1


def test_the_number_of_queries_does_not_grow_with_the_pool(track, topics, runs, django_assert_max_num_queries):
    with django_assert_max_num_queries(20):
        pool_create(track=track, name="p", depth=6)
    with django_assert_max_num_queries(3):
        pool_preview(track=track, depth=6)
