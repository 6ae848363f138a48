"""What runs bring to a pool, and how it gets there."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from django.db import connection
from django.db.models import Max

from assessment.domain.errors import DomainError
from assessment.domain.pooling import PoolEntry, lot, ordered, topic_pool
from assessment.models import Document, Pool, Ranking, Run, Track
from assessment.services.copying import copy_rows

LARGEST_NUMBER = 2**31 - 1  # of the columns that hold depth and seed
_COLUMNS = ("pool_id", "topic_id", "document_id", "position", "best_rank", "lot", "run_ids", "ranks")

Entries = dict[int, list[PoolEntry]]  # by topic key; a topic without entries is left out
Pair = tuple[int, int]  # the keys of a topic and a document


class Provenance(NamedTuple):
    """A pool item's key, and which runs brought it at which ranks."""

    item: int
    best_rank: int
    run_ids: list[int]
    ranks: list[int]


def chosen_runs(track: Track, runs: Iterable[Run] | None) -> list[Run]:
    """The runs to pool over, each once, by tag: a pool does not depend on the order in which they were named."""
    chosen = by_tag(track.runs.all() if runs is None else runs)
    strangers = [run.tag for run in chosen if run.track_id != track.pk]
    if strangers:
        raise DomainError(f"These runs are of another track: {', '.join(strangers)}.")
    if not chosen:
        raise DomainError("A pool needs at least one run.")
    return chosen


def by_tag(runs: Iterable[Run]) -> list[Run]:
    return sorted(set(runs), key=lambda run: run.tag)


def depths_of(depth: int, runs: Sequence[Run], own: Mapping[Run, int | None]) -> dict[Run, int]:
    """How deep each of `runs` is pooled: to its `own` depth, or to the pool's."""
    if depth < 1:
        raise DomainError("A pool needs a depth of at least 1.")
    if depth > LARGEST_NUMBER:
        raise DomainError(f"A pool's depth is at most {LARGEST_NUMBER:,}.")
    if others := [run.tag for run in by_tag(own.keys() - set(runs))]:
        raise DomainError(f"These runs have a depth, but are not among the chosen ones: {', '.join(others)}.")
    depths = {run: depth if own.get(run) is None else own[run] for run in runs}
    if wrong := [run.tag for run, wanted in depths.items() if not 1 <= wanted <= LARGEST_NUMBER]:
        raise DomainError(f"The depth of a run is a number from 1 to {LARGEST_NUMBER:,}: see {', '.join(wrong)}.")
    return depths


def gathered(track: Track, depths: Mapping[Run, int]) -> Entries:
    """A run index of an entry counts in `depths`."""
    by_key = {run.pk: depth for run, depth in depths.items()}
    by_topic: dict[int, dict[int, list[int]]] = {}
    tops = Ranking.objects.filter(run__in=depths, topic__track=track)
    for topic, run, documents in tops.values_list("topic_id", "run_id", f"documents__0_{max(by_key.values())}"):
        by_topic.setdefault(topic, {})[run] = documents
    entries = {
        topic: topic_pool({run: rankings.get(run, ()) for run in by_key}, by_key)
        for topic, rankings in by_topic.items()
    }
    return {topic: found for topic, found in entries.items() if found}


def known_items(pool: Pool) -> dict[Pair, Provenance]:
    """The items of the pool by their topics' and documents' keys."""
    rows = pool.items.order_by().values_list("topic_id", "document_id", "pk", "best_rank", "run_ids", "ranks")
    return {(topic, document): Provenance(*rest) for topic, document, *rest in rows}


def add_provenance(pool: Pool, entries: Entries, known: dict[Pair, Provenance], keys: Sequence[int]) -> None:
    """Tell the items that are `known` which of the runs have them too; `keys` as for `add_items`."""
    places = {key: place for place, key in enumerate(pool.runs.order_by("tag").values_list("pk", flat=True))}
    lines = []
    for topic, found in entries.items():
        for entry in found:
            if (topic, entry.document) in known:
                item, best_rank, run_ids, ranks = known[topic, entry.document]
                brought = dict(zip(run_ids, ranks, strict=True)) | {keys[index]: rank for index, rank in entry.runs}
                in_order = sorted(brought.items(), key=lambda run_rank: places.get(run_rank[0], len(places)))
                lines.append(f"{item}\t{min(best_rank, entry.best_rank)}\t{_as_text(in_order)}")
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE brought (item bigint, best_rank int, run_ids bigint[], ranks int[]) ON COMMIT DROP"
        )
        copy_rows("brought", ("item", "best_rank", "run_ids", "ranks"), lines)
        cursor.execute(
            "UPDATE assessment_poolitem SET best_rank = brought.best_rank, run_ids = brought.run_ids, "
            "ranks = brought.ranks FROM brought WHERE id = item"
        )
        cursor.execute("DROP TABLE brought")


def add_items(pool: Pool, entries: Entries, keys: Sequence[int]) -> None:
    """Store the entries after the items that their topics have; `keys` are those of the runs that they count in."""
    documents = {entry.document for found in entries.values() for entry in found}
    topics = dict(pool.track.topics.filter(pk__in=entries).values_list("pk", "qid"))
    docids = dict(Document.objects.filter(pk__in=documents).values_list("pk", "docid"))
    last = dict(pool.items.order_by().values_list("topic").annotate(Max("position")))
    copy_rows("assessment_poolitem", _COLUMNS, _rows(pool, entries, keys, topics, docids, last))


def _rows(
    pool: Pool,
    entries: Entries,
    keys: Sequence[int],
    topics: dict[int, str],
    docids: dict[int, str],
    last: dict[int, int],
) -> Iterable[str]:
    for topic, qid in topics.items():
        in_order = ordered(entries[topic], pool.order, seed=pool.seed, topic=qid, docid=docids.__getitem__)
        for position, entry in enumerate(in_order, last.get(topic, 0) + 1):
            drawn = lot(pool.seed, qid, docids[entry.document])
            brought = _as_text([(keys[index], rank) for index, rank in entry.runs])
            yield f"{pool.pk}\t{topic}\t{entry.document}\t{position}\t{entry.best_rank}\t{drawn}\t{brought}"


def _as_text(runs_and_ranks: Sequence[tuple[int, int]]) -> str:
    """Two columns in COPY's text form; a document that no run brought has empty ones."""
    run_ids, ranks = zip(*runs_and_ranks, strict=True) if runs_and_ranks else ((), ())
    return f"{{{','.join(map(str, run_ids))}}}\t{{{','.join(map(str, ranks))}}}"
