"""Suggestions accepted together: many judgments by one decision, taken back together, or one by one as any other.

Each judgment has its own event in the history. Its key is derived from the key of the whole and the passage, so that a
repeated request finds what the first one stored.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeVar
from uuid import UUID, uuid5

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from assessment.domain.errors import DomainError
from assessment.models import (
    Assessor,
    Condition,
    Duty,
    DutyItem,
    Grade,
    Judgment,
    JudgmentEvent,
    JudgmentState,
    Pool,
    PoolItem,
    Reveal,
    Topic,
    User,
)
from assessment.selectors.duty_list import labelled_items, why_not_listed
from assessment.selectors.judging import Progress
from assessment.selectors.progress import duty_progress

from .duties import Terms, duties_assign, terms_of
from .people import assessor_ensure

ATTEMPTS = 5
Result = TypeVar("Result")


class Acceptance(NamedTuple):
    """Keys of pool items: what is stored, and what had changed since it was shown and was left alone."""

    accepted: list[int]
    changed: list[int]
    progress: Progress
    repeated: bool


class Return(NamedTuple):
    """Keys of pool items: what is unjudged again, and what was judged anew since the acceptance and stays."""

    returned: list[int]
    kept: list[int]
    progress: Progress
    repeated: bool


def suggestions_accept(
    *, duty: Duty, labels: Mapping[int, int], reason: str, idempotency_key: UUID, actor: User
) -> Acceptance:
    """Makes the suggestions of these passages the judgments of the duty's assessor, all or none.

    `labels`: key of the pool item → the suggested grade that was shown. A passage that has been judged or put off in
    the meantime, or whose suggestion is another one now, is left alone and told. The judgments carry the reason, and
    no times: nobody was at any one of them. Raises DomainError, and then nothing is stored.
    """
    _check(duty, actor)
    reason = reason.strip()
    if not reason:
        raise DomainError("Say in a few words why these suggestions can be accepted together.")
    if not labels:
        raise DomainError("No unjudged passage with a suggestion is shown: there is nothing to accept.")

    def once() -> Acceptance:
        keys = {item: uuid5(idempotency_key, str(item)) for item in labels}
        earlier = _used(keys)
        if earlier:
            _check_own(earlier.values(), duty)
            return Acceptance(*_parted(labels, earlier), _progress(duty), repeated=True)
        items = {each.pk: each for each in labelled_items(duty, labels) if _still(each, labels)}
        _check_scale(duty, items.values())
        _store_accepted(duty, items.values(), reason)
        JudgmentEvent.objects.bulk_create(_accepting(duty, each, keys[each.pk], actor) for each in items.values())
        return Acceptance(*_parted(labels, items), _progress(duty), repeated=False)

    return _insist(once)


def acceptance_undo(*, duty: Duty, acceptance: UUID, idempotency_key: UUID, actor: User) -> Return:
    """Takes a whole acceptance back, by the key that it had: its passages are unjudged again.

    What was judged anew since then stays. Raises DomainError where nothing was accepted under that key.
    """
    _check(duty, actor)

    def once() -> Return:
        pairs = _pairs(duty)
        accepted = _used({item: uuid5(acceptance, str(item)) for item in pairs})
        _check_own(accepted.values(), duty)
        if not accepted:
            raise DomainError("There is no acceptance to take back: none of these suggestions was accepted.")
        keys = {item: uuid5(idempotency_key, str(item)) for item in accepted}
        earlier = _used(keys)
        if earlier:
            _check_own(earlier.values(), duty)
            return Return(*_parted(accepted, earlier), _progress(duty), repeated=True)
        held = _held(duty, accepted)
        standing = _standing_since(duty, accepted)
        back = {item: held[pairs[item]] for item in standing if pairs[item] in held}
        Judgment.with_vigilance.filter(pk__in=[judgment.pk for judgment in back.values()]).delete()
        JudgmentEvent.objects.bulk_create(_returning(judgment, keys[item], actor) for item, judgment in back.items())
        return Return(*_parted(accepted, back), _progress(duty), repeated=False)

    return _insist(once)


@transaction.atomic
def review_begin(*, pool: Pool, topic: Topic, source: Assessor, by: User) -> Duty:
    """Gives `by` the topic as an own duty that shows the grades of `source` from the beginning, and returns it.

    The labels are this person's, apart from everybody else's. A duty that stands under these terms is returned as it
    is; DomainError where the person has the topic under others, or where the pool allows no list.
    """
    terms = Terms(Condition.POST_EDIT, Reveal.ALWAYS, source.pk)
    assessor = assessor_ensure(track=pool.track, user=by)
    standing = Duty.objects.filter(pool=pool, topic=topic, assessor=assessor).first()
    if standing and terms_of(standing) != terms:
        raise DomainError(
            f"You have topic {topic.qid} under other terms ({standing.get_condition_display()}); "
            "withdraw that duty first, or review the judge's grades of another topic."
        )
    wanted = standing or Duty(
        pool=pool, topic=topic, assessor=assessor, condition=Condition.POST_EDIT, reveal=Reveal.ALWAYS,
        suggestion_source=source,
    )  # fmt: skip
    refusal = why_not_listed(wanted)
    if refusal:
        raise DomainError(refusal)
    duties_assign(
        pool=pool, assessor=assessor, topics=[topic], condition=Condition.POST_EDIT, reveal=Reveal.ALWAYS,
        suggestion_source=source,
    )  # fmt: skip
    return Duty.objects.get(pool=pool, topic=topic, assessor=assessor)


def _check(duty: Duty, actor: User) -> None:
    if duty.assessor.user_id != actor.pk:
        raise DomainError("Nobody judges in another person's name.")
    if duty.closed_at is not None:
        raise DomainError("The organizer has closed this topic: it can be read, but not judged any more.")
    refusal = why_not_listed(duty)
    if refusal:
        raise DomainError(refusal)


def _check_scale(duty: Duty, items) -> None:
    scale = set(Grade.objects.filter(track=duty.pool.track_id).values_list("value", flat=True))
    strange = sorted({each.label["grade"] for each in items} - scale)
    if strange:
        listed = ", ".join(map(str, strange))
        raise DomainError(f"Grade {listed} is suggested and is not on this track's scale; filter it out.")


def _check_own(events, duty: Duty) -> None:
    if any((event.assessor_id, event.topic_id) != (duty.assessor_id, duty.topic_id) for event in events):
        raise DomainError("This request carries the key of another one. Reload the page and try again.")


def _used(keys: Mapping[int, UUID]) -> dict[int, JudgmentEvent]:
    """The events that have these keys already, by pool item."""
    found = {event.idempotency_key: event for event in JudgmentEvent.objects.filter(idempotency_key__in=keys.values())}
    return {item: found[key] for item, key in keys.items() if key in found}


def _still(item: DutyItem, labels: Mapping[int, int]) -> bool:
    """Whether the passage is unjudged and its suggestion the one that was shown."""
    return item.state == "" and item.label is not None and item.label["grade"] == labels[item.pk]


def _parted(asked: Mapping[int, object], stored: Mapping[int, object]) -> tuple[list[int], list[int]]:
    return [item for item in asked if item in stored], [item for item in asked if item not in stored]


def _progress(duty: Duty) -> Progress:
    (counted,) = duty_progress([duty])
    return Progress(counted.done, counted.total)


def _store_accepted(duty: Duty, items, reason: str) -> None:
    now = timezone.now()
    Judgment.with_vigilance.bulk_create(
        Judgment(
            assessor_id=duty.assessor_id,
            topic_id=each.topic_id,
            document_id=each.document_id,
            vigilance=each.vigilance,
            grade=each.label["grade"],
            condition=duty.condition,
            suggestion_grade=each.label["grade"],
            suggestion_by_id=duty.suggestion_source_id,
            suggestion_shown_at=now,
            reason=reason,
        )
        for each in items
    )


def _accepting(duty: Duty, item: DutyItem, key: UUID, actor: User) -> JudgmentEvent:
    return JudgmentEvent(
        assessor_id=duty.assessor_id,
        topic_id=item.topic_id,
        document_id=item.document_id,
        vigilance=item.vigilance,
        kind=JudgmentEvent.Kind.BULK,
        state=JudgmentState.GRADED,
        grade=item.label["grade"],
        suggestion_grade=item.label["grade"],
        actor=actor,
        idempotency_key=key,
    )


def _returning(judgment: Judgment, key: UUID, actor: User) -> JudgmentEvent:
    return JudgmentEvent(
        assessor_id=judgment.assessor_id,
        topic_id=judgment.topic_id,
        document_id=judgment.document_id,
        vigilance=judgment.vigilance,
        kind=JudgmentEvent.Kind.UNDONE,
        previous_state=judgment.state,
        previous_grade=judgment.grade,
        suggestion_grade=judgment.suggestion_grade,
        actor=actor,
        idempotency_key=key,
    )


def _pairs(duty: Duty) -> dict[int, tuple[int, bool]]:
    """(document, planted or not) of all that the duty could show, by pool item."""
    items = PoolItem.with_planted.filter(pool=duty.pool_id, topic=duty.topic_id)
    items = items.filter(Q(planted_for=None) | Q(planted_for=duty))
    return {
        pk: (document, planted is not None)
        for pk, document, planted in items.values_list("pk", "document", "planted_for")
    }


def _held(duty: Duty, accepted: Mapping[int, JudgmentEvent]) -> dict[tuple[int, bool], Judgment]:
    """The judgments of these pairs, locked: nobody grades them anew between our look and our deed."""
    judgments = Judgment.with_vigilance.select_for_update().filter(
        assessor=duty.assessor_id,
        topic=duty.topic_id,
        document__in=[event.document_id for event in accepted.values()],
    )
    return {(each.document_id, each.vigilance): each for each in judgments.order_by("pk")}


def _standing_since(duty: Duty, accepted: Mapping[int, JudgmentEvent]) -> list[int]:
    """Those of the accepted items of which the acceptance is still the latest word; taken back counts as unsaid. What
    has been noted since is kept with its passage: taking the acceptance back would lose it."""
    said = defaultdict(list)
    noted = set()
    for event in JudgmentEvent.objects.filter(
        assessor=duty.assessor_id,
        topic=duty.topic_id,
        document__in=[event.document_id for event in accepted.values()],
    ).order_by("pk"):
        words = said[event.document_id, event.vigilance]
        if event.kind == JudgmentEvent.Kind.UNDONE:
            del words[-1:]
        elif event.kind == JudgmentEvent.Kind.NOTED:
            noted.add((event.document_id, event.vigilance))
        else:
            words.append(event.pk)
            noted.discard((event.document_id, event.vigilance))
    pairs = {item: (event.document_id, event.vigilance) for item, event in accepted.items()}
    return [
        item for item, event in accepted.items() if said[pairs[item]][-1:] == [event.pk] and pairs[item] not in noted
    ]


def _insist(write: Callable[[], Result]) -> Result:
    """Runs it in a transaction, again when another save of one of its passages, or the same request, came first."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with transaction.atomic():
                return write()
        except IntegrityError:
            if attempt == ATTEMPTS:
                raise
