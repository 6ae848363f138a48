"""Asking a judge in a real browser: start it from the pool, watch it, read what failed, ask again."""

import re

import pytest
from playwright.sync_api import expect

from assessment.models import User
from llm_worker.models import LlmJob
from llm_worker.services.judges import judge_create
from tests.factories import make_pool, make_track, make_user
from tests.llm_worker.processes import forget_workers, start, stop

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
LONG = 60_000  # a worker starts in seconds, on a busy machine in many


@pytest.fixture
def pool():
    make_user("alice", is_staff=True)
    return make_pool(make_track(), size=6)


@pytest.fixture
def worker(pool):
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


def scripted(name, **options):
    return judge_create(
        name=name, engine="scripted", model=name, prompt="umbrela.v1", decoding="reference", options=options
    )


def ask(page, judge):
    # With its estimate there, no request is cut off by leaving the page.
    with page.expect_response(lambda answer: f"/jobs/estimate/?judge={judge}" in answer.url):
        page.get_by_label("Judge", exact=True).select_option(judge)
    expect(page.locator(".estimate")).to_contain_text("6 to ask")
    page.get_by_role("button", name="Ask for suggestions").click()
    page.wait_for_url(re.compile("/jobs/"))


def state(page):
    return page.locator(".job-progress .badge")


def test_a_job_started_on_the_pools_page_moves_to_done_without_a_reload(pool, worker, open_page):
    scripted("slow", answer="##final score: 2", seconds=0.7)
    page = open_page(f"/tracks/{pool.track.slug}/pools/{pool.pk}/")
    ask(page, "slow")
    page.evaluate("window.sameDocument = true")
    progress = page.locator(".job-progress")
    expect(progress).to_contain_text(re.compile(r"[1-5] of 6 judged"), timeout=LONG)
    expect(progress.get_by_role("button", name="Cancel")).to_be_visible()
    expect(state(page)).to_have_text("done", timeout=LONG)
    expect(progress).to_contain_text("6 of 6 judged")
    expect(progress.get_by_role("button")).to_have_count(0)
    expect(page.locator(".grade-count", has=page.locator("[data-grade='2']"))).to_contain_text("6")
    assert page.evaluate("window.sameDocument")
    page.get_by_role("link", name=pool.name).click()
    expect(page.locator(".job-row")).to_contain_text("6 of 6 judged")


def test_failures_are_read_as_they_came_and_asked_again(pool, worker, open_page):
    scripted("vague", answer="<b>It depends</b> on what one calls relevant.")
    page = open_page(f"/tracks/{pool.track.slug}/pools/{pool.pk}/")
    ask(page, "vague")
    expect(state(page)).to_have_text("done, with failures", timeout=LONG)
    replies = page.locator("#failures .reply")
    expect(replies).to_have_count(6)
    expect(replies.first).to_have_text("<b>It depends</b> on what one calls relevant.")
    expect(page.locator("#failures .badge").first).to_have_text("no grade in the reply")
    first = LlmJob.objects.get()
    page.get_by_role("button", name="Ask the 6 failed again").click()
    expect(page.get_by_text(f"Job {first.pk + 1},")).to_be_visible()
    expect(state(page)).to_have_text("done, with failures", timeout=LONG)
    assert LlmJob.objects.exclude(pk=first.pk).get().calls.count() == 6


def test_a_job_is_cancelled_and_gone_on_with(pool, worker, open_page):
    scripted("slow", answer="##final score: 1", seconds=1.0)
    page = open_page(f"/tracks/{pool.track.slug}/pools/{pool.pk}/")
    ask(page, "slow")
    expect(page.locator(".job-progress")).to_contain_text(re.compile(r"[1-5] of 6 judged"), timeout=LONG)
    page.get_by_role("button", name="Cancel").click()
    expect(state(page)).to_have_text("cancelled", timeout=LONG)
    page.get_by_role("button", name="Go on with").click()
    expect(state(page)).to_have_text("done", timeout=LONG)
    expect(page.locator(".job-progress")).to_contain_text("6 of 6 judged")


def test_the_pools_panel_moves_without_disturbing_the_form(pool, worker, open_page):
    scripted("slow", answer="##final score: 1", seconds=1.0)
    address = f"/tracks/{pool.track.slug}/pools/{pool.pk}/"
    page = open_page(address)
    ask(page, "slow")
    page.goto(address)
    page.get_by_label("At most").fill("3")
    expect(page.locator(".job-row .badge")).to_have_text("done", timeout=LONG)
    expect(page.get_by_label("At most")).to_have_value("3")
    page.set_viewport_size({"width": 1024, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 1024
