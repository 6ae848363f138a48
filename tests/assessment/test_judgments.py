"""Saving and undoing judgments."""

from threading import Thread
from uuid import uuid4

import pytest
from django.db import connection

from assessment.domain.errors import DomainError
from assessment.models import Condition, Judgment, JudgmentEvent, Reveal
from assessment.services import judgments
from assessment.services.judgments import Outcome, judge_judgment_record, judgment_record, judgment_undo
from tests.factories import make_assessor, make_duty, make_judge, make_pool, make_track, make_user, suggest

pytestmark = pytest.mark.django_db


@pytest.fixture
def bob():
    return make_user("bob")


@pytest.fixture
def pool():
    return make_pool(make_track())


@pytest.fixture
def item(pool):
    return pool.items.get(position=1)


@pytest.fixture
def duty(pool, bob):
    return make_duty(pool, bob)


@pytest.fixture
def judge(pool):
    return make_judge(pool.track)


def record(duty, item, grade, **more) -> Outcome:
    arguments = {"idempotency_key": uuid4(), "actor": duty.assessor.user, **more}
    return judgment_record(duty=duty, item=item, grade=grade, **arguments)


def undo(duty, item, **more) -> Outcome:
    arguments = {"idempotency_key": uuid4(), "actor": duty.assessor.user, **more}
    return judgment_undo(duty=duty, item=item, **arguments)


def test_a_grade_is_stored_with_its_condition_times_and_history(duty, item):
    outcome = record(duty, item, 2, active_ms=1500, away_ms=200)
    judgment = Judgment.objects.get()
    assert (outcome.state, outcome.grade, outcome.progress, outcome.repeated) == ("graded", 2, (1, 5), False)
    assert (judgment.grade, judgment.condition, judgment.active_ms, judgment.away_ms) == (2, "manual", 1500, 200)
    event = JudgmentEvent.objects.get()
    assert (event.kind, event.state, event.grade, event.previous_state, event.previous_grade) == (
        "recorded", "graded", 2, "", None,
    )  # fmt: skip


def test_grading_again_keeps_what_stood_before_and_sums_the_time(duty, item):
    record(duty, item, 2, active_ms=1000)
    record(duty, item, 0, active_ms=500, away_ms=70)
    judgment = Judgment.objects.get()
    assert (judgment.grade, judgment.active_ms, judgment.away_ms) == (0, 1500, 70)
    last = JudgmentEvent.objects.last()
    assert (last.previous_state, last.previous_grade, last.active_ms) == ("graded", 2, 500)


def test_a_repeated_save_changes_nothing_and_answers_the_same(duty, item):
    key = uuid4()
    first = record(duty, item, 3, idempotency_key=key)
    again = record(duty, item, 3, idempotency_key=key)
    assert again == first._replace(repeated=True)
    assert Judgment.objects.count() == JudgmentEvent.objects.count() == 1


def test_a_late_repeat_does_not_overwrite_a_later_grade(duty, item):
    key = uuid4()
    record(duty, item, 3, idempotency_key=key)
    record(duty, item, 1)
    assert record(duty, item, 3, idempotency_key=key).grade == 3
    assert Judgment.objects.get().grade == 1


def test_a_key_used_for_another_passage_is_refused(duty, pool, item):
    key = uuid4()
    record(duty, item, 3, idempotency_key=key)
    with pytest.raises(DomainError, match="key of another"):
        record(duty, pool.items.get(position=2), 3, idempotency_key=key)
    assert Judgment.objects.count() == 1


def test_a_grade_outside_the_scale_is_refused(duty, item):
    with pytest.raises(DomainError, match=r"7 is not on this track's scale \(0, 1, 2, 3\)"):
        record(duty, item, 7)
    assert not Judgment.objects.exists() and not JudgmentEvent.objects.exists()


def test_a_passage_of_another_topic_is_refused(duty, pool):
    other = make_pool(make_track("other"), qid="q9")
    with pytest.raises(DomainError, match="not part of your duty"):
        record(duty, other.items.first(), 1)


def test_nobody_judges_in_another_name(duty, item):
    with pytest.raises(DomainError, match="another person's name"):
        record(duty, item, 1, actor=make_user("alice"))


def test_two_assessors_of_one_topic_keep_separate_judgments(duty, pool, item):
    other = make_duty(pool, make_user("dora"))
    record(duty, item, 1)
    record(other, item, 3)
    assert dict(Judgment.objects.values_list("assessor__name", "grade")) == {"bob": 1, "dora": 3}


def test_put_off_is_not_done_and_cannot_be_judged_is(duty, pool):
    first, second = pool.items.all()[:2]
    assert record(duty, first, None, state="skipped").progress.done == 0
    assert record(duty, second, None, state="unjudgeable", reason="In a language unknown to me.").progress.done == 1


def test_cannot_be_judged_needs_a_reason(duty, item):
    with pytest.raises(DomainError, match="why"):
        record(duty, item, None, state="unjudgeable", reason="  ")


def test_neither_a_grade_nor_a_state_is_refused(duty, item):
    with pytest.raises(DomainError, match="one of them"):
        record(duty, item, None)


def test_undo_of_the_first_grade_leaves_the_pair_unjudged(duty, item):
    record(duty, item, 2)
    outcome = undo(duty, item)
    assert (outcome.state, outcome.grade, outcome.progress.done) == ("", None, 0)
    assert not Judgment.objects.exists()
    assert [event.kind for event in JudgmentEvent.objects.all()] == ["recorded", "undone"]


def test_undo_goes_back_step_by_step(duty, item):
    for grade in (1, 2, 3):
        record(duty, item, grade)
    assert [undo(duty, item).grade for _ in range(3)] == [2, 1, None]
    with pytest.raises(DomainError, match="nothing to undo"):
        undo(duty, item)


def test_undo_after_grading_again_gives_the_newest_grade_back(duty, item):
    record(duty, item, 1)
    undo(duty, item)
    record(duty, item, 3)
    record(duty, item, 2)
    assert undo(duty, item).grade == 3
    assert undo(duty, item).grade is None


def test_undo_gives_back_the_reason_of_what_could_not_be_judged(duty, item):
    record(duty, item, None, state="unjudgeable", reason="Cut off.")
    record(duty, item, 1)
    undo(duty, item)
    judgment = Judgment.objects.get()
    assert (judgment.state, judgment.grade, judgment.reason) == ("unjudgeable", None, "Cut off.")


def test_a_repeated_undo_is_harmless(duty, item):
    record(duty, item, 1)
    record(duty, item, 2)
    key = uuid4()
    assert undo(duty, item, idempotency_key=key).grade == 1
    assert undo(duty, item, idempotency_key=key).repeated
    assert Judgment.objects.get().grade == 1


def test_the_suggestion_shown_is_stored_as_the_server_knows_it(pool, item, bob, judge):
    duty = make_duty(pool, bob, Condition.POST_EDIT, source=judge)
    suggest(judge, item, 1)
    record(duty, item, 2, active_ms=4000)
    judgment = Judgment.objects.get(assessor=duty.assessor)
    assert (judgment.suggestion_grade, judgment.suggestion_by, judgment.condition) == (1, judge, "post_edit")
    assert judgment.suggestion_shown_at <= judgment.updated_at
    assert JudgmentEvent.objects.get().suggestion_grade == 1


def test_a_suggestion_that_came_after_the_page_was_not_shown(pool, item, bob, judge):
    duty = make_duty(pool, bob, Condition.POST_EDIT, source=judge)
    suggest(judge, item, 1)
    record(duty, item, 2, suggestion_seen=False)
    assert Judgment.objects.get(assessor=duty.assessor).suggestion_grade is None


def test_accepting_is_an_event_of_its_own(pool, item, bob, judge):
    duty = make_duty(pool, bob, Condition.POST_EDIT, source=judge)
    suggest(judge, item, 1)
    record(duty, item, 1, accepted=True)
    assert JudgmentEvent.objects.get().kind == "accepted"


@pytest.mark.parametrize("grade", [0, 2])
def test_accepting_another_grade_than_the_suggested_is_refused(pool, item, bob, judge, grade):
    duty = make_duty(pool, bob, Condition.POST_EDIT, source=judge)
    suggest(judge, item, 1)
    with pytest.raises(DomainError, match="no suggestion"):
        record(duty, item, grade, accepted=True)


def test_accepting_what_the_duty_hides_is_refused(duty, item, judge):
    suggest(judge, item, 1)
    with pytest.raises(DomainError, match="no suggestion"):
        record(duty, item, 1, accepted=True)


def test_commit_then_reveal_shows_nothing_before_the_own_grade(pool, item, bob, judge):
    duty = make_duty(pool, bob, Condition.POST_EDIT, Reveal.COMMIT_THEN_REVEAL, judge)
    suggest(judge, item, 1)
    record(duty, item, 2)
    committed = Judgment.objects.get(assessor=duty.assessor)
    assert (committed.grade, committed.grade_before_reveal, committed.suggestion_grade) == (2, 2, 1)
    assert duty.assessor.events.get().suggestion_grade is None
    record(duty, item, 1, accepted=True)
    revised = Judgment.objects.get(assessor=duty.assessor)
    assert (revised.grade, revised.grade_before_reveal, revised.suggestion_grade) == (1, 2, 1)


def test_a_passage_that_the_source_meanwhile_graded_zero_is_still_saved(pool, item, bob, judge):
    duty = make_duty(pool, bob, Condition.FILTERED, source=judge)
    suggest(judge, item, 0)
    assert record(duty, item, 2).grade == 2


def test_a_save_overtaken_by_another_reads_again(duty, item, monkeypatch):
    record(duty, item, 1)
    stale = judgments._standing(duty, item, uuid4(), 2)
    record(duty, item, 3)
    real = judgments._standing
    answers = iter([lambda *arguments: stale])
    monkeypatch.setattr(judgments, "_standing", lambda *arguments: next(answers, real)(*arguments))
    record(duty, item, 2)
    assert Judgment.objects.get().grade == 2
    assert list(JudgmentEvent.objects.values_list("previous_grade", "grade")) == [(None, 1), (1, 3), (3, 2)]


@pytest.mark.django_db(transaction=True)
def test_saves_of_one_pair_at_the_same_time_all_count(duty, item):
    """Four tabs grade one passage again and again; each save is sent twice, as an impatient browser would."""

    def grade_often(first):
        for step in range(10):
            key = uuid4()
            try:
                for _ in range(2):
                    record(duty, item, (first + step) % 4, idempotency_key=key)
            except DomainError as refusal:  # overtaken again and again: told, and nothing stored
                assert "Try again" in str(refusal)
                refused.append(key)
        connection.close()

    refused = []
    tabs = [Thread(target=grade_often, args=[first]) for first in range(4)]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join()
    events = list(JudgmentEvent.objects.values_list("previous_grade", "grade"))
    assert len(events) == 40 - len(refused)
    assert [before for before, _ in events] == [None, *(after for _, after in events[:-1])]
    assert Judgment.objects.get().grade == events[-1][1]


def test_a_judges_label_is_stored_once(pool, item, judge):
    arguments = {"assessor": judge, "topic_id": item.topic_id, "document_id": item.document_id}
    first = judge_judgment_record(**arguments, grade=2, confidence=0.6, distribution={"2": 0.6, "3": 0.4})
    again = judge_judgment_record(**arguments, grade=3)
    assert again == first and Judgment.objects.get().grade == 2
    assert (first.condition, first.confidence) == ("automatic", 0.6)


def test_only_a_judge_hands_in_labels_of_a_judge(pool, item, bob):
    with pytest.raises(DomainError, match="not a judge"):
        judge_judgment_record(
            assessor=make_assessor(pool.track, bob), topic_id=item.topic_id, document_id=item.document_id, grade=1
        )
