from assessment.domain.errors import DomainError
from assessment.management.pool_command import PoolCommand
from assessment.selectors.routing import routing_csv


class Command(PoolCommand):
    help = (
        "Print the pairs of a routed pool as CSV: why each is there, how probable that was, and what the judge and "
        "people say of it."
    )

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--pool", required=True, metavar="NAME", help="the routed pool")

    def handle(self, *, track, pool, **options):
        pool = self.get_pool(self.get_track(track), pool)
        if pool.routing is None:
            raise DomainError(f"{pool.name} is not routed: every pair of its topics was taken.")
        for line in routing_csv(pool):
            self.stdout.write(line, ending="")
