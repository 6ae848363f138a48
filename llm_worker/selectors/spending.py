"""What a job has used of its limits, counted from its calls."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Q, QuerySet, Sum
from django.utils import timezone

from llm_worker.domain.limits import Limits, Prices, Used
from llm_worker.models import FAILED_STATUSES, OPEN_STATUSES, CallStatus, JudgeConfiguration, LlmCall, LlmJob


@dataclass(frozen=True)
class Spending:
    """`largest_*` are of any reply that the job has, `uncounted` the replies of which the engine told no tokens."""

    used: Used
    largest_in: int | None
    largest_out: int | None
    uncounted: int
    left: int
    last: datetime | None


def limits_of(job: LlmJob) -> Limits:
    return Limits(job.max_tokens, job.max_cost, job.max_seconds, job.max_failures)


def prices_of(judge: JudgeConfiguration) -> Prices:
    return Prices(judge.price_in, judge.price_cached, judge.price_out, judge.currency)


def paid_here(job: LlmJob) -> Q:
    """The answered calls that this job asked itself. What was answered before it was made is a trial's, taken over."""
    return Q(finished_at__gte=job.created_at)


def adopted_calls(job: LlmJob) -> QuerySet[LlmCall]:
    """The calls whose replies were taken over from trials, without a request."""
    return job.calls.filter(finished_at__lt=job.created_at)


def spending(job: LlmJob) -> Spending:
    """Count what the job has used (1 query)."""
    here = paid_here(job)
    found = job.calls.aggregate(
        read=Sum("tokens_in", filter=here),
        written=Sum("tokens_out", filter=here),
        cached=Sum("tokens_cached", filter=here),
        failures=Count("pk", filter=here & Q(status__in=FAILED_STATUSES)),
        largest_in=Max("tokens_in"),
        largest_out=Max("tokens_out"),
        uncounted=Count("pk", filter=here & Q(tokens_in=None) & ~Q(status=CallStatus.ERROR)),
        left=Count("pk", filter=Q(status__in=OPEN_STATUSES)),
        last=Max("finished_at", filter=here),
    )
    used = Used(
        found["read"] or 0,
        found["written"] or 0,
        found["cached"] or 0,
        running_seconds(job, found["last"], bool(found["left"])),
        found["failures"],
    )
    return Spending(used, found["largest_in"], found["largest_out"], found["uncounted"], found["left"], found["last"])


def running_seconds(job: LlmJob, last: datetime | None, is_left: bool) -> float:
    """How long the job has been running, its pauses left out; to its last reply where nothing is left."""
    if job.running_since is None:
        return job.ran_seconds
    end = timezone.now() if is_left else max(last or job.running_since, job.running_since)
    return job.ran_seconds + (end - job.running_since).total_seconds()
