"""Two assessors, one set of runs: does it matter who judged?

Everything that the page and the `compare` command print is a field of `Comparison` or of its `uncertainty`; what is
undefined is None.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np

from assessment.domain.agreement import cohen_kappa, confusion, exact_agreement, mean_signed_difference
from assessment.domain.comparing import MISSING, USUAL, RankingFigures, Terms, Uncertainty, filled, ranking_figures
from assessment.domain.correlation import rank_changes, run_means
from assessment.domain.errors import DomainError
from assessment.domain.measures import Grades
from assessment.domain.significance import reach_of_means
from assessment.models import Assessor, Topic, Track
from assessment.selectors.sides import Sides, sides_of
from assessment.selectors.uncertainties import uncertainty_of

POLICIES = {
    "topics": "those on which both assessors have at least one grade",
    "unjudged documents": "not relevant",
    "ties": "Kendall's τ-b; tied runs share the better rank; τ_AP takes ties in random order",
    "rounding": "scores are rounded to 6 decimals before they are ranked",
    "undefined": "a topic on which one side ties all runs has no τ and is left out of the mean",
    "agreement": "κ unweighted, over the pairs graded by both",
}
_FIGURES = [name for name in RankingFigures._fields if name not in ("tau_by_topic", "largest_drop")]


class RunRow(NamedTuple):
    """A run under both assessors. `change` > 0: the automatic one places it higher. `*_judged` is Judged@k, 0 to 1,
    `*_reach` half of the 95 % interval of the mean over topics (None below two)."""

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
    manual_reach: float | None
    automatic_reach: float | None


class TopicRow(NamedTuple):
    """A topic's Kendall's τ over the runs (None: undefined) and how many of its documents both graded."""

    pk: int
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

    `figures` say how alike the two rankings are; `grade_bias` is the mean of automatic minus manual grade of the
    `n_pairs` pairs graded by both. `confusion` has a row for each manual and a column for each automatic grade,
    ascending as in `grades`. `n_pairs_manual` and `n_pairs_automatic` count each side's grades on these topics,
    `manual_grades` and `automatic_grades` the same grade by grade; `n_topics_*_only` count the topics left out because
    the other has none there. `runs` are in the manual order. `sides` hold the scores, of which `manual` and
    `automatic` are two names.
    """

    sides: Sides
    terms: Terms
    manual: str
    automatic: str
    figures: RankingFigures
    n_topics_manual_only: int
    n_topics_automatic_only: int
    n_pairs: int
    n_pairs_manual: int
    n_pairs_automatic: int
    kappa: float | None
    exact: float | None
    grade_bias: float | None
    grades: list[GradeName]
    confusion: list[list[int]]
    manual_grades: list[int]
    automatic_grades: list[int]
    runs: list[RunRow]
    topics: list[TopicRow]
    policies: dict[str, str]

    def __getattr__(self, name: str):
        # `comparison.tau` reads better in templates and tests than `comparison.figures.tau`.
        if name in _FIGURES:
            return getattr(self.figures, name)
        raise AttributeError(name)

    def as_dict(self) -> dict:
        """What `compare --format json` prints, but for the uncertainty: rows as dictionaries, ready for JSON."""
        rows = {name: [row._asdict() for row in getattr(self, name)] for name in ("grades", "runs", "topics")}
        own = {field.name: getattr(self, field.name) for field in fields(self)}
        head = {"track": self.track, "measure": self.measure, "judged_depth": self.judged_depth}
        drop = self.figures.largest_drop
        told = {name: getattr(self.figures, name) for name in _FIGURES} | {"largest_drop": drop and drop._asdict()}
        left = {name: own[name] for name in own if name not in ("sides", "figures", "terms")}
        return head | left | told | rows | {"excluded_runs": self.excluded, "terms": self.terms._asdict()}

    @property
    def uncertainty(self) -> Uncertainty:
        """Stability, tests and swapped pairs: thousands of samples, remembered for the same scores and terms."""
        return uncertainty_of(self.sides, self.manual, self.automatic, self.terms)

    @property
    def track(self) -> str:
        return self.sides.track.slug

    @property
    def measure(self) -> str:
        return self.sides.measure

    @property
    def judged_depth(self) -> int:
        return self.sides.judged_depth

    @property
    def excluded(self) -> list[str]:
        return self.sides.excluded

    @property
    def largest_drop(self):
        return self.figures.largest_drop

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


def compare(
    track: Track,
    manual: Assessor,
    automatic: Assessor,
    measure: str,
    *,
    topics: Sequence[Topic] | None = None,
    exclude: Iterable[str] = (),
    terms: Terms = USUAL,
) -> Comparison:
    """Compare two assessors of the track by one measure, over `topics` (default: all) and the runs but `exclude`.

    Without runs the labels are compared all the same, and every figure of the runs is None. DomainError as in
    `sides_of`.
    """
    sides = sides_of(track, [manual, automatic], measure, topics=topics, exclude=exclude)
    return compared(sides, manual.name, automatic.name, terms)


def compared(sides: Sides, manual: str, automatic: str, terms: Terms = USUAL) -> Comparison:
    """Compare two of the assessors whose scores are at hand, over the topics that all of them have judged."""
    sides = scored(sides, terms.missing)
    figures = ranking_figures(sides.scores[manual], sides.scores[automatic], sides.tags, terms.missing)
    by_manual, by_automatic = sides.grades[manual], sides.grades[automatic]
    pairs = paired(by_manual, by_automatic)
    n_topics = len(sides.topics)
    names = [GradeName(*row) for row in sides.track.grades.order_by("value").values_list("value", "label")]
    return Comparison(
        sides=sides,
        terms=terms,
        manual=manual,
        automatic=automatic,
        figures=figures,
        n_topics_manual_only=sides.topics_of[manual] - n_topics,
        n_topics_automatic_only=sides.topics_of[automatic] - n_topics,
        n_pairs_manual=len(by_manual.grades),
        n_pairs_automatic=len(by_automatic.grades),
        grades=names,
        manual_grades=_counted(by_manual, names),
        automatic_grades=_counted(by_automatic, names),
        **_agreement(names, pairs),
        runs=_run_rows(sides, manual, automatic, terms.missing),
        topics=_topic_rows(sides, figures, pairs),
        policies=_policies(sides, terms),
    )


def scored(sides: Sides, missing: str) -> Sides:
    """The sides without the runs that have nothing to be averaged: none of the topics, where missing ones count not."""
    if missing == "zero":
        return sides
    some = next(iter(sides.scores.values()))
    return sides.without(tag for tag, row in zip(sides.tags, some, strict=True) if np.isnan(row).all())


def paired(manual: Grades, automatic: Grades) -> Grades:
    """The pairs that both graded: `grades` has a row for each side (2, n)."""
    width = 1 + int(max(manual.documents.max(), automatic.documents.max()))
    keys = [side.topic_index.astype(np.int64) * width + side.documents for side in (manual, automatic)]
    common, left, right = np.intersect1d(*keys, assume_unique=True, return_indices=True)
    return Grades(common // width, common % width, np.stack([manual.grades[left], automatic.grades[right]]))


def _policies(sides: Sides, terms: Terms) -> dict[str, str]:
    runs = f"left out: {', '.join(sides.excluded)}" if sides.excluded else "all runs of the track; none is left out"
    relevance = f"grades of {sides.track.relevant_from} or more, where a measure is binary"
    return POLICIES | {"runs": runs, "missing scores": MISSING[terms.missing], "relevance": relevance}


def _counted(grades: Grades, names: list[GradeName]) -> list[int]:
    """How often each grade of the scale was given."""
    return [int((grades.grades == name.value).sum()) for name in names]


def _agreement(names: list[GradeName], pairs: Grades) -> dict:
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
        "confusion": matrix.tolist(),
    }


def _run_rows(sides: Sides, manual: str, automatic: str, missing: str) -> list[RunRow]:
    if not sides.runs:
        return []
    matrices = sides.scores[manual], sides.scores[automatic], sides.judged[manual], sides.judged[automatic]
    means = [run_means(filled(matrix, missing)).tolist() for matrix in matrices]
    reaches = [
        [None if math.isnan(reach) else reach for reach in reach_of_means(filled(matrix, missing)).tolist()]
        for matrix in matrices[:2]
    ]
    rows = [
        RunRow(run.pk, run.tag, run.team, *scores[:2], *change, *scores[2:])
        for run, change, *scores in zip(sides.runs, rank_changes(*means[:2]), *means, *reaches, strict=True)
    ]
    return sorted(rows, key=lambda row: (row.manual_rank, row.automatic_rank, row.tag))


def _topic_rows(sides: Sides, figures: RankingFigures, pairs: Grades) -> list[TopicRow]:
    """In the order of the track's topics, as everywhere."""
    counts = np.bincount(pairs.topic_index, minlength=int(sides.places.max()) + 1)[sides.places].tolist()
    return [
        TopicRow(*topic, tau, count)
        for topic, tau, count in zip(sides.topics, figures.tau_by_topic, counts, strict=True)
    ]
