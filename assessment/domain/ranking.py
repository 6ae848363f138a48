"""The order that a judge's distributions give to a topic's passages, before anybody has judged them."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import NamedTuple

from assessment.domain.confidence import confidence_of

LIKELY, UNCERTAIN = "likely", "uncertain"


class Scored(NamedTuple):
    """A passage with its score (None: the judge has no distribution for it) and what breaks ties: the lot and the
    docid."""

    item: Hashable
    score: float | None
    lot: int
    docid: str


def score(distribution: Mapping[str, float] | None, order: str) -> float | None:
    """What `order` sorts by, the highest first: for LIKELY the expected grade, for UNCERTAIN the entropy in bits. None
    without a distribution; ValueError for any other order."""
    if order not in (LIKELY, UNCERTAIN):
        raise ValueError(f"{order!r} is no order by a judge")
    told = confidence_of(distribution, grade=0)
    if told is None:
        return None
    return told.expected if order == LIKELY else told.entropy


def ranked(passages: Iterable[Scored], judged: Sequence[Hashable] = ()) -> list[Scored]:
    """What was judged already, in the order in which that happened; then the highest score first; and last, by their
    lots, those that the judge says nothing of."""
    places = {item: place for place, item in enumerate(judged)}

    def key(one: Scored) -> tuple:
        if one.item in places:
            return 0, places[one.item], 0.0, 0, ""
        return 1, one.score is None, -(one.score or 0.0), one.lot, one.docid

    return sorted(passages, key=key)
