from pathlib import Path

from assessment.domain.errors import DomainError, FileError
from llm_worker.management.judge_command import JudgeCommand
from llm_worker.services.batches import batch_import

SHOWN_PROBLEMS = 100


class Command(JudgeCommand):
    help = (
        "Take the replies of a batch file: each becomes a grade or a listed failure by the rules of any other reply. "
        "What has been answered already stays as it is; what is missing goes on waiting."
    )

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument(
            "files", nargs="+", metavar="FILE", help="results, and errors where they are a file of their own"
        )

    def handle(self, *, track, judge, files, **options):
        track, judge = self.get_track(track), self.get_judge(judge)
        refused = sum(not self._import(track, judge, Path(file)) for file in files)
        if refused:
            raise DomainError(f"{refused} of {len(files)} files refused." if len(files) > 1 else "Nothing was stored.")

    def _import(self, track, judge, path: Path) -> bool:
        try:
            result = batch_import(track=track, judge=judge, source=path, name=path.name)
        except OSError as error:
            self.stderr.write(f"{path}: {error.strerror}")
            return False
        except FileError as error:
            self.stderr.write(str(error))
            for problem in error.problems[:SHOWN_PROBLEMS]:
                self.stderr.write(f"  {problem}")
            return False
        self.stdout.write(
            f"{path}: {result.judged:,} judged, {result.failed:,} failed, {result.repeated:,} answered before, "
            f"{result.still_waiting:,} still waiting."
        )
        return True
