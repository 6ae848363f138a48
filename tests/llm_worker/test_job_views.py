"""Judges and jobs over HTTP: who may start, stop and read them, and what the pages say."""

import pytest
from django.urls import reverse

from assessment.models import Assessor, Judgment
from llm_worker.models import LlmJob
from llm_worker.services.jobs import job_cancel, job_create
from llm_worker.services.running import job_halt
from tests.llm_worker.conftest import work_off


@pytest.fixture
def job(pool, judge):
    return job_create(pool=pool, judge=judge)


@pytest.fixture
def get(client):
    def get(user, name, *arguments, **options):
        client.force_login(user)
        return client.get(reverse(name, args=arguments), **options)

    return get


@pytest.fixture
def post(client):
    def post(user, name, *arguments, **data):
        client.force_login(user)
        return client.post(reverse(name, args=arguments), data)

    return post


def test_alice_starts_a_job_from_the_pool(pool, judge, alice, post):
    answer = post(alice, "job_create", "small", pool.pk, judge="judge", limit=4)
    job = LlmJob.objects.get()
    assert answer.url == reverse("job", args=[job.pk])
    assert (job.created_by, job.calls.count()) == (alice, 4)


@pytest.mark.parametrize("name", ["vera", "bob", "charlie"])
def test_only_an_organizer_starts_a_job_or_sees_the_form(pool, judge, name, get, post, request):
    user = request.getfixturevalue(name)
    assert get(user, "job_create", "small", pool.pk).status_code == 404
    assert post(user, "job_create", "small", pool.pk, judge="judge").status_code == 404
    assert not LlmJob.objects.exists()


@pytest.mark.parametrize(("name", "status"), [("alice", 200), ("vera", 200), ("bob", 404), ("charlie", 404)])
@pytest.mark.parametrize("page", ["job", "job_progress"])
def test_readers_read_a_job_and_nobody_else(job, name, status, page, get, request):
    assert get(request.getfixturevalue(name), page, job.pk).status_code == status


@pytest.mark.parametrize("name", ["vera", "bob", "charlie"])
@pytest.mark.parametrize("action", ["job_pause", "job_cancel", "job_resume", "job_retry"])
def test_only_an_organizer_acts_on_a_job(job, name, action, post, request):
    assert post(request.getfixturevalue(name), action, job.pk).status_code == 404
    job.refresh_from_db()
    assert (job.wanted, LlmJob.objects.count()) == ("run", 1)


@pytest.mark.parametrize("page", ["judges", "job", "job_progress"])
def test_nobody_reads_without_a_login(job, client, page):
    answer = client.get(reverse(page, args=[] if page == "judges" else [job.pk]))
    assert answer.status_code == 302
    assert "/login/" in answer.url


def test_a_get_changes_nothing(job, alice, get):
    for action in ("job_pause", "job_cancel", "job_resume", "job_retry"):
        assert get(alice, action, job.pk).status_code == 405


def test_a_refused_job_gives_the_reason_beside_the_form(pool, job, alice, post):
    answer = post(alice, "job_create", "small", pool.pk, judge="judge")
    assert answer.status_code == 200
    assert "Nothing is left to ask" in answer.content.decode()


@pytest.mark.parametrize("limit", ["0", "-3", "x", str(10**20)])
def test_a_limit_that_is_no_number_of_items_is_refused(pool, judge, alice, post, limit):
    answer = post(alice, "job_create", "small", pool.pk, judge="judge", limit=limit)
    assert answer.status_code == 200
    assert "errorlist" in answer.content.decode()
    assert not LlmJob.objects.exists()


def test_the_pools_panel_is_a_fragment_for_htmx_and_a_page_without(job, pool, alice, get):
    fragment = get(alice, "job_create", "small", pool.pk, headers={"HX-Request": "true"}).content.decode()
    page = get(alice, "job_create", "small", pool.pk).content.decode()
    assert "<html" not in fragment
    assert "<html" in page
    for html in (fragment, page):
        assert reverse("job", args=[job.pk]) in html


def test_progress_asks_again_only_while_something_is_left(job, alice, get):
    assert "every 2s" in get(alice, "job_progress", job.pk).content.decode()
    work_off(job)
    html = get(alice, "job_progress", job.pk).content.decode()
    assert "every 2s" not in html
    assert "6</strong> of 6 judged" in html


def test_cancel_and_go_on(job, alice, get, post):
    assert post(alice, "job_cancel", job.pk).url == reverse("job", args=[job.pk])
    html = get(alice, "job", job.pk).content.decode()
    assert "Go on with the 6 left" in html
    post(alice, "job_resume", job.pk)
    work_off(job)
    assert Judgment.objects.count() == 6


def test_a_halted_job_says_why_and_offers_to_go_on(job, alice, vera, get):
    job_halt(job=job, reason="The engine could not work: <connection> refused")
    html = get(alice, "job", job.pk).content.decode()
    assert "&lt;connection&gt; refused" in html
    assert "Go on with the 6 left" in html
    assert "Go on with" not in get(vera, "job", job.pk).content.decode()


def test_failures_are_listed_with_the_raw_reply_escaped_and_asked_again_as_a_new_job(job, engine, alice, get, post):
    engine.enqueue("<script>alert('x')</script> no grade here")
    work_off(job)
    html = get(alice, "job", job.pk).content.decode()
    assert "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt; no grade here" in html
    assert "no grade in the reply" in html
    answer = post(alice, "job_retry", job.pk)
    again = LlmJob.objects.exclude(pk=job.pk).get()
    assert answer.url == reverse("job", args=[again.pk])
    assert again.calls.count() == 1


def test_an_action_that_is_refused_is_told_in_a_message(job, alice, client, post):
    answer = post(alice, "job_retry", job.pk)
    assert answer.url == reverse("job", args=[job.pk])
    assert "Nothing is left to ask again" in client.get(answer.url).content.decode()


def test_many_failures_are_shown_in_pages(job, alice, get, monkeypatch):
    monkeypatch.setattr("llm_worker.views.jobs.FAILURES_A_PAGE", 4)
    job.calls.update(status="unparsed", raw_reply="no")
    assert get(alice, "job", job.pk).content.decode().count('class="reply"') == 4
    assert get(alice, "job", job.pk, data={"page": 2}).content.decode().count('class="reply"') == 2
    assert get(alice, "job", job.pk, data={"page": "none"}).status_code == 200


def test_the_judges_page_shows_kappa_with_its_n_and_the_caveat(pool, job, judge, alice, get):
    judge.caveat = "Only a test."
    judge.save()
    nist = Assessor.objects.create(track=pool.track, kind=Assessor.Kind.IMPORTED, name="nist")
    work_off(job)
    for item in pool.items.all():
        Judgment.objects.create(assessor=nist, topic=item.topic, document=item.document, grade=item.position - 1)
    html = get(alice, "judges").content.decode()
    assert "Only a test." in html
    row = html[html.index("nist</a>") :]
    assert [cell.split("<")[0] for cell in row.split('<td class="num">')[1:4]] == ["0.000", "0.333", "6"]


def test_the_judges_page_says_where_agreement_is_unknown(job, alice, get):
    work_off(job)
    assert "Nobody has graded the same pairs yet" in get(alice, "judges").content.decode()


def test_the_judges_page_gives_bob_no_results(job, bob, get):
    work_off(job)
    html = get(bob, "judges").content.decode()
    assert "umbrela-token" in html
    assert "A small track" not in html


def test_a_job_page_costs_few_queries_however_many_calls(job, alice, client, django_assert_max_num_queries):
    work_off(job)
    client.force_login(alice)
    with django_assert_max_num_queries(17):
        client.get(reverse("job", args=[job.pk]))


def test_a_cancelled_jobs_left_calls_are_not_said_to_be_left_twice(job, alice, get):
    job_cancel(job=job)
    assert "6 cancelled" in get(alice, "job_progress", job.pk).content.decode()
