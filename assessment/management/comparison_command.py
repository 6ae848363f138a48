"""What the commands share that set assessors' scores of a track's runs side by side."""

from assessment.domain.comparing import MISSING, SAMPLES, Terms
from assessment.domain.significance import METHODS
from assessment.management.track_command import TrackCommand
from assessment.models import Assessor, Track
from assessment.selectors.sides import Sides, sides_of
from assessment.selectors.topic_names import topics_called


class ComparisonCommand(TrackCommand):
    """A manual and one or more automatic assessors, one measure, and the terms of the comparison."""

    sides_required = True

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--manual", required=self.sides_required, metavar="NAME", help="the assessor to be matched")
        parser.add_argument(
            "--automatic",
            required=self.sides_required,
            action="append",
            metavar="NAME",
            help="the assessor under test; may be given several times",
        )
        parser.add_argument("--measure", default="nDCG@10", help="default: nDCG@10")
        parser.add_argument("--topics", metavar="QID,...", help="default: all that both have judged")
        parser.add_argument(
            "--exclude-run", action="append", default=[], metavar="TAG", help="leave this run out; several times"
        )
        parser.add_argument(
            "--missing",
            choices=list(MISSING),
            default="zero",
            help="a topic that a run lacks: counts as 0 (default), or is left out of its mean",
        )
        parser.add_argument("--samples", type=int, default=SAMPLES, help=f"of every resampling; default: {SAMPLES}")
        parser.add_argument("--seed", type=int, default=0, help="default: 0")
        parser.add_argument("--alpha", type=float, default=0.05, help="of the tests of two runs; default: 0.05")
        parser.add_argument("--test", choices=METHODS, default="t", help="of two runs; default: t (paired, Holm)")

    def sides(self, track: Track, assessors: list[Assessor], options: dict) -> Sides:
        topics = topics_called(track, options["topics"])
        return sides_of(track, assessors, options["measure"], topics=topics, exclude=options["exclude_run"])

    def terms(self, options: dict) -> Terms:
        return Terms(options["missing"], options["alpha"], options["test"], options["samples"], options["seed"])

    def words(self, options: dict) -> list[str]:
        """The options that are not as usual, as they were given."""
        usual = Terms()
        words = ["--topics", options["topics"]] if options["topics"] else []
        for tag in options["exclude_run"]:
            words += ["--exclude-run", tag]
        given = self.terms(options)
        names = {
            "missing": "--missing",
            "alpha": "--alpha",
            "method": "--test",
            "samples": "--samples",
            "seed": "--seed",
        }
        for field, option in names.items():
            if getattr(given, field) != getattr(usual, field):
                words += [option, str(getattr(given, field))]
        return words
