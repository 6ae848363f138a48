import csv
import json

from nuggets.domain.scores import RULES
from nuggets.management.nugget_command import NuggetCommand
from nuggets.selectors.scores import bank_for, nugget_scores

DECIMALS = 8


class Command(NuggetCommand):
    help = "Print each run's six nugget scores by one assessor's labels. What is undefined is empty, or null in JSON."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--assessor", required=True, metavar="NAME", help="whose labels")
        parser.add_argument("--bank", metavar="NAME", help="default: the one whose nuggets the assessor has labelled")
        parser.add_argument("--format", choices=["csv", "json"], default="csv")

    def handle(self, *, track, assessor, bank, topics, format, **options):
        track = self.get_track(track)
        assessor = self.get_assessor(track, assessor)
        found = nugget_scores(bank_for(track, assessor, bank), assessor, self.get_topics(track, topics))
        means = {name: found.means(name) for name in RULES}
        self._tell(found)
        rows = [(run, name, means[name][place]) for place, run in enumerate(found.runs) for name in RULES]
        if format == "json":
            keyed = [dict(zip(("run", "score", "value"), row, strict=True)) for row in rows]
            self.stdout.write(json.dumps(keyed, indent=1, ensure_ascii=False, allow_nan=False))
            return
        writer = csv.writer(self.stdout, lineterminator="\n")
        writer.writerow(["run", "score", "value"])
        writer.writerows((run, name, "" if value is None else f"{value:.{DECIMALS}f}") for run, name, value in rows)

    def _tell(self, found) -> None:
        """What made the figures, on standard error."""
        self.stderr.write(f"{found.assessor.name}'s labels of {found.bank.name}, {len(found.topics)} topics.")
        for run, missing, unlabelled in zip(found.runs, found.missing, found.unlabelled, strict=True):
            if missing:
                self.stderr.write(f"{run}: no answer to {missing} topics, counted as 0.")
            if unlabelled:
                self.stderr.write(f"{run}: {unlabelled} answers not labelled yet, left out.")
        for name in RULES:
            if undefined := found.undefined(name):
                self.stderr.write(f"{name}: undefined in {undefined} topics.")
