"""What assessors made of the labels that they were shown."""

from collections import defaultdict

from django.db.models import Count, QuerySet

from assessment.domain.postedit import PosteditFlow
from assessment.domain.postedit import postedit_flow as flow_of
from assessment.models import Assessor, Judgment, JudgmentState, Track


def postedit_flow(assessor: Assessor) -> PosteditFlow:
    """Shown against final grades of one assessor, over the track's scale."""
    scale = list(assessor.track.grades.values_list("value", flat=True))
    counted = _in_sight_of_a_label(Judgment.objects.filter(assessor=assessor))
    return flow_of({(shown, final): n for _, shown, final, n in counted}, scale)


def postedit_flows(track: Track, scale: list[int]) -> dict[int, PosteditFlow]:
    """The same for every assessor of the track that was shown a label, by the assessor's key. One query."""
    counts = defaultdict(dict)
    for assessor, shown, final, n in _in_sight_of_a_label(Judgment.objects.filter(assessor__track=track)):
        counts[assessor][shown, final] = n
    return {assessor: flow_of(counted, scale) for assessor, counted in counts.items()}


def _in_sight_of_a_label(judgments: QuerySet[Judgment]) -> QuerySet:
    """(assessor, shown, final, how often) of the grades for which a label was shown."""
    seen = judgments.filter(suggestion_grade__isnull=False, state=JudgmentState.GRADED)
    return seen.values_list("assessor_id", "suggestion_grade", "grade").annotate(n=Count("pk")).order_by("assessor_id")
