"""Which calls a job about nuggets has: planned from the passages or the answers, asked again, taken back."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from django.db.models.functions import Length

from assessment.models import Assessor, Document, Topic
from llm_worker.domain.limits import TOKENS_A_WORD, passage_bound
from llm_worker.models import FAILED_STATUSES, CallStatus, JudgeConfiguration, LlmCall, LlmJob
from llm_worker.selectors.nugget_jobs import still_missing
from nuggets.domain.windows import windows
from nuggets.models import Answer, Bank, NuggetAssignment
from nuggets.selectors.banks import ScoredList, scored_lists

BATCH = 10  # nuggets a call, as AutoNuggetizer asks
# Room between two topics' calls in a job's order, for those that are made when the one before is answered.
_ROOM = 10_000
_Part = LlmCall.Part
# All of an answered call that a job takes over from the one that it asks again.
_OF_THE_REPLY = (
    "attempts", "messages_sha256", "inputs", "orders_found", "passage_cut", "raw_reply", "reasoning", "finish_reason",
    "tokens_in", "tokens_out", "tokens_cached", "latency_ms", "finished_at", "result", "worker",
)  # fmt: skip


def window_calls(
    judge: JudgeConfiguration, topics: Iterable[Topic], passages: Mapping[int, Sequence[int]], settings: Mapping
) -> list[LlmCall]:
    """Unsaved calls: the windows over each topic's passages (keys of documents, by topic's key). Only the first window
    of a topic waits for a worker; each other one for the window before it. A topic without passages has none."""
    size = _sizes(key for keys in passages.values() for key in keys)
    list_bound = settings["most_nuggets"] * settings["most_words"] * TOKENS_A_WORD
    calls = []
    for place, topic in enumerate(topics):
        for step, keys in enumerate(windows(passages.get(topic.pk, ()), settings["window"]), 1):
            bound = sum(passage_bound(size[key], judge.max_passage_words, judge.max_passage_tokens) for key in keys)
            calls.append(
                LlmCall(
                    judge=judge,
                    topic=topic,
                    part=_Part.WINDOW,
                    step=step,
                    position=place * _ROOM + step,
                    status=CallStatus.WAITING if step == 1 else CallStatus.BLOCKED,
                    material={"documents": keys, "nuggets": [], "most_tokens": bound + list_bound},
                )
            )
    return calls


def _sizes(keys: Iterable[int]) -> dict[int, int]:
    """The most bytes of each document's title and text."""
    lengths = Document.objects.filter(pk__in=set(keys)).annotate(a=Length("title"), b=Length("text"))
    return {key: 4 * ((a or 0) + (b or 0)) for key, a, b in lengths.values_list("pk", "a", "b")}


class Assignments(NamedTuple):
    """What is left to say of a bank's nuggets: calls, unsaved, and the (answer, wording) that need none."""

    calls: list[LlmCall]
    empty: list[tuple[int, int]]

    @property
    def empty_answers(self) -> int:
        return len({answer for answer, _ in self.empty})


def assignment_calls(
    judge: JudgeConfiguration, assessor: Assessor | None, bank: Bank, topics: Sequence[Topic]
) -> Assignments:
    """Every answer and nugget that counts of these topics, without those of which `assessor` has said something.

    A list of another wording asks for that wording alone. Batch by batch, all answers one after the other: their
    prompts begin alike.
    """
    lists = scored_lists(bank, topics)
    answers = Answer.objects.filter(run__track=bank.track_id, topic__in=lists).order_by("run__tag")
    by_topic: dict[int, list[Answer]] = {}
    for answer in answers.only("pk", "topic_id", "text"):
        by_topic.setdefault(answer.topic_id, []).append(answer)
    said = _said(assessor, lists)
    calls, empty = [], []
    for topic in topics:
        if topic.pk not in lists:
            continue
        for answer in by_topic.get(topic.pk, ()):
            left = [one for one in lists[topic.pk].nuggets if (answer.pk, one.wording) not in said]
            if answer.text.strip():
                calls += _batches(judge, topic, answer, left)
            else:
                empty += [(answer.pk, one.wording) for one in left]
    calls.sort(key=lambda call: (call.topic.position, call.step))
    for position, call in enumerate(calls, 1):
        call.position = position
    return Assignments(calls, empty)


def _said(assessor: Assessor | None, lists: Mapping[int, ScoredList]) -> set[tuple[int, int]]:
    wordings = [nugget.wording for found in lists.values() for nugget in found.nuggets]
    given = NuggetAssignment.objects.filter(assessor=assessor, wording__in=wordings) if assessor else None
    return set(given.values_list("answer", "wording")) if given is not None else set()


def _batches(judge: JudgeConfiguration, topic: Topic, answer: Answer, left: Sequence) -> list[LlmCall]:
    text = passage_bound(len(answer.text.encode()), judge.max_passage_words, judge.max_passage_tokens)
    return [
        LlmCall(
            judge=judge,
            topic=topic,
            answer=answer,
            part=_Part.ASSIGNMENT,
            step=step,
            material={
                "wordings": [one.wording for one in batch],
                "most_tokens": text + sum(passage_bound(len(one.text.encode()), None, None) for one in batch),
            },
        )
        for step, batch in enumerate(windows(left, BATCH), 1)
    ]


def calls_ask_again(*, job: LlmJob, new: LlmJob) -> int:
    """Into the saved job `new`: what failed in `job` and is still missing. Returns how many calls wait there.

    Of a topic whose list stopped at a window, that window and those after it; what was answered before them is taken
    over, and tells by its `finished_at` that this job did not pay for it.
    """
    again = _lists_again(job) if job.makes_nuggets else still_missing(job, FAILED_STATUSES)
    for call in again:
        call.pk, call.job, call._state.adding = None, new, True
        call.lease = call.leased_until = None
        if call.status != CallStatus.OK:
            _forget_reply(call)
    LlmCall.objects.bulk_create(again, batch_size=1000)
    return sum(call.status == CallStatus.WAITING for call in again)


def _forget_reply(call: LlmCall) -> None:
    blank = LlmCall()
    for name in (*_OF_THE_REPLY, "error"):
        setattr(call, name, getattr(blank, name))
    call.status = CallStatus.BLOCKED if call.status in (CallStatus.SKIPPED, CallStatus.BLOCKED) else CallStatus.WAITING


def _lists_again(job: LlmJob) -> list[LlmCall]:
    """All calls of the topics whose list is missing because something failed."""
    topics = {call.topic_id for call in still_missing(job, FAILED_STATUSES)}
    return list(job.calls.filter(topic__in=topics).order_by("position"))


def calls_take_back(job: LlmJob) -> None:
    """Let the cancelled calls of the job wait again, but for those whose list or labels are there meanwhile."""
    keys = [call.pk for call in still_missing(job, [CallStatus.CANCELLED])]
    LlmCall.objects.filter(pk__in=keys).update(status=CallStatus.WAITING)
