import os
import subprocess
import sys
import time
from contextlib import contextmanager

from django.conf import settings

from assessment.domain.errors import DomainError
from assessment.management.track_command import TrackCommand
from assessment.models import Pool, Track
from llm_worker.heartbeat import workers_alive
from llm_worker.models import JudgeConfiguration
from llm_worker.selectors import JobProgress, job_progress
from llm_worker.services.jobs import job_cancel, job_create


class Command(TrackCommand):
    help = "Ask a judge for grades of a pool's items. Failed replies are listed and never become grades."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--judge", required=True, metavar="NAME", help="see the command `judges`")
        parser.add_argument("--pool", metavar="NAME", help="default: the newest")
        parser.add_argument("--limit", type=int, help="at most so many items")
        parser.add_argument("--wait", action="store_true", help="until it is done; starts a worker where none is alive")

    def handle(self, *, track, judge, pool, limit, wait, **options):
        track = self.get_track(track)
        judge, pool = self._judge(judge), self._pool(track, pool)
        alive = workers_alive(judge.queue)
        if not alive and not wait:
            raise DomainError(
                f"No worker serves the queue {judge.queue}. Start one with `python3 manage.py worker --queue "
                f"{judge.queue}`, or add --wait."
            )
        job = job_create(pool=pool, judge=judge, limit=limit)
        if not wait:
            self.stdout.write(f"Job {job.pk}: {job.calls.count()} items of {pool.name} for {judge.name}.")
            return
        with self._worker(judge.queue, needed=not alive):
            progress = self._watch(job)
        verdict = f"{judge.name}: {progress.done} judged, {progress.failed} failed, {progress.unasked} left."
        if progress.state != "done":
            raise DomainError(f"Job {job.pk} was {progress.state}: {progress.explanation}\n{verdict}")
        self.stdout.write(verdict)

    def _judge(self, name: str) -> JudgeConfiguration:
        judge = JudgeConfiguration.objects.filter(name=name).first()
        if judge is None:
            known = ", ".join(JudgeConfiguration.objects.values_list("name", flat=True))
            raise DomainError(f"There is no judge {name!r}; there are: {known}.")
        return judge

    def _pool(self, track: Track, name: str | None) -> Pool:
        pools = track.pools.all() if name is None else track.pools.filter(name=name)
        pool = pools.first()
        if pool is None:
            known = ", ".join(track.pools.values_list("name", flat=True)) or "none yet; `create_pool` makes one"
            raise DomainError(f"{track.slug} has no pool{f' {name!r}' if name else ''}; there are: {known}.")
        return pool

    @contextmanager
    def _worker(self, queue: str, needed: bool):
        """A worker for as long as the block runs, where none is alive."""
        if not needed:
            yield
            return
        self.stderr.write(f"No worker serves the queue {queue}: starting one for this job.")
        manage = [sys.executable, str(settings.BASE_DIR / "manage.py"), "worker", "--queue", queue]
        environment = {**os.environ, "ASSAY_DIE_WITH_PARENT": str(os.getpid())}
        worker = subprocess.Popen(manage, env=environment, stdin=subprocess.DEVNULL, stdout=sys.stderr.fileno())
        try:
            yield
        finally:
            worker.terminate()
            worker.wait()

    def _watch(self, job) -> JobProgress:
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
                time.sleep(1)
        except KeyboardInterrupt:
            job_cancel(job=job)
            self.stderr.write(f"Cancelled job {job.pk}; what was judged is kept.")
            raise
