"""What a ranked duty's order is made from: a judge's distributions, and what of it is judged already."""

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from django.db import connection

from assessment.models import Duty, DutyItem, PoolItem


class RankMaterial(NamedTuple):
    """A real passage of a duty's topic: its key, lot and docid, the distribution of the judge that ranks (None: it has
    none), and the grade that the duty's suggestion source gave."""

    item: int
    lot: int
    docid: str
    distribution: dict[str, float] | None
    suggested: int | None


class PlantedPassage(NamedTuple):
    """A passage planted for a duty, with the label that is shown with it."""

    item: int
    lot: int
    docid: str
    grade: int
    distribution: dict[str, float] | None


_PASSAGES = """
    SELECT wanted.place, item.id, item.lot, document.docid, ranking.distribution, source.grade
    FROM unnest(%s::int[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[])
        AS wanted(place, pool, topic, judge, source)
    JOIN assessment_poolitem item ON item.pool_id = wanted.pool AND item.topic_id = wanted.topic
        AND item.planted_for_id IS NULL
    JOIN assessment_document document ON document.id = item.document_id
    LEFT JOIN assessment_judgment ranking ON ranking.assessor_id = wanted.judge AND ranking.topic_id = item.topic_id
        AND ranking.document_id = item.document_id AND ranking.state = 'graded' AND NOT ranking.vigilance
    LEFT JOIN assessment_judgment source ON source.assessor_id = wanted.source AND source.topic_id = item.topic_id
        AND source.document_id = item.document_id AND source.state = 'graded' AND NOT source.vigilance
    ORDER BY item.lot, document.docid
"""

_WITHOUT = """
    SELECT wanted.place
    FROM unnest(%s::int[], %s::bigint[], %s::bigint[], %s::bigint[]) AS wanted(place, pool, topic, judge)
    WHERE NOT EXISTS (
        SELECT FROM assessment_poolitem item
        JOIN assessment_judgment label ON label.topic_id = item.topic_id AND label.document_id = item.document_id
        WHERE item.pool_id = wanted.pool AND item.topic_id = wanted.topic AND item.planted_for_id IS NULL
            AND label.assessor_id = wanted.judge AND label.state = 'graded' AND NOT label.vigilance
            AND label.distribution IS NOT NULL
    )
    ORDER BY wanted.place
"""


def rank_material(duties: Sequence[Duty]) -> list[list[RankMaterial]]:
    """The real passages of each duty's topic, by lot. One query; those who have the same topic share one list."""
    keys = [(duty.pool_id, duty.topic_id, duty.ranked_by_id, duty.suggestion_source_id) for duty in duties]
    distinct = {key: place for place, key in enumerate(dict.fromkeys(keys))}
    found: dict[int, list[RankMaterial]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_PASSAGES, [list(distinct.values()), *map(list, zip(*distinct, strict=True))])
        for place, item, lot, docid, distribution, suggested in cursor:
            told = None if distribution is None else json.loads(distribution)
            found[place].append(RankMaterial(item, lot, docid, told, suggested))
    return [found[distinct[key]] for key in keys]


def planted_passages(duties: Sequence[Duty]) -> dict[int, list[PlantedPassage]]:
    """What is planted for these duties, by the duty's key. One query."""
    found: dict[int, list[PlantedPassage]] = defaultdict(list)
    rows = PoolItem.with_planted.filter(planted_for__in=duties).order_by("pk")
    for duty, item, lot, docid, label in rows.values_list("planted_for", "pk", "lot", "document__docid", "planted"):
        found[duty].append(PlantedPassage(item, lot, docid, label["grade"], label.get("distribution")))
    return found


def judged_in_order(duties: Sequence[Duty]) -> dict[int, list[int]]:
    """The keys of the passages that are judged or put off, in the order in which that happened, by duty. One query."""
    found: dict[int, list[int]] = defaultdict(list)
    rows = DutyItem.objects.filter(duty__in=duties).exclude(state="").order_by("judgment__created_at", "item")
    for duty, item in rows.values_list("duty", "item"):
        found[duty].append(item)
    return found


def without_distributions(duties: Sequence[Duty]) -> list[Duty]:
    """Those duties for whose topics the judge that is to rank them has no distribution. One query, none for none."""
    if not duties:
        return []
    columns = ([duty.pool_id for duty in duties], [duty.topic_id for duty in duties])
    judges = [duty.ranked_by_id for duty in duties]
    with connection.cursor() as cursor:
        cursor.execute(_WITHOUT, [list(range(len(duties))), *columns, judges])
        return [duties[place] for (place,) in cursor]
