"""Where two assessors part: topic by topic, and passage by passage with what both wrote."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from assessment.domain.agreement import cohen_kappa, confusion, exact_agreement, mean_signed_difference
from assessment.models import Assessor, Document, Judgment, Topic, Track
from assessment.selectors.matrices import TrackGrades


class SharedGrades(NamedTuple):
    """Both grades of every pair that both graded, side by side."""

    topics: np.ndarray
    documents: np.ndarray
    first: np.ndarray
    second: np.ndarray

    @property
    def apart(self) -> np.ndarray:
        """How many grades lie between the two: 0 where they agree."""
        return np.abs(self.first - self.second)


class TopicAgreement(NamedTuple):
    """Two assessors on one topic: `n` pairs; None where undefined. `bias` is the mean of b minus a."""

    topic: Topic
    n: int
    kappa: float | None
    exact: float | None
    bias: float | None
    apart: int


class Wanted(NamedTuple):
    """Which disagreements to list: at least `apart` grades from each other, of one topic, of one cell of the table."""

    apart: int = 1
    qid: str = ""
    first: int | None = None
    second: int | None = None


class Disagreement(NamedTuple):
    """One passage that a and b grade differently, with both judgments (grade, note, reason, condition, times)."""

    topic: Topic
    document: Document
    a: Judgment
    b: Judgment

    @property
    def apart(self) -> int:
        return abs(self.a.grade - self.b.grade)


def shared_grades(given: TrackGrades, a: Assessor, b: Assessor) -> SharedGrades:
    """What both graded, out of all grades. No query."""
    first, second = given.of(a), given.of(b)
    _, here, there = np.intersect1d(first.pairs, second.pairs, assume_unique=True, return_indices=True)
    return SharedGrades(first.topics[here], first.documents[here], first.grades[here], second.grades[there])


def topics_of(track: Track) -> dict[int, Topic]:
    """The track's topics by key, in their order."""
    return {topic.pk: topic for topic in track.topics.order_by("position", "pk").only("track_id", "qid", "query")}


def topic_agreements(shared: SharedGrades, topics: dict[int, Topic], scale: Sequence[int]) -> list[TopicAgreement]:
    """Agreement on each topic with a pair in common, in the order of `topics`. `apart` counts its disagreements."""
    found = {}
    for key in np.unique(shared.topics).tolist():
        here = shared.topics == key
        matrix = confusion(shared.first[here], shared.second[here], scale)
        n = int(matrix.sum())
        figures = cohen_kappa(matrix), exact_agreement(matrix), mean_signed_difference(matrix, scale)
        found[key] = TopicAgreement(topics[key], n, *figures, n - int(np.trace(matrix)))
    return [found[key] for key in topics if key in found]


def disagreement_places(shared: SharedGrades, topics: dict[int, Topic], wanted: Wanted) -> list[int]:
    """Places in `shared` of the wanted disagreements: farthest apart first, then in the order of topics."""
    kept = shared.apart >= max(wanted.apart, 1)
    if wanted.qid:
        kept &= np.isin(shared.topics, [key for key, topic in topics.items() if topic.qid == wanted.qid])
    for grades, grade in ((shared.first, wanted.first), (shared.second, wanted.second)):
        if grade is not None:
            kept &= grades == grade
    order = {key: place for place, key in enumerate(topics)}
    places = np.flatnonzero(kept).tolist()
    far, keys = shared.apart.tolist(), shared.topics.tolist()
    return sorted(places, key=lambda place: (-far[place], order[keys[place]], place))


def disagreements(
    shared: SharedGrades, topics: dict[int, Topic], places: Sequence[int], a: Assessor, b: Assessor
) -> list[Disagreement]:
    """The disagreements at these places, with their texts. Two queries."""
    pairs = [(int(shared.topics[place]), int(shared.documents[place])) for place in places]
    documents = Document.objects.in_bulk([document for _, document in pairs])
    said = Judgment.objects.filter(
        assessor__in=[a, b], topic__in={topic for topic, _ in pairs}, document__in=documents
    ).defer("distribution")
    by_pair = {(one.assessor_id, one.topic_id, one.document_id): one for one in said}
    rows = []
    for topic, document in pairs:
        both = by_pair.get((a.pk, topic, document)), by_pair.get((b.pk, topic, document))
        # A grade may have been taken back since the grades were read.
        if all(one is not None and one.grade is not None for one in both):
            rows.append(Disagreement(topics[topic], documents[document], *both))
    return rows
