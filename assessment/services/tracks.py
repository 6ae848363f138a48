"""Tracks and their scales."""

from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.core.validators import validate_slug
from django.db import IntegrityError, transaction

from assessment.domain.errors import DomainError
from assessment.domain.scales import GradeSpec, check_relevant_from, check_scale, scale_from_range
from assessment.models import Collection, Grade, Judgment, Membership, Role, Track, User

__all__ = ["GradeSpec", "track_create", "track_update"]

# "tracks/new/" is the page that makes a track.
RESERVED_SLUGS = frozenset({"new"})


@transaction.atomic
def track_create(
    *,
    slug: str,
    name: str,
    scale: Sequence[GradeSpec] | range,
    created_by: User | None = None,
    description: str = "",
    guidelines: str = "",
    relevant_from: int = 1,
) -> Track:
    """A new track with its own collection of documents; `created_by` becomes its organizer.

    Raises DomainError when the slug is taken or malformed, or the scale is not one (see domain/scales.py).
    """
    grades = _checked(scale, relevant_from)
    _check_slug(slug)
    try:
        with transaction.atomic():
            track = Track.objects.create(
                slug=slug,
                name=_checked_name(name, slug),
                description=description,
                guidelines=guidelines,
                relevant_from=relevant_from,
                collection=Collection.objects.get_or_create(slug=slug)[0],
                created_by=created_by,
            )
    except IntegrityError as error:
        raise DomainError(f"There is already a track with the short name “{slug}”.") from error
    _store_grades(track, grades)
    if created_by is not None:
        Membership.objects.create(track=track, user=created_by, role=Role.ORGANIZER)
    return track


@transaction.atomic
def track_update(
    *,
    track: Track,
    name: str | None = None,
    description: str | None = None,
    guidelines: str | None = None,
    scale: Sequence[GradeSpec] | range | None = None,
    relevant_from: int | None = None,
) -> Track:
    """Changes what is given and leaves the rest. Raises DomainError when a grade in use would be lost."""
    stored = Track.objects.select_for_update().get(pk=track.pk)
    grades = _scale_of(stored) if scale is None else scale
    threshold = stored.relevant_from if relevant_from is None else relevant_from
    checked = _checked(grades, threshold)
    if scale is not None:
        _refuse_losing_grades(stored, checked)
        stored.grades.all().delete()
        _store_grades(stored, checked)
    stored.relevant_from = threshold
    stored.name = stored.name if name is None else _checked_name(name, stored.slug)
    stored.description = stored.description if description is None else description
    stored.guidelines = stored.guidelines if guidelines is None else guidelines
    stored.save(update_fields=["name", "description", "guidelines", "relevant_from"])
    return stored


def _checked(scale: Sequence[GradeSpec] | range, relevant_from: int) -> tuple[GradeSpec, ...]:
    grades = check_scale(scale_from_range(scale) if isinstance(scale, range) else scale)
    check_relevant_from(grades, relevant_from)
    return grades


def _checked_name(name: str, slug: str) -> str:
    name = name.strip() or slug
    longest = Track._meta.get_field("name").max_length
    if len(name) > longest:
        raise DomainError(f"A track's name has at most {longest} characters.")
    return name


def _check_slug(slug: str) -> None:
    try:
        validate_slug(slug)
    except ValidationError as error:
        raise DomainError("A short name has letters, digits, hyphens and underscores only.") from error
    if slug in RESERVED_SLUGS:
        raise DomainError(f"“{slug}” is an address of this site; choose another short name.")
    if len(slug) > Track._meta.get_field("slug").max_length:
        raise DomainError("A short name has at most 60 characters.")
    if Track.objects.filter(slug=slug).exists():
        raise DomainError(f"There is already a track with the short name “{slug}”.")


def _scale_of(track: Track) -> tuple[GradeSpec, ...]:
    return tuple(GradeSpec(*row) for row in track.grades.values_list("value", "key", "label", "definition"))


def _store_grades(track: Track, grades: Sequence[GradeSpec]) -> None:
    Grade.objects.bulk_create(Grade(track=track, **grade._asdict()) for grade in grades)


def _refuse_losing_grades(track: Track, grades: Sequence[GradeSpec]) -> None:
    used = set(
        Judgment.objects.filter(assessor__track=track, grade__isnull=False).values_list("grade", flat=True).distinct()
    )
    lost = sorted(used - {grade.value for grade in grades})
    if lost:
        listed = ", ".join(map(str, lost))
        raise DomainError(
            f"Judgments of this track use grade {listed}: keep it. Labels, keys and definitions may change."
        )
