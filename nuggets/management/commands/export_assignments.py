from nuggets.management.nugget_command import NuggetCommand
from nuggets.selectors.exports import assignment_lines
from nuggets.selectors.scores import bank_for


class Command(NuggetCommand):
    help = "Print an assessor's labels of nuggets as JSONL, the answers that are labelled whole, by topic and run."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--assessor", required=True, metavar="NAME", help="whose labels")
        parser.add_argument("--bank", metavar="NAME", help="default: the one whose nuggets the assessor has labelled")

    def handle(self, *, track, assessor, bank, topics, **options):
        track = self.get_track(track)
        assessor = self.get_assessor(track, assessor)
        for line in assignment_lines(bank_for(track, assessor, bank), assessor, self.get_topics(track, topics)):
            self.stdout.write(line, ending="")
