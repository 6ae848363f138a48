"""What lies behind a disagreement of two assessors about runs: one topic of all runs, or all topics of two runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from django.db.models.functions import Left

from assessment.domain.comparing import filled
from assessment.domain.correlation import kendall_tau, rank_changes
from assessment.domain.errors import DomainError
from assessment.models import Document, Ranking
from assessment.selectors.comparisons import RunRow
from assessment.selectors.rankings import SNIPPET
from assessment.selectors.sides import RunInfo, Sides, TopicInfo


@dataclass(frozen=True)
class TopicComparison:
    """Every run on one topic by two assessors, in the manual order. Drawn by `assessment.charts.run_scatter`."""

    topic: TopicInfo
    manual: str
    automatic: str
    measure: str
    runs: list[RunRow]
    tau: float | None


class TopicGap(NamedTuple):
    """Run a minus run b on one topic by either assessor; `apart` is how much more the automatic one likes a."""

    topic: TopicInfo
    manual_a: float
    manual_b: float
    automatic_a: float
    automatic_b: float

    @property
    def manual(self) -> float:
        return self.manual_a - self.manual_b

    @property
    def automatic(self) -> float:
        return self.automatic_a - self.automatic_b

    @property
    def apart(self) -> float:
        return self.automatic - self.manual


class SwapPassage(NamedTuple):
    """A passage that one of the two runs has near its top: its rank in each (None: not so near), and both grades
    (None: unjudged)."""

    document: Document
    rank_a: int | None
    rank_b: int | None
    manual: int | None
    automatic: int | None


def topic_comparison(sides: Sides, manual: str, automatic: str, pk: int, missing: str = "zero") -> TopicComparison:
    """The runs on one of the topics that both have judged; DomainError for another one."""
    column = next((place for place, topic in enumerate(sides.topics) if topic.pk == pk), None)
    if column is None:
        raise DomainError(f"{manual} and {automatic} have not both judged this topic.")
    known = [place for place in range(len(sides.runs)) if missing == "zero" or not _is_gap(sides, place, column)]
    scores = [filled(side[name], missing)[known, column].tolist() for side, name in _matrices(sides, manual, automatic)]
    rows = [
        RunRow(run.pk, run.tag, run.team, *values[:2], *change, *values[2:], None, None)
        for run, change, *values in zip(
            [sides.runs[place] for place in known], rank_changes(*scores[:2]), *scores, strict=True
        )
    ]
    rows.sort(key=lambda row: (row.manual_rank, row.automatic_rank, row.tag))
    tau = kendall_tau(*scores[:2]) if known else None
    return TopicComparison(sides.topics[column], manual, automatic, sides.measure, rows, tau)


def topic_gaps(sides: Sides, manual: str, automatic: str, a: RunInfo, b: RunInfo) -> list[TopicGap]:
    """Two runs topic by topic, those first on which the two assessors differ most; a missing ranking scores 0."""
    rows = [sides.runs.index(run) for run in (a, b)]
    scores = [filled(sides.scores[name], "zero")[rows] for name in (manual, automatic)]
    gaps = [
        TopicGap(topic, *(float(side[row, column]) for side in scores for row in (0, 1)))
        for column, topic in enumerate(sides.topics)
    ]
    return sorted(gaps, key=lambda gap: (-abs(gap.apart), gap.topic.qid))


def swap_passages(
    sides: Sides, manual: str, automatic: str, runs: Sequence[RunInfo], topic: TopicInfo, depth: int
) -> list[SwapPassage]:
    """The passages among the first `depth` of either of two runs, best rank first. Two queries."""
    found = Ranking.objects.filter(run__in=[run.pk for run in runs], topic=topic.pk).values_list("run", "documents")
    ranked = {run: documents[:depth] for run, documents in found}
    ranks = [{key: rank for rank, key in enumerate(ranked.get(run.pk, []), 1)} for run in runs]
    keys = sorted({*ranks[0], *ranks[1]}, key=lambda key: (min(side.get(key, depth + 1) for side in ranks), key))
    documents = Document.objects.defer("text", "extra").annotate(snippet=Left("text", SNIPPET)).in_bulk(keys)
    place = int(sides.places[sides.topics.index(topic)])
    graded = [_grades_on(sides, name, place) for name in (manual, automatic)]
    return [
        SwapPassage(documents[key], *(side.get(key) for side in ranks), *(side.get(key) for side in graded))
        for key in keys
    ]


def run_called(sides: Sides, tag: str) -> RunInfo:
    """One of the compared runs; DomainError for another one."""
    found = next((run for run in sides.runs if run.tag == tag), None)
    if found is None:
        raise DomainError(f"The run {tag!r} is not among those that are compared.")
    return found


def _matrices(sides: Sides, manual: str, automatic: str) -> list[tuple]:
    return [(side, name) for side in (sides.scores, sides.judged) for name in (manual, automatic)]


def _is_gap(sides: Sides, row: int, column: int) -> bool:
    return bool(np.isnan(next(iter(sides.scores.values()))[row, column]))


def _grades_on(sides: Sides, name: str, place: int) -> dict[int, int]:
    grades = sides.grades[name]
    here = grades.topic_index == place
    return dict(zip(grades.documents[here].tolist(), grades.grades[here].tolist(), strict=True))
