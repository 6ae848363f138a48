"""The passages that lists of nuggets are made from: those that people found relevant."""

from collections import defaultdict
from collections.abc import Sequence

from django.db.models import F, Max, Min, OuterRef, Subquery

from assessment.models import Assessor, Judgment, JudgmentState, PoolItem, Topic, Track


def relevant_passages(
    track: Track, topics: Sequence[Topic], *, threshold: int, grades_of: Assessor | None = None
) -> dict[int, list[int]]:
    """By topic's key: keys of the documents, with a text, graded `threshold` or more; the highest grade first, then by
    their best place in a pool. For None everyone's grades count but judges': the highest of a passage. One query.
    """
    graded = Judgment.objects.filter(topic__in=list(topics), state=JudgmentState.GRADED, grade__gte=threshold)
    graded = graded.filter(assessor__track=track, document__text__isnull=False)
    graded = graded.filter(assessor=grades_of) if grades_of else graded.exclude(assessor__kind=Assessor.Kind.LLM)
    in_pools = PoolItem.objects.filter(topic=OuterRef("topic"), document=OuterRef("document"))
    best = Subquery(in_pools.order_by().values("topic").annotate(best=Min("best_rank")).values("best"))
    rows = graded.values("topic", "document", "document__docid").annotate(highest=Max("grade"), place=best)
    found = defaultdict(list)
    for row in rows.order_by("topic", "-highest", F("place").asc(nulls_last=True), "document__docid"):
        found[row["topic"]].append(row["document"])
    return dict(found)
