"""What stops a job between two replies: a person, a limit, too many failures in a row, the worker's end."""

import time
from collections import Counter

from celery.worker import state as worker_state
from django.db import InterfaceError, OperationalError, connection

from llm_worker.domain.limits import refusal
from llm_worker.domain.replies import State
from llm_worker.models import FAILED_STATUSES, CallStatus, LlmJob
from llm_worker.selectors.spending import limits_of, prices_of, spending
from llm_worker.services.calls import Answer
from llm_worker.services.running import is_to_run, job_halt

# An engine asks before every request, some at every token: the database is asked only so often.
LOOK_EVERY_S = 0.5


class Brakes:
    """Whether a chunk goes on. The database is asked now and then, and at once where failures pile up."""

    def __init__(self, job: LlmJob):
        self._job = job
        self._goes_on = True
        self._looked_at = float("-inf")
        self._failed = self._in_a_row = 0

    def go_on(self) -> bool:
        """Whether a further request may be begun."""
        if worker_state.should_stop is not None:
            return False
        if self._goes_on and time.monotonic() - self._looked_at >= LOOK_EVERY_S:
            self.look()
        return self._goes_on

    def answered(self, answer: Answer) -> None:
        """Note an answer that has been stored."""
        failed = answer.state is not State.OK
        self._failed += failed
        self._in_a_row = self._in_a_row + 1 if failed else 0
        if failed and self._piles_up():
            self.look()

    def _piles_up(self) -> bool:
        job = self._job
        return bool(job.breaker and self._in_a_row >= job.breaker) or bool(
            job.max_failures and self._failed >= job.max_failures
        )

    def look(self) -> None:
        """See how the job stands, and halt it where it must not go on."""
        try:
            self._goes_on = self._may_go_on()
        except (OperationalError, InterfaceError):
            # The database is restarting: begin nothing meanwhile, but keep taking the replies under way.
            connection.close()
            self._goes_on = False
        self._looked_at = time.monotonic()

    def _may_go_on(self) -> bool:
        job = LlmJob.objects.select_related("judge").filter(pk=self._job.pk).first()
        if job is None or not is_to_run(job):
            return False
        if any((job.max_tokens, job.max_cost, job.max_seconds, job.max_failures)):
            spent = spending(job)
            reason = refusal(limits_of(job), prices_of(job.judge), spent.used)
            if reason and spent.left:
                job_halt(job=job, reason=reason, by=LlmJob.HaltedBy.LIMIT)
                return False
        if reason := failures_in_a_row(job):
            job_halt(job=job, reason=reason, by=LlmJob.HaltedBy.BREAKER)
            return False
        return True


def failures_in_a_row(job: LlmJob) -> str:
    """Why the circuit breaker stops the job: its last `breaker` calls since it was started or resumed all failed."""
    if not job.breaker or job.running_since is None:
        return ""
    answered = job.calls.filter(finished_at__gt=job.running_since).order_by("-finished_at", "-position")
    last = list(answered.values_list("status", "error")[: job.breaker])
    if len(last) < job.breaker or any(status not in FAILED_STATUSES for status, _ in last):
        return ""
    reasons = Counter(": ".join(filter(None, (CallStatus(status).label, error))) for status, error in last)
    reason, count = reasons.most_common(1)[0]
    most = "all of them" if count == job.breaker else f"{count} of them"
    return f"The last {job.breaker} calls failed one after the other, {most} so: {reason}"
