"""Alice watches the board: it follows those who judge, and hands their topics on from the keyboard."""

import re

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from assessment.models import Duty, Judgment, Membership, Role
from tests.e2e.judging_steps import begin, expect_saved, log_in, press_on
from tests.factories import make_assessor, make_duty, make_pool, make_track, make_user

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

BOARD = "/tracks/small/board/"


@pytest.fixture
def duty():
    """bob has one topic of five passages; dora assesses too, alice organizes."""
    track = make_track(guidelines="")
    Membership.objects.create(track=track, user=make_user("alice"), role=Role.ORGANIZER)
    make_assessor(track, make_user("dora"))
    return make_duty(make_pool(track, size=5), make_user("bob"))


def judge_some(duty, count):
    for item in duty.pool.items.order_by("position")[:count]:
        Judgment.objects.create(assessor=duty.assessor, topic=duty.topic, document=item.document, grade=1)


def open_board(page):
    log_in(page, "alice")
    page.goto(BOARD)
    expect(page.locator("#board-light")).to_have_text("live")
    return page


def test_a_topic_is_handed_on_from_the_keyboard(duty, page):
    judge_some(duty, 2)
    open_board(page)
    cell = page.locator(f"#cell-{duty.pk}")
    expect(cell).to_contain_text("2/5")
    cell.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#duty-menu-title")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Close", exact=True)).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Give the topic to")).to_be_focused()
    page.keyboard.type("dora")
    expect(page.locator("#handover")).to_contain_text(
        "bob keeps 2 judged passages and judges no more here; dora gets the 3 open ones."
    )
    assert Duty.objects.count() == 1
    for _ in range(2):  # the choice between the rest and the whole, and then the button
        page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Give it to dora")).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.locator("#board-dialog")).to_be_hidden()
    expect(page.locator("#toasts")).to_contain_text("Topic q1 went from bob to dora.")
    expect(cell).to_contain_text("closed")
    expect(page.locator("#board-table, .board-table")).to_contain_text(re.compile(r"dora\s*0 of 3"))
    expect(cell).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.locator(f"#cell-{Duty.objects.get(assessor__name='dora').pk}")).to_be_focused()


def test_the_board_follows_those_who_judge_and_leaves_focus_and_menu_alone(duty, page, new_page):
    open_board(page)
    cell = page.locator(f"#cell-{duty.pk}")
    cell.focus()
    cell.evaluate("element => { element.kept = true; }")
    bob = begin(new_page(), duty)
    press_on(bob, duty, 1, "12")
    expect_saved(bob)
    expect(cell).to_contain_text("2/5")
    expect(page.locator(f"#person-{duty.assessor_id}")).to_contain_text("2 of 5")
    expect(cell).to_be_focused()
    assert cell.evaluate("element => element.kept") is True

    page.keyboard.press("Enter")
    page.get_by_label("A word to bob").fill("half a sent")
    press_on(bob, duty, 3, "3")
    expect(cell).to_contain_text("3/5")
    expect(page.get_by_label("A word to bob")).to_have_value("half a sent")
    expect(page.get_by_label("A word to bob")).to_be_focused()
    page.keyboard.press("Escape")
    expect(cell).to_be_focused()


def test_a_closed_topic_is_reopened_with_a_word_that_its_assessor_sees(duty, page, new_page):
    judge_some(duty, 2)
    Duty.objects.update(closed_at=timezone.now())
    bob = new_page()
    log_in(bob, "bob")
    bob.goto(f"/judge/{duty.pk}/")
    expect(bob.locator("#duty-closed")).to_contain_text("can be read, but not judged")
    expect(bob.get_by_role("button", name=re.compile("^3 "))).to_be_disabled()
    bob.keyboard.press("3")
    bob.keyboard.press("u")

    open_board(page)
    page.locator(f"#cell-{duty.pk}").click()
    page.get_by_label("A word to bob").fill("Please read the first passage again.")
    page.get_by_role("button", name="Reopen").click()
    expect(page.locator(f"#cell-{duty.pk}")).to_contain_text("working")
    assert Judgment.objects.count() == 2

    bob.goto("/")
    expect(bob.locator(".work")).to_contain_text("Please read the first passage again.")
    bob.get_by_role("link", name="Topic q1").click()
    expect(bob.locator("#duty-word")).to_contain_text("Please read the first passage again.")
    bob.locator("#entries a").first.click()
    bob.keyboard.press("3")
    expect_saved(bob)
    bob.get_by_role("button", name="Dealt with").click()
    expect(bob.locator("#duty-word")).to_have_count(0)
    assert Duty.objects.get().message == ""


def test_a_lost_connection_is_told_by_the_light_and_by_no_messages(duty, page, allowed_console_errors):
    allowed_console_errors.extend(["Failed to load resource", "^htmx:(afterRequest|sendError)"])
    open_board(page)
    page.route("**/board/live/**", lambda route: route.abort())
    expect(page.locator("#board-light")).to_have_attribute("data-state", "lost")
    expect(page.locator(".toast")).to_have_count(0)
    page.unroute("**/board/live/**")
    expect(page.locator("#board-light")).to_have_text("live")


def test_without_scripts_the_menu_is_a_page(duty, new_page):
    judge_some(duty, 1)
    page = new_page(java_script_enabled=False)
    log_in(page, "alice")
    page.goto(BOARD)
    page.locator(f"#cell-{duty.pk}").click()
    page.get_by_label("Give the topic to").select_option(label="dora")
    page.get_by_role("button", name="Show what happens").click()
    expect(page.locator("#handover")).to_contain_text("dora gets the 4 open ones")
    page.get_by_role("button", name="Give it to dora").click()
    expect(page.locator("#toasts")).to_contain_text("went from bob to dora")
    assert Duty.objects.get(closed_at=None).assessor.name == "dora"
