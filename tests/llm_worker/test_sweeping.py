"""The sweeper: brings back what a dead worker held and what a lost message left behind, and nothing else."""

from datetime import timedelta

import pytest
from django.utils import timezone

from llm_worker.models import LlmCall, LlmJob
from llm_worker.services import sweeping
from llm_worker.services.calls import calls_claim
from llm_worker.services.jobs import job_cancel, job_create
from llm_worker.services.running import job_halt
from tests.llm_worker.conftest import work_off


@pytest.fixture
def sent(monkeypatch):
    """The jobs that the sweeper sent, each as often as it sent a message for it."""
    messages = []

    def note(job, chains=None):
        messages.extend([job.pk] * (chains or 4))
        LlmJob.objects.filter(pk=job.pk).update(last_enqueued_at=timezone.now())

    monkeypatch.setattr(sweeping, "job_enqueue", note)
    return messages


@pytest.fixture
def in_queue(monkeypatch):
    """How many messages the broker holds; none, unless the test says so."""
    count = [0]
    monkeypatch.setattr(sweeping, "messages_waiting", lambda queue: count[0])
    return count


@pytest.fixture
def job(pool, judge, sent, in_queue):
    return job_create(pool=pool, judge=judge)


def long_ago(job, seconds=60):
    LlmJob.objects.filter(pk=job.pk).update(last_enqueued_at=timezone.now() - timedelta(seconds=seconds))


def expire(job):
    job.calls.filter(status="leased").update(leased_until=timezone.now() - timedelta(seconds=1))


def test_an_expired_lease_goes_back_and_its_job_is_sent_again(job, sent):
    calls_claim(job=job, size=2, worker="dead")
    expire(job)
    assert sweeping.sweep() == 1
    assert job.calls.filter(status="waiting", lease=None, leased_until=None).count() == 6
    assert sent == [job.pk]
    work_off(job)
    assert job.calls.filter(status="ok").count() == 6


def test_a_lease_that_still_runs_is_left_alone(job, sent):
    calls_claim(job=job, size=2, worker="alive")
    long_ago(job)
    assert sweeping.sweep() == 0
    assert job.calls.filter(status="leased").count() == 2
    assert sent == []


def test_expired_leases_of_a_cancelled_job_are_cancelled(job, sent):
    calls_claim(job=job, size=2, worker="dead")
    job_cancel(job=job)
    expire(job)
    sweeping.sweep()
    assert set(job.calls.values_list("status", flat=True)) == {"cancelled"}
    assert sent == []


def test_expired_leases_of_a_halted_job_go_back_without_sending_it(job, sent):
    calls_claim(job=job, size=2, worker="dead")
    job_halt(job=job, reason="stop")
    expire(job)
    sweeping.sweep()
    assert set(job.calls.values_list("status", flat=True)) == {"waiting"}
    assert sent == []


def test_a_job_whose_messages_were_lost_is_sent_again_once(job, sent):
    assert sweeping.sweep() == 0, "it was sent just now"
    long_ago(job)
    assert sweeping.sweep() == 1
    assert sweeping.sweep() == 0
    assert sent == [job.pk] * 4


def test_a_job_that_waits_its_turn_in_the_queue_is_not_sent_again_and_again(job, sent, in_queue, settings):
    in_queue[0] = 3
    long_ago(job, settings.LEASE_SECONDS * 3)
    assert sweeping.sweep() == 0
    long_ago(job, settings.LEASE_SECONDS * (sweeping.PATIENCE + 1))
    assert sweeping.sweep() == 1
    assert sent == [job.pk], "one message, in case its own were lost"


def test_a_job_with_answers_lately_is_at_work(job, sent):
    work_off(job)
    LlmCall.objects.filter(pk=job.calls.first().pk).update(status="waiting", grade=None, finished_at=None)
    long_ago(job)
    assert sweeping.sweep() == 0


def test_a_job_that_waits_for_its_engine_is_left_alone(job, sent):
    long_ago(job)
    LlmJob.objects.filter(pk=job.pk).update(retry_at=timezone.now() + timedelta(seconds=30))
    assert sweeping.sweep() == 0
    LlmJob.objects.filter(pk=job.pk).update(retry_at=timezone.now() - timedelta(seconds=60))
    assert sweeping.sweep() == 1


@pytest.mark.parametrize("stop", [job_cancel, lambda job: job_halt(job=job, reason="stop"), work_off])
def test_a_job_that_is_over_is_left_alone(job, sent, stop):
    stop(job=job) if stop is job_cancel else stop(job)
    long_ago(job)
    job.calls.filter(finished_at__isnull=False).update(finished_at=timezone.now() - timedelta(hours=1))
    assert sweeping.sweep() == 0
    assert sent == []
