"""What the commands about nuggets share."""

from assessment.management.track_command import TrackCommand
from assessment.models import Topic, Track
from assessment.selectors.topic_names import topics_called


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
