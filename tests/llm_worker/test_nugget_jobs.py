"""Jobs about nuggets from passages to scores: windows, importance, lists in a bank, labels."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from assessment.domain.errors import DomainError
from assessment.models import Assessor, Judgment
from llm_worker.domain.limits import Limits
from llm_worker.domain.replies import State
from llm_worker.engines import EngineUnavailable, Reply
from llm_worker.models import LlmJob
from llm_worker.selectors import job_progress, job_report
from llm_worker.selectors.nugget_jobs import topic_lines
from llm_worker.services.calls import Answer, call_finish, calls_claim, calls_hand_back
from llm_worker.services.chunks import run_chunk
from llm_worker.services.jobs import job_cancel, job_create, job_resume, job_retry
from llm_worker.services.nugget_jobs import ListSettings, nuggets_assign, nuggets_make
from nuggets.models import Bank, Nugget, NuggetAssignment, TopicBank, Wording
from nuggets.selectors.leaderboards import sources_of
from tests.llm_worker.conftest import work_off
from tests.llm_worker.nugget_world import (
    answers_of,
    assigner,
    engine_of,
    nugget_judge,
    obliging,
    relevant_pool,
    said,
)

ONE_A_WINDOW = ListSettings(window=1)


@pytest.fixture
def maker(db):
    return nugget_judge()


@pytest.fixture
def engine(maker):
    return engine_of(maker, obliging)


def texts(bank, importance=None):
    found = Nugget.objects.filter(topic_bank__bank=bank).order_by("topic_bank__topic__position", "position")
    found = found.filter(importance=importance) if importance else found
    return [one.wordings.get().text for one in found]


def steps(job):
    return list(job.calls.order_by("position").values_list("part", "step", "status"))


def test_each_window_rewrites_the_list_that_the_one_before_left(track, maker, engine):
    relevant_pool(track)
    job = nuggets_make(track=track, judge=maker, settings=ONE_A_WINDOW)
    assert steps(job) == [("window", 1, "waiting"), ("window", 2, "blocked"), ("window", 3, "blocked")]
    engine.enqueue(said(nuggets=["a", "b"]), said(nuggets=["b", "c"]), said(nuggets=["c", "b", "d"]))
    engine.enqueue(said(labels=["okay", "vital", "okay"]))
    assert work_off(job) is None

    assert [status for *_, status in steps(job)] == ["ok"] * 4
    changes = [call.result["change"] for call in job.calls.filter(part="window").order_by("step")]
    assert changes[1] == {"kept": ["b"], "added": ["c"], "dropped": ["a"], "moved": False}
    assert changes[2] == {"kept": ["c", "b"], "added": ["d"], "dropped": [], "moved": True}
    assert "1. b\n2. c" in engine.history[2].messages[-1].content
    bank = Bank.objects.get()
    assert (bank.name, bank.condition) == ("nuggetizer", "auto")
    assert texts(bank) == ["b", "c", "d"]
    assert texts(bank, "vital") == ["b"]
    assert {one.origin for one in Nugget.objects.all()} == {"suggested"}
    assert job_progress(job).state == "done"


def test_passages_below_the_threshold_or_without_a_text_are_left_out_and_the_best_come_first(track, maker, engine):
    pool = relevant_pool(track, passages=4)
    by_rank = list(pool.items.order_by("position"))
    Judgment.objects.filter(document=by_rank[0].document).update(grade=1)
    Judgment.objects.filter(document=by_rank[3].document).update(grade=3)
    by_rank[2].document.text = None
    by_rank[2].document.save()
    job = nuggets_make(track=track, judge=maker, settings=ListSettings(threshold=2))
    (call,) = job.calls.all()
    assert call.material["documents"] == [by_rank[3].document_id, by_rank[1].document_id]
    assert (job.settings["threshold"], job.settings["window"]) == (2, 10)


def test_only_the_grades_of_the_chosen_assessor_count(track, maker):
    relevant_pool(track)
    Assessor.objects.create(track=track, kind=Assessor.Kind.IMPORTED, name="silent")
    with pytest.raises(DomainError, match="that silent graded 1 or higher"):
        nuggets_make(track=track, judge=maker, settings=ListSettings(grades_of="silent"))
    with pytest.raises(DomainError, match="no assessor nobody"):
        nuggets_make(track=track, judge=maker, settings=ListSettings(grades_of="nobody"))
    assert not LlmJob.objects.exists()
    assert not Bank.objects.exists()


def test_only_the_best_nuggets_are_kept_vital_before_okay(track, maker, engine):
    relevant_pool(track)
    job = nuggets_make(track=track, judge=maker, settings=ListSettings(keep=2, batch=2))
    engine.enqueue(said(nuggets=["a", "b", "c"]), said(labels=["okay", "okay"]), said(labels=["vital"]))
    work_off(job)
    assert texts(Bank.objects.get()) == ["c", "a"]
    assert job.calls.filter(part="importance").count() == 2


@pytest.mark.parametrize(
    ("reply", "status", "why"),
    [
        (said(nuggets=["x"] * 31), "unparsed", "31 nuggets, where 30 were the most."),
        (Reply(text="I had rather not", finish_reason="stop"), "unparsed", "The reply is not JSON."),
        (Reply(text="", finish_reason="stop", refused=True), "refused", ""),
        (Reply(text='{"nuggets": ["a', finish_reason="length"), "truncated", ""),
        (Reply(error="The server said 400."), "error", "The server said 400."),
    ],
)
def test_a_failed_window_leaves_its_topic_unwritten_and_the_job_partial(track, maker, engine, reply, status, why):
    relevant_pool(track, topics=2)
    job = nuggets_make(track=track, judge=maker, settings=ONE_A_WINDOW)
    # Topics take turns, for a window waits for the one before it: the third reply is to the first topic's second.
    engine.enqueue(said(nuggets=["a"]), said(nuggets=["a"]), reply)
    work_off(job)

    first = job.calls.filter(topic__qid="q1").order_by("position")
    assert list(first.values_list("status", flat=True)) == ["ok", status, "skipped"]
    assert first.get(step=2).error == why
    assert list(TopicBank.objects.values_list("topic__qid", flat=True)) == ["q2"]
    progress = job_progress(job)
    assert (progress.state, progress.failed, progress.skipped, progress.left) == ("partial", 1, 1, 0)
    assert progress.finished
    assert progress.failed_still == 1
    assert "no list in the bank" in progress.explanation
    assert [line.in_words for line in topic_lines(job)] == ["not written: window 2 of 3 failed", "in the bank"]


def test_a_retry_asks_from_the_failed_window_on_and_pays_for_nothing_twice(track, maker, engine):
    relevant_pool(track)
    job = nuggets_make(track=track, judge=maker, settings=ONE_A_WINDOW)
    engine.enqueue(said(nuggets=["a"]), "no JSON")
    work_off(job)
    assert len(engine.history) == 2

    again = job_retry(job=job)
    assert [status for *_, status in steps(again)] == ["ok", "waiting", "blocked"]
    engine.enqueue(said(nuggets=["a", "b"]), said(nuggets=["a", "b", "c"]), said(labels=["vital", "okay", "okay"]))
    work_off(again)
    assert len(engine.history) == 5
    assert "1. a" in engine.history[2].messages[-1].content
    assert texts(Bank.objects.get()) == ["a", "b", "c"]
    progress = job_progress(again)
    assert (progress.state, progress.adopted, progress.tokens_in) == ("done", 1, 300)
    assert job_progress(job).failed_still == 0
    with pytest.raises(DomainError, match="Nothing is left to ask again"):
        job_retry(job=job)


def test_an_outage_in_the_second_window_stops_the_job_there_and_it_goes_on_later(track, maker, engine, monkeypatch):
    monkeypatch.setattr("llm_worker.services.chunks.ENGINE_TRIES", 1)
    relevant_pool(track)
    job = nuggets_make(track=track, judge=maker, settings=ONE_A_WINDOW)
    engine.enqueue(said(nuggets=["a"]), EngineUnavailable("The server is away."))
    work_off(job)
    assert [status for *_, status in steps(job)] == ["ok", "waiting", "blocked"]
    assert job_progress(job).state == "halted"
    assert not TopicBank.objects.exists()

    job_resume(job=job)
    work_off(job)
    assert job_progress(job).state == "done"
    assert len(texts(Bank.objects.get())) == 1
    assert "1. a" in engine.history[2].messages[-1].content


def test_a_failed_weighing_is_asked_again_alone(track, maker, engine):
    relevant_pool(track)
    job = nuggets_make(track=track, judge=maker, settings=ListSettings(batch=1))
    engine.enqueue(said(nuggets=["a", "b"]), said(labels=["vital"]), said(labels=["crucial"]))
    work_off(job)
    assert [status for *_, status in steps(job)] == ["ok", "ok", "out_of_scale"]
    assert [line.in_words for line in topic_lines(job)] == ["not written: its importance is not known"]
    again = job_retry(job=job)
    engine.enqueue(said(labels=["okay"]))
    work_off(again)
    assert len(engine.history) == 4
    assert texts(Bank.objects.get(), "okay") == ["b"]


@pytest.mark.django_db(transaction=True)
def test_two_weighings_that_end_at_the_same_moment_write_the_list_once(track, maker, engine):
    relevant_pool(track)
    job = nuggets_make(track=track, judge=maker, settings=ListSettings(batch=1))
    engine.enqueue(said(nuggets=["a", "b", "c", "d"]))
    run_chunk(job.pk)
    calls = calls_claim(job=job, size=4, worker="w")
    assert len(calls) == 4

    def end(call):
        try:
            return call_finish(call=call, assessor=job.assessor, answer=Answer(State.OK, result={"labels": ["vital"]}))
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as all_at_once:
        assert list(all_at_once.map(end, calls)) == [True] * 4
    assert texts(Bank.objects.get()) == ["a", "b", "c", "d"]
    assert job.calls.filter(result__written=True).count() == 1


def test_a_worker_that_is_lost_in_a_window_costs_nothing_but_that_window(track, maker, engine):
    relevant_pool(track)
    job = nuggets_make(track=track, judge=maker, settings=ONE_A_WINDOW)
    (call,) = calls_claim(job=job, size=4, worker="lost")
    calls_hand_back(job_id=job.pk, lease=call.lease)
    work_off(job)
    assert job_progress(job).state == "done"
    late = Answer(State.OK, result={"nuggets": ["too late"], "change": {}})
    assert not call_finish(call=call, assessor=job.assessor, answer=late)
    assert "too late" not in texts(Bank.objects.get())


def test_a_cancelled_job_makes_no_more_windows_and_goes_on_where_it_was(track, maker, engine):
    relevant_pool(track)
    job = nuggets_make(track=track, judge=maker, settings=ONE_A_WINDOW)

    def cancelling(_):
        job_cancel(job=job)
        return said(nuggets=["a"])

    engine.enqueue(cancelling)
    assert work_off(job) is None
    assert [status for *_, status in steps(job)] == ["ok", "cancelled", "blocked"]
    assert job_progress(job).state == "cancelled"
    job_resume(job=job)
    work_off(job)
    assert job_progress(job).state == "done"
    assert len(engine.history) == 4


def test_a_topic_with_a_list_is_left_to_people(track, maker, engine):
    relevant_pool(track, topics=2)
    topics = list(track.topics.order_by("position"))
    work_off(nuggets_make(track=track, judge=maker, topics=topics[:1]))
    job = nuggets_make(track=track, judge=maker)
    assert set(job.calls.values_list("topic__qid", flat=True)) == {"q2"}
    TopicBank.objects.create(bank=job.bank, topic=topics[1])
    work_off(job)
    assert [line.in_words for line in topic_lines(job)] == ["not written: somebody had made a list meanwhile"]
    assert not Nugget.objects.filter(topic_bank__topic=topics[1]).exists()
    with pytest.raises(DomainError, match="Nothing is left to make"):
        nuggets_make(track=track, judge=maker)


def test_topics_without_relevant_passages_are_named_by_the_job(track, maker, engine):
    relevant_pool(track, topics=2)
    Judgment.objects.filter(topic__qid="q2").update(grade=0)
    job = nuggets_make(track=track, judge=maker)
    assert job.settings["without_passages"] == ["q2"]


def test_passages_with_nothing_to_say_make_an_empty_list(track, maker, engine):
    relevant_pool(track)
    engine.enqueue(said(nuggets=[]))
    job = nuggets_make(track=track, judge=maker)
    work_off(job)
    assert job_progress(job).state == "done"
    assert TopicBank.objects.get().nuggets.count() == 0


def test_limits_stop_a_job_that_makes_lists_before_the_window_that_would_pass_them(track, maker, engine):
    relevant_pool(track)
    job = nuggets_make(track=track, judge=maker, settings=ONE_A_WINDOW, limits=Limits(max_tokens=9000))
    engine.answer = lambda _: Reply(text='{"nuggets": ["a"]}', finish_reason="stop", tokens_in=4000, tokens_out=100)
    work_off(job)
    progress = job_progress(job)
    assert (progress.state, job.halted_by) == ("halted", "limit")
    assert progress.tokens_in + progress.tokens_out <= 9000
    assert len(engine.history) == 1
    job_resume(job=job, limits=Limits())
    work_off(job)
    assert job_progress(job).finished


def test_the_breaker_stops_a_job_whose_replies_all_fail(track, maker, engine):
    relevant_pool(track, topics=3)
    job = nuggets_make(track=track, judge=maker, settings=ONE_A_WINDOW, breaker=2)
    engine.answer = "no JSON"
    work_off(job)
    assert (job_progress(job).state, job.halted_by) == ("halted", "breaker")
    assert len(engine.history) == 2


def test_a_judge_is_asked_for_its_own_task_alone(track, pool, judge, maker):
    relevant = assigner()
    with pytest.raises(DomainError, match="To make nuggets there are: .*nuggetizer"):
        nuggets_make(track=track, judge=relevant)
    with pytest.raises(DomainError, match="grades no passages"):
        job_create(pool=pool, judge=maker)
    with pytest.raises(DomainError, match="To assign nuggets there are"):
        nuggets_assign(bank=Bank.objects.create(track=track, name="b", condition="manual"), judge=judge)


def test_a_bank_that_people_made_takes_no_suggestions(track, maker):
    relevant_pool(track)
    Bank.objects.create(track=track, name="ours", condition="manual")
    with pytest.raises(DomainError, match="a list|one of their own"):
        nuggets_make(track=track, judge=maker, bank_name="ours")


def test_one_job_at_a_time_is_over_a_bank(track, maker):
    relevant_pool(track)
    first = nuggets_make(track=track, judge=maker)
    with pytest.raises(DomainError, match=f"Job {first.pk} .* is not finished"):
        nuggets_make(track=track, judge=maker)


def test_the_whole_loop_from_passages_to_a_source_of_the_leaderboard(track, maker, engine):
    relevant_pool(track, topics=2)
    answers_of(track, "All about fact 1.", "Nothing.")
    work_off(nuggets_make(track=track, judge=maker))
    bank, judge = Bank.objects.get(), assigner()
    engine_of(judge, obliging)
    job = nuggets_assign(bank=bank, judge=judge)
    work_off(job)

    assert job_progress(job).state == "done"
    assert NuggetAssignment.objects.count() == Wording.objects.count() == 6
    assert job_report(job).labels == {"not_support": 4, "support": 2}
    (source,) = sources_of(track)
    assert (source.assessor.name, source.bank.name) == ("assigner", "nuggetizer")
