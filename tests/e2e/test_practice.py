"""The practice topic in a browser: by keys alone, without scripts, on a phone."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import expect

from assessment.domain.practice import practice_topic
from assessment.models import Judgment, User
from tests.e2e.judging_steps import log_in
from tests.e2e.test_accessibility import GRAVE, RULES
from tests.factories import make_duty, make_pool, make_track, make_user

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def bob():
    bob = make_user("bob")
    make_duty(make_pool(make_track()), bob)
    return bob


def begin(page):
    log_in(page, "bob")
    page.goto(reverse("practice"))
    return expect_passage(page, 0)


def expect_passage(page, place):
    expect(page.locator("#passage-title")).to_have_text(practice_topic().passages[place].title)
    expect(page.locator("#passage-title")).to_be_focused()
    return page


def expect_verdict(page, words):
    expect(page.locator("#verdict")).to_contain_text(words)
    expect(page.locator("#verdict")).to_be_focused()


def answer_in_agreement(page, passage):
    if passage.grade is None:
        page.keyboard.press("x")
        expect(page.locator("#reason")).to_be_focused()
        page.keyboard.type("Cut off.")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
    else:
        page.keyboard.press(str(passage.grade))


def test_the_practice_is_done_by_keys_alone_and_leads_to_the_work(page, bob):
    log_in(page, "bob")
    page.get_by_role("link", name="Practise first").click()
    for place, passage in enumerate(practice_topic().passages):
        expect_passage(page, place)
        answer_in_agreement(page, passage)
        expect_verdict(page, "The same as ours")
        expect(page.locator(".verdict")).to_contain_text(passage.why)
        page.keyboard.press("Enter")
    expect(page.locator("#finished-title")).to_have_text("7 of 7 as we would")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: url.endswith(reverse("home")))
    expect(page.get_by_text("New here?")).to_have_count(0)
    assert not Judgment.with_vigilance.exists() and User.objects.get(username="bob").practised_at


def test_later_undo_and_the_list_of_keys_work_as_on_the_judging_page(page, bob):
    begin(page)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("1")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
    page.keyboard.press("l")
    expect_passage(page, 1)
    expect(page.locator(".passage")).to_contain_text("it comes again at the end")
    page.keyboard.press("3")
    expect_verdict(page, "More lenient than ours")
    page.keyboard.press("u")
    expect_passage(page, 1)
    page.keyboard.press("0")
    expect_verdict(page, "The same as ours")
    page.keyboard.press("j")
    expect_passage(page, 2)


def test_a_passage_that_cannot_be_judged_needs_a_reason(page, bob):
    begin(page)
    page.keyboard.press("x")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Say in a few words")
    expect_passage(page, 0)


def test_the_practice_can_be_skipped(page, bob):
    begin(page)
    page.get_by_role("button", name="Skip the practice").click()
    page.wait_for_url(lambda url: url.endswith(reverse("home")))
    expect(page.get_by_text("New here?")).to_have_count(0)


def test_it_works_without_scripts(new_page, bob):
    page = new_page(java_script_enabled=False)
    log_in(page, "bob")
    page.goto(reverse("practice"))
    page.click('[name="press"][value="3"]')
    expect(page.locator("#verdict")).to_contain_text("The same as ours")
    page.get_by_role("button", name="Next passage").click()
    expect(page.locator("#passage-title")).to_have_text(practice_topic().passages[1].title)
    page.click("#undo")
    expect(page.locator("#passage-title")).to_have_text(practice_topic().passages[0].title)


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1024, 768), (390, 844)])
def test_grades_and_our_answer_are_on_the_screen(new_page, bob, width, height):
    page = begin(new_page(viewport={"width": width, "height": height}))
    for part in ('[name="press"][value="0"]', '[name="press"][value="3"]'):
        expect(page.locator(part)).to_be_in_viewport(ratio=1)
    page.keyboard.press("0")
    expect_verdict(page, "Stricter than ours")
    expect(page.locator(".verdict .accept")).to_be_in_viewport(ratio=1)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_axe_finds_nothing_serious_in_an_answer_and_in_the_summary(page, bob):
    begin(page)

    def found():
        violations = Axe().run(page, options=RULES).response["violations"]
        return [each["id"] for each in violations if each["impact"] in GRAVE]

    page.keyboard.press("1")
    expect_verdict(page, "Stricter than ours")
    assert found() == []
    for place in range(1, len(practice_topic().passages)):
        page.keyboard.press("Enter")
        expect_passage(page, place)
        page.keyboard.press("1")
        expect(page.locator("#verdict")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#finished-title")).to_be_focused()
    assert found() == []
