"""Two assessors, one set of runs: does it matter who judged?

Everything that the page and the `compare` command print is a field of `Comparison`; what is undefined is None.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from assessment.domain.agreement import cohen_kappa, confusion, exact_agreement, mean_signed_difference
from assessment.domain.correlation import CorrelationLevels, correlation_levels, rank_changes
from assessment.domain.errors import DomainError
from assessment.domain.measures import Grades, Rankings, evaluate, mean_scores, parse_measure
from assessment.models import Assessor, Track
from assessment.selectors.matrices import depth_needed, grades_of, on_topics, rankings_of

DEFAULT_JUDGED_DEPTH = 10

POLICIES = {
    "topics": "those on which both assessors have at least one grade",
    "missing scores": "a topic that a run lacks counts as 0 (trec_eval -c)",
    "unjudged documents": "not relevant",
    "ties": "Kendall's τ-b; tied runs share the better rank",
    "rounding": "scores are rounded to 6 decimals before they are ranked",
    "undefined": "a topic on which one side ties all runs has no τ and is left out of the mean",
    "agreement": "κ unweighted, over the pairs graded by both",
}


class RunRow(NamedTuple):
    """A run under both assessors. `change` > 0: the automatic one places it higher. `*_judged` is Judged@k, 0 to 1."""

    pk: int
    tag: str
    team: str
    manual: float
    automatic: float
    manual_rank: int
    automatic_rank: int
    change: int
    manual_judged: float
    automatic_judged: float


class TopicRow(NamedTuple):
    """A topic's Kendall's τ over the runs (None: undefined) and how many of its documents both graded."""

    qid: str
    query: str
    tau: float | None
    n_pairs: int


class GradeName(NamedTuple):
    value: int
    label: str


@dataclass(frozen=True)
class Comparison:
    """The runs of a track by the judgments of two assessors, and the agreement of these judgments.

    `tau` is on means over `n_topics` topics, `tau_pooled` on all `n_runs × n_topics` scores. `bias` is the mean of
    automatic minus manual score of the runs, `grade_bias` the same of the grades of the `n_pairs` pairs graded by both.
    `confusion` has a row for each manual and a column for each automatic grade, ascending as in `grades`.
    `n_pairs_manual` and `n_pairs_automatic` count each side's grades on these topics, `n_topics_*_only` the topics
    left out because the other has none there, `n_missing` the (run, topic) pairs without a ranking. `runs` are in the
    manual order.
    """

    track: str
    manual: str
    automatic: str
    measure: str
    n_runs: int
    n_topics: int
    n_topics_manual_only: int
    n_topics_automatic_only: int
    n_missing: int
    tau: float | None
    tau_per_topic_mean: float | None
    tau_per_topic_undefined: int
    tau_pooled: float | None
    bias: float | None
    n_pairs: int
    n_pairs_manual: int
    n_pairs_automatic: int
    kappa: float | None
    exact: float | None
    grade_bias: float | None
    grades: list[GradeName]
    confusion: list[list[int]]
    judged_depth: int
    runs: list[RunRow]
    topics: list[TopicRow]
    policies: dict[str, str]

    def as_dict(self) -> dict:
        """Every field with rows as dictionaries, ready for JSON."""
        rows = {name: [row._asdict() for row in getattr(self, name)] for name in ("grades", "runs", "topics")}
        return vars(self) | rows

    @property
    def n_scores(self) -> int:
        return self.n_runs * self.n_topics

    @property
    def n_topics_defined(self) -> int:
        return self.n_topics - self.tau_per_topic_undefined

    @property
    def has_teams(self) -> bool:
        return any(row.team for row in self.runs)

    @property
    def is_partial(self) -> bool:
        """Has the automatic assessor judged less than the manual one?"""
        return self.n_topics_manual_only > 0 or self.n_pairs < self.n_pairs_manual

    @property
    def largest_change(self) -> RunRow | None:
        """The run whose rank changes most; None where none does."""
        moved = max(self.runs, key=lambda row: (abs(row.change), -row.manual_rank), default=None)
        return moved if moved and moved.change else None


class _Shared(NamedTuple):
    """Both sides' grades on the topics that both have judged, and those topics' places in the track."""

    topics: np.ndarray
    manual: Grades
    automatic: Grades


def compare(track: Track, manual: Assessor, automatic: Assessor, measure: str) -> Comparison:
    """Compare two assessors of the track by one measure.

    Without runs the labels are compared all the same, and every figure of the runs is None. Raises DomainError for an
    unknown measure and for assessors without a judged topic in common.
    """
    judged_depth = parse_measure(measure).cutoff or DEFAULT_JUDGED_DEPTH
    judged = f"Judged@{judged_depth}"
    rankings = rankings_of(track, depth=depth_needed([measure, judged]))
    by_manual, by_automatic = grades_of(manual), grades_of(automatic)
    shared = _shared(by_manual, by_automatic, manual.name, automatic.name)
    scores = [
        evaluate(rankings, side, [measure, judged], track.relevant_from).scores
        for side in (shared.manual, shared.automatic)
    ]
    levels = correlation_levels(scores[0][measure], scores[1][measure])
    pairs = _paired(shared)
    return Comparison(
        track=track.slug,
        manual=manual.name,
        automatic=automatic.name,
        measure=measure,
        n_runs=levels.n_runs,
        n_topics=levels.n_topics,
        n_topics_manual_only=len(np.setdiff1d(by_manual.topic_index, by_automatic.topic_index)),
        n_topics_automatic_only=len(np.setdiff1d(by_automatic.topic_index, by_manual.topic_index)),
        n_missing=levels.n_runs * levels.n_topics - int(np.isin(rankings.topic_index, shared.topics).sum()),
        tau=levels.run_level,
        tau_per_topic_mean=levels.per_topic_mean,
        tau_per_topic_undefined=levels.undefined_topics,
        tau_pooled=levels.pooled,
        bias=float((scores[1][measure] - scores[0][measure]).mean()) if rankings.runs else None,
        n_pairs_manual=len(shared.manual.grades),
        n_pairs_automatic=len(shared.automatic.grades),
        **_agreement(track, pairs),
        judged_depth=judged_depth,
        runs=_run_rows(track, rankings, *((side[measure], side[judged]) for side in scores)),
        topics=_topic_rows(track, shared, levels, pairs),
        policies=POLICIES | {"relevance": f"grades of {track.relevant_from} or more, where a measure is binary"},
    )


def _shared(manual: Grades, automatic: Grades, manual_name: str, automatic_name: str) -> _Shared:
    for grades, name in ((manual, manual_name), (automatic, automatic_name)):
        if not len(grades.grades):
            raise DomainError(f"{name} has judged nothing yet, so there is nothing to compare.")
    topics = np.intersect1d(manual.topic_index, automatic.topic_index)
    if not len(topics):
        raise DomainError(f"{manual_name} and {automatic_name} have not judged any topic in common.")
    return _Shared(topics, on_topics(manual, topics), on_topics(automatic, topics))


def _paired(shared: _Shared) -> Grades:
    """The pairs that both graded: `grades` has a row for each side (2, n)."""
    width = 1 + int(max(shared.manual.documents.max(), shared.automatic.documents.max()))
    keys = [side.topic_index.astype(np.int64) * width + side.documents for side in (shared.manual, shared.automatic)]
    common, left, right = np.intersect1d(*keys, assume_unique=True, return_indices=True)
    grades = np.stack([shared.manual.grades[left], shared.automatic.grades[right]])
    return Grades(common // width, common % width, grades)


def _agreement(track: Track, pairs: Grades) -> dict:
    names = [GradeName(*row) for row in track.grades.order_by("value").values_list("value", "label")]
    scale = [name.value for name in names]
    try:
        matrix = confusion(*pairs.grades, scale)
    except ValueError as error:
        raise DomainError(f"A judgment does not fit the track's scale: {error}.") from error
    return {
        "n_pairs": int(matrix.sum()),
        "kappa": cohen_kappa(matrix),
        "exact": exact_agreement(matrix),
        "grade_bias": mean_signed_difference(matrix, scale),
        "grades": names,
        "confusion": matrix.tolist(),
    }


def _run_rows(track: Track, rankings: Rankings, manual: tuple, automatic: tuple) -> list[RunRow]:
    """`manual` and `automatic` are (scores, Judged@k), both runs × topics."""
    known = {tag: (pk, team) for pk, tag, team in track.runs.values_list("pk", "tag", "team")}
    means = [[mean_scores(matrix).tolist() for matrix in side] for side in (manual, automatic)]
    (by_manual, manual_judged), (by_automatic, automatic_judged) = means
    rows = []
    for place, change in enumerate(rank_changes(by_manual, by_automatic)):
        tag = rankings.runs[place]
        pk, team = known[tag]
        scores = by_manual[place], by_automatic[place]
        rows.append(RunRow(pk, tag, team, *scores, *change, manual_judged[place], automatic_judged[place]))
    return sorted(rows, key=lambda row: (row.manual_rank, row.automatic_rank, row.tag))


def _topic_rows(track: Track, shared: _Shared, levels: CorrelationLevels, pairs: Grades) -> list[TopicRow]:
    """In the order of the track's topics, as everywhere."""
    topics = list(track.topics.order_by("position", "pk").values_list("qid", "query"))
    counts = np.bincount(pairs.topic_index, minlength=len(topics)).tolist()
    return [
        TopicRow(*topics[place], tau, counts[place])
        for place, tau in zip(shared.topics.tolist(), levels.per_topic, strict=True)
    ]
