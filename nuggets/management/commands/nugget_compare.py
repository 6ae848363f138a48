import json

from assessment.domain.errors import DomainError
from nuggets.domain.scores import RULES
from nuggets.management.nugget_command import NuggetCommand
from nuggets.selectors.comparisons import comparison
from nuggets.selectors.leaderboards import PRIMARY, sources_of
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
            for bank, assessor in sources_of(track)
            if (not banks or bank.pk in banks) and (not assessors or assessor.pk in assessors)
        ]
        if not sides:
            raise DomainError(f"Nobody has labelled nuggets like that in {track.slug}.")
        self.stdout.write(json.dumps(comparison(sides, score), indent=1, ensure_ascii=False, allow_nan=False))
