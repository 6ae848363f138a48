"""Who judges which topics of a pool, under which condition, and what is shown meanwhile."""

from collections.abc import Iterable
from typing import NamedTuple

from django.db import transaction

from assessment.domain.errors import DomainError
from assessment.models import Assessor, Condition, Duty, Judgment, Membership, Pool, Reveal, Role, Topic


class Terms(NamedTuple):
    """The terms of a duty: the condition, when the suggestion is shown, and whose suggestion it is."""

    condition: str
    reveal: str
    suggestion_source_id: int | None


@transaction.atomic
def duties_assign(
    *,
    pool: Pool,
    assessor: Assessor,
    topics: Iterable[Topic] | None = None,
    condition: Condition | str,
    reveal: Reveal | str = Reveal.NEVER,
    suggestion_source: Assessor | None = None,
) -> int:
    """Gives the assessor these topics of the pool (all of them by default) and returns how many duties are new or
    have new terms.

    A topic that the assessor already has under the same terms is left alone. Under other terms it is changed while
    nothing of it is judged; afterwards DomainError names the topics, and nothing is assigned.
    """
    # Locked: two organizers who assign at the same time see each other's duties.
    Assessor.objects.select_for_update().get(pk=assessor.pk)
    new, changed = duties_check(
        pool=pool,
        assessor=assessor,
        topics=topics,
        condition=condition,
        reveal=reveal,
        suggestion_source=suggestion_source,
    )
    Duty.objects.bulk_update(changed, Terms._fields)
    Duty.objects.bulk_create(new)
    return len(new) + len(changed)


def duties_check(
    *,
    pool: Pool,
    assessor: Assessor,
    topics: Iterable[Topic] | None = None,
    condition: Condition | str,
    reveal: Reveal | str = Reveal.NEVER,
    suggestion_source: Assessor | None = None,
) -> tuple[list[Duty], list[Duty]]:
    """What duties_assign would store, as (new, changed) duties; stores nothing and raises what duties_assign raises.

    The assessor may be a row that is not stored yet: a person who has never had a duty in the track.
    """
    terms = checked_terms(assessor, condition, reveal, suggestion_source)
    check_assessor(pool, assessor)
    wanted = _topics_of(pool, topics)
    existing = {}
    if assessor.pk is not None:
        existing = {duty.topic_id: duty for duty in Duty.objects.filter(pool=pool, assessor=assessor, topic__in=wanted)}
    changed = [duty for duty in existing.values() if terms_of(duty) != terms]
    if changed:
        _refuse_changing_judged(pool, assessor, changed)
    for duty in changed:
        duty.condition, duty.reveal, duty.suggestion_source_id = terms
    new = [Duty(pool=pool, assessor=assessor, topic=topic, **terms._asdict()) for topic in wanted]
    return [duty for duty in new if duty.topic_id not in existing], changed


@transaction.atomic
def duties_leave_to(*, pool: Pool, source: Assessor | None, topics: Iterable[Topic]) -> int:
    """Records that nobody looks at these topics: the labels of `source`, a judge or an imported file, stand.

    Such a duty is the source's own, under the condition `automatic`. Returns how many are new; DomainError for a source
    that is a person or of another track, and for topics that the pool has not.
    """
    terms = checked_automatic_terms(pool, source, source, Reveal.NEVER)
    wanted = _topics_of(pool, topics)
    Assessor.objects.select_for_update().get(pk=source.pk)
    existing = set(Duty.objects.filter(pool=pool, assessor=source).values_list("topic", flat=True))
    new = [
        Duty(pool=pool, assessor=source, topic=topic, **terms._asdict()) for topic in wanted if topic.pk not in existing
    ]
    Duty.objects.bulk_create(new)
    return len(new)


@transaction.atomic
def duties_withdraw(*, pool: Pool, assessor: Assessor) -> int:
    """Takes the pool's duties from the assessor and returns how many; the judgments stay."""
    deleted, _ = Duty.objects.filter(pool=pool, assessor=assessor).delete()
    if not deleted:
        raise DomainError(f"{assessor.name} has no duties in this pool.")
    return deleted


def terms_of(duty: Duty) -> Terms:
    return Terms(duty.condition, duty.reveal, duty.suggestion_source_id)


def checked_terms(assessor: Assessor, condition: str, reveal: str, source: Assessor | None) -> Terms:
    """The terms of a person's duty. Raises DomainError where they contradict each other, or the assessor."""
    if condition not in Condition.values or reveal not in Reveal.values:
        raise DomainError(f"There is no condition “{condition}” with suggestions shown “{reveal}”.")
    if condition == Condition.AUTOMATIC:
        raise DomainError("Under the condition “automatic” nobody looks: start a judge on the pool instead.")
    if condition == Condition.MANUAL and source is not None:
        raise DomainError("Manual judging uses no suggestions: leave their source empty.")
    if condition != Condition.MANUAL and source is None:
        raise DomainError(f"Name whose suggestions the condition “{Condition(condition).label}” uses.")
    if source is not None and source.track_id != assessor.track_id:
        raise DomainError("The suggestions must come from an assessor of the same track.")
    if source is not None and source.pk == assessor.pk:
        raise DomainError(f"{assessor.name} cannot be shown his or her own grades as suggestions.")
    if condition == Condition.POST_EDIT and reveal == Reveal.NEVER:
        raise DomainError("Post-edit shows the suggestion: choose whether always, or after the first grade.")
    if condition != Condition.POST_EDIT and reveal != Reveal.NEVER:
        raise DomainError(f"The condition “{Condition(condition).label}” never shows a suggestion.")
    return Terms(str(condition), str(reveal), source.pk if source else None)


def checked_automatic_terms(pool: Pool, assessor: Assessor | None, source: Assessor | None, reveal: str) -> Terms:
    """The terms of a duty that nobody looks at. Raises DomainError unless it is its source's own, and no person's."""
    if assessor is None:
        raise DomainError(f"Name whose suggestions the condition “{Condition.AUTOMATIC.label}” uses.")
    if assessor.track_id != pool.track_id:
        raise DomainError("The suggestions must come from an assessor of the same track.")
    if assessor.kind == Assessor.Kind.HUMAN:
        raise DomainError(f"Under the condition “automatic” nobody looks, and {assessor.name} is a person.")
    if source is None or source.pk != assessor.pk:
        raise DomainError(f"Under the condition “automatic” {assessor.name} is also the source of the suggestions.")
    if reveal != Reveal.NEVER:
        raise DomainError(f"The condition “{Condition.AUTOMATIC.label}” never shows a suggestion.")
    return Terms(str(Condition.AUTOMATIC), str(Reveal.NEVER), assessor.pk)


def check_assessor(pool: Pool, assessor: Assessor) -> None:
    """Raises DomainError unless this is a person who may judge in the pool's track."""
    if assessor.track_id != pool.track_id:
        raise DomainError(f"{assessor.name} is not an assessor of this track.")
    if assessor.kind != Assessor.Kind.HUMAN:
        raise DomainError(f"{assessor.name} is not a person; duties are for people.")
    role_stands = (
        assessor.user.is_staff
        or Membership.objects.filter(
            track=pool.track_id, user=assessor.user_id, role__in=[Role.ASSESSOR, Role.ORGANIZER]
        ).exists()
    )
    if not role_stands:
        raise DomainError(f"{assessor.name} is not an assessor or organizer of this track: set the role first.")


def begun_topics(pool: Pool, assessor: Assessor, topics: Iterable[int]) -> set[str]:
    """Ids (as in the file) of those topics, given by key, of which the assessor has judged something of the pool."""
    keys = list(topics)
    return set(
        Judgment.objects.filter(
            assessor=assessor,
            topic__in=keys,
            document__in=pool.items.filter(topic__in=keys).values("document"),
        ).values_list("topic__qid", flat=True)
    )


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


def _refuse_changing_judged(pool: Pool, assessor: Assessor, changed: list[Duty]) -> None:
    begun = begun_topics(pool, assessor, (duty.topic_id for duty in changed))
    if begun:
        raise DomainError(
            f"{assessor.name} has begun topic {_listed(sorted(begun))} under other terms; "
            "what was judged under one condition cannot move to another. Nothing was assigned."
        )


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:5])
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown
