"""What the commands about pools share."""

from collections.abc import Iterable

from assessment.domain.errors import DomainError
from assessment.management.track_command import TrackCommand
from assessment.models import Pool, Track


class PoolCommand(TrackCommand):
    def get_pool(self, track: Track, name: str) -> Pool:
        pool = track.pools.filter(name=name).first()
        if pool is None:
            known = ", ".join(track.pools.order_by("name").values_list("name", flat=True)) or "none yet"
            raise DomainError(f"{track.slug} has no pool {name!r}; there are: {known}.")
        return pool

    def chosen(self, objects, field: str, wanted: Iterable[str] | None) -> list | None:
        """The runs or topics that were named; None for all."""
        if wanted is None:
            return None
        chosen = list(objects.filter(**{f"{field}__in": wanted}))
        missing = sorted(set(wanted) - {getattr(found, field) for found in chosen})
        if missing:
            raise DomainError(f"The track has no {objects.model.__name__.lower()} {', '.join(missing)}.")
        return chosen

    def size(self, pool: Pool) -> str:
        """`pool-2: 10 items, 3 topics, 2 runs`."""
        of_topics = pool.items.order_by().values("topic").distinct().count()
        return f"{pool.name}: {pool.items.count()} items, {of_topics} topics, {pool.runs.count()} runs"
