"""Pausing: nothing more is begun, what is under way is stored, and the rest keeps waiting for its job."""

from datetime import timedelta

import pytest
from django.db.models import F

from assessment.domain.errors import DomainError
from assessment.models import Judgment
from llm_worker.models import LlmJob
from llm_worker.selectors import job_progress, unfinished_job
from llm_worker.selectors.spending import spending
from llm_worker.services import sweeping
from llm_worker.services.calls import calls_claim, calls_hand_back
from llm_worker.services.jobs import job_cancel, job_create, job_pause, job_resume
from tests.llm_worker.conftest import work_off


@pytest.fixture
def job(pool, judge):
    return job_create(pool=pool, judge=judge)


def paused_during(job, engine):
    """Pause the job while its second answer is being given."""

    def pausing(_):
        job_pause(job=job)
        return "##final score: 3"

    engine.enqueue("##final score: 1", pausing)


def test_a_pause_stores_what_is_under_way_and_leaves_the_rest_waiting(job, engine):
    paused_during(job, engine)
    assert work_off(job) is None
    assert list(job.calls.order_by("position").values_list("status", flat=True)) == ["ok", "ok", *["waiting"] * 4]
    progress = job_progress(job)
    assert (progress.state, progress.finished, progress.can_be_resumed) == ("paused", True, True)
    job_resume(job=job)
    work_off(job)
    assert (job_progress(job).state, Judgment.objects.count(), len(engine.history)) == ("done", 6, 6)


def test_it_is_pausing_while_a_worker_still_has_calls(job):
    lease = calls_claim(job=job, size=2, worker="w")[0].lease
    job_pause(job=job)
    job.refresh_from_db()
    assert job_progress(job).state == "pausing"
    calls_hand_back(job_id=job.pk, lease=lease)
    assert job_progress(job).state == "paused"
    assert job.calls.filter(status="waiting").count() == 6


def test_no_worker_and_no_sweeper_touches_a_paused_job(job, engine, monkeypatch):
    job_pause(job=job)
    LlmJob.objects.filter(pk=job.pk).update(last_enqueued_at=F("last_enqueued_at") - timedelta(hours=1))
    monkeypatch.setattr(sweeping, "messages_waiting", lambda queue: 0)
    assert sweeping.sweep() == 0
    assert work_off(job) is None
    assert calls_claim(job=job, size=6, worker="w") == []
    assert engine.history == []


def test_a_paused_job_keeps_its_pairs(job, pool, judge):
    job_pause(job=job)
    assert unfinished_job(pool=pool, judge=judge) == job
    with pytest.raises(DomainError, match=f"Job {job.pk}, which is paused, has some of them"):
        job_create(pool=pool, judge=judge)


@pytest.mark.parametrize("stop", [work_off, lambda job: job_cancel(job=job), lambda job: job_pause(job=job)])
def test_what_does_not_run_is_not_paused(job, stop):
    stop(job)
    with pytest.raises(DomainError, match="not running"):
        job_pause(job=job)


def test_a_paused_job_can_be_cancelled_and_still_be_gone_on_with(job):
    job_pause(job=job)
    job_cancel(job=job)
    job.refresh_from_db()
    assert job_progress(job).state == "cancelled"
    job_resume(job=job)
    work_off(job)
    assert job_progress(job).done == 6


def test_pauses_are_not_time_of_running(job, engine):
    assert spending(job).used.seconds == 0
    calls_claim(job=job, size=1, worker="w")
    hour = timedelta(hours=1)
    LlmJob.objects.filter(pk=job.pk).update(running_since=F("running_since") - hour)
    job.refresh_from_db()
    job_pause(job=job)
    job.refresh_from_db()
    assert job.running_since is None
    assert 3600 <= spending(job).used.seconds < 3660
    calls_hand_back(job_id=job.pk)
    job_resume(job=job)
    work_off(job)
    assert 3600 <= spending(job).used.seconds < 3660


def test_the_silence_after_a_crash_is_not_time_of_running(job):
    (call,) = calls_claim(job=job, size=1, worker="killed")
    calls_hand_back(job_id=job.pk)
    LlmJob.objects.filter(pk=job.pk).update(running_since=F("running_since") - timedelta(hours=1))
    work_off(job)
    assert spending(job).used.seconds < 60
