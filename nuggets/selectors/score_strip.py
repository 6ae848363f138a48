"""What the scores of a topic would be without some nuggets, or with one alone."""

from collections.abc import Collection
from typing import NamedTuple

import numpy as np
from django.db.models import QuerySet

from assessment.domain.correlation import kendall_tau
from assessment.models import Assessor
from nuggets.domain.scores import NOT_SUPPORT, PARTIAL_SUPPORT, SUPPORT, UNKNOWN, answer_scores
from nuggets.models import Answer, Importance, Label, NuggetAssignment, TopicBank, Wording

from .leaderboards import PRIMARY

_VALUES = {Label.SUPPORT: SUPPORT, Label.PARTIAL_SUPPORT: PARTIAL_SUPPORT, Label.NOT_SUPPORT: NOT_SUPPORT}


class StripRow(NamedTuple):
    """An answer's score with all nuggets and with those that are on; None where undefined."""

    tag: str
    before: float | None
    after: float | None


class Strip(NamedTuple):
    """`rows`: labelled answers, the best after first; `on`, `off`: numbers; `unlabelled`: of nuggets without a label,
    which are left out; `tau` between both orders of the answers, None where it is undefined."""

    assessor: Assessor
    rows: list[StripRow]
    on: list[int]
    off: list[int]
    unlabelled: list[int]
    before: float | None
    after: float | None
    tau: float | None


def strip_assessors(topic_bank: TopicBank) -> QuerySet[Assessor]:
    """Whose labels there are of the list's nuggets as they read now. One query."""
    said = NuggetAssignment.objects.filter(wording__in=_wordings(topic_bank))
    return Assessor.objects.filter(pk__in=said.values("assessor")).order_by("name")


def score_strip(topic_bank: TopicBank, assessor: Assessor, off: Collection[int]) -> Strip:
    """By the primary rule, over the labelled answers. `off`: numbers of nuggets that do not count. Three queries."""
    wordings = list(_wordings(topic_bank).select_related("nugget").order_by("nugget__position"))
    columns = {wording.pk: column for column, wording in enumerate(wordings)}
    given = NuggetAssignment.objects.filter(assessor=assessor, wording__in=columns)
    tags = dict(Answer.objects.filter(assignments__in=given).order_by("run__tag").values_list("pk", "run__tag"))
    places = {answer: place for place, answer in enumerate(tags)}
    labels = np.full((len(places), len(wordings)), UNKNOWN)
    for answer, wording, label in given.values_list("answer", "wording", "label"):
        labels[places[answer], columns[wording]] = _VALUES[label]
    vital = np.array([wording.nugget.importance == Importance.VITAL for wording in wordings], dtype=bool)
    known = (labels != UNKNOWN).any(axis=0)
    counted = known & np.array([wording.nugget.number not in off for wording in wordings], dtype=bool)
    before, after = (answer_scores(labels[:, some], vital[some])[PRIMARY] for some in (known, counted))
    rows = [StripRow(tag, _or_none(x), _or_none(y)) for tag, x, y in zip(tags.values(), before, after, strict=True)]
    numbers = np.array([wording.nugget.number for wording in wordings], dtype=int)
    return Strip(
        assessor,
        sorted(rows, key=lambda row: (row.after is None, -(row.after or 0), row.tag)),
        numbers[counted].tolist(),
        numbers[known & ~counted].tolist(),
        numbers[~known].tolist(),
        _mean(before),
        _mean(after),
        None if np.isnan(before).any() or np.isnan(after).any() or len(rows) < 2 else kendall_tau(before, after),
    )


def _wordings(topic_bank: TopicBank) -> QuerySet[Wording]:
    return Wording.objects.filter(nugget__topic_bank=topic_bank, nugget__retired_at=None, current=True)


def _or_none(score: float) -> float | None:
    return None if np.isnan(score) else float(score)


def _mean(scores: np.ndarray) -> float | None:
    return None if not len(scores) or np.isnan(scores).any() else float(scores.mean())
