"""Chunks: their size, their lease, and what stops them."""

import time
from datetime import timedelta

import pytest
from celery.worker import state as worker_state
from django.db import OperationalError
from django.utils import timezone

from assessment.models import Judgment
from llm_worker.models import LlmCall, LlmJob
from llm_worker.selectors import job_progress
from llm_worker.services import chunks
from llm_worker.services.calls import calls_claim, calls_hand_back
from llm_worker.services.jobs import job_create, job_resume
from llm_worker.services.running import job_halt
from tests.llm_worker.conftest import work_off


@pytest.fixture
def job(pool, judge):
    return job_create(pool=pool, judge=judge)


def test_the_first_chunk_is_small_and_later_ones_follow_the_pace(job, engine):
    assert chunks.run_chunk(job.pk) == 0
    assert len(engine.history) == chunks.FIRST_CHUNK
    chunks._pace[job.judge_id] = 0.5
    assert chunks._chunk_size(job) == 2 * chunks.CHUNK_SECONDS
    chunks._pace[job.judge_id] = 1000.0
    assert chunks._chunk_size(job) == 1
    chunks._pace[job.judge_id] = 0.0
    assert chunks._chunk_size(job) == chunks.LARGEST_CHUNK


def test_a_job_that_is_gone_halted_or_cancelled_is_not_worked_on(job, engine):
    assert chunks.run_chunk(job.pk + 1000) is None
    job_halt(job=job, reason="stopped")
    assert chunks.run_chunk(job.pk) is None
    LlmJob.objects.filter(pk=job.pk).update(halted_because="", halted_by="", wanted="cancel")
    assert chunks.run_chunk(job.pk) is None
    assert engine.history == []


def test_a_worker_asked_to_end_returns_its_leases_at_once(job, engine, monkeypatch):
    def told_to_end(_):
        monkeypatch.setattr(worker_state, "should_stop", 0)
        return "##final score: 1"

    engine.enqueue(told_to_end)
    assert chunks.run_chunk(job.pk) == 0, "the rest is for another worker"
    assert dict(job.calls.values_list("position", "status")) == {1: "ok", **dict.fromkeys(range(2, 7), "waiting")}


def test_a_defect_halts_the_job_with_its_name_and_keeps_what_was_judged(job, engine):
    def broken(_):
        raise KeyError("grades")

    engine.enqueue("##final score: 1", broken)
    assert work_off(job) is None
    progress = job_progress(job)
    assert (progress.state, progress.done, progress.left) == ("halted", 1, 5)
    assert progress.explanation == "The worker failed: KeyError: 'grades'"
    assert not job.calls.filter(status="leased").exists()
    job_resume(job=job)
    work_off(job)
    assert job_progress(job).done == 6


def test_a_database_that_restarts_does_not_halt_the_job(job, engine, monkeypatch):
    def lost(**_):
        raise OperationalError("terminating connection due to administrator command")

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(chunks, "call_finish", lost)
        meanwhile.setattr(chunks, "DATABASE_PATIENCE_S", 0)
        meanwhile.setattr(chunks.connection, "close", lambda: None)
        assert chunks.run_chunk(job.pk) == chunks.DATABASE_WAIT_S
    job.refresh_from_db()
    assert job.halted_because == ""
    work_off(job)
    assert job_progress(job).done == 6


def test_each_answer_is_stored_before_the_next_is_asked(job, engine):
    seen = []

    def count(_):
        seen.append(Judgment.objects.count())
        return "##final score: 1"

    engine.enqueue(*[count] * 6)
    work_off(job)
    assert seen == [0, 1, 2, 3, 4, 5]


@pytest.mark.django_db(transaction=True)
def test_a_lease_is_kept_for_as_long_as_the_work_takes(pool, judge, settings):
    settings.LEASE_SECONDS = 1
    (call,) = calls_claim(job=job_create(pool=pool, judge=judge), size=1, worker="w")
    with chunks.lease_kept(call.lease):
        time.sleep(1.5)
        call.refresh_from_db()
        assert call.leased_until > timezone.now()
    time.sleep(1.1)
    call.refresh_from_db()
    assert call.leased_until < timezone.now()


def test_another_worker_takes_over_what_was_handed_back(job, engine):
    (call, *_) = calls_claim(job=job, size=6, worker="dead")
    assert work_off(job) is None, "all of it is leased"
    assert engine.history == []
    LlmCall.objects.filter(job=job).update(leased_until=timezone.now() - timedelta(seconds=1))
    assert calls_hand_back(job_id=job.pk, leased_until__lt=timezone.now()) == 6
    work_off(job)
    assert job_progress(job).done == len(engine.history) == 6
    assert set(job.calls.values_list("worker", flat=True)) == {chunks.worker_name()}


def test_several_workers_that_find_the_engine_down_together_count_once(job, engine):
    from llm_worker.services.running import job_engine_failed

    for _ in range(4):
        assert job_engine_failed(job=job, reason="down", wait_s=30, limit=2)
    assert job.engine_failures == 1
