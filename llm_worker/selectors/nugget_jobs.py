"""What pages and commands show of jobs about nuggets, topic by topic. Nothing of it is stored: all is counted."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from assessment.models import Topic, Track
from llm_worker.models import FAILED_STATUSES, OPEN_STATUSES, CallStatus, JudgeConfiguration, LlmCall, LlmJob
from nuggets.models import Bank, NuggetAssignment

_Part = LlmCall.Part


def unfinished_over(judge: JudgeConfiguration, bank: Bank) -> LlmJob | None:
    """The judge's oldest job over this bank with calls left to ask, running or not. A cancelled one is finished."""
    jobs = LlmJob.objects.filter(bank=bank, judge=judge, calls__status__in=OPEN_STATUSES)
    jobs = jobs.exclude(wanted=LlmJob.Wanted.CANCEL).order_by("pk")
    return jobs.select_related("judge", "track", "bank").first()


def still_missing(job: LlmJob, statuses: Iterable[str]) -> list[LlmCall]:
    """The job's calls in these statuses whose list is not in the bank, or whose labels are not there. Two queries."""
    calls = job.calls.filter(status__in=[*statuses]).order_by("position")
    if job.makes_nuggets:
        return list(calls.exclude(topic__topic_banks__bank=job.bank_id))
    found = list(calls)
    answers = {call.answer_id for call in found}
    given = NuggetAssignment.objects.filter(assessor=job.assessor_id, answer__in=answers)
    said = set(given.values_list("answer", "wording"))
    return [call for call in found if any((call.answer_id, key) not in said for key in call.material["wordings"])]


def failed_still(job: LlmJob) -> int:
    """How many failed calls a retry would ask again: none while another job is at it."""
    missing = still_missing(job, FAILED_STATUSES)
    other = unfinished_over(job.judge, job.bank) if missing else None
    return 0 if other is not None and other.pk != job.pk else len(missing)


@dataclass
class TopicLine:
    """How a job stands with one topic. `steps` are its windows in their order, of a job that makes lists."""

    topic: Topic
    calls: int = 0
    done: int = 0
    failed: int = 0
    left: int = 0
    skipped: int = 0
    weighed: int = 0
    weighings: int = 0
    written: bool | None = None
    steps: list[LlmCall] = field(default_factory=list)

    @property
    def list_so_far(self) -> list[str]:
        """The list that the last answered window left."""
        answered = [call for call in self.steps if call.result]
        return answered[-1].result["nuggets"] if answered else []

    @property
    def in_words(self) -> str:
        """What became of it."""
        broken = next((call for call in self.steps if call.status in FAILED_STATUSES), None)
        if broken is not None:
            return f"not written: window {broken.step} of {len(self.steps)} failed"
        if self.failed:
            return "not written: its importance is not known" if self.steps else f"{self.failed} failed"
        if self.written is False:
            return "not written: somebody had made a list meanwhile"
        if self.written:
            return "in the bank"
        return "under way" if self.left else "done" if self.done == self.calls else "stopped"


def topic_lines(job: LlmJob) -> list[TopicLine]:
    """Every topic of a job about nuggets, in the track's order. One query."""
    lines: dict[int, TopicLine] = {}
    fields = ("topic", "part", "step", "status", "result", "error", "job", "position")
    for call in job.calls.select_related("topic").only(*fields, *_OF_TOPIC).order_by("topic__position", "position"):
        line = lines.setdefault(call.topic_id, TopicLine(call.topic))
        _count(line, call)
    return list(lines.values())


_OF_TOPIC = ("topic__qid", "topic__query", "topic__position", "topic__track")


def _count(line: TopicLine, call: LlmCall) -> None:
    line.calls += 1
    line.done += call.status == CallStatus.OK
    line.failed += call.status in FAILED_STATUSES
    line.skipped += call.status == CallStatus.SKIPPED
    line.left += call.status in (*OPEN_STATUSES, CallStatus.BLOCKED)
    if call.part == _Part.WINDOW:
        line.steps.append(call)
    if call.part == _Part.IMPORTANCE:
        line.weighings += 1
        line.weighed += call.status == CallStatus.OK
    if call.result and "written" in call.result:
        line.written = call.result["written"]


def labels_given(calls) -> dict[str, int]:
    """How often each label was given in these calls, the most frequent first."""
    counted: Counter[str] = Counter()
    answered = calls.filter(status=CallStatus.OK, part__in=[_Part.IMPORTANCE, _Part.ASSIGNMENT])
    for labels in answered.values_list("result__labels", flat=True).iterator(chunk_size=2000):
        counted.update(labels)
    return dict(counted.most_common())


def jobs_over_banks(track: Track) -> Sequence[LlmJob]:
    """The track's jobs about nuggets, newest first."""
    return LlmJob.objects.filter(track=track, bank__isnull=False).select_related("judge", "track", "bank")
