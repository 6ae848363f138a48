"""People who share a pool, one person in two tabs, and an order that follows the grades: in a real browser."""

from collections import Counter
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from assessment.models import Judgment, Lease, Order, Pool, Run
from tests.e2e.judging_steps import expect_passage, expect_saved, log_in
from tests.factories import make_duty, make_pool, make_track, make_user

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

# Grades as fast as the page takes keys, until nothing is left: what the server hands out is graded 1, 2, 3, 1, 2, 3 …
RACE = """() => new Promise((done) => {
  let pressed = 0, last = "";
  const step = () => {
    const desk = document.querySelector("#desk");
    if (!document.querySelector("#finished").hidden) return done(pressed);
    if (desk.dataset.ready && desk.dataset.ready !== last) {
      last = desk.dataset.ready;
      pressed += 1;
      const key = String(1 + (pressed % 3));
      document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
    }
    requestAnimationFrame(step);
  };
  step();
})"""


@pytest.fixture
def bob():
    return make_user("bob")


def shared(size, **fields) -> Pool:
    pool = make_pool(make_track(), size=size)
    Pool.objects.filter(pk=pool.pk).update(quota=1, **fields)
    pool.refresh_from_db()
    return pool


def enter(page, duty):
    log_in(page, duty.assessor.user.username)
    return enter_again(page, duty)


def enter_again(page, duty):
    page.goto(reverse("duty", args=[duty.pk]))
    expect(page.locator("#desk[data-ready]")).to_have_count(1)
    return page


def test_two_assessors_race_through_one_pool_and_no_item_is_judged_twice(new_page, bob):
    pool = shared(size=200)
    duties = [make_duty(pool, bob), make_duty(pool, make_user("dora"))]
    pages = [enter(new_page(), duty) for duty in duties]
    for page in pages:
        page.set_default_timeout(120_000)
        page.evaluate(f"void (window.race = ({RACE})())")
    for page in pages:
        page.evaluate("window.race")
    for page in pages:
        expect_saved(page)
    counts = Counter(Judgment.objects.values_list("document", flat=True))
    assert len(counts) == 200 and set(counts.values()) == {1}
    shares = [Judgment.objects.filter(assessor=duty.assessor).count() for duty in duties]
    assert min(shares) >= 20, shares
    for page, duty, share in zip(pages, duties, shares, strict=True):
        page.goto(reverse("duty", args=[duty.pk]))
        expect(page.get_by_role("heading", name=f"The pile is empty: you judged {share}")).to_be_visible()


def test_what_is_on_another_desk_comes_when_it_is_handed_back(new_page, bob):
    pool = shared(size=3)
    duty, other = make_duty(pool, bob), make_duty(pool, make_user("dora"))
    enter(new_page(), other)
    page = enter(new_page(), duty)
    expect_passage(page, duty, 3)
    page.keyboard.press("2")
    expect(page.get_by_role("heading", name="Nothing is left for you right now")).to_be_visible()
    expect(page.locator(".elsewhere-count")).to_have_text("2")
    Lease.objects.filter(assessor=other.assessor).update(expires_at=timezone.now() - timedelta(seconds=1))
    page.click("#look-again")
    expect_passage(page, duty, 1)


def test_who_comes_back_late_may_still_grade(new_page, bob):
    pool = shared(size=3)
    duty, other = make_duty(pool, bob), make_duty(pool, make_user("dora"))
    page = enter(new_page(), duty)
    page.wait_for_load_state("networkidle")
    Lease.objects.filter(assessor=duty.assessor).update(expires_at=timezone.now() - timedelta(seconds=1))
    colleague = enter(new_page(), other)
    expect_passage(colleague, other, 1)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator(".late")).to_contain_text("your grade counts, too")
    page.keyboard.press("3")
    expect_passage(page, duty, 3)
    expect_saved(page)
    assert Judgment.objects.get(assessor=duty.assessor).grade == 3


def test_a_second_tab_takes_over_and_the_first_waits_until_it_is_wanted(page, bob):
    duty = make_duty(make_pool(make_track(), size=5), bob)
    enter(page, duty)
    page.keyboard.press("1")
    expect_passage(page, duty, 2)
    other = page.context.new_page()
    enter_again(other, duty)
    expect(page.get_by_role("dialog", name="You are judging in another tab")).to_be_visible()
    page.keyboard.press("3")
    other.keyboard.press("2")
    expect_passage(other, duty, 3)
    expect_saved(other)
    page.get_by_role("button", name="Judge here").click()
    expect_passage(page, duty, 3)  # this tab has heard of what the other one judged
    expect(other.get_by_role("dialog", name="You are judging in another tab")).to_be_visible()
    page.keyboard.press("0")
    expect_passage(page, duty, 4)
    expect_saved(page)
    given = Judgment.objects.order_by("created_at").values_list("grade", flat=True)
    assert list(given) == [1, 2, 0]


def test_a_second_browser_takes_over_too(new_page, bob):
    duty = make_duty(shared(size=5), bob)
    first = enter(new_page(), duty)
    enter(new_page(), duty).wait_for_load_state("networkidle")
    first.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(first.get_by_role("dialog", name="You are judging in another tab")).to_be_visible()


def test_the_first_tab_goes_on_when_the_second_is_closed(page, bob):
    duty = make_duty(make_pool(make_track(), size=5), bob)
    enter(page, duty)
    other = page.context.new_page()
    enter_again(other, duty)
    dialog = page.get_by_role("dialog", name="You are judging in another tab")
    expect(dialog).to_be_visible()
    other.close(run_before_unload=True)
    page.bring_to_front()
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(dialog).to_be_hidden()
    page.keyboard.press("2")
    expect_passage(page, duty, 2)


def test_the_first_browser_goes_on_by_itself_when_the_second_leaves(new_page, bob):
    """No word goes from browser to browser: the first asks the server now and then, until nobody judges elsewhere."""
    duty = make_duty(shared(size=5), bob)
    first, second = enter(new_page(), duty), enter(new_page(), duty)
    second.wait_for_load_state("networkidle")
    dialog = first.get_by_role("dialog", name="You are judging in another tab")
    first.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(dialog).to_be_visible()
    second.goto("about:blank")
    expect(dialog).to_be_hidden()


def test_a_relevant_passage_brings_the_next_one_of_its_run(page, bob):
    """Runs of three: whoever grades a passage has the one after it on the screen already, and then the run's next."""
    pool = make_pool(make_track(), size=9)
    Pool.objects.filter(pk=pool.pk).update(order=Order.MOVE_TO_FRONT)
    runs = [Run.objects.create(track=pool.track, tag=f"run{n}", sha256="x", lines=1).pk for n in range(3)]
    for item in pool.items.all():
        run, rank = divmod(item.position - 1, 3)
        pool.items.filter(pk=item.pk).update(run_ids=[runs[run]], ranks=[rank + 1], best_rank=rank + 1)
    duty = make_duty(pool, bob)
    duty.pool.refresh_from_db()
    enter(page, duty)
    for place, grade in [(1, "0"), (2, "0"), (4, "3"), (5, "3"), (6, "0"), (7, "0")]:
        expect_passage(page, duty, place)
        page.keyboard.press(grade)
    expect_saved(page)
    assert Judgment.objects.count() == 6


def test_time_spent_before_a_reload_is_kept(page, bob):
    duty = make_duty(shared(size=3), bob)
    enter(page, duty)
    page.wait_for_timeout(400)
    page.reload()
    expect_passage(page, duty, 1)
    page.keyboard.press("1")
    expect_passage(page, duty, 2)
    expect_saved(page)
    judgment = Judgment.objects.get()
    assert judgment.active_ms + judgment.away_ms >= 400
