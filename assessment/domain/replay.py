"""How soon would fewer judgments have said the same? The judgments of a track, made again in several orders.

After each part of the work the runs are ranked by what is judged by then, unjudged being not relevant, and compared
with their ranking by all judgments. Every order judges the same share of each topic, but `time`, which is as it was.
"""

import random
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from assessment.domain.correlation import kendall_tau
from assessment.domain.measures import Grades, Rankings, evaluate, mean_scores
from assessment.domain.move_to_front import following
from assessment.domain.resampling import band, draws, resampled_taus

DEPTH, MOVE_TO_FRONT, RANDOM, TIME = "depth", "move-to-front", "random", "time"
POINTS = 20


class Point(NamedTuple):
    """After `judged` judgments, `share` of all: the share of the relevant documents that are `found`, Kendall's tau of
    the runs' means with those by all judgments (None: undefined), and the middle 95 % of tau over resampled topics."""

    judged: int
    share: float
    found: float | None
    tau: float | None
    low: float | None
    high: float | None


def judging_orders(
    rankings: Rankings, grades: Grades, relevant_from: int, seed: int, times: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """For each order the turn of every judgment (int, m): the number of judgments of its topic before it; under `time`
    of all topics.

    Documents that no run has come last in a random order. `times` (m) are moments; without them, or where all are the
    same, there is no order by time.
    """
    retrieved: dict[int, list[list[int]]] = {}
    for place, topic in enumerate(rankings.topic_index.tolist()):
        start, end = rankings.offsets[place], rankings.offsets[place + 1]
        retrieved.setdefault(topic, []).append(rankings.documents[start:end].tolist())
    turns = {name: np.zeros(len(grades.grades), dtype=np.int64) for name in (DEPTH, MOVE_TO_FRONT, RANDOM)}
    for topic in np.unique(grades.topic_index).tolist():
        own = np.flatnonzero(grades.topic_index == topic)
        place_of = dict(zip(grades.documents[own].tolist(), own.tolist(), strict=True))
        relevant = {document: bool(grades.grades[place] >= relevant_from) for document, place in place_of.items()}
        rng = random.Random(f"{seed} {topic}")
        documents = rng.sample(list(place_of), len(place_of))
        runs = [[one for one in ranked if one in place_of] for ranked in retrieved.get(topic, [])]
        for name, order in (
            (RANDOM, documents),
            (DEPTH, _by_best_rank(retrieved.get(topic, []), documents)),
            (MOVE_TO_FRONT, _moved_to_front(rng.sample(runs, len(runs)), relevant, documents)),
        ):
            turns[name][[place_of[document] for document in order]] = np.arange(len(order))
    if times is not None and len(np.unique(times)) > 1:
        turns[TIME] = np.argsort(np.argsort(times, kind="stable"), kind="stable")
    return turns


def replay(
    rankings: Rankings,
    grades: Grades,
    measure: str,
    relevant_from: int,
    turns: np.ndarray,
    *,
    whole_order: bool = False,
    points: int = POINTS,
    samples: int = 1_000,
    seed: int = 0,
) -> list[Point]:
    """The curve of one order, at `points` equal steps of the work. `whole_order`: turns count over all topics."""
    whole = evaluate(rankings, grades, [measure], relevant_from)
    full = whole.scores[measure]
    weights = draws(len(whole.topics), samples, seed)
    relevant = grades.grades >= relevant_from
    sizes = np.bincount(grades.topic_index, minlength=len(rankings.topics))[grades.topic_index]
    curve = []
    for step in range(1, points + 1):
        share = step / points
        judged = turns < np.round(share * (len(turns) if whole_order else sizes))
        kept = Grades(*(column[judged] for column in grades))
        scores = _on_topics(evaluate(rankings, kept, [measure], relevant_from), measure, whole.topics)
        spread = band(resampled_taus(full, scores, weights), seed)
        found = float((relevant & judged).sum() / relevant.sum()) if relevant.any() else None
        tau = kendall_tau(mean_scores(full), mean_scores(scores))
        curve.append(Point(int(judged.sum()), share, found, tau, spread.low, spread.high))
    return curve


def first_lasting(curve: Sequence[Point], target: float) -> Point | None:
    """The first point from which on tau never falls below the target again; None where the curve ends below it."""
    found = None
    for point in reversed(curve):
        if point.tau is None or point.tau < target:
            break
        found = point
    return found


def _by_best_rank(runs: list[list[int]], documents: list[int]) -> list[int]:
    best: dict[int, int] = {}
    for ranked in runs:
        for rank, document in enumerate(ranked):
            best[document] = min(rank, best.get(document, rank))
    last = max(best.values(), default=0) + 1
    return sorted(documents, key=lambda document: best.get(document, last))


def _moved_to_front(runs: list[list[int]], relevant: dict[int, bool], documents: list[int]) -> list[int]:
    labels: dict[int, bool] = {}
    order = []
    for document in following(runs, labels):
        labels[document] = relevant[document]
        order.append(document)
    return order + [document for document in documents if document not in labels]


def _on_topics(evaluation, measure: str, topics: list[str]) -> np.ndarray:
    """The scores with a column for each of the topics, 0 for those that nothing is judged of yet."""
    column = {topic: place for place, topic in enumerate(topics)}
    scores = np.zeros((len(evaluation.runs), len(topics)))
    scores[:, [column[topic] for topic in evaluation.topics]] = evaluation.scores[measure]
    return scores
