"""What follows from a reply about nuggets: the next window, the weighing of a list, a list in its bank, labels."""

from llm_worker.domain.limits import passage_bound
from llm_worker.models import CallStatus, LlmCall, LlmJob
from nuggets.domain.windows import Weighed, best
from nuggets.services.judge_labels import judge_labels_store
from nuggets.services.suggestions import Suggested, suggestions_store

_Part = LlmCall.Part


def nugget_reply_follow(*, call: LlmCall, job: LlmJob) -> None:
    """`call` has just been stored, and the row of its job is locked.

    A window that failed leaves those after it unasked, and its topic without a list: they are asked by a retry.
    """
    if call.status != CallStatus.OK:
        if call.part == _Part.WINDOW:
            _windows(call).filter(status=CallStatus.BLOCKED).update(status=CallStatus.SKIPPED)
    elif call.part == _Part.WINDOW:
        _after_window(call, job)
    elif call.part == _Part.IMPORTANCE:
        _finish_topic(call, job)
    else:
        labels = dict(zip(call.material["wordings"], call.result["labels"], strict=True))
        judge_labels_store(assessor=job.assessor, answer=call.answer_id, labels=labels)


def _windows(call: LlmCall):
    return LlmCall.objects.filter(job=call.job_id, topic=call.topic_id, part=_Part.WINDOW)


def _to_ask(job: LlmJob) -> str:
    return CallStatus.CANCELLED if job.wanted == LlmJob.Wanted.CANCEL else CallStatus.WAITING


def _after_window(call: LlmCall, job: LlmJob) -> None:
    """The next window with the list that this one left; after the last one the list is weighed."""
    following = _windows(call).filter(step=call.step + 1).first()
    nuggets = call.result["nuggets"]
    if following is not None:
        following.material["nuggets"] = nuggets
        following.status = _to_ask(job)
        following.save(update_fields=["material", "status"])
    elif nuggets:
        LlmCall.objects.bulk_create(_weighings(call, job, nuggets))
    else:
        _write(call, job, [])


def _weighings(call: LlmCall, job: LlmJob, nuggets: list[str]) -> list[LlmCall]:
    size = job.settings["batch"]
    batches = [nuggets[start : start + size] for start in range(0, len(nuggets), size)]
    return [
        LlmCall(
            job=job,
            judge_id=call.judge_id,
            topic_id=call.topic_id,
            part=_Part.IMPORTANCE,
            step=step,
            position=call.position + step,
            status=_to_ask(job),
            material={"nuggets": batch, "most_tokens": passage_bound(len("".join(batch).encode()), None, None)},
        )
        for step, batch in enumerate(batches, 1)
    ]


def _finish_topic(call: LlmCall, job: LlmJob) -> None:
    """Put the topic's list into the bank once all of it is weighed: the best ones, vital before okay."""
    batches = job.calls.filter(topic=call.topic_id, part=_Part.IMPORTANCE).order_by("step")
    told = list(batches.values_list("status", "material", "result"))
    if any(status != CallStatus.OK for status, _, _ in told):
        return
    weighed = [
        Weighed(text, label)
        for _, material, result in told
        for text, label in zip(material["nuggets"], result["labels"], strict=True)
    ]
    kept = [Suggested(*nugget) for nugget in best(weighed, job.settings["keep"])]
    _write(call, job, kept)


def _write(call: LlmCall, job: LlmJob, nuggets: list[Suggested]) -> None:
    """The list into the bank; the call keeps whether it got there, or somebody had made one meanwhile."""
    call.result["written"] = suggestions_store(bank=job.bank, topic=call.topic, nuggets=nuggets)
    call.save(update_fields=["result"])
