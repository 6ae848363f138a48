"""The runs of a track by the judgments of one assessor, and the assessors that may be asked."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

import numpy as np
from django.db.models import Count, Max, Q, QuerySet
from django.utils import timezone

from assessment.domain.correlation import score_ranks
from assessment.domain.errors import DomainError
from assessment.domain.measures import mean_scores, parse_measure
from assessment.domain.significance import Pairwise, groups, pairwise, reach_of_means
from assessment.models import Assessor, JudgmentState, Run, Topic, Track
from assessment.selectors.matrices import score_matrix

ARRIVING_WITHIN = timedelta(seconds=60)


class Score(NamedTuple):
    """One printed figure; `topic` is None for a mean."""

    run: str
    topic: str | None
    measure: str
    value: float


class LeaderboardRow(NamedTuple):
    """A run with a (mean score, Judged@k) pair for each measure; `rank` is by the first measure.

    `reaches` are halves of the 95 % intervals of the means over topics (None below two topics). Runs that share a
    letter of `group` are not significantly different in the first measure.
    """

    rank: int
    pk: int
    tag: str
    team: str
    scores: list[tuple[float, float]]
    kind: str = ""
    reaches: Sequence[float | None] = ()
    group: str = ""


@dataclass(frozen=True)
class Leaderboard:
    """`judged` names the Judged@k that stands beside each of `measures`; rows are in the order of their rank.

    `tests` are those of every two shown runs in the first measure; `grouped` says whether letters could be given.
    `hidden` counts the runs that the filters leave out.
    """

    assessor: str
    measures: list[str]
    judged: list[str]
    n_topics: int
    rows: list[LeaderboardRow]
    tests: Pairwise
    grouped: bool
    hidden: int

    @property
    def n_significant(self) -> int:
        return int(self.tests.significant.sum()) // 2


class FieldTopic(NamedTuple):
    """One run on one topic beside all runs of the track: `median` and `best` of the field, `rank` in it (ties share
    the better rank), `gap` to the median."""

    topic: Topic
    score: float
    judged: float
    median: float
    best: float
    rank: int

    @property
    def gap(self) -> float:
        return self.score - self.median


def assessors_with_grades(track: Track) -> QuerySet[Assessor]:
    """Who has graded anything, oldest first, with `n_grades` and `latest` (the time of the last one)."""
    graded = Q(judgments__state=JudgmentState.GRADED, judgments__vigilance=False)
    return (
        track.assessors.annotate(
            n_grades=Count("judgments", filter=graded), latest=Max("judgments__updated_at", filter=graded)
        )
        .filter(n_grades__gt=0)
        .order_by("pk")
    )


def is_arriving(assessor: Assessor) -> bool:
    """Are judgments of this assessor (from `assessors_with_grades`) still coming in?"""
    return assessor.kind != Assessor.Kind.IMPORTED and timezone.now() - assessor.latest < ARRIVING_WITHIN


def usual_sides(assessors: Sequence[Assessor]) -> tuple[Assessor, Assessor]:
    """Whom to compare where nobody says, of two or more with `n_grades`: people or imported qrels as manual, the LLM
    with most grades as automatic where there is one."""
    judges = [one for one in assessors if one.kind == Assessor.Kind.LLM]
    others = [one for one in assessors if one not in judges]
    manual = (others or judges)[0]
    rest = [one for one in [*judges, *others] if one is not manual]
    return manual, max(judges, key=lambda one: one.n_grades) if judges and others else rest[0]


def scores_of(track: Track, assessor: Assessor, measures: Sequence[str], per_topic: bool = False) -> Iterator[Score]:
    """Every run's mean of each measure, or every single topic's score; by tag, then as the measures were asked."""
    evaluation = score_matrix(track, assessor, measures)
    for place, run in enumerate(evaluation.runs):
        if per_topic:
            for column, topic in enumerate(evaluation.topics):
                for name, matrix in evaluation.scores.items():
                    yield Score(run, topic, name, float(matrix[place, column]))
        else:
            for name, matrix in evaluation.scores.items():
                yield Score(run, None, name, float(matrix[place].mean()))


def leaderboard(
    track: Track,
    assessor: Assessor,
    measures: Sequence[str],
    *,
    method: str = "tukey",
    team: str = "",
    kind: str = "",
) -> Leaderboard:
    """The runs by their means over the topics that the assessor has judged, a missing topic being 0, and tested against
    each other by `method`. Only the runs of `team` and of `kind`, where they are given: ranks and tests are among
    those. DomainError as in `score_matrix`, and where no run is left."""
    measures = list(dict.fromkeys(measures))
    judged = [f"Judged@{parse_measure(name).cutoff or 10}" for name in measures]
    evaluation = score_matrix(track, assessor, [*measures, *judged])
    known = {run.tag: run for run in track.runs.defer("warnings")}
    shown = [
        place
        for place, tag in enumerate(evaluation.runs)
        if (not team or known[tag].team == team) and (not kind or known[tag].kind == kind)
    ]
    if not shown:
        raise DomainError("No run is of that team and type.")
    scores = {name: matrix[shown] for name, matrix in evaluation.scores.items()}
    runs = [known[evaluation.runs[place]] for place in shown]
    tests = pairwise(scores[measures[0]], method)
    letters = groups(tests.significant, mean_scores(scores[measures[0]]))
    rows = _rows(runs, scores, measures, judged, letters or [""] * len(runs))
    hidden = len(evaluation.runs) - len(shown)
    return Leaderboard(
        assessor.name, measures, judged, len(evaluation.topics), rows, tests, letters is not None, hidden
    )


def run_in_the_field(track: Track, assessor: Assessor, run: Run, measure: str) -> list[FieldTopic]:
    """The run topic by topic, those first on which it falls farthest below the median. DomainError as above."""
    judged = f"Judged@{parse_measure(measure).cutoff or 10}"
    evaluation = score_matrix(track, assessor, [measure, judged])
    scores, row = evaluation.scores[measure], evaluation.runs.index(run.tag)
    topics = {topic.qid: topic for topic in track.topics.only("track_id", "qid", "query")}
    found = [
        FieldTopic(
            topics[qid],
            float(scores[row, column]),
            float(evaluation.scores[judged][row, column]),
            float(np.median(scores[:, column])),
            float(scores[:, column].max()),
            int(score_ranks(scores[:, column])[row]),
        )
        for column, qid in enumerate(evaluation.topics)
    ]
    return sorted(found, key=lambda one: (one.gap, one.topic.qid))


def _rows(
    runs: Sequence[Run], scores: dict[str, np.ndarray], measures: list[str], judged: list[str], letters: list[str]
) -> list[LeaderboardRow]:
    means = {name: mean_scores(matrix).tolist() for name, matrix in scores.items()}
    reaches = {name: reach_of_means(scores[name]).tolist() for name in measures}
    ranks = score_ranks(means[measures[0]]).tolist()
    rows = [
        LeaderboardRow(
            ranks[place],
            run.pk,
            run.tag,
            run.team,
            [(means[name][place], means[share][place]) for name, share in zip(measures, judged, strict=True)],
            run.kind,
            [None if math.isnan(reaches[name][place]) else reaches[name][place] for name in measures],
            letters[place],
        )
        for place, run in enumerate(runs)
    ]
    return sorted(rows, key=lambda row: (row.rank, row.tag))
