"""Documents that answers cite, into a pool: by the service, on the page and by the command."""

import io
import json

import pytest
from django.core.management import call_command
from django.urls import reverse

from assessment.domain.errors import DomainError
from assessment.models import Document, Pool, Role, Topic
from nuggets.models import AnswerRun
from nuggets.selectors.citations import UnknownDocid, citations_of
from nuggets.services.answers import answers_import
from nuggets.services.citations import UnknownCitations, citations_pool, citations_pool_create
from tests.factories import make_track
from tests.nuggets.test_answer_views import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def track():
    track = make_track()
    for place, qid in enumerate(("q1", "q2"), 1):
        Topic.objects.create(track=track, qid=qid, query=f"question {qid}", position=place)
    for docid in ("d1", "d2", "d3"):
        Document.objects.create(collection=track.collection, docid=docid, text="A passage.")
    return track


@pytest.fixture
def pool(track):
    return Pool.objects.create(track=track, name="cited", depth=1)


def answer(track, run, **topics):
    """A run of answers: `q1=[["d1", "d2"], ["d3"]]` are two sentences with what they cite."""
    records = [
        {
            "metadata": {"run_id": run, "topic_id": qid},
            "references": sorted({docid for cited in sentences for docid in cited}),
            "responses": [{"text": "So.", "citations": cited} for cited in sentences],
        }
        for qid, sentences in topics.items()
    ]
    file = io.BytesIO("".join(json.dumps(record) + "\n" for record in records).encode())
    answers_import(track=track, source=file, name=f"{run}.jsonl", profile_name="ragtime")
    return AnswerRun.objects.get(tag=run)


def pooled(pool):
    return sorted(pool.items.values_list("topic__qid", "document__docid", "best_rank"))


def test_what_answers_cite_is_in_the_pool_once_with_its_best_place(track, pool):
    answer(track, "a", q1=[["d1", "d2"]], q2=[["d3"]])
    answer(track, "b", q1=[["d2", "d1"]])
    assert citations_pool(pool=pool) == 3
    assert pooled(pool) == [("q1", "d1", 1), ("q1", "d2", 1), ("q2", "d3", 1)]
    assert citations_pool(pool=pool) == 0


def test_only_the_strongest_of_each_sentence_and_only_the_runs_asked_for(track, pool):
    first = answer(track, "a", q1=[["d1", "d2"]])
    answer(track, "b", q1=[["d3"]])
    assert citations_pool(pool=pool, runs=[first], most=1) == 1
    assert pooled(pool) == [("q1", "d1", 1)]


def test_citations_of_unknown_documents_are_told_and_nothing_is_stored_unless_they_are_left_out(track, pool):
    answer(track, "a", q1=[["d1", "gone"]], q2=[["gone"]])
    with pytest.raises(UnknownCitations, match="2 citations of documents that the collection does not have") as refused:
        citations_pool(pool=pool)
    assert refused.value.unknown == [UnknownDocid("a", "q1", "gone"), UnknownDocid("a", "q2", "gone")]
    assert not pool.items.exists()
    assert citations_pool(pool=pool, leave_out_unknown=True) == 1


def test_answers_that_cite_nothing_and_strange_runs_are_refused(track, pool):
    run = answer(track, "a", q1=[[]])
    with pytest.raises(DomainError, match="None of these answers cites anything"):
        citations_pool(pool=pool, runs=[run])
    with pytest.raises(DomainError, match="At least one citation"):
        citations_pool(pool=pool, most=0)
    other = AnswerRun.objects.create(track=make_track("other"), tag="theirs")
    with pytest.raises(DomainError, match="of another track: theirs"):
        citations_pool(pool=pool, runs=[other])


def test_citations_are_read_in_two_queries(track, django_assert_num_queries):
    for number in range(5):
        answer(track, f"r{number}", q1=[["d1", "d2"]], q2=[["d3"]])
    with django_assert_num_queries(2):
        found = citations_of(track)
    assert (found.answers, found.n_documents, found.unknown) == (10, 3, [])


@pytest.fixture
def organizer(track):
    return client_of(track, "alice", Role.ORGANIZER)


def send(client, pool, *runs, **fields):
    data = {"pool": pool.pk, "runs": [run.pk for run in runs], **fields}
    return client.post(reverse("citations", args=["small"]), data)


def test_the_page_shows_what_is_new_and_what_is_unknown_before_it_stores(organizer, track, pool):
    run = answer(track, "a", q1=[["d1", "gone"]])
    response = send(organizer, pool, run, preview="1")
    assert (response.context["growth"].total, response.context["found"].unknown[0].docid) == (1, "gone")
    assert "1 citation of documents that the collection does not have" in response.text
    assert not pool.items.exists()
    assert "Nothing was stored" in send(organizer, pool, run).text
    assert not pool.items.exists()
    response = send(organizer, pool, run, leave_out_unknown="on")
    assert response.headers["Location"] == reverse("pool", args=["small", pool.pk])
    assert pooled(pool) == [("q1", "d1", 1)]


def test_the_page_says_what_comes_first(organizer, track):
    address = reverse("citations", args=["small"])
    assert "Answers with citations come first" in organizer.get(address).text
    answer(track, "a", q1=[["d1"]])
    assert "Show what is new" in organizer.get(address).text
    assert address in organizer.get(reverse("answers", args=["small"])).text


def test_a_form_without_runs_and_pools_of_other_tracks_are_refused(organizer, track, pool):
    answer(track, "a", q1=[["d1"]])
    strange = Pool.objects.create(track=make_track("other"), name="theirs", depth=1)
    assert set(send(organizer, strange).context["form"].errors) == {"pool", "runs"}


def test_a_track_without_runs_or_pools_has_a_new_pool_of_what_answers_cite(organizer, track):
    run = answer(track, "a", q1=[["d1", "d2"]], q2=[["d3"]])
    fields = {"runs": [run.pk]}
    address = reverse("citations", args=["small"])
    assert "Choose a pool, or name a new one." in organizer.post(address, fields).text
    response = organizer.post(address, fields | {"name": "citations", "preview": "1"})
    assert [(topic.qid, size) for topic, size in response.context["growth"].rows] == [("q1", 2), ("q2", 1)]
    assert not Pool.objects.exists()
    organizer.post(address, fields | {"name": "citations"})
    pool = Pool.objects.get()
    assert (pool.name, pool.depth, pool.items.count(), pool.created_by.username) == ("citations", 2, 3, "alice")
    assert "already has a pool named citations" in organizer.post(address, fields | {"name": "citations"}).text
    page = organizer.get(reverse("pool", args=["small", pool.pk])).text
    assert "single documents, such as answers cite" in page


def test_a_new_pool_of_unknown_documents_alone_is_refused(track):
    answer(track, "a", q1=[["gone"]])
    with pytest.raises(UnknownCitations):
        citations_pool_create(track=track, name="citations")
    with pytest.raises(DomainError, match="The pool would be empty"):
        citations_pool_create(track=track, name="citations", leave_out_unknown=True)
    assert not Pool.objects.exists()


def said(*command, **options):
    out, error = io.StringIO(), io.StringIO()
    call_command("pool_citations", "small", *command, stdout=out, stderr=error, **options)
    return out.getvalue(), error.getvalue()


def test_the_command_adds_them_and_prints_what_is_unknown(track, pool):
    answer(track, "a", q1=[["d1", "gone"]])
    out, error = said("--dry-run", pool="cited")
    assert (out, error) == (
        "q1\t1\n",
        "a, topic q1: the collection has no gone\ncited would get 1 new item; nothing was stored.\n",
    )
    with pytest.raises(DomainError, match="Nothing was stored"):
        said(pool="cited")
    assert said("--leave-out-unknown", pool="cited")[0] == "1 new item; cited: 1 items, 1 topics, 0 runs\n"
    assert said("--leave-out-unknown", "--new", pool="more")[0] == "more: 1 items, 1 topics, 0 runs\n"
    assert said("--new", "--dry-run", pool="most")[0] == "q1\t1\n"
    with pytest.raises(DomainError, match="no answers of zoe"):
        said("--runs", "zoe", pool="cited")
