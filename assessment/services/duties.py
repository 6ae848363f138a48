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
    terms = _checked_terms(assessor, condition, reveal, suggestion_source)
    _check_assessor(pool, assessor)
    wanted = _topics_of(pool, topics)
    # Locked: two organizers who assign at the same time see each other's duties.
    Assessor.objects.select_for_update().get(pk=assessor.pk)
    existing = {duty.topic_id: duty for duty in Duty.objects.filter(pool=pool, assessor=assessor, topic__in=wanted)}
    changed = [duty for duty in existing.values() if _terms_of(duty) != terms]
    _refuse_changing_judged(pool, assessor, changed)
    for duty in changed:
        duty.condition, duty.reveal, duty.suggestion_source_id = terms
    Duty.objects.bulk_update(changed, Terms._fields)
    new = [Duty(pool=pool, assessor=assessor, topic=topic, **terms._asdict()) for topic in wanted]
    new = [duty for duty in new if duty.topic_id not in existing]
    Duty.objects.bulk_create(new)
    return len(new) + len(changed)


@transaction.atomic
def duties_withdraw(*, pool: Pool, assessor: Assessor) -> int:
    """Takes the pool's duties from the assessor and returns how many; the judgments stay."""
    deleted, _ = Duty.objects.filter(pool=pool, assessor=assessor).delete()
    if not deleted:
        raise DomainError(f"{assessor.name} has no duties in this pool.")
    return deleted


def _terms_of(duty: Duty) -> Terms:
    return Terms(duty.condition, duty.reveal, duty.suggestion_source_id)


def _checked_terms(assessor: Assessor, condition: str, reveal: str, source: Assessor | None) -> Terms:
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


def _check_assessor(pool: Pool, assessor: Assessor) -> None:
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


def _topics_of(pool: Pool, topics: Iterable[Topic] | None) -> list[Topic]:
    pooled = list(Topic.objects.filter(pk__in=pool.items.values("topic")))
    if topics is None:
        chosen = pooled
    else:
        chosen = list(dict.fromkeys(topics))
        missing = [topic.qid for topic in chosen if topic not in set(pooled)]
        if missing:
            raise DomainError(f"The pool “{pool.name}” has nothing for topic {_listed(missing)}.")
    if not chosen:
        raise DomainError("There is no topic to assign: choose at least one with passages in the pool.")
    return chosen


def _refuse_changing_judged(pool: Pool, assessor: Assessor, changed: list[Duty]) -> None:
    begun = set(
        Judgment.objects.filter(
            assessor=assessor,
            topic__in=[duty.topic_id for duty in changed],
            document__in=pool.items.filter(topic__in=[duty.topic_id for duty in changed]).values("document"),
        ).values_list("topic__qid", flat=True)
    )
    if begun:
        raise DomainError(
            f"{assessor.name} has begun topic {_listed(sorted(begun))} under other terms; "
            "what was judged under one condition cannot move to another. Nothing was assigned."
        )


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:5])
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown
