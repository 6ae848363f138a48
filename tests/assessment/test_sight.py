"""Commit, then reveal: what is on record as seen, and when a grade was given blind."""

from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from assessment.domain.errors import DomainError
from assessment.models import Condition, Judgment, JudgmentEvent, PoolItem, Reveal
from assessment.services.judgments import judgment_record, judgment_undo
from assessment.services.sight import passage_show
from tests.factories import make_duty, make_judge, make_pool, make_track, make_user, suggest

pytestmark = pytest.mark.django_db
JSON = {"Accept": "application/json"}


@pytest.fixture
def pool():
    return make_pool(make_track())


@pytest.fixture
def item(pool):
    return pool.items.get(position=1)


@pytest.fixture
def judge(pool):
    return make_judge(pool.track)


@pytest.fixture
def duty(pool, judge):
    return make_duty(pool, make_user("bob"), Condition.POST_EDIT, Reveal.COMMIT_THEN_REVEAL, judge)


@pytest.fixture
def as_bob(client, duty):
    client.force_login(duty.assessor.user)
    return client


def record(duty, item, grade, **more):
    return judgment_record(duty=duty, item=item, grade=grade, idempotency_key=uuid4(), actor=duty.assessor.user, **more)


def undo(duty, item):
    return judgment_undo(duty=duty, item=item, idempotency_key=uuid4(), actor=duty.assessor.user)


def on_record(duty):
    """(grade before the reveal, grade, label shown) of the only judgment; and that a label has a time."""
    found = Judgment.with_vigilance.get(assessor=duty.assessor)
    assert (found.suggestion_shown_at is None) == (found.suggestion_grade is None)
    return found.grade_before_reveal, found.grade, found.suggestion_grade


def events(duty):
    return list(duty.assessor.events.values_list("kind", "grade", "suggestion_grade"))


def test_the_first_grade_is_blind_and_later_ones_are_not(duty, item, judge):
    suggest(judge, item, 3)
    assert record(duty, item, 1).reveals
    assert on_record(duty) == (1, 1, 3)
    assert not record(duty, item, 2).reveals
    assert on_record(duty) == (1, 2, 3)
    assert events(duty) == [("recorded", 1, None), ("recorded", 2, 3)]


def test_keeping_is_an_event_that_tells_the_label(duty, item, judge):
    suggest(judge, item, 3)
    record(duty, item, 1)
    record(duty, item, 1)
    assert on_record(duty) == (1, 1, 3)
    last = JudgmentEvent.objects.last()
    assert (last.previous_grade, last.grade, last.suggestion_grade) == (1, 1, 3)


def test_undo_and_a_new_grade_do_not_make_a_new_blind_one(duty, item, judge):
    suggest(judge, item, 3)
    record(duty, item, 1)
    undo(duty, item)
    assert not Judgment.objects.filter(assessor=duty.assessor).exists()
    assert record(duty, item, 3).reveals
    assert on_record(duty) == (1, 3, 3)
    undo(duty, item)
    record(duty, item, 0)
    assert on_record(duty) == (1, 0, 3)
    assert events(duty) == [
        ("recorded", 1, None), ("undone", None, 3), ("recorded", 3, 3), ("undone", None, 3), ("recorded", 0, 3),
    ]  # fmt: skip


def test_undo_of_a_revision_keeps_both(duty, item, judge):
    suggest(judge, item, 3)
    record(duty, item, 1)
    record(duty, item, 3, accepted=True)
    assert undo(duty, item).grade == 1
    assert on_record(duty) == (1, 1, 3)


def test_what_was_taken_back_cannot_be_accepted_before_it_is_graded_again(duty, item, judge):
    suggest(judge, item, 3)
    record(duty, item, 1)
    undo(duty, item)
    with pytest.raises(DomainError, match="no suggestion"):
        record(duty, item, 3, accepted=True)


def test_a_window_that_has_not_seen_the_label_does_not_make_a_blind_grade(duty, item, judge):
    suggest(judge, item, 3)
    record(duty, item, 1, suggestion_seen=False)
    assert not record(duty, item, 2, suggestion_seen=False).reveals
    assert on_record(duty) == (1, 2, 3)


def test_put_off_and_graded_again_is_still_seen(duty, item, judge):
    suggest(judge, item, 3)
    record(duty, item, 1)
    record(duty, item, None, state="skipped")
    assert record(duty, item, 2).reveals  # the page had hidden it again
    assert on_record(duty) == (1, 2, 3)


def test_putting_off_reveals_nothing(duty, item, judge):
    suggest(judge, item, 3)
    assert not record(duty, item, None, state="skipped").reveals
    assert on_record(duty) == (None, None, None)


def test_a_label_that_comes_later_is_seen_when_the_passage_is_shown(duty, item, judge):
    assert not record(duty, item, 1).reveals
    record(duty, item, 2)
    assert on_record(duty) == (None, 2, None)
    suggest(judge, item, 3)
    assert on_record(duty) == (None, 2, None)
    assert passage_show(duty=duty, item=item.pk).suggestion["grade"] == 3
    assert on_record(duty) == (2, 2, 3)
    record(duty, item, 3, accepted=True)
    assert passage_show(duty=duty, item=item.pk).suggestion["grade"] == 3
    assert on_record(duty) == (2, 3, 3)


def test_a_label_that_nobody_has_asked_for_leaves_the_next_grade_blind(duty, item, judge):
    record(duty, item, 1)
    suggest(judge, item, 3)
    assert record(duty, item, 2).reveals
    assert on_record(duty) == (2, 2, 3)
    assert events(duty) == [("recorded", 1, None), ("recorded", 2, None)]


def test_showing_a_passage_overtakes_a_save_that_read_before(duty, item, judge, monkeypatch):
    from assessment.services import judgments

    record(duty, item, 1)
    suggest(judge, item, 3)
    real, stale = judgments._standing, judgments._standing(duty, item, uuid4(), 2)
    passage_show(duty=duty, item=item.pk)
    answers = iter([lambda *arguments: stale])
    monkeypatch.setattr(judgments, "_standing", lambda *arguments: next(answers, real)(*arguments))
    record(duty, item, 2)
    assert on_record(duty) == (1, 2, 3)


def test_a_label_in_sight_from_the_beginning_has_no_grade_before_it(pool, item, judge):
    duty = make_duty(pool, make_user("dora"), Condition.POST_EDIT, Reveal.ALWAYS, judge)
    suggest(judge, item, 3)
    passage_show(duty=duty, item=item.pk)
    record(duty, item, 1)
    passage_show(duty=duty, item=item.pk)
    assert on_record(duty) == (None, 1, 3)


def test_a_planted_label_is_revealed_as_any_other(pool, duty, item, judge):
    planted = PoolItem.with_planted.create(
        pool=pool, topic=item.topic, document=item.document, position=9, best_rank=1, lot=9, run_ids=[], ranks=[],
        planted_for=duty, planted={"grade": 0, "confidence": 0.9}, trusted_grade=3, trusted_by=judge,
    )  # fmt: skip
    record(duty, planted, 3)
    record(duty, planted, 0, accepted=True)
    assert on_record(duty) == (3, 0, 0)
    assert Judgment.with_vigilance.get(assessor=duty.assessor).vigilance


def test_save_and_reveal_takes_eight_queries_at_most(as_bob, duty, item, judge):
    suggest(judge, item, 3)
    url = reverse("judgment_save", args=[duty.pk, item.pk])

    def queries(grade):
        with CaptureQueriesContext(connection) as captured:
            as_bob.post(url, {"idempotency_key": uuid4(), "grade": grade, "want": item.pk}, headers=JSON)
        return sum(not query["sql"].startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")) for query in captured)

    assert queries(1) == queries(2) <= 8


def test_the_reply_to_an_undo_brings_the_passage_without_its_suggestion(as_bob, duty, item, judge):
    suggest(judge, item, 3)
    record(duty, item, 1)
    url = reverse("judgment_undo", args=[duty.pk, item.pk])
    reply = as_bob.post(url, {"idempotency_key": uuid4(), "want": item.pk}, headers=JSON).json()
    assert "data-suggestion" not in reply["wanted"]["html"] and "Grade first." in reply["wanted"]["html"]


def test_without_javascript_the_page_stays_for_the_suggestion(as_bob, duty, item, judge):
    suggest(judge, item, 3)
    url = reverse("judgment_save", args=[duty.pk, item.pk])
    first = as_bob.post(url, {"idempotency_key": uuid4(), "grade": 1, "shown": 0})
    assert first.url == reverse("duty_item", args=[duty.pk, item.pk])
    page = as_bob.get(first.url).content.decode()
    assert "Keep 1" in page and "Take over 3" in page
    second = as_bob.post(url, {"idempotency_key": uuid4(), "accepted": 3, "shown": 1})
    assert second.url != first.url
    assert on_record(duty) == (1, 3, 3)
