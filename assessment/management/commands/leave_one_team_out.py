import json

from assessment.management.track_command import TrackCommand
from assessment.selectors.team_out import team_out


class Command(TrackCommand):
    help = (
        "Score each team's runs without the judgments that the team alone contributed: would a run that was never "
        "pooled be scored fairly? Runs without a team are teams of their own; describe_runs names the teams."
    )

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--assessor", required=True, metavar="NAME", help="whose judgments")
        parser.add_argument("--measure", default="nDCG@10", help="default: nDCG@10")
        parser.add_argument(
            "--depth", type=int, default=10, help="how deep the runs contributed to the pool; default: 10"
        )
        parser.add_argument("--format", choices=["json"], default="json")

    def handle(self, *, track, assessor, measure, depth, **options):
        track = self.get_track(track)
        found = team_out(track, self.get_assessor(track, assessor), measure, depth)
        said = {"track": track.slug, "assessor": assessor, "measure": measure, "depth": depth, "tau": found.tau}
        said["runs"] = [row._asdict() | {"change": row.change} for row in found.runs]
        self.stdout.write(json.dumps(said, indent=1, ensure_ascii=False, allow_nan=False))
