"""What vigilance items are made from: labels that are shown, and pairs that somebody trusted has graded."""

import json
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import NamedTuple

from django.db import connection

from assessment.domain.vigilance import Label, Passage
from assessment.models import Assessor, Duty, Pool


class Surroundings(NamedTuple):
    """A topic as a post-edit duty shows it: its passages, and the labels among them."""

    passages: list[Passage]
    labels: list[Label]


class Candidate(NamedTuple):
    """A pair that can be planted."""

    document: int
    docid: str
    grade: int


_SHOWN = """
    SELECT wanted.place, document.docid, item.lot, item.best_rank, item.position,
        label.grade, label.confidence, label.distribution
    FROM unnest(%s::int[], %s::bigint[], %s::bigint[], %s::bigint[], %s::int[])
        AS wanted(place, pool, topic, source, sample)
    JOIN assessment_poolitem item ON item.pool_id = wanted.pool AND item.topic_id = wanted.topic
        AND item.planted_for_id IS NULL AND item.lot %% 100 < wanted.sample
    JOIN assessment_document document ON document.id = item.document_id
    LEFT JOIN LATERAL (
        SELECT grade, confidence, distribution FROM assessment_judgment
        WHERE assessor_id = wanted.source AND topic_id = item.topic_id AND document_id = item.document_id
            AND state = 'graded' AND NOT vigilance
    ) label ON true
    WHERE label.grade IS DISTINCT FROM 0
    ORDER BY item.position
"""

# Nothing that the assessor has seen or will see in this topic, here or in another pool; and it can be read.
_CANDIDATES = """
    SELECT wanted.place, pair.document_id, pair.docid, pair.grade
    FROM unnest(%(place)s::int[], %(duty)s::bigint[], %(pool)s::bigint[], %(topic)s::bigint[], %(assessor)s::bigint[],
        %(trusted)s::bigint[], %(draw)s::text[], %(number)s::int[])
        AS wanted(place, duty, pool, topic, assessor, trusted, draw, number)
    CROSS JOIN LATERAL (
        SELECT known.document_id, document.docid, known.grade
        FROM assessment_judgment known JOIN assessment_document document ON document.id = known.document_id
        WHERE known.assessor_id = wanted.trusted AND known.topic_id = wanted.topic
            AND known.grade = ANY (%(grades)s) AND NOT known.vigilance AND document.text <> ''
            AND NOT EXISTS (
                SELECT FROM assessment_poolitem item
                WHERE item.pool_id = wanted.pool AND item.topic_id = wanted.topic
                    AND item.document_id = known.document_id AND item.planted_for_id IS NULL
            )
            AND NOT EXISTS (
                SELECT FROM assessment_judgment mine
                WHERE mine.assessor_id = wanted.assessor AND mine.topic_id = wanted.topic
                    AND mine.document_id = known.document_id
            )
            AND NOT EXISTS (
                SELECT FROM assessment_poolitem item
                JOIN assessment_duty duty ON duty.pool_id = item.pool_id AND duty.topic_id = item.topic_id
                WHERE duty.assessor_id = wanted.assessor AND item.topic_id = wanted.topic
                    AND item.document_id = known.document_id
                    AND (item.planted_for_id IS NULL OR item.planted_for_id = duty.id)
                    AND item.planted_for_id IS DISTINCT FROM wanted.duty
            )
        ORDER BY md5(wanted.draw || ' ' || document.docid), document.docid
        LIMIT wanted.number
    ) pair
"""

_ROOM = """
    SELECT topic.qid, count(*)
    FROM assessment_judgment known
    JOIN assessment_topic topic ON topic.id = known.topic_id
    JOIN assessment_document document ON document.id = known.document_id
    WHERE known.assessor_id = %s AND known.grade = ANY (%s) AND NOT known.vigilance AND document.text <> ''
        AND EXISTS (SELECT FROM assessment_poolitem item WHERE item.pool_id = %s AND item.topic_id = known.topic_id)
        AND NOT EXISTS (
            SELECT FROM assessment_poolitem item
            WHERE item.pool_id = %s AND item.topic_id = known.topic_id AND item.document_id = known.document_id
                AND item.planted_for_id IS NULL
        )
    GROUP BY topic.qid
"""


def surroundings(duties: Sequence[Duty]) -> list[Surroundings]:
    """What each post-edit duty shows of its pool at this moment. One query; the duties need not be stored."""
    keys = [(duty.pool_id, duty.topic_id, duty.suggestion_source_id, duty.sample_percent) for duty in duties]
    # Those who judge the same topic see the same: it is read once.
    distinct = {key: place for place, key in enumerate(dict.fromkeys(keys))}
    found: dict[int, Surroundings] = defaultdict(lambda: Surroundings([], []))
    columns = [list(column) for column in zip(*distinct, strict=True)] if distinct else [[]] * 4
    with connection.cursor() as cursor:
        cursor.execute(_SHOWN, [list(distinct.values()), *columns])
        for place, docid, lot, best_rank, position, grade, confidence, distribution in cursor:
            found[place].passages.append(Passage(docid, lot, best_rank, position))
            if grade is not None:
                found[place].labels.append(Label(grade, confidence, distribution and json.loads(distribution)))
    return [found[distinct[key]] for key in keys]


def vigilance_candidates(
    duties: Sequence[Duty], numbers: Sequence[int], draws: Sequence[str], grades: Collection[int]
) -> list[list[Candidate]]:
    """For each duty, up to so many pairs that its trusted assessor has given one of `grades`; `draws` shuffle them.

    None of them is in the pool, has been judged by the duty's assessor, or is to be. One query.
    """
    found: list[list[Candidate]] = [[] for _ in duties]
    arguments = {
        "place": list(range(len(duties))),
        "duty": [duty.pk for duty in duties],
        "pool": [duty.pool_id for duty in duties],
        "topic": [duty.topic_id for duty in duties],
        "assessor": [duty.assessor_id for duty in duties],
        "trusted": [duty.trusted_id for duty in duties],
        "draw": list(draws),
        "number": list(numbers),
        "grades": list(grades),
    }
    with connection.cursor() as cursor:
        cursor.execute(_CANDIDATES, arguments)
        for place, *candidate in cursor:
            found[place].append(Candidate(*candidate))
    return found


def vigilance_room(pool: Pool, trusted: Assessor, grades: Collection[int]) -> dict[str, int]:
    """How many pairs outside the pool the assessor has given one of `grades`, by topic id. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_ROOM, [trusted.pk, list(grades), pool.pk, pool.pk])
        return dict(cursor.fetchall())
