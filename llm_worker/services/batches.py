"""Jobs that are asked elsewhere: their questions leave as a batch file, and the replies come back as another."""

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from django.db import transaction

from assessment.domain.errors import DomainError
from assessment.domain.text_files import Problems, Progress, Source
from assessment.models import Pool, Track, User
from llm_worker.domain.batch_files import BatchReply, batch_line, custom_id, read_batch
from llm_worker.domain.replies import State
from llm_worker.engines import EngineUnavailable, Reply
from llm_worker.engines.openai_wire import read_reply, request_body
from llm_worker.job_kinds.relevance import Asked, PromptedLabeller
from llm_worker.models import CallStatus, JudgeConfiguration, LlmCall, LlmJob
from llm_worker.services.calls import Answer, call_finish
from llm_worker.services.examples import examples_draw
from llm_worker.services.jobs import job_create

_AT_ONCE = 500
# What the server behind an engine would be spoken to in.
_DIALECTS = {"vllm": "vllm", "llama_cpp": "llama.cpp", "scripted": "vllm"}


class BatchResult(NamedTuple):
    """What a file of replies brought: grades, failures, and replies to calls that had been answered before."""

    judged: int
    failed: int
    repeated: int
    still_waiting: int


def batch_create(*, pool: Pool, judge: JudgeConfiguration, limit: int | None = None, by: User | None = None) -> LlmJob:
    """A job over the pool whose calls wait for a file of replies. Raises DomainError as `job_create` does."""
    _check(judge)
    with transaction.atomic():
        job = job_create(pool=pool, judge=judge, limit=limit, mode=LlmJob.Mode.BATCH, by=by)
        if judge.examples_per_grade:
            examples_draw(judge=judge, track=pool.track)
    return job


def batch_lines(*, job: LlmJob) -> Iterator[str]:
    """The questions of the job that wait for a reply, one line each; those without a text fail at once.

    Asked again, it gives the same lines for what still waits. Raises DomainError for a job of another mode.
    """
    _check_job(job)
    labeller = PromptedLabeller(job.judge, job.track)
    dialect, field = _dialect(job.judge), job.judge.options.get("max_tokens_field", "max_tokens")
    waiting = job.calls.filter(status=CallStatus.WAITING).order_by("position").values_list("pk", flat=True)
    for calls in _by_the_hundred(list(waiting)):
        with_text = [call for call in calls if call.document.text is not None]
        for call in calls:
            if call.document.text is None:
                answer = Answer(State.ERROR, reply=Reply(error="The document's text is not loaded."))
                call_finish(call=call, assessor=job.assessor, answer=answer)
        for call, asked in zip(with_text, _asked(labeller, with_text), strict=True):
            body = request_body(asked.request, job.judge.model, dialect, None, field)
            which = custom_id(job.pk, call.pk, asked.messages_sha256)
            yield json.dumps(batch_line(which, body), ensure_ascii=False) + "\n"


def batch_import(
    *,
    track: Track,
    source: Source,
    name: str,
    judge: JudgeConfiguration | None = None,
    progress: Progress | None = None,
) -> BatchResult:
    """Store the replies of a batch file, each by the rules of any other reply. What has been answered stays.

    Raises FileError, and stores nothing, where a line can't be read or answers no question that this track's batches
    (of `judge`, where one is given) have asked in these words.
    """
    problems = Problems(name)
    replies = list(read_batch(source, problems, progress=progress))
    if not replies and not problems:
        problems.add(0, "no reply in it")
    jobs = _jobs(track, judge, replies)
    known = _known(jobs, replies, problems)
    problems.raise_if_any()
    answered = [_Answered(known[reply.custom_id.call], reply) for reply in replies]
    # Every reply is read before the first one is stored.
    read = [(jobs[job], _read(jobs[job], lines, problems)) for job, lines in _grouped(answered).items()]
    problems.raise_if_any()
    stored = [
        answer.state
        for job, answers in read
        for call, answer in answers
        if call_finish(call=call, assessor=job.assessor, answer=answer)
    ]
    judged = stored.count(State.OK)
    waiting = LlmCall.objects.filter(job__in=jobs, status=CallStatus.WAITING).count()
    return BatchResult(judged, len(stored) - judged, len(answered) - len(stored), waiting)


class _Answered(NamedTuple):
    call: LlmCall
    reply: BatchReply


def _grouped(answered: list[_Answered]) -> dict[int, list[_Answered]]:
    groups: dict[int, list[_Answered]] = {}
    for one in answered:
        groups.setdefault(one.call.job_id, []).append(one)
    return groups


def _check(judge: JudgeConfiguration) -> None:
    if judge.decoding == JudgeConfiguration.Decoding.NONE:
        raise DomainError(f"{judge.name} asks no model, so there is nothing to send away: start it as a job.")


def _check_job(job: LlmJob) -> None:
    if job.mode != LlmJob.Mode.BATCH:
        raise DomainError(f"Job {job.pk} is asked by the workers, not by files.")


def _dialect(judge: JudgeConfiguration) -> str:
    return judge.options.get("dialect", "openai") if judge.engine == "openai" else _DIALECTS[judge.engine]


def _by_the_hundred(pks: Sequence[int]) -> Iterator[list[LlmCall]]:
    """The calls of these keys, in their order, some hundreds at a time, with topic and document."""
    remaining = iter(pks)
    while some := list(islice(remaining, _AT_ONCE)):
        found = LlmCall.objects.select_related("topic", "document").in_bulk(some)
        yield [found[pk] for pk in some if pk in found]


def _asked(labeller: PromptedLabeller, calls: Sequence[LlmCall]) -> list[Asked]:
    try:
        return labeller.ask(calls)
    except EngineUnavailable as error:
        raise DomainError(
            f"The judge cuts passages by its model's tokens, and the model can't be asked: {error}"
        ) from error


def _jobs(track: Track, judge: JudgeConfiguration | None, replies: list[BatchReply]) -> dict[int, LlmJob]:
    jobs = LlmJob.objects.filter(track=track, mode=LlmJob.Mode.BATCH, pk__in={one.custom_id.job for one in replies})
    jobs = jobs.filter(judge=judge) if judge else jobs
    return {job.pk: job for job in jobs.select_related("judge", "track", "assessor")}


def _known(jobs: dict[int, LlmJob], replies: list[BatchReply], problems: Problems) -> dict[int, LlmCall]:
    """The calls that the replies are about, by key; a reply to none is a problem of its line."""
    calls = LlmCall.objects.filter(job__in=jobs).in_bulk({one.custom_id.call for one in replies})
    for one in replies:
        call = calls.get(one.custom_id.call)
        if call is None or call.job_id != one.custom_id.job:
            problems.add(one.line, "no batch of this judge in this track has asked this", str(one.custom_id))
    return calls


def _read(job: LlmJob, answered: list[_Answered], problems: Problems) -> list[tuple[LlmCall, Answer]]:
    """The answers to those calls that have none yet; a reply to other words than its question has now is a problem."""
    labeller = PromptedLabeller(job.judge, job.track)
    without_answer = (CallStatus.WAITING, CallStatus.CANCELLED)
    replies = {one.call.pk: one.reply for one in answered if one.call.status in without_answer}
    found: list[tuple[LlmCall, Answer]] = []
    for calls in _by_the_hundred(list(replies)):
        for call, asked in zip(calls, _asked(labeller, calls), strict=True):
            reply = replies[call.pk]
            if custom_id(job.pk, call.pk, asked.messages_sha256) != reply.custom_id:
                problems.add(
                    reply.line, "the passage or the topic has changed since this was asked", str(reply.custom_id)
                )
            else:
                found.append((call, labeller.read(asked, _reply(reply, asked, job.judge))))
    return found


def _reply(line: BatchReply, asked: Asked, judge: JudgeConfiguration) -> Reply:
    if line.error:
        return Reply(error=line.error)
    dialect = _dialect(judge)
    try:
        # Without a server to name its tokens, vLLM holds to a choice, and renormalises.
        return read_reply(line.completion, asked.request, dialect == "vllm", dialect == "openai")
    except ValueError as error:
        return Reply(error=str(error))
