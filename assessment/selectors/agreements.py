"""How far two assessors agree on the pairs that both graded."""

from typing import NamedTuple

import numpy as np
from django.db.models import Count, F

from assessment.domain.agreement import cohen_kappa, exact_agreement
from assessment.models import Assessor, Judgment, JudgmentState


class LabelAgreement(NamedTuple):
    """`n` pairs graded by both; `kappa` is Cohen's, unweighted; None where undefined."""

    a: Assessor
    b: Assessor
    n: int
    kappa: float | None
    exact: float | None


def label_confusion(a: Assessor, b: Assessor) -> np.ndarray:
    """Counts of pairs (int64, grades × grades of the track's scale; rows a, columns b), in one query."""
    scale = list(a.track.grades.values_list("value", flat=True))
    place = {value: index for index, value in enumerate(scale)}
    pairs = Judgment.objects.filter(
        assessor=a,
        state=JudgmentState.GRADED,
        document__judgments__assessor=b,
        document__judgments__topic=F("topic"),
        document__judgments__state=JudgmentState.GRADED,
    )
    counts = pairs.values_list("grade", "document__judgments__grade").annotate(Count("pk")).order_by()
    matrix = np.zeros((len(scale), len(scale)), dtype=np.int64)
    for first, second, count in counts:
        matrix[place[first], place[second]] = count
    return matrix


def label_agreement(a: Assessor, b: Assessor) -> LabelAgreement:
    """Agreement of labels between two assessors of one track."""
    matrix = label_confusion(a, b)
    return LabelAgreement(a, b, int(matrix.sum()), cohen_kappa(matrix), exact_agreement(matrix))


def agreement_with_people(judge: Assessor) -> list[LabelAgreement]:
    """The judge against every person and imported assessor of its track that graded some of the same pairs."""
    others = Assessor.objects.filter(track=judge.track).exclude(kind=Assessor.Kind.LLM).order_by("name")
    found = (label_agreement(other, judge) for other in others)
    return [agreement for agreement in found if agreement.n]
