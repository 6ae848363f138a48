"""LLM jobs: made, cancelled, taken up again. What a job has done is told by its calls alone."""

from datetime import timedelta

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from assessment.domain.errors import DomainError
from assessment.models import Assessor, Pool, User
from llm_worker.models import (
    FAILED_STATUSES,
    LIVE_STATUSES,
    OPEN_STATUSES,
    CallStatus,
    JudgeConfiguration,
    LlmCall,
    LlmJob,
)
from llm_worker.services.judges import judge_assessor, judge_check_scale, judge_freeze

# As many chunks of one job are on their way at a time; more workers than this would wait for each other's chunks.
CHAINS = 4
LARGEST_LIMIT = 1_000_000

_PAIRS_OF_POOL = """
    SELECT item.topic_id, item.document_id, topic.position, item.position
    FROM assessment_poolitem item JOIN assessment_topic topic ON topic.id = item.topic_id
    WHERE item.pool_id = %(pool)s AND item.planted_for_id IS NULL AND NOT EXISTS (
        SELECT FROM assessment_judgment judgment WHERE judgment.assessor_id = %(assessor)s
        AND judgment.topic_id = item.topic_id AND judgment.document_id = item.document_id
        AND NOT judgment.vigilance)
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
    if limit is not None and not 1 <= limit <= LARGEST_LIMIT:
        raise DomainError(f"A limit must be between 1 and {LARGEST_LIMIT:,}.")
    judge_check_scale(judge=judge, track=pool.track)
    with transaction.atomic():
        judge_freeze(judge)
        assessor = judge_assessor(judge=judge, track=pool.track)
        _one_at_a_time(assessor)
        job = LlmJob.objects.create(track=pool.track, pool=pool, judge=judge, assessor=assessor, created_by=by)
        values = {"pool": pool.pk, "assessor": assessor.pk, "limit": limit}
        if not _insert_calls(job, _PAIRS_OF_POOL, values):
            raise DomainError(_nothing_left(pool, judge))
        job_enqueue(job)
    return job


def _one_at_a_time(assessor: Assessor) -> None:
    """Until this transaction ends, no other one chooses pairs for this judge in this track: each sees what is taken."""
    Assessor.objects.select_for_update(no_key=True).get(pk=assessor.pk)


def _nothing_left(pool: Pool, judge: JudgeConfiguration) -> str:
    said = f"Nothing is left to ask: {judge.name} has judged, or is judging, every item of {pool.name}."
    waiting = LlmCall.objects.filter(judge=judge, status__in=OPEN_STATUSES).exclude(job__halted_because="")
    halted = waiting.filter(job__pool=pool).values_list("job", flat=True).order_by("job").first()
    return f"{said} Job {halted}, which was halted, still has some of them: go on with it." if halted else said


def job_retry(*, job: LlmJob, by: User | None = None) -> LlmJob:
    """A new job over the failed calls of `job`, which keeps its record. Raises DomainError when nothing failed."""
    with transaction.atomic():
        judge_freeze(job.judge)
        _one_at_a_time(job.assessor)
        new = LlmJob.objects.create(
            track=job.track, pool=job.pool, judge=job.judge, assessor=job.assessor, created_by=by
        )
        values = {"job": job.pk, "statuses": [status.value for status in FAILED_STATUSES], "limit": None}
        if not _insert_calls(new, _PAIRS_FAILED, values):
            raise DomainError("Nothing is left to ask again: each failed pair was judged since, or is being asked.")
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
        judge_freeze(job.judge)
        _one_at_a_time(job.assessor)
        job = LlmJob.objects.select_for_update(of=("self",), no_key=True).select_related("judge").get(pk=job.pk)
        if job.wanted == LlmJob.Wanted.RUN and not job.halted_because:
            raise DomainError("This job was not stopped, so it goes on by itself.")
        same_pair = {name: OuterRef(name) for name in ("judge", "topic", "document")}
        taken = LlmCall.objects.filter(**same_pair, status__in=LIVE_STATUSES)
        job.calls.filter(~Exists(taken), status=CallStatus.CANCELLED).update(status=CallStatus.WAITING)
        LlmJob.objects.filter(pk=job.pk).update(
            wanted=LlmJob.Wanted.RUN, halted_because="", halted_by="", engine_failures=0, retry_at=None
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

    # The job stands even if the broker is away: the sweeper sends what was lost.
    transaction.on_commit(send, robust=True)


def job_engine_failed(*, job: LlmJob, reason: str, wait_s: float, limit: int) -> bool:
    """Note that the engine could not work. Returns whether to try again; at `limit` in a row the job is halted.

    Several workers that find it down at the same time count once.
    """
    now = timezone.now()
    due = LlmJob.objects.filter(Q(retry_at=None) | Q(retry_at__lte=now), pk=job.pk)
    due.update(engine_failures=F("engine_failures") + 1, retry_at=now + timedelta(seconds=wait_s))
    job.refresh_from_db()
    if job.engine_failures >= limit:
        job_halt(job=job, reason=reason)
    return not job.halted_because


def job_engine_works(*, job: LlmJob) -> None:
    """The engine has answered: earlier failures count no more."""
    LlmJob.objects.filter(pk=job.pk).update(engine_failures=0, retry_at=None)
    job.engine_failures, job.retry_at = 0, None


def job_halt(*, job: LlmJob, reason: str) -> None:
    """Stop the job and say why. A person resumes it."""
    LlmJob.objects.filter(pk=job.pk).update(halted_because=reason, retry_at=None)
    job.halted_because, job.retry_at = reason, None
