from assessment.domain.ensembles import RULES
from assessment.domain.errors import DomainError
from assessment.management.track_command import TrackCommand
from assessment.models import Ensemble
from assessment.selectors.ensembles import ensembles_of_track
from assessment.services.ensembles import Combination, ensemble_combine, ensemble_create


class Command(TrackCommand):
    help = (
        "List a track's ensembles; make one of several judges with --name and --members; or make the labels of one "
        "anew with --name alone."
    )

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--name", help="of the ensemble; its labels are called so")
        parser.add_argument("--members", nargs="+", metavar="NAME", help="judges and imported labels to combine")
        parser.add_argument("--rule", choices=RULES, default=RULES[0], help=f"default: {RULES[0]}")
        parser.add_argument("--quorum", type=int, metavar="N", help="fewer labels make none (default: all members)")

    def handle(self, *, track, name, members, rule, quorum, **options):
        track = self.get_track(track)
        if name is None:
            if members:
                raise DomainError("Give the ensemble a name: --name.")
            self._list(track)
        elif members:
            chosen = [self.get_assessor(track, member) for member in members]
            quorum = len(chosen) if quorum is None else quorum
            made = ensemble_create(track=track, name=name, members=chosen, rule=rule, quorum=quorum)
            self._say(name, made[1])
        else:
            self._say(name, ensemble_combine(ensemble=self._find(track, name)))

    def _find(self, track, name: str) -> Ensemble:
        found = Ensemble.objects.filter(result__track=track, result__name=name).first()
        if found is None:
            known = ", ".join(row.ensemble.result.name for row in ensembles_of_track(track)) or "none yet"
            raise DomainError(f"{track.slug} has no ensemble {name!r}; there are: {known}. --members makes one.")
        return found

    def _say(self, name: str, combination: Combination) -> None:
        self.stdout.write(
            f"{name}: {combination.labels:,} labels; {combination.changed:,} new or changed, "
            f"{combination.withdrawn:,} withdrawn"
        )

    def _list(self, track) -> None:
        self.stdout.write("\t".join(("name", "rule", "quorum", "labels", "members", "members changed since")))
        for row in ensembles_of_track(track):
            one, members = row.ensemble, ", ".join(member.name for member in row.members)
            told = (one.result.name, one.rule, one.quorum, row.labels, members, "yes" if row.is_stale else "no")
            self.stdout.write("\t".join(map(str, told)))
