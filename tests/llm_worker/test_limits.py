"""Limits and the circuit breaker: they halt a job with a sentence, and a person gives it more room."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models import F

from assessment.domain.errors import DomainError
from llm_worker.domain.limits import Limits
from llm_worker.engines import Reply
from llm_worker.models import JudgeConfiguration, LlmJob
from llm_worker.selectors import job_progress
from llm_worker.selectors.spending import spending
from llm_worker.services import brakes, chunks
from llm_worker.services.calls import calls_claim
from llm_worker.services.jobs import job_create, job_resume
from tests.llm_worker.conftest import fill_pool, scripted_judge, work_off


@pytest.fixture
def pool(track):
    return fill_pool(track, topics=5, passages=6)


@pytest.fixture
def judge(db):
    judge = scripted_judge()
    JudgeConfiguration.objects.filter(pk=judge.pk).update(price_in=Decimal(1), price_out=Decimal(2))
    judge.refresh_from_db()
    return judge


@pytest.fixture
def engine(engine):
    engine.answer = Reply(text="##final score: 2", tokens_in=300, tokens_out=10, finish_reason="stop")
    return engine


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(max_tokens=3000), "The limit of 3,000 tokens is reached"),
        (Limits(max_cost=Decimal("0.003")), "The limit of 0.003 USD is reached"),
    ],
)
def test_a_job_halts_before_it_passes_a_limit(pool, judge, engine, limits, words):
    job = job_create(pool=pool, judge=judge, limits=limits)
    while work_off(job) is not None:
        pass
    progress = job_progress(job)
    assert (progress.state, job.halted_by) == ("halted", "limit")
    assert words in progress.explanation
    assert 0 < progress.done < 30
    used = spending(job).used
    assert limits.max_tokens is None or used.tokens <= limits.max_tokens
    assert limits.max_cost is None or progress.cost <= limits.max_cost
    with pytest.raises(DomainError, match="Give a higher limit to go on"):
        job_resume(job=job, limits=Limits(max_tokens=1))
    job_resume(job=job, limits=Limits())
    work_off(job)
    assert job_progress(job).done == 30


def test_until_the_first_reply_one_call_is_asked_at_a_time(pool, judge, engine):
    job = job_create(pool=pool, judge=judge, limits=Limits(max_tokens=10**6))
    assert len(calls_claim(job=job, size=10, worker="one")) == 1
    assert calls_claim(job=job, size=10, worker="two") == []
    assert chunks.run_chunk(job.pk) == chunks.ROOM_WAIT_S, "another worker looks again"


def test_what_other_workers_may_still_use_is_reserved(pool, judge, engine):
    job = job_create(pool=pool, judge=judge, limits=Limits(max_tokens=10_000))
    chunks.run_chunk(job.pk)
    first = calls_claim(job=job, size=100, worker="one")
    assert 0 < len(first) < 29
    assert calls_claim(job=job, size=100, worker="two") == [], "there is no room beside those"
    job.refresh_from_db()
    assert job.halted_because == "", "their replies may leave some"


def test_a_limit_on_money_needs_prices(pool):
    with pytest.raises(DomainError, match="has no prices"):
        job_create(pool=pool, judge=scripted_judge("free"), limits=Limits(max_cost=Decimal(1)))


def test_a_limit_of_failures_halts_the_job_at_once(pool, judge, engine):
    engine.answer = "no idea"
    job = job_create(pool=pool, judge=judge, limits=Limits(max_failures=3))
    work_off(job)
    assert (job.halted_by, job_progress(job).failed, len(engine.history)) == ("limit", 3, 3)
    assert job.halted_because == "The limit of 3 failed calls is reached: 3 have failed."
    with pytest.raises(DomainError, match="Give a higher limit to go on"):
        job_resume(job=job)


def test_a_limit_of_time_halts_the_job(pool, judge, engine):
    job = job_create(pool=pool, judge=judge, limits=Limits(max_seconds=600))
    chunks.run_chunk(job.pk)
    LlmJob.objects.filter(pk=job.pk).update(ran_seconds=F("ran_seconds") + 600)
    work_off(job)
    assert job.halted_by == "limit"
    assert "The limit of 10.0 minutes is reached" in job.halted_because


@pytest.mark.parametrize("breaker", [1, 5])
def test_the_breaker_stops_after_so_many_failures_in_a_row(pool, judge, engine, breaker):
    engine.enqueue("##final score: 1", *["what?"] * breaker)
    job = job_create(pool=pool, judge=judge, breaker=breaker)
    work_off(job)
    assert (job.halted_by, len(engine.history)) == ("breaker", 1 + breaker)
    assert job.halted_because == (
        f"The last {breaker} calls failed one after the other, all of them so: no grade in the reply"
    )
    job_resume(job=job)
    work_off(job)
    assert job_progress(job).done == 30 - breaker, "earlier failures are not held against it"


def test_a_success_in_between_keeps_the_breaker_shut(pool, judge, engine):
    engine.enqueue(*["what?", "what?", "##final score: 1"] * 10)
    job = job_create(pool=pool, judge=judge, breaker=3)
    work_off(job)
    assert (job_progress(job).state, job_progress(job).failed) == ("done", 20)


def test_without_a_breaker_every_call_is_asked(pool, judge, engine):
    engine.answer = "what?"
    job = job_create(pool=pool, judge=judge, breaker=0)
    work_off(job)
    assert (job_progress(job).state, job_progress(job).failed) == ("done", 30)


def test_the_database_is_not_asked_before_every_request(pool, judge, monkeypatch):
    monkeypatch.setattr(brakes, "LOOK_EVERY_S", 3600.0)
    looks = []
    monkeypatch.setattr(brakes.Brakes, "_may_go_on", lambda self: looks.append(1) or True)
    brake = brakes.Brakes(job_create(pool=pool, judge=judge))
    assert all(brake.go_on() for _ in range(1000))
    assert len(looks) == 1


def test_time_and_limits_survive_a_worker_that_dies(pool, judge, engine):
    job = job_create(pool=pool, judge=judge, limits=Limits(max_seconds=600))
    calls_claim(job=job, size=3, worker="dead")
    LlmJob.objects.filter(pk=job.pk).update(running_since=F("running_since") - timedelta(seconds=30))
    job.refresh_from_db()
    assert 30 <= spending(job).used.seconds < 40
