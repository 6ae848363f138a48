"""Whose labels a file holds: an imported assessor."""

from assessment.domain.errors import DomainError
from assessment.models import Assessor, Track


def imported_assessor(track: Track, name: str) -> Assessor | None:
    """The track's imported assessor of this name, None where there is none yet. DomainError for a name that cannot be
    one, or that a person or a judge has."""
    longest = Assessor._meta.get_field("name").max_length
    if not name.strip() or len(name) > longest:
        raise DomainError(f"An assessor needs a name of at most {longest} characters.")
    stored = track.assessors.filter(name=name).first()
    if not stored and track.memberships.filter(user__username=name).exists():
        raise DomainError(f"{name} is a person of this track; choose another name for the file's judgments.")
    if stored and stored.kind != Assessor.Kind.IMPORTED:
        raise DomainError(f"{name} is another assessor here ({stored.get_kind_display()}); choose another name.")
    return stored
