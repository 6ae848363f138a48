"""Judges of nuggets over HTTP: who starts them, what is estimated, what the pages of their jobs say."""

import re

import pytest
from django.urls import reverse

from llm_worker.models import LlmJob
from llm_worker.services.jobs import job_create, job_retry
from llm_worker.services.nugget_jobs import ListSettings, nuggets_assign, nuggets_make
from nuggets.models import Bank
from nuggets.services.suggestions import Suggested, suggestion_bank_ensure, suggestions_store
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

FIELDS = {"threshold": 1, "window": 2, "most_nuggets": 30, "keep": 20, "seen": 0}


@pytest.fixture
def maker(track):
    relevant_pool(track, topics=2)
    judge = nugget_judge()
    engine_of(judge, obliging)
    return judge


@pytest.fixture
def bank(track, maker):
    bank = suggestion_bank_ensure(track=track, name="bank")
    topic = track.topics.order_by("position").first()
    suggestions_store(bank=bank, topic=topic, nuggets=[Suggested("a", "vital"), Suggested("b", "okay")])
    return bank


def lists_form(**changed):
    return {f"lists-{name}": value for name, value in (FIELDS | {"judge": "nuggetizer"} | changed).items()}


def read(client, user, name, *arguments, **query):
    client.force_login(user)
    return client.get(reverse(name, args=arguments), query).content.decode()


def send(client, user, name, data, *arguments):
    client.force_login(user)
    return client.post(reverse(name, args=arguments or ["small"]), data)


def test_alice_has_lists_made_for_the_topics_that_she_names(client, track, maker, alice):
    answer = send(client, alice, "nugget_lists_start", lists_form(topics="q2", bank_name="auto"))
    job = LlmJob.objects.get()
    assert answer.url == reverse("job", args=[job.pk])
    assert (job.bank.name, job.created_by, job.settings["window"]) == ("auto", alice, 2)
    assert set(job.calls.values_list("topic__qid", flat=True)) == {"q2"}
    assert job.estimate["lines"][0]["said"] == "5 to ask"


def test_alice_has_a_bank_looked_for_in_answers(client, track, bank, alice):
    answers_of(track, "Something.")
    assigner()
    form = {"labels-judge": "assigner", "labels-bank": bank.pk, "labels-seen": 0, "labels-max_tokens": 5000}
    send(client, alice, "nugget_labels_start", form)
    job = LlmJob.objects.get()
    assert (job.bank, job.max_tokens, job.calls.count()) == (bank, 5000, 1)


@pytest.mark.parametrize("start", ["nugget_lists_start", "nugget_labels_start"])
@pytest.mark.parametrize("name", ["vera", "bob", "charlie"])
def test_only_an_organizer_starts_a_job_about_nuggets(client, maker, start, name, request):
    user = request.getfixturevalue(name)
    assert send(client, user, start, lists_form()).status_code == 404
    assert not LlmJob.objects.exists()


def test_a_button_pressed_twice_starts_one_job(client, maker, alice):
    first = send(client, alice, "nugget_lists_start", lists_form())
    assert send(client, alice, "nugget_lists_start", lists_form()).url == first.url
    assert LlmJob.objects.count() == 1


def test_what_is_wrong_stands_beside_the_form_and_starts_nothing(client, maker, alice):
    page = send(client, alice, "nugget_lists_start", lists_form(topics="q9")).content.decode()
    assert "small has no topic q9." in page
    page = send(client, alice, "nugget_lists_start", lists_form(threshold=3)).content.decode()
    assert "graded 3 or higher" in page
    page = send(client, alice, "nugget_lists_start", lists_form(window=0)).content.decode()
    assert "greater than or equal to 1" in page
    assert not LlmJob.objects.exists()
    assert not Bank.objects.exists()


def test_the_estimate_says_how_many_calls_there_will_be(client, track, bank, alice):
    shown = read(client, alice, "nugget_job_estimate", "small", **lists_form())
    assert "10 to ask" in shown
    assert "4 windows of 2 topics" in shown
    assert "Fill in the form" in read(client, alice, "nugget_job_estimate", "small")
    assigner()
    answers_of(track, "")
    form = {"labels-judge": "assigner", "labels-bank": bank.pk}
    assert "1 empty one without a call." in read(client, alice, "nugget_job_estimate", "small", **form)


def test_the_page_of_a_job_shows_what_each_window_changed_and_which_one_failed(client, track, maker, alice):
    topics = list(track.topics.filter(qid="q1"))
    job = nuggets_make(track=track, judge=maker, topics=topics, settings=ListSettings(window=1))
    engine_of(maker).enqueue(said(nuggets=["blue light"]), said(nuggets=["short waves"]), "no JSON")
    work_off(job)
    page = read(client, alice, "job", job.pk)
    assert "nuggetizer over nuggetizer" in page
    assert "graded 1 or higher by anybody but a judge, 1 a window" in page
    assert "<ins>short waves</ins>" in page
    assert "<del>blue light</del>" in page
    assert "not written: window 3 of 3 failed" in page
    assert "partial" in page
    assert "reply is not as asked" in page
    assert "Ask the 1 failed again" in page

    again = job_retry(job=job)
    work_off(again)
    page = read(client, alice, "job", again.pk)
    assert "in the bank" in page
    assert "taken over from the job that it asks again" in page


def test_the_page_of_an_assignment_counts_its_labels_and_its_empty_answers(client, track, bank, vera):
    answers_of(track, "Something.")
    answers_of(track, "", tag="blank")
    judge = assigner()
    engine_of(judge, obliging)
    job = nuggets_assign(bank=bank, judge=judge)
    work_off(job)
    page = read(client, vera, "job", job.pk)
    assert "assigner over bank" in page
    assert "1</span> empty answer supports nothing, without a call" in page
    assert 'not_support <span class="num">1</span>' in page
    assert 'Assignment 1 of <span class="mono">run</span>' in page


def test_the_page_of_jobs_lists_them_and_shows_its_forms_to_organizers_alone(client, track, maker, alice, vera):
    assert "No judge has been asked about nuggets" in read(client, vera, "nugget_jobs", "small")
    nuggets_make(track=track, judge=maker)
    assert "nuggetizer over nuggetizer" in read(client, vera, "nugget_jobs", "small")
    assert "Make the lists" not in read(client, vera, "nugget_jobs", "small")
    page = read(client, alice, "nugget_jobs", "small")
    assert "Make the lists" in page
    assert "First it needs" in page


def test_a_judge_of_nuggets_is_not_offered_to_grade_a_pool(client, track, maker, judge, alice):
    page = read(client, alice, "job_create", "small", track.pools.get().pk)
    assert 'value="judge"' in page
    assert "nuggetizer" not in page


def test_the_judges_page_leads_from_a_judge_of_nuggets_to_its_jobs(client, track, maker, alice):
    job = nuggets_make(track=track, judge=maker)
    page = read(client, alice, "judges")
    assert reverse("nugget_jobs", args=["small"]) in page
    assert reverse("calibration", args=["small", job.assessor_id]) not in page
    client.force_login(alice)
    answer = client.get(reverse("calibration", args=["small", job.assessor_id]))
    assert answer.url == reverse("nugget_jobs", args=["small"])


def test_the_tab_of_a_job_is_that_of_what_it_is_over(client, track, maker, judge, alice):
    over_bank = nuggets_make(track=track, judge=maker)
    over_pool = job_create(pool=track.pools.get(), judge=judge)
    for job, tab in ((over_bank, "nuggets"), (over_pool, "pools")):
        assert re.findall(
            r'href="/tracks/small/(\w+)/"[^>]*aria-current="page"', read(client, alice, "job", job.pk)
        ) == [tab]
