"""Passages on people's desks: handed out from a served duty's pile, renewed while the page is open, handed back.

A person has one passage open, in one tab. In a shared pool a lease keeps the seat at a passage; when it has run out,
another may take the seat, and whoever comes back may still save. A lease whose passage is judged is spent: the
judgment has the seat.
"""

from collections.abc import Collection, Iterable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from assessment.domain.errors import DomainError
from assessment.models import Duty, DutyItem, Lease, PoolItem, User
from assessment.selectors.judging import is_served, judging_item
from assessment.selectors.serving import locked_pile, opened_elsewhere

NO_TAB = UUID(int=0)  # where the page works without its script
AT_HAND = 2  # the passage before the eyes, and one ahead

_KEEP = """
    WITH spent AS (
        DELETE FROM assessment_lease WHERE duty_id = %s AND NOT is_open AND item_id = ANY (%s)
    ), kept AS (
        INSERT INTO assessment_lease (item_id, assessor_id, duty_id, tab, is_open, claimed_at, renewed_at, expires_at)
        SELECT item, %s, %s, %s, false, %s::timestamptz + place * interval '1 microsecond', %s, %s
        FROM unnest(%s::bigint[]) WITH ORDINALITY AS at_hand (item, place)
        ON CONFLICT (assessor_id, item_id) DO UPDATE SET
            tab = CASE WHEN assessment_lease.is_open THEN assessment_lease.tab ELSE excluded.tab END,
            renewed_at = excluded.renewed_at, expires_at = excluded.expires_at
    )
"""


class Handed(NamedTuple):
    """What the page did not know yet, ready to show; the keys of all that is at hand; and how many passages more the
    person could judge, were they not on other people's desks."""

    items: list[DutyItem]
    at_hand: list[int]
    elsewhere: int


class Desk(NamedTuple):
    """How a page stands after its renewal. `elsewhere`: the person judges in another tab, and nothing was renewed.
    `late`: the open passage has meanwhile been taken by as many others as it needs; it may still be saved. `gone`: so
    have these of the others at hand, which nobody has seen yet."""

    elsewhere: bool = False
    late: bool = False
    gone: tuple[int, ...] = ()


def item_claim_next(*, duty: Duty, tab: UUID = NO_TAB, known: Collection[int] = ()) -> Handed:
    """Hands out passages of a served duty until two are at hand, and renews those that are.

    The page shows one while the next is already there: so the order, where it depends on grades, lags one grade
    behind. `known`: the passages at hand that the page has already; those are not handed out again. When nothing is
    left but what the person has put off, that comes, one by one. Raises DomainError for a duty that is closed.
    """
    if duty.closed_at is not None:
        raise DomainError("The organizer has closed this topic: nothing more is handed out.")
    with transaction.atomic():
        pile = locked_pile(duty)
        at_hand = pile.held
        at_hand += [item for item, _ in zip(pile.free(), range(AT_HAND - len(at_hand)), strict=False)]
        fresh = [item for item in at_hand if item not in known]
        if not at_hand:
            at_hand = fresh = pile.put_off()[:1]
        items = _kept_and_read(duty, tab, at_hand, pile.judged, fresh)
        missing = set(fresh) - {item.pk for item in items}
        at_hand = [item for item in at_hand if item not in missing]
        for item in items:
            item.number = len(pile.judged) + (1 + at_hand.index(item.pk) if not item.state else 0)
        return Handed(items, at_hand, pile.elsewhere)


def _kept_and_read(duty: Duty, tab: UUID, at_hand: list, judged: list, fresh: list) -> list[DutyItem]:
    """Leases what is at hand, drops what is spent, and reads what is fresh; the first of it in the same round trip."""
    now = timezone.now()
    spent = [item for item in judged if item not in at_hand]
    arguments = (duty.pk, spent, duty.assessor_id, duty.pk, tab, now, now, _end(now), at_hand)
    if not fresh:
        with connection.cursor() as cursor:
            cursor.execute(f"{_KEEP} SELECT", arguments)
        return []
    with _in_the_same_statement(_KEEP, arguments):
        first = judging_item(duty, fresh[0], handed=True)
    # One is missing where the judge has graded it 0 since the pile was read.
    return [item for item in (first, *(judging_item(duty, each) for each in fresh[1:])) if item is not None]


def _in_the_same_statement(writing: str, arguments: tuple) -> AbstractContextManager:
    """The next query, a plain SELECT, also does this writing: WITH … SELECT …"""

    def execute_both(execute, sql, params, many, context):
        return execute(f"{writing} {sql}", (*arguments, *params), many, context)

    return connection.execute_wrapper(execute_both)


def lease_renew(
    *, duty: Duty, user: User, tab: UUID, item: int | None, ahead: Collection[int] = (), take: bool = False
) -> Desk:
    """The page tells that it is there, with `item` open and `ahead` behind it; other passages of the person go back.

    While the person judges in another tab nothing is renewed, unless this one takes over (`take`). What an organizer
    has closed meanwhile goes back whole: nobody can save it. Raises DomainError for a passage that is not the duty's.
    """
    with transaction.atomic():
        _lock_desks(user)
        if Duty.objects.filter(pk=duty.pk, closed_at__isnull=False).exists():
            lease_hand_back(duty=duty, for_good=True)
            return Desk()
        if not take and opened_elsewhere(user, tab):
            return Desk(elsewhere=True)
        Lease.objects.filter(assessor__user=user, is_open=True).exclude(item=item).update(is_open=False)
        others = Lease.objects.filter(assessor__user=user)
        if not is_served(duty):
            others.exclude(item=item).delete()
            ahead, late, gone = [], False, ()
        else:
            others.exclude(duty=duty).delete()
            pile = locked_pile(duty)
            late = item is not None and item not in pile.judged and not pile.has_room(item)
            gone = tuple(each for each in ahead if each != item and not pile.has_room(each))
        if item is not None:
            _check_item(duty, item)
            _keep(duty, tab, [item], is_open=True)
        _keep(duty, tab, [each for each in ahead if each != item and each not in gone], is_open=False)
        return Desk(late=late, gone=gone)


def lease_close(*, duty: Duty, tab: UUID) -> None:
    """The page goes away: the person may open a passage elsewhere. The seats stay until the leases end."""
    Lease.objects.filter(assessor=duty.assessor_id, tab=tab, is_open=True).update(is_open=False)


def lease_hand_back(*, duty: Duty, for_good: bool = False) -> int:
    """Everything of this duty goes back from the desk onto the pile; the number of passages.

    Whoever comes back may still save, unless it is `for_good`: the duty is closed, or somebody else's. A lease that
    ended when it began is one that was handed back.
    """
    leases = Lease.objects.filter(duty=duty)
    if for_good:
        return leases.delete()[0]
    return leases.filter(expires_at__gt=F("claimed_at")).update(is_open=False, expires_at=F("claimed_at"))


def lease_return(*, duty: Duty, item: int) -> None:
    """The passage whose grade was taken back is on the desk again: the seat stays taken. Runs with the undo."""
    now = timezone.now()
    lease, is_new = Lease.objects.get_or_create(
        item_id=item,
        assessor_id=duty.assessor_id,
        defaults={"duty": duty, "tab": NO_TAB, "expires_at": _end(now)},
    )
    if not is_new:
        Lease.objects.filter(pk=lease.pk).update(renewed_at=now, expires_at=_end(now))


def seat_take(*, duty: Duty, item: int) -> None:
    """A seat for a save that comes without any lease, say from a link. Runs in the save's transaction.

    Raises DomainError when enough others have judged the passage, or have it on their desks.
    """
    if not locked_pile(duty).has_room(item):
        raise DomainError("Enough people have judged this passage meanwhile, or are judging it. Go on with the next.")


def _keep(duty: Duty, tab: UUID, items: Iterable[int], *, is_open: bool) -> None:
    now = timezone.now()
    Lease.objects.bulk_create(
        [
            Lease(item_id=item, assessor_id=duty.assessor_id, duty=duty, tab=tab, is_open=is_open, expires_at=_end(now))
            for item in items
        ],
        update_conflicts=True,
        unique_fields=["assessor", "item"],
        update_fields=["tab", "is_open", "renewed_at", "expires_at"],
    )


def _check_item(duty: Duty, item: int) -> None:
    pair = PoolItem.with_planted.filter(pk=item, pool=duty.pool_id, topic=duty.topic_id)
    if not pair.filter(planted_for__in=[duty.pk]).exists() and not pair.filter(planted_for=None).exists():
        raise DomainError("This passage is not part of your duty.")


def _lock_desks(user: User) -> None:
    """Two tabs that open a passage at the same moment do so one after the other."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('desk ' || %s, 0))", [user.pk])


def _end(now: datetime) -> datetime:
    return now + timedelta(seconds=settings.DESK_SECONDS)
