import csv
import json

from assessment.domain.errors import DomainError
from assessment.management.track_command import TrackCommand
from assessment.selectors.powered import PoweredRow, powered_grades, powered_runs
from assessment.selectors.topic_names import topics_called


class Command(TrackCommand):
    help = (
        "Estimate the runs' means from few manual and many automatic judgments (PPI++), with intervals, the weight of "
        "the automatic ones (lambda) and how many manual labels alone would be as good (effective_n)."
    )

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--manual", required=True, metavar="NAME")
        parser.add_argument("--automatic", required=True, metavar="NAME")
        parser.add_argument("--measure", default="nDCG@10", help="default: nDCG@10")
        parser.add_argument(
            "--unit", choices=["topics", "pairs"], default="topics", help="topics: the runs' means; pairs: the grades'"
        )
        parser.add_argument(
            "--labelled", type=int, metavar="N", help="use so many of the manual labels and hide the rest"
        )
        parser.add_argument("--seed", type=int, default=0, help="draws the labelled ones; default: 0")
        parser.add_argument("--level", type=float, default=0.95, help="of the intervals; default: 0.95")
        parser.add_argument("--lambda", dest="weight", type=float, help="default: tuned for each mean")
        parser.add_argument("--topics", metavar="QID,...", help="default: all that --automatic has judged")
        parser.add_argument("--exclude-run", action="append", default=[], metavar="TAG", help="several times")
        parser.add_argument("--format", choices=["json", "csv"], default="json")

    def handle(self, *, track, manual, automatic, measure, unit, topics, exclude_run, format, **options):
        track = self.get_track(track)
        sides = [self.get_assessor(track, name) for name in (manual, automatic)]
        terms = {name: options[name] for name in ("labelled", "seed", "level", "weight")}
        if unit == "pairs":
            if topics or exclude_run:
                raise DomainError("--topics and --exclude-run are about runs; they do not go with --unit pairs.")
            found = powered_grades(track, *sides, **terms)
        else:
            chosen = topics_called(track, topics)
            found = powered_runs(track, *sides, measure, topics=chosen, exclude=exclude_run, **terms)
        if format == "json":
            said = {"track": track.slug} | found.as_dict()
            self.stdout.write(json.dumps(said, indent=1, ensure_ascii=False, allow_nan=False))
            return
        writer = csv.writer(self.stdout, lineterminator="\n")
        writer.writerow(PoweredRow._fields)
        writer.writerows(
            [f"{value:.8f}" if isinstance(value, float) else "" if value is None else value for value in row]
            for row in found.rows
        )
