"""Single documents into a pool: brought by no run, after what is there, once."""

import pytest

from assessment.domain.errors import DomainError
from assessment.models import Document, Pool, PoolItem, Topic
from assessment.services.duties import duties_assign
from assessment.services.pools import pool_add_documents, pool_create, pool_documents_preview, pool_extend
from tests.factories import make_track

pytestmark = pytest.mark.django_db


@pytest.fixture
def unpooled(track, pool):
    """The documents of the collection that the pool does not have in its first topic."""
    topic = pool.items.first().topic
    inside = pool.items.filter(topic=topic).values("document")
    return topic, list(Document.objects.filter(collection=track.collection).exclude(pk__in=inside).order_by("docid"))


def test_new_documents_come_after_those_that_are_there_and_no_run_has_brought_them(pool, unpooled):
    topic, documents = unpooled
    before = list(pool.items.filter(topic=topic).order_by("position").values_list("pk", "position"))
    assert pool_add_documents(pool=pool, places={topic.pk: {one.pk: 2 for one in documents[:2]}}) == 2
    items = list(pool.items.filter(topic=topic).order_by("position"))
    assert [(item.pk, item.position) for item in items[: len(before)]] == before
    added = items[len(before) :]
    assert {item.document_id for item in added} == {one.pk for one in documents[:2]}
    assert [(item.run_ids, item.ranks, item.best_rank) for item in added] == [([], [], 2)] * 2


def test_a_document_that_is_there_stays_as_it_is(pool):
    item = pool.items.first()
    places = {item.topic_id: {item.document_id: 1}}
    assert pool_add_documents(pool=pool, places=places) == 0
    unchanged = PoolItem.objects.get(pk=item.pk)
    assert (unchanged.run_ids, unchanged.ranks) == (item.run_ids, item.ranks)


def test_the_preview_says_what_would_be_added_and_stores_nothing(pool, unpooled):
    topic, documents = unpooled
    there = pool.items.filter(topic=topic).first().document_id
    places = {topic.pk: {documents[0].pk: 1, there: 1}}
    before = pool.items.count()
    assert pool_documents_preview(pool=pool, places=places) == [(topic, 1)]
    assert pool.items.count() == before


def test_whoever_has_the_topic_has_them_at_once(pool, unpooled, assessor_bob):
    topic, documents = unpooled
    duties_assign(pool=pool, assessor=assessor_bob, condition="manual")
    duty = pool.duties.get(topic=topic)
    pool_add_documents(pool=pool, places={topic.pk: {documents[0].pk: 1}})
    assert duty.pool.items.filter(topic=topic, document=documents[0]).exists()


def test_a_pool_for_some_topics_keeps_to_them(track, runs, topics):
    pool = pool_create(track=track, name="one", depth=1, runs=runs, topics=topics[:1])
    other = Document.objects.create(collection=track.collection, docid="cited", text="A passage.")
    places = {topics[0].pk: {other.pk: 1}, topics[1].pk: {other.pk: 1}}
    assert pool_add_documents(pool=pool, places=places) == 1
    assert set(pool.items.values_list("topic", flat=True)) == {topics[0].pk}


def test_a_run_that_comes_later_says_that_it_has_such_a_document_too(track, runs):
    pool = pool_create(track=track, name="one", depth=1, runs=runs[:1])
    inside = set(pool.items.values_list("topic", "document"))
    firsts = [(one.topic_id, one.documents[0]) for one in runs[1].rankings.filter(documents__len__gt=0)]
    topic, document = next(pair for pair in firsts if pair not in inside)
    pool_add_documents(pool=pool, places={topic: {document: 3}})
    pool_extend(pool=pool, runs={runs[1]: None})
    item = pool.items.get(topic=topic, document=document)
    assert (item.run_ids, item.ranks, item.best_rank) == ([runs[1].pk], [1], 1)


def test_strange_topics_and_documents_and_routed_pools_are_refused(track, pool, topics):
    other = make_track("other")
    theirs = Document.objects.create(collection=other.collection, docid="d", text="x")
    topic = Topic.objects.create(track=other, qid="q", query="x", position=1)
    with pytest.raises(DomainError, match="of another collection"):
        pool_add_documents(pool=pool, places={topics[0].pk: {theirs.pk: 1}})
    mine = Document.objects.filter(collection=track.collection).first()
    with pytest.raises(DomainError, match="of another track"):
        pool_add_documents(pool=pool, places={topic.pk: {mine.pk: 1}})
    routed = Pool(track=track, name="part", depth=1, routed_from=pool)
    with pytest.raises(DomainError, match="extend that pool, and route it anew"):
        pool_documents_preview(pool=routed, places={})
