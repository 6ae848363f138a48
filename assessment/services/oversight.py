"""What an organizer does with duties that are under way: hand the rest on, close, reopen, extend, take back.

Nothing that was judged is moved or lost. Every change is written, with its author, to Django's log of changes.
"""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from django.contrib.admin.models import CHANGE, LogEntry
from django.db import transaction
from django.utils import timezone

from assessment.domain.errors import DomainError
from assessment.models import Assessor, Duty, DutyItem, Judgment, User
from assessment.selectors.attention import idle_leases
from assessment.selectors.judging import DONE
from assessment.services.duty_terms import check_assessor, checked_terms, judging_users, terms_of
from assessment.services.leases import lease_hand_back
from assessment.services.ranks import duty_ranks_freeze
from assessment.services.vigilance import vigilance_plant


class Handover(NamedTuple):
    """What handing a duty on does: the first keeps `kept` judged passages, the other gets `passed`."""

    kept: int
    passed: int


@transaction.atomic
def duty_reassign(*, duty: Duty, to: Assessor, by: User, only_open: bool = True) -> Duty:
    """Gives the rest of the duty's topic to another person, under the same terms; returns that person's duty.

    What was judged stays with the first, whose duty is closed. Where nothing was judged, the duty itself changes hands.
    Without `only_open` the other judges the whole topic anew. Vigilance items stay with the first; the other gets own
    ones. Repeated, it changes nothing. Raises DomainError.
    """
    Assessor.objects.select_for_update().get(pk=to.pk)  # as whoever assigns duties does
    locked = _locked(duty)
    done_before = _handed_on(duty, locked, to)
    if done_before:
        return done_before
    _check_handover(locked, to)
    giver = locked.assessor
    lease_hand_back(duty=locked, for_good=True)
    rest_of = [key for key in dict.fromkeys([*locked.rest_of, giver.pk]) if key != to.pk] if only_open else []
    if not DutyItem.objects.filter(duty=locked).exclude(state="").exists():
        return _change_hands(locked, to, by, rest_of)
    same = {name: getattr(locked, name) for name in ("pool", "topic", "plan", "due_on")}
    heir = Duty.objects.create(assessor=to, rest_of=rest_of, **same, **_terms_for(locked, to))
    if heir.vigilance_percent:
        vigilance_plant(duties=[heir])
    duty_ranks_freeze(duties=[heir])
    locked.closed_at = locked.closed_at or timezone.now()
    locked.save(update_fields=["closed_at"])
    _log(by, [locked], f"Closed; {'the rest' if only_open else 'the whole topic'} went to {to.name}.")
    _log(by, [heir], f"Got {'the rest' if only_open else 'the whole topic'} from {giver.name}.")
    return heir


def handover_of(duty: Duty, to: Assessor, only_open: bool = True) -> Handover:
    """What duty_reassign would do; raises what it would raise, and stores nothing. `to` need not be stored yet."""
    _check_handover(duty, to)
    states = list(DutyItem.objects.filter(duty=duty, vigilance=False).values_list("document", "state"))
    kept = sum(state in DONE for _, state in states)
    given = [document for document, state in states if not only_open or state not in DONE]
    own = Judgment.objects.filter(assessor=to.pk, topic=duty.topic_id, document__in=given, state__in=DONE)
    return Handover(kept, len(given) - own.count())


@transaction.atomic
def duty_close(*, duty: Duty, by: User) -> Duty:
    """From now on the duty can be read, not judged; what was judged stays. A closed duty stays as it is."""
    locked = _locked(duty)
    _check_person(locked)
    if locked.closed_at is None:
        locked.closed_at = timezone.now()
        locked.message = ""
        locked.save(update_fields=["closed_at", "message"])
        lease_hand_back(duty=locked, for_good=True)
        _log(by, [locked], "Closed.")
    return locked


@transaction.atomic
def duty_reopen(*, duty: Duty, by: User, message: str = "") -> Duty:
    """Lets the assessor judge again, with a word that stands above the passage until he or she has dealt with it.

    Of what the duty's heirs have judged nothing comes back. An open duty only gets the message. Raises DomainError
    while an heir still works on the rest.
    """
    locked = _locked(duty)
    _check_person(locked)
    message = message.strip()
    if locked.closed_at is None and not message:
        raise DomainError(f"{locked.assessor.name}’s duty is open already: write what is to be done.")
    if (locked.closed_at, locked.message) == (None, message):
        return locked
    said = "Reopened" if locked.closed_at else "Written to"
    if locked.closed_at:
        locked.rest_of = list(dict.fromkeys([*locked.rest_of, *_heirs_that_are_done(locked)]))
    locked.closed_at, locked.message = None, message
    locked.save(update_fields=["closed_at", "message", "rest_of"])
    _log(by, [locked], f"{said}: {message}" if message else f"{said}.")
    return locked


@transaction.atomic
def duties_extend(*, duties: Iterable[Duty], due_on: date | None, by: User) -> int:
    """Sets the day by which these duties are due (None: whenever); closed ones stay. Returns how many have changed."""
    if due_on is not None and due_on < timezone.localdate():
        raise DomainError(f"{due_on:%-d %B %Y} is over: choose today or a later day.")
    keys = [duty.pk for duty in duties]
    found = Duty.objects.select_for_update(of=["self"]).select_related("assessor", "pool")
    locked = found.filter(pk__in=keys, closed_at=None).order_by("pk")
    changed = [duty for duty in locked if duty.due_on != due_on]
    for duty in changed:
        duty.due_on = due_on
    Duty.objects.bulk_update(changed, ["due_on"])
    _log(by, changed, f"Due on {due_on:%-d %B %Y}." if due_on else "Due whenever.")
    return len(changed)


@transaction.atomic
def leases_hand_back(*, duty: Duty, by: User) -> int:
    """Takes the passages from the desk of an assessor who is not working on them; returns how many.

    Whoever comes back may still save.
    """
    if not idle_leases(duty):
        return 0
    count = lease_hand_back(duty=duty)
    _log(by, [duty], f"Handed back {count} from the desk.")
    return count


@transaction.atomic
def duty_message_clear(*, duty: Duty, by: User) -> None:
    """The assessor has dealt with the organizer's word."""
    if Duty.objects.filter(pk=duty.pk).exclude(message="").update(message=""):
        _log(by, [duty], "Dealt with the message.")


def _locked(duty: Duty) -> Duty:
    """The duty as it stands, which nobody else changes meanwhile."""
    rows = Duty.objects.select_for_update(of=["self"]).select_related(
        "pool__track", "topic", "assessor__user", "suggestion_source"
    )
    found = rows.filter(pk=duty.pk).first()
    if found is None:
        raise DomainError("This duty was withdrawn meanwhile. Nothing was changed.")
    return found


def _handed_on(asked: Duty, locked: Duty, to: Assessor) -> Duty | None:
    """The duty that an earlier, equal request made, if there was one."""
    if locked.assessor_id == asked.assessor_id:
        if locked.closed_at is None:
            return None
        heirs = Duty.objects.filter(pool=locked.pool_id, topic=locked.topic_id, assessor=to)
        return heirs.filter(rest_of__contains=[locked.assessor_id]).first()
    if locked.assessor_id == to.pk:
        return locked
    raise DomainError(f"Topic {locked.topic.qid} is with {locked.assessor.name} meanwhile. Nothing was changed.")


def _check_person(duty: Duty) -> None:
    if duty.assessor.kind != Assessor.Kind.HUMAN:
        raise DomainError(f"{duty.assessor.name} is not a person: nobody looks at this topic under “automatic”.")


def _check_handover(duty: Duty, to: Assessor) -> None:
    _check_person(duty)
    if to.pk == duty.assessor_id:
        raise DomainError(f"{to.name} has this topic already: choose another person.")
    check_assessor(duty.pool, to, judging_users(duty.pool.track, [to.user_id]))
    checked_terms(to, duty.condition, duty.reveal, duty.suggestion_source)
    same_topic = Duty.objects.filter(pool=duty.pool_id, topic=duty.topic_id)
    if same_topic.filter(assessor=to.pk).exists():
        raise DomainError(f"{to.name} has a duty in topic {duty.topic.qid} already: choose another person.")
    if duty.closed_at is None:
        return
    heir = same_topic.filter(rest_of__contains=[duty.assessor_id]).select_related("assessor").first()
    if heir:
        raise DomainError(f"The rest of topic {duty.topic.qid} has gone to {heir.assessor.name} already.")


def _terms_for(duty: Duty, to: Assessor) -> dict:
    """The duty's terms for another person, who is not tested with passages that he or she has graded."""
    terms = terms_of(duty)
    if terms.trusted_id == to.pk:
        terms = terms._replace(vigilance_percent=0, trusted_id=None)
    return terms._asdict()


def _change_hands(duty: Duty, to: Assessor, by: User, rest_of: list[int]) -> Duty:
    """Nothing is judged yet. Should a save be on its way, its passage is left out for the next (`rest_of`)."""
    giver = duty.assessor.name
    planted = duty.vigilance_percent
    for name, value in _terms_for(duty, to).items():
        setattr(duty, name, value)
    duty.assessor, duty.rest_of, duty.closed_at = to, rest_of, None
    duty.save()
    if planted:
        vigilance_plant(duties=[duty])
        duty_ranks_freeze(duties=[duty])
    _log(by, [duty], f"Went from {giver}, who had judged nothing, to {to.name}.")
    return duty


def _heirs_that_are_done(duty: Duty) -> list[int]:
    """The assessors who got the rest of this duty. Raises DomainError while one of them still has some of it."""
    heirs = Duty.objects.filter(pool=duty.pool_id, topic=duty.topic_id, rest_of__contains=[duty.assessor_id])
    keys = []
    for heir in heirs.select_related("assessor"):
        left = DutyItem.objects.filter(duty=heir).exclude(state__in=DONE).count()
        if heir.closed_at is None and left:
            raise DomainError(
                f"{heir.assessor.name} has the rest of topic {duty.topic.qid}, {left} passages of it still open. "
                f"Close that duty first, or wait until it is done."
            )
        keys.append(heir.assessor_id)
    return keys


def _log(by: User, duties: list[Duty], sentence: str) -> None:
    if duties:
        LogEntry.objects.log_actions(by.pk, duties, CHANGE, change_message=sentence, single_object=len(duties) == 1)
