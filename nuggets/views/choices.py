"""Whose labels of which bank a page is about, by which score and over which topics: the choice is in the address."""

from typing import NamedTuple

from django.http import QueryDict

from assessment.domain.errors import DomainError
from assessment.models import Topic, Track
from assessment.selectors.topic_names import topics_called
from nuggets.domain.scores import RULES
from nuggets.selectors.leaderboards import PRIMARY, Source, sources_of


class Choice(NamedTuple):
    """`asked` is the key of a source, which may be wrong; `sources` are those to choose from, at least one. `said` is
    the declared topic set as it was typed, empty for the default."""

    track: Track
    sources: list[Source]
    asked: str
    score: str
    said: str

    @property
    def source(self) -> Source:
        """DomainError where the address asks for what is not there."""
        return source_called(self.sources, self.asked)

    @property
    def topics(self) -> list[Topic] | None:
        """The declared topics, None for the default. DomainError for those that the track does not have."""
        return topics_called(self.track, self.said) if self.said else None

    @property
    def options(self) -> list[str]:
        """The declared topics as a command takes them."""
        return ["--topics", self.said] if self.said else []

    @property
    def scores(self) -> list[str]:
        return list(RULES)


def choice_in(query: QueryDict, track: Track) -> Choice | None:
    """What the address asks for, by default the first source and the primary score; None where nothing is labelled."""
    sources = sources_of(track)
    if not sources:
        return None
    asked = query.get("source", sources[0].key)
    return Choice(track, sources, asked, score_in(query), said_topics(query))


def score_in(query: QueryDict) -> str:
    score = query.get("score", PRIMARY)
    return score if score in RULES else PRIMARY


def said_topics(query: QueryDict) -> str:
    return query.get("topics", "").strip()


def source_called(sources: list[Source], key: str) -> Source:
    found = next((source for source in sources if source.key == key), None)
    if found is None:
        raise DomainError("These labels are not of this track, or are gone; choose others.")
    return found
