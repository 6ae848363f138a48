"""The words that an assessor has marked in the passages of a topic."""

from assessment.domain.errors import DomainError
from assessment.domain.scan_terms import parse_terms
from assessment.models import Duty, ScanTerms, User


def scan_terms_set(*, duty: Duty, words: str, actor: User) -> list[str]:
    """Remembers what the assessor typed for the duty's topic, in place of what was there; the terms in their order.

    Raises DomainError for another person's duty, and for terms that cannot be marked.
    """
    if duty.assessor.user_id != actor.pk:
        raise DomainError("Nobody sets another person's scan terms.")
    terms = parse_terms(words)
    ScanTerms.objects.update_or_create(assessor_id=duty.assessor_id, topic_id=duty.topic_id, defaults={"terms": terms})
    return terms
