"""What an assessor has marked in the passages of a topic."""

from assessment.models import Duty, ScanTerms


def scan_terms(duty: Duty) -> list[str]:
    """The terms in the order in which they were typed, also when another duty of the topic set them. One query."""
    found = ScanTerms.objects.filter(assessor=duty.assessor_id, topic=duty.topic_id).values_list("terms", flat=True)
    return found.first() or []
