"""`llm_report`: what a judge has done, job by job and in sum."""

import json
from decimal import Decimal

import pytest
from django.core.management import call_command

from assessment.domain.errors import DomainError
from llm_worker.domain.limits import Limits
from llm_worker.engines import Reply
from llm_worker.models import JudgeConfiguration, LlmJob
from llm_worker.services.jobs import job_create, job_retry
from tests.llm_worker.conftest import work_off


@pytest.fixture
def worked(pool, judge, engine):
    """A trial of two pairs, a job over all six with one failure, and its retry."""
    JudgeConfiguration.objects.filter(pk=judge.pk).update(price_in=Decimal(1), price_out=Decimal(2))
    judge.refresh_from_db()
    engine.answer = Reply(text="##final score: 2", tokens_in=100, tokens_out=10, cached_tokens=40, finish_reason="stop")
    work_off(job_create(pool=pool, judge=judge, limit=2, mode=LlmJob.Mode.TRIAL))
    engine.enqueue(Reply(text="no idea", tokens_in=100, tokens_out=3))
    job = job_create(pool=pool, judge=judge, limits=Limits(max_tokens=5000), estimate={"calls": 6})
    while work_off(job) is not None:
        pass
    work_off(job_retry(job=job))
    return job


def report(capsys, *options):
    call_command("llm_report", "small", "--judge", "judge", *options)
    return capsys.readouterr().out


def test_the_sum_counts_every_call_and_every_token_once(worked, capsys):
    told = json.loads(report(capsys, "--format", "json"))
    assert [job["mode"] for job in told["jobs"]] == ["trial", "workers", "workers"]
    total = told["total"]
    assert (total["calls"]["ok"], total["calls"]["unparsed"], total["adopted"]) == (6, 1, 2)
    assert total["grades"] == {"0": 0, "1": 0, "2": 6, "3": 0}
    assert (total["tokens_in"], total["tokens_out"], total["tokens_cached"]) == (500, 43, 160)
    assert Decimal(total["cost"]) == Decimal("0.000586")
    assert total["failures"] == [{"reason": "no grade in the reply", "calls": 1}]
    assert total["seconds"] > 0
    assert total["judged_per_second"] == pytest.approx(4 / total["seconds"], rel=0.05)


def test_each_job_is_told_with_its_limits_and_what_was_expected(worked, capsys):
    job = json.loads(report(capsys, "--format", "json"))["jobs"][1]
    assert (job["job"], job["state"], job["adopted"]) == (worked.pk, "done", 2)
    assert (job["limits"]["max_tokens"], job["limits"]["max_cost"], job["estimate"]) == (5000, None, {"calls": 6})


def test_as_text_it_names_the_figures(worked, capsys):
    text = report(capsys)
    assert "calls: 6 judged, 1 no grade in the reply" in text
    assert "tokens: 500 read (160 from a cache), 43 written" in text
    assert f"Job {worked.pk}, by workers, over pool: done" in text
    assert "taken over from trials: 2" in text
    assert "failed: 1 × no grade in the reply" in text


def test_a_judge_without_jobs_says_what_to_do(track, judge, capsys):
    assert "no job in small yet: `judge` makes one" in report(capsys)
    told = json.loads(report(capsys, "--format", "json"))
    assert (told["jobs"], told["total"]["judged_per_second"]) == ([], None)


def test_an_unknown_judge_is_named(track):
    with pytest.raises(DomainError, match="There is no judge 'nobody'"):
        call_command("llm_report", "small", "--judge", "nobody")
