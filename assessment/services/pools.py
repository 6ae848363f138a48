"""Pools: which pairs are to be judged."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.db import transaction

from assessment.domain.errors import DomainError
from assessment.domain.pooling import PoolEntry, lot, ordered, topic_pool
from assessment.models import Document, Order, Pool, Ranking, Run, Topic, Track, User
from assessment.services.copying import copy_rows
from assessment.services.imports.result import lock_track

LARGEST_NUMBER = 2**31 - 1  # of the columns that hold depth and seed
_COLUMNS = ("pool_id", "topic_id", "document_id", "position", "best_rank", "lot", "run_ids", "ranks")


class TopicSize(NamedTuple):
    topic: Topic
    size: int


def pool_preview(*, track: Track, depth: int, runs: Sequence[Run] | None = None) -> list[TopicSize]:
    """How many items each topic of a depth-`depth` pool over `runs` (None: all of the track) would have."""
    entries = _entries(track, depth, _chosen(track, runs))
    return [TopicSize(topic, len(entries.get(topic.pk, ()))) for topic in track.topics.all()]


def pool_create(
    *,
    track: Track,
    name: str,
    depth: int,
    runs: Sequence[Run] | None = None,
    topics: Iterable[Topic] | None = None,
    order: str = Order.SHUFFLE,
    seed: int = 0,
    by: User | None = None,
) -> Pool:
    """Make a depth-k pool over `runs` and `topics` (None: all of the track's).

    Items know which runs brought them and at which rank; assessors never see that.

    Raises DomainError for a depth or seed out of range, an unknown order, a name that is bad or taken, an empty pool.
    """
    if order not in Order.values:
        raise DomainError(f"There is no order {order!r}; choose one of {', '.join(Order.values)}.")
    longest = Pool._meta.get_field("name").max_length
    if not 0 <= seed <= LARGEST_NUMBER:
        raise DomainError(f"A seed is a number from 0 to {LARGEST_NUMBER:,}.")
    if not name.strip() or len(name) > longest:
        raise DomainError(f"A pool needs a name of at most {longest} characters.")
    chosen = _chosen(track, runs)
    entries = _entries(track, depth, chosen)
    if topics is not None:
        wanted = {topic.pk for topic in topics}
        entries = {topic: found for topic, found in entries.items() if topic in wanted}
    if not entries:
        raise DomainError("The pool would be empty: the chosen runs returned nothing for the chosen topics.")
    with transaction.atomic():
        lock_track(track)
        if track.pools.filter(name=name).exists():
            raise DomainError(f"The track already has a pool named {name}.")
        pool = Pool.objects.create(track=track, name=name, depth=depth, order=order, seed=seed, created_by=by)
        pool.runs.set(chosen)
        topics, docids = _names(track, entries)
        copy_rows("assessment_poolitem", _COLUMNS, _rows(pool, entries, chosen, topics, docids))
    return pool


def _chosen(track: Track, runs: Sequence[Run] | None) -> list[Run]:
    """The runs to pool over, each once, by tag: a pool does not depend on the order in which they were named."""
    named = track.runs.all() if runs is None else set(runs)
    chosen = sorted(named, key=lambda run: run.tag)
    strangers = [run.tag for run in chosen if run.track_id != track.pk]
    if strangers:
        raise DomainError(f"These runs are of another track: {', '.join(strangers)}.")
    if not chosen:
        raise DomainError("A pool needs at least one run.")
    return chosen


def _entries(track: Track, depth: int, runs: Sequence[Run]) -> dict[int, list[PoolEntry]]:
    """Pool entries by topic key; a run index of an entry counts in `runs`. Topics without any are left out."""
    if depth < 1:
        raise DomainError("A pool needs a depth of at least 1.")
    if depth > LARGEST_NUMBER:
        raise DomainError(f"A pool's depth is at most {LARGEST_NUMBER:,}.")
    by_topic: dict[int, dict[int, list[int]]] = {}
    tops = Ranking.objects.filter(run__in=runs, topic__track=track)
    for topic, run, documents in tops.values_list("topic_id", "run_id", f"documents__0_{depth}"):
        by_topic.setdefault(topic, {})[run] = documents
    entries = {
        topic: topic_pool({run.pk: rankings.get(run.pk, ()) for run in runs}, depth)
        for topic, rankings in by_topic.items()
    }
    return {topic: found for topic, found in entries.items() if found}


def _names(track: Track, entries: dict[int, list[PoolEntry]]) -> tuple[dict[int, str], dict[int, str]]:
    """The topic ids and the docids of the entries, by their keys."""
    documents = {entry.document for found in entries.values() for entry in found}
    return (
        dict(track.topics.filter(pk__in=entries).values_list("pk", "qid")),
        dict(Document.objects.filter(pk__in=documents).values_list("pk", "docid")),
    )


def _rows(
    pool: Pool,
    entries: dict[int, list[PoolEntry]],
    runs: Sequence[Run],
    topics: dict[int, str],
    docids: dict[int, str],
) -> Iterable[str]:
    for topic, qid in topics.items():
        in_order = ordered(entries[topic], pool.order, seed=pool.seed, topic=qid, docid=docids.__getitem__)
        for position, entry in enumerate(in_order, 1):
            run_ids = ",".join(str(runs[index].pk) for index, _ in entry.runs)
            ranks = ",".join(str(rank) for _, rank in entry.runs)
            drawn = lot(pool.seed, qid, docids[entry.document])
            yield (
                f"{pool.pk}\t{topic}\t{entry.document}\t{position}\t{entry.best_rank}\t{drawn}"
                f"\t{{{run_ids}}}\t{{{ranks}}}"
            )
