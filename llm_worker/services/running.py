"""Jobs on their way: sent to the workers, timed, and stopped when they can't go on."""

from contextlib import suppress
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from assessment.domain.errors import DomainError
from assessment.models import Assessor
from llm_worker.heartbeat import workers_alive
from llm_worker.models import CallStatus, LlmJob

# At least so many chunks of one job are on their way at a time, and as many as there are workers.
CHAINS = 4
# A job of which nothing was heard for so many leases' length was not running, whatever its clock says.
SILENCE = 3


def job_enqueue(job: LlmJob, chains: int | None = None) -> None:
    """Send the job's chunks to the workers of its judge's queue, once this transaction is through.

    By default as many as workers are alive, so that all of them share the job.
    """
    from llm_worker.tasks import judge_chunk

    LlmJob.objects.filter(pk=job.pk).update(last_enqueued_at=timezone.now())
    pk, queue = job.pk, job.judge.queue

    def send() -> None:
        for _ in range(chains or chains_for(queue)):
            judge_chunk.apply_async(args=[pk], queue=queue)

    # The job stands even if the broker is away: the sweeper sends what was lost.
    transaction.on_commit(send, robust=True)


def chains_for(queue: str) -> int:
    with suppress(DomainError):
        return max(CHAINS, workers_alive(queue))
    return CHAINS


def is_to_run(job: LlmJob) -> bool:
    """Whether workers are to ask this job's calls, as far as the row that is at hand says."""
    return job.wanted == LlmJob.Wanted.RUN and not job.halted_because and job.mode != LlmJob.Mode.BATCH


def clock_start(job: LlmJob) -> None:
    """The job's time runs from its first claim on. `job` is the locked row; it is saved where something changed.

    Time in which no worker was at the job, after a crash perhaps, is taken out.
    """
    now = timezone.now()
    if job.running_since is None:
        LlmJob.objects.filter(pk=job.pk).update(running_since=now)
        job.running_since = now
        return
    silence = now - timedelta(seconds=SILENCE * settings.LEASE_SECONDS)
    if job.running_since > silence or job.retry_at or job.calls.filter(status=CallStatus.LEASED).exists():
        return
    last = job.calls.order_by("-finished_at").exclude(finished_at=None).values_list("finished_at", flat=True).first()
    heard = max(last or job.running_since, job.running_since)
    if heard < silence:
        clock_stop(job, heard)
        clock_start(job)


def clock_stop(job: LlmJob, at: datetime | None = None) -> None:
    """The job's time stands from now, or from `at`. `job` is the locked row."""
    if job.running_since is not None:
        job.ran_seconds += max(0.0, ((at or timezone.now()) - job.running_since).total_seconds())
        job.running_since = None
        LlmJob.objects.filter(pk=job.pk).update(ran_seconds=job.ran_seconds, running_since=None)


def job_locked(pk: int) -> LlmJob | None:
    """The row, held until the transaction ends. Claims, halts and what people ask of a job wait for each other."""
    return (
        LlmJob.objects.select_for_update(of=("self",), no_key=True)
        .select_related("judge", "track", "bank", "assessor")
        .filter(pk=pk)
        .first()
    )


def pairs_locked(assessor: Assessor) -> None:
    """Until this transaction ends, no other one chooses pairs for this judge in this track: each sees what is taken."""
    Assessor.objects.select_for_update(no_key=True).get(pk=assessor.pk)


def job_halt(*, job: LlmJob, reason: str, by: str = LlmJob.HaltedBy.DEFECT) -> None:
    """Stop the job and say why; what is under way is still stored. The first reason stays. A person resumes it."""
    with transaction.atomic():
        locked = job_locked(job.pk)
        if locked is None:
            return
        if not locked.halted_because:
            clock_stop(locked)
            LlmJob.objects.filter(pk=job.pk).update(halted_because=reason, halted_by=by, retry_at=None)
    job.refresh_from_db(fields=["halted_because", "halted_by", "retry_at", "running_since", "ran_seconds"])


def job_engine_failed(*, job: LlmJob, reason: str, wait_s: float, limit: int) -> bool:
    """Note that the engine could not work. Returns whether to try again; at `limit` in a row the job is halted.

    Several workers that find it down at the same time count once.
    """
    now = timezone.now()
    due = LlmJob.objects.filter(Q(retry_at=None) | Q(retry_at__lte=now), pk=job.pk)
    due.update(engine_failures=F("engine_failures") + 1, retry_at=now + timedelta(seconds=wait_s))
    job.refresh_from_db()
    if job.engine_failures >= limit:
        job_halt(job=job, reason=reason, by=LlmJob.HaltedBy.ENGINE)
    return not job.halted_because


def job_engine_works(*, job: LlmJob) -> None:
    """The engine has answered: earlier failures count no more."""
    LlmJob.objects.filter(pk=job.pk).update(engine_failures=0, retry_at=None)
    job.engine_failures, job.retry_at = 0, None
