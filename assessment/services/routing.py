"""Pools of what a judge is unsure of, and of a random part of the rest."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, log2

from django.db import connection, transaction
from django.utils import timezone

from assessment.domain.errors import DomainError
from assessment.domain.pooling import lot
from assessment.domain.routing import (
    AUDIT,
    ENTROPY,
    LEFT,
    SIGNALS,
    UNJUDGED,
    UNSURE,
    Decision,
    Rule,
    Workload,
    decide,
    signal_of,
    workloads,
)
from assessment.models import Assessor, Order, Pool, PoolItem, PoolRun, Topic, User
from assessment.selectors.routing import Candidate, route_candidates
from assessment.services.copying import copy_rows
from assessment.services.imports.result import lock_track
from assessment.services.pooling import LARGEST_NUMBER

STEPS = 10  # thresholds in the preview's table


@dataclass(frozen=True)
class RoutingPreview:
    """What a rule makes of a pool. `topics` are (topic, pairs by reason); `counts` are of all of them; `workloads` are
    what other thresholds would give; `labels` is how many pairs the judge has labelled."""

    rule: Rule
    topics: list[tuple[Topic, Counter]]
    counts: Counter
    workloads: list[Workload]
    labels: int

    @property
    def to_people(self) -> int:
        return self.counts[UNSURE] + self.counts[UNJUDGED] + self.counts[AUDIT]

    @property
    def pairs(self) -> int:
        return self.to_people + self.counts[LEFT]


def routing_preview(*, pool: Pool, judge: Assessor, rule: Rule) -> RoutingPreview:
    """Where the pairs of the pool would go; stores nothing. Raises DomainError as `routed_pool_create` does."""
    return _preview(pool, rule, *_decided(pool, judge, rule))


@transaction.atomic
def routed_pool_create(*, pool: Pool, judge: Assessor, rule: Rule, name: str, by: User | None = None) -> Pool:
    """Make a pool of those pairs of `pool` that the rule sends to people, shared by as many of them as `pool` is.

    Each pair keeps why it was taken and how probable that was; runs and ranks come along. The order is a shuffle by
    the rule's seed: it tells nobody why a passage is there. Raises DomainError for a pool that is routed itself, a
    judge that is none or has not said how sure it was, a rule out of range, a name that is bad or taken, and where
    nothing would go to people.
    """
    _check_name(name)
    lock_track(pool.track)
    if pool.track.pools.filter(name=name).exists():
        raise DomainError(f"The track already has a pool named {name}.")
    candidates, decisions = _decided(pool, judge, rule)
    preview = _preview(pool, rule, candidates, decisions)
    taken = {
        each.item: (each, decision)
        for each, decision in zip(candidates, decisions, strict=True)
        if decision.reason != LEFT
    }
    if not taken:
        raise DomainError(
            f"Nothing would go to people: {judge.name} is sure of all {preview.pairs:,} pairs, and no audit is drawn."
        )
    routed = Pool.objects.create(
        track=pool.track,
        name=name,
        depth=pool.depth,
        order=Order.SHUFFLE,
        seed=rule.seed,
        quota=pool.quota,
        overlap_percent=pool.overlap_percent,
        routed_from=pool,
        routed_by=judge,
        routing=_kept(preview),
        created_by=by,
    )
    PoolRun.objects.bulk_create(
        PoolRun(pool=routed, run_id=row.run_id, depth=row.depth) for row in pool.poolrun_set.all()
    )
    _add_items(routed, taken)
    return routed


def _decided(pool: Pool, judge: Assessor, rule: Rule) -> tuple[list[Candidate], list[Decision]]:
    _check_rule(rule)
    if pool.routed_from_id is not None:
        raise DomainError(f"{pool.name} is routed already: route {pool.routed_from.name}, where it came from.")
    if judge.track_id != pool.track_id or judge.kind != Assessor.Kind.LLM:
        raise DomainError(f"{judge.name} is not a judge of this track.")
    candidates = route_candidates(pool, judge)
    labels = [each.label for each in candidates if each.label is not None]
    if not labels:
        raise DomainError(f"{judge.name} has no labels in {pool.name} yet: let it judge the pool first.")
    if all(signal_of(label, rule.signal) is None for label in labels):
        raise DomainError(
            f"{judge.name} has given no {rule.signal} with its {len(labels):,} labels in {pool.name}: a rule needs a "
            "judge that tells how probable its grades are."
        )
    decisions = [decide(each.label, rule, topic=each.qid, docid=each.docid) for each in candidates]
    return candidates, decisions


def _preview(pool: Pool, rule: Rule, candidates: Sequence[Candidate], decisions: Sequence[Decision]) -> RoutingPreview:
    by_topic: dict[int, Counter] = {}
    for each, decision in zip(candidates, decisions, strict=True):
        by_topic.setdefault(each.topic, Counter())[decision.reason] += 1
    topics = [(topic, by_topic[topic.pk]) for topic in pool.track.topics.filter(pk__in=by_topic)]
    labels = [each.label for each in candidates]
    return RoutingPreview(
        rule,
        topics,
        sum(by_topic.values(), Counter()),
        workloads(labels, rule, _thresholds(pool, rule)),
        sum(label is not None for label in labels),
    )


def _thresholds(pool: Pool, rule: Rule) -> list[float]:
    """Equal steps over what the signal can be, and the rule's own among them."""
    highest = log2(max(pool.track.grades.count(), 2)) if rule.signal == ENTROPY else 1.0
    return sorted({round(highest * step / STEPS, 2) for step in range(1, STEPS + 1)} | {rule.threshold})


def _kept(preview: RoutingPreview) -> dict:
    """What stays on record with the pool."""
    return preview.rule._asdict() | {
        "counts": {reason: preview.counts[reason] for reason in (UNSURE, UNJUDGED, AUDIT, LEFT)},
        "labels": preview.labels,
        "at": timezone.now().isoformat(timespec="seconds"),
    }


def _add_items(routed: Pool, taken: dict[int, tuple[Candidate, Decision]]) -> None:
    """Copies of the source's items, shuffled within their topics by lots of the pool's own seed."""
    lots = {item: lot(routed.seed, each.qid, each.docid) for item, (each, _) in taken.items()}
    in_order = sorted(taken, key=lambda item: (taken[item][0].topic, lots[item], taken[item][0].docid))
    places: Counter = Counter()
    lines = []
    for item in in_order:
        each, decision = taken[item]
        places[each.topic] += 1
        lines.append(f"{item}\t{places[each.topic]}\t{lots[item]}\t{decision.reason}\t{decision.probability!r}")
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE taken (item bigint, position int, lot bigint, because text, probability float8) "
            "ON COMMIT DROP"
        )
        copy_rows("taken", ("item", "position", "lot", "because", "probability"), lines)
        cursor.execute(_COPY, [routed.pk])
        cursor.execute("DROP TABLE taken")


# By topic and position, so that not even the keys could tell a reason, were they not scattered.
_COPY = f"""
    INSERT INTO {PoolItem._meta.db_table} (
        pool_id, topic_id, document_id, position, best_rank, lot, run_ids, ranks, routed_because, selection_probability
    )
    SELECT %s, item.topic_id, item.document_id, taken.position, item.best_rank, taken.lot, item.run_ids, item.ranks,
        taken.because, taken.probability
    FROM taken JOIN {PoolItem._meta.db_table} item ON item.id = taken.item
    ORDER BY item.topic_id, taken.position
"""


def _check_rule(rule: Rule) -> None:
    if rule.signal not in SIGNALS:
        raise DomainError(f"There is no signal {rule.signal!r}; choose one of {', '.join(SIGNALS)}.")
    if not isfinite(rule.threshold) or rule.threshold < 0 or (rule.signal != ENTROPY and rule.threshold > 1):
        highest = "0 bits or more" if rule.signal == ENTROPY else "from 0 to 1"
        raise DomainError(f"A threshold of {rule.signal} is {highest}.")
    if not isfinite(rule.audit_percent) or not 0 <= rule.audit_percent <= 100:
        raise DomainError("The audit is a share of the rest, from 0 to 100 %.")
    if not 0 <= rule.seed <= LARGEST_NUMBER:
        raise DomainError(f"A seed is a number from 0 to {LARGEST_NUMBER:,}.")


def _check_name(name: str) -> None:
    longest = Pool._meta.get_field("name").max_length
    if not name.strip() or len(name) > longest:
        raise DomainError(f"A pool needs a name of at most {longest} characters.")
