"""Calls: leased to one worker, answered once, every failure a state with the reply as it came."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from assessment.models import Document, Judgment
from llm_worker.domain.replies import State
from llm_worker.engines import Reply, engine_for
from llm_worker.models import LlmCall
from llm_worker.selectors import failed_calls, job_progress
from llm_worker.services.calls import Answer, call_finish, calls_claim, lease_renew
from llm_worker.services.jobs import job_cancel, job_create
from tests.llm_worker.conftest import scripted_judge, work_off


@pytest.fixture
def job(pool, judge):
    return job_create(pool=pool, judge=judge)


def answer(grade=2):
    return Answer(State.OK, grade, reply=Reply(text=f"##final score: {grade}"))


FAILURES = [
    (Reply(text="##final score: 10", finish_reason="stop"), "out_of_scale"),
    (Reply(text="##final score: -1", finish_reason="stop"), "out_of_scale"),
    (Reply(text="##final score: 4", finish_reason="stop"), "out_of_scale"),
    (Reply(text="I cannot help with that (error 403).", finish_reason="stop"), "unparsed"),
    (Reply(text="##final score: 2.5", finish_reason="stop"), "unparsed"),
    (Reply(text="", finish_reason="stop"), "unparsed"),
    (Reply(text="", reasoning="##final score: 3", finish_reason="stop"), "unparsed"),
    (Reply(text="##final score: 1", finish_reason="length"), "truncated"),
    (Reply(text="I would rather not.", finish_reason="content_filter"), "refused"),
    (Reply(text="No.", finish_reason="stop", refused=True), "refused"),
    (Reply(error="HTTP 400: the prompt is too long"), "error"),
    (Reply(text='{"choices": [', error="half a JSON"), "error"),
]


@pytest.mark.parametrize(("reply", "status"), FAILURES)
def test_a_failed_reply_is_a_state_listed_as_it_came_and_never_a_grade(job, engine, reply, status):
    engine.enqueue(reply)
    work_off(job)
    (call,) = failed_calls(job)
    assert (call.status, call.grade, call.raw_reply, call.reasoning) == (status, None, reply.text, reply.reasoning)
    assert (call.error, call.finish_reason, call.attempts) == (reply.error or "", reply.finish_reason, 1)
    assert not Judgment.objects.filter(assessor=job.assessor, topic=call.topic, document=call.document).exists()
    assert job_progress(job).done == Judgment.objects.count() == 5


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        (Reply(text="7", finish_reason="length", answer_logprobs={"7": -0.1}), "unparsed"),
        (Reply(text="", finish_reason="stop"), "unparsed"),
        (Reply(text="", finish_reason="content_filter", answer_logprobs={"1": -0.1}), "refused"),
    ],
)
def test_a_single_token_that_says_no_grade_is_a_state_too(pool, reply, status):
    judge = scripted_judge("token", "token")
    engine_for(judge.engine, judge.model, judge.options).enqueue(reply)
    job = job_create(pool=pool, judge=judge, limit=1)
    work_off(job)
    assert list(job.calls.values_list("status", "grade")) == [(status, None)]
    assert not Judgment.objects.exists()


def test_a_single_token_keeps_its_distribution_and_the_mass_outside(pool):
    judge = scripted_judge("token", "token")
    logprobs = {"0": -3.0, "1": -1.0, "2": -0.8, "3": -3.0}
    engine_for(judge.engine, judge.model, judge.options).enqueue(
        Reply(
            text="2", finish_reason="length", answer_logprobs=logprobs, tokens_in=500, tokens_out=1, cached_tokens=400
        )
    )
    job = job_create(pool=pool, judge=judge, limit=1)
    work_off(job)
    call, judgment = job.calls.get(), Judgment.objects.get()
    assert (call.status, call.grade, judgment.grade) == ("ok", 2, 2)
    assert judgment.distribution == call.distribution
    assert sum(call.distribution.values()) == pytest.approx(1)
    assert judgment.confidence == pytest.approx(call.distribution["2"])
    assert 0.08 < call.outside_mass < 0.09
    assert (call.tokens_in, call.tokens_out, call.tokens_cached) == (500, 1, 400)
    assert judgment.condition == "automatic"


def test_a_reply_that_no_database_could_hold_is_kept_readably(job, engine):
    engine.enqueue(Reply(text="a\0b \ud800", finish_reason="x" * 90))
    work_off(job)
    (call,) = failed_calls(job)
    assert call.raw_reply.startswith("a\ufffdb")
    assert len(call.finish_reason) == 40


def test_a_document_without_text_is_listed_and_costs_no_request(job, engine):
    Document.objects.filter(docid="q1-d2").update(text=None)
    work_off(job)
    (call,) = failed_calls(job)
    assert (call.document.docid, call.status, call.error) == ("q1-d2", "error", "The document's text is not loaded.")
    assert len(engine.history) == 5


def test_a_document_whose_text_is_empty_is_asked_about_by_its_title(job, engine):
    Document.objects.filter(docid="q1-d1").update(text="", title="Only a title")
    work_off(job)
    assert "Only a title" in engine.history[0].messages[-1].content
    assert job_progress(job).done == 6


def test_a_long_passage_is_cut_and_marked(pool):
    Document.objects.filter(docid="q1-d1").update(text="word " * 2000)
    judge = scripted_judge("short", answer="##final score: 0")
    job = job_create(pool=pool, judge=judge)
    work_off(job)
    assert list(job.calls.filter(passage_cut=True).values_list("document__docid", flat=True)) == ["q1-d1"]


def test_the_hash_of_the_messages_tells_questions_apart(job):
    work_off(job)
    hashes = set(job.calls.values_list("messages_sha256", flat=True))
    assert len(hashes) == 6
    assert all(len(digest) == 64 for digest in hashes)


def test_two_workers_never_claim_the_same_call(job):
    first, second = calls_claim(job=job, size=4, worker="a"), calls_claim(job=job, size=4, worker="b")
    assert ([call.position for call in first], [call.position for call in second]) == ([1, 2, 3, 4], [5, 6])
    assert calls_claim(job=job, size=4, worker="c") == []
    assert {call.worker for call in first} == {"a"}


def test_renewing_a_lease_moves_its_end(job):
    (call,) = calls_claim(job=job, size=1, worker="a")
    LlmCall.objects.filter(pk=call.pk).update(leased_until=timezone.now() - timedelta(minutes=1))
    lease_renew(call.lease)
    call.refresh_from_db()
    assert call.leased_until > timezone.now()


def test_the_first_reply_stored_wins(job):
    (call,) = calls_claim(job=job, size=1, worker="a")
    assert call_finish(call=call, assessor=job.assessor, answer=answer(2))
    assert not call_finish(call=call, assessor=job.assessor, answer=answer(0))
    call.refresh_from_db()
    assert (call.grade, call.attempts, Judgment.objects.get().grade) == (2, 1, 2)


def test_a_paid_reply_is_kept_though_its_call_was_cancelled_meanwhile(job):
    (call,) = calls_claim(job=job, size=1, worker="a")
    LlmCall.objects.filter(pk=call.pk).update(status="cancelled", lease=None)
    assert call_finish(call=call, assessor=job.assessor, answer=answer(3))
    assert Judgment.objects.get().grade == 3


def test_a_late_reply_to_a_pair_that_another_job_has_taken_is_dropped(job, pool, judge):
    (call,) = calls_claim(job=job, size=1, worker="a")
    LlmCall.objects.filter(pk=call.pk).update(status="cancelled", lease=None)
    job_cancel(job=job)
    work_off(job_create(pool=pool, judge=judge))
    assert not call_finish(call=call, assessor=job.assessor, answer=answer(0))
    assert Judgment.objects.get(document=call.document).grade == 2


def test_a_reply_for_a_deleted_job_is_dropped(job):
    (call,) = calls_claim(job=job, size=1, worker="a")
    job.delete()
    assert not call_finish(call=call, assessor=job.assessor, answer=answer())


def test_the_database_refuses_a_grade_on_a_failed_call(job):
    with pytest.raises(IntegrityError), transaction.atomic():
        job.calls.update(status="unparsed", grade=0)


def test_a_redelivered_task_changes_nothing(job, engine):
    work_off(job)
    before = list(job.calls.values())
    assert work_off(job) is None
    assert list(job.calls.values()) == before
    assert len(engine.history) == 6
