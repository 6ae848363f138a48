"""Vigilance items: extra passages with a planted wrong suggestion, one set for each duty."""

from collections.abc import Sequence
from typing import NamedTuple

from django.db import connection, transaction

from assessment.domain.pooling import lot
from assessment.domain.vigilance import Passage, borrowed_rank, can_be_wrong, how_many, order_key, place, wrong_label
from assessment.models import Duty, Grade, PoolItem
from assessment.selectors.vigilance import Candidate, Surroundings, surroundings, vigilance_candidates

LABELLED = 0.6  # the share of a topic's passages that must show a label before others are planted among them


class Planting(NamedTuple):
    """What is planted for a duty, in the pool's order. `items` are fewer than `wanted` where pairs are short."""

    duty: Duty
    wanted: int
    items: list[PoolItem]


@transaction.atomic
def vigilance_plant(*, duties: Sequence[Duty], seed: int | None = None) -> list[Planting]:
    """Plants what `vigilance_draw` draws for these duties, in the place of what was planted for them before.

    Judgments of passages that are taken away stay. A fixed number of queries.
    """
    PoolItem.with_planted.filter(planted_for__in=duties).delete()
    plantings = vigilance_draw(duties=duties, seed=seed)
    keys = iter(_keys(sum(len(planting.items) for planting in plantings)))
    for planting in plantings:
        # Two that are planted at one place of the pool's order come by their keys.
        for item, key in zip(planting.items, sorted(next(keys) for _ in planting.items), strict=True):
            item.pk = key
    PoolItem.with_planted.bulk_create(item for planting in plantings for item in planting.items)
    return plantings


def _hides_among(around: Surroundings) -> bool:
    """Whether most passages show a label: where the judge has only begun, the planted ones would stand out."""
    return bool(around.labels) and len(around.labels) >= LABELLED * len(around.passages)


def vigilance_draw(*, duties: Sequence[Duty], seed: int | None = None) -> list[Planting]:
    """Which passages would be planted for the duties that have a share of them; stores nothing. Three queries.

    They are pairs of the duty's topic that its `trusted` assessor has graded, that have a text, and that the duty's
    assessor does not meet otherwise. Label, rank and place are drawn from those around (see domain/vigilance.py).
    `seed` None: each pool's own. The duties are of one track and need not be stored.
    """
    asked = [duty for duty in duties if duty.vigilance_percent]
    if not asked:
        return []
    around = surroundings(asked)
    seeds = [duty.pool.seed if seed is None else seed for duty in asked]
    wanted = [
        how_many(len(each.passages), duty.vigilance_percent, seed=own, topic=duty.topic.qid)
        for duty, each, own in zip(asked, around, seeds, strict=True)
    ]
    possible = [number if _hides_among(each) else 0 for number, each in zip(wanted, around, strict=True)]
    grades = list(Grade.objects.filter(track=asked[0].pool.track_id).values_list("value", flat=True))
    draws = [f"{own} {duty.assessor.name} {duty.topic.qid}" for duty, own in zip(asked, seeds, strict=True)]
    found = vigilance_candidates(asked, possible, draws, can_be_wrong(grades))
    met: set[tuple[int | None, int, int]] = set()
    plantings = []
    for index, duty in enumerate(asked):
        fresh = [each for each in found[index] if (duty.assessor_id, duty.topic_id, each.document) not in met]
        met.update((duty.assessor_id, duty.topic_id, each.document) for each in fresh)
        items = _items(duty, fresh, around[index], grades, seeds[index])
        plantings.append(Planting(duty, wanted[index], items))
    return plantings


def _items(
    duty: Duty, candidates: Sequence[Candidate], around: Surroundings, grades: Sequence[int], seed: int
) -> list[PoolItem]:
    listed = []
    for candidate in candidates:
        pair = f"{duty.assessor.name} {duty.topic.qid} {candidate.docid}"
        label = wrong_label(candidate.grade, around.labels, grades, seed=seed, pair=pair)
        passage = Passage(
            candidate.docid,
            lot(duty.pool.seed, duty.topic.qid, candidate.docid),
            borrowed_rank(around.passages, seed=seed, pair=pair),
            position=0,
        )
        item = PoolItem(
            pool=duty.pool,
            topic=duty.topic,
            document_id=candidate.document,
            position=place(passage, around.passages, duty.pool.order),
            best_rank=passage.best_rank,
            lot=passage.lot,
            run_ids=[],
            ranks=[],
            planted_for=duty,
            planted=label._asdict(),
            trusted_grade=candidate.grade,
            trusted_by_id=duty.trusted_id,
        )
        listed.append((order_key(passage, duty.pool.order), item))
    return [item for _, item in sorted(listed, key=lambda pair: pair[0])]


def _keys(number: int) -> list[int]:
    """Keys for so many pool items, as the database gives them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT assessment_scattered(nextval('assessment_poolitem_number')) FROM generate_series(1, %s)", [number]
        )
        return [key for (key,) in cursor]
