import json

from assessment.domain.errors import DomainError
from assessment.management.comparison_command import ComparisonCommand
from assessment.selectors.comparisons import Comparison, compared
from assessment.selectors.judges import judges_table


class Command(ComparisonCommand):
    help = (
        "Compare the runs' order under two assessors, and the two assessors' grades. What is undefined is null. "
        "Several --automatic: a list `judges`, best first, with the difference of tau to the best and its interval."
    )

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--format", choices=["json"], default="json")

    def handle(self, *, track, manual, automatic, **options):
        track = self.get_track(track)
        names = list(dict.fromkeys(automatic))
        if len(names) > 1 and manual in names:
            raise DomainError(f"{manual} is the manual assessor; leave it out of --automatic.")
        assessors = [self.get_assessor(track, name) for name in dict.fromkeys([manual, *names])]
        sides, terms = self.sides(track, assessors, options), self.terms(options)
        if len(names) == 1:
            said = whole(compared(sides, manual, names[0], terms))
        else:
            rows = judges_table(sides, manual, terms)
            said = {"track": track.slug, "manual": manual, "measure": sides.measure}
            said |= {"judges": [row.as_dict() for row in rows], "comparisons": [whole(row.comparison) for row in rows]}
        self.stdout.write(json.dumps(said, indent=1, ensure_ascii=False, allow_nan=False))


def whole(comparison: Comparison) -> dict:
    """Everything that is known of a comparison, under the keys that the README documents."""
    found = comparison.uncertainty
    team_stability = found.team_stability
    return comparison.as_dict() | {
        "stability": found.stability._asdict(),
        "team_stability": team_stability and team_stability._asdict(),
        "jackknife_se": found.jackknife_se,
        "significance": found.significance,
        "swapped_pairs": [pair._asdict() for pair in found.swapped_pairs],
    }
