"""Do two assessors' labels of nuggets, or two scores of one assessor, order the runs alike?"""

from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np

from assessment.domain.agreement import cohen_kappa, exact_agreement
from assessment.domain.comparing import RankingFigures, ranking_figures
from assessment.domain.correlation import kendall_tau, rank_changes
from nuggets.domain.scores import RULES

from .edit_statistics import bank_edits
from .leaderboards import PRIMARY
from .scores import CODES, NuggetScores

FIGURES = [name for name in RankingFigures._fields if name not in ("tau_by_topic", "largest_drop", "n_missing")]


def described(side: NuggetScores) -> dict:
    """What one pair of bank and assessor is made of, and tau-b of the primary score's run order with the others'."""
    nuggets = [nugget for found in side.lists for nugget in found.nuggets]
    words = sum(len(nugget.text.split()) for nugget in nuggets)
    vital = sum(nugget.importance == "vital" for nugget in nuggets)
    return {
        "bank": side.bank.name,
        "bank_condition": side.bank.condition,
        "assessor": side.assessor.name,
        "is_draft": any(found.frozen is None for found in side.lists),
        "topics": side.topics,
        "n_topics": len(side.topics),
        "n_runs": len(side.runs),
        "n_answers": side.answers,
        "n_nuggets": len(nuggets),
        "n_vital": vital,
        "vital_share": vital / len(nuggets),
        "nuggets_per_topic": len(nuggets) / len(side.topics),
        "words_per_nugget": words / len(nuggets),
        "labels": side.label_counts,
        "missing_answers": dict(zip(side.runs, side.missing.tolist(), strict=True)),
        "unlabelled_answers": dict(zip(side.runs, side.unlabelled.tolist(), strict=True)),
        "undefined_topics": {name: side.undefined(name) for name in RULES},
        "tau_of_scores": {name: _tau(side, PRIMARY, name) for name in RULES if name != PRIMARY},
        "tau_with_length": kendall_tau(_numbers(side, PRIMARY), side.words) if _is_whole(side, PRIMARY) else None,
    }


class RunPair(NamedTuple):
    """A run's means by both sides over the shared topics. `change` > 0: the second side places it higher."""

    tag: str
    manual: float
    automatic: float
    manual_rank: int
    automatic_rank: int
    change: int
    team: str = ""
    manual_reach: float | None = None
    automatic_reach: float | None = None


@dataclass(frozen=True)
class Shared:
    """What two sides both score: runs (`tags`) and `topics`, with their scores by either (runs x topics). Topics in
    which a score is undefined for either are `left_out`, for both alike. Drawn by `assessment.charts.run_scatter`."""

    a: NuggetScores
    b: NuggetScores
    measure: str
    tags: list[str]
    topics: list[str]
    left_out: list[str]
    left: np.ndarray
    right: np.ndarray

    @property
    def manual(self) -> str:
        return f"{self.a.assessor} ({self.a.bank})"

    @property
    def automatic(self) -> str:
        return f"{self.b.assessor} ({self.b.bank})"

    @property
    def figures(self) -> RankingFigures:
        """How alike the two sides rank the runs; what is undefined in a topic is left out before, so nothing is
        missing."""
        return ranking_figures(self.left, self.right, self.tags, "zero")

    @property
    def runs(self) -> list[RunPair]:
        """Best first by the first side."""
        if not (self.tags and self.topics):
            return []
        means = self.left.mean(axis=1), self.right.mean(axis=1)
        rows = zip(self.tags, *(each.tolist() for each in means), rank_changes(*means), strict=True)
        return sorted(
            (RunPair(run, by_a, by_b, *ranks) for run, by_a, by_b, ranks in rows),
            key=lambda row: (row.manual_rank, row.tag),
        )

    @property
    def confusion(self) -> list[list[int]] | None:
        """As `_confusion`; None where the sides have different banks."""
        return _confusion(self.a, self.b) if self.a.bank == self.b.bank else None


def shared(a: NuggetScores, b: NuggetScores, score: str = PRIMARY) -> Shared:
    runs = [run for run in a.runs if run in set(b.runs)]
    topics = [topic for topic in a.topics if topic in set(b.topics)]
    left, right = _cut(a, runs, topics, score), _cut(b, runs, topics, score)
    known = ~(np.isnan(left) | np.isnan(right)).any(axis=0) if runs else np.zeros(len(topics), bool)
    kept = [topic for topic, is_known in zip(topics, known, strict=True) if is_known]
    left_out = [topic for topic, is_known in zip(topics, known, strict=True) if not is_known]
    return Shared(a, b, score, runs, kept, left_out, left[:, known], right[:, known])


def compared(a: NuggetScores, b: NuggetScores, score: str = PRIMARY) -> dict:
    """The figures of `assessment.domain.comparing` over the runs and topics that both have, under the same keys as in
    `compare`, and the labels that both gave to one nugget."""
    both = shared(a, b, score)
    figures = both.figures
    drop = figures.largest_drop
    told = {name: getattr(figures, name) for name in FIGURES} | {"largest_drop": drop and drop._asdict()}
    return {
        "a": {"bank": a.bank.name, "assessor": a.assessor.name},
        "b": {"bank": b.bank.name, "assessor": b.assessor.name},
        "score": score,
        "left_out_topics": both.left_out,
        **told,
        "confusion": both.confusion,
        **_label_agreement(both.confusion),
    }


def comparison(sides: list[NuggetScores], score: str = PRIMARY) -> dict:
    """Every side described, with what people made of its bank's first nuggets, and every two of them compared."""
    pairs = [compared(a, b, score) for a, b in combinations(sides, 2)]
    return {"sides": [described(side) | {"edits": _edits(side)} for side in sides], "pairs": pairs}


def _edits(side: NuggetScores) -> dict:
    made_from = side.bank.made_from
    return {"made_from": made_from and made_from.name} | bank_edits(side.bank, side.topics).total._asdict()


def _label_agreement(confusion: list[list[int]] | None) -> dict:
    matrix = np.array(confusion or [[0]])
    return {"n_labels": int(matrix.sum()), "same_label": exact_agreement(matrix), "kappa": cohen_kappa(matrix)}


def _numbers(side: NuggetScores, name: str) -> list[float]:
    return [mean for mean in side.means(name) if mean is not None]


def _is_whole(side: NuggetScores, name: str) -> bool:
    return None not in side.means(name)


def _tau(side: NuggetScores, one: str, other: str) -> float | None:
    """None where a run has no mean of either score."""
    if not (_is_whole(side, one) and _is_whole(side, other)):
        return None
    return kendall_tau(_numbers(side, one), _numbers(side, other))


def _cut(side: NuggetScores, runs: list[str], topics: list[str], score: str) -> np.ndarray:
    rows, columns = [side.runs.index(run) for run in runs], [side.topics.index(topic) for topic in topics]
    return side.scores[score][np.ix_(rows, columns)]


def _confusion(a: NuggetScores, b: NuggetScores) -> list[list[int]]:
    """Counts of nuggets that both labelled, rows by a, columns by b, in the order of CODES. Both sides have one bank,
    so a topic's nuggets stand in the same places."""
    counted = Counter((label, b.label_of[key]) for key, label in a.label_of.items() if key in b.label_of)
    return [[counted[by_a, by_b] for by_b in CODES] for by_a in CODES]
