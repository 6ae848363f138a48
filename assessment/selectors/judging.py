"""What an assessor sees of a duty. What the duty hides is left out here, so that it never reaches the browser."""

from typing import NamedTuple

from django.db.models import Count, Exists, IntegerField, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, JSONObject

from assessment.models import Condition, Duty, Judgment, JudgmentState, PoolItem, Reveal

DONE = (JudgmentState.GRADED, JudgmentState.UNJUDGEABLE)


class ColumnEntry(NamedTuple):
    """One line of the pool column. `state` is empty for unjudged."""

    pk: int
    number: int
    title: str
    state: str
    grade: int | None


class Progress(NamedTuple):
    done: int
    total: int


def _judgments(assessor, **more) -> QuerySet[Judgment]:
    """This assessor's judgments of the pair that the outer query is at."""
    return Judgment.objects.filter(
        assessor=assessor, topic=OuterRef("topic_id"), document=OuterRef("document_id"), **more
    )


def duty_items(duty: Duty) -> QuerySet[PoolItem]:
    """The passages to judge. `filtered` leaves out those that the source graded 0; its failures stay, and so does
    what the assessor has judged already."""
    items = PoolItem.objects.filter(pool=duty.pool_id, topic=duty.topic_id)
    if duty.condition == Condition.FILTERED:
        dropped = Exists(_judgments(duty.suggestion_source_id, state=JudgmentState.GRADED, grade=0))
        items = items.filter(~dropped | Exists(_judgments(duty.assessor_id)))
    return items


def suggestion_visible(duty: Duty, own_state: str) -> bool:
    """Whether the duty lets its assessor see the suggestion of a passage that he or she holds in this state."""
    if duty.condition != Condition.POST_EDIT:
        return False
    return duty.reveal == Reveal.ALWAYS or (
        duty.reveal == Reveal.COMMIT_THEN_REVEAL and own_state == JudgmentState.GRADED
    )


def own_judgment(duty: Duty) -> Subquery:
    """{state, grade} of the duty's assessor, or null."""
    fields = JSONObject(state="state", grade="grade")
    return Subquery(_judgments(duty.assessor_id).values(json=fields))


def suggested_label(duty: Duty) -> Subquery:
    """{grade, confidence, distribution} of the duty's source, or null while it has none."""
    fields = JSONObject(grade="grade", confidence="confidence", distribution="distribution")
    return Subquery(_judgments(duty.suggestion_source_id, state=JudgmentState.GRADED).values(json=fields))


def _counted(items: QuerySet[PoolItem]) -> Coalesce:
    counted = items.order_by().values("pool").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), Value(0))


def pool_column(duty: Duty) -> list[ColumnEntry]:
    """Every passage of the duty in the pool's order, numbered from 1. One query."""
    own = own_judgment(duty)
    rows = (
        duty_items(duty)
        .order_by("position")
        .annotate(own=own)
        .values_list("pk", "document__title", "document__docid", "own")
    )
    return [
        ColumnEntry(pk, number, title or docid, (own or {}).get("state", ""), (own or {}).get("grade"))
        for number, (pk, title, docid, own) in enumerate(rows, 1)
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


def judging_item(duty: Duty, pk: int | None) -> PoolItem | None:
    """A passage of the duty, ready to show; None if it has no such passage. One query.

    `.state` and `.grade` are the assessor's own; `.number` counts in the column; `.suggestion` is the label that may
    be shown now, `.awaited` tells that one may be shown and has not come yet.
    """
    if pk is None:
        return None
    earlier = duty_items(duty).filter(position__lte=OuterRef("position"))
    rows = duty_items(duty).filter(pk=pk).order_by("pk").select_related("document")
    rows = rows.annotate(own=own_judgment(duty), number=_counted(earlier))
    if duty.condition == Condition.POST_EDIT:
        rows = rows.annotate(label=suggested_label(duty))
    item = rows.first()
    if item is not None:
        own = item.own or {}
        item.state, item.grade = own.get("state", ""), own.get("grade")
        visible = suggestion_visible(duty, item.state)
        label = vars(item).pop("label", None)
        item.suggestion = label if visible else None
        item.awaited = visible and label is None
    return item
