"""What goes wrong around a worker, with real processes: its server, its database, its broker, people who stop it.

Each item ends with one judgment or one listed failure, and nothing is asked again once its reply was stored.
"""

import subprocess
import time

import pytest
from django.db import connection

from assessment.models import Judgment
from config.local_services import processes as services
from config.local_services.valkey import server_binary
from llm_worker.domain.limits import Limits
from llm_worker.models import LlmJob
from llm_worker.selectors import failed_calls, job_progress
from llm_worker.selectors.spending import spending
from llm_worker.services.jobs import job_cancel, job_create, job_pause, job_resume
from llm_worker.services.judges import judge_create
from tests.llm_worker.conftest import fill_pool
from tests.llm_worker.fake_server import FakeServer
from tests.llm_worker.processes import forget_workers, start, stop, wait_until

pytestmark = pytest.mark.django_db(transaction=True)

PAIRS = {(topic, passage) for topic in range(1, 5) for passage in range(1, 6)}


@pytest.fixture(autouse=True)
def _empty_queue(db):
    forget_workers()


@pytest.fixture
def start_worker():
    workers = []

    def start_one(**variables):
        workers.append(start("worker", variables=variables))
        return workers[-1]

    yield start_one
    for worker in workers:
        stop(worker)


@pytest.fixture
def pool(track):
    return fill_pool(track, topics=4, passages=5)


def judge_of(server):
    options = {"base_url": server.address, "timeout": 1.0, "attempts": 3, "longest_wait": 1.0, "concurrency": 2}
    return judge_create(
        name="served", engine="openai", model="m", prompt="umbrela.v1", decoding="reference", options=options
    )


def judged(job) -> int:
    return job.calls.filter(status="ok").count()


def left(job) -> int:
    return job.calls.filter(status__in=["waiting", "leased"]).count()


def assert_each_item_once(job, server, failed=frozenset()):
    """One judgment or one listed failure each, and never more than one good reply of the server for a pair."""
    pairs = list(Judgment.objects.filter(assessor=job.assessor).values_list("topic", "document"))
    failures = list(failed_calls(job).values_list("topic", "document"))
    assert sorted([*pairs, *failures]) == sorted(job.pool.items.values_list("topic", "document"))
    assert len(failures) == len(failed)
    assert server.answered == dict.fromkeys(PAIRS - failed, 1)


def test_a_server_that_misbehaves_costs_no_item_and_no_second_payment(pool, start_worker):
    passing = {(1, 1): 429, (1, 3): 500, (2, 2): "hang", (3, 1): 503}
    lasting = {(2, 4): "garbage", (3, 3): "half", (4, 1): "hang"}

    def faults(pair, attempt):
        return lasting.get(pair) or (passing.get(pair) if attempt == 1 else None)

    with FakeServer(faults) as server:
        job = job_create(pool=pool, judge=judge_of(server))
        start_worker()
        wait_until("all is answered", lambda: not left(job))
        assert_each_item_once(job, server, failed=frozenset(lasting))
        assert all(call.error for call in failed_calls(job))


def test_a_killed_worker_pays_for_nothing_twice_that_was_stored(pool, start_worker):
    with FakeServer(seconds=0.2) as server:
        job = job_create(pool=pool, judge=judge_of(server))
        first = start_worker()
        wait_until("some of it is stored", lambda: judged(job) >= 3)
        first.kill()
        first.wait()
        stored = {
            (int(qid[1:]), int(docid.split("-d")[1]))
            for qid, docid in job.calls.filter(status="ok").values_list("topic__qid", "document__docid")
        }
        start_worker()
        wait_until("the next worker has done the rest", lambda: not left(job))
        assert judged(job) == Judgment.objects.count() == len(PAIRS)
        assert {pair for pair in stored if server.asked[pair] != 1} == set()


def test_a_database_that_cuts_every_connection_loses_no_reply(pool, start_worker):
    with FakeServer(seconds=0.2) as server:
        job = job_create(pool=pool, judge=judge_of(server))
        start_worker()
        for stored in (2, 6):
            wait_until("some of it is stored", lambda stored=stored: judged(job) >= stored)
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
                assert cursor.fetchone()[0] >= 1
        wait_until("the worker has done it", lambda: not left(job))
        assert_each_item_once(job, server)


@pytest.fixture
def broker(tmp_path):
    """A Valkey of this test's own, which forgets everything when it is killed; starts it again at the same address."""
    port = services.free_port()
    running = []

    def launch():
        command = [
            str(server_binary()),
            "--port",
            str(port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--dir",
            str(tmp_path),
        ]
        running.append(subprocess.Popen(command, stdout=subprocess.DEVNULL))
        return running[-1]

    launch.address = f"redis://127.0.0.1:{port}/0"
    yield launch
    for process in running:
        process.kill()
        process.wait()


def test_a_broker_that_restarts_and_has_forgotten_all_is_told_again(pool, start_worker, broker):
    process = broker()
    with FakeServer(seconds=0.2) as server:
        job = job_create(pool=pool, judge=judge_of(server))
        LlmJob.objects.filter(pk=job.pk).update(last_enqueued_at=None)  # this broker was never told of it
        start_worker(REDIS_URL=broker.address)
        wait_until("some of it is stored", lambda: judged(job) >= 3)
        process.kill()
        process.wait()
        time.sleep(1)
        broker()
        wait_until("the worker has done it", lambda: not left(job))
        assert_each_item_once(job, server)


def test_a_job_paused_and_cancelled_midway_asks_every_pair_once(pool, start_worker):
    with FakeServer(seconds=0.1) as server:
        job = job_create(pool=pool, judge=judge_of(server))
        start_worker()
        for stop_it, state in ((job_pause, "paused"), (job_cancel, "cancelled")):
            before = judged(job)
            wait_until("some of it is stored", lambda before=before: judged(job) > before)
            stop_it(job=job)
            wait_until(state, lambda state=state: job_progress(LlmJob.objects.get(pk=job.pk)).state == state)
            assert left(job) + job.calls.filter(status="cancelled").count() > 0
            job_resume(job=job)
        wait_until("it is done", lambda: not left(job))
        assert_each_item_once(job, server)


def test_several_workers_together_keep_within_the_limit_of_tokens(pool, start_worker):
    with FakeServer(seconds=0.05) as server:
        # A reply is of 110 tokens, and may be of many more: the limit leaves room for some of them.
        job = job_create(pool=pool, judge=judge_of(server), limits=Limits(max_tokens=1500))
        start_worker()
        start_worker()
        wait_until("it is halted", lambda: LlmJob.objects.get(pk=job.pk).halted_because)
        wait_until("nothing is under way", lambda: not job.calls.filter(status="leased").exists())
        job.refresh_from_db()
        used = spending(job).used.tokens
        assert (job.halted_by, used) == ("limit", 110 * judged(job))
        assert 0 < used <= 1500
        assert "The limit of 1,500 tokens is reached" in job.halted_because
        job_resume(job=job, limits=Limits(max_tokens=10**6))
        wait_until("it is done", lambda: not left(job))
        assert_each_item_once(job, server)
