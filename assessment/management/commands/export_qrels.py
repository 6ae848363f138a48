from assessment.management.track_command import TrackCommand
from assessment.selectors.exports import qrels_lines


class Command(TrackCommand):
    help = "Print an assessor's judgments as qrels that trec_eval reads."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--assessor", required=True, metavar="NAME")
        parser.add_argument("--keep-negative", action="store_true", help="also imported negative grades, as they stood")
        parser.add_argument("--keep-iterations", action="store_true", help="column 2 of an imported file, as it stood")
        parser.add_argument(
            "--condition-codes",
            action="store_true",
            help="--keep-iterations, and for other rows how they were judged: "
            "1 manual, 2 filtered, 2 + g post-edit with label g shown, 0 automatic",
        )

    def handle(self, *, track, assessor, keep_negative, keep_iterations, condition_codes, **options):
        found = self.get_assessor(self.get_track(track), assessor)
        for line in qrels_lines(
            found, keep_negative=keep_negative, keep_iterations=keep_iterations, condition_codes=condition_codes
        ):
            self.stdout.write(line, ending="")
