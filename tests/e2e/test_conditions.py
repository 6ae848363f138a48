"""The four conditions and the three reveal policies: what the browser is sent, what it shows, what is stored.

The judge's label of every passage is 3 with a confidence that stands nowhere else, except one passage that it graded 0
and one that it failed on. What an assessor may not see must be in no reply of the server.
"""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from assessment.models import Condition, Judgment, Reveal
from tests.e2e.judging_steps import expect_saved, log_in
from tests.factories import make_duty, make_judge, make_pool, make_track, make_user, suggest

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

SIZE, DROPPED, FAILED = 6, 2, 4
TELLING = ("0.81", "suggested", "data-suggestion")
POLICIES = [
    (Condition.MANUAL, Reveal.NEVER),
    (Condition.FILTERED, Reveal.NEVER),
    (Condition.POST_EDIT, Reveal.ALWAYS),
    (Condition.POST_EDIT, Reveal.COMMIT_THEN_REVEAL),
]


@pytest.fixture
def pool():
    return make_pool(make_track(), size=SIZE)


@pytest.fixture
def judge(pool):
    judge = make_judge(pool.track)
    for item in pool.items.all():
        if item.position != FAILED:
            suggest(judge, item, 0 if item.position == DROPPED else 3, confidence=0.8125)
    return judge


def told(page):
    """Everything that the server sends to the page from now on, as text."""
    replies = []
    page.on("response", lambda reply: replies.append(reply))
    return lambda: "".join(reply.text() for reply in replies if "/judge/" in reply.url and reply.ok)


def ready(page, item):
    expect(page.locator(f'#desk[data-ready="{item.pk}"]')).to_have_count(1)


@pytest.mark.parametrize(("condition", "reveal"), POLICIES)
def test_a_topic_is_judged_under_its_condition_by_keyboard_alone(page, pool, judge, condition, reveal):
    source = None if condition == Condition.MANUAL else judge
    duty = make_duty(pool, make_user("bob"), condition, reveal, source)
    shown = [item for item in pool.items.all() if condition == Condition.MANUAL or item.position != DROPPED]
    log_in(page, "bob")
    replies = told(page)
    page.goto(reverse("duty", args=[duty.pk]))
    for item in shown:
        ready(page, item)
        has_label = source is not None and item.position != FAILED
        if reveal != Reveal.ALWAYS:
            expect(page.locator(".suggestion[data-suggestion]")).to_have_count(0)
        if reveal == Reveal.COMMIT_THEN_REVEAL and has_label:
            page.keyboard.press("1")
            expect(page.locator('.suggestion[data-suggestion="3"]')).to_be_visible()
            ready(page, item)
        elif reveal == Reveal.ALWAYS and has_label:
            expect(page.locator('.suggestion[data-suggestion="3"]')).to_be_visible()
        page.keyboard.press("2")
    expect(page.locator("#finished")).to_be_visible()
    expect_saved(page)

    said = replies()
    assert ("Title" in said or "Passage" in said) and "passage number 1" in said
    assert [word for word in TELLING if word in said] == ([] if reveal == Reveal.NEVER else [*TELLING])
    assert ("passage number 2" in said) == (condition == Condition.MANUAL)
    stored = Judgment.objects.filter(assessor=duty.assessor).order_by("document__docid")
    seen = {True: 3, False: None}
    assert list(stored.values_list("grade", "condition", "suggestion_grade", "grade_before_reveal")) == [
        (2, condition, seen[reveal != Reveal.NEVER and item.position != FAILED], before(reveal, item)) for item in shown
    ]


def before(reveal, item):
    return 1 if reveal == Reveal.COMMIT_THEN_REVEAL and item.position != FAILED else None


def test_nobody_is_asked_to_judge_what_is_left_to_the_judge(page, pool, judge, allowed_console_errors):
    from assessment.services.duties import duties_leave_to

    bob = make_user("bob")
    make_duty(make_pool(pool.track, qid="q2"), bob)
    duties_leave_to(pool=pool, source=judge, topics=[pool.items.first().topic])
    log_in(page, "bob")
    expect(page.get_by_text(pool.name, exact=False)).to_have_count(0)
    allowed_console_errors.append("404")
    assert page.goto(reverse("duty", args=[judge.duties.get().pk])).status == 404


def test_a_connection_cut_three_times_during_twenty_judgments_loses_none_and_doubles_none(
    page, pool, allowed_console_errors
):
    allowed_console_errors.append("net::ERR_INTERNET_DISCONNECTED|Failed to load resource")
    from assessment.models import JudgmentEvent

    long = make_pool(pool.track, size=22, qid="q9")
    duty = make_duty(long, make_user("bob"))
    log_in(page, "bob")
    page.goto(reverse("duty", args=[duty.pk]))
    wanted = []
    for item in long.items.all()[:20]:
        ready(page, item)
        page.context.set_offline(item.position % 6 in (4, 5))
        wanted.append(item.position * 7 % 4)
        page.keyboard.press(str(wanted[-1]))
        if item.position % 6 == 5:  # the passage after the next may not have come before the cut
            page.context.set_offline(False)
    page.context.set_offline(False)
    expect_saved(page)
    stored = Judgment.objects.filter(assessor=duty.assessor)
    by_document = dict(stored.values_list("document", "grade"))
    assert [by_document.get(item.document_id) for item in long.items.all()[:20]] == wanted
    assert JudgmentEvent.objects.count() == 20
