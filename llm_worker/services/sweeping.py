"""What keeps jobs from hanging: expired leases go back, and jobs whose messages were lost are sent again.

Redis returns a killed worker's message only after an hour (its visibility timeout), so nobody waits for it: every
worker runs this in a thread, a few times within a lease's length.
"""

from datetime import timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from llm_worker.heartbeat import messages_waiting
from llm_worker.models import CallStatus, LlmCall, LlmJob
from llm_worker.services.calls import calls_hand_back
from llm_worker.services.running import is_to_run, job_enqueue

# A job may just be waiting its turn behind others' chunks. While its queue holds messages it is sent again only after
# so many leases' length, and once: otherwise two busy jobs would fill the queue with each other's repetitions.
PATIENCE = 10


def sweep() -> int:
    """Hand back expired leases, and enqueue jobs that wait although nobody is at them. Returns how many jobs."""
    return _after_lost_workers() + _after_lost_messages()


def _after_lost_workers() -> int:
    now = timezone.now()
    expired = LlmCall.objects.filter(job=OuterRef("pk"), status=CallStatus.LEASED, leased_until__lt=now)
    sent = 0
    for job in LlmJob.objects.filter(Exists(expired)).select_related("judge"):
        # Of several sweepers only the one that handed something back sends the job.
        if calls_hand_back(job_id=job.pk, leased_until__lt=now) and is_to_run(job):
            job_enqueue(job, chains=1)
            sent += 1
    return sent


def _after_lost_messages() -> int:
    lease = timedelta(seconds=settings.LEASE_SECONDS)
    lately, long_ago = timezone.now() - lease, timezone.now() - PATIENCE * lease
    very_quiet = set(_quiet_since(long_ago).values_list("pk", flat=True))
    sent = 0
    for job in _quiet_since(lately).select_related("judge"):
        queue_is_empty = not messages_waiting(job.judge.queue)
        if queue_is_empty or job.pk in very_quiet:
            job_enqueue(job, chains=None if queue_is_empty else 1)
            sent += 1
    return sent


def _quiet_since(moment) -> QuerySet[LlmJob]:
    """Jobs with calls to ask, nobody at them, and no sign of life since `moment`."""
    calls = LlmCall.objects.filter(job=OuterRef("pk"))
    return LlmJob.objects.exclude(mode=LlmJob.Mode.BATCH).filter(
        Exists(calls.filter(status=CallStatus.WAITING)),
        ~Exists(calls.filter(status=CallStatus.LEASED)),
        ~Exists(calls.filter(finished_at__gt=moment)),
        Q(retry_at=None) | Q(retry_at__lt=moment),
        Q(last_enqueued_at=None) | Q(last_enqueued_at__lt=moment),
        wanted=LlmJob.Wanted.RUN,
        halted_because="",
    )
