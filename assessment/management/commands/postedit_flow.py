import json

from assessment.management.track_command import TrackCommand
from assessment.selectors.postedit import postedit_flow


class Command(TrackCommand):
    help = (
        "What became of the labels that an assessor was shown: n, how many were kept, lowered and raised, their "
        "shares, and the matrix (rows: shown grade, columns: final grade). What is undefined is null."
    )

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--assessor", required=True, metavar="NAME")
        parser.add_argument("--format", choices=["json"], default="json")

    def handle(self, *, track, assessor, **options):
        found = self.get_assessor(self.get_track(track), assessor)
        self.stdout.write(json.dumps(postedit_flow(found).as_dict(), indent=1, allow_nan=False))
