"""Who is on a track, and as what."""

import secrets
from collections.abc import Iterable

from django.contrib.admin.models import CHANGE, DELETION, LogEntry
from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from assessment.domain.errors import DomainError
from assessment.models import Assessor, Membership, Role, Track, User

# Without the letters and digits that are read as one another.
PASSWORD_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


@transaction.atomic
def member_set(*, track: Track, user: User, role: Role | str, by: User | None) -> Membership:
    """Gives the person this role in the track, whatever it was before; `by` is kept in the site's log.

    An assessor gets an Assessor row. Raises DomainError when it would leave the track without an organizer.
    """
    if role not in Role.values:
        raise DomainError(f"There is no role “{role}”; the roles are {', '.join(Role.values)}.")
    if role != Role.ORGANIZER:
        _keep_an_organizer(track, user)
    membership, _ = Membership.objects.update_or_create(track=track, user=user, defaults={"role": role})
    if role == Role.ASSESSOR:
        assessor_ensure(track=track, user=user)
    _log(by, track, CHANGE, f"{user.username}: {role}")
    return membership


@transaction.atomic
def member_remove(*, track: Track, user: User, by: User | None) -> None:
    """Takes the person off the track; what he or she judged stays. Raises DomainError for the last organizer."""
    _keep_an_organizer(track, user)
    removed, _ = Membership.objects.filter(track=track, user=user).delete()
    if not removed:
        raise DomainError(f"{user.username} has no role in this track.")
    _log(by, track, DELETION, f"{user.username}: withdrawn")


def assessor_ensure(*, track: Track, user: User) -> Assessor:
    """The person's Assessor row, made on first use and named as the username.

    Raises DomainError when a judge or an imported qrels file of the track already has that name.
    """
    return assessors_ensure(track=track, users=[user])[user.pk]


@transaction.atomic
def assessors_ensure(*, track: Track, users: Iterable[User]) -> dict[int, Assessor]:
    """What `assessor_ensure` does, for many people at once: their Assessor rows by the person's key. Three queries."""
    wanted = {user.pk: user for user in users}
    found = {each.user_id: each for each in track.assessors.filter(user__in=wanted).select_related("user")}
    missing = [user for key, user in wanted.items() if key not in found]
    if not missing:
        return found
    taken = track.assessors.filter(name__in=[user.username for user in missing]).values_list("name", flat=True).first()
    if taken is not None:
        raise DomainError(
            f"This track already has an assessor named {taken} who is not this person; "
            "give the account another username."
        )
    made = [Assessor(track=track, user=user, kind=Assessor.Kind.HUMAN, name=user.username) for user in missing]
    return found | {each.user_id: each for each in Assessor.objects.bulk_create(made)}


@transaction.atomic
def account_create(*, username: str, email: str = "", full_name: str = "") -> tuple[User, str]:
    """A new account and its one-time password, which is stored nowhere. Raises DomainError for a bad username."""
    username = User.normalize_username(username.strip())
    try:
        UnicodeUsernameValidator()(username)
    except ValidationError as error:
        raise DomainError("A username has letters, digits and @ . + - _ only.") from error
    if User.objects.filter(username__iexact=username).exists():
        raise DomainError(f"There is already an account named {username}; add it by its username.")
    first_name, _, last_name = full_name.strip().partition(" ")
    user = User(username=username, email=email, first_name=first_name, last_name=last_name)
    password = _one_time_password(user)
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError as error:
        raise DomainError(f"There is already an account named {username}; add it by its username.") from error
    return user, password


def _one_time_password(user: User) -> str:
    """Four groups of four, 79 bits, easy to read out."""
    password = "-".join("".join(secrets.choice(PASSWORD_ALPHABET) for _ in range(4)) for _ in range(4))
    validate_password(password, user)
    return password


def _keep_an_organizer(track: Track, user: User) -> None:
    """Refuses to take the role from the only organizer. The rows are locked: two organizers cannot drop each other."""
    organizers = list(
        Membership.objects.select_for_update()
        .filter(track=track, role=Role.ORGANIZER)
        .values_list("user_id", flat=True)
    )
    if organizers == [user.pk]:
        raise DomainError(f"{user.username} is the only organizer of this track; make somebody else organizer first.")


def _log(by: User | None, track: Track, action: int, message: str) -> None:
    if by is not None:
        LogEntry.objects.log_actions(
            by.pk, Track.objects.filter(pk=track.pk), action, change_message=message, single_object=True
        )
