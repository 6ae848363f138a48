"""LLM jobs: made, cancelled, taken up again. What a job has done is told by its calls alone."""

from datetime import timedelta

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from assessment.domain.errors import DomainError
from assessment.models import Pool, User
from llm_worker.models import FAILED_STATUSES, OPEN_STATUSES, CallStatus, JudgeConfiguration, LlmCall, LlmJob
from llm_worker.services.judges import judge_assessor, judge_check_scale, judge_freeze

# As many chunks of one job are on their way at a time; more workers than this would wait for each other's chunks.
CHAINS = 4

_PAIRS_OF_POOL = """
    SELECT item.topic_id, item.document_id, topic.position, item.position
    FROM assessment_poolitem item JOIN assessment_topic topic ON topic.id = item.topic_id
    WHERE item.pool_id = %(pool)s AND NOT EXISTS (
        SELECT FROM assessment_judgment judgment WHERE judgment.assessor_id = %(assessor)s
        AND judgment.topic_id = item.topic_id AND judgment.document_id = item.document_id)
    AND NOT EXISTS (
        SELECT FROM llm_worker_llmcall call WHERE call.judge_id = %(judge)s
        AND call.topic_id = item.topic_id AND call.document_id = item.document_id
        AND call.status IN ('waiting', 'leased', 'ok'))
"""
_PAIRS_FAILED = """
    SELECT call.topic_id, call.document_id, call.position, 0 FROM llm_worker_llmcall call
    WHERE call.job_id = %(job)s AND call.status = ANY(%(statuses)s)
"""
_INSERT = """
    INSERT INTO llm_worker_llmcall (job_id, judge_id, topic_id, document_id, position, status, worker, attempts,
        messages_sha256, passage_cut, raw_reply, reasoning, finish_reason, error)
    SELECT %(new_job)s, %(judge)s, topic_id, document_id, row_number() OVER (ORDER BY first, second),
        'waiting', '', 0, '', false, '', '', '', ''
    FROM (SELECT * FROM ({pairs}) AS found (topic_id, document_id, first, second)
          ORDER BY first, second LIMIT %(limit)s) AS chosen
    ON CONFLICT DO NOTHING
"""


def job_create(*, pool: Pool, judge: JudgeConfiguration, limit: int | None = None, by: User | None = None) -> LlmJob:
    """Ask `judge` for every item of the pool that it has not judged and that no job of it is at, at most `limit`.

    Items go topic by topic, so that a prefix cache serves the instructions and the topic. Raises DomainError when
    nothing is left to ask.
    """
    if limit is not None and limit < 1:
        raise DomainError("A limit must be at least 1.")
    judge_check_scale(judge=judge, track=pool.track)
    with transaction.atomic():
        judge_freeze(judge)
        assessor = judge_assessor(judge=judge, track=pool.track)
        job = LlmJob.objects.create(track=pool.track, pool=pool, judge=judge, assessor=assessor, created_by=by)
        values = {"pool": pool.pk, "assessor": assessor.pk, "limit": limit}
        if not _insert_calls(job, _PAIRS_OF_POOL, values):
            raise DomainError(
                f"Nothing is left to ask: {judge.name} has judged, or is judging, every item of {pool.name}."
            )
        job_enqueue(job)
    return job


def job_retry(*, job: LlmJob, by: User | None = None) -> LlmJob:
    """A new job over the failed calls of `job`, which keeps its record. Raises DomainError when nothing failed."""
    with transaction.atomic():
        judge_freeze(job.judge)
        new = LlmJob.objects.create(
            track=job.track, pool=job.pool, judge=job.judge, assessor=job.assessor, created_by=by
        )
        values = {"job": job.pk, "statuses": [status.value for status in FAILED_STATUSES], "limit": None}
        if not _insert_calls(new, _PAIRS_FAILED, values):
            raise DomainError("This job has no failed calls that are not being asked again already.")
        job_enqueue(new)
    return new


def _insert_calls(job: LlmJob, pairs: str, values: dict) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_INSERT.format(pairs=pairs), {"new_job": job.pk, "judge": job.judge_id, **values})
        return cursor.rowcount


def job_cancel(*, job: LlmJob) -> None:
    """Stop asking. What a worker is being told right now is still stored: it has been paid for."""
    with transaction.atomic():
        LlmJob.objects.filter(pk=job.pk).update(wanted=LlmJob.Wanted.CANCEL)
        job.calls.filter(status=CallStatus.WAITING).update(status=CallStatus.CANCELLED)


def job_resume(*, job: LlmJob) -> None:
    """Go on with a cancelled or halted job. Pairs that another job has taken over meanwhile stay cancelled here."""
    with transaction.atomic():
        taken = LlmCall.objects.filter(judge=job.judge, status__in=[*OPEN_STATUSES, CallStatus.OK]).exclude(job=job)
        stays = set(taken.values_list("topic_id", "document_id"))
        waiting = [
            pk
            for pk, *pair in job.calls.filter(status=CallStatus.CANCELLED).values_list("pk", "topic_id", "document_id")
            if tuple(pair) not in stays
        ]
        LlmCall.objects.filter(pk__in=waiting).update(status=CallStatus.WAITING)
        LlmJob.objects.filter(pk=job.pk).update(
            wanted=LlmJob.Wanted.RUN, halted_because="", engine_failures=0, retry_at=None
        )
        if not job.calls.filter(status__in=OPEN_STATUSES).exists():
            raise DomainError("Nothing of this job is left to ask.")
        job_enqueue(job)


def job_enqueue(job: LlmJob, chains: int = CHAINS) -> None:
    """Send the job's chunks to the workers of its judge's queue, once this transaction is through."""
    from llm_worker.tasks import judge_chunk

    LlmJob.objects.filter(pk=job.pk).update(last_enqueued_at=timezone.now())
    pk, queue = job.pk, job.judge.queue

    def send() -> None:
        for _ in range(chains):
            judge_chunk.apply_async(args=[pk], queue=queue)

    transaction.on_commit(send)


def job_engine_failed(*, job: LlmJob, reason: str, wait_s: float, limit: int) -> bool:
    """Note that the engine could not work. Returns whether to try again; at `limit` in a row the job is halted."""
    LlmJob.objects.filter(pk=job.pk).update(engine_failures=F("engine_failures") + 1)
    job.refresh_from_db()
    if job.engine_failures >= limit:
        job_halt(job=job, reason=reason)
        return False
    LlmJob.objects.filter(pk=job.pk).update(retry_at=timezone.now() + timedelta(seconds=wait_s))
    return True


def job_halt(*, job: LlmJob, reason: str) -> None:
    """Stop the job and say why. A person resumes it."""
    LlmJob.objects.filter(pk=job.pk).update(halted_because=reason, retry_at=None)
