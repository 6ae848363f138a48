"""What the commands about nuggets share."""

from assessment.domain.errors import DomainError
from assessment.management.track_command import TrackCommand
from assessment.models import Topic, Track


class NuggetCommand(TrackCommand):
    """A command over a declared set of topics."""

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument(
            "--topics",
            metavar="QID,...",
            help="default: the topics whose bank has a nugget and an answer that the assessor has labelled",
        )

    def get_topics(self, track: Track, said: str | None) -> list[Topic] | None:
        return topics_called(track, said)


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
