import json

from assessment.domain.errors import DomainError
from assessment.management.track_command import TrackCommand
from assessment.models import Assessor
from llm_worker.selectors.calibration_report import calibration_report


class Command(TrackCommand):
    help = (
        "How far a judge can be trusted: agreement, reliability of its probabilities, risk against coverage, failures. "
        "What is undefined is null."
    )

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--judge", required=True, metavar="NAME", help="a judge or an ensemble of the track")
        parser.add_argument(
            "--with", dest="other", metavar="ASSESSOR", help="whose grades count; unsaid: who shares most pairs with it"
        )
        parser.add_argument("--format", choices=["json"], default="json")

    def handle(self, *, track, judge, other, **options):
        track = self.get_track(track)
        assessor = self.get_assessor(track, judge)
        if assessor.kind != Assessor.Kind.LLM:
            raise DomainError(f"{judge} is no judge but {assessor.get_kind_display()}; `agreement` compares any two.")
        if other is not None and self.get_assessor(track, other).kind == Assessor.Kind.LLM:
            raise DomainError(f"{other} is a judge too; a judge is calibrated against people or imported grades.")
        report = calibration_report(assessor, other)
        if other is not None and report["with"] is None:
            raise DomainError(f"{judge} and {other} have graded no pair in common in {track.slug}.")
        self.stdout.write(json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False))
