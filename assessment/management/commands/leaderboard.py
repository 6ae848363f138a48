import csv
import json

from assessment.management.track_command import TrackCommand
from assessment.selectors.leaderboards import scores_of

DECIMALS = 8


class Command(TrackCommand):
    help = "Print the scores of a track's runs by one assessor's judgments, as trec_eval -c computes them."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument(
            "--qrels", "--assessor", dest="assessor", required=True, metavar="NAME", help="whose judgments"
        )
        parser.add_argument("--measures", default="nDCG@10", help="comma-separated, such as nDCG@10,P@5,AP,RR")
        parser.add_argument("--format", choices=["csv", "json"], default="csv")
        parser.add_argument("--per-topic", action="store_true", help="each topic's score instead of the means")

    def handle(self, *, track, assessor, measures, format, per_topic, **options):
        track = self.get_track(track)
        names = list(dict.fromkeys(name.strip() for name in measures.split(",")))
        header = ["run", "topic", "measure", "value"] if per_topic else ["run", "measure", "value"]
        rows = [
            {field: getattr(score, field) for field in header}
            for score in scores_of(track, self.get_assessor(track, assessor), names, per_topic)
        ]
        if format == "json":
            self.stdout.write(json.dumps(rows, indent=1, ensure_ascii=False, allow_nan=False))
            return
        writer = csv.writer(self.stdout, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([*list(row.values())[:-1], f"{row['value']:.{DECIMALS}f}"] for row in rows)
