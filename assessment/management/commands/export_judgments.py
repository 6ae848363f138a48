from assessment.management.track_command import TrackCommand
from assessment.selectors.judgment_exports import FORMATS, judgment_lines


class Command(TrackCommand):
    help = (
        "Print every judgment of a track with its whole story: who, under which condition, what was shown, what was "
        "said, how long it took, and its history. Answers to vigilance items have vigilance true, the planted label as "
        "suggestion_grade and the right one as trusted_grade."
    )

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--format", choices=FORMATS, default="jsonl", help="default: jsonl")

    def handle(self, *, track, format, **options):
        for line in judgment_lines(self.get_track(track), format):
            self.stdout.write(line, ending="")
