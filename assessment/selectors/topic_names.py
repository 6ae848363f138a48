"""Topics by the names that people type."""

from assessment.domain.errors import DomainError
from assessment.models import Topic, Track


def topics_called(track: Track, said: str | None) -> list[Topic] | None:
    """The topics of a list of qids with commas, in the track's order; None for None. DomainError for an unknown one."""
    if said is None:
        return None
    wanted = list(dict.fromkeys(filter(None, map(str.strip, said.split(",")))))
    topics = list(track.topics.filter(qid__in=wanted).order_by("position"))
    unknown = sorted(set(wanted) - {topic.qid for topic in topics})
    if unknown or not topics:
        raise DomainError(f"{track.slug} has no topic {', '.join(unknown) or 'of that name'}.")
    return topics
