"""Calls on their way: leased by a worker, answered, or handed back."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Max
from django.utils import timezone

from assessment.services.judgments import Label, judge_judgment_record, judge_judgments_record
from llm_worker.domain.replies import State
from llm_worker.engines import Reply
from llm_worker.models import LIVE_STATUSES, OPEN_STATUSES, CallStatus, LlmCall, LlmJob
from llm_worker.services.budgets import calls_allowed
from llm_worker.services.nugget_replies import nugget_reply_follow
from llm_worker.services.running import clock_start, clock_stop, is_to_run, job_locked, pairs_locked


@dataclass(frozen=True)
class Answer:
    """What a judge said of one call. Where `state` is OK, `grade` is set of a pair, `result` of any other call (see
    LlmCall), else `why` may say more than the state. `reply` is kept as it came, failed or not.

    `expected`, `entropy` (bits) and `margin` are of `probabilities`. `messages_sha256`, `inputs`, `orders_found` and
    `passage_cut` tell what was asked (see LlmCall).
    """

    state: State
    grade: int | None = None
    probabilities: dict[int, float] | None = None
    outside_mass: float | None = None
    expected: float | None = None
    entropy: float | None = None
    margin: float | None = None
    reply: Reply = field(default_factory=Reply)
    messages_sha256: str = ""
    inputs: dict | None = None
    orders_found: tuple[str, ...] = ()
    passage_cut: bool = False
    result: dict | None = None
    why: str = ""

    @property
    def confidence(self) -> float | None:
        """The probability of the grade, where the judge gives a distribution."""
        return None if self.probabilities is None or self.grade is None else self.probabilities[self.grade]


def _lease_end():
    return timezone.now() + timedelta(seconds=settings.LEASE_SECONDS)


def calls_claim(*, job: LlmJob, size: int, worker: str) -> list[LlmCall]:
    """Lease the next waiting calls of the job, in its order, at most `size` and at most as many as its limits allow.

    The job's row is locked meanwhile: no other worker gets these calls, and each sees what the others may still use.
    """
    lease = uuid.uuid4()
    with transaction.atomic():
        locked = job_locked(job.pk)
        if locked is None or not is_to_run(locked):
            return []
        waiting = LlmCall.objects.filter(job=locked, status=CallStatus.WAITING)
        if not waiting.exists():
            _stop_clock_after_the_last(locked)
            return []
        clock_start(locked)
        waiting.filter(pk__in=calls_allowed(locked, size)).update(
            status=CallStatus.LEASED, lease=lease, leased_until=_lease_end(), worker=worker
        )
    return list(LlmCall.objects.filter(lease=lease).select_related("topic", "document", "answer").order_by("position"))


def _stop_clock_after_the_last(job: LlmJob) -> None:
    if not job.calls.filter(status=CallStatus.LEASED).exists():
        clock_stop(job, job.calls.aggregate(last=Max("finished_at"))["last"])


def lease_renew(lease: uuid.UUID) -> None:
    """The worker is alive and still at it."""
    LlmCall.objects.filter(lease=lease, status=CallStatus.LEASED).update(leased_until=_lease_end())


def calls_hand_back(*, job_id: int, **which) -> int:
    """Hand back the job's leased calls that fit the filter `which`: to be asked later, or cancelled with their job.

    Returns how many. The job's row is locked, so that a cancellation at the same moment does not leave any waiting.
    """
    with transaction.atomic():
        job = job_locked(job_id)
        if job is None:
            return 0
        status = CallStatus.CANCELLED if job.wanted == LlmJob.Wanted.CANCEL else CallStatus.WAITING
        leased = LlmCall.objects.filter(job=job, status=CallStatus.LEASED, **which)
        return leased.update(status=status, lease=None, leased_until=None)


def call_finish(*, call: LlmCall, assessor, answer: Answer) -> bool:
    """Store a reply, and what follows from it, in one transaction: the judgment where it has a grade; where it is about
    nuggets, see `nugget_replies`. False if the call was done already. A trial's reply makes no judgment.

    The reply counts even when the lease has run out meanwhile: it has been paid for, and the first one stored wins.
    """
    with transaction.atomic():
        of_nuggets = call.part != LlmCall.Part.PAIR
        # What follows depends on the job's other calls, so the replies of one job about nuggets wait for each other.
        job = job_locked(call.job_id) if of_nuggets else None
        current = LlmCall.objects.select_for_update().filter(pk=call.pk).first()
        if current is None or not _is_open(current):
            return False
        _fill(current, answer)
        current.save()
        if of_nuggets:
            nugget_reply_follow(call=current, job=job)
        elif answer.state is State.OK and not current.trial:
            judge_judgment_record(
                assessor=assessor,
                topic_id=call.topic_id,
                document_id=call.document_id,
                grade=answer.grade,
                confidence=answer.confidence,
                distribution=_keyed(answer.probabilities),
            )
    return True


# `_is_open`, `_fill` and `_told` for many calls of one job, in one statement.
_FINISH = """
    UPDATE llm_worker_llmcall call SET
        status = told.status, grade = told.grade, distribution = told.distribution, outside_mass = told.outside_mass,
        expected = told.expected, entropy = told.entropy, margin = told.margin,
        messages_sha256 = told.messages_sha256, passage_cut = told.passage_cut, inputs = told.inputs,
        orders_found = told.orders_found, raw_reply = told.raw_reply, reasoning = told.reasoning,
        finish_reason = told.finish_reason, error = told.error, tokens_in = told.tokens_in,
        tokens_out = told.tokens_out, tokens_cached = told.tokens_cached, latency_ms = told.latency_ms,
        attempts = call.attempts + 1, finished_at = %(now)s, lease = NULL, leased_until = NULL
    FROM jsonb_to_recordset(%(told)s::jsonb) AS told (
        id bigint, status text, grade smallint, distribution jsonb, outside_mass float8, expected float8,
        entropy float8, margin float8, messages_sha256 text, passage_cut boolean, inputs jsonb, orders_found text[],
        raw_reply text, reasoning text, finish_reason text, error text, tokens_in integer, tokens_out integer,
        tokens_cached integer, latency_ms integer)
    WHERE call.id = told.id AND call.job_id = %(job)s AND (
        call.status IN ('waiting', 'leased') OR call.status = 'cancelled' AND NOT EXISTS (
            SELECT FROM llm_worker_llmcall other WHERE other.judge_id = call.judge_id AND NOT other.trial
            AND other.topic_id = call.topic_id AND other.document_id = call.document_id
            AND other.status IN ('waiting', 'leased', 'ok')))
    RETURNING call.id
"""
_AT_ONCE = 1000


def calls_finish(*, job: LlmJob, answered: Sequence[tuple[LlmCall, Answer]]) -> set[int]:
    """`call_finish` for many calls of one job, which is no trial: all of them or, where something fails, none.

    Returns the primary keys of those that were stored; the others had been answered before. What is under way for the
    same job or judge in this track waits until this transaction ends.
    """
    stored: set[int] = set()
    with transaction.atomic():
        pairs_locked(job.assessor)
        job_locked(job.pk)
        for start in range(0, len(answered), _AT_ONCE):
            stored |= _finish(job, answered[start : start + _AT_ONCE])
        labels = [
            Label(call.topic_id, call.document_id, answer.grade, answer.confidence, _keyed(answer.probabilities))
            for call, answer in answered
            if call.pk in stored and answer.state is State.OK
        ]
        judge_judgments_record(assessor=job.assessor, labels=labels)
    return stored


def _finish(job: LlmJob, answered: Sequence[tuple[LlmCall, Answer]]) -> set[int]:
    told = json.dumps([{"id": call.pk, **_told(answer)} for call, answer in answered])
    with connection.cursor() as cursor:
        cursor.execute(_FINISH, {"told": told, "job": job.pk, "now": timezone.now()})
        return {pk for (pk,) in cursor.fetchall()}


def calls_fail_without_text(job: LlmJob) -> int:
    """Fail the waiting calls of a job by files whose documents have no text: no file can ask about them."""
    return job.calls.filter(status=CallStatus.WAITING, document__text=None).update(
        status=CallStatus.ERROR,
        error="The document's text is not loaded.",
        attempts=F("attempts") + 1,
        finished_at=timezone.now(),
    )


def _is_open(call: LlmCall) -> bool:
    """Whether a reply is still of use: also to a call cancelled meanwhile, unless another job has taken the pair."""
    if call.status == CallStatus.CANCELLED:
        if call.trial or call.part != LlmCall.Part.PAIR:
            return True
        same = LlmCall.objects.filter(judge=call.judge_id, topic=call.topic_id, document=call.document_id, trial=False)
        return not same.filter(status__in=LIVE_STATUSES).exists()
    return call.status in OPEN_STATUSES


def _keyed(probabilities: dict[int, float] | None) -> dict[str, float] | None:
    """JSON objects have text keys; keeping them so here spares every reader a surprise."""
    return None if probabilities is None else {str(grade): share for grade, share in probabilities.items()}


def _fill(call: LlmCall, answer: Answer) -> None:
    for name, value in _told(answer).items():
        setattr(call, name, value)
    call.attempts += 1
    call.finished_at, call.lease, call.leased_until = timezone.now(), None, None


def _told(answer: Answer) -> dict:
    """The fields of a call that its answer fills, by name."""
    reply = answer.reply
    return {
        "status": CallStatus(answer.state.value).value,
        "grade": answer.grade,
        "result": answer.result,
        "distribution": _keyed(answer.probabilities),
        "outside_mass": answer.outside_mass,
        "expected": answer.expected,
        "entropy": answer.entropy,
        "margin": answer.margin,
        "messages_sha256": answer.messages_sha256,
        "passage_cut": answer.passage_cut,
        "inputs": answer.inputs,
        "orders_found": list(answer.orders_found),
        "raw_reply": reply.text,
        "reasoning": reply.reasoning,
        "finish_reason": reply.finish_reason[:40],
        "error": reply.error or answer.why,
        "tokens_in": reply.tokens_in,
        "tokens_out": reply.tokens_out,
        "tokens_cached": reply.cached_tokens,
        "latency_ms": reply.latency_ms,
    }
