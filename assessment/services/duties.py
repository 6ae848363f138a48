"""Who judges which topics of a pool, under which condition, and what is shown meanwhile."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.db import transaction
from django.db.models import Exists, OuterRef

from assessment.domain.errors import DomainError
from assessment.models import (
    RANKED_ORDERS,
    Assessor,
    Condition,
    Duty,
    DutyItem,
    Judgment,
    Plan,
    Pool,
    PoolItem,
    Reveal,
    Topic,
)
from assessment.services.duty_terms import (
    Terms,
    check_assessor,
    checked_automatic_terms,
    checked_terms,
    judging_users,
    terms_of,
)
from assessment.services.ranks import duty_ranks_freeze, refuse_unrankable
from assessment.services.vigilance import vigilance_plant

_CHANGING = (
    "condition",
    "reveal",
    "suggestion_source",
    "order",
    "ranked_by",
    "sample_percent",
    "vigilance_percent",
    "trusted",
    "plan",
)


class WantedDuty(NamedTuple):
    """A duty as it is to be. The assessor may be a row that is not stored yet."""

    pool: Pool
    topic: Topic
    assessor: Assessor
    terms: Terms


class Changes(NamedTuple):
    """What storing the wanted duties means. `begun` are those of `changed` whose binding terms must stay; `planting`
    are the new and the changed ones whose vigilance items are to be drawn, or drawn anew; `ranking` those whose ranks
    are to be written, or are no more."""

    new: list[Duty]
    changed: list[Duty]
    begun: list[Duty]
    planting: list[Duty]
    ranking: list[Duty]


@transaction.atomic
def duties_assign(
    *,
    pool: Pool,
    assessor: Assessor,
    topics: Iterable[Topic] | None = None,
    condition: Condition | str,
    reveal: Reveal | str = Reveal.NEVER,
    suggestion_source: Assessor | None = None,
    order: str = "",
    sample_percent: int = 100,
    vigilance_percent: int = 0,
    trusted: Assessor | None = None,
    ranked_by: Assessor | None = None,
) -> int:
    """Gives the assessor these topics of the pool (all of them by default) and returns how many duties are new or
    have new terms.

    A topic that the assessor already has under the same terms is left alone. Under other terms it is changed while
    nothing of it is judged, and afterwards only in its order and its share of the pairs; DomainError names the topics
    where that is not so, and nothing is assigned. `ranked_by` is the judge whose distributions order the passages,
    by what it says at this moment; nobody tells the assessor.
    """
    terms = checked_terms(
        assessor,
        condition,
        reveal,
        suggestion_source,
        order=order,
        sample_percent=sample_percent,
        vigilance_percent=vigilance_percent,
        trusted=trusted,
        ranked_by=ranked_by,
    )
    check_assessor(pool, assessor, judging_users(pool.track, [assessor.user_id]))
    return duties_store([WantedDuty(pool, topic, assessor, terms) for topic in _topics_of(pool, topics)])


@transaction.atomic
def duties_leave_to(*, pool: Pool, source: Assessor | None, topics: Iterable[Topic]) -> int:
    """Records that nobody looks at these topics: the labels of `source`, a judge or an imported file, stand.

    Such a duty is the source's own, under the condition `automatic`. Returns how many are new; DomainError for a source
    that is a person or of another track, and for topics that the pool has not.
    """
    terms = checked_automatic_terms(pool, source, source, Reveal.NEVER)
    return duties_store([WantedDuty(pool, topic, source, terms) for topic in _topics_of(pool, topics)])


@transaction.atomic
def duties_store(wanted: Sequence[WantedDuty], *, plan: Plan | None = None, seed: int | None = None) -> int:
    """Makes the duties of one track as they are wanted, with their vigilance items, and returns how many are new or
    have new terms. They come from `plan`, or from none. A fixed number of queries.

    `seed` draws the vigilance items; None: the pool's own. Terms are checked before; DomainError for begun duties.
    """
    # Locked: two organizers who assign at the same time see each other's duties.
    keys = sorted({each.assessor.pk for each in wanted})
    list(Assessor.objects.select_for_update().filter(pk__in=keys).order_by("pk").values_list("pk"))
    changes = duty_changes(wanted)
    refuse_begun(changes.begun)
    refuse_unrankable(changes.ranking)
    for duty in (*changes.new, *changes.changed):
        duty.plan = plan
    Duty.objects.bulk_create(changes.new)
    Duty.objects.bulk_create(
        changes.changed,
        update_conflicts=True,
        unique_fields=["pool", "topic", "assessor"],
        update_fields=_CHANGING,
    )
    if changes.planting:
        vigilance_plant(duties=changes.planting, seed=seed)
    if changes.ranking:
        duty_ranks_freeze(duties=changes.ranking)
    return len(changes.new) + len(changes.changed)


def duty_changes(wanted: Sequence[WantedDuty]) -> Changes:
    """The wanted duties that are new and those under new terms, not stored yet. Two queries at most,
    and one for each pool with new duties."""
    known = [each.assessor.pk for each in wanted if each.assessor.pk is not None]
    stored = Duty.objects.filter(pool__in={each.pool.pk for each in wanted}, assessor__in=set(known))
    existing = {(duty.pool_id, duty.topic_id, duty.assessor_id): duty for duty in stored}
    new, changed, bound, replanted, reordered = [], [], [], [], []
    for each in wanted:
        duty = existing.get((each.pool.pk, each.topic.pk, each.assessor.pk))
        if duty is None:
            new.append(Duty(pool=each.pool, topic=each.topic, assessor=each.assessor, **each.terms._asdict()))
            continue
        before = terms_of(duty)
        if before == each.terms:
            continue
        # With the rows that are at hand: nobody asks the database for their names.
        duty.pool, duty.topic, duty.assessor = each.pool, each.topic, each.assessor
        for name, value in each.terms._asdict().items():
            setattr(duty, name, value)
        changed.append(duty)
        if before.binding != each.terms.binding:
            bound.append(duty)
        if before.unordered != each.terms.unordered:
            replanted.append(duty)
        if (before.order, before.ranked_by_id) != (each.terms.order, each.terms.ranked_by_id):
            reordered.append(duty)
    begun = _begun({*bound, *replanted})
    planting = [duty for duty in (*new, *replanted) if duty.pk not in begun]
    refused = [duty for duty in bound if duty.pk in begun] + _judged_otherwise(new)
    ranking = reordered + [duty for duty in planting if duty.order in RANKED_ORDERS and duty not in reordered]
    return Changes(new, changed, refused, planting, ranking)


def refuse_begun(begun: Sequence[Duty]) -> None:
    """Raises DomainError for duties whose terms must stay."""
    if begun:
        name = begun[0].assessor.name
        topics = sorted(duty.topic.qid for duty in begun if duty.assessor.name == name)
        raise DomainError(
            f"{name} has begun topic {_listed(topics)} under other terms; "
            "what was judged under one condition cannot move to another. Nothing was assigned."
        )


@transaction.atomic
def duties_withdraw(*, pool: Pool, assessor: Assessor) -> int:
    """Takes the pool's duties from the assessor, with their vigilance items, and returns how many; judgments stay."""
    duties = Duty.objects.filter(pool=pool, assessor=assessor)
    count = duties.count()
    if not count:
        raise DomainError(f"{assessor.name} has no duties in this pool.")
    duties.delete()
    return count


def _begun(duties: Iterable[Duty]) -> set[int]:
    """Keys of those duties of which the assessor has judged something. No query for none."""
    keys = [duty.pk for duty in duties]
    if not keys:
        return set()
    return set(DutyItem.objects.filter(duty__in=keys).exclude(state="").values_list("duty", flat=True).distinct())


def _judged_otherwise(new: Sequence[Duty]) -> list[Duty]:
    """Those new duties of people who have judged passages of theirs under another condition, in a duty that was
    withdrawn or in another pool: a suggestion shown now would fall on a grade that was given without."""
    people = [duty for duty in new if duty.assessor.pk is not None and duty.assessor.kind == Assessor.Kind.HUMAN]
    found: list[Duty] = []
    for pool in {duty.pool_id: duty.pool for duty in people}.values():
        mine = [duty for duty in people if duty.pool_id == pool.pk]
        pooled = PoolItem.objects.filter(pool=pool, topic=OuterRef("topic"), document=OuterRef("document"))
        judged = Judgment.objects.filter(
            Exists(pooled), assessor__in={duty.assessor.pk for duty in mine}, topic__in={duty.topic_id for duty in mine}
        )
        under = set(judged.exclude(condition="").values_list("assessor", "topic", "condition").distinct())
        conditions = [(duty, {c for a, t, c in under if (a, t) == (duty.assessor.pk, duty.topic_id)}) for duty in mine]
        found += [duty for duty, others in conditions if others - {str(duty.condition)}]
    return found


def _topics_of(pool: Pool, topics: Iterable[Topic] | None) -> list[Topic]:
    pooled = Topic.objects.filter(pk__in=pool.items.values("topic"))
    if topics is None:
        chosen = list(pooled)
    else:
        chosen = list(dict.fromkeys(topics))
        keys = set(pooled.values_list("pk", flat=True))
        missing = [topic.qid for topic in chosen if topic.pk not in keys]
        if missing:
            raise DomainError(f"The pool “{pool.name}” has nothing for topic {_listed(missing)}.")
    if not chosen:
        raise DomainError("There is no topic to assign: choose at least one with passages in the pool.")
    return chosen


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:5])
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown
