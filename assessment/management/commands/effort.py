import json

from assessment.domain.errors import DomainError
from assessment.management.track_command import TrackCommand
from assessment.selectors.effort import TARGET, effort_of


class Command(TrackCommand):
    help = (
        "How much of an assessor's work would have been enough: Kendall's tau with the whole ranking as judgments "
        "grow, replayed by depth, move-to-front, at random and by time, and with fewer topics, told on held-out teams."
    )

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--manual", required=True, metavar="NAME", help="whose work")
        parser.add_argument("--automatic", required=True, metavar="NAME", help="what no human work would give")
        parser.add_argument("--measure", default="nDCG@10", help="default: nDCG@10")
        parser.add_argument("--target", type=float, default=TARGET, help=f"of tau; default: {TARGET}")
        parser.add_argument("--seed", type=int, default=0, help="default: 0")
        parser.add_argument("--format", choices=["json"], default="json")

    def handle(self, *, track, manual, automatic, measure, target, seed, **options):
        if not -1 <= target <= 1:
            raise DomainError(f"Kendall's tau lies between -1 and 1, not at {target}.")
        track = self.get_track(track)
        sides = [self.get_assessor(track, name) for name in (manual, automatic)]
        said = {"track": track.slug} | effort_of(track, *sides, measure, seed).as_dict(target)
        self.stdout.write(json.dumps(said, indent=1, ensure_ascii=False, allow_nan=False))
