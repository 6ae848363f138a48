"""Judging in a real browser: by keyboard alone, with and without suggestions, by whom it is allowed."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from assessment.models import Condition, Judgment, JudgmentEvent
from tests.e2e.judging_steps import begin, expect_passage, expect_saved, grades, log_in, press_on
from tests.factories import make_duty, make_judge, make_pool, make_track, make_user, suggest

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def bob():
    return make_user("bob")


@pytest.fixture
def pool():
    return make_pool(make_track(), size=12)


def test_ten_passages_are_judged_by_keyboard_alone(page, pool, bob):
    duty = make_duty(pool, bob)
    begin(page, duty)
    press_on(page, duty, 1, "0123012301")
    expect_passage(page, duty, 11)
    expect_saved(page)
    expect(page.locator("#done")).to_have_text("10")
    assert grades(duty) == [0, 1, 2, 3, 0, 1, 2, 3, 0, 1, None, None]
    assert JudgmentEvent.objects.count() == 10
    assert all(ms is not None for ms in Judgment.objects.values_list("active_ms", flat=True))


def test_a_double_click_grades_one_passage(page, pool, bob):
    duty = make_duty(pool, bob)
    begin(page, duty)
    # Pressed when the next passage stands there already, as the second half of a slow double click is.
    page.locator(".grade-button").nth(1).click()
    expect_passage(page, duty, 2)
    page.mouse.down(click_count=2)
    page.mouse.up(click_count=2)
    page.keyboard.press("3")
    expect_passage(page, duty, 3)
    expect_saved(page)
    assert grades(duty)[:3] == [1, 3, None]


def test_keys_do_nothing_while_typing_with_modifiers_or_on_repeat(page, pool, bob):
    duty = make_duty(pool, bob)
    begin(page, duty)
    page.keyboard.press("Control+1")
    page.keyboard.press("x")
    page.keyboard.type("12 words")
    page.keyboard.press("Escape")
    expect(page.locator("#cannot")).to_be_hidden()
    page.keyboard.down("2")
    page.keyboard.down("2")
    page.keyboard.down("2")
    page.keyboard.up("2")
    expect_passage(page, duty, 2)
    expect_saved(page)
    assert grades(duty)[:3] == [2, None, None]


def test_suggestions_are_accepted_and_changed(page, pool, bob):
    judge = make_judge(pool.track)
    duty = make_duty(pool, bob, Condition.POST_EDIT, source=judge)
    for item in pool.items.filter(position__lte=3):
        suggest(judge, item, 2)
    begin(page, duty)
    expect(page.locator(".suggestion")).to_contain_text("0.71")
    press_on(page, duty, 1, ["Enter", "0", "2"])
    expect_passage(page, duty, 4)
    page.keyboard.press("Enter")
    expect_saved(page)
    assert grades(duty)[:4] == [2, 0, 2, None]
    assert list(JudgmentEvent.objects.values_list("kind", "suggestion_grade")) == [
        ("accepted", 2),
        ("recorded", 2),
        ("recorded", 2),
    ]


def test_a_suggestion_appears_when_the_judge_has_come_so_far(page, pool, bob):
    judge = make_judge(pool.track)
    duty = make_duty(pool, bob, Condition.POST_EDIT, source=judge)
    begin(page, duty)
    expect(page.locator(".suggestion")).to_contain_text("No suggestion yet")
    suggest(judge, pool.items.get(position=1), 3)
    expect(page.locator(".suggestion .accept")).to_have_text(re.compile("Accept 3"))
    page.keyboard.press("Enter")
    expect_passage(page, duty, 2)
    expect_saved(page)
    assert Judgment.objects.get(assessor=duty.assessor).suggestion_grade == 3


def test_a_grade_given_before_the_suggestion_came_counts_as_unseen(page, pool, bob):
    judge = make_judge(pool.track)
    duty = make_duty(pool, bob, Condition.POST_EDIT, source=judge)
    begin(page, duty)
    suggest(judge, pool.items.get(position=1), 3)
    page.keyboard.press("1")
    expect_passage(page, duty, 2)
    expect_saved(page)
    assert Judgment.objects.get(assessor=duty.assessor).suggestion_grade is None


def test_commit_then_reveal_shows_the_suggestion_after_the_first_grade(page, pool, bob):
    judge = make_judge(pool.track)
    duty = make_duty(pool, bob, Condition.POST_EDIT, "commit_then_reveal", judge)
    suggest(judge, pool.items.get(position=1), 3)
    begin(page, duty)
    expect(page.locator(".suggestion")).not_to_contain_text("suggested")
    page.keyboard.press("1")
    expect(page.locator(".suggestion .accept")).to_be_visible()
    expect_passage(page, duty, 1)
    page.keyboard.press("Enter")
    expect_passage(page, duty, 2)
    expect_saved(page)
    assert list(JudgmentEvent.objects.values_list("kind", "grade", "suggestion_grade")) == [
        ("recorded", 1, None),
        ("accepted", 3, 3),
    ]


def test_undo_goes_back_and_takes_the_grade_away(page, pool, bob):
    duty = make_duty(pool, bob)
    begin(page, duty)
    press_on(page, duty, 1, "31")
    expect_passage(page, duty, 3)
    page.keyboard.press("u")
    expect_passage(page, duty, 2)
    page.keyboard.press("u")
    expect_passage(page, duty, 1)
    expect_saved(page)
    expect(page.locator("#done")).to_have_text("0")
    assert not Judgment.objects.exists()
    page.keyboard.press("2")
    expect_passage(page, duty, 2)
    expect_saved(page)
    assert grades(duty)[:2] == [2, None]


def test_arrows_move_and_a_grade_can_be_changed(page, pool, bob):
    duty = make_duty(pool, bob)
    begin(page, duty)
    press_on(page, duty, 1, "1")
    expect_passage(page, duty, 2)
    page.keyboard.press("ArrowLeft")
    expect_passage(page, duty, 1)
    expect(page.locator('[name="grade"][value="1"]')).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("3")
    expect_passage(page, duty, 2)
    page.keyboard.press("j")
    expect_passage(page, duty, 3)
    page.keyboard.press("k")
    expect_passage(page, duty, 2)
    expect_saved(page)
    assert grades(duty)[:2] == [3, None]


def test_later_comes_again_and_cannot_judge_asks_why(page, bob):
    duty = make_duty(make_pool(make_track(), size=3), bob)
    begin(page, duty)
    page.keyboard.press("l")
    expect_passage(page, duty, 2)
    page.keyboard.press("x")
    expect(page.locator("#reason")).to_be_focused()
    page.keyboard.type("It is cut off.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect_passage(page, duty, 3)
    page.keyboard.press("0")
    expect_passage(page, duty, 1)
    page.keyboard.press("2")
    expect(page.get_by_role("heading", name="All 3 judged")).to_be_visible()
    expect_saved(page)
    assert grades(duty) == [2, None, 0]
    assert Judgment.objects.get(state="unjudgeable").reason == "It is cut off."


def test_the_only_passage_left_stays_when_it_is_put_off(page, bob):
    duty = make_duty(make_pool(make_track(), size=1), bob)
    begin(page, duty)
    page.keyboard.press("l")
    expect(page.locator("#entries .grade")).to_have_text("l")
    expect_passage(page, duty, 1)
    page.keyboard.press("1")
    expect(page.get_by_role("heading", name="All 1 judged")).to_be_visible()
    expect_saved(page)
    assert grades(duty) == [1]


def test_the_keys_are_listed(page, pool, bob):
    begin(page, make_duty(pool, bob))
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("1")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
    expect_saved(page)
    assert not Judgment.objects.exists()


def test_two_assessors_of_one_topic_keep_separate_judgments(new_page, pool, bob):
    duties = [make_duty(pool, bob), make_duty(pool, make_user("dora"))]
    pages = [begin(new_page(), duty) for duty in duties]
    for page, duty, keys in zip(pages, duties, ["012", "321"], strict=True):
        press_on(page, duty, 1, keys)
        expect_passage(page, duty, 4)
        expect_saved(page)
    assert [grades(duty)[:4] for duty in duties] == [[0, 1, 2, None], [3, 2, 1, None]]


def test_charlie_is_refused(page, pool, bob, allowed_console_errors):
    allowed_console_errors.append("404")
    duty = make_duty(pool, bob)
    make_user("charlie")
    log_in(page, "charlie")
    reply = page.goto(reverse("duty", args=[duty.pk]))
    assert reply.status == 404
    assert "This is passage" not in page.content()


def test_without_scripts_the_page_judges_too(new_page, pool, bob):
    duty = make_duty(pool, bob)
    page = new_page(java_script_enabled=False)
    log_in(page, "bob")
    page.goto(reverse("duty", args=[duty.pk]))
    page.click('[name="grade"][value="2"]')
    expect(page.locator("#passage-title")).to_have_text("Passage 2 of q1")
    page.click('[name="state"][value="skipped"]')
    expect(page.locator("#passage-title")).to_have_text("Passage 3 of q1")
    assert grades(duty)[:3] == [2, None, None]


def test_reading_settings_are_remembered(page, pool, bob):
    begin(page, make_duty(pool, bob))

    def size():
        return page.locator(".passage-text").evaluate("(text) => getComputedStyle(text).fontSize")

    before = size()
    page.click("[popovertarget=reading-menu]")
    page.get_by_label("larger").check()
    assert size() > before
    page.reload()
    assert size() > before


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1024, 768), (390, 844)])
def test_grades_and_passage_are_on_the_screen(new_page, pool, bob, width, height):
    duty = make_duty(pool, bob)
    page = begin(new_page(viewport={"width": width, "height": height}), duty)
    for part in ("#passage-title", '[name="grade"][value="0"]', '[name="grade"][value="3"]', "#light"):
        expect(page.locator(part)).to_be_in_viewport(ratio=1)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
