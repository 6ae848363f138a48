"""What the commands share that ask judges about nuggets."""

from assessment.domain.errors import DomainError
from assessment.models import Topic, Track
from assessment.selectors.topic_names import topics_called
from llm_worker.management.job_command import JobCommand
from llm_worker.models import LlmJob
from llm_worker.selectors.nugget_jobs import topic_lines
from nuggets.models import Bank


class NuggetJobCommand(JobCommand):
    """A job over some of a track's topics."""

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--topics", metavar="QID,...", help="default: all")
        self.add_wait(parser)
        parser.add_argument("--dry-run", action="store_true", help="say what it would take, and start nothing")
        self.add_limits(parser)

    def get_topics(self, track: Track, said: str | None) -> list[Topic] | None:
        return topics_called(track, said)

    def get_bank(self, track: Track, name: str | None) -> Bank:
        """The bank of that name, or the track's only one for None."""
        banks = list(track.banks.all() if name is None else track.banks.filter(name=name))
        if len(banks) == 1:
            return banks[0]
        known = ", ".join(track.banks.values_list("name", flat=True))
        if not known:
            raise DomainError(f"{track.slug} has no bank of nuggets yet: `nuggetize` or `import_nuggets` makes one.")
        wanted = f"no bank {name!r}" if name else "several banks"
        raise DomainError(f"{track.slug} has {wanted}; name one with --bank. There are: {known}.")

    def finish(self, job: LlmJob, wait: bool) -> None:
        """Say what was started, or wait for its end and say what came of each topic."""
        if not wait:
            self.stdout.write(f"Job {job.pk}: {job.calls.count()} calls over {job.over} for {job.judge.name}.")
            return
        try:
            self.wait_for(job)
        finally:
            for line in topic_lines(job):
                self.stderr.write(f"{line.topic.qid}: {line.done} of {line.calls} calls answered, {line.in_words}")
