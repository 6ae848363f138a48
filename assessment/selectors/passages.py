"""A passage of a pool, and what everybody has said of it."""

from typing import NamedTuple

from assessment.models import Judgment, PoolItem, Track


class PassageSaid(NamedTuple):
    item: PoolItem
    judgments: list[Judgment]


def passage_said(track: Track, pk: int) -> PassageSaid | None:
    """The passage with this pool item's key, people's judgments first; None where the track has none. Two queries."""
    rows = PoolItem.objects.select_related("document", "topic", "pool").filter(pool__track=track)
    item = rows.filter(pk=pk).first() if pk < 2**63 else None
    if item is None:
        return None
    said = Judgment.objects.filter(topic=item.topic, document=item.document).select_related("assessor")
    return PassageSaid(item, list(said.order_by("assessor__kind", "assessor__name")))
