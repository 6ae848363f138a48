"""What a judge says of a pool's pairs before they are routed, and what people have said of a routed pool since."""

import csv
import io
from collections.abc import Iterator
from typing import NamedTuple

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import F, OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject

from assessment.domain.routing import LEFT, AuditedPair, Estimate, Label, estimate
from assessment.models import Assessor, Condition, Judgment, JudgmentState, Pool, PoolItem, Routed


class Candidate(NamedTuple):
    """A pair of a pool: the item's key, its topic, its docid, and the judge's label, None where it has none."""

    item: int
    topic: int
    qid: str
    docid: str
    label: Label | None


def route_candidates(pool: Pool, judge: Assessor) -> list[Candidate]:
    """Every pair of the pool, by topic and position. One query."""
    rows = pool.items.annotate(told=_label_of(judge.pk, "grade", "confidence", "distribution"))
    rows = rows.order_by("topic__position", "position")
    return [
        Candidate(*names, told and Label(told["grade"], told["confidence"], told["distribution"]))
        for *names, told in rows.values_list("pk", "topic", "topic__qid", "document__docid", "told")
    ]


class Differing(NamedTuple):
    """What counts as a difference, in words, and how often there is one."""

    what: str
    estimate: Estimate


class RoutedPool(NamedTuple):
    """A routed pool's rule as it was kept, and how far people are.

    `counts` are (reason in words, pairs) of all pairs of the pool it came from; `open` pairs nobody has judged yet.
    `shown` tells that some people see the judge's label, or not what it graded 0: their grades lean towards it.
    """

    routing: dict
    counts: list[tuple[str, int]]
    open: int
    shown: bool
    differing: list[Differing]

    @property
    def in_grades(self) -> Estimate:
        return self.differing[0].estimate


def routed_pool(pool: Pool) -> RoutedPool | None:
    """None for a pool that is not routed. Four queries."""
    if pool.routing is None:
        return None
    counts = pool.routing["counts"]
    rows = list(_with_people(pool).values_list("routed_because", "selection_probability", "told", "people"))
    pairs = [
        AuditedPair(because, probability, told["grade"], tuple(people or ()))
        for because, probability, told, people in rows
        if told is not None and because != Routed.UNJUDGED
    ]
    grades = list(pool.track.grades.order_by("value").values_list("value", "label"))
    differing = [Differing("in the grade", estimate(pairs, counts[LEFT]))]
    for value, name in grades[1:]:
        differing.append(
            Differing(f"in relevance from {value} ({name}) on", estimate(pairs, counts[LEFT], relevant_from=value))
        )
    leaning = pool.duties.exclude(condition__in=[Condition.MANUAL, Condition.AUTOMATIC])
    return RoutedPool(
        routing=pool.routing,
        counts=[*((each.label, counts[each]) for each in Routed), ("left to the judge", counts[LEFT])],
        open=sum(not people for *_, people in rows),
        shown=leaning.filter(suggestion_source=pool.routed_by_id).exists(),
        differing=differing,
    )


ROUTING_HEADER = ("topic", "docid", "reason", "selection_probability", "judge_grade", "confidence", "people_grades")


def routing_csv(pool: Pool) -> Iterator[str]:
    """The lines of a routed pool as CSV, header first, by topic and docid: enough to estimate everything anew.

    `people_grades` are the grades of those who have a duty in the pool, joined by spaces.
    """
    yield _csv_line(ROUTING_HEADER)
    rows = _with_people(pool).order_by("topic__qid", "document__docid")
    fields = ("topic__qid", "document__docid", "routed_because", "selection_probability", "told", "people")
    for qid, docid, because, probability, told, people in rows.values_list(*fields).iterator(chunk_size=5_000):
        told = told or {"grade": None, "confidence": None}
        grades = " ".join(map(str, people or ()))
        yield _csv_line((qid, docid, because, probability, told["grade"], told["confidence"], grades))


def _with_people(pool: Pool) -> QuerySet[PoolItem]:
    """The pool's items with `told`, the label of its judge, and `people`, the grades of those who judge it."""
    judging = pool.duties.filter(assessor__kind=Assessor.Kind.HUMAN, topic=OuterRef("topic")).values("assessor")
    given = Judgment.objects.filter(
        assessor__in=judging, topic=OuterRef("topic"), document=OuterRef("document"), state=JudgmentState.GRADED
    )
    grades = given.order_by().values("document").annotate(all=ArrayAgg("grade", order_by="grade")).values("all")
    told = _label_of(pool.routed_by_id, "grade", "confidence")
    return pool.items.order_by().annotate(told=told, people=Subquery(grades))


def _label_of(judge: int, *fields: str) -> Subquery:
    labels = Judgment.objects.filter(
        assessor=judge, topic=OuterRef("topic"), document=OuterRef("document"), state=JudgmentState.GRADED
    )
    return Subquery(labels.values(json=JSONObject(**{name: F(name) for name in fields})))


def _csv_line(cells) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()
