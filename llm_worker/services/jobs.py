"""LLM jobs: made, paused, cancelled, taken up again. What a job has done is told by its calls alone."""

from collections.abc import Sequence
from dataclasses import asdict

from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from assessment.domain.errors import DomainError
from assessment.models import Pool, User
from llm_worker.domain.limits import NO_LIMITS, Limits, refusal
from llm_worker.models import (
    FAILED_STATUSES,
    LIVE_STATUSES,
    OPEN_STATUSES,
    CallStatus,
    JudgeConfiguration,
    LlmCall,
    LlmJob,
)
from llm_worker.selectors.nugget_jobs import unfinished_over
from llm_worker.selectors.spending import limits_of, prices_of, spending
from llm_worker.services.adoption import calls_adopt
from llm_worker.services.calls import calls_fail_without_text
from llm_worker.services.judges import (
    judge_assessor,
    judge_check_grades,
    judge_check_mode,
    judge_check_scale,
    judge_freeze,
)
from llm_worker.services.nugget_calls import calls_ask_again, calls_take_back
from llm_worker.services.running import clock_stop, is_to_run, job_enqueue, job_locked, pairs_locked

LARGEST_LIMIT = 1_000_000
LARGEST_TRIAL = 100

# (topic, document, order of asking: two columns, order of choosing).
_PAIRS_OF_POOL = """
    SELECT item.topic_id, item.document_id, topic.position, item.position, 0
    FROM assessment_poolitem item JOIN assessment_topic topic ON topic.id = item.topic_id
    WHERE item.pool_id = %(pool)s AND item.planted_for_id IS NULL AND NOT EXISTS (
        SELECT FROM assessment_judgment judgment WHERE judgment.assessor_id = %(assessor)s
        AND judgment.topic_id = item.topic_id AND judgment.document_id = item.document_id
        AND NOT judgment.vigilance)
    AND NOT EXISTS (
        SELECT FROM llm_worker_llmcall call WHERE call.judge_id = %(judge)s AND NOT call.trial
        AND call.topic_id = item.topic_id AND call.document_id = item.document_id
        AND call.status IN ('waiting', 'leased', 'ok'))
"""
# A trial takes pairs from all over the pool, by a rule that is the same for every judge, so that two can be compared.
_PAIRS_TO_TRY = """
    SELECT item.topic_id, item.document_id, topic.position, item.position,
        hashtextextended(item.topic_id || ' ' || item.document_id, 0)
    FROM assessment_poolitem item JOIN assessment_topic topic ON topic.id = item.topic_id
    WHERE item.pool_id = %(pool)s AND item.planted_for_id IS NULL
    AND (%(topics)s::bigint[] IS NULL OR (item.topic_id, item.document_id) IN (
        SELECT * FROM unnest(%(topics)s::bigint[], %(documents)s::bigint[])))
    AND NOT EXISTS (
        SELECT FROM llm_worker_llmcall call WHERE call.judge_id = %(judge)s
        AND call.topic_id = item.topic_id AND call.document_id = item.document_id
        AND call.status IN ('waiting', 'leased', 'ok'))
"""
_PAIRS_FAILED = """
    SELECT call.topic_id, call.document_id, call.position, 0, 0 FROM llm_worker_llmcall call
    WHERE call.job_id = %(job)s AND call.status = ANY(%(statuses)s) AND NOT EXISTS (
        SELECT FROM llm_worker_llmcall other WHERE other.judge_id = %(judge)s AND other.trial = %(trial)s
        AND other.topic_id = call.topic_id AND other.document_id = call.document_id
        AND other.status IN ('waiting', 'leased', 'ok'))
"""
_INSERT = """
    INSERT INTO llm_worker_llmcall (job_id, judge_id, trial, topic_id, document_id, position, status, worker, attempts,
        messages_sha256, passage_cut, raw_reply, reasoning, finish_reason, error)
    SELECT %(new_job)s, %(judge)s, %(trial)s, topic_id, document_id, row_number() OVER (ORDER BY first, second),
        'waiting', '', 0, '', false, '', '', '', ''
    FROM (SELECT * FROM ({pairs}) AS found (topic_id, document_id, first, second, lot)
          ORDER BY lot, first, second LIMIT %(limit)s) AS chosen
    ON CONFLICT DO NOTHING
"""


def job_create(
    *,
    pool: Pool,
    judge: JudgeConfiguration,
    limit: int | None = None,
    mode: str = LlmJob.Mode.WORKERS,
    pairs: Sequence[tuple[int, int]] | None = None,
    limits: Limits = NO_LIMITS,
    breaker: int | None = None,
    estimate: dict | None = None,
    by: User | None = None,
) -> LlmJob:
    """Ask `judge` for every item of the pool that it has not judged and that no job of it is at, at most `limit`.

    Items go topic by topic, so that a prefix cache serves the instructions and the topic. What trials of the judge were
    told already is taken over instead of asked again. A trial itself takes its few items from all over the pool, or the
    `pairs` (primary keys of topic and document) that it is given, and makes no judgments; a batch gets its calls and is
    sent to no worker. `estimate` is kept as it is given.

    Raises DomainError when nothing is left to ask, and for a judge of another task.
    """
    judge_check_grades(judge)
    largest = LARGEST_TRIAL if mode == LlmJob.Mode.TRIAL else LARGEST_LIMIT
    if (limit is None and mode == LlmJob.Mode.TRIAL) or (limit is not None and not 1 <= limit <= largest):
        raise DomainError(f"A limit must be between 1 and {largest:,}.")
    judge_check_mode(judge=judge, mode=mode)
    judge_check_scale(judge=judge, track=pool.track)
    job_check_limits(judge, mode, limits)
    with transaction.atomic():
        judge_freeze(judge)
        assessor = judge_assessor(judge=judge, track=pool.track)
        pairs_locked(assessor)
        job = LlmJob(track=pool.track, pool=pool, judge=judge, assessor=assessor, mode=mode, created_by=by)
        job.estimate = estimate
        named = {"topics": None, "documents": None}
        if pairs is not None:
            named = {"topics": [topic for topic, _ in pairs], "documents": [document for _, document in pairs]}
        return _filled(job, limits, breaker, {"limit": limit, **named}) or _refuse_nothing_left(job)


def _filled(job: LlmJob, limits: Limits, breaker: int | None, values: dict) -> LlmJob | None:
    """The new job with its calls, on its way to the workers; None where it would have none."""
    for name, value in asdict(limits).items():
        setattr(job, name, value)
    job.breaker = job.breaker if breaker is None else breaker
    job.save()
    trial = job.mode == LlmJob.Mode.TRIAL
    pairs = _PAIRS_FAILED if "job" in values else _PAIRS_TO_TRY if trial else _PAIRS_OF_POOL
    if not _insert_calls(job, pairs, {"pool": job.pool_id, "assessor": job.assessor_id, "trial": trial, **values}):
        return None
    if not trial:
        calls_adopt(job=job)
    if job.mode == LlmJob.Mode.BATCH:
        calls_fail_without_text(job)
    if is_to_run(job) and job.calls.filter(status=CallStatus.WAITING).exists():
        job_enqueue(job)
    return job


def job_check_limits(judge: JudgeConfiguration, mode: str, limits: Limits) -> None:
    """Raises DomainError for a limit that nobody could watch."""
    if mode == LlmJob.Mode.BATCH and limits.max_seconds is not None:
        raise DomainError("Minutes are those of workers, and a job by files has none: limit something else of it.")
    if limits.max_cost is not None and not prices_of(judge).known:
        raise DomainError(
            f"{judge.name} has no prices, so a limit of its cost can't be watched. Give it prices, or limit its tokens."
        )


def _refuse_nothing_left(job: LlmJob) -> LlmJob:
    pool, judge = job.pool, job.judge
    if job.mode == LlmJob.Mode.TRIAL:
        raise DomainError(f"Nothing is left to try: {judge.name} was asked about every item of {pool.name}.")
    said = f"Nothing is left to ask: {judge.name} has judged, or is judging, every item of {pool.name}."
    waiting = LlmCall.objects.filter(judge=judge, job__pool=pool, trial=False, status__in=OPEN_STATUSES)
    halted = waiting.exclude(job__halted_because="").values_list("job", flat=True).order_by("job").first()
    if halted:
        raise DomainError(f"{said} Job {halted}, which was halted, still has some of them: go on with it.")
    paused = waiting.filter(job__wanted=LlmJob.Wanted.PAUSE).values_list("job", flat=True).order_by("job").first()
    raise DomainError(f"{said} Job {paused}, which is paused, has some of them: go on with it." if paused else said)


def job_retry(*, job: LlmJob, by: User | None = None) -> LlmJob:
    """A new job over the failed calls of `job`, which keeps its record, within the same limits.

    Raises DomainError when nothing failed.
    """
    with transaction.atomic():
        judge_freeze(job.judge)
        pairs_locked(job.assessor)
        new = LlmJob(track=job.track, pool=job.pool, judge=job.judge, assessor=job.assessor, mode=job.mode)
        new.retry_of, new.created_by = job, by
        if job.bank_id is not None:
            return _nuggets_again(job, new)
        values = {"job": job.pk, "statuses": [status.value for status in FAILED_STATUSES], "limit": None}
        if _filled(new, limits_of(job), job.breaker, values) is None:
            raise DomainError("Nothing is left to ask again: each failed pair was judged since, or is being asked.")
    return new


def _nuggets_again(job: LlmJob, new: LlmJob) -> LlmJob:
    if unfinished := unfinished_over(job.judge, job.bank):
        raise DomainError(f"Job {unfinished.pk} of {job.judge.name} over {job.bank} is not finished: go on with it.")
    new.bank, new.settings, new.breaker = job.bank, job.settings, job.breaker
    for name, value in asdict(limits_of(job)).items():
        setattr(new, name, value)
    new.save()
    if not calls_ask_again(job=job, new=new):
        raise DomainError("Nothing is left to ask again: whatever failed was answered since.")
    job_enqueue(new)
    return new


def _insert_calls(job: LlmJob, pairs: str, values: dict) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_INSERT.format(pairs=pairs), {"new_job": job.pk, "judge": job.judge_id, **values})
        return cursor.rowcount


def job_pause(*, job: LlmJob) -> None:
    """Begin no further call. What a worker is being told right now is still stored; the rest keeps waiting."""
    with transaction.atomic():
        locked = job_locked(job.pk)
        if not is_to_run(locked) or not locked.calls.filter(status__in=OPEN_STATUSES).exists():
            raise DomainError("This job is not running, so there is nothing to pause.")
        clock_stop(locked)
        LlmJob.objects.filter(pk=job.pk).update(wanted=LlmJob.Wanted.PAUSE)


def job_cancel(*, job: LlmJob) -> None:
    """Stop asking. What a worker is being told right now is still stored: it has been paid for."""
    with transaction.atomic():
        locked = job_locked(job.pk)
        clock_stop(locked)
        LlmJob.objects.filter(pk=job.pk).update(wanted=LlmJob.Wanted.CANCEL)
        locked.calls.filter(status=CallStatus.WAITING).update(status=CallStatus.CANCELLED)


def job_resume(*, job: LlmJob, limits: Limits | None = None) -> None:
    """Go on with a paused, cancelled or halted job, within new limits where they are given.

    Pairs that another job has taken over meanwhile stay cancelled here. Raises DomainError where a limit is reached.
    """
    with transaction.atomic():
        judge_freeze(job.judge)
        pairs_locked(job.assessor)
        job = job_locked(job.pk)
        if job.wanted == LlmJob.Wanted.RUN and not job.halted_because:
            raise DomainError("This job was not stopped, so it goes on by itself.")
        if job.bank_id is None:
            _take_back_cancelled(job)
        else:
            _take_back_of_nuggets(job)
        if not job.calls.filter(status__in=OPEN_STATUSES).exists():
            raise DomainError("Nothing of this job is left to ask.")
        limits = limits or limits_of(job)
        job_check_limits(job.judge, job.mode, limits)
        if reached := refusal(limits, prices_of(job.judge), spending(job).used):
            raise DomainError(f"{reached} Give a higher limit to go on.")
        LlmJob.objects.filter(pk=job.pk).update(
            wanted=LlmJob.Wanted.RUN,
            halted_because="",
            halted_by="",
            engine_failures=0,
            retry_at=None,
            **asdict(limits),
        )
        if job.mode == LlmJob.Mode.BATCH:
            calls_fail_without_text(job)
        else:
            job_enqueue(job)


def _take_back_cancelled(job: LlmJob) -> None:
    cancelled = job.calls.filter(status=CallStatus.CANCELLED)
    if job.mode != LlmJob.Mode.TRIAL:
        same_pair = {name: OuterRef(name) for name in ("judge", "topic", "document")}
        taken = LlmCall.objects.filter(**same_pair, trial=False, status__in=LIVE_STATUSES)
        cancelled = cancelled.filter(~Exists(taken))
    cancelled.update(status=CallStatus.WAITING)


def _take_back_of_nuggets(job: LlmJob) -> None:
    other = unfinished_over(job.judge, job.bank)
    if other is not None and other.pk != job.pk:
        raise DomainError(f"Job {other.pk} of {job.judge.name} over {job.bank} is not finished: go on with that one.")
    calls_take_back(job)
