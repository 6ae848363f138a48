"""A person's labels: support, partial support, or not, of one answer and one wording.

Each save locks its duty's row, so that two tabs of one person come one after the other and a duty is not closed in
between. A repeated idempotency key changes nothing.
"""

from typing import NamedTuple
from uuid import UUID, uuid5

from django.db import transaction
from django.utils import timezone

from assessment.domain.errors import DomainError
from assessment.models import User
from nuggets.models import Answer, AssignmentEvent, Label, NuggetAssignment, NuggetDuty, NuggetTask
from nuggets.selectors.assigning import cited_sentences, duty_list, is_listed, shown_suggestions


class StaleWording(DomainError):
    """The nugget has been reworded or retired since the page showed it."""


class SavedLabel(NamedTuple):
    """What stands after a save. `label` is empty where it was taken back; `repeated`: its key was there before."""

    label: str
    sentence: int | None
    repeated: bool = False


@transaction.atomic
def assignment_save(
    *,
    duty: NuggetDuty,
    answer: int,
    wording: int,
    label: Label | str,
    idempotency_key: UUID,
    actor: User,
    sentence: int | None = None,
    suggestion_seen: bool = True,
    active_ms: int | None = None,
    away_ms: int | None = None,
) -> SavedLabel:
    """Stores what the duty's person says of a wording in an answer (both by key), with its history.

    `sentence`: which one supports it, from 0. `suggestion_seen` is False where the page was shown before the source's
    label came. Times are milliseconds of this visit; the label sums them. Raises DomainError (StaleWording for one that
    is not on the list any more), and then nothing is stored.
    """
    _check(duty, actor)
    if label not in Label.values:
        raise DomainError(f"There is no label “{label}”; it is one of {', '.join(Label.values)}.")
    earlier = _earlier(duty, answer, wording, idempotency_key)
    if earlier:
        return earlier
    said_of = _answer(duty, answer)
    _check_listed(duty, wording)
    if sentence is not None and not 0 <= sentence < len(cited_sentences(said_of)):
        raise DomainError("The answer has no such sentence. Reload the page and mark it again.")
    own = NuggetAssignment.objects.filter(assessor=duty.assessor_id, answer=answer, wording=wording).first()
    before = own.label if own else ""
    own = own or NuggetAssignment(assessor_id=duty.assessor_id, answer=said_of, wording_id=wording)
    own.label, own.sentence, own.condition, own.updated_at = label, sentence, duty.condition, timezone.now()
    suggestion = shown_suggestions(duty, answer, [wording]).get(wording, "") if suggestion_seen else ""
    if suggestion:
        own.suggestion, own.suggestion_by_id = suggestion, duty.suggestion_source_id
    for name, ms in (("active_ms", active_ms), ("away_ms", away_ms)):
        if ms is not None:
            setattr(own, name, (getattr(own, name) or 0) + ms)
    own.save()
    _remember(duty, answer, wording, idempotency_key, actor, label=label, before=before, sentence=sentence)
    return SavedLabel(label, sentence)


@transaction.atomic
def assignment_take_back(
    *, duty: NuggetDuty, answer: int, wording: int, idempotency_key: UUID, actor: User
) -> SavedLabel:
    """The nugget is unlabelled again; the history keeps what was said. Nothing there is fine: then nothing is done."""
    _check(duty, actor)
    earlier = _earlier(duty, answer, wording, idempotency_key)
    if earlier:
        return earlier
    _answer(duty, answer)
    own = NuggetAssignment.objects.filter(assessor=duty.assessor_id, answer=answer, wording=wording).first()
    if own is not None:
        own.delete()
        _remember(duty, answer, wording, idempotency_key, actor, before=own.label)
    return SavedLabel("", None)


@transaction.atomic
def assignment_save_nothing(*, duty: NuggetDuty, answer: int, idempotency_key: UUID, actor: User) -> int:
    """An empty answer supports none of the nuggets: all that have no label get `not_support`. Returns how many.

    Raises DomainError for an answer that says something. Each label's key follows from the given one.
    """
    _check(duty, actor)
    if _answer(duty, answer).text.strip():
        raise DomainError("This answer is not empty: say of each nugget whether it is there.")
    listed = [one.wording for one in duty_list(duty).nuggets]
    mine = NuggetAssignment.objects.filter(assessor=duty.assessor_id, answer=answer)
    labelled = set(mine.filter(wording__in=listed).values_list("wording", flat=True))
    for wording in listed:
        if wording not in labelled:
            key = uuid5(idempotency_key, str(wording))
            said = {"wording": wording, "label": Label.NOT_SUPPORT, "idempotency_key": key, "suggestion_seen": False}
            assignment_save(duty=duty, answer=answer, actor=actor, **said)
    return len(set(listed) - labelled)


def _check(duty: NuggetDuty, actor: User) -> None:
    if duty.assessor.user_id != actor.pk:
        raise DomainError("Nobody assigns nuggets in another person's name.")
    if duty.task != NuggetTask.ASSIGN:
        raise DomainError("This duty is to edit the nuggets, not to assign them.")
    locked = NuggetDuty.objects.select_for_update(of=("self",)).only("closed_at").get(pk=duty.pk)
    if locked.closed_at is not None:
        raise DomainError("The organizer has closed this topic: it can be read, but not labelled any more.")


def _earlier(duty: NuggetDuty, answer: int, wording: int, key: UUID) -> SavedLabel | None:
    """The outcome of the save that used this key before."""
    event = AssignmentEvent.objects.filter(saved_as=key).first()
    if event is None:
        return None
    if (event.assessor_id, event.answer_id, event.wording_id) != (duty.assessor_id, answer, wording):
        raise DomainError("This save carries the key of another one. Reload the page and label the nugget again.")
    return SavedLabel(event.label, event.sentence, repeated=True)


def _answer(duty: NuggetDuty, pk: int) -> Answer:
    answer = Answer.objects.filter(pk=pk, topic=duty.topic_bank.topic_id).first()
    if answer is None:
        raise DomainError("This answer is not part of your duty.")
    return answer


def _check_listed(duty: NuggetDuty, wording: int) -> None:
    if not is_listed(duty.topic_bank_id, wording):
        raise StaleWording("This nugget was reworded or taken off the list meanwhile. Here is the list as it stands.")


def _remember(duty: NuggetDuty, answer: int, wording: int, key: UUID, actor: User, **said) -> None:
    AssignmentEvent.objects.create(
        assessor_id=duty.assessor_id, answer_id=answer, wording_id=wording, saved_as=key, actor=actor, **said
    )
