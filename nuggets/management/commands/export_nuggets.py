from nuggets.management.nugget_command import NuggetCommand
from nuggets.selectors.exports import nugget_lines
from nuggets.selectors.scores import bank_called


class Command(NuggetCommand):
    help = "Print a bank's nuggets as JSONL: each topic's latest frozen list, or the list as it stands."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--bank", required=True, metavar="NAME")

    def handle(self, *, track, bank, topics, **options):
        track = self.get_track(track)
        for line in nugget_lines(bank_called(track, bank), self.get_topics(track, topics)):
            self.stdout.write(line, ending="")
