import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from decimal import Decimal

from django.conf import settings

from assessment.domain.errors import DomainError
from assessment.models import Pool
from llm_worker.domain.estimates import Basis
from llm_worker.domain.limits import NO_LIMITS, Limits
from llm_worker.engines import close_engines
from llm_worker.heartbeat import workers_alive
from llm_worker.management.judge_command import JudgeCommand
from llm_worker.models import JudgeConfiguration, LlmJob
from llm_worker.selectors import JobProgress, failure_reasons, job_progress, unfinished_job
from llm_worker.selectors.spending import adopted_calls
from llm_worker.services.estimates import estimate
from llm_worker.services.jobs import LARGEST_LIMIT, job_cancel, job_resume
from llm_worker.services.starting import job_start

SHOWN_REASONS = 10


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


class Command(JudgeCommand):
    help = (
        "Ask a judge for grades of a pool's items, or go on with its job over them that is not finished. "
        "Failed replies are listed and never become grades."
    )

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--pool", metavar="NAME", help="default: the newest")
        parser.add_argument("--limit", type=int, help="at most so many items")
        parser.add_argument("--wait", action="store_true", help="until it is done; starts a worker where none is alive")
        parser.add_argument("--dry-run", action="store_true", help="say what it would take, and start nothing")
        parser.add_argument("--format", choices=["text", "json"], default="text", help="of --dry-run (default: text)")
        limits = parser.add_argument_group("hard limits of a new job, or new ones of the job that is gone on with")
        limits.add_argument("--max-tokens", type=int, metavar="N", help="read and written together")
        limits.add_argument("--max-cost", type=Decimal, metavar="AMOUNT", help="in the currency of the judge's prices")
        limits.add_argument("--max-minutes", type=float, metavar="N", help="of running; pauses do not count")
        limits.add_argument("--max-failures", type=int, metavar="N", help="calls without a grade")

    def handle(self, *, track, judge, pool, limit, wait, **options):
        track = self.get_track(track)
        judge, pool = self.get_judge(judge), self.get_pool(track, pool)
        if options["dry_run"]:
            self._say_estimate(pool, judge, limit, options["format"])
            return
        # Asked before anything is made, also with --wait: without the broker no job could begin.
        if not workers_alive(judge.queue) and not wait:
            raise DomainError(
                f"No worker serves the queue {judge.queue}. Start one with `python3 manage.py worker --queue "
                f"{judge.queue}`, or add --wait."
            )
        limits = self._limits(**options)
        job = self._unfinished(pool, judge, limit, limits)
        if job is None:
            job = job_start(pool=pool, judge=judge, limit=limit, limits=limits)
            if adopted := adopted_calls(job).count():
                self.stderr.write(f"{adopted} of the replies were taken over from trials, without a request.")
        if not wait:
            self.stdout.write(f"Job {job.pk}: {job.calls.count()} items of {pool.name} for {judge.name}.")
            return
        with Worker(judge.queue, self.stderr.write) as worker:
            progress = self._watch(job, worker)
        self._conclude(progress)

    def _say_estimate(self, pool: Pool, judge: JudgeConfiguration, limit: int | None, form: str) -> None:
        """What it would take. The judge's engine may be asked for tokens, where no earlier call tells them."""
        if limit is not None and not 1 <= limit <= LARGEST_LIMIT:
            raise DomainError(f"A limit must be between 1 and {LARGEST_LIMIT:,}.")
        try:
            found = estimate(pool=pool, judge=judge, limit=limit, engine_measures=True)
        finally:
            close_engines()
        if form == "json":
            self.stdout.write(json.dumps(found.as_dict(), indent=2, ensure_ascii=False))
            return
        self.stdout.write(f"{judge.name} over {pool.name}:")
        for line in found.lines():
            basis = "" if line.basis in (Basis.UNKNOWN, Basis.AT_MOST) else f", {line.basis}"
            self.stdout.write(f"  {line.label:<15} {line.said}{basis}. {line.source}")
        self.stdout.write("Nothing was started.")

    def _limits(self, *, max_tokens, max_cost, max_minutes, max_failures, **_) -> Limits:
        seconds = None if max_minutes is None else round(60 * max_minutes)
        return Limits(max_tokens, max_cost, seconds, max_failures)

    def _unfinished(self, pool: Pool, judge: JudgeConfiguration, limit: int | None, limits: Limits) -> LlmJob | None:
        """The job to go on with, taken up again where it was stopped; None where a new one is to be made."""
        job = unfinished_job(pool=pool, judge=judge)
        if job is None:
            return None
        left = job_progress(job).left
        if limit is not None and left > limit:
            raise DomainError(
                f"Job {job.pk} of {judge.name} over {pool.name} is not finished: {left} items are left, more than "
                f"--limit {limit}. Go on with it without --limit, or cancel it on its page."
            )
        stopped = f"was halted: {job.halted_because}" if job.halted_because else ""
        stopped = stopped or ("is paused." if job.wanted == LlmJob.Wanted.PAUSE else "")
        if stopped:
            self.stderr.write(f"Going on with job {job.pk}, which {stopped}")
            job_resume(job=job, limits=None if limits == NO_LIMITS else limits)
        elif limits != NO_LIMITS:
            raise DomainError(f"Job {job.pk} runs already; pause it on its page to give it other limits.")
        else:
            self.stderr.write(f"Going on with job {job.pk}, which is not finished.")
        return job

    def _conclude(self, progress: JobProgress) -> None:
        """Say why replies failed, then the verdict. Raises DomainError where the job has stopped or judged nothing."""
        job = progress.job
        reasons = failure_reasons(job.calls.all())
        for reason, count in reasons[:SHOWN_REASONS]:
            self.stderr.write(f"{count} × {reason}")
        if len(reasons) > SHOWN_REASONS:
            self.stderr.write(f"… and {len(reasons) - SHOWN_REASONS} more reasons.")
        verdict = f"{job.judge.name}: {progress.done} judged, {progress.failed} failed, {progress.unasked} left."
        if progress.state != "done":
            raise DomainError(f"Job {job.pk} was {progress.state}: {progress.explanation}\n{verdict}")
        self.stdout.write(verdict)
        if progress.failed and not progress.done:
            raise DomainError("Nothing was judged.")

    def _watch(self, job: LlmJob, worker: Worker) -> JobProgress:
        """Show the job's progress on standard error until nothing more happens by itself. Ctrl-C cancels the job."""
        shown = None
        try:
            while True:
                job.refresh_from_db()
                progress = job_progress(job)
                line = f"{progress.done} judged, {progress.failed} failed, {progress.left} left"
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
            self.stderr.write(f"Cancelled job {job.pk}; what was judged is kept.")
            raise
