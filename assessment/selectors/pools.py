"""Pools as lists and as sizes."""

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery

from assessment.models import Assessor, Pool, Run, Topic, Track


def pools_with_sizes(track: Track) -> QuerySet[Pool]:
    """Newest first, each with `size` (items), `topics`, `people` (who have duties) and `run_count`."""
    # Distinct counts over three joins would multiply the rows; four small subqueries do not.
    return (
        track.pools.select_related("routed_from", "routed_by")
        .annotate(
            size=_count("items", "pk", Q(items__planted_for__isnull=True)),
            topics=_count("items", "topic", Q(items__planted_for__isnull=True)),
            people=_count("duties", "assessor", Q(duties__assessor__kind=Assessor.Kind.HUMAN)),
            run_count=_count("runs", "pk"),
        )
        .order_by("-created_at", "-pk")
    )


def _count(relation: str, column: str, only: Q | None = None):
    own = Pool.objects.filter(pk=OuterRef("pk")).order_by()
    number = Count(f"{relation}__{column}", distinct=True, filter=only)
    return Subquery(own.values("pk").annotate(number=number).values("number"))


class PooledRuns(NamedTuple):
    """The runs that a pool is made of, by tag, each with its depth; and from how deep to how deep they go."""

    rows: list[tuple[Run, int]]
    shallowest: int
    deepest: int


def pooled_runs(pool: Pool) -> PooledRuns:
    rows = [(row.run, row.depth or pool.depth) for row in pool.poolrun_set.select_related("run").order_by("run__tag")]
    depths = [depth for _, depth in rows] or [pool.depth]
    return PooledRuns(rows, min(depths), max(depths))


class Spread(NamedTuple):
    """Sizes of a pool's topics; `rows` are (topic, size) pairs in the track's order."""

    rows: list[tuple[Topic, int]]
    total: int
    smallest: int
    middle: float
    largest: int
    empty: int


def spread_of(rows: Sequence[tuple[Topic, int]]) -> Spread:
    sizes = [size for _, size in rows] or [0]
    return Spread(list(rows), sum(sizes), min(sizes), median(sizes), max(sizes), sizes.count(0))
