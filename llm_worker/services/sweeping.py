"""What keeps jobs from hanging: expired leases go back, and jobs whose messages were lost are sent again.

Redis returns a killed worker's message only after an hour (its visibility timeout), so nobody waits for it: every
worker runs this in a thread, a few times within a lease's length.
"""

from datetime import timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from llm_worker.models import CallStatus, LlmCall, LlmJob
from llm_worker.services.jobs import job_enqueue


def sweep() -> int:
    """Hand back expired leases, and enqueue jobs that wait although nobody is at them. Returns how many jobs."""
    now = timezone.now()
    expired = LlmCall.objects.filter(status=CallStatus.LEASED, leased_until__lt=now)
    freed = {"lease": None, "leased_until": None}
    expired.filter(job__wanted=LlmJob.Wanted.RUN).update(status=CallStatus.WAITING, **freed)
    expired.filter(job__wanted=LlmJob.Wanted.CANCEL).update(status=CallStatus.CANCELLED, **freed)

    calls = LlmCall.objects.filter(job=OuterRef("pk"))
    quiet_since = now - timedelta(seconds=settings.LEASE_SECONDS)
    stranded = LlmJob.objects.filter(
        Exists(calls.filter(status=CallStatus.WAITING)),
        ~Exists(calls.filter(status=CallStatus.LEASED)),
        Q(retry_at=None) | Q(retry_at__lt=now),
        Q(last_enqueued_at=None) | Q(last_enqueued_at__lt=quiet_since),
        ~Exists(calls.filter(finished_at__gt=quiet_since)),
        wanted=LlmJob.Wanted.RUN,
        halted_because="",
    ).select_related("judge")
    for job in stranded:
        job_enqueue(job)
    return len(stranded)
