from assessment.domain.errors import DomainError
from assessment.management.track_command import TrackCommand
from assessment.models import Pool
from assessment.services.pools import pool_create


class Command(TrackCommand):
    help = "Make a depth-k pool over a track's runs."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--depth", type=int, required=True, help="how many documents of each run and topic")
        parser.add_argument("--name", help="default: pool-DEPTH")
        parser.add_argument("--runs", nargs="+", metavar="TAG", help="default: all runs of the track")
        parser.add_argument("--order", choices=Pool.Order.values, default=Pool.Order.SHUFFLE.value)
        parser.add_argument("--seed", type=int, default=0, help="of the shuffle (default: 0)")

    def handle(self, *, track, depth, name, runs, order, seed, **options):
        track = self.get_track(track)
        chosen = None
        if runs:
            chosen = list(track.runs.filter(tag__in=runs))
            missing = sorted(set(runs) - {run.tag for run in chosen})
            if missing:
                raise DomainError(f"{track.slug} has no run {', '.join(missing)}.")
        pool = pool_create(track=track, name=name or f"pool-{depth}", depth=depth, runs=chosen, order=order, seed=seed)
        topics = pool.items.values("topic").distinct().count()
        self.stdout.write(f"{pool.name}: {pool.items.count()} items, {topics} topics, {pool.runs.count()} runs")
