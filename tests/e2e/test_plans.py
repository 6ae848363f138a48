"""Alice draws a plan over two assessors, sees who gets what, assigns it, and bob finds his topics."""

import re

import pytest
from playwright.sync_api import expect

from assessment.models import Duty, Membership, Role, Topic
from tests.e2e.judging_steps import log_in
from tests.factories import make_assessor, make_judge, make_pool, make_track, make_user

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def pool():
    """Eight topics with three passages each; alice organizes, bob and dora assess, a judge has said nothing yet."""
    track = make_track(guidelines="")
    Membership.objects.create(track=track, user=make_user("alice"), role=Role.ORGANIZER)
    for name in ("bob", "dora"):
        make_assessor(track, make_user(name))
    make_judge(track)
    pool = make_pool(track, size=3)
    first = pool.items.select_related("document").all()
    for number in range(2, 9):
        topic = Topic.objects.create(track=track, qid=f"q{number}", query=f"question {number}", position=number)
        for item in first:
            item.pk, item.topic, item._state.adding = None, topic, True
            item.save()
    return pool


def row(page, name):
    return page.locator("#plan-preview").get_by_role("row").filter(has=page.get_by_role("rowheader", name=name))


def test_a_plan_is_seen_before_it_is_made_and_then_found_by_the_assessors(pool, page, new_page):
    log_in(page, "alice")
    page.goto(f"/tracks/small/pools/{pool.pk}/")
    page.get_by_role("link", name="Make a plan").click()
    expect(row(page, "bob")).to_contain_text(re.compile(r"bob\s*4\s*12"))
    expect(page.get_by_label("dora")).to_be_checked()
    page.get_by_label("post-edit").fill("1")
    expect(page.locator("#plan-preview")).to_contain_text("Name whose suggestions")
    expect(page.get_by_role("button", name="Assign")).to_have_count(0)
    page.get_by_label("Suggestions by").select_option(index=3)
    page.get_by_label("Overlap, %").fill("50")
    expect(row(page, "All")).to_contain_text(re.compile(r"12\s*36\s*18 in 6\s*18 in 6\s*12 in 4"))
    expect(page.locator("#plan-preview")).to_contain_text("lexical has graded 0 of these 24 pairs")
    assert not Duty.objects.exists()

    page.get_by_role("button", name="Assign").click()
    page.wait_for_url(f"**/pools/{pool.pk}/")
    expect(page.locator(".person").filter(has_text="bob")).to_contain_text(re.compile(r"0\s+of 18 judged"))
    assert Duty.objects.count() == 12

    bob = new_page()
    log_in(bob, "bob")
    expect(bob.locator(".work")).to_contain_text("0 of 18 judged")
    bob.get_by_text("6 topics").click()
    expect(bob.locator(".work-topics li")).to_have_count(6)
    bob.get_by_role("link", name="Begin judging").click()
    expect(bob.locator("#passage-title")).to_be_visible()


def test_a_plan_can_be_made_without_scripts(pool, new_page):
    page = new_page(java_script_enabled=False)
    log_in(page, "alice")
    page.goto(f"/tracks/small/pools/{pool.pk}/plan/")
    page.get_by_role("button", name="Show the plan").click()
    expect(row(page, "dora")).to_contain_text(re.compile(r"dora\s*4\s*12"))
    page.get_by_label("dora").uncheck()
    page.get_by_role("button", name="Assign").click()
    expect(page.locator("#plan-preview")).to_contain_text("not the one that was shown")
    assert not Duty.objects.exists()
    expect(row(page, "bob")).to_contain_text(re.compile(r"bob\s*8\s*24"))
    page.get_by_role("button", name="Assign").click()
    page.wait_for_url(f"**/pools/{pool.pk}/")
    assert set(Duty.objects.values_list("assessor__name", flat=True)) == {"bob"}


def test_a_plan_goes_out_and_comes_in_changed_on_the_pools_page(pool, page):
    log_in(page, "alice")
    page.goto(f"/tracks/small/pools/{pool.pk}/")
    page.get_by_label("Person", exact=True).select_option(label="bob")
    page.get_by_role("button", name="Assign").click()
    with page.expect_download() as caught:
        page.get_by_role("link", name="Download the plan").click()
    text = caught.value.path().read_text()
    assert text.count("\n") == 9
    page.get_by_text("Upload a changed plan").click()
    changed = text.replace("q2,bob,manual,never,,", "q2,bob,filtered,never,lexical,").encode()
    page.get_by_label("Plan", exact=True).set_input_files(
        [{"name": "plan.csv", "mimeType": "text/csv", "buffer": changed}]
    )
    page.get_by_role("button", name="Upload", exact=True).click()
    expect(page.locator(".upload-report")).to_contain_text("Duties: 0 new, 1 changed, 7 unchanged.")
