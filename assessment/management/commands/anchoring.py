import json

from assessment.management.track_command import TrackCommand
from assessment.selectors.anchoring import Anchoring, anchoring


class Command(TrackCommand):
    help = (
        "What suggestions did to grades. JSON has three lists. sight: grades against labels, with the label "
        "in_sight and out_of_sight (manual, filtered, before_reveal, unseen), each with n, topics, same (share of "
        "equal grades), bias (mean of grade minus label) and kappa; the same under labels_above_0, since filtered "
        "and post-edit pools leave out what the source graded 0; same_difference is in_sight minus out_of_sight "
        "there. reveals: commit, then reveal: n, unchanged, to_label, toward, across, away (they add up to n), "
        "matrix (rows: before, columns: after, over grades), before and after (likeness to the label), decided "
        "(graded again in sight of it). vigilance: planted, topics, shown, accepted, trusted, other, "
        "accepted_share, accepted_interval (Wilson, 95 %). An assessor of null is all people together, a source of "
        "null an unknown one; what is undefined is null."
    )

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--assessor", metavar="NAME", help="only this one's; default: everyone's")
        parser.add_argument("--format", choices=["json", "table"], default="json")

    def handle(self, *, track, assessor, format, **options):
        track = self.get_track(track)
        found = anchoring(track, self.get_assessor(track, assessor) if assessor else None)
        if format == "json":
            self.stdout.write(json.dumps(found.as_dict(), indent=1, allow_nan=False))
        else:
            self.stdout.write("\n".join(table_lines(found)))


def table_lines(found: Anchoring) -> list[str]:
    """Three tables, their columns separated by tabs; a dash is undefined."""
    lines = ["assessor\tsource\tlabels\twith\tn\ttopics\tsame\tbias\tkappa"]
    for row in found.sight:
        for labels, ways in (("all", row.ways), ("above 0", row.above)):
            for way, one in ways.items():
                if one.n:
                    figures = [one.n, one.topics, one.same, one.bias, one.kappa]
                    lines.append(_line(_who(row.assessor), _source(row.source), labels, way, *figures))
    lines += ["", "assessor\trevealed\tdecided\tunchanged\tto_label\ttoward\tacross\taway\tsame_before\tsame_after"]
    for row in found.reveals:
        one = row.found
        ways = [one.n, row.decided, one.unchanged, one.to_label, one.toward, one.across, one.away]
        lines.append(_line(_who(row.assessor), *ways, one.before.same, one.after.same))
    lines += ["", "assessor\tplanted\tshown\taccepted\ttrusted\tother\tshare\tlow\thigh"]
    for row in found.vigilance:
        one = row.found
        counts = [row.planted, one.shown, one.accepted, one.trusted, one.other]
        lines.append(_line(_who(row.assessor), *counts, one.share, *(one.interval or (None, None))))
    return lines


def _line(*cells) -> str:
    return "\t".join("–" if cell is None else f"{cell:.4f}" if isinstance(cell, float) else str(cell) for cell in cells)


def _who(assessor) -> str:
    return assessor.name if assessor else "all people"


def _source(source) -> str:
    return source.name if source else "unknown"
