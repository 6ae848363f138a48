"""From suggested nuggets to a leaderboard, in a real browser: edited, frozen, assigned, scored, and edited again."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from assessment.models import Role
from assessment.services.people import member_set
from nuggets.selectors.assigning import answer_queue, duty_list
from nuggets.services.duties import nugget_duty_create
from tests.e2e.judging_steps import expect_saved, log_in
from tests.factories import make_assessor, make_track, make_user
from tests.nuggets.factories import make_answer, make_list

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


def edit(page, row):
    page.goto(reverse("edit_bank", args=[row.pk]))
    expect(page.locator("#editor[data-ready]")).to_have_count(1)


def freeze(page, number: int):
    expect(page.locator("#editor-light")).to_have_text("saved")
    page.get_by_role("button", name="Freeze…").click()
    page.get_by_role("button", name=f"Freeze version {number}").click()
    expect(page.get_by_text(f"Version {number} is frozen")).to_be_visible()


def assign(page, duty, label_of) -> int:
    """Labels by key whatever is not labelled yet; how many labels that took. `label_of(tag, text)`: the key."""
    page.goto(reverse("nugget_assign", args=[duty.pk]))
    nuggets = duty_list(duty)
    texts = {one.wording: one.text for one in nuggets.nuggets}
    said = duty.assessor.nugget_assignments.values_list("answer", "wording")
    steps = [(one, wording) for one in answer_queue(duty, nuggets) for wording in texts]
    left = [(one, wording) for one, wording in steps if (one.pk, wording) not in set(said)]
    tags = dict(duty.topic_bank.topic.answers.values_list("pk", "run__tag"))
    for one, wording in left:
        expect(page.locator(f'#desk[data-ready="{one.pk}.{wording}"]')).to_have_count(1)
        page.keyboard.press(label_of(tags[one.pk], texts[wording]))
    expect(page.locator("#finished")).to_be_visible()
    expect_saved(page)
    return len(left)


def leaders(page, slug: str) -> list[str]:
    page.goto(reverse("nuggets", args=[slug]))
    return page.locator(".table-nuggets tbody th").all_inner_texts()


def test_a_bank_is_edited_frozen_assigned_and_scored_and_an_edit_changes_the_leaderboard(new_page):
    track = make_track()
    member_set(track=track, user=make_user("alice"), role=Role.ORGANIZER, by=None)
    row = make_list(track, "blue scatters most", "blue light scatters the most", "sunsets are red")
    for n in range(10):
        make_answer(row.topic, f"r{n}")
    organizer, assessor = new_page(), new_page()
    log_in(organizer, "alice")
    edit(organizer, row)
    for key in ("m", "j", "m", "g", "Control+a"):
        organizer.keyboard.press(key)
    organizer.keyboard.type("blue light scatters most")
    organizer.keyboard.press("Enter")
    expect(organizer.locator(".nugget")).to_have_count(2)
    freeze(organizer, 1)

    bob = make_assessor(track, make_user("bob"))
    duty = nugget_duty_create(topic_bank=row, assessor=bob, task="assign")
    log_in(assessor, "bob")
    key_of = {"blue light scatters most": lambda tag: "1" if tag in ("r3", "r4") else "3"}
    key_of["sunsets are red"] = lambda tag: "1" if tag == "r3" else "3"
    assert assign(assessor, duty, lambda tag, text: key_of[text](tag)) == 20
    assert leaders(organizer, track.slug)[:2] == ["r3", "r4"]

    edit(organizer, row)
    organizer.keyboard.press("e")
    organizer.keyboard.press("Control+a")
    organizer.keyboard.type("violet light scatters most")
    organizer.keyboard.press("Enter")
    expect(organizer.locator(".nugget-text").first).to_have_text("violet light scatters most")
    freeze(organizer, 2)
    key_of["violet light scatters most"] = lambda tag: "1" if tag in ("r3", "r7") else "3"
    assert assign(assessor, duty, lambda tag, text: key_of[text](tag)) == 10, "only the reworded nugget is asked again"
    assert leaders(organizer, track.slug)[:2] == ["r3", "r7"]
