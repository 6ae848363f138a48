"""Fetching is authorising, as in `assessment.access`: what is not yours does not exist (404)."""

from django.http import Http404

from assessment.access import ORGANIZERS, READERS, get_track_for_user
from assessment.models import Role, User

from .models import AnswerRun, Bank


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
