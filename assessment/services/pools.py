"""Pools: which pairs are to be judged."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from django.db import transaction
from django.db.models import Exists, OuterRef

from assessment.domain.errors import DomainError
from assessment.domain.pooling import PoolEntry
from assessment.models import (
    POOL_ORDERS,
    Document,
    Judgment,
    Lease,
    Order,
    Pool,
    PoolItem,
    PoolRun,
    Ranking,
    Run,
    Topic,
    Track,
    User,
)
from assessment.services.imports.result import lock_track
from assessment.services.pooling import (
    LARGEST_NUMBER,
    Entries,
    add_items,
    add_provenance,
    by_tag,
    chosen_runs,
    depths_of,
    gathered,
    known_items,
)

Places = Mapping[int, Mapping[int, int]]  # by a topic's key, by a document's key: a rank from 1
MOST_PEOPLE = 100  # who may share a passage; more is a slip of the finger


class TopicSize(NamedTuple):
    topic: Topic
    size: int


def pool_preview(
    *,
    track: Track,
    depth: int,
    runs: Sequence[Run] | None = None,
    depths: Mapping[Run, int | None] | None = None,
) -> list[TopicSize]:
    """How many items each topic of the track would have in the pool that `pool_create` makes of the same arguments."""
    chosen = chosen_runs(track, runs)
    entries = gathered(track, depths_of(depth, chosen, depths or {}))
    return [TopicSize(topic, len(entries.get(topic.pk, ()))) for topic in track.topics.all()]


def pool_create(
    *,
    track: Track,
    name: str,
    depth: int,
    runs: Sequence[Run] | None = None,
    depths: Mapping[Run, int | None] | None = None,
    topics: Iterable[Topic] | None = None,
    order: str = Order.SHUFFLE,
    seed: int = 0,
    quota: int | None = None,
    overlap_percent: int = 0,
    by: User | None = None,
) -> Pool:
    """Make a pool of the first `depth` documents of `runs` for `topics` (None: all of the track's).

    `depths` gives single runs a depth of their own (None there: the pool's). With a `quota`, those who have a duty in
    a topic share its passages: each is judged by `quota` people, `overlap_percent` % of them by one more. Items know
    which runs brought them and at which rank; assessors never see that.

    Raises DomainError for a number out of range, an unknown order, a name that is bad or taken, an empty pool.
    """
    _check(name, order, seed, quota, overlap_percent)
    chosen = chosen_runs(track, runs)
    own = depths or {}
    entries = gathered(track, depths_of(depth, chosen, own))
    if topics is not None:
        wanted = {topic.pk for topic in topics}
        entries = {topic: found for topic, found in entries.items() if topic in wanted}
    if not entries:
        raise DomainError("The pool would be empty: the chosen runs returned nothing for the chosen topics.")
    terms = {"depth": depth, "order": order, "seed": seed, "quota": quota, "overlap_percent": overlap_percent}
    with transaction.atomic():
        lock_track(track)
        _refuse_taken(track, name)
        pool = Pool.objects.create(track=track, name=name, created_by=by, **terms)
        PoolRun.objects.bulk_create(PoolRun(pool=pool, run=run, depth=own.get(run)) for run in chosen)
        add_items(pool, entries, [run.pk for run in chosen])
    return pool


def pool_extension_preview(*, pool: Pool, runs: Mapping[Run, int | None]) -> list[TopicSize]:
    """How many items `pool_extend` of the same arguments would add to each topic that it may add any to.

    Raises DomainError as `pool_extend` does. Nothing is stored.
    """
    entries = _to_add(pool, runs)
    known = set(pool.items.order_by().values_list("topic_id", "document_id"))
    new = {topic: sum((topic, entry.document) not in known for entry in found) for topic, found in entries.items()}
    inside = {topic for topic, _ in known} | entries.keys()
    return [TopicSize(topic, new.get(topic.pk, 0)) for topic in pool.track.topics.filter(pk__in=inside)]


def pool_extend(*, pool: Pool, runs: Mapping[Run, int | None]) -> int:
    """Take `runs` into the pool, each to its depth (None: the pool's), or deeper than before; return the items added.

    Items that are there stay where they are and learn which of these runs have them as well. New ones come after them,
    in the pool's order, and everyone who has a duty in the topic has them at once. A pool that was made for some of the
    track's topics keeps to these. What was planted for vigilance and is in the pool from now on is withdrawn, unless
    somebody has answered it or has it on the desk.

    Raises DomainError for runs of another track, depths out of range, a run that is in the pool as deep or deeper.
    """
    with transaction.atomic():
        lock_track(pool.track)
        entries = _to_add(pool, runs)
        known = known_items(pool)
        new = {topic: [e for e in found if (topic, e.document) not in known] for topic, found in entries.items()}
        new = {topic: found for topic, found in new.items() if found}
        PoolRun.objects.bulk_create(
            [PoolRun(pool=pool, run=run, depth=depth) for run, depth in runs.items()],
            update_conflicts=True,
            unique_fields=["pool", "run"],
            update_fields=["depth"],
        )
        keys = [run.pk for run in by_tag(runs)]
        add_provenance(pool, entries, known, keys)
        _withdraw_planted(pool, new)
        add_items(pool, new, keys)
    return sum(len(found) for found in new.values())


def pool_documents_preview(*, pool: Pool, places: Places) -> list[TopicSize]:
    """How many items `pool_add_documents` of the same arguments would add to each topic that it may add any to."""
    entries = _documents_to_add(pool, places)
    known = set(pool.items.order_by().values_list("topic_id", "document_id"))
    topics = pool.track.topics.filter(pk__in=entries)
    return [TopicSize(one, sum((one.pk, e.document) not in known for e in entries[one.pk])) for one in topics]


def pool_add_documents(*, pool: Pool, places: Places) -> int:
    """Take single documents into the pool, brought by no run; return the items added.

    `places` gives the rank from 1 that a document counts as where the pool is in the order of the best rank. Documents
    that are there stay as they are. As with `pool_extend`, new ones come after them, everyone who has a duty in the
    topic has them at once, and topics that the pool was not made for are passed over.

    Raises DomainError for a routed pool, for topics of another track and documents of another collection.
    """
    with transaction.atomic():
        lock_track(pool.track)
        entries = _documents_to_add(pool, places)
        known = known_items(pool)
        new = {topic: [e for e in found if (topic, e.document) not in known] for topic, found in entries.items()}
        new = {topic: found for topic, found in new.items() if found}
        _withdraw_planted(pool, new)
        add_items(pool, new, [])
    return sum(len(found) for found in new.values())


def pool_of_documents(*, track: Track, name: str, places: Places, seed: int = 0, by: User | None = None) -> Pool:
    """Make a pool of single documents, in a seeded shuffle, judged by everyone; `places` as in `pool_add_documents`.
    Runs that are added to it later are taken as deep as the highest of these ranks.

    Raises DomainError for a name that is bad or taken, an empty pool, and as `pool_add_documents`.
    """
    _check(name, Order.SHUFFLE, seed, quota=None, overlap_percent=0)
    ranks = [rank for found in places.values() for rank in found.values()]
    if not ranks:
        raise DomainError("The pool would be empty: there is no document to judge.")
    with transaction.atomic():
        lock_track(track)
        _refuse_taken(track, name)
        pool = Pool.objects.create(track=track, name=name, depth=max(ranks), seed=seed, created_by=by)
        pool_add_documents(pool=pool, places=places)
    return pool


def _refuse_taken(track: Track, name: str) -> None:
    if track.pools.filter(name=name).exists():
        raise DomainError(f"The track already has a pool named {name}.")


def _documents_to_add(pool: Pool, places: Places) -> Entries:
    _refuse_routed(pool)
    wanted = {document for found in places.values() for document in found}
    if wanted - set(
        Document.objects.filter(collection=pool.track.collection_id, pk__in=wanted).values_list("pk", flat=True)
    ):
        raise DomainError("These documents are of another collection than the track's.")
    if places.keys() - set(pool.track.topics.values_list("pk", flat=True)):
        raise DomainError("These topics are of another track.")
    outside = _topics_left_out(pool, [row.run_id for row in pool.poolrun_set.all()])
    return {
        topic: sorted(PoolEntry(document, rank, ()) for document, rank in found.items())
        for topic, found in places.items()
        if found and topic not in outside
    }


def _refuse_routed(pool: Pool) -> None:
    if pool.routed_from_id is not None:
        raise DomainError(
            f"{pool.name} holds what a rule took from {pool.routed_from.name}: extend that pool, and route it anew."
        )


def _check(name: str, order: str, seed: int, quota: int | None, overlap_percent: int) -> None:
    if order not in POOL_ORDERS:
        raise DomainError(f"There is no order {order!r}; choose one of {', '.join(POOL_ORDERS)}.")
    longest = Pool._meta.get_field("name").max_length
    if not 0 <= seed <= LARGEST_NUMBER:
        raise DomainError(f"A seed is a number from 0 to {LARGEST_NUMBER:,}.")
    if not name.strip() or len(name) > longest:
        raise DomainError(f"A pool needs a name of at most {longest} characters.")
    if quota is not None and not 1 <= quota <= MOST_PEOPLE:
        raise DomainError(f"A passage is judged by 1 to {MOST_PEOPLE} people, or by everyone with a duty.")
    if not 0 <= overlap_percent <= 100:
        raise DomainError("The overlap is a share of the passages, from 0 to 100 %.")
    if overlap_percent and quota is None:
        raise DomainError("Where everyone judges every passage there is no overlap: say how many people share them.")


def _to_add(pool: Pool, runs: Mapping[Run, int | None]) -> Entries:
    """What `runs` bring to the topics of the pool, whether it is there already or not."""
    _refuse_routed(pool)
    chosen = chosen_runs(pool.track, runs)
    depths = depths_of(pool.depth, chosen, runs)
    before = {row.run_id: row.depth or pool.depth for row in pool.poolrun_set.all()}
    there = [f"{run.tag} (to depth {before[run.pk]:,})" for run in chosen if depths[run] <= before.get(run.pk, 0)]
    if there:
        raise DomainError(
            f"In the pool already: {', '.join(there)}. A run can be taken deeper; what is pooled of it stays."
        )
    outside = _topics_left_out(pool, before)
    return {topic: found for topic, found in gathered(pool.track, depths).items() if topic not in outside}


def _topics_left_out(pool: Pool, runs: Iterable[int]) -> set[int]:
    """The topics that the pool was not made for: its runs returned documents for one of them, and it has none.

    Where there is such a topic, topics were chosen, and those for which its runs have nothing are left out as well.
    """
    inside = set(pool.items.order_by().values_list("topic_id", flat=True).distinct())
    outside = set(pool.track.topics.exclude(pk__in=inside).values_list("pk", flat=True))
    passed_over = Ranking.objects.filter(run__in=list(runs), topic__in=outside, documents__len__gt=0)
    return outside if passed_over.exists() else set()


def _withdraw_planted(pool: Pool, entries: Entries) -> None:
    """Nobody is to find a passage twice in one topic."""
    answers = Judgment.with_vigilance.filter(
        vigilance=True,
        assessor=OuterRef("planted_for__assessor"),
        topic=OuterRef("topic"),
        document=OuterRef("document"),
    )
    planted = PoolItem.with_planted.filter(pool=pool, planted_for__isnull=False, topic__in=entries)
    idle = planted.exclude(Exists(answers)).exclude(Exists(Lease.objects.filter(item=OuterRef("pk"))))
    pairs = {(topic, entry.document) for topic, found in entries.items() for entry in found}
    doubled = [pk for pk, *pair in idle.values_list("pk", "topic_id", "document_id") if tuple(pair) in pairs]
    PoolItem.with_planted.filter(pk__in=doubled).delete()
