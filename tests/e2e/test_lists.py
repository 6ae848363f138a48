"""The list of a topic's passages: corrected row by row from the keyboard, accepted at once, taken back."""

import json
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import expect

from assessment.models import Condition, Judgment, JudgmentEvent
from tests.e2e.judging_steps import expect_saved, grades, log_in
from tests.e2e.test_accessibility import GRAVE, RULES
from tests.factories import make_duty, make_judge, make_pool, make_track, make_user, suggest

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
SUGGESTED = [1, 2, 3, 1, 2, 1]
LOST = r"net::ERR_INTERNET_DISCONNECTED|net::ERR_FAILED|Failed to load resource"


@pytest.fixture
def duty():
    pool = make_pool(make_track(), size=len(SUGGESTED))
    judge = make_judge(pool.track)
    for place, (item, grade) in enumerate(zip(pool.items.order_by("position"), SUGGESTED, strict=True)):
        suggest(judge, item, grade, confidence=0.5 + place / 20)
    return make_duty(pool, make_user("bob"), Condition.POST_EDIT, source=judge)


def begin(page, duty):
    log_in(page, duty.assessor.user.username)
    page.goto(reverse("duty_list", args=[duty.pk]))
    return expect_row(page, duty, 1)


def row(page, duty, place):
    return page.locator(f"#row-{duty.pool.items.get(position=place).pk}")


def expect_row(page, duty, place):
    """The row is at hand, and has the focus."""
    expect(row(page, duty, place)).to_have_attribute("aria-current", "true")
    expect(row(page, duty, place)).to_be_focused()
    return page


def accept_shown(page, reason):
    page.keyboard.press("a")
    expect(page.locator("#acceptance-reason")).to_be_focused()
    page.keyboard.type(reason)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")


def test_rows_are_graded_and_suggestions_taken_over_from_the_keyboard(page, duty):
    begin(page, duty)
    page.keyboard.press("Enter")
    expect_row(page, duty, 2)
    page.keyboard.press("0")
    expect_row(page, duty, 3)
    page.keyboard.press("j")
    expect_row(page, duty, 4)
    page.keyboard.press("ArrowUp")
    page.keyboard.press("k")
    expect_row(page, duty, 2)
    page.keyboard.press("3")
    expect_row(page, duty, 3)
    expect_saved(page)
    assert grades(duty) == [1, 3, None, None, None, None]
    events = JudgmentEvent.objects.values_list("kind", "grade", "suggestion_grade")
    assert list(events) == [("accepted", 1, 1), ("recorded", 0, 2), ("recorded", 3, 2)]
    assert Judgment.objects.get(grade=3, assessor=duty.assessor).active_ms is not None
    expect(page.locator("#done")).to_have_text("2")


def test_the_last_grade_and_any_rows_grade_are_taken_back(page, duty):
    begin(page, duty)
    for key in "012":
        page.keyboard.press(key)
    expect_row(page, duty, 4)
    page.keyboard.press("u")
    expect_row(page, duty, 3)
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Backspace")
    expect_row(page, duty, 1)
    expect_saved(page)
    assert grades(duty)[:3] == [None, 1, None]
    page.keyboard.press("u")  # what is left of this visit: the second row
    expect_row(page, duty, 2)
    expect_saved(page)
    assert not Judgment.objects.filter(assessor=duty.assessor).exists()


def test_a_row_opens_to_the_whole_text_and_closes_again(page, duty):
    document = duty.pool.items.get(position=1).document
    document.text = "Beginning. " * 60 + "The very end of the sky."
    document.save()
    begin(page, duty)
    expect(row(page, duty, 1)).not_to_contain_text("The very end")
    page.keyboard.press("Space")
    expect(row(page, duty, 1).locator(".list-text")).to_contain_text("The very end of the sky.")
    page.keyboard.press("o")
    expect(row(page, duty, 1).locator(".list-text")).to_have_count(0)
    expect_row(page, duty, 1)


def test_the_rows_that_a_filter_shows_are_accepted_with_a_reason_and_taken_back_as_a_whole(page, duty):
    begin(page, duty)
    page.keyboard.press("0")
    expect_row(page, duty, 2)
    page.locator("#id_suggested").select_option("1")
    expect(page.locator("#rows > li")).to_have_count(3)
    expect(page.locator("#accept-shown")).to_contain_text("Accept the 2 shown")
    page.keyboard.press("Escape")
    accept_shown(page, "Read both.")
    expect(page.locator(".toast-success")).to_contain_text("2 accepted.")
    expect_saved(page)
    assert grades(duty) == [0, None, None, 1, None, 1]
    accepted = Judgment.objects.filter(assessor=duty.assessor, reason="Read both.")
    assert accepted.count() == JudgmentEvent.objects.filter(kind="bulk").count() == 2
    expect(page.locator("#done")).to_have_text("3")
    page.keyboard.press("u")
    expect(page.locator("#done")).to_have_text("1")
    expect_saved(page)
    assert grades(duty) == [0, None, None, None, None, None]
    page.keyboard.press("u")
    expect_saved(page)
    assert grades(duty)[0] is None


def test_the_filter_is_reached_and_left_by_key_and_finds_words_of_the_whole_text(page, duty):
    document = duty.pool.items.get(position=5).document
    document.text = "Beginning. " * 60 + "Rayleigh scattering."
    document.save()
    begin(page, duty)
    page.keyboard.press("f")
    expect(page.locator("#id_words")).to_be_focused()
    page.keyboard.type("rayleigh")
    expect(page.locator("#rows > li")).to_have_count(1)
    page.keyboard.press("Escape")
    expect_row(page, duty, 5)
    page.keyboard.press("Enter")
    expect_saved(page)
    assert grades(duty)[4] == 2


def test_without_a_reason_nothing_is_accepted(page, duty):
    begin(page, duty)
    accept_shown(page, "   ")
    expect(page.locator("#acceptance")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#acceptance")).to_be_hidden()
    assert not Judgment.objects.filter(assessor=duty.assessor).exists()


def test_what_changed_meanwhile_is_told_and_shown_as_it_is_now(page, duty):
    begin(page, duty)
    first, second = duty.pool.items.order_by("position")[:2]
    Judgment.objects.filter(assessor=duty.suggestion_source, document=first.document).update(grade=3)
    Judgment.objects.create(assessor=duty.assessor, topic=duty.topic, document=second.document, grade=0)
    accept_shown(page, "All right.")
    expect(page.locator(".toast-warning")).to_contain_text("4 accepted, 2 had changed")
    expect(row(page, duty, 1)).to_have_attribute("data-suggestion", "3")
    expect(row(page, duty, 1)).to_have_attribute("data-state", "")
    expect(row(page, duty, 2)).to_have_attribute("data-grade", "0")
    expect(page.locator("#done")).to_have_text("5")
    assert grades(duty) == [None, 0, 3, 1, 2, 1]


def test_a_lost_connection_loses_no_row_and_no_acceptance(page, duty, allowed_console_errors):
    allowed_console_errors.append(LOST)
    begin(page, duty)
    page.context.set_offline(True)
    page.keyboard.press("3")
    expect_row(page, duty, 2)
    accept_shown(page, "In the train.")
    page.keyboard.press("j")
    expect(page.locator("#light")).to_have_attribute("data-state", "offline")
    expect(page.locator("#done")).to_have_text("6")
    assert not Judgment.objects.filter(assessor=duty.assessor).exists()
    page.context.set_offline(False)
    expect_saved(page)
    assert grades(duty) == [3, *SUGGESTED[1:]]
    assert JudgmentEvent.objects.count() == len(SUGGESTED)


def test_a_reload_keeps_an_acceptance_that_was_not_sent(page, duty, allowed_console_errors):
    allowed_console_errors.append(LOST)
    begin(page, duty)
    page.route("**/accept/", lambda route: route.abort())
    accept_shown(page, "Before the reload.")
    expect(page.locator("#light")).to_have_attribute("data-state", "retrying")
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    expect(page.locator("#rows [data-pending]")).to_have_count(len(SUGGESTED))
    page.unroute("**/accept/")
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect_saved(page)
    assert grades(duty) == SUGGESTED


def test_the_judging_page_sends_an_acceptance_that_was_left_behind(page, duty, allowed_console_errors):
    allowed_console_errors.append(LOST)
    begin(page, duty)
    page.route("**/accept/", lambda route: route.abort())
    accept_shown(page, "Then gone elsewhere.")
    expect(page.locator("#light")).to_have_attribute("data-state", "retrying")
    page.on("dialog", lambda dialog: dialog.accept())
    page.unroute("**/accept/")
    page.keyboard.press("v")
    page.wait_for_url("**/items/**")
    expect_saved(page)
    page.wait_for_load_state("networkidle")
    assert grades(duty) == SUGGESTED


def test_a_refused_row_is_marked_until_it_is_graded_again(page, duty, allowed_console_errors):
    allowed_console_errors.append(LOST)
    begin(page, duty)
    answer = json.dumps({"error": "The track is closed."})
    page.route(
        "**/judgment/", lambda route: route.fulfill(status=409, content_type="application/json", body=answer), times=1
    )
    page.keyboard.press("3")
    expect(page.locator("#light")).to_have_attribute("data-state", "refused")
    expect(row(page, duty, 1)).to_have_attribute("data-refused", "")
    page.keyboard.press("k")
    page.keyboard.press("1")
    expect_saved(page)
    assert grades(duty)[0] == 1


def test_the_judging_page_leads_to_the_list_and_back_to_the_same_passage(page, duty):
    log_in(page, "bob")
    page.goto(reverse("duty", args=[duty.pk]))
    expect(page.locator("#desk[data-ready]")).to_have_count(1)
    page.keyboard.press("v")
    expect_row(page, duty, 1)
    page.keyboard.press("j")
    page.keyboard.press("v")
    expect(page.locator("#passage-title")).to_have_text("Passage 2 of q1")
    page.wait_for_load_state("networkidle")  # the passages that come next


def test_without_scripts_the_list_is_filtered_accepted_and_taken_back(new_page, duty):
    page = new_page(java_script_enabled=False)
    log_in(page, "bob")
    page.goto(reverse("duty_list", args=[duty.pk]))
    page.locator("#id_suggested").select_option("2")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("#rows > li")).to_have_count(2)
    page.click("#accept-shown")
    page.fill("#acceptance-reason", "Both are right.")
    page.get_by_role("button", name=re.compile("Store 2 judgments")).click()
    expect(page.locator(".toast-success")).to_contain_text("2 accepted.")
    assert grades(duty) == [None, 2, None, None, 2, None]
    page.get_by_role("button", name="Take that acceptance back").click()
    expect(page.locator(".toast-success")).to_contain_text("2 taken back.")
    assert not Judgment.objects.filter(assessor=duty.assessor).exists()


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1024, 768), (390, 844)])
def test_the_row_at_hand_and_its_grades_are_on_the_screen(new_page, duty, width, height):
    page = begin(new_page(viewport={"width": width, "height": height}), duty)
    for _ in range(4):
        page.keyboard.press("j")
    expect_row(page, duty, 5)
    expect(row(page, duty, 5)).to_be_in_viewport(ratio=1)
    for part in ('[data-value="0"]', '[data-value="3"]', "#take", "#light"):
        expect(page.locator(part)).to_be_in_viewport(ratio=1)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_axe_finds_nothing_serious_in_an_open_row_and_in_the_question_for_a_reason(page, duty):
    begin(page, duty)

    def found():
        violations = Axe().run(page, options=RULES).response["violations"]
        return [each["id"] for each in violations if each["impact"] in GRAVE]

    page.keyboard.press("0")
    expect_row(page, duty, 2)
    page.keyboard.press("o")
    expect(row(page, duty, 2).locator(".list-text")).to_contain_text("passage number 2")
    assert found() == []
    page.keyboard.press("a")
    expect(page.locator("#acceptance-reason")).to_be_focused()
    assert found() == []
