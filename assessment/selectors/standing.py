"""Where a pair stands when a save or an undo of it comes in: all that has to be known, in one query.

Written in SQL because it runs at every key press: the same query through the ORM costs more time to build than to run.
"""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from assessment.models import Duty

# The counts follow selectors/judging.py::duty_items. The item itself does not: what the person had before the eyes is
# saved, also if the source has meanwhile graded it 0.
_STANDING = """
    SELECT item.topic_id, item.document_id,
        mine.id, mine.state, mine.grade, mine.updated_at,
        theirs.grade, theirs.created_at,
        event.assessor_id, event.topic_id, event.document_id, event.state, event.grade,
        EXISTS (SELECT FROM assessment_grade WHERE track_id = %(track)s AND value = %(grade)s),
        counts.done, counts.total
    FROM assessment_poolitem item
    LEFT JOIN assessment_judgment mine
        ON mine.assessor_id = %(assessor)s AND mine.topic_id = item.topic_id AND mine.document_id = item.document_id
    LEFT JOIN assessment_judgment theirs
        ON theirs.assessor_id = %(source)s AND theirs.topic_id = item.topic_id
        AND theirs.document_id = item.document_id AND theirs.state = 'graded'
    LEFT JOIN assessment_judgmentevent event ON event.idempotency_key = %(key)s
    CROSS JOIN LATERAL (
        SELECT count(*) AS total, count(own.id) FILTER (WHERE own.state <> 'skipped') AS done
        FROM assessment_poolitem each
        LEFT JOIN assessment_judgment own
            ON own.assessor_id = %(assessor)s AND own.topic_id = each.topic_id AND own.document_id = each.document_id
        LEFT JOIN assessment_judgment dropped
            ON %(condition)s = 'filtered' AND dropped.assessor_id = %(source)s AND dropped.topic_id = each.topic_id
            AND dropped.document_id = each.document_id AND dropped.state = 'graded' AND dropped.grade = 0
        WHERE each.pool_id = item.pool_id AND each.topic_id = item.topic_id
            AND (dropped.id IS NULL OR own.id IS NOT NULL)
    ) counts
    WHERE item.id = %(item)s AND item.pool_id = %(pool)s AND item.topic_id = %(topic)s
"""


class Own(NamedTuple):
    """The assessor's judgment as it was read."""

    pk: int
    state: str
    grade: int | None
    updated_at: datetime


class Label(NamedTuple):
    """The source's grade, whether or not the duty shows it."""

    grade: int
    created_at: datetime


class Earlier(NamedTuple):
    """The event that used the idempotency key before. `state` is empty for unjudged."""

    assessor_id: int
    topic_id: int
    document_id: int
    state: str
    grade: int | None


class Standing(NamedTuple):
    topic_id: int
    document_id: int
    own: Own | None
    label: Label | None
    earlier: Earlier | None
    in_scale: bool
    done: int
    total: int


def pair_standing(duty: Duty, item: int, key: UUID, grade: int | None) -> Standing | None:
    """The standing of the pool item with this key; None when it is not one of the duty's pool and topic."""
    arguments = {
        "item": item,
        "key": key,
        "grade": grade,
        "pool": duty.pool_id,
        "topic": duty.topic_id,
        "track": duty.pool.track_id,
        "assessor": duty.assessor_id,
        "source": duty.suggestion_source_id,
        "condition": duty.condition,
    }
    with connection.cursor() as cursor:
        cursor.execute(_STANDING, arguments)
        row = cursor.fetchone()
    if row is None:
        return None
    own, label, earlier = Own(*row[2:6]), Label(*row[6:8]), Earlier(*row[8:13])
    return Standing(
        *row[:2],
        own if own.pk is not None else None,
        label if label.grade is not None else None,
        earlier if earlier.assessor_id is not None else None,
        *row[13:],
    )
