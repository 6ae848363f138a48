"""Calls on their way: leased by a worker, answered, or handed back."""

import uuid
from dataclasses import dataclass, field
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from assessment.services.judgments import judge_judgment_record
from llm_worker.domain.replies import State
from llm_worker.engines import Reply
from llm_worker.models import LIVE_STATUSES, OPEN_STATUSES, CallStatus, LlmCall, LlmJob
from llm_worker.services.budgets import calls_allowed
from llm_worker.services.running import clock_start, clock_stop, is_to_run, job_locked


@dataclass(frozen=True)
class Answer:
    """What a judge said of one pair. `grade` is set where `state` is OK; `reply` is kept as it came, failed or not.

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
    return list(LlmCall.objects.filter(lease=lease).select_related("topic", "document").order_by("position"))


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
    """Store a reply, and the judgment where it has a grade, in one transaction. False if the pair was done already.

    A trial's reply makes no judgment.

    The reply counts even when the lease has run out meanwhile: it has been paid for, and the first one stored wins.
    """
    with transaction.atomic():
        current = LlmCall.objects.select_for_update().filter(pk=call.pk).first()
        if current is None or not _is_open(current):
            return False
        _fill(current, answer)
        current.save()
        if answer.state is State.OK and not current.trial:
            judge_judgment_record(
                assessor=assessor,
                topic_id=call.topic_id,
                document_id=call.document_id,
                grade=answer.grade,
                confidence=answer.confidence,
                distribution=_keyed(answer.probabilities),
            )
    return True


def _is_open(call: LlmCall) -> bool:
    """Whether a reply is still of use: also to a call cancelled meanwhile, unless another job has taken the pair."""
    if call.status == CallStatus.CANCELLED:
        if call.trial:
            return True
        same = LlmCall.objects.filter(judge=call.judge_id, topic=call.topic_id, document=call.document_id, trial=False)
        return not same.filter(status__in=LIVE_STATUSES).exists()
    return call.status in OPEN_STATUSES


def _keyed(probabilities: dict[int, float] | None) -> dict[str, float] | None:
    """JSON objects have text keys; keeping them so here spares every reader a surprise."""
    return None if probabilities is None else {str(grade): share for grade, share in probabilities.items()}


def _fill(call: LlmCall, answer: Answer) -> None:
    reply = answer.reply
    call.status = CallStatus(answer.state.value)
    call.grade, call.distribution = answer.grade, _keyed(answer.probabilities)
    call.outside_mass = answer.outside_mass
    call.expected, call.entropy, call.margin = answer.expected, answer.entropy, answer.margin
    call.messages_sha256, call.passage_cut = answer.messages_sha256, answer.passage_cut
    call.inputs, call.orders_found = answer.inputs, list(answer.orders_found)
    call.raw_reply, call.reasoning = reply.text, reply.reasoning
    call.finish_reason, call.error = reply.finish_reason[:40], reply.error or ""
    call.tokens_in, call.tokens_out, call.tokens_cached = reply.tokens_in, reply.tokens_out, reply.cached_tokens
    call.latency_ms = reply.latency_ms
    call.attempts += 1
    call.finished_at, call.lease, call.leased_until = timezone.now(), None, None
