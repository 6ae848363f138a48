"""What a plan is made from, and what a pool's duties are as a plan."""

from collections.abc import Iterator
from typing import NamedTuple

from django.db.models import Count, Exists, F, OuterRef, Q

from assessment.domain.plan_files import PlanLine, plan_csv
from assessment.domain.planning import PlanTopic
from assessment.models import Assessor, Condition, Duty, Judgment, JudgmentState, Order, Plan, Pool, Track


class PlanMaterial(NamedTuple):
    """The topics to plan, how many of their pairs the source has graded, and how many topics were left out."""

    topics: list[PlanTopic]
    graded: int
    left_out: int


def plan_material(pool: Pool, source: Assessor | None, *, every_topic: bool, sample_percent: int = 100) -> PlanMaterial:
    """The pool's topics with their sizes; without `every_topic`, those that have no duty in the pool yet. Two queries.

    What a filtered duty shows is counted with the source's grades of this moment; what is in a sample of
    `sample_percent` % of the pairs, by their lots.
    """
    graded = Judgment.objects.filter(
        assessor=source, topic=OuterRef("topic_id"), document=OuterRef("document_id"), state=JudgmentState.GRADED
    )
    items = pool.items.order_by().annotate(
        graded=Exists(graded), zero=Exists(graded.filter(grade=0)), hundredth=F("lot") % 100
    )
    sampled = Q(hundredth__lt=sample_percent)
    rows = items.values("topic", "topic__qid").annotate(
        pairs=Count("pk"),
        by_source=Count("pk", filter=Q(graded=True)),
        filtered=Count("pk", filter=Q(zero=False)),
        sampled=Count("pk", filter=sampled),
        sampled_filtered=Count("pk", filter=sampled & Q(zero=False)),
    )
    taken = set() if every_topic else set(pool.duties.values_list("topic", flat=True))
    listed = list(rows)
    wanted = [row for row in listed if row["topic"] not in taken]
    topics = [
        PlanTopic(
            row["topic__qid"],
            row["pairs"],
            row["filtered"],
            sampled_pairs=row["sampled"],
            sampled_filtered_pairs=row["sampled_filtered"],
        )
        for row in wanted
    ]
    return PlanMaterial(topics, sum(row["by_source"] for row in wanted), len(listed) - len(wanted))


def plan_file(track: Track, pool: Pool | None = None) -> Iterator[str]:
    """The duties of a track, or of one of its pools, as the lines of a CSV file (see domain/plan_files.py)."""
    duties = Duty.objects.filter(pool__track=track) if pool is None else pool.duties.all()
    rows = duties.order_by().values_list(
        "pool__name",
        "topic__qid",
        "assessor__name",
        "condition",
        "reveal",
        "suggestion_source__name",
        "order",
        "sample_percent",
        "vigilance_percent",
        "trusted__name",
        "ranked_by__name",
    )
    return plan_csv(
        PlanLine(*("" if value is None else str(value) for value in row)) for row in rows.iterator(chunk_size=10_000)
    )


class PlanMade(NamedTuple):
    """A plan that was assigned, and how many of its duties stand as it made them."""

    plan: Plan
    asked: dict
    standing: int

    @property
    def order(self) -> str:
        """The name of the order that was asked for."""
        return Order(self.asked["order"]).label

    @property
    def weights(self) -> list[tuple[str, int]]:
        """The conditions by name, with their weights."""
        weights = self.asked["weights"]
        return [(condition.label, weights[condition]) for condition in Condition if condition in weights]


def plans_made(pool: Pool) -> list[PlanMade]:
    """The plans that were assigned in the pool, the latest first, with what was asked of them. One query."""
    rows = pool.plans.select_related("made_by").annotate(standing=Count("duties")).order_by("-made_at", "-pk")
    return [PlanMade(row, row.settings, row.standing) for row in rows]
