"""Which documents an answer cites, and how strongly."""

from collections.abc import Iterable, Mapping


def cited(sentences: Iterable[Mapping], most: int | None = None) -> dict[str, int]:
    """Each docid's best place, from 1, among the citations of a sentence; only the first `most` of each sentence count
    (None: all). Sentences as `Answer.sentences` has them, strongest citation first."""
    places: dict[str, int] = {}
    for sentence in sentences:
        for place, citation in enumerate(sentence["citations"][:most], 1):
            docid = citation["docid"]
            places[docid] = min(place, places.get(docid, place))
    return places
