"""What an organizer does with duties under way, and that nothing judged is moved, lost or asked for twice."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.utils import timezone

from assessment.domain.errors import DomainError
from assessment.models import Assessor, Duty, DutyItem, Judgment, Lease, Membership, PoolItem, Role
from assessment.services.duties import duties_assign, duties_leave_to
from assessment.services.judgments import judgment_record
from assessment.services.oversight import (
    Handover,
    duties_extend,
    duty_close,
    duty_message_clear,
    duty_reassign,
    duty_reopen,
    handover_of,
    leases_hand_back,
)

from .conftest import person


def add_assessor(track, name):
    user = person(name)
    Membership.objects.create(track=track, user=user, role=Role.ASSESSOR)
    return Assessor.objects.create(track=track, user=user, kind="human", name=name)


@pytest.fixture
def dora(track):
    return add_assessor(track, "dora")


@pytest.fixture
def duty(pool, assessor_bob, judge, topics):
    """bob's duty in q1, two passages, with terms that are not the usual ones."""
    duties_assign(
        pool=pool, assessor=assessor_bob, topics=topics[:1], condition="post_edit", reveal="commit_then_reveal",
        suggestion_source=judge, order="docid",
    )  # fmt: skip
    Duty.objects.update(due_on=timezone.localdate())
    return Duty.objects.select_related("pool__track", "topic", "assessor__user", "suggestion_source").get()


def judge_first(duty, grade=2):
    item = duty.pool.items.get(topic=duty.topic, position=1)
    actor = duty.assessor.user
    return judgment_record(duty=duty, item=item, grade=grade, idempotency_key=uuid4(), actor=actor)


def open_positions(duty):
    return list(DutyItem.objects.filter(duty=duty, state="").order_by("position").values_list("position", flat=True))


def log():
    return list(
        LogEntry.objects.filter(content_type__model="duty")
        .order_by("pk")
        .values_list("user__username", "change_message")
    )


def test_the_rest_goes_to_another_under_the_same_terms_and_what_is_judged_stays(duty, dora, alice, judge):
    judge_first(duty)
    assert handover_of(duty, dora) == Handover(kept=1, passed=1)
    heir = duty_reassign(duty=duty, to=dora, by=alice)
    duty.refresh_from_db()
    assert duty.closed_at is not None
    same = ("pool_id", "topic_id", "condition", "reveal", "suggestion_source_id", "order", "sample_percent", "due_on")
    assert [getattr(heir, name) for name in same] == [getattr(duty, name) for name in same]
    assert (heir.assessor, heir.rest_of, heir.closed_at) == (dora, [duty.assessor_id], None)
    assert open_positions(heir) == [2]
    assert Judgment.objects.get().assessor == duty.assessor
    assert log() == [("alice", "Closed; the rest went to dora."), ("alice", "Got the rest from bob.")]


def test_a_duty_of_which_nothing_is_judged_simply_changes_hands(duty, dora, alice):
    assert handover_of(duty, dora) == Handover(kept=0, passed=2)
    heir = duty_reassign(duty=duty, to=dora, by=alice)
    assert (heir.pk, heir.assessor, Duty.objects.count()) == (duty.pk, dora, 1)
    assert open_positions(heir) == [1, 2]
    assert log() == [("alice", "Went from bob, who had judged nothing, to dora.")]


def test_putting_a_passage_off_is_something_and_it_goes_to_the_next(duty, dora, alice, documents):
    Judgment.objects.create(assessor=duty.assessor, topic=duty.topic, document=documents[0], state="skipped")
    assert handover_of(duty, dora) == Handover(kept=0, passed=2)
    heir = duty_reassign(duty=duty, to=dora, by=alice)
    assert heir.pk != duty.pk
    assert open_positions(heir) == [1, 2]


def test_the_rest_of_a_rest_leaves_out_both_who_had_it(duty, dora, alice, track):
    judge_first(duty)
    second = duty_reassign(duty=duty, to=dora, by=alice)
    Judgment.objects.create(assessor=dora, topic=duty.topic, document=duty.pool.items.first().document, grade=1)
    third = duty_reassign(duty=second, to=add_assessor(track, "eve"), by=alice)
    assert third.rest_of == [duty.assessor_id, dora.pk]


def test_the_whole_topic_can_be_judged_anew(duty, dora, alice):
    judge_first(duty)
    assert handover_of(duty, dora, only_open=False) == Handover(kept=1, passed=2)
    heir = duty_reassign(duty=duty, to=dora, by=alice, only_open=False)
    assert open_positions(heir) == [1, 2]


def test_a_second_press_changes_nothing(duty, dora, alice):
    seen = Duty.objects.get(pk=duty.pk)
    first = duty_reassign(duty=duty, to=dora, by=alice)
    assert duty_reassign(duty=seen, to=dora, by=alice) == first
    judge = Judgment.objects.create(assessor=dora, topic=duty.topic, document=duty.pool.items.first().document, grade=1)
    assert judge.pk
    seen = Duty.objects.get(pk=duty.pk)
    bob = Assessor.objects.get(name="bob")
    heir = duty_reassign(duty=seen, to=bob, by=alice)
    assert duty_reassign(duty=Duty.objects.get(pk=duty.pk), to=bob, by=alice) == heir
    assert Duty.objects.count() == 2
    assert len(log()) == 3


def test_only_one_of_two_different_handovers_holds(duty, dora, alice, track):
    eve = add_assessor(track, "eve")
    judge_first(duty)
    duty_reassign(duty=duty, to=dora, by=alice)
    with pytest.raises(DomainError, match="gone to dora already"):
        duty_reassign(duty=Duty.objects.get(pk=duty.pk), to=eve, by=alice)


def test_somebody_who_looks_at_an_old_board_is_told(duty, dora, alice, track):
    seen = Duty.objects.get(pk=duty.pk)
    duty_reassign(duty=duty, to=dora, by=alice)
    with pytest.raises(DomainError, match="is with dora meanwhile"):
        duty_reassign(duty=seen, to=add_assessor(track, "eve"), by=alice)


def test_handing_on_is_refused_with_a_reason(duty, dora, alice, vera, track, pool, judge, topics):
    stranger = Assessor.objects.create(track=track, user=vera, kind="human", name="vera")
    duties_assign(pool=pool, assessor=dora, topics=topics[:1], condition="manual")
    left = duties_leave_to(pool=pool, source=judge, topics=topics[1:2])
    refused = {
        "has this topic already": (duty, duty.assessor),
        "has a duty in topic q1 already": (duty, dora),
        "is not a person; duties": (duty, judge),
        "set the role first": (duty, stranger),
        "is not a person: nobody looks": (Duty.objects.get(assessor=judge), dora),
    }
    assert left == 1
    for sentence, (one, to) in refused.items():
        for attempt in (
            lambda one=one, to=to: duty_reassign(duty=one, to=to, by=alice),
            lambda one=one, to=to: handover_of(one, to),
        ):
            with pytest.raises(DomainError, match=sentence):
                attempt()
    assert Duty.objects.count() == 3
    assert log() == []


def test_nobody_gets_the_own_grades_as_suggestions(duty, dora, alice):
    Duty.objects.update(suggestion_source=dora)
    with pytest.raises(DomainError, match="own grades as suggestions"):
        duty_reassign(duty=Duty.objects.get(), to=dora, by=alice)


def test_a_withdrawn_duty_is_gone(duty, dora, alice):
    Duty.objects.all().delete()
    with pytest.raises(DomainError, match="withdrawn meanwhile"):
        duty_reassign(duty=duty, to=dora, by=alice)


def test_a_save_that_was_on_its_way_is_kept_and_not_asked_for_again(duty, dora, alice):
    before = Duty.objects.select_related("pool__track", "assessor__user").get(pk=duty.pk)
    heir = duty_reassign(duty=duty, to=dora, by=alice)
    judge_first(before)  # the page had read the duty before it changed hands
    assert Judgment.objects.get().assessor.name == "bob"
    assert open_positions(heir) == [2]


def plant(duty, document, by):
    return PoolItem.with_planted.create(
        pool=duty.pool, topic=duty.topic, document=document, position=9, best_rank=1, lot=1, run_ids=[], ranks=[],
        planted_for=duty, planted={"grade": 3}, trusted_grade=0, trusted_by=by,
    )  # fmt: skip


def test_vigilance_items_stay_with_the_first(duty, dora, alice, nist, documents):
    Duty.objects.update(vigilance_percent=50, trusted=nist)
    plant(duty, documents[3], nist)
    judge_first(duty)
    heir = duty_reassign(duty=Duty.objects.get(), to=dora, by=alice)
    assert list(DutyItem.objects.filter(duty=duty, vigilance=True).values_list("document", flat=True)) == [
        documents[3].pk
    ]
    assert (heir.vigilance_percent, heir.trusted) == (50, nist)
    assert not PoolItem.with_planted.filter(planted_for=heir, document=documents[0]).exists()


def test_nobody_is_tested_with_passages_that_he_or_she_has_graded(duty, dora, alice, documents):
    Duty.objects.update(vigilance_percent=50, trusted=dora)
    plant(duty, documents[3], dora)
    heir = duty_reassign(duty=Duty.objects.get(), to=dora, by=alice)
    assert (heir.vigilance_percent, heir.trusted) == (0, None)
    assert not PoolItem.with_planted.filter(planted_for=heir).exists()


def lease(duty, **more):
    now = timezone.now()
    times = {"claimed_at": now - timedelta(minutes=3), "expires_at": now + timedelta(minutes=2), "tab": uuid4()} | more
    return Lease.objects.create(item=duty.pool.items.first(), assessor=duty.assessor, duty=duty, **times)


def test_what_lies_on_the_desk_goes_back_when_the_topic_goes(duty, dora, alice):
    lease(duty)
    duty_reassign(duty=duty, to=dora, by=alice)
    assert not Lease.objects.exists()


def test_a_closed_duty_can_be_read_and_not_judged(duty, alice):
    lease(duty)
    duty_close(duty=duty, by=alice)
    closed = duty_close(duty=duty, by=alice)
    with pytest.raises(DomainError, match="closed this topic"):
        judge_first(closed)
    assert not Lease.objects.exists()
    assert log() == [("alice", "Closed.")]


def test_a_reopened_duty_goes_on_with_a_word(duty, alice, bob):
    judge_first(duty)
    duty_close(duty=duty, by=alice)
    for _ in range(2):
        reopened = duty_reopen(duty=duty, by=alice, message="  Look at d1 again. ")
    assert (reopened.closed_at, reopened.message) == (None, "Look at d1 again.")
    judge_first(reopened, grade=1)
    for _ in range(2):
        duty_message_clear(duty=reopened, by=bob)
    assert Duty.objects.get().message == ""
    assert log()[1:] == [("alice", "Reopened: Look at d1 again."), ("bob", "Dealt with the message.")]


def test_an_open_duty_needs_a_word_to_be_written_to(duty, alice):
    with pytest.raises(DomainError, match="write what is to be done"):
        duty_reopen(duty=duty, by=alice, message=" ")
    assert duty_reopen(duty=duty, by=alice, message="Hurry.").message == "Hurry."


def test_a_topic_whose_rest_is_under_way_elsewhere_is_not_reopened(duty, dora, alice):
    judge_first(duty)
    heir = duty_reassign(duty=duty, to=dora, by=alice)
    with pytest.raises(DomainError, match="dora has the rest of topic q1, 1 passages of it still open"):
        duty_reopen(duty=duty, by=alice, message="Go on.")
    Judgment.objects.create(
        assessor=dora, topic=duty.topic, document=duty.pool.items.get(topic=duty.topic, position=2).document, grade=0
    )
    duty_close(duty=heir, by=alice)
    reopened = duty_reopen(duty=duty, by=alice, message="Look again.")
    assert open_positions(reopened) == []  # nothing that dora has judged comes back
    assert DutyItem.objects.filter(duty=reopened, state="graded").count() == 1


def test_days_are_set_for_several_duties_and_closed_ones_stay(pool, assessor_bob, alice, topics):
    duties_assign(pool=pool, assessor=assessor_bob, condition="manual")
    Duty.objects.filter(topic=topics[2]).update(closed_at=timezone.now())
    day = timezone.localdate() + timedelta(days=3)
    assert duties_extend(duties=Duty.objects.all(), due_on=day, by=alice) == 2
    assert duties_extend(duties=Duty.objects.all(), due_on=day, by=alice) == 0
    assert list(Duty.objects.order_by("topic__position").values_list("due_on", flat=True)) == [day, day, None]
    assert duties_extend(duties=Duty.objects.filter(topic=topics[0]), due_on=None, by=alice) == 1
    assert len(log()) == 3


def test_a_day_that_is_over_is_refused(duty, alice):
    with pytest.raises(DomainError, match="is over"):
        duties_extend(duties=[duty], due_on=timezone.localdate() - timedelta(days=1), by=alice)


def test_only_an_idle_desk_is_cleared(duty, alice):
    held = lease(duty)
    assert leases_hand_back(duty=duty, by=alice) == 0
    Lease.objects.filter(pk=held.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert leases_hand_back(duty=duty, by=alice) == 1
    assert leases_hand_back(duty=duty, by=alice) == 0
    assert log() == [("alice", "Handed back 1 from the desk.")]


@pytest.mark.django_db(transaction=True)
def test_of_two_organizers_at_the_same_moment_one_hands_the_topic_on(
    track, pool, assessor_bob, topics, documents, alice
):
    duties_assign(pool=pool, assessor=assessor_bob, topics=topics[:1], condition="manual")
    Judgment.objects.create(assessor=assessor_bob, topic=topics[0], document=documents[0], grade=1)
    duty = Duty.objects.get()
    others = [add_assessor(track, name) for name in ("dora", "eve")]

    def hand_on(to):
        try:
            return duty_reassign(duty=Duty.objects.get(pk=duty.pk), to=to, by=alice).assessor.name
        except DomainError as error:
            return str(error)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as both:
        said = list(both.map(hand_on, others))
    assert Duty.objects.filter(closed_at=None).count() == 1
    assert sorted(name in ("dora", "eve") for name in said) == [False, True]
