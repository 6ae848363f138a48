"""Editing a list of nuggets in a real browser: by keyboard, by two people at once, with importance hidden."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from assessment.models import Judgment, JudgmentState, Role
from assessment.services.people import member_set
from nuggets.models import NuggetDuty, NuggetTask, TopicBank
from nuggets.selectors.lists import shown_list
from tests.e2e.judging_steps import log_in
from tests.factories import make_assessor, make_pool, make_track, make_user
from tests.nuggets.factories import make_list
from tests.nuggets.test_nugget_imports import an_answer, load

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def row():
    """A list with five suggested nuggets, two passages to read, and alice who organizes."""
    track = make_track()
    member_set(track=track, user=make_user("alice"), role=Role.ORGANIZER, by=None)
    texts = ["light scatters", "blue scatters most", "blue light scatters the most", "sunsets are red", "air is thin"]
    pool = make_pool(track, size=2, qid="q1")
    row = make_list(track, *texts)
    judge = make_assessor(track, make_user("judging"))
    for item in pool.items.all():
        graded = {"state": JudgmentState.GRADED, "grade": 3}
        Judgment.objects.create(assessor=judge, topic=row.topic, document=item.document, **graded)
    return row


def enter(page, row, name: str = "alice"):
    log_in(page, name)
    page.goto(reverse("edit_bank", args=[row.pk]))
    expect(page.locator("#editor[data-ready]")).to_have_count(1)
    return page


def expect_list(page, *texts: str):
    expect(page.locator(".nugget-text")).to_have_text(list(texts))


def expect_saved(page):
    expect(page.locator("#editor-light")).to_have_text("saved")


def texts(row) -> list[str]:
    return [one.state.text for one in shown_list(row).nuggets]


def test_a_bank_is_made_from_suggestions_by_keyboard_alone_and_frozen(page, row):
    enter(page, row)
    press = page.keyboard.press
    press("j")
    press("m")
    press("j")
    press("m")
    press("g")
    expect(page.get_by_label("Merge nuggets 2, 3 into one")).to_be_focused()
    press("Control+a")
    page.keyboard.type("blue light scatters most")
    press("Enter")
    expect_list(page, "light scatters", "blue light scatters most", "sunsets are red", "air is thin")
    press("s")
    press("Control+a")
    page.keyboard.type("blue light scatters")
    press("Enter")
    page.keyboard.type("red light does not")
    press("Control+Enter")
    expect_list(page, "light scatters", "blue light scatters", "red light does not", "sunsets are red", "air is thin")
    press("ArrowUp")
    press("x")
    expect_list(page, "blue light scatters", "red light does not", "sunsets are red", "air is thin")
    expect(page.locator(".nugget.is-chosen .nugget-text")).to_have_text("blue light scatters")
    press("]")
    expect_list(page, "red light does not", "blue light scatters", "sunsets are red", "air is thin")
    press("v")
    expect(page.locator(".nugget.is-chosen .nugget-importance")).to_contain_text("okay")
    press("x")
    expect_list(page, "red light does not", "sunsets are red", "air is thin")
    press("u")
    expect_list(page, "red light does not", "blue light scatters", "sunsets are red", "air is thin")
    press("n")
    page.keyboard.type("violet light scatters more than blue light")
    expect(page.locator("#desk-impact")).to_contain_text("No answers to this topic are loaded")
    press("Enter")
    expect(page.locator(".nugget")).to_have_count(5)
    expect(page.locator(".nugget.is-chosen .nugget-text")).to_have_text("violet light scatters more than blue light")
    press("v")
    expect(page.locator(".nugget.is-chosen .nugget-importance")).to_contain_text("vital")
    press("t")
    page.keyboard.type("from a textbook")
    press("Control+Enter")
    expect(page.locator(".nugget.is-chosen summary")).to_contain_text("note")
    expect_saved(page)
    page.get_by_role("button", name="Freeze…").click()
    page.get_by_role("button", name="Freeze version 1").click()
    expect(page.get_by_text("Version 1 is frozen")).to_be_visible()
    frozen = [one.wording.text for one in row.versions.get().nuggets.select_related("wording")]
    assert frozen == texts(row)
    assert len(frozen) == 5


def test_what_is_selected_in_a_passage_is_the_source_of_a_new_nugget(page, row):
    enter(page, row)
    page.locator("#stage .passage-text p").first.select_text()
    page.keyboard.press("n")
    expect(page.locator("#desk-source")).to_contain_text("Source")
    expect(page.locator("#desk-text")).not_to_have_value("")
    page.keyboard.press("Enter")
    expect(page.locator(".nugget.is-chosen summary")).to_contain_text("1 passage")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#passage[data-n='1']")).to_be_visible()
    page.keyboard.press("l")
    expect(page.locator(".nugget.is-chosen summary")).to_contain_text("2 passages")
    passages = shown_list(row).nuggets[-1].state.passages
    assert passages[0].text
    assert passages[1].start is None


def test_two_editors_see_each_others_edits_and_a_conflict_loses_nobodys_text(new_page, row, allowed_console_errors):
    allowed_console_errors.append("409")
    bob = make_user("bob")
    duty = {"topic_bank": row, "task": NuggetTask.EDIT, "assessor": make_assessor(row.bank.track, bob)}
    NuggetDuty.objects.create(**duty)
    mine, theirs = enter(new_page(), row), enter(new_page(), row, "bob")
    mine.keyboard.press("e")
    mine.keyboard.type(" in air")
    theirs.keyboard.press("e")
    theirs.keyboard.type(" everywhere")
    theirs.keyboard.press("Enter")
    expect_saved(theirs)
    expect(theirs.locator("#nugget-1 .nugget-text")).to_have_text("light scatters everywhere")
    mine.keyboard.press("Enter")
    expect(mine.get_by_role("alert")).to_contain_text("bob changed nugget 1")
    expect(mine.locator("#desk-text")).to_have_value("light scatters in air")
    expect(mine.locator("#nugget-1 .nugget-text")).to_have_text("light scatters everywhere")
    mine.keyboard.press("Enter")  # having read it, this is meant
    expect(mine.locator("#nugget-1 .nugget-text")).to_have_text("light scatters in air")
    expect(theirs.locator("#nugget-1 .nugget-text")).to_have_text("light scatters in air")


def test_an_edit_without_a_connection_keeps_its_text_until_it_is_saved(page, row, allowed_console_errors):
    allowed_console_errors.append("ERR_INTERNET_DISCONNECTED")
    enter(page, row)
    page.keyboard.press("e")
    page.keyboard.type(" in air")
    page.context.set_offline(True)
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("cannot be reached")
    page.context.set_offline(False)
    page.keyboard.press("Enter")
    expect(page.locator("#nugget-1 .nugget-text")).to_have_text("light scatters in air")
    assert TopicBank.objects.get(pk=row.pk).revision == row.revision + 1


def test_importance_is_nowhere_where_the_duty_hides_it(page, row):
    assessor = make_assessor(row.bank.track, make_user("bob"))
    NuggetDuty.objects.create(topic_bank=row, task=NuggetTask.EDIT, assessor=assessor, hides_importance=True)
    enter(page, row, "bob")
    expect(page.locator(".nugget-importance")).to_have_count(0)
    page.keyboard.press("v")
    page.keyboard.press("e")
    page.keyboard.type(" in air")
    page.keyboard.press("Enter")
    expect(page.locator("#nugget-1 .nugget-text")).to_have_text("light scatters in air")
    assert "vital" not in page.content().lower()
    assert shown_list(row).nuggets[0].state.importance == "vital"


def test_a_nugget_is_scored_alone_and_left_out_and_the_figures_move(page):
    track = make_track()
    member_set(track=track, user=make_user("alice"), role=Role.ORGANIZER, by=None)
    load(track, an_answer(run="a"), an_answer(run="b", labels=("support", "support")))
    TopicBank.objects.get().nuggets.update(importance="vital")
    enter(page, TopicBank.objects.get())
    expect(page.locator("#strip-mean")).to_have_text("0.750")
    page.keyboard.press("d")
    expect(page.locator("#strip-mean")).to_have_text("0.500")
    expect(page.locator("#nugget-1")).to_have_class(re.compile("is-off"))
    page.keyboard.press("o")
    expect(page.locator("#strip-mean")).to_have_text("1.000")
    page.keyboard.press("a")
    expect(page.locator("#strip-mean")).to_have_text("0.750")


def test_near_duplicates_are_pointed_out_and_marked_at_once(page, row):
    enter(page, row)
    page.get_by_role("button", name="Mark 2 and 3").click()
    expect(page.get_by_label("Mark nugget 2 for a merge")).to_be_checked()
    expect(page.get_by_label("Mark nugget 3 for a merge")).to_be_checked()
    page.get_by_role("button", name="Merge 2").click()
    expect(page.locator("#desk-label")).to_have_text("Merge nuggets 2, 3 into one")
