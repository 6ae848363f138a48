"""Nugget scores by topic: how hard each is, which runs do well in one, and which nuggets tell them apart."""

from collections import Counter
from typing import NamedTuple

import numpy as np

from assessment.domain.correlation import kendall_tau, score_ranks
from assessment.models import Topic
from nuggets.domain.difficulty import Mark, NuggetFigures, nugget_figures
from nuggets.domain.scores import NOT_SUPPORT, PARTIAL_SUPPORT, RULES, SUPPORT

from .banks import ScoredList, ScoredNugget
from .scores import NuggetScores


class TopicRow(NamedTuple):
    """One topic. `runs` counts those with a score, of which `missing` gave no answer and have 0; `unlabelled` answers
    are in no figure. Mean, lowest and highest are None where the score is undefined; `marks` counts nuggets."""

    topic: Topic
    frozen: int | None
    runs: int
    missing: int
    unlabelled: int
    mean: float | None
    lowest: float | None
    highest: float | None
    n_nuggets: int
    vital_share: float
    marks: dict[str, int]


class RunRow(NamedTuple):
    """One run in one topic; `score` is None where it is undefined, `words` and labels where there is no answer."""

    rank: int | None
    pk: int
    tag: str
    score: float | None
    words: int | None
    labels: tuple[int, int, int] | None
    is_unlabelled: bool

    @property
    def is_missing(self) -> bool:
        return self.words is None


class NuggetRow(NamedTuple):
    place: int
    nugget: ScoredNugget
    figures: NuggetFigures

    @property
    def support_until(self) -> float:
        """Where the bar of the labels turns from support to partial support, in hundredths of its length."""
        return 100 * (self.figures.share or 0)

    @property
    def partial_until(self) -> float:
        """Where it turns from partial support to none."""
        return 100 * (self.figures.support + self.figures.partial) / max(sum(self.figures[:3]), 1)


class TopicScores(NamedTuple):
    """`mean` is that of the runs with a score; `tau_with_length` (Kendall's tau-b) of the runs that gave an answer."""

    topic: Topic
    list: ScoredList
    runs: list[RunRow]
    nuggets: list[NuggetRow]
    mean: float | None
    tau_with_length: float | None

    @property
    def answers(self) -> int:
        return sum(not row.is_missing for row in self.runs)

    @property
    def n_vital(self) -> int:
        return sum(nugget.importance == "vital" for nugget in self.list.nuggets)


def topic_rows(scores: NuggetScores, name: str) -> list[TopicRow]:
    """The scored topics in their order by the score called `name`. One query."""
    return [_topic_row(scores, name, topic) for topic in _topics(scores)]


def topic_scores(scores: NuggetScores, name: str, topic: Topic) -> TopicScores:
    """One of the scored topics: runs best first, those without a score last; nuggets in their order. One query."""
    column = scores.topics.index(topic.qid)
    labels = scores.labels_in(topic.qid)
    runs = _run_rows(scores, name, topic, labels)
    values = [row.score for row in runs if row.score is not None]
    given = [row for row in runs if row.score is not None and not row.is_missing]
    tau = kendall_tau([row.score for row in given], [row.words for row in given])
    found = scores.lists[column]
    figures = _figures(scores, name, column)
    nuggets = [NuggetRow(place, *both) for place, both in enumerate(zip(found.nuggets, figures, strict=True), 1)]
    return TopicScores(topic, found, runs, nuggets, float(np.mean(values)) if values else None, tau)


def _topics(scores: NuggetScores) -> list[Topic]:
    return list(Topic.objects.filter(track=scores.bank.track, qid__in=scores.topics).order_by("position"))


def _topic_row(scores: NuggetScores, name: str, topic: Topic) -> TopicRow:
    column = scores.topics.index(topic.qid)
    found, values = scores.lists[column], scores.scores[name][:, column]
    known = values[~np.isnan(values)]
    marks = Counter(figures.mark for figures in _figures(scores, name, column))
    return TopicRow(
        topic,
        found.frozen,
        runs=len(known),
        missing=int((~scores.answered[:, column]).sum()),
        unlabelled=int(scores.unknown[:, column].sum()),
        mean=float(known.mean()) if len(known) else None,
        lowest=float(known.min()) if len(known) else None,
        highest=float(known.max()) if len(known) else None,
        n_nuggets=len(found.nuggets),
        vital_share=float(_vital(found).mean()),
        marks={mark.value: marks[mark] for mark in Mark},
    )


def _figures(scores: NuggetScores, name: str, column: int) -> list[NuggetFigures]:
    """Of the answers that were given: a run without one says nothing of a nugget."""
    labels = scores.labels_in(scores.topics[column])[scores.answered[:, column]]
    return nugget_figures(labels, _vital(scores.lists[column]), RULES[name])


def _vital(found: ScoredList) -> np.ndarray:
    return np.array([nugget.importance == "vital" for nugget in found.nuggets])


def _run_rows(scores: NuggetScores, name: str, topic: Topic, labels: np.ndarray) -> list[RunRow]:
    column = scores.topics.index(topic.qid)
    values = [None if np.isnan(value) else float(value) for value in scores.scores[name][:, column]]
    ranks = iter(score_ranks([value for value in values if value is not None]).tolist())
    keys = dict(scores.bank.track.answer_runs.filter(tag__in=scores.runs).values_list("tag", "pk"))
    rows = []
    for row, run in enumerate(scores.runs):
        answered = scores.answered[row, column]
        counts = tuple(int((labels[row] == code).sum()) for code in (SUPPORT, PARTIAL_SUPPORT, NOT_SUPPORT))
        rows.append(
            RunRow(
                None if values[row] is None else next(ranks),
                keys[run],
                run,
                values[row],
                int(scores.lengths[row, column]) if answered else None,
                counts if answered else None,
                bool(scores.unknown[row, column]),
            )
        )
    return sorted(rows, key=lambda row: (row.rank is None, row.rank, row.is_missing, row.tag))
