"""Jobs that are asked elsewhere: their questions leave as a batch file, and the replies come back as another."""

import json
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from django.db import transaction
from django.db.models import QuerySet

from assessment.domain.errors import DomainError, Problem
from assessment.domain.text_files import Problems, Progress, Source, shown
from assessment.models import Pool, Track, User
from llm_worker.domain.batch_files import BatchReply, batch_line, custom_id, read_batch
from llm_worker.domain.limits import refusal
from llm_worker.domain.replies import State
from llm_worker.engines import Reply
from llm_worker.engines.openai_wire import read_reply, request_body
from llm_worker.job_kinds.relevance import Asked
from llm_worker.models import CallStatus, JudgeConfiguration, LlmCall, LlmJob
from llm_worker.selectors.batches import batch_dialect
from llm_worker.selectors.spending import limits_of, prices_of, spending
from llm_worker.services.calls import Answer, calls_finish
from llm_worker.services.jobs import job_create
from llm_worker.services.rendering import RenderingLabeller
from llm_worker.services.running import job_halt

_AT_ONCE = 500  # calls with their texts
_KEYS_AT_ONCE = 10_000
_CHANGED = "the passage or the topic has changed since this was asked"


class BatchResult(NamedTuple):
    """What a file of replies brought: grades, failures, and replies to calls that had been answered before.

    `warnings` name the line of each failure.
    """

    judged: int
    failed: int
    repeated: int
    still_waiting: int
    warnings: list[Problem]

    @property
    def status(self) -> str:
        return "stored" if self.judged or self.failed else "nothing new"

    @property
    def summary(self) -> str:
        said = f"{self.judged:,} judged, {self.failed:,} failed, {self.repeated:,} answered before"
        return f"{said}, {self.still_waiting:,} still waiting."


def batch_create(*, pool: Pool, judge: JudgeConfiguration, limit: int | None = None, by: User | None = None) -> LlmJob:
    """A job over the pool whose calls wait for a file of replies; those without a text fail at once.

    Raises DomainError as `job_create` does.
    """
    return job_create(pool=pool, judge=judge, limit=limit, mode=LlmJob.Mode.BATCH, by=by)


def batch_lines(*, job: LlmJob) -> Iterator[str]:
    """The questions of the job that wait for a reply, one line each. Asked again, the same lines for what still waits.

    Nothing is changed. Where the judge cuts passages by tokens, they are cut by estimate: the model is elsewhere.
    Raises DomainError, before the first line, for a job of another mode and one that was stopped.
    """
    _check_job(job)
    labeller = RenderingLabeller(job.judge, job.track)
    waiting = job.calls.filter(status=CallStatus.WAITING, document__text__isnull=False).order_by("position")
    return _lines(job, labeller, waiting.values_list("pk", flat=True))


def _lines(job: LlmJob, labeller: RenderingLabeller, waiting: QuerySet) -> Iterator[str]:
    dialect, field = batch_dialect(job.judge), job.judge.options.get("max_tokens_field", "max_tokens")
    for calls in _some_at_a_time(list(waiting)):
        for call, asked in zip(calls, labeller.ask(calls), strict=True):
            body = request_body(asked.request, job.judge.model, dialect, None, field)
            which = custom_id(job.pk, call.pk, asked.messages_sha256)
            yield json.dumps(batch_line(which, body), ensure_ascii=False) + "\n"


def batch_import(
    *,
    track: Track,
    source: Source,
    name: str,
    judge: JudgeConfiguration | None = None,
    job: LlmJob | None = None,
    progress: Progress | None = None,
) -> BatchResult:
    """Store the replies of a batch file, each by the rules of any other reply. What has been answered stays.

    Raises FileError, and stores nothing, where a line can't be read or answers no question that this track's batches
    (of `judge`, or `job` alone, where one is given) have asked in these words. A job whose limits are reached by what
    came in is halted: no further request file is written.
    """
    problems = Problems(name)
    replies = list(read_batch(source, problems, progress=progress))
    if not replies and not problems:
        problems.add(0, "no reply in it")
    jobs = _jobs(track, judge, job, replies)
    known = _known(jobs, job, replies, problems)
    problems.raise_if_any()
    answered = [_Answered(known[reply.custom_id.call], reply) for reply in replies]
    # Every reply is read before the first one is stored.
    read = [(jobs[pk], _read(jobs[pk], lines, problems)) for pk, lines in _grouped(answered).items()]
    problems.raise_if_any()
    with transaction.atomic():
        # In one order of jobs, so that two files about the same ones wait for each other instead of blocking.
        read.sort(key=lambda one: (one[0].assessor_id, one[0].pk))
        stored = set().union(*[calls_finish(job=job, answered=answers) for job, answers in read])
        for one in jobs.values():
            _halt_at_limit(one)
    states = {call.pk: answer for _, answers in read for call, answer in answers if call.pk in stored}
    judged = sum(answer.state is State.OK for answer in states.values())
    waiting = LlmCall.objects.filter(job__in=jobs, status=CallStatus.WAITING).count()
    failures = [
        Problem(one.reply.line, _said(states[one.call.pk]), shown(states[one.call.pk].reply.text))
        for one in answered
        if one.call.pk in states and states[one.call.pk].state is not State.OK
    ]
    return BatchResult(judged, len(stored) - judged, len(answered) - len(stored), waiting, failures)


def _said(answer: Answer) -> str:
    """Why there is no grade."""
    return ": ".join(filter(None, (CallStatus(answer.state.value).label, answer.reply.error)))


def _halt_at_limit(job: LlmJob) -> None:
    spent = spending(job)
    reason = refusal(limits_of(job), prices_of(job.judge), spent.used)
    if reason and spent.left:
        job_halt(job=job, reason=reason, by=LlmJob.HaltedBy.LIMIT)


class _Answered(NamedTuple):
    call: LlmCall
    reply: BatchReply


def _grouped(answered: list[_Answered]) -> dict[int, list[_Answered]]:
    groups: dict[int, list[_Answered]] = {}
    for one in answered:
        groups.setdefault(one.call.job_id, []).append(one)
    return groups


def _check_job(job: LlmJob) -> None:
    if job.mode != LlmJob.Mode.BATCH:
        raise DomainError(f"Job {job.pk} is asked by the workers, not by files.")
    if job.halted_because:
        raise DomainError(f"{job.halted_because} Give job {job.pk} higher limits to ask for more.")


def _some_at_a_time(pks: Sequence[int]) -> Iterator[list[LlmCall]]:
    """The calls of these keys, in their order, with topic and document; those without a text are left out."""
    for start in range(0, len(pks), _AT_ONCE):
        some = pks[start : start + _AT_ONCE]
        found = LlmCall.objects.select_related("topic", "document").in_bulk(some)
        yield [found[pk] for pk in some if pk in found and found[pk].document.text is not None]


def _jobs(
    track: Track, judge: JudgeConfiguration | None, job: LlmJob | None, replies: list[BatchReply]
) -> dict[int, LlmJob]:
    jobs = LlmJob.objects.filter(track=track, mode=LlmJob.Mode.BATCH, pk__in={one.custom_id.job for one in replies})
    jobs = jobs.filter(judge=judge) if judge else jobs
    jobs = jobs.filter(pk=job.pk) if job else jobs
    return {job.pk: job for job in jobs.select_related("judge", "track", "assessor")}


def _known(
    jobs: dict[int, LlmJob], job: LlmJob | None, replies: list[BatchReply], problems: Problems
) -> dict[int, LlmCall]:
    """The calls that the replies are about, by key; a reply to none is a problem of its line."""
    calls: dict[int, LlmCall] = {}
    asked = list({one.custom_id.call for one in replies if one.custom_id.job in jobs})
    for start in range(0, len(asked), _KEYS_AT_ONCE):
        calls |= LlmCall.objects.filter(job__in=jobs).in_bulk(asked[start : start + _KEYS_AT_ONCE])
    for one in replies:
        call = calls.get(one.custom_id.call)
        if job is not None and one.custom_id.job != job.pk:
            said = f"a reply to a question of job {one.custom_id.job}, and this is job {job.pk}"
            problems.add(one.line, said, str(one.custom_id))
        elif call is None or call.job_id != one.custom_id.job:
            problems.add(one.line, "no batch of this judge in this track has asked this", str(one.custom_id))
    return calls


def _read(job: LlmJob, answered: list[_Answered], problems: Problems) -> list[tuple[LlmCall, Answer]]:
    """The answers to those calls that have none yet; a reply to other words than its question has now is a problem."""
    labeller = RenderingLabeller(job.judge, job.track)
    without_answer = (CallStatus.WAITING, CallStatus.CANCELLED)
    replies = {one.call.pk: one.reply for one in answered if one.call.status in without_answer}
    found: list[tuple[LlmCall, Answer]] = []
    for calls in _some_at_a_time(list(replies)):
        for call, asked in zip(calls, labeller.ask(calls), strict=True):
            reply = replies.pop(call.pk)
            if custom_id(job.pk, call.pk, asked.messages_sha256) != reply.custom_id:
                problems.add(reply.line, _CHANGED, str(reply.custom_id))
            else:
                found.append((call, labeller.read(asked, _reply(reply, asked, job.judge))))
    for reply in replies.values():  # their texts are gone
        problems.add(reply.line, _CHANGED, str(reply.custom_id))
    return found


def _reply(line: BatchReply, asked: Asked, judge: JudgeConfiguration) -> Reply:
    if line.error:
        return Reply(error=line.error)
    dialect = batch_dialect(judge)
    try:
        # Without a server to name its tokens, vLLM holds to a choice, and renormalises.
        return read_reply(line.completion, asked.request, dialect == "vllm", dialect == "openai")
    except ValueError as error:
        return Reply(error=str(error))
