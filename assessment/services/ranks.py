"""The order that a judge gives to a duty's passages: worked out when the duty is made, and kept from then on."""

from collections.abc import Iterable, Sequence

from django.db import transaction

from assessment.domain.errors import DomainError
from assessment.domain.ranking import Scored, ranked, score
from assessment.models import RANKED_ORDERS, Duty, DutyRank
from assessment.selectors.ranks import (
    PlantedPassage,
    RankMaterial,
    judged_in_order,
    planted_passages,
    rank_material,
    without_distributions,
)
from assessment.services.copying import copy_rows, copy_text


@transaction.atomic
def duty_ranks_freeze(*, duties: Sequence[Duty]) -> None:
    """Writes the ranks of these duties anew; those whose order is no judge's have none. A fixed number of queries.

    All passages of the topic are ranked, whatever share of them the duty is for, and the planted ones among them. What
    is judged already stays in front, as it was judged. Labels that the judge gives later change nothing.
    """
    DutyRank.objects.filter(duty__in=duties).delete()
    asked = [duty for duty in duties if duty.order in RANKED_ORDERS]
    if not asked:
        return
    planted, judged = planted_passages(asked), judged_in_order(asked)
    rows = []
    for duty, material in zip(asked, rank_material(asked), strict=True):
        passages = [Scored(each.item, score(each.distribution, duty.order), each.lot, each.docid) for each in material]
        passages += [
            Scored(each.item, _hidden_score(duty, each, material), each.lot, each.docid)
            for each in planted.get(duty.pk, ())
        ]
        for rank, each in enumerate(ranked(passages, judged.get(duty.pk, ())), 1):
            rows.append(f"{duty.pk}\t{each.item}\t{rank}\t{copy_text(each.score)}")
    copy_rows("assessment_dutyrank", ("duty_id", "item_id", "rank", "score"), rows)


def refuse_unrankable(duties: Iterable[Duty]) -> None:
    """Raises DomainError for duties of topics where the judge that is to rank them has no distribution."""
    missing = unrankable(duties)
    if missing:
        topics = sorted({duty.topic.qid for duty in missing})
        more = f" and {len(topics) - 5} more" if len(topics) > 5 else ""
        raise DomainError(
            f"{missing[0].ranked_by.name} cannot order topic {', '.join(topics[:5])}{more}: it has no distributions "
            "there. Let it judge the pool first, or choose a judge that tells how probable each grade is."
        )


def unrankable(duties: Iterable[Duty]) -> list[Duty]:
    """Those of the duties that a judge is to rank and cannot."""
    return without_distributions([duty for duty in duties if duty.order in RANKED_ORDERS])


def _hidden_score(duty: Duty, planted: PlantedPassage, among: Sequence[RankMaterial]) -> float | None:
    """The score that a real passage with this label would have, so that its place betrays nothing.

    Where the label is by the judge that ranks, its own distribution says it. Otherwise it is the score of a passage
    with the same suggested grade, drawn by the lot.
    """
    if duty.ranked_by_id == duty.suggestion_source_id and planted.distribution:
        return score(planted.distribution, duty.order)
    shown = [each for each in among if each.suggested]
    alike = [each for each in shown if each.suggested == planted.grade] or shown
    return score(alike[planted.lot % len(alike)].distribution, duty.order) if alike else None
