"""Commit, then reveal, in a real browser: the own grade, the suggestion, the same keys again."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from assessment.models import Condition, Judgment, JudgmentEvent
from tests.e2e.judging_steps import begin, expect_passage, expect_saved, log_in
from tests.factories import make_duty, make_judge, make_pool, make_track, make_user, suggest

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def bob():
    return make_user("bob")


@pytest.fixture
def pool():
    return make_pool(make_track())


@pytest.fixture
def duty(pool, bob):
    """A judge has graded the first two passages, 3 and 1."""
    judge = make_judge(pool.track)
    for place, grade in ((1, 3), (2, 1)):
        suggest(judge, pool.items.get(position=place), grade, confidence=0.8123)
    return make_duty(pool, bob, Condition.POST_EDIT, "commit_then_reveal", judge)


def stored(duty, place):
    item = duty.pool.items.get(position=place)
    found = Judgment.objects.get(assessor=duty.assessor, document=item.document)
    return found.grade_before_reveal, found.grade, found.suggestion_grade


def test_the_suggestion_comes_after_the_own_grade_and_the_same_key_keeps_it(page, duty):
    begin(page, duty)
    before = page.content()
    assert "data-suggestion" not in before and "0.81" not in before and 'class="bars"' not in before
    page.keyboard.press("1")
    expect(page.locator(".suggestion .keep")).to_have_text("Keep 1 · press 1 again")
    expect(page.locator(".suggestion .accept")).to_have_text("Take over 3 · Enter")
    expect(page.locator(".suggestion")).to_contain_text("0.81")
    expect(page.locator("#announcer")).to_have_text(
        "Suggested: 3, confidence 0.81. You gave 1. Press 1 again to keep it, Enter to take over 3."
    )
    expect_passage(page, duty, 1).keyboard.press("1")
    expect_passage(page, duty, 2)
    expect_saved(page)
    assert stored(duty, 1) == (1, 1, 3)
    told = JudgmentEvent.objects.values_list("kind", "previous_grade", "grade", "suggestion_grade")
    assert list(told) == [("recorded", None, 1, None), ("recorded", 1, 1, 3)]


def test_another_key_revises_and_enter_takes_over(page, duty):
    begin(page, duty)
    page.keyboard.press("0")
    expect(page.locator(".suggestion .accept")).to_be_visible()
    expect_passage(page, duty, 1).keyboard.press("2")
    expect_passage(page, duty, 2).keyboard.press("3")
    expect(page.locator(".suggestion .accept")).to_have_text("Take over 1 · Enter")
    expect_passage(page, duty, 2).keyboard.press("Enter")
    expect_passage(page, duty, 3)
    expect_saved(page)
    assert (stored(duty, 1), stored(duty, 2)) == ((0, 2, 3), (3, 1, 1))


def test_where_the_two_agree_there_is_one_thing_to_do(page, duty):
    begin(page, duty)
    page.keyboard.press("3")
    expect(page.locator(".suggestion .keep")).to_have_text("Keep 3 · press 3 again or Enter")
    expect(page.locator(".suggestion .accept")).to_have_count(0)
    expect_passage(page, duty, 1).keyboard.press("Enter")
    expect_passage(page, duty, 2)
    expect_saved(page)
    assert stored(duty, 1) == (3, 3, 3)


def test_a_passage_without_a_label_is_left_at_once(page, duty):
    log_in(page, "bob")
    third = duty.pool.items.get(position=3)
    page.goto(reverse("duty_item", args=[duty.pk, third.pk]))
    expect_passage(page, duty, 3).keyboard.press("2")
    expect_passage(page, duty, 4)
    expect_saved(page)
    assert stored(duty, 3) == (None, 2, None)
    suggest(duty.suggestion_source, third, 0)
    page.keyboard.press("ArrowLeft")
    expect_passage(page, duty, 3)
    expect(page.locator(".suggestion .keep")).to_have_text("Keep 2 · press 2 again")
    assert stored(duty, 3) == (2, 2, 0)


def test_nothing_moves_when_the_suggestion_comes(page, duty):
    begin(page, duty)
    places = "[...document.querySelectorAll('#panel-title, .grade-button, #passage-title')]"
    measure = f"() => {places}.map((one) => JSON.stringify(one.getBoundingClientRect())).join() + scrollY"
    heights = "() => document.querySelector('.suggestion').getBoundingClientRect().height"
    before, room = page.evaluate(measure), page.evaluate(heights)
    page.keyboard.press("1")
    expect(page.locator(".suggestion .keep")).to_be_visible()
    assert (page.evaluate(measure), page.evaluate(heights)) == (before, room)


def test_undo_takes_the_suggestion_out_of_sight_and_what_was_seen_stays_seen(page, duty):
    begin(page, duty)
    page.keyboard.press("1")
    expect(page.locator(".suggestion .keep")).to_be_visible()
    expect_passage(page, duty, 1).keyboard.press("u")
    expect(page.locator(".suggestion")).to_contain_text("Grade first.")
    expect_saved(page)
    assert not Judgment.objects.filter(assessor=duty.assessor).exists()
    page.keyboard.press("2")
    expect(page.locator(".suggestion .keep")).to_have_text("Keep 2 · press 2 again")
    expect_saved(page)
    assert stored(duty, 1) == (1, 2, 3)


def test_in_a_second_window_what_was_seen_is_in_sight_and_stays_on_record(page, duty):
    begin(page, duty)
    other = page.context.new_page()
    other.goto(reverse("duty", args=[duty.pk]))
    expect_passage(other, duty, 1)
    page.bring_to_front()
    page.locator("#judge-here").click()
    expect(page.locator("#elsewhere")).to_be_hidden()
    page.keyboard.press("1")
    expect(page.locator(".suggestion .keep")).to_be_visible()
    other.bring_to_front()
    other.locator("#judge-here").click()
    expect_passage(other, duty, 2).keyboard.press("ArrowLeft")
    expect(other.locator(".suggestion .keep")).to_have_text("Keep 1 · press 1 again")
    expect_passage(other, duty, 1).keyboard.press("2")
    expect_passage(other, duty, 2)
    expect_saved(other)
    assert stored(duty, 1) == (1, 2, 3)


def test_without_scripts_the_page_stays_for_the_suggestion_and_then_goes_on(new_page, duty):
    page = new_page(java_script_enabled=False)
    log_in(page, "bob")
    page.goto(reverse("duty", args=[duty.pk]))
    assert "data-suggestion" not in page.content()
    page.click(".grade-button[value='1']")
    expect(page.locator("#passage-title")).to_have_text("Passage 1 of q1")
    page.click(".suggestion .keep")
    expect(page.locator("#passage-title")).to_have_text("Passage 2 of q1")
    assert stored(duty, 1) == (1, 1, 3)


def test_offline_the_grade_is_kept_and_the_suggestion_follows(page, duty, allowed_console_errors):
    allowed_console_errors.append("ERR_INTERNET_DISCONNECTED")
    begin(page, duty)
    page.context.set_offline(True)
    page.keyboard.press("1")
    expect(page.locator(".suggestion")).to_contain_text("on its way")
    page.keyboard.press("2")  # waits for the suggestion
    page.context.set_offline(False)
    expect(page.locator(".suggestion .keep")).to_have_text("Keep 1 · press 1 again", timeout=20_000)
    expect_saved(page)
    assert stored(duty, 1) == (1, 1, 3)
