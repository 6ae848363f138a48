"""What a plan is made from, and what a pool's duties are as a plan."""

from collections.abc import Iterator
from typing import NamedTuple

from django.db.models import Count, Exists, OuterRef, Q

from assessment.domain.plan_files import PlanLine, plan_csv
from assessment.domain.planning import PlanTopic
from assessment.models import Assessor, Duty, Judgment, JudgmentState, Pool, Track


class PlanMaterial(NamedTuple):
    """The topics to plan, how many of their pairs the source has graded, and how many topics were left out."""

    topics: list[PlanTopic]
    graded: int
    left_out: int


def plan_material(pool: Pool, source: Assessor | None, *, every_topic: bool) -> PlanMaterial:
    """The pool's topics with their sizes; without `every_topic`, those that have no duty in the pool yet. Two queries.

    What a filtered duty shows is counted with the source's grades of this moment.
    """
    graded = Judgment.objects.filter(
        assessor=source, topic=OuterRef("topic_id"), document=OuterRef("document_id"), state=JudgmentState.GRADED
    )
    items = pool.items.order_by().annotate(graded=Exists(graded), zero=Exists(graded.filter(grade=0)))
    rows = items.values("topic", "topic__qid").annotate(
        pairs=Count("pk"), by_source=Count("pk", filter=Q(graded=True)), zeros=Count("pk", filter=Q(zero=True))
    )
    taken = set() if every_topic else set(pool.duties.values_list("topic", flat=True))
    listed = list(rows)
    wanted = [row for row in listed if row["topic"] not in taken]
    topics = [PlanTopic(row["topic__qid"], row["pairs"], row["pairs"] - row["zeros"]) for row in wanted]
    return PlanMaterial(topics, sum(row["by_source"] for row in wanted), len(listed) - len(wanted))


def plan_file(track: Track, pool: Pool | None = None) -> Iterator[str]:
    """The duties of a track, or of one of its pools, as the lines of a CSV file (see domain/plan_files.py)."""
    duties = Duty.objects.filter(pool__track=track) if pool is None else pool.duties.all()
    rows = duties.order_by().values_list(
        "pool__name", "topic__qid", "assessor__name", "condition", "reveal", "suggestion_source__name"
    )
    return plan_csv(PlanLine(*row[:5], row[5] or "") for row in rows.iterator(chunk_size=10_000))
