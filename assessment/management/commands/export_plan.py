from assessment.domain.errors import DomainError
from assessment.domain.plan_files import HEADER
from assessment.management.track_command import TrackCommand
from assessment.selectors.plans import plan_file


class Command(TrackCommand):
    help = f"Print who judges what as CSV: {','.join(HEADER)}."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--pool", metavar="NAME", help="default: all pools of the track")

    def handle(self, *, track, pool, **options):
        track = self.get_track(track)
        chosen = None
        if pool is not None:
            chosen = track.pools.filter(name=pool).first()
            if chosen is None:
                known = ", ".join(track.pools.values_list("name", flat=True)) or "none yet"
                raise DomainError(f"{track.slug} has no pool {pool!r}; there are: {known}.")
        for line in plan_file(track, chosen):
            self.stdout.write(line, ending="")
