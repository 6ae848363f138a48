"""Where a pair stands when a save or an undo of it comes in: all that has to be known, in one query.

Written in SQL because it runs at every key press: the same query through the ORM costs more time to build than to run.
"""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from assessment.models import Duty

# The item itself need not be in the view of the duty's items: what the person had before the eyes is saved, also if the
# source has meanwhile graded it 0, or somebody else has judged it.
_STANDING = """
    SELECT item.id, item.topic_id, item.document_id, item.planted_for_id IS NOT NULL,
        mine.id, mine.state, mine.grade, mine.updated_at, mine.suggestion_grade, mine.suggestion_shown_at,
        coalesce((item.planted ->> 'grade')::smallint, theirs.grade), coalesce(theirs.created_at, %(since)s),
        event.assessor_id, event.topic_id, event.document_id, event.state, event.grade,
        seen.suggestion_grade, seen.previous_grade, seen.at,
        EXISTS (SELECT FROM assessment_grade WHERE track_id = %(track)s AND value = %(grade)s),
        counts.done, counts.total,
        EXISTS (SELECT FROM assessment_lease WHERE assessor_id = %(assessor)s AND item_id = item.id),
        CASE WHEN %(with_text)s THEN (SELECT text FROM assessment_document WHERE id = item.document_id) END
    FROM assessment_poolitem item
    LEFT JOIN assessment_judgment mine
        ON mine.assessor_id = %(assessor)s AND mine.topic_id = item.topic_id AND mine.document_id = item.document_id
        AND mine.vigilance = (item.planted_for_id IS NOT NULL)
    LEFT JOIN assessment_judgment theirs
        ON item.planted_for_id IS NULL AND theirs.assessor_id = %(source)s AND theirs.topic_id = item.topic_id
        AND theirs.document_id = item.document_id AND theirs.state = 'graded' AND NOT theirs.vigilance
    LEFT JOIN assessment_judgmentevent event ON event.idempotency_key = %(key)s
    LEFT JOIN LATERAL (
        SELECT suggestion_grade, previous_grade, at FROM assessment_judgmentevent
        WHERE mine.id IS NULL AND assessor_id = %(assessor)s AND topic_id = item.topic_id
            AND document_id = item.document_id AND vigilance = (item.planted_for_id IS NOT NULL)
            AND suggestion_grade IS NOT NULL
        ORDER BY id LIMIT 1
    ) seen ON true
    CROSS JOIN LATERAL (
        SELECT count(*) AS total, count(*) FILTER (WHERE state IN ('graded', 'unjudgeable')) AS done
        FROM assessment_dutyitem WHERE duty_id = %(duty)s
    ) counts
    WHERE item.id = %(item)s AND item.pool_id = %(pool)s AND item.topic_id = %(topic)s
        AND (item.planted_for_id IS NULL OR item.planted_for_id = %(duty)s)
"""


class Own(NamedTuple):
    """The assessor's judgment as it was read. `shown_grade` is the label on record as shown, since `shown_at`."""

    pk: int
    state: str
    grade: int | None
    updated_at: datetime
    shown_grade: int | None
    shown_at: datetime | None


class Label(NamedTuple):
    """The source's grade, or the planted one, whether or not the duty shows it."""

    grade: int
    created_at: datetime


class Earlier(NamedTuple):
    """The event that used the idempotency key before. `state` is empty for unjudged."""

    assessor_id: int
    topic_id: int
    document_id: int
    state: str
    grade: int | None


class Seen(NamedTuple):
    """Of a pair that was taken back to unjudged: the label that was in sight before, and the last grade given before
    that label came into sight."""

    grade: int
    grade_before: int | None
    at: datetime


class Standing(NamedTuple):
    """`held`: the passage is, or has been, on the assessor's desk (see services/leases.py). `text` is the document's,
    if it was asked for."""

    item_id: int
    topic_id: int
    document_id: int
    vigilance: bool
    own: Own | None
    label: Label | None
    earlier: Earlier | None
    seen: Seen | None
    in_scale: bool
    done: int
    total: int
    held: bool
    text: str | None


def pair_standing(duty: Duty, item: int, key: UUID, grade: int | None, with_text: bool = False) -> Standing | None:
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
        "duty": duty.pk,
        "since": duty.created_at,
        "with_text": with_text,
    }
    with connection.cursor() as cursor:
        cursor.execute(_STANDING, arguments)
        row = cursor.fetchone()
    if row is None:
        return None
    own, label, earlier, seen = Own(*row[4:10]), Label(*row[10:12]), Earlier(*row[12:17]), Seen(*row[17:20])
    return Standing(
        *row[:4],
        own if own.pk is not None else None,
        label if label.grade is not None else None,
        earlier if earlier.assessor_id is not None else None,
        seen if seen.grade is not None else None,
        *row[20:],
    )
