"""What came of a judge's jobs in a track: counted from the calls, for the job's page and the command `llm_report`."""

from dataclasses import asdict, dataclass
from decimal import Decimal

from django.db.models import Count, Max, Q, QuerySet, Sum
from django.db.models.functions import Length

from assessment.models import Track
from llm_worker.models import FAILED_STATUSES, CallStatus, JudgeConfiguration, LlmCall, LlmJob, status_in_words
from llm_worker.selectors.jobs import JobProgress, job_progress
from llm_worker.selectors.nugget_jobs import labels_given
from llm_worker.selectors.spending import prices_of, spending


@dataclass(frozen=True)
class Report:
    """`calls` counts by status, `grades` by grade, `labels` what was said of nuggets. Tokens, seconds and cost leave
    out what was `adopted` from trials or from a job that is asked again: those calls were asked by another one.
    `judged_per_second` is of the seconds in which the job ran; None without one.
    """

    calls: dict[str, int]
    adopted: int
    asked_again: int
    tokens_in: int
    tokens_out: int
    tokens_cached: int
    cost: Decimal | None
    currency: str
    seconds: float
    judged_per_second: float | None
    grades: dict[int, int]
    orders_found: int
    passages_cut: int
    slowest_ms: int | None
    failures: list[tuple[str, int]]
    labels: dict[str, int]

    @property
    def cached_share(self) -> float | None:
        """The part of what was read that came from the prefix cache, of 1."""
        return self.tokens_cached / self.tokens_in if self.tokens_in else None

    def as_json(self) -> dict:
        """With text keys, and the cost as text, so that no digit of it is lost."""
        plain = asdict(self)
        return plain | {
            "cost": None if self.cost is None else str(self.cost),
            "seconds": round(self.seconds, 3),
            "grades": {str(grade): count for grade, count in self.grades.items()},
            "failures": [{"reason": reason, "calls": count} for reason, count in self.failures],
        }


def job_report(job: LlmJob) -> Report:
    """What came of one job (6 queries)."""
    seconds = spending(job).used.seconds
    adopted = Q(finished_at__lt=job.created_at)
    return _report(job.calls.all(), adopted, job.judge, job.track, seconds)


def _report(calls: QuerySet[LlmCall], adopted: Q, judge: JudgeConfiguration, track: Track, seconds: float) -> Report:
    found = calls.aggregate(
        adopted=Count("pk", filter=adopted),
        asked_again=Count("pk", filter=Q(attempts__gt=1)),
        read=Sum("tokens_in", filter=~adopted),
        written=Sum("tokens_out", filter=~adopted),
        cached=Sum("tokens_cached", filter=~adopted),
        judged_here=Count("pk", filter=~adopted & Q(status=CallStatus.OK)),
        cut=Count("pk", filter=Q(passage_cut=True)),
        orders=Count("pk", filter=Q(orders_found__len__gt=0)),
        slowest=Max("latency_ms"),
    )
    counts = dict(calls.values_list("status").annotate(Count("pk")).order_by())
    given = dict(calls.filter(status=CallStatus.OK).values_list("grade").annotate(Count("pk")).order_by())
    tokens = (found["read"] or 0, found["written"] or 0, found["cached"] or 0)
    return Report(
        calls={status.value: counts.get(status.value, 0) for status in CallStatus},
        adopted=found["adopted"],
        asked_again=found["asked_again"],
        tokens_in=tokens[0],
        tokens_out=tokens[1],
        tokens_cached=tokens[2],
        cost=prices_of(judge).cost(*tokens),
        currency=judge.currency,
        seconds=seconds,
        judged_per_second=found["judged_here"] / seconds if seconds else None,
        grades={grade: given.get(grade, 0) for grade in track.grades.values_list("value", flat=True)},
        orders_found=found["orders"],
        passages_cut=found["cut"],
        slowest_ms=found["slowest"],
        failures=failure_reasons(calls),
        labels=labels_given(calls) if judge.task != JudgeConfiguration.Task.RELEVANCE else {},
    )


def failure_reasons(calls: QuerySet[LlmCall]) -> list[tuple[str, int]]:
    """(the status, and the error where there is one; how many calls failed so), the most frequent first."""
    failed = calls.filter(status__in=FAILED_STATUSES).values_list("status", "part", "error")
    counted = failed.annotate(n=Count("pk")).order_by("-n", "status", "part", "error")
    return [
        (": ".join(filter(None, (status_in_words(status, part != LlmCall.Part.PAIR), error))), n)
        for status, part, error, n in counted
    ]


@dataclass(frozen=True)
class JobLine:
    """One job in a judge's report."""

    progress: JobProgress
    report: Report

    def as_json(self) -> dict:
        job = self.progress.job
        limits = ("max_tokens", "max_cost", "max_seconds", "max_failures", "breaker")
        return {
            "job": job.pk,
            ("pool" if job.bank_id is None else "bank"): job.over.name,
            "mode": job.mode,
            "state": self.progress.state,
            "explanation": self.progress.explanation,
            "halted_by": job.halted_by,
            "created_at": job.created_at.isoformat(),
            "limits": {name: _plain(getattr(job, name)) for name in limits},
            "estimate": job.estimate,
            **self.report.as_json(),
        }


def _plain(value):
    return str(value) if isinstance(value, Decimal) else value


@dataclass(frozen=True)
class JudgeReport:
    """All jobs of a judge in a track, oldest first, and their sum. `total` leaves out trials: those make no judgments,
    and the jobs that took them over count them."""

    judge: JudgeConfiguration
    track: Track
    jobs: list[JobLine]
    total: Report

    def as_json(self) -> dict:
        judge = self.judge
        told = ("name", "engine", "model", "model_revision", "prompt", "prompt_sha256", "decoding")
        return {
            "track": self.track.slug,
            "judge": {name: getattr(judge, name) for name in told},
            "total": self.total.as_json(),
            "jobs": [line.as_json() for line in self.jobs],
        }


def judge_report(*, track: Track, judge: JudgeConfiguration) -> JudgeReport:
    """What the judge has done in the track (a fixed number of queries for each job)."""
    jobs = (
        LlmJob.objects.filter(track=track, judge=judge).select_related("judge", "track", "pool", "bank").order_by("pk")
    )
    lines = [JobLine(job_progress(job), job_report(job)) for job in jobs]
    counted = [line for line in lines if line.progress.job.mode != LlmJob.Mode.TRIAL]
    calls = LlmCall.objects.filter(job__in=[line.progress.job for line in counted])
    adopted = Q(pk__in=[])
    for line in counted:
        adopted |= Q(job=line.progress.job, finished_at__lt=line.progress.job.created_at)
    seconds = sum(line.report.seconds for line in counted)
    return JudgeReport(judge, track, lines, _report(calls, adopted, judge, track, seconds))


def failed_calls(job: LlmJob) -> QuerySet[LlmCall]:
    """The calls without a grade, with what came back."""
    return (
        job.calls.filter(status__in=FAILED_STATUSES)
        .select_related("topic", "document", "answer__run")
        .order_by("position")
    )


def successes_to_read(job: LlmJob, count: int) -> list[LlmCall]:
    """So many calls with a grade, to be read beside the failures: the longest replies, which have most to say."""
    graded = job.calls.filter(status=CallStatus.OK).select_related("topic", "document", "answer__run")
    return list(graded.order_by(Length("raw_reply").desc(), "position")[:count])
