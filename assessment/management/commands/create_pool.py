from assessment.domain.errors import DomainError
from assessment.management.track_command import TrackCommand
from assessment.models import Order
from assessment.services.pools import pool_create


class Command(TrackCommand):
    help = "Make a depth-k pool over a track's runs."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--depth", type=int, required=True, help="how many documents of each run and topic")
        parser.add_argument("--name", help="default: pool-DEPTH")
        parser.add_argument("--runs", nargs="+", metavar="TAG", help="default: all runs of the track")
        parser.add_argument("--topics", nargs="+", metavar="ID", help="default: all topics of the track")
        parser.add_argument("--order", choices=Order.values, default=Order.SHUFFLE.value)
        parser.add_argument("--seed", type=int, default=0, help="of the shuffle (default: 0)")

    def handle(self, *, track, depth, name, runs, topics, order, seed, **options):
        track = self.get_track(track)
        pool = pool_create(
            track=track,
            name=name or f"pool-{depth}",
            depth=depth,
            runs=self._chosen(track.runs, "tag", runs),
            topics=self._chosen(track.topics, "qid", topics),
            order=order,
            seed=seed,
        )
        of_topics = pool.items.values("topic").distinct().count()
        self.stdout.write(f"{pool.name}: {pool.items.count()} items, {of_topics} topics, {pool.runs.count()} runs")

    def _chosen(self, objects, field: str, wanted: list[str] | None) -> list | None:
        """The runs or topics that were named; None for all."""
        if wanted is None:
            return None
        chosen = list(objects.filter(**{f"{field}__in": wanted}))
        missing = sorted(set(wanted) - {getattr(found, field) for found in chosen})
        if missing:
            raise DomainError(f"The track has no {objects.model.__name__.lower()} {', '.join(missing)}.")
        return chosen
