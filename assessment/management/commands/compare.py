import json

from assessment.management.track_command import TrackCommand
from assessment.selectors.comparisons import compare


class Command(TrackCommand):
    help = "Compare the runs' order under two assessors, and the two assessors' grades. What is undefined is null."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--manual", required=True, metavar="NAME", help="the assessor to be matched")
        parser.add_argument("--automatic", required=True, metavar="NAME", help="the assessor under test")
        parser.add_argument("--measure", default="nDCG@10", help="default: nDCG@10")
        parser.add_argument("--format", choices=["json"], default="json")

    def handle(self, *, track, manual, automatic, measure, **options):
        track = self.get_track(track)
        sides = [self.get_assessor(track, name) for name in (manual, automatic)]
        comparison = compare(track, *sides, measure)
        self.stdout.write(json.dumps(comparison.as_dict(), indent=1, ensure_ascii=False, allow_nan=False))
