"""What the commands share that start a judge's job, or go on with it, and may wait for its end."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from decimal import Decimal

from django.conf import settings

from assessment.domain.errors import DomainError
from llm_worker.domain.estimates import Basis, Estimate
from llm_worker.domain.limits import NO_LIMITS, Limits
from llm_worker.heartbeat import workers_alive
from llm_worker.management.judge_command import JudgeCommand
from llm_worker.models import JudgeConfiguration, LlmJob
from llm_worker.selectors import JobProgress, failure_reasons, job_progress
from llm_worker.services.jobs import job_cancel, job_resume

SHOWN_REASONS = 10
# What a call of a job over a pool came to, and of one over a bank.
DONE = {True: "judged", False: "answered"}


class Worker:
    """Sees to it that a worker serves the queue: starts one where none is alive, and ends it with the block."""

    def __init__(self, queue: str, say: Callable[[str], object]):
        self.queue, self.say = queue, say
        self._own: subprocess.Popen | None = None

    def __enter__(self) -> "Worker":
        return self

    def ensure(self) -> None:
        """Raises DomainError where the worker that was started here has ended."""
        if self._own is not None and self._own.poll() is not None:
            raise DomainError(
                f"The worker ended with code {self._own.returncode}. The job waits for another one: "
                f"python3 manage.py worker --queue {self.queue}"
            )
        if self._own is None and not workers_alive(self.queue):
            self.say(f"No worker serves the queue {self.queue}: starting one for this job.")
            self._own = subprocess.Popen(
                [sys.executable, str(settings.BASE_DIR / "manage.py"), "worker", "--queue", self.queue],
                env={**os.environ, "ASSAY_DIE_WITH_PARENT": str(os.getpid())},
                stdin=subprocess.DEVNULL,
                stdout=sys.stderr.fileno(),
                start_new_session=True,  # Ctrl-C is for the command alone, which then ends its worker in order
            )

    def __exit__(self, *_) -> None:
        if self._own is not None:
            self._own.terminate()
            self._own.wait()


class JobCommand(JudgeCommand):
    """A command whose work a worker does."""

    def add_wait(self, parser) -> None:
        parser.add_argument("--wait", action="store_true", help="until it is done; starts a worker where none is alive")

    def add_limits(self, parser) -> None:
        limits = parser.add_argument_group("hard limits of a new job, or new ones of the job that is gone on with")
        limits.add_argument("--max-tokens", type=int, metavar="N", help="read and written together")
        limits.add_argument("--max-cost", type=Decimal, metavar="AMOUNT", help="in the currency of the judge's prices")
        limits.add_argument("--max-minutes", type=float, metavar="N", help="of running; pauses do not count")
        limits.add_argument("--max-failures", type=int, metavar="N", help="calls without a grade")

    def limits(self, *, max_tokens, max_cost, max_minutes, max_failures, **_) -> Limits:
        """The hard limits that were given."""
        seconds = None if max_minutes is None else round(60 * max_minutes)
        return Limits(max_tokens, max_cost, seconds, max_failures)

    def check_worker(self, judge: JudgeConfiguration, wait: bool) -> None:
        """Asked before anything is made, also with --wait: without the broker no job could begin."""
        if not workers_alive(judge.queue) and not wait:
            raise DomainError(
                f"No worker serves the queue {judge.queue}. Start one with `python3 manage.py worker --queue "
                f"{judge.queue}`, or add --wait."
            )

    def wait_for(self, job: LlmJob) -> None:
        """Until the job is over. Raises DomainError where something is missing of it."""
        with Worker(job.judge.queue, self.stderr.write) as worker:
            progress = self._watch(job, worker)
        self._conclude(progress)

    def _conclude(self, progress: JobProgress) -> None:
        """Say why replies failed, then the verdict. Raises DomainError where the job has stopped or judged nothing."""
        job = progress.job
        reasons = failure_reasons(job.calls.all())
        for reason, count in reasons[:SHOWN_REASONS]:
            self.stderr.write(f"{count} × {reason}")
        if len(reasons) > SHOWN_REASONS:
            self.stderr.write(f"… and {len(reasons) - SHOWN_REASONS} more reasons.")
        done = DONE[job.bank_id is None]
        verdict = f"{job.judge.name}: {progress.done} {done}, {progress.failed} failed, {progress.unasked} left."
        if progress.state == "partial":
            raise DomainError(f"Job {job.pk} is partial. {progress.explanation}\n{verdict}")
        if progress.state != "done":
            raise DomainError(f"Job {job.pk} was {progress.state}: {progress.explanation}\n{verdict}")
        self.stdout.write(verdict)
        if progress.failed and not progress.done:
            raise DomainError("Nothing was judged.")

    def take_up(self, job: LlmJob, limits: Limits) -> None:
        """Go on with a job that is not finished; DomainError for new limits of one that runs."""
        stopped = f"was halted: {job.halted_because}" if job.halted_because else ""
        stopped = stopped or ("is paused." if job.wanted == LlmJob.Wanted.PAUSE else "")
        if stopped:
            self.stderr.write(f"Going on with job {job.pk}, which {stopped}")
            job_resume(job=job, limits=None if limits == NO_LIMITS else limits)
        elif limits != NO_LIMITS:
            raise DomainError(f"Job {job.pk} runs already; pause it on its page to give it other limits.")
        else:
            self.stderr.write(f"Going on with job {job.pk}, which is not finished.")

    def say_estimate(self, found: Estimate, over: str) -> None:
        """An estimate, line by line."""
        self.stdout.write(f"{found.judge} over {over}:")
        for line in found.lines():
            basis = "" if line.basis in (Basis.UNKNOWN, Basis.AT_MOST) else f", {line.basis}"
            self.stdout.write(f"  {line.label:<15} {line.said}{basis}. {line.source}")
        self.stdout.write("Nothing was started.")

    def _watch(self, job: LlmJob, worker: Worker) -> JobProgress:
        """Show the job's progress on standard error until nothing more happens by itself. Ctrl-C cancels the job."""
        shown = None
        try:
            while True:
                job.refresh_from_db()
                progress = job_progress(job)
                line = f"{progress.done} {DONE[job.bank_id is None]}, {progress.failed} failed, {progress.left} left"
                if line != shown:
                    pace = f", {progress.rate:.0f} a minute" if progress.rate else ""
                    self.stderr.write(f"{line}{pace}")
                    shown = line
                if progress.finished:
                    return progress
                worker.ensure()
                time.sleep(1)
        except KeyboardInterrupt:
            job_cancel(job=job)
            self.stderr.write(f"Cancelled job {job.pk}; what was {DONE[job.bank_id is None]} is kept.")
            raise
