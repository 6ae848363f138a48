from assessment.domain.errors import DomainError
from assessment.management.track_command import TrackCommand
from assessment.models import Adjudication, Pool, Role, Track, User
from assessment.selectors.adjudication_standing import counts_of
from assessment.services.adjudications import adjudication_create, adjudication_refresh


class Command(TrackCommand):
    help = (
        "Make one set of labels out of several: what the sources agree on is taken over at once, the rest is for the "
        "adjudicator. Again with the same arguments, it takes over what has been agreed on since."
    )

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--name", required=True, help="what the set is called: an assessor of the track")
        parser.add_argument("--sources", required=True, nargs="+", metavar="NAME", help="assessors, two at least")
        parser.add_argument("--pool", metavar="NAME", help="only the passages of this pool (default: the whole track)")
        parser.add_argument("--adjudicator", metavar="USER", help="who decides (default: the track's only organizer)")
        parser.add_argument("--show-names", action="store_true", help="the adjudicator sees whose label is whose")
        parser.add_argument("--singles", action="store_true", help="also take over what only one source graded")
        parser.add_argument("--own-labels", action="store_true", help="the adjudicator may be one of the sources")

    def handle(self, *, track, name, sources, pool, adjudicator, show_names, singles, own_labels, **options):
        track = self.get_track(track)
        chosen = [self.get_assessor(track, source) for source in sources]
        pool = self._pool(track, pool)
        person = self._person(track, adjudicator)
        adjudication = Adjudication.objects.filter(result__track=track, result__name=name).first()
        if adjudication is None:
            adjudication, taken = adjudication_create(
                track=track,
                name=name,
                sources=chosen,
                pool=pool,
                adjudicator=person,
                hide_names=not show_names,
                singles=singles,
                own_labels=own_labels,
            )
        else:
            self._check_same(adjudication, chosen, pool, person if adjudicator else adjudication.adjudicator)
            taken = adjudication_refresh(adjudication=adjudication, by=adjudication.adjudicator, singles=singles)
        counts = counts_of([adjudication])[adjudication.pk]
        withdrawn = f", {taken.withdrawn} withdrawn" if taken.withdrawn else ""
        self.stdout.write(f"{name}: {taken.agreed} agreed and {taken.singles} single taken over{withdrawn}")
        self.stdout.write(
            f"{counts.agreed} agreed, {counts.to_decide} to decide, {counts.done} decided, {counts.stale} of them "
            f"changed since, {counts.singles} graded by one only"
        )

    def _pool(self, track: Track, name: str | None) -> Pool | None:
        if name is None:
            return None
        pool = track.pools.filter(name=name).first()
        if pool is None:
            known = ", ".join(track.pools.values_list("name", flat=True)) or "none yet"
            raise DomainError(f"{track.slug} has no pool {name!r}; there are: {known}.")
        return pool

    def _person(self, track: Track, username: str | None) -> User:
        if username is not None:
            person = User.objects.filter(username=username).first()
            if person is None:
                raise DomainError(f"There is no account named {username}.")
            return person
        organizers = list(User.objects.filter(memberships__track=track, memberships__role=Role.ORGANIZER))
        if len(organizers) != 1:
            raise DomainError(f"{track.slug} has {len(organizers)} organizers: name one with --adjudicator.")
        return organizers[0]

    def _check_same(self, stored: Adjudication, sources: list, pool: Pool | None, adjudicator: User) -> None:
        """The name stands for these sources, this pool and this person, or for another adjudication."""
        same = {one.pk for one in stored.sources.all()} == {one.pk for one in sources}
        if not same or stored.pool != pool or stored.adjudicator != adjudicator:
            raise DomainError(
                f"{stored.result.name} is there already, with other sources, another pool or another adjudicator; "
                "choose another name."
            )
