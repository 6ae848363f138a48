"""Real worker processes: killed, stopped, several at once. Each item ends with one judgment or one listed failure."""

import signal

import pytest

from assessment.models import Document, Judgment
from llm_worker.heartbeat import workers_alive
from llm_worker.models import LlmCall, LlmJob
from llm_worker.selectors import failed_calls, job_progress
from llm_worker.services.jobs import job_cancel, job_create, job_resume
from tests.llm_worker.conftest import fill_pool, scripted_judge
from tests.llm_worker.processes import forget_workers, start, stop, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _empty_queue(db):
    forget_workers()


@pytest.fixture
def start_worker():
    workers = []

    def start_one():
        workers.append(start("worker"))
        return workers[-1]

    yield start_one
    for worker in workers:
        stop(worker)


@pytest.fixture
def pool(track):
    """Twelve pairs; the texts of two of them are not loaded."""
    pool = fill_pool(track, topics=3, passages=4)
    Document.objects.filter(docid__in=["q1-d2", "q3-d4"]).update(text=None)
    return pool


@pytest.fixture
def job(pool):
    """By a judge that takes 0.3 seconds a pair."""
    return job_create(pool=pool, judge=scripted_judge("slow", answer="##final score: 1", seconds=0.3))


def judged(job) -> int:
    return job.calls.filter(status="ok").count()


def is_done(job) -> bool:
    return job_progress(job).state == "done"


def assert_each_item_once(job, judged=10, failed=2):
    """One judgment or one listed failure each; nothing asked twice after its answer was stored."""
    progress = job_progress(job)
    assert (progress.done, progress.failed, progress.left) == (judged, failed, 0)
    pairs = list(Judgment.objects.filter(assessor=job.assessor).values_list("topic", "document"))
    failures = list(failed_calls(job).values_list("topic", "document"))
    assert sorted([*pairs, *failures]) == sorted(job.pool.items.values_list("topic", "document"))
    assert set(LlmCall.objects.filter(job=job).values_list("attempts", flat=True)) == {1}


def test_a_worker_killed_during_a_chunk_loses_and_doubles_nothing(job, start_worker):
    first = start_worker()
    wait_until("the first worker is in the middle of a chunk", lambda: judged(job) >= 2)
    first.kill()
    first.wait()
    assert job.calls.filter(status="leased").exists(), "killed while it held leases"
    before = dict(job.calls.filter(status="ok").values_list("pk", "finished_at"))
    start_worker()
    wait_until("the second worker has done the rest", lambda: is_done(job))
    assert_each_item_once(job)
    assert len(set(job.calls.values_list("worker", flat=True))) == 2
    assert before.items() <= dict(job.calls.values_list("pk", "finished_at")).items(), "what was stored stays"


def test_two_workers_share_a_job(pool, start_worker):
    start_worker()
    start_worker()
    wait_until("both are up", lambda: workers_alive("cpu") == 2)
    job = job_create(pool=pool, judge=scripted_judge("slow", answer="##final score: 1", seconds=0.3))
    wait_until("they have done it", lambda: is_done(job))
    assert_each_item_once(job)
    assert len(set(job.calls.values_list("worker", flat=True))) == 2


def test_a_worker_told_to_end_returns_its_leases_before_it_is_gone(job, start_worker):
    worker = start_worker()
    wait_until("it is in the middle of a chunk", lambda: judged(job) >= 1)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(30) == 0
    assert not job.calls.filter(status="leased").exists()
    assert job.calls.filter(status="waiting").count() >= 8, "it did not finish its job first"
    assert workers_alive("cpu") == 0
    start_worker()
    wait_until("another worker has done the rest", lambda: is_done(job))
    assert_each_item_once(job)


def test_a_job_cancelled_while_it_runs_stops_and_goes_on_later(job, start_worker):
    start_worker()
    wait_until("it runs", lambda: judged(job) >= 1)
    job_cancel(job=job)
    wait_until("it has stopped", lambda: job_progress(LlmJob.objects.get(pk=job.pk)).state == "cancelled")
    stopped = judged(job)
    assert stopped < 10
    assert job.calls.filter(status="cancelled").count() == 12 - stopped - failed_calls(job).count()
    job_resume(job=job)
    wait_until("it is done", lambda: is_done(job))
    assert_each_item_once(job)


def test_a_job_whose_messages_were_lost_is_found_by_any_worker(job, start_worker):
    forget_workers()  # and with them the messages
    start_worker()
    wait_until("the sweeper has sent it again", lambda: is_done(job))
    assert_each_item_once(job)
