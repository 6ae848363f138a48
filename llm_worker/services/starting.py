"""A job started from a form: with its estimate, and once however often the button is pressed."""

from django.db import transaction

from assessment.models import Pool, User
from llm_worker.domain.limits import NO_LIMITS, Limits
from llm_worker.models import JudgeConfiguration, LlmJob
from llm_worker.services.estimates import estimate
from llm_worker.services.jobs import job_create
from llm_worker.services.judges import judge_check_mode


def job_start(
    *,
    pool: Pool,
    judge: JudgeConfiguration,
    mode: str = LlmJob.Mode.WORKERS,
    limit: int | None = None,
    limits: Limits = NO_LIMITS,
    by: User | None = None,
    seen: int | None = None,
) -> LlmJob:
    """A new job that keeps what was expected of it.

    `seen` is the newest job of the pool that this person had seen (0: none). If he or she has started a newer one of
    the same judge, that one is returned: the button was pressed twice.
    """
    with transaction.atomic():
        Pool.objects.select_for_update(no_key=True).get(pk=pool.pk)  # of two clicks, the second waits for the first
        if seen is not None and (started := _started_since(pool, judge, mode, by, seen)):
            return started
        judge_check_mode(judge=judge, mode=mode)
        expected = estimate(pool=pool, judge=judge, limit=limit).as_dict()
        return job_create(pool=pool, judge=judge, limit=limit, mode=mode, limits=limits, estimate=expected, by=by)


def _started_since(pool: Pool, judge: JudgeConfiguration, mode: str, by: User | None, seen: int) -> LlmJob | None:
    jobs = LlmJob.objects.filter(pool=pool, judge=judge, created_by=by, mode=mode, pk__gt=seen)
    return jobs.order_by("pk").first()
