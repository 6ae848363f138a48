"""Whose labels of which bank a page is about, and by which score: the choice is in the address."""

from typing import NamedTuple

from django.http import QueryDict

from assessment.domain.errors import DomainError
from assessment.models import Track
from nuggets.domain.scores import RULES
from nuggets.selectors.leaderboards import PRIMARY, Source, sources_of


class Choice(NamedTuple):
    """`asked` is the key of a source, which may be wrong; `sources` are those to choose from, at least one."""

    sources: list[Source]
    asked: str
    score: str

    @property
    def source(self) -> Source:
        """DomainError where the address asks for what is not there."""
        return source_called(self.sources, self.asked)

    @property
    def scores(self) -> list[str]:
        return list(RULES)


def choice_in(query: QueryDict, track: Track) -> Choice | None:
    """What the address asks for, by default the first source and the primary score; None where nothing is labelled."""
    sources = sources_of(track)
    if not sources:
        return None
    score = query.get("score", PRIMARY)
    return Choice(sources, query.get("source", sources[0].key), score if score in RULES else PRIMARY)


def source_called(sources: list[Source], key: str) -> Source:
    found = next((source for source in sources if source.key == key), None)
    if found is None:
        raise DomainError("These labels are not of this track, or are gone; choose others.")
    return found
