"""Who edits or assigns which topics of a bank, under which condition, and what is shown meanwhile."""

from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from assessment.domain.errors import DomainError
from assessment.models import Assessor, Condition, Topic
from assessment.services.duty_terms import judging_users
from nuggets.models import Bank, BankCondition, BankEdit, NuggetAssignment, NuggetDuty, NuggetTask, TopicBank

_TERMS = ("condition", "suggestion_source_id", "hides_importance")


@transaction.atomic
def nugget_duties_give(*, bank: Bank, topics: Iterable[Topic] | None, task: NuggetTask | str, **terms) -> int:
    """Gives the assessor these topics of the bank (None: all that have a list) by `nugget_duty_create`, whose `terms`
    they are, and returns how many duties are new. Topics that he or she has under the same terms are left alone.

    To be edited, a topic gets its empty list here; to be assigned, it must have one.
    """
    chosen = [one.topic for one in bank.topic_banks.select_related("topic")] if topics is None else list(topics)
    if not chosen:
        raise DomainError(f"The bank “{bank.name}” has no topic yet: choose those that it shall have.")
    lists = {one.topic_id: one for one in bank.topic_banks.filter(topic__in=chosen)}
    missing = [topic for topic in chosen if topic.pk not in lists]
    if missing and task != NuggetTask.EDIT:
        names = ", ".join(topic.qid for topic in missing[:5])
        raise DomainError(f"The bank “{bank.name}” has no nuggets for topic {names}: there is nothing to assign.")
    for topic in missing:
        lists[topic.pk] = TopicBank.objects.get_or_create(bank=bank, topic=topic)[0]
    new = 0
    for topic in chosen:
        topic_bank = lists[topic.pk]
        topic_bank.bank, topic_bank.topic = bank, topic
        new += nugget_duty_ensure(topic_bank=topic_bank, task=task, **terms)
    return new


def nugget_duty_ensure(**wanted) -> bool:
    """As `nugget_duty_create`; False, and nothing else, where the very same duty is there already."""
    known = {name: wanted[name] for name in ("topic_bank", "task", "assessor")}
    there = NuggetDuty.objects.filter(**known).first()
    if there is not None and _terms_of(there) == _terms_of(_wanted(**wanted)):
        return False
    nugget_duty_create(**wanted)
    return True


@transaction.atomic
def nugget_duty_create(
    *,
    topic_bank: TopicBank,
    assessor: Assessor,
    task: NuggetTask | str,
    condition: Condition | str = Condition.MANUAL,
    suggestion_source: Assessor | None = None,
    hides_importance: bool = False,
) -> NuggetDuty:
    """One person's task with one topic's list.

    The condition is for assigning: `manual`, where no suggestion ever reaches the browser, or `post_edit`, with the
    labels of `suggestion_source`. That of editing is the bank's own. Raises DomainError for terms that contradict each
    other or what the person has labelled before, and for somebody who has this task with this list already.
    """
    duty = _wanted(
        topic_bank=topic_bank,
        assessor=assessor,
        task=task,
        condition=condition,
        suggestion_source=suggestion_source,
        hides_importance=hides_importance,
    )
    _check_terms(duty)
    _check_person(duty)
    # Locked: two organizers who give the same topic at the same moment see each other's duties.
    Assessor.objects.select_for_update().get(pk=assessor.pk)
    qid = topic_bank.topic.qid
    if NuggetDuty.objects.filter(topic_bank=topic_bank, task=task, assessor=assessor).exists():
        raise DomainError(
            f"{assessor.name} has topic {qid} of “{topic_bank.bank.name}” already, to {NuggetTask(task).label}, under "
            "other terms: remove that duty first. Nothing was given."
        )
    labels = _labels(duty).exclude(condition=duty.condition).exclude(condition="")
    if duty.task == NuggetTask.ASSIGN and labels.exists():
        raise DomainError(
            f"{assessor.name} has labelled topic {qid} under another condition; what was labelled under one cannot "
            "move to another. Nothing was given."
        )
    duty.save()
    return duty


@transaction.atomic
def nugget_duty_close(*, duty: NuggetDuty) -> NuggetDuty:
    """From now on it can be read, not worked on; what was done stays. A closed duty stays as it is."""
    locked = _locked(duty)
    if locked.closed_at is None:
        locked.closed_at, locked.message = timezone.now(), ""
        locked.save(update_fields=["closed_at", "message"])
    return locked


@transaction.atomic
def nugget_duty_reopen(*, duty: NuggetDuty, message: str = "") -> NuggetDuty:
    """Lets the person go on, with a word that stands above the work. An open duty only gets the word."""
    locked = _locked(duty)
    if locked.closed_at is None and not message.strip():
        raise DomainError(f"{locked.assessor.name}’s duty is open already: write what is to be done.")
    locked.closed_at, locked.message = None, message.strip()
    locked.save(update_fields=["closed_at", "message"])
    return locked


@transaction.atomic
def nugget_duty_delete(*, duty: NuggetDuty) -> None:
    """Takes the duty away as if it had never been. Raises DomainError where something was done under it."""
    locked = _locked(duty)
    qid, name = locked.topic_bank.topic.qid, locked.assessor.name
    if locked.task == NuggetTask.ASSIGN:
        count = _labels(locked).count()
        done = f"given {count:,} label{'s' * (count != 1)}"
    else:
        count = BankEdit.objects.filter(topic_bank=locked.topic_bank, actor=locked.assessor.user_id).count()
        done = f"made {count:,} edit{'s' * (count != 1)}"
    if count:
        raise DomainError(f"{name} has {done} for topic {qid}, which would lose their duty: close it instead.")
    locked.delete()


def _wanted(
    *,
    topic_bank: TopicBank,
    assessor: Assessor,
    task: str,
    condition: str = Condition.MANUAL,
    suggestion_source: Assessor | None = None,
    hides_importance: bool = False,
) -> NuggetDuty:
    if task == NuggetTask.EDIT:
        by_hand = topic_bank.bank.condition == BankCondition.MANUAL
        condition, suggestion_source = (Condition.MANUAL if by_hand else Condition.POST_EDIT), None
    return NuggetDuty(
        topic_bank=topic_bank,
        assessor=assessor,
        task=str(task),
        condition=str(condition),
        suggestion_source=suggestion_source,
        hides_importance=hides_importance,
    )


def _terms_of(duty: NuggetDuty) -> tuple:
    return tuple(getattr(duty, name) for name in _TERMS)


def _check_terms(duty: NuggetDuty) -> None:
    if duty.task not in NuggetTask.values:
        raise DomainError(f"There is no task “{duty.task}”; nuggets are edited or assigned.")
    if duty.task == NuggetTask.EDIT:
        return
    source = duty.suggestion_source
    if duty.condition not in (Condition.MANUAL, Condition.POST_EDIT):
        raise DomainError("Nuggets are assigned under the condition manual or post-edit.")
    if duty.condition == Condition.MANUAL and source is not None:
        raise DomainError("Manual assignment uses no suggestions: leave their source empty.")
    if duty.condition == Condition.POST_EDIT and source is None:
        raise DomainError("Name whose labels post-edit shows as suggestions.")
    if source is not None and source.track_id != duty.assessor.track_id:
        raise DomainError("The suggestions must come from an assessor of the same track.")
    if source is not None and source.pk == duty.assessor.pk:
        raise DomainError(f"{duty.assessor.name} cannot be shown his or her own labels as suggestions.")


def _check_person(duty: NuggetDuty) -> None:
    track, assessor = duty.topic_bank.bank.track, duty.assessor
    if assessor.track_id != track.pk:
        raise DomainError(f"{assessor.name} is not an assessor of this track.")
    if assessor.kind != Assessor.Kind.HUMAN:
        raise DomainError(f"{assessor.name} is not a person; duties are for people.")
    if assessor.user_id not in judging_users(track, [assessor.user_id]):
        raise DomainError(f"{assessor.name} is not an assessor or organizer of this track: set the role first.")


def _labels(duty: NuggetDuty):
    """What the duty's person has said of any wording of its list."""
    return NuggetAssignment.objects.filter(assessor=duty.assessor, wording__nugget__topic_bank=duty.topic_bank)


def _locked(duty: NuggetDuty) -> NuggetDuty:
    rows = NuggetDuty.objects.select_for_update(of=("self",))
    return rows.select_related("topic_bank__topic", "assessor").get(pk=duty.pk)
