"""How far one judge can be trusted in one track: its labels and probabilities against somebody else's grades."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from assessment.domain.agreement import agreement_figures, confusion
from assessment.domain.calibration import (
    ExpectedGrades,
    Reliability,
    RiskCoverage,
    brier,
    entropy_of,
    expected_grades,
    expected_of,
    margin_of,
    reliability,
    risk_coverage,
)
from assessment.models import Assessor, Grade, PoolItem, Routed
from assessment.selectors.agreements import PairAgreement
from assessment.selectors.disagreements import SharedGrades, shared_grades
from assessment.selectors.judged_pairs import JudgedPairs, judged_pairs
from assessment.selectors.matrices import TrackGrades, grades_by_all
from llm_worker.models import JudgeConfiguration, JudgeExamples

# Whom a judge is set against when nobody is named: whoever shares most pairs; of equals, people first.
_FIRST = [Assessor.Kind.HUMAN, Assessor.Kind.ADJUDICATED, Assessor.Kind.IMPORTED]


class Figures(NamedTuple):
    """All that is said of a judge's probabilities on the pairs that both graded.

    `same` is of the event "the other gives the same grade", at the probability of the judge's own grade; `relevant` of
    "the other's grade is relevant", at the sum of the probabilities of relevant grades; each by equal width and by
    equal mass of bins. `brier` is of the whole distributions. `risks` orders by confidence, margin and entropy. `n` of
    the pairs have a confidence, `n_distributions` a distribution.
    """

    n: int
    n_distributions: int
    same: dict[str, Reliability]
    relevant: dict[str, Reliability]
    brier: float | None
    risks: dict[str, RiskCoverage]
    expected: ExpectedGrades


class Notes(NamedTuple):
    """What speaks against taking the figures as they are: on `seen` pairs the other had this judge's label in sight, on
    `unsure` ones a routed pool brought the pair because this judge was unsure; `teaches` names those judges whose
    prompts show grades of the other."""

    seen: int
    unsure: int
    teaches: list[str]


@dataclass(frozen=True)
class Calibration:
    """A judge, everybody it shares pairs with (`agreements`: the other is a, the judge b), and one of them in full."""

    judge: Assessor
    scale: list[Grade]
    given: TrackGrades
    agreements: list[PairAgreement]
    against: PairAgreement | None
    shared: SharedGrades | None
    pairs: JudgedPairs | None
    figures: Figures | None
    notes: Notes | None

    @property
    def values(self) -> list[int]:
        return [grade.value for grade in self.scale]

    @property
    def labels(self) -> int:
        """How many grades the judge has given, whoever graded the same."""
        return int((self.given.assessors == self.judge.pk).sum())

    def grade_counts(self) -> list[tuple[Grade, int, int, int]]:
        """Each grade with how often the other and the judge gave it on their pairs, and the judge on all of its own."""
        of_judge = self.given.of(self.judge).grades
        return [
            (
                grade,
                int(self.against.confusion[place].sum()),
                int(self.against.confusion[:, place].sum()),
                int((of_judge == grade.value).sum()),
            )
            for place, grade in enumerate(self.scale)
        ]


def calibration_of(judge: Assessor, other: str | None = None) -> Calibration:
    """The judge against the assessor called `other`, or against whoever shares most pairs with it."""
    assessors, scale = list(judge.track.assessors.all()), list(judge.track.grades.all())
    given, values = grades_by_all(assessors), [grade.value for grade in scale]
    others = [one for one in assessors if one.kind != Assessor.Kind.LLM]
    met = [pair for one in others if (pair := agreement(given, one, judge, values)).figures.n]
    met.sort(key=lambda pair: (-pair.figures.n, _FIRST.index(pair.a.kind), pair.a.name))
    against = next((pair for pair in met if other in (None, pair.a.name)), None)
    if against is None:
        return Calibration(judge, scale, given, met, None, None, None, None, None)
    pairs = judged_pairs(judge, against.a, values)
    figures = figures_of(pairs, values, judge.track.relevant_from)
    shared = shared_grades(given, against.a, judge)
    return Calibration(judge, scale, given, met, against, shared, pairs, figures, _notes(judge, against.a, pairs))


def agreement(given: TrackGrades, other: Assessor, judge: Assessor, values: Sequence[int]) -> PairAgreement:
    """The two on their common pairs, the other as rows. No query."""
    shared = shared_grades(given, other, judge)
    matrix = confusion(shared.first, shared.second, values)
    return PairAgreement(other, judge, agreement_figures(matrix, values), matrix)


def figures_of(pairs: JudgedPairs, values: Sequence[int], relevant_from: int) -> Figures:
    """Figures of the pairs whose label came with a confidence, or with a distribution. No query."""
    sure = pairs.where(~np.isnan(pairs.confidence))
    full = pairs.where(~np.isnan(pairs.distributions).any(axis=1))
    relevant = np.asarray(values) >= relevant_from
    likely = full.distributions[:, relevant].sum(axis=1)
    scores = {"confidence": (sure.confidence, sure)}
    if len(values) > 1:
        scores["margin"] = (margin_of(full.distributions), full)
    scores["entropy"] = (-entropy_of(full.distributions), full)
    return Figures(
        n=len(sure.judged),
        n_distributions=len(full.judged),
        same=_both(sure.confidence, sure.judged == sure.given),
        relevant=_both(likely, full.given >= relevant_from),
        brier=brier(full.distributions, full.given, values),
        # 12 digits: what differs by less is equally sure, and no accident of a sum's order parts it.
        risks={
            name: risk_coverage(np.round(score, 12), these.judged != these.given)
            for name, (score, these) in scores.items()
        },
        expected=expected_grades(expected_of(full.distributions, values), full.given, relevant_from),
    )


def judge_of(assessor: Assessor) -> JudgeConfiguration | None:
    """The configuration that this assessor is; None for an ensemble and for imported labels."""
    return assessor.judges.first()


def _both(probability: np.ndarray, came_true: np.ndarray) -> dict[str, Reliability]:
    return {binning: reliability(probability, came_true, binning) for binning in ("width", "mass")}


def _notes(judge: Assessor, other: Assessor, pairs: JudgedPairs) -> Notes:
    routed = PoolItem.objects.filter(pool__routed_by=judge, routed_because=Routed.UNSURE)
    keys = [(topic << 32) | document for topic, document in routed.values_list("topic_id", "document_id").distinct()]
    unsure = np.isin(pairs.pairs, np.array(keys, dtype=np.int64))
    members = judge.ensemble.members.all() if hasattr(judge, "ensemble") else []
    judges = JudgeConfiguration.objects.filter(assessors__in=[judge, *members]).distinct()
    shown = JudgeExamples.objects.filter(track=judge.track_id, drawn_from=other).values_list("judge", flat=True)
    shown = set(shown)
    teaches = [one.name for one in judges if one.examples_from == other.name or one.pk in shown]
    return Notes(int(pairs.seen.sum()), int(unsure.sum()), teaches)
