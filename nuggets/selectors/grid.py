"""One topic's nuggets by runs: what one assessor said of every pair."""

from typing import NamedTuple

import numpy as np
from django.db.models import Count, Q

from assessment.models import Assessor
from nuggets.domain.scores import SUPPORT, UNKNOWN, answer_scores
from nuggets.models import Answer, Importance, NuggetAssignment, TopicBank

from .banks import ScoredList, scored_lists
from .scores import CODES

SORTED_BY = "vital_strict"


class GridColumn(NamedTuple):
    """A run's answer; `score` is its vital_strict, or all_strict where no nugget is vital, None where it is not
    labelled whole."""

    run: int
    tag: str
    words: int
    score: float | None


class GridRow(NamedTuple):
    """A nugget with its label under each column, empty where there is none, and the share of the labelled answers that
    support it (None: of none)."""

    number: int
    text: str
    importance: str
    labels: list[str]
    share: float | None


class NuggetGrid(NamedTuple):
    columns: list[GridColumn]
    rows: list[GridRow]
    frozen: int | None
    score: str

    @property
    def labelled(self) -> int:
        return sum(bool(label) for row in self.rows for label in row.labels)


def grid_assessors(topic_bank: TopicBank) -> list[Assessor]:
    """Who has labelled the list's nuggets, whoever said most first, each with the number of `labels`."""
    labels = Count("nugget_assignments", filter=Q(nugget_assignments__wording__nugget__topic_bank=topic_bank))
    whose = topic_bank.bank.track.assessors.annotate(labels=labels).filter(labels__gt=0)
    return list(whose.order_by("-labels", "name"))


def nugget_grid(topic_bank: TopicBank, assessor: Assessor | None) -> NuggetGrid:
    """The grid of a topic, best answer first. Six queries at most, whatever its size."""
    topic = topic_bank.topic
    nuggets = scored_lists(topic_bank.bank, [topic]).get(topic.pk, ScoredList([], None))
    answers = list(Answer.objects.filter(topic=topic).select_related("run").defer("text", "sentences", "references"))
    codes = np.full((len(answers), len(nuggets.nuggets)), UNKNOWN)
    place = {one.wording: n for n, one in enumerate(nuggets.nuggets)}
    row_of = {answer.pk: n for n, answer in enumerate(answers)}
    said = NuggetAssignment.objects.filter(assessor=assessor, answer__topic=topic, wording__in=place)
    for answer, wording, label in said.values_list("answer", "wording", "label"):
        codes[row_of[answer], place[wording]] = CODES[label]
    vital = np.array([one.importance == Importance.VITAL for one in nuggets.nuggets], dtype=bool)
    name = SORTED_BY if vital.any() else "all_strict"
    scores = answer_scores(codes, vital)[name]
    known = (codes != UNKNOWN).all(axis=1) & bool(nuggets.nuggets)
    order = sorted(range(len(answers)), key=lambda n: (not known[n], -scores[n] if known[n] else 0, answers[n].run.tag))
    columns = [
        GridColumn(answers[n].run_id, answers[n].run.tag, answers[n].words, float(scores[n]) if known[n] else None)
        for n in order
    ]
    words = {code: label for label, code in CODES.items()}
    rows = []
    for number, nugget in enumerate(nuggets.nuggets, 1):
        column = codes[order, number - 1]
        given = column[column != UNKNOWN]
        labels = [words.get(int(code), "") for code in column]
        share = float((given == SUPPORT).mean()) if len(given) else None
        rows.append(GridRow(number, nugget.text, nugget.importance, labels, share))
    return NuggetGrid(columns, rows, nuggets.frozen, name)
