"""The adjudicator's desk in a browser, by the keyboard alone."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from assessment.models import Assessor, Judgment
from assessment.services.adjudications import adjudication_create
from tests.factories import make_assessor, make_judge, make_pool, make_track, make_user

from .judging_steps import log_in

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

GRADES = {"nist": [3, 2, 0, 0, 1], "lexical": [3, 0, 1, 2, 1]}


@pytest.fixture
def adjudication(db):
    """Five passages: the first and the last are agreed on, three in the middle are not. bob decides."""
    track = make_track()
    items = list(make_pool(track).items.order_by("position"))
    imported = Assessor.objects.create(track=track, kind="imported", name="nist")
    sources = [imported, make_judge(track)]
    for source, grades in zip(sources, GRADES.values(), strict=True):
        for item, grade in zip(items, grades, strict=True):
            Judgment.objects.create(assessor=source, topic=item.topic, document=item.document, grade=grade)
    bob = make_user("bob")
    make_assessor(track, bob)
    return adjudication_create(track=track, name="gold", sources=sources, adjudicator=bob)[0]


def labels(adjudication):
    return list(adjudication.result.judgments.order_by("document__docid").values_list("document__docid", "grade"))


def expect_passage(page, place):
    """The passage is on the screen, and keys count."""
    expect(page.locator("#passage-title")).to_have_text(f"Passage {place} of q1")
    expect(page.locator("#desk[data-ready]")).to_have_count(1)
    assert page.locator("#desk").get_attribute("data-ready") == page.locator("#desk").get_attribute("data-pair")


@pytest.fixture
def desk(page, adjudication):
    """From the first page to the desk, by the keyboard."""
    log_in(page, "bob")
    page.get_by_role("link", name="Begin deciding").press("Enter")
    expect_passage(page, 2)
    return page


def test_every_disagreement_is_decided_without_a_mouse(desk, adjudication):
    desk.keyboard.press("o")
    expect(desk.get_by_role("radio", name="oversight")).to_be_checked()
    desk.keyboard.press("m")
    desk.keyboard.type("It says so in 2.")  # the digit belongs to the note
    desk.keyboard.press("Escape")
    desk.keyboard.press("1")
    expect_passage(desk, 3)
    expect(desk.locator("#adjudication-progress")).to_contain_text("1 of 3")
    expect(desk.get_by_role("radio", name="oversight")).not_to_be_checked()
    desk.keyboard.press("b")  # B's grade, whoever B is
    expect_passage(desk, 4)
    desk.keyboard.press("3")
    expect(desk.locator("#finished-title")).to_have_text("All 3 decided")
    stored = labels(adjudication)
    assert [stored[0], stored[1], stored[3], stored[4]] == [("q1-d1", 3), ("q1-d2", 1), ("q1-d4", 3), ("q1-d5", 1)]
    assert stored[2][1] in (0, 1)
    noted = adjudication.result.judgments.get(document__docid="q1-d2")
    assert (noted.note, noted.reason) == ("It says so in 2.", "oversight")
    assert noted.active_ms > 0


def test_undo_goes_back_and_later_comes_again(desk, adjudication):
    desk.keyboard.press("1")
    expect_passage(desk, 3)
    desk.keyboard.press("u")
    expect_passage(desk, 2)
    assert labels(adjudication) == [("q1-d1", 3), ("q1-d5", 1)]
    desk.keyboard.press("l")
    expect_passage(desk, 3)
    desk.keyboard.press("0")
    expect_passage(desk, 4)
    desk.keyboard.press("0")
    expect_passage(desk, 2)
    assert [grade for _, grade in labels(adjudication)] == [3, None, 0, 0, 1]


def test_who_decides_too_fast_is_asked_and_a_second_press_does_not_reach_the_next_passage(desk, adjudication):
    # The second press comes as soon as the next passage is there, which nobody has read.
    desk.evaluate(
        """() => document.addEventListener("htmx:afterSettle",
            () => document.querySelector('.grade-button[value="2"]').click(), { once: true })"""
    )
    desk.keyboard.press("2")
    expect_passage(desk, 3)
    expect(desk.locator("#quick")).to_contain_text("Did you read it?")
    assert len(labels(adjudication)) == 3


def test_a_cause_that_is_pressed_twice_is_taken_back(desk):
    desk.keyboard.press("p")
    expect(desk.get_by_role("radio", name="passage ambiguous")).to_be_checked()
    desk.keyboard.press("p")
    expect(desk.get_by_role("radio", name="not said")).to_be_checked()


def test_what_is_refused_stays_on_the_desk_with_the_note(desk, adjudication):
    desk.keyboard.press("x")
    expect(desk.locator("#refused")).to_contain_text("choose a cause")
    expect_passage(desk, 2)
    desk.keyboard.press("m")
    desk.keyboard.type("Cut off.")
    desk.keyboard.press("Escape")
    desk.keyboard.press("x")
    expect_passage(desk, 3)
    assert adjudication.result.judgments.get(document__docid="q1-d2").note == "Cut off."


def test_a_lost_connection_loses_no_decision(desk, adjudication, allowed_console_errors):
    allowed_console_errors.extend(["ERR_INTERNET_DISCONNECTED", "^htmx:(afterRequest|sendError)"])
    desk.context.set_offline(True)
    desk.keyboard.press("1")
    expect(desk.locator(".toast")).to_contain_text("cannot be reached")
    expect_passage(desk, 2)
    desk.context.set_offline(False)
    desk.keyboard.press("1")
    expect_passage(desk, 3)
    assert ("q1-d2", 1) in labels(adjudication)


def test_after_a_logout_elsewhere_the_desk_says_so_and_keeps_what_was_written(desk, adjudication):
    desk.keyboard.press("m")
    desk.keyboard.type("Long thought.")
    desk.keyboard.press("Escape")
    cookies = [cookie for cookie in desk.context.cookies() if cookie["name"] != "sessionid"]
    desk.context.clear_cookies()
    desk.context.add_cookies(cookies)
    desk.keyboard.press("1")
    expect(desk.locator(".toast")).to_contain_text("You are logged out")
    expect(desk.locator("#note")).to_have_value("Long thought.")
    again = desk.context.new_page()
    log_in(again, "bob")
    desk.bring_to_front()
    desk.keyboard.press("1")
    expect_passage(desk, 3)
    assert adjudication.result.judgments.get(document__docid="q1-d2").note == "Long thought."


def test_without_scripts_the_forms_do_it(new_page, adjudication):
    page = new_page(java_script_enabled=False)
    log_in(page, "bob")
    page.goto(reverse("adjudication", args=[adjudication.pk]))
    page.get_by_label("Note").fill("By hand.")
    page.locator('.grade-button[value="1"]').press("Enter")
    expect(page.locator("#passage-title")).to_have_text("Passage 3 of q1")
    page.locator("#undo").press("Enter")
    expect(page.locator("#passage-title")).to_have_text("Passage 2 of q1")
    assert adjudication.result.events.filter(kind="recorded").count() == 1


@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_nothing_is_wider_than_the_screen(new_page, adjudication, width):
    page = new_page(viewport={"width": width, "height": 760})
    log_in(page, "bob")
    page.goto(reverse("adjudication", args=[adjudication.pk]))
    expect_passage(page, 2)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    grades = page.locator(".grades").bounding_box()
    assert grades["y"] + grades["height"] <= 760


def test_a_page_from_right_to_left_keeps_its_shape(new_page, adjudication):
    page = new_page()
    log_in(page, "bob")
    page.goto(reverse("adjudication", args=[adjudication.pk]))
    page.evaluate("document.documentElement.dir = 'rtl'")
    expect_passage(page, 2)
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    assert page.locator("#column").bounding_box()["x"] > page.locator(".panel").bounding_box()["x"]


def test_the_form_shows_what_it_would_find_and_makes_it_by_the_keyboard(page, adjudication):
    make_user("alice", is_staff=True)
    log_in(page, "alice")
    page.goto(reverse("adjudications", args=["small"]))
    for name in (re.compile("^lexical"), re.compile("^nist")):
        page.get_by_role("checkbox", name=name).press("Space")
    expect(page.locator("#adjudication-preview")).to_contain_text("5 passages graded by two or more of them: 2 agree")
    page.get_by_label("Name", exact=True).fill("second")
    page.get_by_label("Who decides").select_option(label="bob")
    page.get_by_role("button", name=re.compile("^Make it")).press("Enter")
    expect(page.locator(".toast")).to_contain_text("second is made. 2 agreed passages taken over.")
