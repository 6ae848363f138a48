"""What the browser tests of judging do again and again."""

from django.urls import reverse
from playwright.sync_api import expect

from assessment.models import Judgment
from tests.factories import PASSWORD


def log_in(page, username):
    page.goto(reverse("login"))
    page.fill("#id_username", username)
    page.fill("#id_password", PASSWORD)
    page.press("#id_password", "Enter")
    page.wait_for_url(lambda url: "/login" not in url)


def begin(page, duty):
    log_in(page, duty.assessor.user.username)
    page.goto(reverse("duty", args=[duty.pk]))
    return expect_passage(page, duty, 1)


def expect_passage(page, duty, place):
    """The passage is on the screen, and keys count."""
    item = duty.pool.items.get(position=place)
    expect(page.locator(f'#desk[data-ready="{item.pk}"]')).to_have_count(1)
    expect(page.locator("#passage-title")).to_have_text(item.document.title)
    return page


def press_on(page, duty, first, keys):
    """Presses one key a passage, from the passage `first` on, each when its passage has been painted."""
    for place, key in enumerate(keys, first):
        expect_passage(page, duty, place)
        page.keyboard.press(key)


def expect_saved(page):
    expect(page.locator("#light")).to_have_attribute("data-state", "saved")


def grades(duty):
    """The stored grades in the pool's order, as far as they are given."""
    stored = dict(Judgment.objects.filter(assessor=duty.assessor).values_list("document_id", "grade"))
    return [stored.get(item.document_id) for item in duty.pool.items.order_by("position")]
