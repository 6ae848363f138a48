"""Suggestions accepted together, taken back together, and what may not be touched by that."""

from uuid import uuid4

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from assessment.domain.errors import DomainError
from assessment.models import Condition, Document, Duty, Judgment, JudgmentEvent, Order, PoolItem, Reveal
from assessment.services import bulk
from assessment.services.bulk import acceptance_undo, review_begin, suggestions_accept
from assessment.services.judgments import judgment_annotate, judgment_record, judgment_undo
from tests.factories import make_assessor, make_duty, make_judge, make_pool, make_track, make_user, suggest

pytestmark = pytest.mark.django_db
GRADES = [1, 2, 3, 1, 2]


@pytest.fixture
def bob():
    return make_user("bob")


@pytest.fixture
def pool():
    return make_pool(make_track())


@pytest.fixture
def judge(pool):
    judge = make_judge(pool.track)
    for item, grade in zip(pool.items.order_by("position"), GRADES, strict=True):
        suggest(judge, item, grade)
    return judge


@pytest.fixture
def duty(pool, bob, judge):
    return make_duty(pool, bob, Condition.POST_EDIT, source=judge)


@pytest.fixture
def items(pool):
    return list(pool.items.order_by("position"))


@pytest.fixture
def labels(items):
    return {item.pk: grade for item, grade in zip(items, GRADES, strict=True)}


@pytest.fixture
def accept(duty, labels, bob):
    def act(**changes):
        asked = {"duty": duty, "labels": labels, "reason": "All read.", "idempotency_key": uuid4(), "actor": bob}
        return suggestions_accept(**(asked | changes))

    return act


def plant(duty, shown=1, trusted=3):
    """A vigilance item of this duty: a passage that is not in the pool, with a wrong suggestion."""
    document = Document.objects.create(collection=duty.pool.track.collection, docid="extra", title="T", text="x")
    return PoolItem.with_planted.create(
        pool=duty.pool, topic=duty.topic, document=document, position=99, best_rank=99, lot=99, run_ids=[1], ranks=[99],
        planted_for=duty, planted={"grade": shown, "confidence": 0.8}, trusted_grade=trusted,
        trusted_by=make_judge(duty.pool.track, "trusted"),
    )  # fmt: skip


def grade(duty, item, value, **more):
    asked = {"grade": value, "idempotency_key": uuid4(), "actor": duty.assessor.user}
    return judgment_record(duty=duty, item=item, **(asked | more))


def own(duty):
    return dict(Judgment.objects.filter(assessor=duty.assessor).values_list("document__docid", "grade"))


def test_each_accepted_suggestion_is_a_judgment_with_its_story(accept, duty, judge, items, bob):
    outcome = accept()
    assert outcome.accepted == [item.pk for item in items] and outcome.changed == [] and not outcome.repeated
    assert outcome.progress == (5, 5)
    first = Judgment.objects.get(assessor=duty.assessor, document=items[0].document)
    assert (first.state, first.grade, first.suggestion_grade, first.suggestion_by) == ("graded", 1, 1, judge)
    assert (first.reason, first.condition, first.vigilance) == ("All read.", "post_edit", False)
    assert (first.active_ms, first.away_ms) == (None, None) and first.suggestion_shown_at is not None
    event = JudgmentEvent.objects.get(document=items[0].document)
    assert (event.kind, event.grade, event.suggestion_grade, event.previous_state, event.actor) == (
        "bulk",
        1,
        1,
        "",
        bob,
    )


def test_what_was_judged_or_put_off_or_has_another_label_now_is_left_alone_and_told(accept, duty, judge, items):
    grade(duty, items[0], 0)
    grade(duty, items[1], None, state="skipped")
    Judgment.objects.filter(assessor=judge, document=items[2].document).update(grade=2)
    Judgment.objects.filter(assessor=judge, document=items[3].document).delete()
    outcome = accept()
    assert outcome.accepted == [items[4].pk] and outcome.changed == [item.pk for item in items[:4]]
    assert own(duty) == {"q1-d1": 0, "q1-d2": None, "q1-d5": 2}


def test_passages_of_other_pools_are_not_touched(accept, duty, labels):
    foreign = make_pool(make_track("other"), qid="q9").items.first()
    outcome = accept(labels={**labels, foreign.pk: 1, 2**48 + 5: 1})
    assert outcome.changed == [foreign.pk, 2**48 + 5] and len(outcome.accepted) == 5
    assert not Judgment.objects.filter(topic=foreign.topic).exists()


def test_what_the_judge_graded_zero_is_not_shown_and_not_accepted(accept, duty, judge, items):
    Judgment.objects.filter(assessor=judge, document=items[0].document).update(grade=0)
    assert accept(labels={items[0].pk: 0}).changed == [items[0].pk]
    assert own(duty) == {}


def test_a_repeated_request_stores_nothing_more_and_tells_the_same(accept, duty, items):
    key = uuid4()
    grade(duty, items[0], 3)
    first = accept(idempotency_key=key)
    judgment_undo(duty=duty, item=items[1], idempotency_key=uuid4(), actor=duty.assessor.user)
    again = accept(idempotency_key=key)
    assert again.repeated and (again.accepted, again.changed) == (first.accepted, first.changed)
    assert JudgmentEvent.objects.filter(kind="bulk").count() == 4 and "q1-d2" not in own(duty)


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_without_a_reason_nothing_is_accepted(accept, duty, reason):
    with pytest.raises(DomainError, match="Say in a few words"):
        accept(reason=reason)
    assert own(duty) == {} and not JudgmentEvent.objects.exists()


def test_without_any_passage_there_is_nothing_to_accept(accept):
    with pytest.raises(DomainError, match="nothing to accept"):
        accept(labels={})


def test_nobody_accepts_in_another_persons_name(accept, duty):
    with pytest.raises(DomainError, match="another person"):
        accept(actor=make_user("dora"))
    assert own(duty) == {}


def test_a_closed_topic_accepts_nothing(accept, duty):
    duty.closed_at = timezone.now()
    with pytest.raises(DomainError, match="closed"):
        accept()


@pytest.mark.parametrize(
    ("condition", "reveal"),
    [("manual", "never"), ("filtered", "never"), ("post_edit", "commit_then_reveal")],
)
def test_who_may_not_see_the_suggestions_cannot_accept_them(accept, duty, condition, reveal):
    duty.condition, duty.reveal = condition, reveal
    with pytest.raises(DomainError, match="this one does not"):
        accept()
    assert own(duty) == {}


@pytest.mark.parametrize("change", [{"quota": 1}, {"order": Order.MOVE_TO_FRONT}])
def test_served_duties_accept_nothing_at_once(accept, duty, change):
    for name, value in change.items():
        setattr(duty.pool, name, value)
    duty.pool.save()
    with pytest.raises(DomainError, match="one after the other"):
        accept()
    assert own(duty) == {}


def test_a_suggestion_off_the_scale_is_refused_and_nothing_else_stored(accept, duty, judge, items, labels):
    Judgment.objects.filter(assessor=judge, document=items[2].document).update(grade=7)
    with pytest.raises(DomainError, match="Grade 7 is suggested"):
        accept(labels=labels | {items[2].pk: 7})
    assert own(duty) == {}


def test_a_planted_passage_is_accepted_as_an_answer_to_it_and_not_as_a_label(accept, duty, labels, bob):
    item = plant(duty, shown=1)
    outcome = accept(labels={**labels, item.pk: 1})
    assert item.pk in outcome.accepted and "extra" not in own(duty)
    answer = Judgment.with_vigilance.get(document=item.document)
    assert (answer.vigilance, answer.grade, answer.suggestion_grade) == (True, 1, 1)
    assert JudgmentEvent.objects.get(document=item.document).vigilance


def test_a_passage_planted_for_somebody_else_is_not_accepted(accept, pool, judge, labels):
    other = make_duty(pool, make_user("dora"), Condition.POST_EDIT, source=judge)
    item = plant(other)
    assert accept(labels={**labels, item.pk: 1}).changed == [item.pk]


def test_the_key_of_somebody_elses_acceptance_is_refused(accept, pool, judge, labels):
    dora = make_user("dora")
    other = make_duty(pool, dora, Condition.POST_EDIT, source=judge)
    key = uuid4()
    accept(idempotency_key=key)
    with pytest.raises(DomainError, match="key of another"):
        suggestions_accept(duty=other, labels=labels, reason="x", idempotency_key=key, actor=dora)
    with pytest.raises(DomainError, match="key of another"):
        acceptance_undo(duty=other, acceptance=key, idempotency_key=uuid4(), actor=dora)
    assert own(other) == {}


def test_a_save_that_comes_between_is_found_on_the_second_try(accept, duty, items, monkeypatch):
    """Whoever stored the same pair first wins; the acceptance reads again and leaves it alone."""
    tries = []
    store = bulk._store_accepted

    def overtaken(*arguments):
        tries.append(len(list(arguments[1])))
        if len(tries) == 1:
            raise IntegrityError
        store(*arguments)

    monkeypatch.setattr(bulk, "_store_accepted", overtaken)
    assert len(accept().accepted) == 5 and tries == [5, 5]


def test_an_accepted_suggestion_is_taken_back_like_any_grade(accept, duty, items, bob):
    accept()
    judgment_undo(duty=duty, item=items[0], idempotency_key=uuid4(), actor=bob)
    assert "q1-d1" not in own(duty) and len(own(duty)) == 4


def test_an_acceptance_is_taken_back_as_a_whole(accept, duty, items, bob):
    key = uuid4()
    planted = plant(duty)
    accept(idempotency_key=key, labels={**{item.pk: g for item, g in zip(items, GRADES, strict=True)}, planted.pk: 1})
    outcome = acceptance_undo(duty=duty, acceptance=key, idempotency_key=uuid4(), actor=bob)
    assert len(outcome.returned) == 6 and outcome.kept == [] and outcome.progress == (0, 6)
    assert not Judgment.with_vigilance.filter(assessor=duty.assessor).exists()
    undone = JudgmentEvent.objects.filter(kind="undone")
    assert undone.count() == 6 and undone.filter(vigilance=True).count() == 1
    assert set(undone.values_list("state", "previous_state")) == {("", "graded")}


def test_what_was_judged_anew_stays_when_the_acceptance_is_taken_back(accept, duty, items, bob):
    key = uuid4()
    accept(idempotency_key=key)
    grade(duty, items[0], 0)  # changed: stays
    grade(duty, items[1], 0)
    judgment_undo(duty=duty, item=items[1], idempotency_key=uuid4(), actor=bob)  # as accepted again: goes
    judgment_undo(duty=duty, item=items[2], idempotency_key=uuid4(), actor=bob)
    grade(duty, items[2], 3)  # given by hand after the acceptance was taken back: stays
    outcome = acceptance_undo(duty=duty, acceptance=key, idempotency_key=uuid4(), actor=bob)
    assert outcome.kept == [items[0].pk, items[2].pk]
    assert own(duty) == {"q1-d1": 0, "q1-d3": 3}


def test_what_was_noted_since_stays_when_the_acceptance_is_taken_back(accept, duty, items, bob):
    key = uuid4()
    accept(idempotency_key=key)
    judgment_annotate(duty=duty, item=items[0], idempotency_key=uuid4(), actor=bob, note="Read it again.")
    outcome = acceptance_undo(duty=duty, acceptance=key, idempotency_key=uuid4(), actor=bob)
    assert outcome.kept == [items[0].pk]
    assert Judgment.objects.get(assessor=duty.assessor).note == "Read it again."


def test_taking_back_twice_with_one_key_is_harmless(accept, duty, items, bob):
    key, undo = uuid4(), uuid4()
    accept(idempotency_key=key)
    acceptance_undo(duty=duty, acceptance=key, idempotency_key=undo, actor=bob)
    grade(duty, items[0], 2)
    again = acceptance_undo(duty=duty, acceptance=key, idempotency_key=undo, actor=bob)
    assert again.repeated and len(again.returned) == 5 and own(duty) == {"q1-d1": 2}


def test_what_was_never_accepted_cannot_be_taken_back(duty, bob):
    with pytest.raises(DomainError, match="no acceptance"):
        acceptance_undo(duty=duty, acceptance=uuid4(), idempotency_key=uuid4(), actor=bob)


def test_an_acceptance_takes_as_many_queries_for_many_passages(bob):
    def queries(size):
        pool = make_pool(make_track(f"track{size}"), size=size)
        judge = make_judge(pool.track)
        for item in pool.items.all():
            suggest(judge, item, 2)
        duty = make_duty(pool, bob, Condition.POST_EDIT, source=judge)
        labels = dict.fromkeys(pool.items.values_list("pk", flat=True), 2)
        key = uuid4()
        with CaptureQueriesContext(connection) as accepting:
            suggestions_accept(duty=duty, labels=labels, reason="x", idempotency_key=key, actor=bob)
        with CaptureQueriesContext(connection) as returning:
            acceptance_undo(duty=duty, acceptance=key, idempotency_key=uuid4(), actor=bob)
        assert Judgment.objects.filter(assessor=duty.assessor).count() == 0
        return len(accepting), len(returning)

    few, many = queries(3), queries(60)
    assert few == many and max(many) <= 14


def test_an_organizer_reviews_a_judges_grades_as_an_assessor_of_the_own(pool, judge):
    from assessment.services.people import member_set

    alice = make_user("alice")
    member_set(track=pool.track, user=alice, role="organizer", by=None)
    topic = pool.items.first().topic
    duty = review_begin(pool=pool, topic=topic, source=judge, by=alice)
    assert (duty.assessor.user, duty.condition, duty.reveal) == (alice, "post_edit", Reveal.ALWAYS)
    assert review_begin(pool=pool, topic=topic, source=judge, by=alice) == duty


def test_a_review_changes_no_duty_that_stands_under_other_terms(pool, judge, bob):
    mine = make_duty(pool, bob)
    with pytest.raises(DomainError, match="under other terms"):
        review_begin(pool=pool, topic=mine.topic, source=judge, by=bob)
    assert Duty.objects.get().condition == "manual"


def test_a_shared_pool_has_no_review(pool, judge, bob):
    make_assessor(pool.track, bob)
    pool.quota = 1
    pool.save()
    with pytest.raises(DomainError, match="one after the other"):
        review_begin(pool=pool, topic=pool.items.first().topic, source=judge, by=bob)
    assert not Duty.objects.exists()
