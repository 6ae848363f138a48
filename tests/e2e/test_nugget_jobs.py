"""Judges of nuggets in a real browser: start one, watch it, see its window that failed, have its nuggets looked for."""

import re

import pytest
from playwright.sync_api import expect

from assessment.models import Assessor, Judgment, JudgmentState, User
from llm_worker.services.judges import judge_create
from nuggets.models import Answer, AnswerRun, Label, NuggetAssignment
from nuggets.services.suggestions import Suggested, suggestion_bank_ensure, suggestions_store
from tests.factories import make_pool, make_track, make_user
from tests.llm_worker.processes import forget_workers, start, stop

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
LONG = 60_000  # a worker starts in seconds, on a busy machine in many


@pytest.fixture
def track():
    """One topic, six passages that an imported assessor finds relevant, and a run that answers it."""
    make_user("alice", is_staff=True)
    track = make_track()
    pool = make_pool(track, size=6)
    nist = Assessor.objects.create(track=track, kind=Assessor.Kind.IMPORTED, name="nist")
    for item in pool.items.all():
        graded = {"grade": 2, "state": JudgmentState.GRADED}
        Judgment.objects.create(assessor=nist, topic=item.topic, document=item.document, **graded)
    run = AnswerRun.objects.create(track=track, tag="answering")
    for topic in {item.topic for item in pool.items.all()}:
        Answer.objects.create(run=run, topic=topic, text="Light scatters.", words=2)
    return track


@pytest.fixture
def worker(track):
    """A real worker on the test's database."""
    forget_workers()
    process = start("worker")
    yield process
    stop(process)


@pytest.fixture
def open_page(client, new_page, live_server):
    """Opens an address as alice; the browser's own fixture fails on any console or policy error."""

    def open_it(address, **options):
        client.force_login(User.objects.get(username="alice"))
        page = new_page(**options)
        cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
        page.context.add_cookies([cookie])
        page.goto(address)
        return page

    return open_it


def scripted(name, prompt, answer):
    return judge_create(
        name=name, engine="scripted", model=name, prompt=prompt, decoding="json", options={"answer": answer}
    )


def ask(page, heading, judge, button):
    """Choose the judge in the form under this heading, and start it once its estimate is there."""
    form = page.get_by_role("region", name=heading)
    with page.expect_response(lambda answer: f"-judge={judge}&" in answer.url):
        form.get_by_label("Judge", exact=True).select_option(judge)
    expect(form.locator(".estimate")).to_contain_text("to ask")
    form.get_by_role("button", name=button).click()
    page.wait_for_url(re.compile("/jobs/"))


def test_a_window_that_failed_is_read_on_the_jobs_page_and_asked_again(track, worker, open_page):
    scripted("silent", "nuggets.v1", "I had rather not.")
    page = open_page(f"/tracks/{track.slug}/nuggets/jobs/")
    ask(page, "Make lists of nuggets", "silent", "Make the lists")
    progress = page.locator(".job-progress")
    expect(progress.locator(".badge")).to_have_text("partial", timeout=LONG)
    expect(page.locator("#topics")).to_contain_text("not written: window 1 of 1 failed")
    expect(page.locator("#failures .reply").first).to_have_text("I had rather not.")
    progress.get_by_role("button", name="failed again").click()
    expect(page.get_by_text("asking the failed calls of")).to_be_visible()
    expect(progress.locator(".badge")).to_have_text("partial", timeout=LONG)
    page.get_by_role("link", name="Nuggets by judges").click()
    expect(page.locator(".job-row")).to_have_count(2)


def test_nuggets_are_looked_for_in_answers_and_the_leaderboard_has_the_judges_labels(track, worker, open_page):
    bank = suggestion_bank_ensure(track=track, name="facts")
    for topic in track.topics.all():
        suggestions_store(
            bank=bank, topic=topic, nuggets=[Suggested("light scatters", "vital"), Suggested("x", "okay")]
        )
    scripted("finder", "nugget-assignment.v1", '{"labels": ["support", "not_support"]}')
    page = open_page(f"/tracks/{track.slug}/nuggets/jobs/")
    ask(page, "Look for nuggets in answers", "finder", "Look for them")
    expect(page.locator(".job-progress .badge")).to_have_text("done", timeout=LONG)
    expect(page.locator("#topics")).to_contain_text("done")
    assert NuggetAssignment.objects.filter(label=Label.SUPPORT).count() == track.topics.count()
    page.get_by_role("link", name="The leaderboard").click()
    expect(page.get_by_role("row", name=re.compile("answering"))).to_contain_text("1.0000")
