"""The page of agreement, used with a mouse and from the keyboard."""

import re

import pytest
from playwright.sync_api import expect

from assessment.models import Assessor, Judgment, User
from tests.factories import make_judge, make_pool, make_track

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

GRADES = {"nist": [3, 2, 0, 0, 1], "lexical": [3, 0, 1, 0, 1], "other": [3, 2, 0, 0, 0]}


@pytest.fixture
def open_page(db, client, new_page, live_server):
    """Opens the page of a track where two judges and an imported file graded the same five passages."""
    track = make_track()
    items = list(make_pool(track).items.order_by("position"))
    for name, grades in GRADES.items():
        imported = name == "nist"
        one = Assessor.objects.create(track=track, kind="imported", name=name) if imported else make_judge(track, name)
        for item, grade in zip(items, grades, strict=True):
            note = "A near miss." if imported else ""
            Judgment.objects.create(assessor=one, topic=item.topic, document=item.document, grade=grade, note=note)

    def open_it(**options):
        client.force_login(User.objects.create(username="alice", is_staff=True))
        page = new_page(**options)
        cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
        page.context.add_cookies([cookie])
        page.goto(f"/tracks/{track.slug}/agreement/")
        return page

    return open_it


def test_a_click_anywhere_in_a_row_opens_its_pair_and_a_cell_its_passages(open_page):
    page = open_page()
    row = page.locator(".table-pairs tbody tr", has_text="lexical").first
    row.locator("td.num").last.click(force=True)  # the link lies over its whole row
    expect(page.locator("#pair-title")).to_have_text("nist and lexical")
    expect(page.locator(".disagreement")).to_have_count(2)
    page.get_by_role("link", name="1: 2 by nist, 0 by lexical").click()
    expect(page.locator(".disagreement")).to_have_count(1)
    page.get_by_role("link", name=re.compile("show all again")).click()
    expect(page.locator(".disagreement")).to_have_count(2)


def test_a_disagreement_opens_from_the_keyboard_with_text_and_note(open_page):
    page = open_page()
    page.get_by_role("link", name="nist and lexical").press("Enter")
    first = page.locator(".disagreement").first
    expect(first.get_by_text("passage number 2")).to_be_hidden()
    first.locator("summary").press("Enter")
    expect(first.locator(".passage")).to_contain_text("This is passage number 2")
    expect(first.get_by_text("A near miss.")).to_be_visible()


@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_nothing_is_wider_than_the_screen(open_page, width):
    page = open_page(viewport={"width": width, "height": 900})
    page.get_by_role("link", name="nist and lexical").press("Enter")
    expect(page.locator("#pair-title")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
