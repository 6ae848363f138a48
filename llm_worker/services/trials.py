"""Trials: a few pairs asked before anything is decided."""

from collections.abc import Sequence

from django.db import transaction

from assessment.domain.errors import DomainError
from assessment.models import Pool, User
from llm_worker.models import CallStatus, JudgeConfiguration, LlmJob
from llm_worker.selectors.trials import latest_calls, trial_items
from llm_worker.services.jobs import LARGEST_TRIAL, job_create


def trial_start(
    *, pool: Pool, judges: Sequence[JudgeConfiguration], size: int, seed: int = 0, by: User | None = None
) -> list[LlmJob]:
    """Ask each of these judges about the same `size` pairs of the pool, drawn from `seed`, whose texts are loaded.

    What a judge has said of one of them before, in a trial or a job, is not asked again, unless that was an error.
    Raises DomainError where no judge has anything left to be asked; then no job is made.
    """
    if not 1 <= size <= LARGEST_TRIAL:
        raise DomainError(f"A trial has 1 to {LARGEST_TRIAL} pairs.")
    with transaction.atomic():
        # Two clicks at once: the second one finds the calls of the first.
        Pool.objects.select_for_update(no_key=True).get(pk=pool.pk)
        items = trial_items(pool, size, seed)
        if not items:
            raise DomainError(f"No text of {pool.name}’s passages is loaded, so there is nothing to try a judge on.")
        return [job for judge in judges if (job := _trial_of(judge, pool, items, by))] or _refuse(judges)


def _trial_of(judge: JudgeConfiguration, pool: Pool, items, by: User | None) -> LlmJob | None:
    known = latest_calls(judge, pool, items)
    pairs = [(item.topic_id, item.document_id) for item in items]
    pairs = [pair for pair in pairs if pair not in known or known[pair].status == CallStatus.ERROR]
    if not pairs:
        return None
    return job_create(pool=pool, judge=judge, limit=len(pairs), mode=LlmJob.Mode.TRIAL, pairs=pairs, by=by)


def _refuse(judges: Sequence[JudgeConfiguration]) -> list[LlmJob]:
    names = " and ".join(judge.name for judge in judges)
    raise DomainError(f"{names} were asked about all of these pairs already; choose more pairs or another draw.")
