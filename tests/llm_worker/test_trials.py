"""Trials make no judgments; a later job of the same judge takes their replies over without a request."""

import pytest

from assessment.domain.errors import DomainError
from assessment.models import Judgment
from llm_worker.engines import Reply
from llm_worker.models import LlmCall, LlmJob
from llm_worker.selectors import job_progress, job_report
from llm_worker.services.calls import calls_claim
from llm_worker.services.jobs import job_cancel, job_create, job_resume, job_retry
from tests.llm_worker.conftest import fill_pool, scripted_judge, work_off

TRIAL = LlmJob.Mode.TRIAL
# All of a reply; what tells calls apart is left out.
OWN = {"id", "job_id", "topic_id", "document_id", "position", "trial"}


@pytest.fixture
def trial(pool, judge):
    return job_create(pool=pool, judge=judge, limit=3, mode=TRIAL)


def replies(job) -> dict:
    """What is kept of each answered call, by pair."""
    answered = job.calls.exclude(finished_at=None).values()
    return {(c["topic_id"], c["document_id"]): {k: v for k, v in c.items() if k not in OWN} for c in answered}


def test_a_trial_asks_and_makes_no_judgments(trial, engine):
    work_off(trial)
    assert job_progress(trial).state == "done"
    assert trial.calls.filter(status="ok", grade=2).count() == len(engine.history) == 3
    assert not Judgment.objects.exists()


def test_a_trial_and_a_job_may_ask_the_same_pair(trial, pool, judge):
    job = job_create(pool=pool, judge=judge)
    assert job.calls.count() == 6
    work_off(trial)
    work_off(job)
    assert Judgment.objects.count() == 6


def test_a_later_job_takes_the_replies_over_without_a_request(trial, pool, judge, engine):
    engine.enqueue(Reply(text="##final score: 3", tokens_in=50, tokens_out=9, cached_tokens=20, reasoning="Hm."))
    work_off(trial)
    job = job_create(pool=pool, judge=judge)
    assert Judgment.objects.count() == 3
    assert replies(job) == replies(trial)
    assert job_progress(job).adopted == 3
    work_off(job)
    assert len(engine.history) == 6
    assert Judgment.objects.count() == 6
    report = job_report(job)
    assert (report.calls["ok"], report.adopted, report.tokens_in) == (6, 3, 0), "the trial has paid"
    assert report.grades == {0: 0, 1: 0, 2: 5, 3: 1}


def test_a_distribution_is_taken_over_as_confidence(pool):
    judge = scripted_judge("token", "token")
    from llm_worker.engines import engine_for

    engine = engine_for(judge.engine, judge.model, judge.options)
    engine.answer = Reply(text="3", answer_logprobs={"0": -4.0, "1": -3.0, "2": -2.0, "3": -0.3}, finish_reason="stop")
    work_off(job_create(pool=pool, judge=judge, limit=6, mode=TRIAL))
    job = job_create(pool=pool, judge=judge)
    assert job_progress(job).state == "done", "nothing was left to ask"
    judgment = Judgment.objects.first()
    assert judgment.confidence == judgment.distribution["3"] > 0.5


def test_failures_of_trials_are_asked_again(trial, pool, judge, engine):
    engine.enqueue("no grade here")
    work_off(trial)
    job = job_create(pool=pool, judge=judge)
    assert job_progress(job).adopted == 2


def test_a_grade_that_left_the_scale_is_not_taken_over(trial, pool, judge, track):
    work_off(trial)
    track.grades.filter(value=2).delete()
    assert job_progress(job_create(pool=pool, judge=judge)).adopted == 0


def test_another_judge_takes_nothing_over(trial, pool):
    work_off(trial)
    assert job_progress(job_create(pool=pool, judge=scripted_judge("other"))).adopted == 0


def test_every_judge_is_tried_on_the_same_pairs_from_all_over_the_pool(track, judge):
    pool = fill_pool(track, topics=5, passages=10)
    other = scripted_judge("other")
    pairs = [
        set(job_create(pool=pool, judge=one, limit=10, mode=TRIAL).calls.values_list("topic", "document"))
        for one in (judge, other)
    ]
    assert pairs[0] == pairs[1]
    assert len({topic for topic, _ in pairs[0]}) > 1


def test_a_second_trial_asks_about_other_pairs(trial, pool, judge):
    work_off(trial)
    second = job_create(pool=pool, judge=judge, limit=5, mode=TRIAL)
    assert second.calls.count() == 3
    work_off(second)
    with pytest.raises(DomainError, match="Nothing is left to try"):
        job_create(pool=pool, judge=judge, limit=1, mode=TRIAL)


@pytest.mark.parametrize("limit", [None, 0, 101])
def test_a_trial_is_small(pool, judge, limit):
    with pytest.raises(DomainError, match="between 1 and 100"):
        job_create(pool=pool, judge=judge, limit=limit, mode=TRIAL)


def test_a_cancelled_trial_goes_on_though_a_job_has_its_pairs(trial, pool, judge):
    job_cancel(job=trial)
    job_create(pool=pool, judge=judge)
    job_resume(job=trial)
    work_off(trial)
    assert job_progress(trial).done == 3


def test_retrying_a_trial_is_a_trial(trial, engine):
    engine.enqueue("no grade here")
    work_off(trial)
    again = job_retry(job=trial)
    work_off(again)
    assert (again.mode, again.retry_of, job_progress(again).done) == (TRIAL, trial, 1)
    assert not Judgment.objects.exists()
    assert job_progress(trial).failed_still == 0


def test_no_worker_touches_a_batch(pool, judge, engine):
    job = job_create(pool=pool, judge=judge, mode=LlmJob.Mode.BATCH)
    assert calls_claim(job=job, size=6, worker="w") == []
    assert work_off(job) is None
    assert engine.history == []
    assert LlmCall.objects.filter(job=job, status="waiting").count() == 6
    progress = job_progress(job)
    assert (progress.state, progress.can_be_paused) == ("waiting", False)
    assert "files" in progress.explanation
    assert job.last_enqueued_at is None
