"""What pages and commands show of jobs. Nothing of it is stored: all is counted from the calls."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Count, Exists, Min, OuterRef, QuerySet
from django.utils import timezone

from assessment.domain.errors import DomainError
from assessment.models import Pool
from llm_worker.domain.limits import Meter, in_money, meters
from llm_worker.heartbeat import workers_alive
from llm_worker.models import (
    FAILED_STATUSES,
    LIVE_STATUSES,
    OPEN_STATUSES,
    CallStatus,
    JudgeConfiguration,
    LlmCall,
    LlmJob,
    status_in_words,
)
from llm_worker.selectors.nugget_jobs import failed_still
from llm_worker.selectors.spending import adopted_calls, limits_of, paid_here, prices_of, spending


@dataclass(frozen=True)
class JobProgress:
    """How a job stands. `rate` is replies a minute over the last two minutes of work, None before the second one;
    `failed_still` are those failed pairs that the judge has not judged since and is not being asked about again, and
    `skipped` the windows that were not asked because one before them failed."""

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
    failed_still: int
    adopted: int
    skipped: int
    cost: Decimal | None
    seconds: float
    meters: list[Meter]

    @property
    def can_be_changed(self) -> bool:
        """Whether an organizer has something to decide: cancel it, go on with it, or ask the failed again."""
        return self.state not in ("done", "partial", "stopping", "pausing") or bool(self.failed_still)

    @property
    def can_be_paused(self) -> bool:
        return self.state in ("running", "waiting", "no worker") and self.job.mode != LlmJob.Mode.BATCH

    @property
    def can_be_cancelled(self) -> bool:
        return self.state not in ("done", "partial", "cancelled", "stopping")

    @property
    def can_be_resumed(self) -> bool:
        return self.state in ("halted", "cancelled", "paused")

    @property
    def answered(self) -> int:
        """Calls that are over, judged or failed."""
        return self.done + self.failed

    @property
    def unasked(self) -> int:
        """Calls that going on with the job would ask."""
        return self.left + self.cancelled

    @property
    def time_left_in_words(self) -> str:
        return _in_words(self.time_left)

    @property
    def took_in_words(self) -> str:
        return _in_words(self.took)

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self.state in ("done", "partial", "cancelled", "halted", "paused")

    @property
    def cost_in_words(self) -> str:
        return "" if self.cost is None else in_money(self.cost, self.job.judge.currency)

    @property
    def seconds_in_words(self) -> str:
        return _in_words(timedelta(seconds=self.seconds))


def _in_words(span: timedelta | None) -> str:
    """A duration as people say it, in one unit; empty for None."""
    if span is None:
        return ""
    seconds = span.total_seconds()
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"


def job_progress(job: LlmJob) -> JobProgress:
    """Count the calls of the job (4 queries, one more with failures; a look into the broker while some are left)."""
    by_status = dict(job.calls.values_list("status").annotate(Count("pk")).order_by())
    counts = {status: by_status.get(status.value, 0) for status in CallStatus}
    left = sum(counts[status] for status in (*OPEN_STATUSES, CallStatus.BLOCKED))
    state, explanation = _state(job, counts)
    failed = sum(counts[status] for status in FAILED_STATUSES)
    spent = spending(job)
    rate, took = _pace(job, spent.last)
    prices = prices_of(job.judge)
    return JobProgress(
        job=job,
        total=sum(counts.values()),
        done=counts[CallStatus.OK],
        failed=failed,
        cancelled=counts[CallStatus.CANCELLED],
        left=left,
        state=state,
        explanation=explanation,
        rate=rate,
        time_left=timedelta(minutes=left / rate) if rate and left else None,
        took=took,
        failures={
            status_in_words(status, job.bank_id is not None): counts[status]
            for status in FAILED_STATUSES
            if counts[status]
        },
        tokens_in=spent.used.tokens_in,
        tokens_out=spent.used.tokens_out,
        failed_still=_failed_still(job) if failed else 0,
        adopted=adopted_calls(job).count(),
        skipped=counts[CallStatus.SKIPPED],
        cost=prices.cost(spent.used.tokens_in, spent.used.tokens_out, spent.used.tokens_cached),
        seconds=spent.used.seconds,
        meters=meters(limits_of(job), prices, spent.used),
    )


def _state(job: LlmJob, counts: dict[str, int]) -> tuple[str, str]:
    """One word for how the job stands, and a sentence where a person may want to know more."""
    at_work = counts[CallStatus.LEASED]
    left = sum(counts[status] for status in OPEN_STATUSES)
    if job.halted_because and left:
        return "halted", job.halted_because
    if job.wanted == LlmJob.Wanted.CANCEL and at_work:
        return "stopping", "What was already asked is still being stored."
    if job.wanted == LlmJob.Wanted.CANCEL and counts[CallStatus.CANCELLED]:
        return "cancelled", ""
    if not left:
        is_partial = job.bank_id is not None and any(counts[status] for status in FAILED_STATUSES)
        return ("partial", _PARTIAL[job.makes_nuggets]) if is_partial else ("done", "")
    if job.wanted == LlmJob.Wanted.PAUSE:
        return ("pausing", "What was already asked is still being stored.") if at_work else ("paused", "")
    if job.mode == LlmJob.Mode.BATCH:
        return "waiting", "Its requests are answered elsewhere, by files: download them, and upload the replies."
    if job.retry_at and job.retry_at > timezone.now():
        return "waiting", "The engine did not answer; the worker tries again by itself."
    return _state_at_workers(job, at_work)


# What is missing of a job about nuggets, by whether it makes them.
_PARTIAL = {
    True: "A topic with a failed call has no list in the bank. Ask the failed ones again.",
    False: "What failed has no labels, which is not the same as “not supported”. Ask the failed ones again.",
}


def _state_at_workers(job: LlmJob, at_work: int) -> tuple[str, str]:
    try:
        alive = workers_alive(job.judge.queue)
    except DomainError as error:
        return "no worker", str(error)
    if at_work and alive:
        return "running", ""
    if at_work:
        return "no worker", "Its worker has fallen silent. What it was asking goes to the next worker."
    if not alive:
        command = f"python3 manage.py worker --queue {job.judge.queue}"
        return "no worker", f"No worker serves the queue {job.judge.queue}. Start one: {command}"
    return "waiting", "A worker takes it up as soon as its turn comes."


def _failed_still(job: LlmJob) -> int:
    if job.bank_id is not None:
        return failed_still(job)
    same_pair = {name: OuterRef(name) for name in ("judge", "topic", "document", "trial")}
    live = LlmCall.objects.filter(**same_pair, status__in=LIVE_STATUSES)
    return job.calls.filter(~Exists(live), status__in=FAILED_STATUSES).count()


def _pace(job: LlmJob, last: datetime | None) -> tuple[float | None, timedelta | None]:
    if last is None:
        return None, None
    return _rate(job.calls.filter(paid_here(job)), last), last - job.created_at


def _rate(answered: QuerySet[LlmCall], last: datetime) -> float | None:
    window = answered.filter(finished_at__gt=last - timedelta(minutes=2))
    recent = window.aggregate(n=Count("pk"), first=Min("finished_at"))
    minutes = (last - recent["first"]).total_seconds() / 60
    # The first answer ends an interval whose beginning is unknown, so it is not counted.
    return (recent["n"] - 1) / minutes if minutes > 0 else None


def unfinished_job(*, pool: Pool, judge: JudgeConfiguration) -> LlmJob | None:
    """The judge's oldest job over this pool with calls left to ask, running or not. A cancelled one is finished."""
    left = LlmCall.objects.filter(job=OuterRef("pk"), status__in=OPEN_STATUSES)
    jobs = LlmJob.objects.filter(Exists(left), pool=pool, judge=judge, mode=LlmJob.Mode.WORKERS)
    jobs = jobs.exclude(wanted=LlmJob.Wanted.CANCEL)
    return jobs.select_related("judge", "track", "pool").order_by("pk").first()


def jobs_of_pool(pool: Pool) -> list[JobProgress]:
    """The pool's jobs, newest first, as they stand."""
    jobs = LlmJob.objects.filter(pool=pool).select_related("judge", "track", "pool")
    return [job_progress(job) for job in jobs]
