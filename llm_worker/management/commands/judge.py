import json

from assessment.domain.errors import DomainError
from assessment.models import Pool
from llm_worker.domain.limits import Limits
from llm_worker.engines import close_engines
from llm_worker.management.job_command import JobCommand
from llm_worker.models import JudgeConfiguration, LlmJob
from llm_worker.selectors import job_progress, unfinished_job
from llm_worker.selectors.spending import adopted_calls
from llm_worker.services.estimates import estimate
from llm_worker.services.jobs import LARGEST_LIMIT
from llm_worker.services.starting import job_start


class Command(JobCommand):
    help = (
        "Ask a judge for grades of a pool's items, or go on with its job over them that is not finished. "
        "Failed replies are listed and never become grades."
    )

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--pool", metavar="NAME", help="default: the newest")
        parser.add_argument("--limit", type=int, help="at most so many items")
        self.add_wait(parser)
        parser.add_argument("--dry-run", action="store_true", help="say what it would take, and start nothing")
        parser.add_argument("--format", choices=["text", "json"], default="text", help="of --dry-run (default: text)")
        self.add_limits(parser)

    def handle(self, *, track, judge, pool, limit, wait, **options):
        track = self.get_track(track)
        judge, pool = self.get_judge(judge), self.get_pool(track, pool)
        if options["dry_run"]:
            self._say_estimate(pool, judge, limit, options["format"])
            return
        self.check_worker(judge, wait)
        limits = self.limits(**options)
        job = self._unfinished(pool, judge, limit, limits)
        if job is None:
            job = job_start(pool=pool, judge=judge, limit=limit, limits=limits)
            if adopted := adopted_calls(job).count():
                self.stderr.write(f"{adopted} of the replies were taken over from trials, without a request.")
        if not wait:
            self.stdout.write(f"Job {job.pk}: {job.calls.count()} items of {pool.name} for {judge.name}.")
            return
        self.wait_for(job)

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
        self.say_estimate(found, pool.name)

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
        self.take_up(job, limits)
        return job
