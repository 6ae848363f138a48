"""What pages and commands show of jobs. Nothing of it is stored: all is counted from the calls."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max, Min, QuerySet, Sum
from django.utils import timezone

from assessment.models import Pool
from llm_worker.heartbeat import workers_alive
from llm_worker.models import FAILED_STATUSES, OPEN_STATUSES, CallStatus, LlmCall, LlmJob


@dataclass(frozen=True)
class JobProgress:
    """How a job stands. `rate` is judgments a minute over the last two minutes of work, None before the first."""

    job: LlmJob
    total: int
    done: int
    failed: int
    cancelled: int
    left: int
    state: str
    explanation: str
    rate: float | None
    time_left: timedelta | None
    took: timedelta | None
    failures: dict[str, int]
    tokens_in: int
    tokens_out: int

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self.state in ("done", "cancelled", "halted")


def job_progress(job: LlmJob) -> JobProgress:
    """Count the calls of the job (3 queries, and a look into the broker while something is left)."""
    by_status = dict(job.calls.values_list("status").annotate(Count("pk")).order_by())
    counts = {status: by_status.get(status.value, 0) for status in CallStatus}
    left = sum(counts[status] for status in OPEN_STATUSES)
    state, explanation = _state(job, left, counts[CallStatus.LEASED])
    rate, took, tokens = _pace(job)
    return JobProgress(
        job=job,
        total=sum(counts.values()),
        done=counts[CallStatus.OK],
        failed=sum(counts[status] for status in FAILED_STATUSES),
        cancelled=counts[CallStatus.CANCELLED],
        left=left,
        state=state,
        explanation=explanation,
        rate=rate,
        time_left=timedelta(minutes=left / rate) if rate and left else None,
        took=took,
        failures={status.label: counts[status] for status in FAILED_STATUSES if counts[status]},
        tokens_in=tokens[0],
        tokens_out=tokens[1],
    )


def _state(job: LlmJob, left: int, at_work: int) -> tuple[str, str]:
    if job.halted_because:
        return "halted", job.halted_because
    if job.wanted == LlmJob.Wanted.CANCEL:
        return ("stopping", "What was already asked is still being stored.") if at_work else ("cancelled", "")
    if not left:
        return "done", ""
    if job.retry_at and job.retry_at > timezone.now():
        return "waiting", "The engine did not answer; the worker tries again by itself."
    if at_work:
        return "running", ""
    if not workers_alive(job.judge.queue):
        command = f"python3 manage.py worker --queue {job.judge.queue}"
        return "waiting", f"No worker serves the queue {job.judge.queue}. Start one: {command}"
    return "waiting", "In the queue."


def _pace(job: LlmJob) -> tuple[float | None, timedelta | None, tuple[int, int]]:
    answered = job.calls.filter(finished_at__isnull=False)
    span = answered.aggregate(
        first=Min("finished_at"), last=Max("finished_at"), tokens_in=Sum("tokens_in"), tokens_out=Sum("tokens_out")
    )
    first, last = span["first"], span["last"]
    tokens = (span["tokens_in"] or 0, span["tokens_out"] or 0)
    if first is None:
        return None, None, tokens
    return _rate(answered, last), last - job.created_at, tokens


def _rate(answered: QuerySet[LlmCall], last: datetime) -> float | None:
    window = answered.filter(finished_at__gt=last - timedelta(minutes=2))
    recent = window.aggregate(n=Count("pk"), first=Min("finished_at"))
    minutes = (last - recent["first"]).total_seconds() / 60
    # The first answer ends an interval whose beginning is unknown, so it is not counted.
    return (recent["n"] - 1) / minutes if minutes > 0 else None


def failed_calls(job: LlmJob) -> QuerySet[LlmCall]:
    """The calls without a grade, with what came back."""
    return job.calls.filter(status__in=FAILED_STATUSES).select_related("topic", "document").order_by("position")


def jobs_of_pool(pool: Pool) -> list[JobProgress]:
    """The pool's jobs, newest first, as they stand."""
    jobs = LlmJob.objects.filter(pool=pool).select_related("judge", "track", "pool")
    return [job_progress(job) for job in jobs]
