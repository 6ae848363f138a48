from assessment.domain.errors import DomainError
from llm_worker.management.judge_command import JudgeCommand
from llm_worker.models import LlmJob
from llm_worker.services.batches import batch_create, batch_lines


class Command(JudgeCommand):
    help = (
        "Write a judge's questions about a pool to standard output, as a batch file of OpenAI or `vllm run-batch`. "
        "They wait until `import_batch` brings the replies; no worker asks them."
    )

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--pool", metavar="NAME", help="default: the newest")
        parser.add_argument("--limit", type=int, help="at most so many items")
        parser.add_argument("--job", type=int, help="once more what waits for replies in this job")

    def handle(self, *, track, judge, pool, limit, job, **options):
        track, judge = self.get_track(track), self.get_judge(judge)
        if job is None:
            made = batch_create(pool=self.get_pool(track, pool), judge=judge, limit=limit)
        else:
            made = LlmJob.objects.filter(pk=job, track=track, judge=judge).first()
            if made is None:
                raise DomainError(f"{judge.name} has no job {job} in {track.slug}.")
        count = 0
        for count, line in enumerate(batch_lines(job=made), 1):  # noqa: B007
            self.stdout.write(line, ending="")
        self.stderr.write(
            f"Job {made.pk}: {count:,} questions for {judge.name}. Their replies: import_batch {track.slug}"
        )
