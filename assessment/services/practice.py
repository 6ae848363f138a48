"""The practice topic leaves one trace: that somebody has been through it."""

from django.utils import timezone

from assessment.models import User


def practice_complete(*, user: User) -> None:
    """Notes that the person has done the practice topic, or left it; the first time counts."""
    User.objects.filter(pk=user.pk, practised_at=None).update(practised_at=timezone.now())
