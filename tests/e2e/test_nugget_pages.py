"""Pages of nugget scores in a real browser: charts are drawn under the policy, files go in without a reload."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from tests.e2e.campaign import make_campaign
from tests.e2e.judging_steps import log_in

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

BAD = b'{"qid": "q1", "nuggets": [{"text": "light scatters", "importance": "vital"}]}\nno JSON\n'


@pytest.fixture
def campaign():
    return make_campaign()


def points(page, chart):
    return page.locator(f".chart-plot-{chart} .mark-symbol path")


def test_charts_are_drawn_and_lead_from_topics_to_a_topic_and_to_an_answer(page, campaign):
    log_in(page, "vera")
    page.goto(reverse("nuggets", args=["campaign"]))
    expect(points(page, "lengths")).to_have_count(2)
    page.get_by_role("navigation", name="Nuggets").get_by_role("link", name="Topics").click()
    expect(points(page, "ranges")).to_have_count(1)  # q2 has no vital nugget
    page.get_by_role("link", name="q1", exact=True).click()
    expect(points(page, "lengths")).to_have_count(2)
    expect(page.get_by_role("region", name="Nuggets and how many answers support each")).to_contain_text(
        "light scatters"
    )
    page.get_by_role("region", name="Runs by their score").get_by_role("link", name="long").click()
    expect(page.locator(".answer-whole")).to_have_text("Light scatters.")


def test_two_assessors_are_compared_and_the_choice_is_in_the_address(page, campaign):
    log_in(page, "vera")
    page.goto(reverse("nugget_compare", args=["campaign"]))
    expect(points(page, "scatter")).to_have_count(2)
    page.get_by_label("Score", exact=True).select_option("all")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".compare-finding")).to_contain_text("all:")
    assert "score=all" in page.url


def test_a_file_that_is_refused_keeps_what_was_typed_and_a_good_one_is_stored(page, campaign):
    log_in(page, "alice")
    page.goto(reverse("nugget_files", args=["campaign"]))
    form = page.locator("section").filter(has=page.get_by_role("heading", name="Import nuggets"))
    form.get_by_label("Bank").fill("auto")
    for content, said in ((BAD, "line 2 not JSON"), (BAD.splitlines()[0], "auto: 1 nugget of 1 topic.")):
        form.get_by_label("Files").set_input_files({"name": "n.jsonl", "mimeType": "text/plain", "buffer": content})
        form.get_by_role("button", name="Import").click()
        expect(page.locator(".upload-report")).to_contain_text(said)
        expect(form.get_by_label("Bank")).to_have_value("auto")
    assert campaign.track.banks.get(name="auto").topic_banks.count() == 1
