"""The lexical baseline as a job: it learns from other topics, needs no engine, and says whom it learnt from."""

import json

import pytest

from assessment.models import Assessor, Document, Judgment, Pool, PoolItem, Topic
from llm_worker.models import JudgeConfiguration
from llm_worker.selectors import failed_calls, job_progress
from llm_worker.services.jobs import job_create, job_resume
from tests.llm_worker.conftest import work_off

WORDS = ["sky", "magnet", "telescope", "river"]


@pytest.fixture
def lexical(db):
    """The baseline that a new project has."""
    return JudgeConfiguration.objects.get(name="lexical-bm25")


@pytest.fixture
def pool(track):
    """Four topics of one word each, 20 passages a topic; the first n hold the topic's word n times, the rest never."""
    pool = Pool.objects.create(track=track, name="pool", depth=20)
    for place, word in enumerate(WORDS, 1):
        topic = Topic.objects.create(track=track, qid=f"q{place}", query=word, position=place)
        for rank in range(20):
            text = " ".join([word] * max(0, 6 - rank) + ["grass"] * 30)
            document = Document.objects.create(collection=track.collection, docid=f"{word}-{rank}", text=text)
            PoolItem.objects.create(
                pool=pool,
                topic=topic,
                document=document,
                position=rank + 1,
                best_rank=1,
                lot=rank,
                run_ids=[1],
                ranks=[1],
            )
    return pool


def grade_all(pool, name, grade=lambda rank: 3 if rank <= 3 else 2 if rank <= 6 else 0):
    assessor = Assessor.objects.create(track=pool.track, kind=Assessor.Kind.IMPORTED, name=name)
    Judgment.objects.bulk_create(
        Judgment(assessor=assessor, topic=item.topic, document=item.document, grade=grade(item.position))
        for item in pool.items.select_related("topic", "document")
    )
    return assessor


def test_it_grades_by_similarity_and_names_its_teacher(pool, lexical):
    teacher = grade_all(pool, "nist")
    job = job_create(pool=pool, judge=lexical)
    work_off(job)
    assert (job_progress(job).done, job_progress(job).failed) == (80, 0)
    judged = dict(Judgment.objects.filter(assessor=job.assessor).values_list("document__docid", "grade"))
    given = dict(Judgment.objects.filter(assessor=teacher).values_list("document__docid", "grade"))
    assert sum(judged[docid] == grade for docid, grade in given.items()) >= 72
    reply = json.loads(job.calls.first().raw_reply)
    assert (reply["fitted_on"], reply["pairs"]) == ("nist", 60)
    assert 0 <= reply["similarity"] <= 1


def test_a_topics_own_judgments_teach_it_nothing(pool, lexical):
    grade_all(pool, "nist")
    before = job_create(pool=pool, judge=lexical)
    work_off(before)
    labels = Judgment.objects.filter(assessor=before.assessor, topic__qid="q1").order_by("document")
    first = list(labels.values_list("grade", "distribution"))
    Judgment.objects.filter(assessor__name="nist", topic__qid="q1").update(grade=1)
    before.delete()
    Judgment.objects.filter(assessor__name="lexical-bm25").delete()
    work_off(job_create(pool=pool, judge=lexical))
    assert list(labels.values_list("grade", "distribution")) == first


def test_it_learns_from_the_assessor_with_the_most_grades_and_never_from_a_judge(pool, lexical):
    few = grade_all(pool, "few")
    few.judgments.filter(topic__qid="q4").delete()
    grade_all(pool, "many")
    model = Assessor.objects.create(track=pool.track, kind=Assessor.Kind.LLM, name="a-model")
    Judgment.objects.bulk_create(
        Judgment(assessor=model, topic=item.topic, document=item.document, grade=1) for item in pool.items.all()
    )
    job = job_create(pool=pool, judge=lexical, limit=1)
    work_off(job)
    assert json.loads(job.calls.get().raw_reply)["fitted_on"] == "many"


def test_without_enough_judgments_the_job_halts_and_says_what_is_missing(pool, lexical):
    job = job_create(pool=pool, judge=lexical)
    work_off(job)
    progress = job_progress(job)
    assert (progress.state, progress.done, progress.failed, progress.left) == ("halted", 0, 0, 80)
    assert "needs at least 50" in progress.explanation
    grade_all(pool, "nist")
    job_resume(job=job)
    work_off(job)
    assert job_progress(job).done == 80


def test_a_topic_without_enough_judgments_elsewhere_fails_alone(pool, lexical):
    nist = grade_all(pool, "nist")
    nist.judgments.filter(topic__qid__in=["q3", "q4"]).delete()
    for item in pool.items.filter(topic__qid="q3")[:15]:
        Judgment.objects.create(assessor=nist, topic=item.topic, document=item.document, grade=0)
    job = job_create(pool=pool, judge=lexical, breaker=0)  # twenty failures in a row are expected here
    work_off(job)
    assert set(failed_calls(job).values_list("topic__qid", flat=True)) == {"q1", "q2", "q3"}
    assert set(job.calls.filter(status="ok").values_list("topic__qid", flat=True)) == {"q4"}


def test_a_document_without_text_is_a_listed_error(pool, lexical):
    grade_all(pool, "nist")
    Document.objects.filter(docid="sky-0").update(text=None)
    job = job_create(pool=pool, judge=lexical)
    work_off(job)
    (call,) = failed_calls(job)
    assert (call.document.docid, call.error) == ("sky-0", "The document's text is not loaded.")
