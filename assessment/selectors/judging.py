"""What an assessor sees of a duty. What the duty hides is left out here, so that it never reaches the browser."""

from typing import NamedTuple

from django.db.models import F, JSONField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, JSONObject
from django.utils import timezone

from assessment.models import (
    RANKED_ORDERS,
    Condition,
    Duty,
    DutyItem,
    DutyRank,
    Grade,
    Judgment,
    JudgmentState,
    Lease,
    Order,
    Reveal,
)

DONE = (JudgmentState.GRADED, JudgmentState.UNJUDGEABLE)


class ColumnEntry(NamedTuple):
    """One line of the pool column. `state` is empty for unjudged, `noted` tells that a note goes with the judgment."""

    pk: int
    number: int
    title: str
    state: str
    grade: int | None
    noted: bool = False


class Progress(NamedTuple):
    done: int
    total: int


# What each order sorts by; planted passages have a place in every one of them. Ties end by the key.
_SORTED_BY = {
    "": ("position",),
    Order.SHUFFLE: ("lot",),
    Order.DOCID: ("document__docid",),
    Order.BEST_RANK: ("best_rank", "document__docid"),
    **dict.fromkeys(RANKED_ORDERS, ("rank", "lot")),  # what came into the pool later has no rank, and comes last
}


def order_of(duty: Duty) -> str:
    """The order in which the duty's passages come."""
    return duty.order or duty.pool.order


def is_served(duty: Duty) -> bool:
    """Whether the server hands the passages out one after the other: in an order that depends on what is judged, or
    shared with others. Otherwise the whole list is there from the beginning."""
    return duty.pool.quota is not None or order_of(duty) == Order.MOVE_TO_FRONT


def is_ranked(duty: Duty) -> bool:
    """Whether a judge has ordered the passages. Never to be told to the assessor."""
    return duty.order in RANKED_ORDERS


def duty_items(duty: Duty) -> QuerySet[DutyItem]:
    """The passages that the duty shows (see DutyItem), in no order. With `rank`, where a judge has ordered them."""
    items = DutyItem.objects.filter(duty=duty)
    if not is_ranked(duty):
        return items
    return items.annotate(rank=Subquery(DutyRank.objects.filter(duty=duty, item=OuterRef("item")).values("rank")))


def item_order(duty: Duty) -> tuple[str, ...]:
    """What the duty's passages are sorted by."""
    listed = _SORTED_BY["" if order_of(duty) == Order.MOVE_TO_FRONT else duty.order]
    return (*listed, "vigilance", "item")


def suggestion_visible(duty: Duty, own_state: str) -> bool:
    """Whether the duty lets its assessor see the suggestion of a passage that he or she holds in this state."""
    if duty.condition != Condition.POST_EDIT:
        return False
    return duty.reveal == Reveal.ALWAYS or (
        duty.reveal == Reveal.COMMIT_THEN_REVEAL and own_state == JudgmentState.GRADED
    )


def suggested_label(duty: Duty) -> Subquery:
    """{grade, confidence, distribution} of the duty's source, or null while it has none."""
    fields = JSONObject(grade="grade", confidence="confidence", distribution="distribution")
    labels = Judgment.objects.filter(
        assessor=duty.suggestion_source_id,
        topic=OuterRef("topic_id"),
        document=OuterRef("document_id"),
        state=JudgmentState.GRADED,
    )
    return Subquery(labels.values(json=fields))


def _in_column(duty: Duty) -> QuerySet[DutyItem]:
    """The passages of the duty's column: all of them, or, of a served duty, what its assessor has judged and what is on
    the desk, since `claimed_at`."""
    if not is_served(duty):
        return duty_items(duty)
    on_desk = Lease.objects.filter(assessor=duty.assessor_id, item=OuterRef("item"), expires_at__gt=timezone.now())
    items = duty_items(duty).annotate(claimed_at=Subquery(on_desk.values("claimed_at")))
    return items.filter(Q(judgment__isnull=False) | Q(claimed_at__isnull=False))


def _column_order(duty: Duty) -> tuple:
    """Of a served duty: as it was judged, and then as it came on the desk."""
    if not is_served(duty):
        return item_order(duty)
    return F("judgment__created_at").asc(nulls_last=True), F("claimed_at").asc(nulls_last=True), "position"


def pool_column(duty: Duty) -> list[ColumnEntry]:
    """The passages of the duty's column in its order, numbered from 1. One query."""
    rows = _in_column(duty).order_by(*_column_order(duty))
    rows = rows.values_list("item", "document__title", "document__docid", "state", "grade", "judgment__note")
    return [
        ColumnEntry(pk, number, title or docid, state, grade, bool(note))
        for number, (pk, title, docid, state, grade, note) in enumerate(rows, 1)
    ]


def column_progress(column: list[ColumnEntry]) -> Progress:
    return Progress(sum(entry.state in DONE for entry in column), len(column))


def next_open(column: list[ColumnEntry], after: int | None = None) -> int | None:
    """The key of the passage to judge next: the first unjudged one after the passage `after`, else the first unjudged
    one, else, in the same order, one that was put off; None when nothing is open."""
    here = next((entry.number for entry in column if entry.pk == after), 0)
    onwards = sorted(column, key=lambda entry: (entry.number <= here, entry.number))
    for state in ("", JudgmentState.SKIPPED):
        for entry in onwards:
            if entry.state == state:
                return entry.pk
    return None


def judging_item(duty: Duty, pk: int | None, *, handed: bool = False) -> DutyItem | None:
    """A passage of the duty's column, ready to show; None if it is not there. One query. `handed`: it is on its way.

    `.state`, `.grade`, `.note` and `.evidence` are the assessor's own; `.suggestion` is the label that may be shown
    now, `.awaited` tells that one may be shown and has not come yet. Of post-edit duties, `.shown_grade` is the label
    on record as shown, `.own_key` the key of the own grade.
    """
    if pk is None:
        return None
    rows = (duty_items(duty) if handed else _in_column(duty)).select_related("document")
    rows = rows.annotate(note=F("judgment__note"), evidence=F("judgment__evidence"))
    if duty.condition == Condition.POST_EDIT:
        rows = rows.annotate(
            label=Coalesce(F("item__planted"), suggested_label(duty), output_field=JSONField()),
            shown_grade=F("judgment__suggestion_grade"),
            own_key=Subquery(Grade.objects.filter(track=duty.pool.track_id, value=OuterRef("grade")).values("key")),
        )
    item = rows.filter(item=pk).first()
    if item is not None:
        visible = suggestion_visible(duty, item.state)
        label = vars(item).pop("label", None)
        item.suggestion = label if visible else None
        item.awaited = visible and label is None
    return item
