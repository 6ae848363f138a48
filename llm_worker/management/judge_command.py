"""What the commands about one judge in one track share."""

from assessment.domain.errors import DomainError
from assessment.management.track_command import TrackCommand
from assessment.models import Pool, Track
from llm_worker.models import JudgeConfiguration


class JudgeCommand(TrackCommand):
    """A command about a track and a judge, both by name."""

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--judge", required=True, metavar="NAME", help="see the command `judges`")

    def get_judge(self, name: str) -> JudgeConfiguration:
        judge = JudgeConfiguration.objects.filter(name=name).first()
        if judge is None:
            known = ", ".join(JudgeConfiguration.objects.values_list("name", flat=True))
            raise DomainError(f"There is no judge {name!r}; there are: {known}.")
        return judge

    def get_pool(self, track: Track, name: str | None) -> Pool:
        """The pool of that name, or the newest for None."""
        pools = track.pools.all() if name is None else track.pools.filter(name=name)
        pool = pools.first()
        if pool is None:
            known = ", ".join(track.pools.values_list("name", flat=True)) or "none yet; `create_pool` makes one"
            raise DomainError(f"{track.slug} has no pool{f' {name!r}' if name else ''}; there are: {known}.")
        return pool
