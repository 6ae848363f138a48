"""The command `judge` as a process: with and without a worker."""

import os
import signal
import subprocess

import pytest

from assessment.models import Judgment
from llm_worker.heartbeat import workers_alive
from llm_worker.models import LlmJob
from llm_worker.services.jobs import job_cancel, job_create
from llm_worker.services.running import job_halt
from tests.llm_worker.conftest import fill_pool, scripted_judge
from tests.llm_worker.processes import forget_workers, start, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _no_worker():
    forget_workers()


@pytest.fixture
def judge_command():
    """Starts the command; `.ended()` waits for it and gives (exit code, standard output, standard error)."""
    started = []

    def run(*arguments):
        process = start("judge", *arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        process.ended = lambda: (lambda said: (process.returncode, *said))(process.communicate(timeout=90))
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
            process.communicate()


def test_without_a_worker_it_exits_1_and_names_the_command(pool, judge, judge_command):
    code, out, err = judge_command("small", "--judge", "judge").ended()
    assert (code, out) == (1, "")
    assert "python3 manage.py worker --queue cpu" in err
    assert not LlmJob.objects.exists()


def test_with_wait_it_starts_a_worker_and_stops_it(pool, judge, judge_command):
    code, out, err = judge_command("small", "--judge", "judge", "--limit", "5", "--wait").ended()
    assert (code, out) == (0, "judge: 5 judged, 0 failed, 0 left.\n")
    assert "starting one for this job" in err
    assert Judgment.objects.count() == 5
    assert workers_alive("cpu") == 0


def test_with_nothing_but_failed_replies_it_exits_1_and_counts_the_reasons(pool, judge_command):
    scripted_judge("vague", answer="perhaps")
    code, out, err = judge_command("small", "--judge", "vague", "--wait").ended()
    assert (code, out) == (1, "vague: 0 judged, 6 failed, 0 left.\n")
    assert err.endswith("\n6 × no grade in the reply\nNothing was judged.\n")
    assert not Judgment.objects.exists()


def test_some_failed_replies_are_told_with_the_error_and_it_exits_0(pool, judge, judge_command):
    job_create(pool=pool, judge=judge)
    failed = LlmJob.objects.get().calls.filter(position__lte=3)
    failed.update(status="error", error="The document's text is not loaded.")
    code, out, err = judge_command("small", "--judge", "judge", "--wait").ended()
    assert (code, out) == (0, "judge: 3 judged, 3 failed, 0 left.\n")
    assert err.endswith("\n3 × error: The document's text is not loaded.\n")


def test_a_halted_job_is_gone_on_with(pool, judge, judge_command):
    job = job_create(pool=pool, judge=judge)
    job_halt(job=job, reason="The engine is gone.")
    code, out, err = judge_command("small", "--judge", "judge", "--wait").ended()
    assert (code, out) == (0, "judge: 6 judged, 0 failed, 0 left.\n")
    assert f"Going on with job {job.pk}, which was halted: The engine is gone." in err
    assert LlmJob.objects.get() == job


def test_after_the_command_was_killed_the_same_one_goes_on_with_its_job(pool, judge_command):
    scripted_judge("slow", answer="##final score: 1", seconds=0.5)
    first = judge_command("small", "--judge", "slow", "--wait")
    wait_until("something is judged", Judgment.objects.exists)
    first.kill()
    code, out, err = judge_command("small", "--judge", "slow", "--wait").ended()
    assert (code, out) == (0, "slow: 6 judged, 0 failed, 0 left.\n")
    assert f"Going on with job {LlmJob.objects.get().pk}, which is not finished." in err
    assert Judgment.objects.count() == 6


def test_an_unfinished_job_with_more_left_than_the_limit_is_not_gone_on_with(pool, judge, judge_command):
    job = job_create(pool=pool, judge=judge)
    code, out, err = judge_command("small", "--judge", "judge", "--limit", "5", "--wait").ended()
    assert (code, out) == (1, "")
    assert f"Job {job.pk} of judge over pool is not finished: 6 items are left, more than --limit 5." in err
    assert not Judgment.objects.exists()


def test_a_cancelled_job_is_left_alone(pool, judge, judge_command):
    cancelled = job_create(pool=pool, judge=judge)
    job_cancel(job=cancelled)
    code, out, err = judge_command("small", "--judge", "judge", "--wait").ended()
    assert (code, out) == (0, "judge: 6 judged, 0 failed, 0 left.\n")
    assert "Going on" not in err
    assert set(cancelled.calls.values_list("status", flat=True)) == {"cancelled"}
    assert LlmJob.objects.count() == 2


def test_without_the_broker_it_says_so_in_one_sentence_and_makes_no_job(pool, judge, judge_command, monkeypatch):
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    code, out, err = judge_command("small", "--judge", "judge", "--wait").ended()
    assert (code, out) == (1, "")
    assert err.startswith("The broker, which carries work to the workers, cannot be reached: ")
    assert err.count("\n") == 1
    assert not LlmJob.objects.exists()


def test_the_newest_pool_is_asked_about_unless_another_is_named(track, pool, judge, judge_command):
    fill_pool(track, "newer", topics=1, passages=1)
    code, out, _ = judge_command("small", "--judge", "judge", "--wait").ended()
    assert (code, out) == (0, "judge: 1 judged, 0 failed, 0 left.\n")
    code, out, _ = judge_command("small", "--judge", "judge", "--pool", "pool", "--wait").ended()
    assert (code, out) == (0, "judge: 6 judged, 0 failed, 0 left.\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nowhere", "--judge", "judge"), "no track 'nowhere'"),
        (("small", "--judge", "nobody"), "no judge 'nobody'; there are: "),
        (("small", "--judge", "judge", "--pool", "none"), "no pool 'none'; there are: pool."),
        (("small", "--judge", "judge", "--limit", "0", "--wait"), "between 1 and"),
    ],
)
def test_what_is_not_there_is_refused_with_what_there_is(pool, judge, judge_command, arguments, words):
    code, out, err = judge_command(*arguments).ended()
    assert (code, out) == (1, "")
    assert words in err
    assert "Traceback" not in err


def test_ctrl_c_cancels_the_job_keeps_what_was_judged_and_leaves_no_worker(pool, judge_command):
    scripted_judge("slow", answer="##final score: 1", seconds=0.5)
    command = judge_command("small", "--judge", "slow", "--wait")
    wait_until("something is judged", Judgment.objects.exists)
    os.killpg(command.pid, signal.SIGINT)
    code, out, err = command.ended()
    assert (code, out) == (130, "")
    assert "what was judged is kept" in err
    job = LlmJob.objects.get()
    assert job.wanted == "cancel"
    assert not job.calls.filter(status__in=["waiting", "leased"]).exists()
    assert Judgment.objects.count() == job.calls.filter(status="ok").count() >= 1
    assert workers_alive("cpu") == 0


def test_its_worker_killed_is_told_with_what_to_do(pool, judge_command):
    scripted_judge("slow", answer="##final score: 1", seconds=0.5)
    command = judge_command("small", "--judge", "slow", "--wait")
    wait_until("something is judged", Judgment.objects.exists)
    worker = LlmJob.objects.get().calls.exclude(worker="").first().worker
    os.kill(int(worker.rpartition(":")[2]), signal.SIGKILL)
    code, out, err = command.ended()
    assert (code, out) == (1, "")
    assert "The worker ended with code -9" in err
    assert "python3 manage.py worker --queue cpu" in err
