"""Jobs: made, cancelled, resumed, retried; each pair in one job at a time."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from assessment.domain.errors import DomainError
from assessment.models import Grade, Judgment, PoolItem
from llm_worker.domain import prompts
from llm_worker.engines import EngineUnavailable
from llm_worker.models import CallStatus, LlmCall, LlmJob
from llm_worker.selectors import job_progress
from llm_worker.services.calls import calls_claim, calls_hand_back
from llm_worker.services.jobs import job_cancel, job_create, job_resume, job_retry
from llm_worker.services.judges import judge_create
from tests.llm_worker.conftest import fill_pool, scripted_judge, work_off


def statuses(job):
    return list(job.calls.order_by("position").values_list("status", flat=True))


def test_a_job_asks_for_every_item_topic_by_topic(pool, judge):
    job = job_create(pool=pool, judge=judge)
    pairs = job.calls.order_by("position").values_list("topic__qid", "document__docid")
    assert list(pairs) == [(f"q{topic}", f"q{topic}-d{rank}") for topic in (1, 2) for rank in (1, 2, 3)]
    assert statuses(job) == ["waiting"] * 6
    assert (job.assessor.name, job.assessor.kind) == ("judge", "llm")


def test_a_limit_takes_the_first_items_and_the_next_job_the_rest(pool, judge):
    first = job_create(pool=pool, judge=judge, limit=4)
    second = job_create(pool=pool, judge=judge, limit=4)
    assert (first.calls.count(), second.calls.count()) == (4, 2)


@pytest.mark.parametrize("limit", [0, -1, 10**20])
def test_a_limit_out_of_range_is_refused(pool, judge, limit):
    with pytest.raises(DomainError, match="between 1 and"):
        job_create(pool=pool, judge=judge, limit=limit)
    assert not LlmJob.objects.exists()


def test_nothing_left_to_ask_is_refused_and_leaves_no_job(pool, judge):
    work_off(job_create(pool=pool, judge=judge))
    with pytest.raises(DomainError, match="Nothing is left to ask: judge has judged"):
        job_create(pool=pool, judge=judge)
    assert LlmJob.objects.count() == 1


def test_pairs_judged_in_another_pool_are_not_asked_again(track, pool, judge):
    work_off(job_create(pool=pool, judge=judge, limit=2))
    wider = fill_pool(track, "wider")
    PoolItem.objects.filter(pool=pool).update(pool=wider)
    assert job_create(pool=wider, judge=judge).calls.count() == 6 + 6 - 2


@pytest.mark.django_db(transaction=True)
def test_two_jobs_made_at_once_never_hold_the_same_pair(pool, judge):
    def make(_):
        try:
            return job_create(pool=pool, judge=judge, limit=4)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as both:
        jobs = list(both.map(make, range(2)))
    assert sorted(job.calls.count() for job in jobs) == [2, 4]
    pairs = list(LlmCall.objects.values_list("topic", "document"))
    assert len(pairs) == len(set(pairs)) == 6


def test_progress_is_counted_from_the_calls(pool, judge, engine):
    job = job_create(pool=pool, judge=judge)
    engine.enqueue("##final score: 1", "no idea", "##final score: 7")
    work_off(job)
    progress = job_progress(job)
    assert (progress.total, progress.done, progress.failed, progress.left) == (6, 4, 2, 0)
    assert progress.failures == {"grade outside the scale": 1, "no grade in the reply": 1}
    assert (progress.state, progress.finished) == ("done", True)
    assert progress.done == Judgment.objects.filter(assessor=job.assessor).count()
    LlmCall.objects.filter(job=job, status="ok").first().delete()
    assert job_progress(job).done == 3


def test_a_waiting_job_says_which_worker_is_missing(pool, judge):
    progress = job_progress(job_create(pool=pool, judge=judge))
    assert progress.state == "no worker"
    assert "python3 manage.py worker --queue cpu" in progress.explanation


def test_a_broker_that_is_away_is_told_on_the_page_not_raised(pool, judge, settings):
    job = job_create(pool=pool, judge=judge)
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert "cannot be reached" in job_progress(job).explanation


@pytest.mark.django_db(transaction=True)
def test_a_job_stands_though_the_broker_is_away(pool, judge, monkeypatch):
    def refuse(*_, **__):
        raise ConnectionError("no broker")

    monkeypatch.setattr("llm_worker.tasks.judge_chunk.apply_async", refuse)
    assert job_create(pool=pool, judge=judge).calls.count() == 6


def cancel_during(job, engine, answers):
    """Cancel the job while the last of these answers is being given."""

    def cancelling(_):
        job_cancel(job=job)
        return answers[-1]

    engine.enqueue(*answers[:-1], cancelling)


def test_cancelling_keeps_what_was_asked_and_resuming_asks_the_rest_once(pool, judge, engine):
    job = job_create(pool=pool, judge=judge)
    cancel_during(job, engine, ["##final score: 1", "##final score: 3"])
    assert work_off(job) is None
    assert statuses(job) == ["ok", "ok", *["cancelled"] * 4]
    assert job_progress(job).state == "cancelled"
    assert len(engine.history) == 2

    job_resume(job=job)
    work_off(job)
    assert statuses(job) == ["ok"] * 6
    assert len(engine.history) == 6
    assert Judgment.objects.count() == 6


def test_a_job_cancelled_after_its_end_stays_done(pool, judge):
    job = job_create(pool=pool, judge=judge)
    work_off(job)
    job_cancel(job=job)
    job.refresh_from_db()
    assert job_progress(job).state == "done"


@pytest.mark.django_db(transaction=True)
def test_calls_handed_back_while_the_job_is_cancelled_do_not_stay_waiting(pool, judge):
    job = job_create(pool=pool, judge=judge)
    lease = calls_claim(job=job, size=3, worker="w")[0].lease

    def hand_back():
        try:
            calls_hand_back(job_id=job.pk, lease=lease)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as other:
        with transaction.atomic():
            job_cancel(job=job)
            # It must wait for the cancellation to be through, which then sees these three.
            handed = other.submit(hand_back)
            with pytest.raises(TimeoutError):
                handed.result(timeout=0.5)
        handed.result(timeout=10)
    assert set(statuses(job)) == {"cancelled"}


def test_pairs_taken_over_by_another_job_stay_cancelled(pool, judge):
    job = job_create(pool=pool, judge=judge)
    job_cancel(job=job)
    other = job_create(pool=pool, judge=judge, limit=2)
    job_resume(job=job)
    assert statuses(job) == ["cancelled"] * 2 + ["waiting"] * 4
    work_off(other)
    work_off(job)
    assert (job_progress(job).state, job_progress(job).cancelled) == ("done", 2)
    assert Judgment.objects.count() == 6


def test_resuming_with_nothing_left_is_refused(pool, judge):
    job = job_create(pool=pool, judge=judge)
    job_cancel(job=job)
    work_off(job_create(pool=pool, judge=judge))
    with pytest.raises(DomainError, match="Nothing of this job is left"):
        job_resume(job=job)
    job.refresh_from_db()
    assert job.wanted == "cancel"


def test_a_running_job_is_not_resumed(pool, judge):
    with pytest.raises(DomainError, match="was not stopped"):
        job_resume(job=job_create(pool=pool, judge=judge))


def test_retrying_makes_a_new_job_of_the_failed_pairs(pool, judge, engine, alice):
    job = job_create(pool=pool, judge=judge)
    engine.enqueue("##final score: 9", "I cannot help with that (error 403).")
    work_off(job)
    assert job_progress(job).failed_still == 2
    again = job_retry(job=job, by=alice)
    failed = job.calls.filter(status__in=["out_of_scale", "unparsed"]).values_list("document__docid", flat=True)
    assert list(again.calls.values_list("document__docid", flat=True)) == list(failed) == ["q1-d1", "q1-d2"]
    assert again.created_by == alice
    work_off(again)
    assert job_progress(job).failed == 2, "the first job keeps its record"
    assert job_progress(job).failed_still == 0, "and yet nothing of it is left to ask"
    assert job_progress(again).done == 2
    assert Judgment.objects.count() == 6
    with pytest.raises(DomainError, match="Nothing is left to ask again"):
        job_retry(job=job)


def test_a_changed_prompt_file_is_refused_for_a_judge_that_has_judged(pool, judge, tmp_path, monkeypatch):
    text = (prompts.PROMPTS_FOLDER / "umbrela.v1.yaml").read_text()
    work_off(job_create(pool=pool, judge=judge, limit=1))
    frozen = judge.prompt_sha256
    assert frozen == prompts.find("umbrela.v1").sha256
    (tmp_path / "umbrela.v1.yaml").write_text(text.replace("passage", "text passage", 1))
    monkeypatch.setattr(prompts.find, "__defaults__", (tmp_path,))
    with pytest.raises(DomainError, match="has changed since judge first judged"):
        job_create(pool=pool, judge=judge)
    judge.refresh_from_db()
    assert judge.prompt_sha256 == frozen


def test_a_prompt_file_changed_under_a_waiting_job_halts_it_before_anything_is_asked(
    pool, judge, engine, tmp_path, monkeypatch
):
    text = (prompts.PROMPTS_FOLDER / "umbrela.v1.yaml").read_text()
    job = job_create(pool=pool, judge=judge)
    (tmp_path / "umbrela.v1.yaml").write_text(text + "# another byte\n")
    monkeypatch.setattr(prompts.find, "__defaults__", (tmp_path,))
    work_off(job)
    assert "has changed" in job_progress(job).explanation
    assert engine.history == []
    monkeypatch.undo()
    job_resume(job=job)
    work_off(job)
    assert job_progress(job).state == "done"


def test_a_token_judge_is_refused_where_a_grade_has_two_digits(track):
    Grade.objects.create(track=track, value=10, key="x", label="ten")
    with pytest.raises(DomainError, match="this scale has 10"):
        job_create(pool=fill_pool(track), judge=scripted_judge("token", "token"))


def test_a_name_that_belongs_to_a_person_is_refused(track, pool):
    with pytest.raises(DomainError, match="the name bob is taken by another assessor"):
        job_create(pool=pool, judge=scripted_judge("bob"))


def test_a_halted_job_is_named_where_it_holds_the_pairs(pool, judge, engine):
    job = job_create(pool=pool, judge=judge)
    LlmJob.objects.filter(pk=job.pk).update(halted_because="The engine is gone.")
    with pytest.raises(DomainError, match=f"Job {job.pk}, which was halted"):
        job_create(pool=pool, judge=judge)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"engine": "steam"}, "no engine 'steam'"),
        ({"decoding": "tea leaves"}, "no decoding 'tea leaves'"),
        ({"prompt": "nothing.v1"}, "nothing.v1"),
        ({"name": "umbrela-token"}, "already"),
        ({"name": " "}, "1 to 80 characters"),
        ({"name": "x" * 81}, "1 to 80 characters"),
    ],
)
def test_a_judge_that_could_not_work_is_not_made(db, fault, words):
    values = {"name": "new", "engine": "openai", "model": "m", "prompt": "umbrela.v1", "decoding": "reference"}
    with pytest.raises(DomainError, match=words):
        judge_create(**values | fault)


def test_a_lost_engine_is_waited_for_then_the_job_halts_with_the_reason_and_resumes(pool, judge, engine, monkeypatch):
    job = job_create(pool=pool, judge=judge)
    engine.enqueue("##final score: 1", *[EngineUnavailable("connection refused")] * 6)
    waits = []
    while (wait := work_off(job)) is not None:
        waits.append(wait)
        assert job_progress(job).state == "waiting"
        assert 0 < work_off(job) <= wait, "not asked before the wait is over"
        LlmJob.objects.filter(pk=job.pk).update(retry_at=None)
    assert len(waits) == 5
    assert all(2**n / 2 * 0.99 <= wait <= 2**n for n, wait in enumerate(waits, 1))
    progress = job_progress(job)
    assert (progress.state, progress.done, progress.left) == ("halted", 1, 5)
    assert progress.explanation == "The engine could not work: connection refused"
    assert job.calls.filter(status=CallStatus.LEASED).count() == 0

    job_resume(job=job)
    work_off(job)
    assert (job_progress(job).state, job_progress(job).done) == ("done", 6)


def test_an_engine_that_names_its_wait_is_given_it(pool, judge, engine):
    engine.enqueue(EngineUnavailable("overloaded", retry_after=45))
    assert work_off(job_create(pool=pool, judge=judge)) == 45


def test_an_engine_that_answers_again_has_its_earlier_failures_forgotten(pool, judge, engine):
    job = job_create(pool=pool, judge=judge)
    engine.enqueue(*[EngineUnavailable("busy")] * 2)
    for _ in range(2):
        work_off(job)
        LlmJob.objects.filter(pk=job.pk).update(retry_at=None)
    job.refresh_from_db()
    assert job.engine_failures == 2
    work_off(job)
    assert (job.engine_failures, job_progress(job).done) == (0, 6)
