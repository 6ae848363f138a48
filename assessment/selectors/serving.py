"""The pile that a served duty hands its passages out from, and what of it is on whose desk.

A passage has as many seats as people are to judge it. Taken is a seat by somebody's judgment, or by a live lease of
somebody who has not judged yet. Written in SQL because it runs at every key press.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import connection
from django.utils import timezone

from assessment.domain.move_to_front import following
from assessment.models import Duty, JudgmentState, Lease, Order, User
from assessment.selectors.judging import item_order, order_of

# One round trip of several statements. The lock comes first: each statement sees what was stored before it began, so
# whoever has waited counts the seats that the one before has taken. Of two people one waits for some milliseconds.
# Locking the rows of single passages (SKIP LOCKED) would not do: seats would be counted as they were before the lock.
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('pile ' || %(pool)s || ' ' || %(topic)s, 0));"

_PILE = """
    WITH colleagues AS (
        SELECT id, assessor_id, closed_at FROM assessment_duty
        WHERE pool_id = %(pool)s AND topic_id = %(topic)s AND id <> %(duty)s AND condition <> 'automatic'
    ), taken AS (
        SELECT document_id, count(*) AS people FROM (
            SELECT document_id, assessor_id FROM assessment_judgment
            WHERE topic_id = %(topic)s AND assessor_id IN (SELECT assessor_id FROM colleagues)
                AND NOT vigilance AND state <> 'skipped'
            UNION
            SELECT item.document_id, lease.assessor_id FROM assessment_lease lease
            JOIN assessment_poolitem item ON item.id = lease.item_id AND item.planted_for_id IS NULL
            WHERE lease.duty_id IN (SELECT id FROM colleagues WHERE closed_at IS NULL)
                AND lease.expires_at > clock_timestamp()
        ) seats GROUP BY document_id
    )
    SELECT shown.item_id, shown.state, shown.position, shown.vigilance,
        coalesce(mine.expires_at > clock_timestamp(), false), mine.claimed_at,
        CASE WHEN shown.state = 'skipped' THEN (
            SELECT updated_at FROM assessment_judgment WHERE id = shown.judgment_id
        ) END,
        shown.vigilance OR %(quota)s::int IS NULL
            OR coalesce(taken.people, 0) < %(quota)s::int + (shown.lot %% 100 < %(overlap)s)::int
    FROM assessment_dutyitem shown
    JOIN assessment_document document ON document.id = shown.document_id
    LEFT JOIN assessment_lease mine ON mine.assessor_id = %(assessor)s AND mine.item_id = shown.item_id
    LEFT JOIN taken ON taken.document_id = shown.document_id
    LEFT JOIN assessment_dutyrank ranking ON ranking.duty_id = shown.duty_id AND ranking.item_id = shown.item_id
    WHERE shown.duty_id = %(duty)s
    ORDER BY {order};
"""

# What move-to-front replays: who brought each passage of the topic, and whether it was found relevant, in a shared pool
# by anybody.
_BROUGHT = """
    SELECT item.id, item.run_ids, item.ranks, label.relevant
    FROM assessment_poolitem item
    LEFT JOIN (
        SELECT document_id, coalesce(bool_or(grade >= %(relevant_from)s), false) AS relevant FROM assessment_judgment
        WHERE topic_id = %(topic)s AND NOT vigilance AND state <> 'skipped' AND assessor_id IN (
            SELECT assessor_id FROM assessment_duty
            WHERE pool_id = %(pool)s AND topic_id = %(topic)s AND condition <> 'automatic'
                AND (id = %(duty)s OR %(quota)s::int IS NOT NULL)
        ) GROUP BY document_id
    ) label ON label.document_id = item.document_id
    WHERE item.pool_id = %(pool)s AND item.topic_id = %(topic)s AND item.planted_for_id IS NULL;
"""


class Passage(NamedTuple):
    """A passage as it lies on the pile. `state` is the assessor's own (empty: unjudged), `put_off_at` when it was put
    off; `live` tells whether it is on the assessor's desk, `claimed_at` whether it has been; `room` whether there is a
    seat for the assessor beside the colleagues'."""

    item: int
    state: str
    position: int
    vigilance: bool
    live: bool
    claimed_at: datetime | None
    put_off_at: datetime | None
    room: bool


class Pile(NamedTuple):
    """All that the duty shows, in the order in which it is handed out."""

    passages: list[Passage]

    @property
    def held(self) -> list[int]:
        """On the assessor's desk and unjudged, in the order in which they came there."""
        mine = [each for each in self.passages if each.state == "" and each.live]
        return [each.item for each in sorted(mine, key=lambda each: each.claimed_at)]

    @property
    def judged(self) -> list[int]:
        return [each.item for each in self.passages if each.state]

    @property
    def elsewhere(self) -> int:
        """How many the assessor could judge, were they not on other people's desks."""
        return sum(each.state in ("", JudgmentState.SKIPPED) and not (each.room or each.live) for each in self.passages)

    def has_room(self, item: int) -> bool:
        return any(each.item == item and (each.room or each.live) for each in self.passages)

    def free(self) -> Iterator[int]:
        """What can be handed out: first what the assessor had on the desk before, then the pile in its order."""
        free = [each for each in self.passages if each.state == "" and each.room and not each.live]
        yield from (each.item for each in sorted(free, key=_first_claimed) if each.claimed_at)
        yield from (each.item for each in free if not each.claimed_at)

    def put_off(self) -> list[int]:
        """What was put off and still has room, the longest ago first."""
        mine = [each for each in self.passages if each.state == JudgmentState.SKIPPED and each.room]
        return [each.item for each in sorted(mine, key=lambda each: each.put_off_at)]


def _first_claimed(passage: Passage) -> tuple:
    return passage.claimed_at is None, passage.claimed_at


def locked_pile(duty: Duty) -> Pile:
    """The pile of a duty; nobody else takes a seat at its topic until this transaction ends. One query."""
    moving = order_of(duty) == Order.MOVE_TO_FRONT
    statements = _LOCK + _PILE.format(order=_sql_order(duty)) + (_BROUGHT if moving else "")
    arguments = {
        "pool": duty.pool_id,
        "topic": duty.topic_id,
        "duty": duty.pk,
        "assessor": duty.assessor_id,
        "quota": duty.pool.quota,
        "overlap": duty.pool.overlap_percent,
        "relevant_from": duty.pool.track.relevant_from,
    }
    with connection.cursor() as cursor:
        cursor.execute(statements, arguments)
        cursor.nextset()
        passages = [Passage(*row) for row in cursor.fetchall()]
        if moving:
            cursor.nextset()
            passages = _moved_to_front(passages, cursor.fetchall())
    return Pile(passages)


def _sql_order(duty: Duty) -> str:
    columns = {"document__docid": "document.docid", "item": "shown.item_id", "rank": "ranking.rank"}
    return ", ".join(columns.get(name, f"shown.{name}") for name in item_order(duty))


def _moved_to_front(passages: list[Passage], brought: list[tuple]) -> list[Passage]:
    """By move-to-front; a planted passage comes when as many are judged or handed out as its position says.

    `brought`: (item, run ids, ranks, whether it is relevant or None while nobody has judged it) of the whole topic.
    """
    runs: dict[int, list[tuple[int, int]]] = {}
    judged: dict[int, bool] = {}
    for item, run_ids, ranks, relevant in brought:
        for run, rank in zip(run_ids, ranks, strict=True):
            runs.setdefault(run, []).append((rank, item))
        if relevant is not None:
            judged[item] = relevant
    rankings = [[item for _, item in sorted(runs[run])] for run in sorted(runs)]
    by_item = {each.item: each for each in passages}
    done = sum(bool(each.state) or each.live for each in passages)
    due = [each for each in passages if each.vigilance and each.position <= done + 1]
    in_turn = [by_item.pop(each.item) for each in due]
    in_turn += [by_item.pop(item) for item in following(rankings, judged) if item in by_item]
    return [*in_turn, *by_item.values()]


def opened_elsewhere(user: User, tab: UUID) -> bool:
    """Whether another tab, perhaps of another browser, is where this person judges at this moment."""
    opened = Lease.objects.filter(assessor__user=user, is_open=True, expires_at__gt=timezone.now())
    return opened.exclude(tab=tab).exists()
