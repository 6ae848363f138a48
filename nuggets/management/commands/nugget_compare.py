import json

from assessment.domain.errors import DomainError
from nuggets.domain.scores import RULES
from nuggets.management.nugget_command import NuggetCommand
from nuggets.models import NuggetAssignment
from nuggets.selectors.comparisons import PRIMARY, comparison
from nuggets.selectors.scores import bank_called, nugget_scores


class Command(NuggetCommand):
    help = "Describe and compare every pair of a bank and an assessor who has labelled its nuggets."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument(
            "--assessor", action="append", metavar="NAME", help="only this one's labels; may be given several times"
        )
        parser.add_argument(
            "--bank", action="append", metavar="NAME", help="only this bank; may be given several times"
        )
        parser.add_argument("--score", choices=list(RULES), default=PRIMARY, help=f"default: {PRIMARY}")
        parser.add_argument("--format", choices=["json"], default="json")

    def handle(self, *, track, assessor, bank, topics, score, **options):
        track = self.get_track(track)
        topics = self.get_topics(track, topics)
        assessors = {self.get_assessor(track, name).pk for name in assessor or []}
        banks = {bank_called(track, name).pk for name in bank or []}
        sides = [
            nugget_scores(bank, assessor, topics)
            for bank, assessor in self._pairs(track)
            if (not banks or bank.pk in banks) and (not assessors or assessor.pk in assessors)
        ]
        if not sides:
            raise DomainError(f"Nobody has labelled nuggets like that in {track.slug}.")
        self.stdout.write(json.dumps(comparison(sides, score), indent=1, ensure_ascii=False, allow_nan=False))

    def _pairs(self, track):
        """Every (bank, assessor) with labels, by their names."""
        used = NuggetAssignment.objects.filter(assessor__track=track).order_by()
        keys = set(used.values_list("wording__nugget__topic_bank__bank", "assessor").distinct())
        banks, assessors = track.banks.order_by("name"), track.assessors.order_by("name")
        return [(bank, one) for bank in banks for one in assessors if (bank.pk, one.pk) in keys]
