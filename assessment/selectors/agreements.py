"""How far two assessors agree on the pairs that both graded."""

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from django.db.models import Count, F

from assessment.domain.agreement import (
    AgreementFigures,
    agreement_figures,
    all_confusions,
)
from assessment.models import Assessor, Grade, Judgment, JudgmentState
from assessment.selectors.matrices import TrackGrades

# Who comes first of two: the bias then says how much more lenient the judge is than the person.
_FIRST = [Assessor.Kind.HUMAN, Assessor.Kind.ADJUDICATED, Assessor.Kind.IMPORTED, Assessor.Kind.LLM]


class PairAgreement(NamedTuple):
    """Two assessors with their figures; `confusion` has a's grades as rows, int64, ascending."""

    a: Assessor
    b: Assessor
    figures: AgreementFigures
    confusion: np.ndarray

    @property
    def kinds(self) -> str:
        """Whose agreement this is: "human-llm" and the like."""
        return f"{self.a.kind}-{self.b.kind}"

    @property
    def bar(self) -> float:
        """Kappa as the length of a bar of 100; nothing below 0."""
        return round(100 * max(self.figures.kappa or 0.0, 0.0), 1)

    def as_dict(self) -> dict:
        """All figures and the confusion matrix as a list of rows, ready for JSON; undefined is None."""
        figures = self.figures._asdict()
        figures["kappa_from"] = {str(grade): kappa for grade, kappa in self.figures.kappa_from.items()}
        return figures | {"confusion": self.confusion.tolist()}


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
        document__judgments__vigilance=False,
    )
    counts = pairs.values_list("grade", "document__judgments__grade").annotate(Count("pk")).order_by()
    matrix = np.zeros((len(scale), len(scale)), dtype=np.int64)
    for first, second, count in counts:
        matrix[place[first], place[second]] = count
    return matrix


def pair_agreement(a: Assessor, b: Assessor) -> PairAgreement:
    """Everything that is said of these two."""
    scale = list(a.track.grades.values_list("value", flat=True))
    matrix = label_confusion(a, b)
    return PairAgreement(a, b, agreement_figures(matrix, scale), matrix)


def all_agreements(
    assessors: Sequence[Assessor], given: TrackGrades, scale: Sequence[Grade]
) -> tuple[list[PairAgreement], int]:
    """Every two of these assessors that graded a pair in common, and how many twos did not. No query.

    `given` holds their grades, `scale` the track's grades in ascending order.
    """
    assessors = sorted(assessors, key=lambda one: (_FIRST.index(one.kind), one.name))
    values = [grade.value for grade in scale]
    places = {one.pk: place for place, one in enumerate(assessors)}
    rows = np.array([places[key] for key in given.assessors.tolist()], dtype=np.int64)
    columns = np.searchsorted(values, given.grades)
    matrices = all_confusions(rows, given.pairs, columns, len(assessors), len(values))
    twos = [(a, b, matrices[places[a.pk], places[b.pk]]) for a, b in combinations(assessors, 2)]
    met = [PairAgreement(a, b, agreement_figures(matrix, values), matrix) for a, b, matrix in twos if matrix.any()]
    return met, len(twos) - len(met)


def pair_of(
    pairs: Sequence[PairAgreement], assessors: Sequence[Assessor], scale: Sequence[Grade], a: str | None, b: str | None
) -> PairAgreement | None:
    """The agreement of the assessors so called, with the one called `a` as rows; None unless there are two such."""
    named = {one.name: one for one in assessors}
    if a == b or a not in named or b not in named:
        return None
    values = [grade.value for grade in scale]
    matrix = np.zeros((len(values), len(values)), dtype=np.int64)
    for pair in pairs:
        if (pair.a.name, pair.b.name) == (a, b):
            return pair
        if (pair.b.name, pair.a.name) == (a, b):
            matrix = pair.confusion.T
    return PairAgreement(named[a], named[b], agreement_figures(matrix, values), matrix)


def agreement_with_people(judge: Assessor) -> list[PairAgreement]:
    """The judge against every person and imported assessor of its track that graded some of the same pairs."""
    others = Assessor.objects.filter(track=judge.track).exclude(kind=Assessor.Kind.LLM).order_by("name")
    found = (pair_agreement(other, judge) for other in others)
    return [agreement for agreement in found if agreement.figures.n]
