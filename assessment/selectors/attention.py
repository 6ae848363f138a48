"""What on the organizer's board needs somebody's attention, and the digest that tells whether the board has changed."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import NamedTuple

from django.db import connection
from django.utils import timezone

from assessment.models import Assessor, Duty, Pool
from assessment.selectors.board import Board, Cell, Row

SILENT = timedelta(days=2)  # a duty with something left, of which nothing was judged for so long
IDLE = timedelta(minutes=10)  # a passage on the desk of somebody who has judged nothing for so long
LISTED = 50  # flags


class Flag(NamedTuple):
    """A passage that somebody put off or could not judge, with the reason given. `item` is the pool item's key."""

    item: int
    assessor: str
    qid: str
    docid: str
    title: str
    state: str
    reason: str
    at: datetime


class IdleDesk(NamedTuple):
    """Passages of one duty that its assessor holds and does not judge; `live` while nobody else may take them."""

    duty: int
    assessor: str
    qid: str
    passages: int
    since: datetime
    live: bool


class Unlabelled(NamedTuple):
    """A source of suggestions that has not labelled all pairs of the duties that lean on it."""

    source: Assessor
    pairs: int


@dataclass
class Attention:
    flags: list[Flag]
    flagged: int
    idle: list[IdleDesk]
    overdue: list[Cell]
    silent: list[Cell]
    unlabelled: list[Unlabelled]
    unassigned: list[Row]
    disagreements: int
    farthest: tuple[Assessor, Assessor, int] | None

    @property
    def count(self) -> int:
        """How many kinds of things wait."""
        kinds = (self.flagged, self.idle, self.overdue, self.silent, self.unlabelled, self.unassigned)
        return sum(map(bool, kinds)) + bool(self.disagreements)


_OF_POOL = """
    FROM assessment_duty duty
    JOIN assessment_poolitem item ON item.pool_id = duty.pool_id AND item.topic_id = duty.topic_id
        AND item.planted_for_id IS NULL
"""
_FLAGS = f"""
    SELECT item.id, assessor.name, topic.qid, document.docid, document.title, mine.state, mine.reason, mine.updated_at,
        count(*) OVER ()
    {_OF_POOL}
    JOIN assessment_judgment mine ON mine.assessor_id = duty.assessor_id AND mine.topic_id = item.topic_id
        AND mine.document_id = item.document_id AND NOT mine.vigilance
    JOIN assessment_assessor assessor ON assessor.id = duty.assessor_id
    JOIN assessment_topic topic ON topic.id = duty.topic_id
    JOIN assessment_document document ON document.id = item.document_id
    WHERE duty.pool_id = %(pool)s AND (mine.state = 'unjudgeable' OR mine.state = 'skipped' AND mine.reason <> '')
    ORDER BY mine.updated_at DESC, item.id LIMIT {LISTED}
"""
# Whoever renews a lease has a browser open; whoever judges is at work. Of what was judged since, nothing is held;
# and a lease that ended when it began was handed back.
_IDLE_LEASES = """
    FROM assessment_lease lease
    JOIN assessment_duty duty ON duty.id = lease.duty_id
    JOIN assessment_poolitem item ON item.id = lease.item_id
    LEFT JOIN LATERAL (
        SELECT max(updated_at) AS at FROM assessment_judgment WHERE assessor_id = lease.assessor_id
    ) latest ON true
    WHERE duty.pool_id = %(pool)s AND lease.expires_at > lease.claimed_at
        AND (lease.expires_at < %(now)s OR lease.is_open
            AND greatest(coalesce(latest.at, lease.claimed_at), lease.claimed_at) < %(idle)s)
        AND NOT EXISTS (
            SELECT FROM assessment_judgment mine WHERE mine.assessor_id = lease.assessor_id
                AND mine.topic_id = item.topic_id AND mine.document_id = item.document_id
                AND mine.vigilance = (item.planted_for_id IS NOT NULL) AND mine.state <> 'skipped'
        )
"""
_IDLE = f"""
    SELECT held.duty_id, assessor.name, topic.qid, held.passages, held.since, held.live FROM (
        SELECT lease.duty_id, lease.assessor_id, duty.topic_id, count(*) AS passages,
            max(greatest(latest.at, lease.claimed_at)) AS since, bool_or(lease.expires_at > %(now)s) AS live
        {_IDLE_LEASES} GROUP BY lease.duty_id, lease.assessor_id, duty.topic_id
    ) held
    JOIN assessment_assessor assessor ON assessor.id = held.assessor_id
    JOIN assessment_topic topic ON topic.id = held.topic_id
    ORDER BY held.since
"""
_UNLABELLED = f"""
    SELECT duty.suggestion_source_id, count(DISTINCT item.id) {_OF_POOL}
    WHERE duty.pool_id = %(pool)s AND duty.suggestion_source_id IS NOT NULL AND duty.closed_at IS NULL
        AND NOT EXISTS (
            SELECT FROM assessment_judgment theirs WHERE theirs.assessor_id = duty.suggestion_source_id
                AND theirs.topic_id = item.topic_id AND theirs.document_id = item.document_id AND NOT theirs.vigilance
        )
    GROUP BY duty.suggestion_source_id ORDER BY 2 DESC
"""
# Histories only grow, so that their length tells whether anybody did anything; a source's labels have no history.
_DIGEST = f"""
    SELECT
        (SELECT string_agg(concat_ws(':', id, assessor_id, condition, suggestion_source_id, due_on, closed_at), ','
            ORDER BY id) FROM assessment_duty WHERE pool_id = %(pool)s),
        (SELECT count(*) FROM assessment_judgmentevent
            WHERE assessor_id IN (SELECT assessor_id FROM assessment_duty WHERE pool_id = %(pool)s)),
        (SELECT count(*) FROM assessment_judgment WHERE assessor_id IN (
            SELECT assessor_id FROM assessment_duty WHERE pool_id = %(pool)s
            UNION SELECT suggestion_source_id FROM assessment_duty WHERE pool_id = %(pool)s)),
        (SELECT count(*) FROM assessment_poolitem WHERE pool_id = %(pool)s),
        (SELECT string_agg(lease.id::text, ',' ORDER BY lease.id) {_IDLE_LEASES})
"""


def attention_of(board: Board) -> Attention:
    """What waits in the board's pool. Four queries besides those of the board."""
    pool = board.pool
    flags = _query(_FLAGS, pool)
    open_cells = [cell for cell in board.cells if cell.looked_at and cell.left and not cell.closed]
    overdue = sorted((cell for cell in open_cells if cell.state == "overdue"), key=lambda cell: cell.duty.due_on)
    return Attention(
        flags=[Flag(*row[:-1]) for row in flags],
        flagged=flags[0][-1] if flags else 0,
        idle=[IdleDesk(*row) for row in _query(_IDLE, pool)],
        overdue=overdue,
        silent=sorted(filter(_is_silent, open_cells), key=silent_since),
        unlabelled=_unlabelled(pool),
        unassigned=[row for row in board.rows if row.unassigned],
        disagreements=board.apart,
        farthest=_farthest(board),
    )


def idle_leases(duty: Duty) -> list[int]:
    """The keys of the leases of this duty that nobody is working on. One query."""
    rows = _query(f"SELECT lease.id {_IDLE_LEASES} AND lease.duty_id = %(duty)s", duty.pool, duty=duty.pk)
    return [pk for (pk,) in rows]


def board_digest(pool: Pool) -> str:
    """A short text that differs when the board may have changed; it also does so every minute, for what only ages.

    One query that counts along indexes.
    """
    minute = int(timezone.now().timestamp() // 60)
    parts = (minute, pool.track.relevant_from, *_query(_DIGEST, pool)[0])
    return f"{minute:x}-{sha256(repr(parts).encode()).hexdigest()[:16]}"


def silent_since(cell: Cell) -> datetime:
    """When something was last judged of the duty, or when it was given."""
    return cell.last_at or cell.duty.created_at


def _is_silent(cell: Cell) -> bool:
    return timezone.now() - silent_since(cell) > SILENT


def _query(sql: str, pool: Pool, **more) -> list[tuple]:
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(sql, {"pool": pool.pk, "now": now, "idle": now - IDLE} | more)
        return cursor.fetchall()


def _unlabelled(pool: Pool) -> list[Unlabelled]:
    counts = dict(_query(_UNLABELLED, pool))
    sources = Assessor.objects.in_bulk(counts)
    return [Unlabelled(sources[pk], pairs) for pk, pairs in counts.items()]


def _farthest(board: Board) -> tuple[Assessor, Assessor, int] | None:
    """The two people with the most disagreements, and how many these are."""
    apart = Counter({(overlap.a, overlap.b): overlap.apart for overlap in board.overlaps if overlap.apart})
    if not apart:
        return None
    assessors = {person.assessor.pk: person.assessor for person in board.people}
    (a, b), count = apart.most_common(1)[0]
    return assessors[a], assessors[b], count
