"""Where the automatic assessor sees more than the manual one, and who agrees with whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

import numpy as np

from assessment.domain.bias import GradeBias, GroupBias, TopicBias, grade_biases, group_biases, topic_biases
from assessment.domain.model_families import circularity, families
from assessment.models import Assessor, Track
from assessment.selectors.agreements import all_agreements
from assessment.selectors.comparisons import Comparison, RunRow, paired
from assessment.selectors.matrices import grades_by_all
from assessment.selectors.sides import TopicInfo

JUDGES, MIXED, PEOPLE = "judge–judge", "judge–human", "human–human"


class Kin(NamedTuple):
    """A run whose declared models are the judge's own, or of their family (`how`). `against_others` is its difference
    of scores less the median of the runs that are neither (None without such)."""

    run: RunRow
    how: str
    against_others: float | None


class KindOfPairs(NamedTuple):
    """Every two assessors of one kind: how many, and the medians of their kappa, plain and linear (None: undefined)."""

    name: str
    n: int
    kappa: float | None
    kappa_linear: float | None


@dataclass(frozen=True)
class Biases:
    """`grades`, `topics` (with the topic beside) and `groups` by "team", "type" and "model family", as far as runs
    declare them. `families` has each run's declared families by tag. `kin` is empty where nothing is declared; `judge`
    are the automatic assessor's declared models."""

    comparison: Comparison
    judge: str
    grades: list[GradeBias]
    topics: list[tuple[TopicInfo, TopicBias]]
    groups: dict[str, list[GroupBias]]
    families: dict[str, list[str]]
    kin: list[Kin]
    pairs: list[KindOfPairs]


def biases_of(comparison: Comparison, assessors: Sequence[Assessor]) -> Biases:
    """Everything about one comparison; `assessors` are all of the track that have graded something."""
    sides = comparison.sides
    track = sides.track
    pairs = paired(sides.grades[comparison.manual], sides.grades[comparison.automatic])
    topics = dict(zip(sides.places.tolist(), sides.topics, strict=True))
    judge = next(one.language_models for one in assessors if one.name == comparison.automatic)
    models = {run.tag: run.language_models for run in sides.runs}
    return Biases(
        comparison=comparison,
        judge=judge,
        grades=grade_biases(np.array(comparison.confusion), [grade.value for grade in comparison.grades]),
        topics=[(topics[row.topic], row) for row in topic_biases(pairs.topic_index, *pairs.grades)],
        groups=_groups(comparison),
        families={tag: families(said) for tag, said in models.items()},
        kin=_kin(comparison, models, judge),
        pairs=_kinds_of_pairs(track, assessors),
    )


def _groups(comparison: Comparison) -> dict[str, list[GroupBias]]:
    info = {run.tag: run for run in comparison.sides.runs}
    gaps = np.array([row.automatic - row.manual for row in comparison.runs])
    changes = np.array([row.change for row in comparison.runs])
    told = [info[row.tag] for row in comparison.runs]
    named = {
        "team": [[run.team] if run.team else [] for run in told],
        "type": [[run.kind] if run.kind else [] for run in told],
        "model family": [families(run.language_models) for run in told],
    }
    return {name: group_biases(groups, gaps, changes) for name, groups in named.items() if any(groups)}


def _kin(comparison: Comparison, models: dict[str, str], judge: str) -> list[Kin]:
    how = {row.tag: circularity(models[row.tag], judge) for row in comparison.runs}
    others = [row.automatic - row.manual for row in comparison.runs if not how[row.tag]]
    usual = median(others) if others else None
    return [
        Kin(row, how[row.tag], None if usual is None else row.automatic - row.manual - usual)
        for row in comparison.runs
        if how[row.tag]
    ]


def _kinds_of_pairs(track: Track, assessors: Sequence[Assessor]) -> list[KindOfPairs]:
    """Imported labels with declared models count as a judge's, others as people's."""
    found, _ = all_agreements(assessors, grades_by_all(assessors), list(track.grades.order_by("value")))
    rows = []
    for name, judges in ((JUDGES, 2), (MIXED, 1), (PEOPLE, 0)):
        figures = [pair.figures for pair in found if is_judge(pair.a) + is_judge(pair.b) == judges]
        kappas = [each.kappa for each in figures if each.kappa is not None]
        linear = [each.kappa_linear for each in figures if each.kappa_linear is not None]
        rows.append(
            KindOfPairs(name, len(figures), median(kappas) if kappas else None, median(linear) if linear else None)
        )
    return rows


def is_judge(assessor: Assessor) -> bool:
    return assessor.kind == Assessor.Kind.LLM or bool(assessor.language_models)
