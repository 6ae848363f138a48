"""Passages handed out from a shared pile, to people who work at the same time."""

from collections import Counter
from datetime import timedelta
from threading import Barrier, Thread
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from assessment.domain.errors import DomainError
from assessment.models import Duty, Judgment, Lease, Pool, PoolItem
from assessment.selectors.progress import duty_progress
from assessment.services.judgments import judgment_record, judgment_undo
from assessment.services.leases import item_claim_next, lease_close, lease_hand_back, lease_renew
from tests.factories import make_duty, make_pool, make_track, make_user

pytestmark = pytest.mark.django_db


def shared(size=6, quota=1, overlap=0) -> Pool:
    pool = make_pool(make_track(), size=size)
    Pool.objects.filter(pk=pool.pk).update(quota=quota, overlap_percent=overlap)
    pool.refresh_from_db()
    return pool


def duties_of(pool, *names) -> list[Duty]:
    return [make_duty(pool, make_user(name)) for name in names]


def record(duty, item, grade=1, **more):
    return judgment_record(
        duty=duty, item=item, grade=grade, **{"idempotency_key": uuid4(), "actor": duty.assessor.user, **more}
    )


def places(duty) -> list[int]:
    """The positions in the pool of what this person holds, in the order in which it was handed out."""
    leases = Lease.objects.filter(assessor=duty.assessor, expires_at__gt=timezone.now()).order_by("claimed_at", "pk")
    return list(leases.values_list("item__position", flat=True))


def at(pool, position) -> int:
    return pool.items.get(position=position).pk


def let_time_pass(duty):
    """All that this person holds has run out."""
    Lease.objects.filter(assessor=duty.assessor).update(expires_at=timezone.now() - timedelta(seconds=1))


def judge_everything(duty):
    """As the page does it: holds two, grades the one before the eyes, gets another one, until nothing comes."""
    claim = item_claim_next(duty=duty)
    while claim.at_hand:
        record(duty, claim.at_hand[0])
        claim = item_claim_next(duty=duty)


def race(duties) -> None:
    """Everybody judges at once, each in a thread and on a connection of his or her own."""
    errors, start = [], Barrier(len(duties))

    def work(duty):
        try:
            start.wait()
            judge_everything(duty)
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [Thread(target=work, args=[duty]) for duty in duties]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def people_per_passage(pool) -> dict[int, int]:
    counts = Counter(Judgment.objects.values_list("document", flat=True))
    return {item.position: counts[item.document_id] for item in pool.items.all()}


@pytest.mark.django_db(transaction=True)
def test_two_racing_through_a_pool_judge_everything_once_and_nothing_twice():
    pool = shared(size=200)
    duties = duties_of(pool, "bob", "dora")
    race(duties)
    assert set(people_per_passage(pool).values()) == {1}
    assert all(Judgment.objects.filter(assessor=duty.assessor).count() > 20 for duty in duties)


@pytest.mark.django_db(transaction=True)
def test_the_overlap_is_judged_by_one_more():
    pool = shared(size=100, overlap=20)
    for item in pool.items.all():
        PoolItem.objects.filter(pk=item.pk).update(lot=item.position)
    race(duties_of(pool, "bob", "dora"))
    assert people_per_passage(pool) == {n: 2 if n % 100 < 20 else 1 for n in range(1, 101)}


@pytest.mark.django_db(transaction=True)
def test_three_racing_through_a_pool_with_quota_two():
    pool = shared(size=100, quota=2)
    race(duties_of(pool, "bob", "dora", "erik"))
    assert set(people_per_passage(pool).values()) == {2}


def test_two_are_at_hand_and_nobody_else_gets_them():
    pool = shared()
    bob, dora = duties_of(pool, "bob", "dora")
    item_claim_next(duty=bob)
    item_claim_next(duty=dora)
    assert (places(bob), places(dora)) == ([1, 2], [3, 4])


def test_claiming_again_hands_out_what_the_page_does_not_know_and_takes_nothing_more():
    pool = shared()
    (bob,) = duties_of(pool, "bob")
    first = item_claim_next(duty=bob)
    again = item_claim_next(duty=bob, known=first.at_hand[:1])
    assert again.at_hand == first.at_hand and [item.pk for item in again.items] == first.at_hand[1:]
    assert places(bob) == [1, 2]


def test_after_a_grade_one_more_comes_and_the_spent_lease_goes():
    pool = shared()
    (bob,) = duties_of(pool, "bob")
    known = item_claim_next(duty=bob).at_hand
    record(bob, known[0])
    claim = item_claim_next(duty=bob, known=known[1:])
    assert [item.item_id for item in claim.items] == [at(pool, 3)] and places(bob) == [2, 3]
    assert claim.items[0].number == 3 and claim.items[0].document.title == "Passage 3 of q1"


def test_what_is_on_other_desks_is_counted_and_not_handed_out():
    pool = shared(size=3)
    bob, dora = duties_of(pool, "bob", "dora")
    item_claim_next(duty=bob)
    claim = item_claim_next(duty=dora)
    assert claim.at_hand == [at(pool, 3)] and claim.elsewhere == 2


def test_a_lease_that_has_run_out_is_claimed_by_another_and_the_late_grade_still_counts():
    pool = shared(size=2)
    bob, dora = duties_of(pool, "bob", "dora")
    item_claim_next(duty=bob)
    let_time_pass(bob)
    assert item_claim_next(duty=dora).at_hand == [at(pool, 1), at(pool, 2)]
    record(dora, at(pool, 1))
    assert record(bob, at(pool, 1), 2, note="I was at lunch.").grade == 2
    assert Judgment.objects.filter(document=pool.items.first().document_id).count() == 2


def test_whoever_comes_back_finds_the_same_passages_first():
    pool = shared()
    bob, dora = duties_of(pool, "bob", "dora")
    item_claim_next(duty=bob)
    record(bob, at(pool, 1))
    item_claim_next(duty=bob)
    let_time_pass(bob)
    item_claim_next(duty=dora)  # takes 2 and 3, which bob had, and which have run out
    record(dora, at(pool, 2))
    let_time_pass(dora)
    item_claim_next(duty=bob)
    assert places(bob) == [3, 4]


def test_a_grade_without_a_lease_is_stored_where_there_is_room_and_refused_where_there_is_none():
    pool = shared()
    bob, dora = duties_of(pool, "bob", "dora")
    item_claim_next(duty=bob)
    record(dora, at(pool, 5))
    with pytest.raises(DomainError, match="Enough people"):
        record(dora, at(pool, 1))
    record(bob, at(pool, 1))
    with pytest.raises(DomainError, match="Enough people"):
        record(dora, at(pool, 1))
    assert Judgment.objects.filter(assessor=dora.assessor).count() == 1


def test_an_own_grade_can_be_changed_and_undone_without_losing_the_seat():
    pool = shared(size=2)
    bob, dora = duties_of(pool, "bob", "dora")
    item_claim_next(duty=bob)
    record(bob, at(pool, 1))
    record(bob, at(pool, 1), 3)
    item_claim_next(duty=bob)
    for _ in range(2):
        judgment_undo(duty=bob, item=at(pool, 1), idempotency_key=uuid4(), actor=bob.assessor.user)
    assert item_claim_next(duty=dora).at_hand == []
    assert record(bob, at(pool, 1), 2).grade == 2


def test_what_was_put_off_comes_again_when_nothing_else_is_left_unless_somebody_took_it():
    pool = shared(size=3)
    bob, dora = duties_of(pool, "bob", "dora")
    item_claim_next(duty=bob)
    for place in (1, 2):
        record(bob, at(pool, place), None, state="skipped")
    assert item_claim_next(duty=bob).at_hand == [at(pool, 3)]
    record(bob, at(pool, 3))
    assert item_claim_next(duty=bob).at_hand == [at(pool, 1)]
    record(bob, at(pool, 1), None, state="skipped")
    assert item_claim_next(duty=bob).at_hand == [at(pool, 2)]
    assert item_claim_next(duty=dora).at_hand == [at(pool, 1)]
    record(bob, at(pool, 2))
    waiting = item_claim_next(duty=bob)
    assert (waiting.at_hand, waiting.elsewhere) == ([], 1)
    record(dora, at(pool, 1))
    done = item_claim_next(duty=bob)
    assert (done.at_hand, done.elsewhere) == ([], 0)
    assert duty_progress([bob])[0].finished


def test_a_closed_duty_hands_nothing_out():
    (bob,) = duties_of(shared(), "bob")
    bob.closed_at = timezone.now()
    with pytest.raises(DomainError, match="closed"):
        item_claim_next(duty=bob)


def renew(duty, tab, position, **more):
    item = at(duty.pool, position) if position else None
    return lease_renew(duty=duty, user=duty.assessor.user, tab=tab, item=item, **more)


def test_a_renewal_keeps_the_open_passage_and_the_one_ahead():
    pool = shared()
    bob, dora = duties_of(pool, "bob", "dora")
    item_claim_next(duty=bob)
    let_time_pass(bob)
    assert renew(bob, uuid4(), 1, ahead=[at(pool, 2)]) == (False, False, ())
    assert item_claim_next(duty=dora).at_hand == [at(pool, 3), at(pool, 4)]
    assert Lease.objects.get(is_open=True).item_id == at(pool, 1)


def test_the_open_tab_of_a_closed_duty_takes_no_passage_back():
    pool = shared(size=2)
    bob, dora = duties_of(pool, "bob", "dora")
    item_claim_next(duty=bob)
    Duty.objects.filter(pk=bob.pk).update(closed_at=timezone.now())  # bob's page does not know yet
    assert item_claim_next(duty=dora).at_hand == [at(pool, 1), at(pool, 2)]
    assert renew(bob, uuid4(), 1, ahead=[at(pool, 2)]) == (False, False, ())
    assert not Lease.objects.filter(duty=bob).exists()


def test_a_renewal_that_comes_too_late_says_so():
    pool = shared()
    bob, dora = duties_of(pool, "bob", "dora")
    item_claim_next(duty=bob)
    let_time_pass(bob)
    item_claim_next(duty=dora)
    ahead = [at(pool, place) for place in (2, 3)]
    assert renew(bob, uuid4(), 1, ahead=ahead) == (False, True, (at(pool, 2),))
    assert item_claim_next(duty=dora).at_hand == [at(pool, 1), at(pool, 2)]


@pytest.mark.parametrize("quota", [None, 1])
def test_a_second_tab_takes_over_and_the_first_is_told(quota):
    (bob,) = duties_of(shared(quota=quota), "bob")
    first, second = uuid4(), uuid4()
    renew(bob, first, 1)
    assert renew(bob, second, 1).elsewhere
    renew(bob, second, 2, take=True)
    assert renew(bob, first, 1).elsewhere
    assert list(Lease.objects.filter(is_open=True).values_list("tab", "item__position")) == [(second, 2)]
    lease_close(duty=bob, tab=second)
    assert not renew(bob, first, 1).elsewhere


def test_a_person_has_one_passage_open_also_across_topics():
    bob = make_user("bob")
    pool = shared()
    here, there = make_duty(pool, bob), make_duty(make_pool(pool.track, qid="q2"), bob)
    tab = uuid4()
    item_claim_next(duty=here)
    renew(here, tab, 1)
    renew(there, tab, 1)
    assert [lease.duty for lease in Lease.objects.all()] == [there]


def test_a_passage_of_another_duty_is_not_opened():
    bob, _ = duties_of(shared(), "bob", "dora")
    foreign = make_pool(make_track("other"), qid="q9").items.first()
    with pytest.raises(DomainError, match="not part of your duty"):
        lease_renew(duty=bob, user=bob.assessor.user, tab=uuid4(), item=foreign.pk)
    assert not Lease.objects.exists()


def test_what_is_handed_back_goes_to_somebody_else():
    pool = shared(size=2)
    bob, dora = duties_of(pool, "bob", "dora")
    item_claim_next(duty=bob)
    assert (lease_hand_back(duty=bob), lease_hand_back(duty=bob)) == (2, 0)
    assert item_claim_next(duty=dora).at_hand == [at(pool, 1), at(pool, 2)]
    record(dora, at(pool, 1))
    assert record(bob, at(pool, 1), 3).grade == 3
    lease_hand_back(duty=bob, for_good=True)
    with pytest.raises(DomainError, match="Enough people"):
        record(bob, at(pool, 2))


@pytest.mark.django_db(transaction=True)
def test_two_tabs_that_open_a_passage_at_once_leave_one_open():
    (bob,) = duties_of(shared(quota=None), "bob")
    start, errors = Barrier(4), []

    def open_one(position):
        try:
            start.wait()
            for _ in range(5):
                renew(bob, uuid4(), position, take=True)
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    tabs = [Thread(target=open_one, args=[position]) for position in range(1, 5)]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join()
    assert errors == [] and Lease.objects.filter(is_open=True).count() == 1
