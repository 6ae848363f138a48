"""Fetching is authorising, as in `assessment.access`: what is not yours does not exist (404)."""

from django.db.models import OuterRef, Subquery
from django.http import Http404

from assessment.access import ORGANIZERS, READERS, get_track_for_user
from assessment.models import Membership, Role, User

from .models import AnswerRun, Bank, NuggetDuty, NuggetTask, TopicBank


def get_answer_run_for_user(user: User, slug: str, pk: int, roles: tuple[Role, ...] = READERS) -> AnswerRun:
    """The run, with the user's role in it as `run.track.role`."""
    track = get_track_for_user(user, slug, roles)
    run = AnswerRun.objects.filter(pk=pk, track=track).select_related("uploaded_by").first()
    if run is None:
        raise Http404("There is no such run of answers in this track.")
    run.track = track
    return run


def get_bank_for_user(user: User, slug: str, pk: int, roles: tuple[Role, ...] = ORGANIZERS) -> Bank:
    """The bank, with the user's role in its track as `bank.track.role`."""
    track = get_track_for_user(user, slug, roles)
    bank = Bank.objects.filter(pk=pk, track=track).first()
    if bank is None:
        raise Http404("There is no such bank in this track.")
    bank.track = track
    return bank


def get_list_for_user(user: User, pk: int) -> TopicBank:
    """A topic's list, for the track's readers and for whoever has a duty to edit it. As `may_edit`: organizers, and
    editors whose duty is open; as `hides_importance`: what the person's duty says."""
    rows = TopicBank.objects.select_related("bank__track", "topic")
    row = rows.annotate(role=Subquery(_role_in("bank__track", user))).filter(pk=pk).first()
    role = row and (Role.ORGANIZER if user.is_staff else row.role and Role(row.role))
    duty = role and row.duties.filter(task=NuggetTask.EDIT, assessor__user=user).first()
    if not role or (role == Role.ASSESSOR and duty is None):
        raise Http404("There is no such list, or it is not yours.")
    row.bank.track.role = role
    row.may_edit = role == Role.ORGANIZER or (role == Role.ASSESSOR and duty.closed_at is None)
    row.hides_importance = duty is not None and duty.hides_importance
    row.closed = duty is not None and duty.closed_at is not None
    return row


def get_nugget_duty_for_user(user: User, pk: int, task: NuggetTask | None = None) -> NuggetDuty:
    """A duty of this very person, whose membership still stands, with this task (None: any). Nobody, staff included,
    edits or assigns in another's name. One query, because it runs at every key press."""
    duty = (
        NuggetDuty.objects.select_related("topic_bank__bank__track", "topic_bank__topic", "assessor")
        .annotate(role=Subquery(_role_in("topic_bank__bank__track", user)))
        .filter(pk=pk, assessor__user=user)
        .first()
    )
    may = duty is not None and task in (None, duty.task)
    if not may or not (user.is_staff or duty.role in (Role.ORGANIZER, Role.ASSESSOR)):
        raise Http404("There is no such duty, or it is not yours.")
    duty.topic_bank.bank.track.role = Role.ORGANIZER if user.is_staff else Role(duty.role)
    return duty


def get_overseen_nugget_duty(user: User, slug: str, pk: int) -> NuggetDuty:
    """Anybody's duty with nuggets in the track that this person organizes."""
    track = get_track_for_user(user, slug, ORGANIZERS)
    rows = NuggetDuty.objects.select_related("topic_bank__bank", "topic_bank__topic", "assessor")
    duty = rows.filter(topic_bank__bank__track=track, pk=pk).first()
    if duty is None:
        raise Http404("There is no such duty in this track.")
    return duty


def get_topic_bank_for_user(user: User, slug: str, pk: int, roles: tuple[Role, ...] = ORGANIZERS) -> TopicBank:
    """A topic's list in this track, with the user's role in it as `bank.track.role`."""
    track = get_track_for_user(user, slug, roles)
    topic_bank = TopicBank.objects.select_related("bank", "topic").filter(bank__track=track, pk=pk).first()
    if topic_bank is None:
        raise Http404("There is no such list of nuggets in this track.")
    topic_bank.bank.track = track
    return topic_bank


def _role_in(track: str, user: User):
    return Membership.objects.filter(user=user, track=OuterRef(track)).values("role")
