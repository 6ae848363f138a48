from assessment.management.pool_command import PoolCommand
from assessment.models import Pool, Run
from assessment.services.imports.result import counted
from assessment.services.pools import pool_extend, pool_extension_preview


class Command(PoolCommand):
    help = "Add runs to a pool, or take runs that are in it deeper: only the new pairs become items."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("pool", metavar="POOL", help="the pool's name")
        parser.add_argument("--runs", nargs="+", metavar="TAG", required=True)
        parser.add_argument("--depth", type=int, metavar="K", help="of these runs (default: the pool's)")
        parser.add_argument("--dry-run", action="store_true", help="only say how many items each topic would gain")

    def handle(self, *, track, pool, runs, depth, dry_run, **options):
        track = self.get_track(track)
        pool = self.get_pool(track, pool)
        chosen = dict.fromkeys(self.chosen(track.runs, "tag", runs), depth)
        if dry_run:
            self._preview(pool, chosen)
            return
        added = pool_extend(pool=pool, runs=chosen)
        self.stdout.write(f"{counted(added, 'new item')}; {self.size(pool)}")

    def _preview(self, pool: Pool, runs: dict[Run, int | None]) -> None:
        sizes = pool_extension_preview(pool=pool, runs=runs)
        for topic, size in sizes:
            self.stdout.write(f"{topic.qid}\t{size}")
        total = sum(size for _, size in sizes)
        self.stderr.write(f"{pool.name} would get {counted(total, 'new item')}; nothing was stored.")
