"""What a judge said in trials, taken over by its jobs instead of being paid for again."""

from django.db import transaction

from assessment.services.judgments import judge_judgment_record
from llm_worker.models import CallStatus, LlmCall, LlmJob

# All of a call but whose it is: its job, its pair and its place.
_OF_THE_REPLY = (
    "status", "worker", "attempts", "messages_sha256", "inputs", "orders_found", "passage_cut", "raw_reply",
    "reasoning", "finish_reason", "error", "grade", "distribution", "outside_mass", "expected", "entropy", "margin",
    "tokens_in", "tokens_out", "tokens_cached", "latency_ms", "finished_at",
)  # fmt: skip


def calls_adopt(*, job: LlmJob) -> int:
    """Take over what trials of the job's judge were told about its waiting pairs, as judgments. Returns how many.

    The copies keep their `finished_at`, which is before the job was made: that tells them from what it asked itself.
    """
    with transaction.atomic():
        found = _replies_of_trials(job)
        for call in job.calls.filter(status=CallStatus.WAITING, topic__in={topic for topic, _ in found}):
            if reply := found.get((call.topic_id, call.document_id)):
                _take_over(call, reply, job)
    return job.calls.filter(finished_at__lt=job.created_at).count()


def _replies_of_trials(job: LlmJob) -> dict[tuple[int, int], LlmCall]:
    """The first grade that a trial was given about each pair, by topic and document."""
    replies = LlmCall.objects.filter(
        judge=job.judge_id,
        trial=True,
        status=CallStatus.OK,
        job__track=job.track_id,
        finished_at__lt=job.created_at,
        grade__in=job.track.grades.values("value"),
    )
    return {(call.topic_id, call.document_id): call for call in replies.order_by("-finished_at")}


def _take_over(call: LlmCall, reply: LlmCall, job: LlmJob) -> None:
    for name in _OF_THE_REPLY:
        setattr(call, name, getattr(reply, name))
    call.save()
    distribution = reply.distribution
    judge_judgment_record(
        assessor=job.assessor,
        topic_id=call.topic_id,
        document_id=call.document_id,
        grade=reply.grade,
        confidence=None if distribution is None else distribution[str(reply.grade)],
        distribution=distribution,
    )
