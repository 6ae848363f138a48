"""The banks of a track, and the lists of one."""

from dataclasses import dataclass

from django.db.models import Count, Max, Q, QuerySet

from assessment.models import Track
from nuggets.models import Bank, TopicBank


@dataclass
class ListRow:
    """A topic's list: how many nuggets count, are vital and have no importance; its last version, and whether it has
    been edited since."""

    topic_bank: TopicBank
    nuggets: int
    vital: int
    unweighed: int
    version: int | None
    is_ahead: bool


def banks_of(track: Track) -> QuerySet[Bank]:
    """With `topics` and `nuggets` (those that count). One query."""
    live = Q(topic_banks__nuggets__retired_at=None, topic_banks__nuggets__isnull=False)
    counts = {"topics": Count("topic_banks", distinct=True), "nuggets": Count("topic_banks__nuggets", filter=live)}
    return track.banks.select_related("made_from", "created_by").annotate(**counts)


def lists_of(bank: Bank) -> list[ListRow]:
    """In the order of the topics. Three queries."""
    live = Q(nuggets__retired_at=None, nuggets__isnull=False)
    rows = bank.topic_banks.select_related("topic").annotate(
        live=Count("nuggets", filter=live),
        vital=Count("nuggets", filter=live & Q(nuggets__importance="vital")),
        unweighed=Count("nuggets", filter=live & Q(nuggets__importance="")),
    )
    frozen = dict(bank.topic_banks.values_list("pk").annotate(last=Max("versions__revision")))
    numbers = dict(bank.topic_banks.values_list("pk").annotate(last=Max("versions__number")))
    return [
        ListRow(
            row,
            row.live,
            row.vital,
            row.unweighed,
            numbers[row.pk],
            frozen[row.pk] is not None and frozen[row.pk] < row.revision,
        )
        for row in rows.order_by("topic__position")
    ]
