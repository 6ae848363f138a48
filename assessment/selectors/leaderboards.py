"""The runs of a track by the judgments of one assessor, and the assessors that may be asked."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from django.db.models import Count, Max, Q, QuerySet
from django.utils import timezone

from assessment.domain.correlation import score_ranks
from assessment.domain.measures import Evaluation, mean_scores, parse_measure
from assessment.models import Assessor, JudgmentState, Track
from assessment.selectors.matrices import score_matrix

ARRIVING_WITHIN = timedelta(seconds=60)


class Score(NamedTuple):
    """One printed figure; `topic` is None for a mean."""

    run: str
    topic: str | None
    measure: str
    value: float


class LeaderboardRow(NamedTuple):
    """A run with a (mean score, Judged@k) pair for each measure; `rank` is by the first measure."""

    rank: int
    pk: int
    tag: str
    team: str
    scores: list[tuple[float, float]]


@dataclass(frozen=True)
class Leaderboard:
    """`judged` names the Judged@k that stands beside each of `measures`; rows are in the order of their rank."""

    assessor: str
    measures: list[str]
    judged: list[str]
    n_topics: int
    rows: list[LeaderboardRow]


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


def leaderboard(track: Track, assessor: Assessor, measures: Sequence[str]) -> Leaderboard:
    """The runs by their means over the topics that the assessor has judged. DomainError as in `score_matrix`."""
    measures = list(dict.fromkeys(measures))
    judged = [f"Judged@{parse_measure(name).cutoff or 10}" for name in measures]
    evaluation = score_matrix(track, assessor, [*measures, *judged])
    return Leaderboard(
        assessor.name, measures, judged, len(evaluation.topics), _rows(track, evaluation, measures, judged)
    )


def _rows(track: Track, evaluation: Evaluation, measures: list[str], judged: list[str]) -> list[LeaderboardRow]:
    known = {tag: (pk, team) for pk, tag, team in track.runs.values_list("pk", "tag", "team")}
    means = {name: mean_scores(matrix).tolist() for name, matrix in evaluation.scores.items()}
    ranks = score_ranks(means[measures[0]]).tolist()
    rows = []
    for place, tag in enumerate(evaluation.runs):
        scores = [(means[name][place], means[share][place]) for name, share in zip(measures, judged, strict=True)]
        pk, team = known[tag]
        rows.append(LeaderboardRow(ranks[place], pk, tag, team, scores))
    return sorted(rows, key=lambda row: (row.rank, row.tag))
