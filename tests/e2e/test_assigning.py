"""Nuggets assigned by keyboard: ten answers, a lost connection, undo, suggestions, importance, and reworded nuggets."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from nuggets.models import AssignmentEvent, NuggetAssignment
from nuggets.selectors.assigning import answer_queue, duty_list
from nuggets.services.duties import nugget_duty_close, nugget_duty_create
from tests.e2e.judging_steps import expect_saved, log_in
from tests.factories import make_assessor, make_judge, make_track, make_user
from tests.nuggets.factories import assign, make_answer, make_topic, make_topic_bank, reword, wordings_of

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

# What a browser logs by itself when requests fail, or are refused, on purpose.
LOST = r"net::ERR_INTERNET_DISCONNECTED|net::ERR_FAILED|Failed to load resource"


@pytest.fixture
def topic_bank():
    return make_topic_bank(make_topic(make_track()))


@pytest.fixture
def bob(topic_bank):
    return make_assessor(topic_bank.bank.track, make_user("bob"))


@pytest.fixture
def answers(topic_bank):
    return [make_answer(topic_bank.topic, f"r{n}") for n in range(10)]


@pytest.fixture
def duty(topic_bank, bob, answers):
    return nugget_duty_create(topic_bank=topic_bank, assessor=bob, task="assign")


def begin(page, duty):
    log_in(page, duty.assessor.user.username)
    page.goto(reverse("nugget_assign", args=[duty.pk]))


def steps(duty):
    """(answer, wording) of every nugget, in the duty's order."""
    nuggets = duty_list(duty)
    return [(one.pk, nugget.wording) for one in answer_queue(duty, nuggets) for nugget in nuggets.nuggets]


def expect_nugget(page, step):
    """The nugget is the one that keys are about, and they count."""
    expect(page.locator(f'#desk[data-ready="{step[0]}.{step[1]}"]')).to_have_count(1)


def press_on(page, steps, keys):
    """Presses one key a nugget, each when it is its turn."""
    for step, key in zip(steps, keys, strict=False):
        expect_nugget(page, step)
        page.keyboard.press(key)


def labels(duty):
    """What is stored, in the duty's order."""
    stored = NuggetAssignment.objects.filter(assessor=duty.assessor)
    label_of = {(answer, wording): label for answer, wording, label in stored.values_list("answer", "wording", "label")}
    return [label_of.get(step) for step in steps(duty)]


NAMES = {"1": "support", "2": "partial_support", "3": "not_support"}


def test_ten_answers_are_assigned_by_keyboard_without_loading_a_page(page, duty):
    begin(page, duty)
    page.evaluate("window.sameDocument = true")
    keys = "12312312312312312313"
    press_on(page, steps(duty), keys)
    expect(page.locator("#finished")).to_be_visible()
    expect_saved(page)
    assert labels(duty) == [NAMES[key] for key in keys]
    assert AssignmentEvent.objects.count() == 20
    assert not NuggetAssignment.objects.filter(active_ms=None).exists()
    assert page.evaluate("window.sameDocument")
    expect(page.locator("#done")).to_have_text("10")
    page.keyboard.press("u")
    expect_nugget(page, steps(duty)[-1])
    expect_saved(page)
    assert labels(duty)[-1] is None


def test_a_lost_connection_loses_no_label_and_doubles_none(page, duty, allowed_console_errors):
    allowed_console_errors.append(LOST)
    begin(page, duty)
    page.wait_for_load_state("networkidle")
    page.context.set_offline(True)
    press_on(page, steps(duty), "1313")
    expect_nugget(page, steps(duty)[4])
    expect(page.locator("#light")).to_contain_text("4 kept")
    assert not NuggetAssignment.objects.exists()
    page.context.set_offline(False)
    expect_saved(page)
    assert labels(duty)[:5] == ["support", "not_support", "support", "not_support", None]
    assert AssignmentEvent.objects.count() == 4


def test_a_reload_keeps_what_was_not_sent_and_goes_on_behind_it(page, duty, allowed_console_errors):
    allowed_console_errors.append(LOST)
    begin(page, duty)
    page.route("**/label/", lambda route: route.abort())
    press_on(page, steps(duty), "1")
    expect_nugget(page, steps(duty)[1])
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(reverse("nugget_assign", args=[duty.pk]))
    expect_nugget(page, steps(duty)[1])
    expect(page.locator(".nugget[data-pending]")).to_have_attribute("data-label", "support")
    page.unroute("**/label/")
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect_saved(page)
    expect(page.locator(".nugget[data-pending]")).to_have_count(0)
    assert labels(duty)[:2] == ["support", None]


def test_undo_goes_back_over_answers_and_gives_back_what_stood(page, duty):
    begin(page, duty)
    order = steps(duty)
    press_on(page, order, "123")
    expect_nugget(page, order[3])
    page.keyboard.press("u")
    expect_nugget(page, order[2])
    page.keyboard.press("u")
    expect_nugget(page, order[1])
    expect_saved(page)
    assert labels(duty)[:3] == ["support", None, None]
    page.keyboard.press("k")
    expect_nugget(page, order[0])
    page.keyboard.press("2")
    expect_nugget(page, order[1])
    page.keyboard.press("u")
    expect_nugget(page, order[0])
    expect_saved(page)
    assert labels(duty)[0] == "support"


def test_a_suggestion_is_taken_over_by_one_key_and_another_label_is_given_by_its_own(page, topic_bank, bob, answers):
    judge = make_judge(topic_bank.bank.track)
    for answer in answers:
        assign(judge, answer, wordings_of(topic_bank)[0], "partial_support")
    terms = {"condition": "post_edit", "suggestion_source": judge}
    duty = nugget_duty_create(topic_bank=topic_bank, assessor=bob, task="assign", **terms)
    begin(page, duty)
    expect(page.locator("#accept")).to_contain_text("partial support")
    press_on(page, steps(duty), ["Enter"])
    expect_nugget(page, steps(duty)[1])
    expect(page.locator("#accept")).to_be_hidden()
    expect(page.locator("#no-suggestion")).to_be_visible()
    press_on(page, steps(duty)[1:], "13")
    expect_nugget(page, steps(duty)[3])
    page.locator(
        "#controls [value=not_support]"
    ).click()  # by mouse: Enter then means the suggestion, not that button again
    press_on(page, steps(duty)[4:], ["Enter"])
    expect_nugget(page, steps(duty)[5])
    expect_saved(page)
    assert labels(duty)[:5] == ["partial_support", "support", "not_support", "not_support", "partial_support"]
    mine = NuggetAssignment.objects.filter(assessor=bob).order_by("pk")
    suggested = ["partial_support", "", "partial_support", "", "partial_support"]
    assert list(mine.values_list("suggestion", flat=True)) == suggested


def test_under_manual_nothing_is_suggested_and_hidden_importance_is_not_there(page, topic_bank, bob, answers):
    assign(make_judge(topic_bank.bank.track), answers[0], wordings_of(topic_bank)[0], "support")
    duty = nugget_duty_create(topic_bank=topic_bank, assessor=bob, task="assign", hides_importance=True)
    begin(page, duty)
    expect_nugget(page, steps(duty)[0])
    expect(page.locator(".nugget")).to_have_count(2)
    expect(page.locator(".importance, [data-suggestion], #accept")).to_have_count(0)


def test_a_click_marks_the_supporting_sentence_and_another_takes_the_mark_back(page, duty):
    begin(page, duty)
    first = steps(duty)[0]
    expect_nugget(page, first)
    page.locator(".sentence").nth(1).click()
    expect(page.locator('.sentence[aria-pressed="true"]')).to_have_text("So it is blue.")
    page.keyboard.press("1")
    expect_nugget(page, steps(duty)[1])
    expect_saved(page)
    assert NuggetAssignment.objects.get().sentence == 1
    page.keyboard.press("k")
    expect_nugget(page, first)
    page.locator('.sentence[aria-pressed="true"]').click()
    expect_saved(page)
    expect(page.locator('.sentence[aria-pressed="true"]')).to_have_count(0)
    page.wait_for_function("!Object.keys(localStorage).some((key) => key.startsWith('assay.outbox'))")
    assert NuggetAssignment.objects.get().sentence is None


def test_an_empty_answer_is_done_by_one_key(page, topic_bank, bob):
    empty = make_answer(topic_bank.topic, "empty", sentences=())
    duty = nugget_duty_create(topic_bank=topic_bank, assessor=bob, task="assign")
    begin(page, duty)
    expect_nugget(page, (empty.pk, wordings_of(topic_bank)[0].pk))
    page.keyboard.press("Enter")
    expect(page.locator("#finished")).to_be_visible()
    expect_saved(page)
    assert labels(duty) == ["not_support", "not_support"]


def test_a_nugget_that_is_reworded_meanwhile_is_offered_again_and_only_that_one(page, duty, allowed_console_errors):
    allowed_console_errors.append(LOST)
    begin(page, duty)
    order = steps(duty)
    press_on(page, order, "11")
    expect_nugget(page, order[2])
    expect_saved(page)
    first = wordings_of(duty.topic_bank)[0]
    new = reword(first.nugget, "light is scattered by air")
    page.keyboard.press("1")
    expect(page.locator(".toast-error")).to_contain_text("reworded")
    expect(page.locator(".nugget").first).to_contain_text("light is scattered by air")
    expect_saved(page)
    page.goto(reverse("nugget_assign", args=[duty.pk]))
    expect_nugget(page, (order[0][0], new.pk))
    expect(page.locator(".reworded")).to_contain_text("light scatters")
    page.keyboard.press("3")
    expect_nugget(page, (order[2][0], new.pk))
    expect_saved(page)
    assert labels(duty)[:4] == ["not_support", "support", None, None]


def test_an_answer_that_is_done_can_be_gone_through_again(page, duty):
    begin(page, duty)
    order = steps(duty)
    press_on(page, order, "11")
    expect_nugget(page, order[2])
    page.keyboard.press("ArrowLeft")
    expect_nugget(page, order[0])
    page.keyboard.press("3")
    expect_nugget(page, order[1])
    page.keyboard.press("2")
    expect(page.locator(".nugget").nth(1)).to_have_attribute("data-label", "partial_support")
    expect_nugget(page, order[1])
    expect_saved(page)
    assert labels(duty)[:3] == ["not_support", "partial_support", None]


def test_a_topic_that_is_closed_meanwhile_refuses_the_label_and_says_so(page, duty, allowed_console_errors):
    allowed_console_errors.append(LOST)
    begin(page, duty)
    order = steps(duty)
    expect_nugget(page, order[0])
    nugget_duty_close(duty=duty)
    page.keyboard.press("1")
    expect(page.locator(".toast-error")).to_contain_text("has closed this topic")
    expect(page.locator("#light")).to_have_attribute("data-state", "refused")
    expect(page.locator(".nugget[data-refused]")).to_have_count(1)
    assert not NuggetAssignment.objects.exists()
    page.click("#light")
    page.get_by_role("button", name="Let it go").click()
    expect(page.locator(".duty-word")).to_contain_text("can be read")
    expect(page.locator("#controls [value=support]")).to_be_disabled()
    expect_saved(page)
