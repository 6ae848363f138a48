"""Fetching is authorising: what is not yours does not exist (404).

Every view gets its objects from here. Staff organize every track; an organizer runs a track; an assessor sees the
guidelines and his or her own work in it; a viewer reads its results.
"""

from django.db.models import OuterRef, QuerySet, Subquery
from django.http import Http404

from .models import Adjudication, Assessor, Duty, Membership, Pool, Role, Run, Topic, Track, User

ORGANIZERS = (Role.ORGANIZER,)
READERS = (Role.ORGANIZER, Role.VIEWER)
EVERYONE = (Role.ORGANIZER, Role.ASSESSOR, Role.VIEWER)


def tracks_for_user(user: User) -> QuerySet[Track]:
    if user.is_staff:
        return Track.objects.all()
    return Track.objects.filter(memberships__user=user)


def role_in_track(user: User, track: Track) -> Role | None:
    if user.is_staff:
        return Role.ORGANIZER
    found = Membership.objects.filter(user=user, track=track).values_list("role", flat=True).first()
    return Role(found) if found else None


def get_track_for_user(user: User, slug: str, roles: tuple[Role, ...] = EVERYONE) -> Track:
    """The track, with the user's role in it as `track.role`. Raises Http404 unless that role is one of `roles`."""
    track = Track.objects.filter(slug=slug).first()
    role = track and role_in_track(user, track)
    if role not in roles:
        raise Http404("There is no such track, or it is not yours.")
    track.role = role
    return track


def get_pool_for_user(user: User, slug: str, pk: int, roles: tuple[Role, ...] = ORGANIZERS) -> Pool:
    return _in_track(Pool.objects.all(), get_track_for_user(user, slug, roles), pk)


def get_run_for_user(user: User, slug: str, pk: int, roles: tuple[Role, ...] = READERS) -> Run:
    return _in_track(Run.objects.all(), get_track_for_user(user, slug, roles), pk)


def get_assessor_for_user(user: User, slug: str, pk: int, roles: tuple[Role, ...] = ORGANIZERS) -> Assessor:
    return _in_track(Assessor.objects.all(), get_track_for_user(user, slug, roles), pk)


def get_topic_for_user(user: User, slug: str, pk: int, roles: tuple[Role, ...] = ORGANIZERS) -> Topic:
    return _in_track(Topic.objects.all(), get_track_for_user(user, slug, roles), pk)


def get_duty_for_user(user: User, pk: int) -> Duty:
    """A duty of this very person, whose membership still stands. Nobody, staff included, judges in another's name.
    One query, because it runs at every key press."""
    duty = (
        Duty.objects.select_related("pool__track", "topic", "assessor", "suggestion_source")
        .annotate(role=Subquery(Membership.objects.filter(user=user, track=OuterRef("pool__track")).values("role")))
        .filter(pk=pk, assessor__user=user)
        .exclude(condition="automatic")
        .first()
    )
    may_judge = duty is not None and (user.is_staff or duty.role in (Role.ORGANIZER, Role.ASSESSOR))
    if not may_judge:
        raise Http404("There is no such duty, or it is not yours.")
    return duty


def get_overseen_duty(user: User, slug: str, pk: int) -> Duty:
    """Anybody's duty in the track that this person organizes."""
    track = get_track_for_user(user, slug, ORGANIZERS)
    rows = Duty.objects.select_related("pool", "topic", "assessor__user", "suggestion_source", "trusted")
    duty = rows.filter(pool__track=track, pk=pk).first()
    if duty is None:
        raise Http404("There is no such duty in this track.")
    duty.pool.track = track
    return duty


def get_adjudication_for_user(user: User, pk: int, to_decide: bool = False) -> Adjudication:
    """An adjudication of this person's track, for its adjudicator, whose membership still stands, and for organizers.

    `to_decide`: for the adjudicator only; nobody, staff included, decides in another's name.
    """
    adjudication = Adjudication.objects.select_related("result__track", "pool", "adjudicator").filter(pk=pk).first()
    if adjudication is not None:
        track = adjudication.result.track
        track.role = role_in_track(user, track)
        own = adjudication.adjudicator_id == user.pk and track.role in (Role.ORGANIZER, Role.ASSESSOR)
        if own or (track.role == Role.ORGANIZER and not to_decide):
            return adjudication
    raise Http404("There is no such adjudication, or it is not yours.")


def _in_track(objects: QuerySet, track: Track, pk: int):
    found = objects.filter(track=track, pk=pk).first()
    if found is None:
        raise Http404("There is no such thing in this track.")
    found.track = track
    return found
