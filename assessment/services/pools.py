"""Pools: which pairs are to be judged."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.db import IntegrityError, transaction

from assessment.domain.errors import DomainError
from assessment.domain.pooling import PoolEntry, ordered, topic_pool
from assessment.models import Document, Pool, Ranking, Run, Topic, Track, User
from assessment.services.copying import copy_rows


class TopicSize(NamedTuple):
    topic: Topic
    size: int


def pool_preview(*, track: Track, depth: int, runs: Sequence[Run] | None = None) -> list[TopicSize]:
    """How many items each topic of a depth-`depth` pool over `runs` (None: all of the track) would have."""
    entries = _entries(track, depth, runs)
    return [TopicSize(topic, len(entries.get(topic.pk, ()))) for topic in track.topics.all()]


def pool_create(
    *,
    track: Track,
    name: str,
    depth: int,
    runs: Sequence[Run] | None = None,
    order: str = Pool.Order.SHUFFLE,
    seed: int = 0,
    by: User | None = None,
) -> Pool:
    """Make a depth-k pool. Items know which runs brought them and at which rank; assessors never see that.

    Raises DomainError for a depth below 1, an order that does not exist, a name that is taken, or an empty pool.
    """
    if order not in Pool.Order.values:
        raise DomainError(f"There is no order {order!r}; choose one of {', '.join(Pool.Order.values)}.")
    chosen = list(track.runs.all() if runs is None else runs)
    entries = _entries(track, depth, chosen)
    if not entries:
        raise DomainError("The pool would be empty: the chosen runs returned nothing for this track's topics.")
    try:
        with transaction.atomic():
            pool = Pool(track=track, name=name, depth=depth, order=order, seed=seed, created_by=by)
            pool.save()
            pool.runs.set(chosen)
            copy_rows(
                "assessment_poolitem",
                ["pool_id", "topic_id", "document_id", "position", "best_rank", "run_ids", "ranks"],
                _rows(pool, entries, chosen),
            )
    except IntegrityError as error:
        raise DomainError(f"The track already has a pool named {name}.") from error
    return pool


def _entries(track: Track, depth: int, runs: Sequence[Run] | None) -> dict[int, list[PoolEntry]]:
    """Pool entries by topic key. Run numbers in an entry are positions in `runs`."""
    if depth < 1:
        raise DomainError("A pool needs a depth of at least 1.")
    chosen = list(track.runs.all() if runs is None else runs)
    if not chosen:
        raise DomainError("A pool needs at least one run.")
    by_topic: dict[int, dict[int, list[int]]] = {}
    tops = Ranking.objects.filter(run__in=chosen).values_list("topic_id", "run_id", f"documents__0_{depth}")
    for topic, run, documents in tops:
        by_topic.setdefault(topic, {})[run] = documents or []
    entries = {
        # Every chosen run has its place, so that run numbers mean the same in every topic.
        topic: topic_pool({run.tag: found.get(run.pk, []) for run in chosen}, depth)
        for topic, found in by_topic.items()
    }
    return {topic: found for topic, found in entries.items() if found}


def _rows(pool: Pool, entries: dict[int, list[PoolEntry]], runs: Sequence[Run]) -> Iterable[str]:
    topics = dict(pool.track.topics.filter(pk__in=entries).values_list("pk", "qid"))
    wanted = {entry.document for found in entries.values() for entry in found}
    docids = dict(Document.objects.filter(pk__in=wanted).values_list("pk", "docid"))
    for topic, qid in topics.items():
        in_order = ordered(entries[topic], pool.order, seed=pool.seed, topic=qid, docid=docids.__getitem__)
        for position, entry in enumerate(in_order, 1):
            run_ids = ",".join(str(runs[number].pk) for number, _ in entry.runs)
            ranks = ",".join(str(rank) for _, rank in entry.runs)
            yield (f"{pool.pk}\t{topic}\t{entry.document}\t{position}\t{entry.best_rank}\t{{{run_ids}}}\t{{{ranks}}}")
