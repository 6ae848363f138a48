"""What the page of a job by files says of its files."""

import shlex
from dataclasses import dataclass

from django.db.models import Count, Q
from django.utils.text import get_valid_filename

from llm_worker.domain.batch_files import MOST_REQUESTS, run_command
from llm_worker.models import CallStatus, JudgeConfiguration, LlmJob

# What the server behind an engine would be spoken to in.
_DIALECTS = {"vllm": "vllm", "llama_cpp": "llama.cpp", "scripted": "vllm"}


@dataclass(frozen=True)
class BatchFiles:
    """`waiting` questions have no reply yet, of which `without_text` can't be asked: their texts have gone since.

    `name` is that of the request file without its ending, `dialect` what its requests are written in.
    """

    waiting: int
    without_text: int
    name: str
    dialect: str
    command: str
    export_command: str
    import_command: str

    @property
    def to_ask(self) -> int:
        return self.waiting - self.without_text

    @property
    def has_parts(self) -> bool:
        """Whether whoever answers such files takes only so many requests at a time."""
        return self.dialect == "openai"

    @property
    def most_requests(self) -> int:
        return MOST_REQUESTS


def batch_dialect(judge: JudgeConfiguration) -> str:
    """What the server that a file goes to would be spoken to in."""
    return judge.options.get("dialect", "openai") if judge.engine == "openai" else _DIALECTS[judge.engine]


def batch_files(job: LlmJob) -> BatchFiles:
    """The files of a job by files as it stands (1 query)."""
    found = job.calls.filter(status=CallStatus.WAITING).aggregate(
        waiting=Count("pk"), without_text=Count("pk", filter=Q(document__text=None))
    )
    judge, name = job.judge, batch_name(job)
    requests, results = f"{name}.jsonl", f"{name}.results.jsonl"
    ours, whose = ("python3", "manage.py"), (job.track.slug, "--judge", judge.name)
    return BatchFiles(
        **found,
        name=name,
        dialect=batch_dialect(judge),
        command=run_command(judge.model, judge.model_revision, requests, results),
        export_command=f"{shlex.join((*ours, 'export_batch', *whose, '--job', str(job.pk)))} > {shlex.quote(requests)}",
        import_command=shlex.join((*ours, "import_batch", *whose, results)),
    )


def batch_name(job: LlmJob) -> str:
    return get_valid_filename(f"{job.track.slug}.{job.judge.name}.job-{job.pk}")
