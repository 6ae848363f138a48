"""Judging through a lost connection, a lost answer, a reload, a lost login, a refusal, and in two tabs."""

import json

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from assessment.models import Judgment, JudgmentEvent
from tests.e2e.judging_steps import begin, expect_passage, expect_saved, grades, press_on
from tests.factories import PASSWORD, make_duty, make_pool, make_track, make_user

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

# What a browser logs by itself when requests fail on purpose.
LOST = r"net::ERR_INTERNET_DISCONNECTED|net::ERR_FAILED|Failed to load resource"


@pytest.fixture
def bob():
    return make_user("bob")


@pytest.fixture
def pool():
    return make_pool(make_track(), size=12)


@pytest.fixture
def lost_connections_are_expected(allowed_console_errors):
    allowed_console_errors.append(LOST)


def waiting(page):
    return page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('assay.outbox')).length")


@pytest.mark.usefixtures("lost_connections_are_expected")
def test_the_next_passage_is_there_without_asking_the_server(page, pool, bob):
    """With every answer held back, a key still shows the next passage, and the one after it."""
    duty = make_duty(pool, bob)
    begin(page, duty)
    page.wait_for_load_state("networkidle")
    page.context.set_offline(True)
    press_on(page, duty, 1, "12")
    expect_passage(page, duty, 3)
    page.context.set_offline(False)
    expect_saved(page)
    assert grades(duty)[:3] == [1, 2, None]


@pytest.mark.usefixtures("lost_connections_are_expected")
def test_a_lost_connection_loses_no_judgment_and_doubles_none(page, pool, bob):
    duty = make_duty(pool, bob)
    begin(page, duty)
    press_on(page, duty, 1, "12")
    expect_passage(page, duty, 3)
    expect_saved(page)
    page.context.set_offline(True)
    press_on(page, duty, 3, "31")
    expect(page.locator("#light")).to_have_attribute("data-state", "offline")
    expect(page.locator("#light")).to_contain_text("2 kept")
    page.context.set_offline(False)
    expect_saved(page)
    press_on(page, duty, 5, "2")
    expect_passage(page, duty, 6)
    expect_saved(page)
    assert grades(duty)[:6] == [1, 2, 3, 1, 2, None]
    assert JudgmentEvent.objects.count() == 5


@pytest.mark.usefixtures("lost_connections_are_expected")
def test_an_answer_that_is_lost_on_its_way_back_doubles_nothing(page, pool, bob):
    """The server has stored the judgment, and the browser never hears of it: it sends it again."""
    duty = make_duty(pool, bob)
    begin(page, duty)

    def lose_the_answer(route):
        route.fetch()
        route.abort()

    page.route("**/judgment/", lose_the_answer, times=1)
    press_on(page, duty, 1, "2")
    expect_saved(page)
    expect_passage(page, duty, 2)
    assert grades(duty)[0] == 2
    assert JudgmentEvent.objects.count() == 1


@pytest.mark.usefixtures("lost_connections_are_expected")
def test_a_reload_keeps_what_was_not_sent(page, pool, bob):
    duty = make_duty(pool, bob)
    begin(page, duty)
    page.route("**/judgment/", lambda route: route.abort())
    press_on(page, duty, 1, "32")
    expect_passage(page, duty, 3)
    expect(page.locator("#light")).to_have_attribute("data-state", "retrying")
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(reverse("duty", args=[duty.pk]))
    assert waiting(page) == 2
    expect(page.locator("#entries [data-pending] .grade")).to_have_text(["3", "2"])
    assert not Judgment.objects.exists()
    page.unroute("**/judgment/")
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect_saved(page)
    assert grades(duty)[:3] == [3, 2, None]
    assert JudgmentEvent.objects.count() == 2 and waiting(page) == 0


@pytest.mark.usefixtures("lost_connections_are_expected")
def test_who_is_logged_out_logs_in_again_and_nothing_is_lost(page, pool, bob):
    duty = make_duty(pool, bob)
    begin(page, duty)
    page.context.clear_cookies()
    press_on(page, duty, 1, "3")
    expect(page.locator("#light")).to_have_text("log in again")
    asked = []  # whether the page may be left: no question, because leaving is the remedy
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.click("#light")
    page.get_by_role("link", name="Log in again").click()
    page.fill("#id_username", "bob")
    page.fill("#id_password", PASSWORD)
    page.press("#id_password", "Enter")
    page.wait_for_url("**/judge/**")
    expect_saved(page)
    assert grades(duty)[0] == 3 and asked == []


@pytest.mark.usefixtures("lost_connections_are_expected")
def test_a_refused_judgment_stays_marked_until_it_is_dealt_with(page, pool, bob):
    duty = make_duty(pool, bob)
    begin(page, duty)
    answer = json.dumps({"error": "The track is closed."})
    page.route(
        "**/judgment/", lambda route: route.fulfill(status=409, content_type="application/json", body=answer), times=1
    )
    press_on(page, duty, 1, "3")
    expect(page.locator("#light")).to_have_attribute("data-state", "refused")
    expect(page.locator(".toast-error")).to_contain_text("The track is closed.")
    expect(page.locator("#entries [data-refused]")).to_have_count(1)
    expect_passage(page, duty, 2)
    page.keyboard.press("ArrowLeft")
    expect_passage(page, duty, 1)
    page.keyboard.press("1")
    expect_saved(page)
    assert grades(duty)[0] == 1


@pytest.mark.usefixtures("lost_connections_are_expected")
def test_two_tabs_of_one_person_send_nothing_twice(page, pool, bob):
    """What the first tab could not send, the second one sends, which has taken over; the first tries it again, too."""
    duty = make_duty(pool, bob)
    begin(page, duty)
    page.route("**/judgment/", lambda route: route.abort())
    press_on(page, duty, 1, "12")
    expect_passage(page, duty, 3)
    other = page.context.new_page()
    other.goto(reverse("duty", args=[duty.pk]))
    expect_passage(other, duty, 1)
    other.keyboard.press("3")
    expect_passage(other, duty, 3)  # this tab has heard of what the other one judged
    page.unroute("**/judgment/")
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect_saved(other)
    expect_saved(page)
    assert grades(duty)[:2] == [3, 2]
    assert JudgmentEvent.objects.count() == 3
