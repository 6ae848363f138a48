from assessment.domain.errors import DomainError
from assessment.management.pool_command import PoolCommand
from assessment.models import POOL_ORDERS, Order, Run, Track
from assessment.services.pools import pool_create


class Command(PoolCommand):
    help = "Make a pool of the first documents of a track's runs."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--depth", type=int, required=True, help="how many documents of each run and topic")
        parser.add_argument("--name", help="default: pool-DEPTH")
        parser.add_argument("--runs", nargs="+", metavar="TAG", help="default: all runs of the track")
        parser.add_argument(
            "--run-depth",
            nargs="+",
            action="extend",
            default=[],
            metavar="TAG=K",
            help="a depth of its own for a run; the others keep the pool's",
        )
        parser.add_argument("--topics", nargs="+", metavar="ID", help="default: all topics of the track")
        parser.add_argument(
            "--order",
            choices=[str(order) for order in POOL_ORDERS],
            default=Order.SHUFFLE.value,
            help="of a topic's passages; move_to_front: what is asked next depends on the grades so far",
        )
        parser.add_argument("--seed", type=int, default=0, help="of the shuffle (default: 0)")
        parser.add_argument("--quota", type=int, metavar="N", help="people share the passages, N judge each")
        parser.add_argument(
            "--overlap", type=int, default=0, metavar="P", help="with --quota: one more person judges P %% of them"
        )

    def handle(self, *, track, depth, name, runs, run_depth, topics, order, seed, quota, overlap, **options):
        track = self.get_track(track)
        pool = pool_create(
            track=track,
            name=name or f"pool-{depth}",
            depth=depth,
            runs=self.chosen(track.runs, "tag", runs),
            depths=self._depths(track, run_depth),
            topics=self.chosen(track.topics, "qid", topics),
            order=order,
            seed=seed,
            quota=quota,
            overlap_percent=overlap,
        )
        self.stdout.write(self.size(pool))

    def _depths(self, track: Track, settings: list[str]) -> dict[Run, int]:
        """From `TAG=K`; a tag may hold an equals sign itself."""
        depths: dict[str, int] = {}
        for setting in settings:
            tag, _, depth = setting.rpartition("=")
            if not tag or not depth.isascii() or not depth.isdecimal():
                raise DomainError(f"--run-depth takes TAG=K, a run's tag and a number, not {setting!r}.")
            if tag in depths:
                raise DomainError(f"--run-depth names {tag} twice.")
            depths[tag] = int(depth)
        return {run: depths[run.tag] for run in self.chosen(track.runs, "tag", depths)}
