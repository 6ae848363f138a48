"""The runs of a track by their nugget scores, and whose labels there are to choose from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from assessment.domain.correlation import kendall_tau, score_ranks
from assessment.models import Assessor, Topic, Track
from nuggets.domain.scores import RULES
from nuggets.models import Bank, NuggetAssignment

from .scores import NuggetScores, nugget_scores

PRIMARY = "vital_strict"


class Source(NamedTuple):
    """An assessor who has labelled nuggets of a bank: what scores come from."""

    bank: Bank
    assessor: Assessor

    @property
    def key(self) -> str:
        return f"{self.bank.pk}-{self.assessor.pk}"


class NuggetRow(NamedTuple):
    """A run with its means in the order of RULES, None where undefined; `rank` by the primary score, if it has one.

    `missing` and `unlabelled` count topics, `words` is the mean length of its answers.
    """

    rank: int | None
    pk: int
    tag: str
    scores: list[float | None]
    missing: int
    unlabelled: int
    words: float


@dataclass(frozen=True)
class NuggetLeaderboard:
    scores: NuggetScores
    rows: list[NuggetRow]

    @property
    def tau_with_length(self) -> float | None:
        """Kendall's tau-b of the primary score with the mean length, over the runs that have a score."""
        scored = [row for row in self.rows if row.rank is not None]
        return kendall_tau([row.scores[0] for row in scored], [row.words for row in scored])

    @property
    def is_draft(self) -> bool:
        return any(found.frozen is None for found in self.scores.lists)

    @property
    def n_nuggets(self) -> int:
        return sum(len(found.nuggets) for found in self.scores.lists)

    @property
    def n_vital(self) -> int:
        return sum(nugget.importance == "vital" for found in self.scores.lists for nugget in found.nuggets)

    @property
    def undefined(self) -> int:
        """Topics without a vital nugget: the vital scores leave them out."""
        return sum(all(nugget.importance != "vital" for nugget in found.nuggets) for found in self.scores.lists)


def sources_of(track: Track) -> list[Source]:
    """Every pair of a bank and an assessor who has labelled some of its nuggets, by their names. Three queries."""
    used = NuggetAssignment.objects.filter(assessor__track=track).order_by()
    keys = set(used.values_list("wording__nugget__topic_bank__bank", "assessor").distinct())
    banks, assessors = list(track.banks.order_by("name")), list(track.assessors.order_by("name"))
    return [Source(bank, one) for bank in banks for one in assessors if (bank.pk, one.pk) in keys]


def nugget_leaderboard(source: Source, topics: Sequence[Topic] | None = None) -> NuggetLeaderboard:
    """The runs, best first by the primary score, those without one last. DomainError as in `nugget_scores`."""
    scores = nugget_scores(source.bank, source.assessor, topics)
    means = [scores.means(name) for name in RULES]
    primary = scores.means(PRIMARY)
    ranks = iter(score_ranks([value for value in primary if value is not None]).tolist())
    keys = dict(source.bank.track.answer_runs.filter(tag__in=scores.runs).values_list("tag", "pk"))
    rows = [
        NuggetRow(
            None if primary[place] is None else next(ranks),
            keys[run],
            run,
            [of_rule[place] for of_rule in means],
            int(scores.missing[place]),
            int(scores.unlabelled[place]),
            float(scores.words[place]),
        )
        for place, run in enumerate(scores.runs)
    ]
    return NuggetLeaderboard(scores, sorted(rows, key=lambda row: (row.rank is None, row.rank, row.tag)))
