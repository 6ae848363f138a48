import json

from assessment.management.track_command import TrackCommand
from assessment.selectors.agreements import pair_agreement


class Command(TrackCommand):
    help = "The agreement of two assessors on the pairs that both graded. What is undefined is null."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--a", required=True, metavar="NAME", help="the rows of the confusion matrix")
        parser.add_argument("--b", required=True, metavar="NAME", help="its columns; the bias is the mean of b - a")
        parser.add_argument("--format", choices=["json"], default="json")

    def handle(self, *, track, a, b, **options):
        track = self.get_track(track)
        found = pair_agreement(*(self.get_assessor(track, name) for name in (a, b)))
        self.stdout.write(json.dumps(found.as_dict(), indent=1, allow_nan=False))
