"""How many calls of a job may be begun within its limits. See llm_worker/domain/limits.py for what is guaranteed."""

from django.db.models import Func, IntegerField, Value
from django.db.models.functions import Cast, Coalesce

from llm_worker.domain import prompts
from llm_worker.domain.limits import Size, how_many_fit, passage_bound, refusal
from llm_worker.models import CallStatus, JudgeConfiguration, LlmJob
from llm_worker.selectors.spending import Spending, limits_of, prices_of, spending
from llm_worker.services.running import job_halt


class _Bytes(Func):
    function = "OCTET_LENGTH"
    output_field = IntegerField()


def calls_allowed(job: LlmJob, size: int) -> list[int]:
    """Primary keys of the waiting calls to begin now, at most `size`, in order. The job's row must be locked.

    Where not even one call may be begun, and none is under way whose reply might change that, the job is halted.
    """
    waiting = job.calls.filter(status=CallStatus.WAITING).order_by("position")
    if not any((job.max_tokens, job.max_cost, job.max_seconds, job.max_failures)):
        return list(waiting.values_list("pk", flat=True)[:size])
    # Reservations before spending: a reply that is stored between the two is counted twice, never left out.
    at_work = _lengths(job, job.calls.filter(status=CallStatus.LEASED))
    found = list(_lengths(job, waiting)[:size])
    spent = spending(job)
    bound = _Bound(job, spent)
    under_way = [bound.size(length) for _, length in at_work]
    reserved = sum([*under_way, *[bound.unmeasured] * spent.uncounted], Size())
    if not bound.is_known and bound.matters:
        found = found[: 0 if under_way else 1]
    sizes = [bound.size(length) for _, length in found]
    limits, prices = limits_of(job), prices_of(job.judge)
    count = how_many_fit(limits, prices, spent.used, reserved, sizes)
    if not count and sizes and not under_way:
        job_halt(job=job, by=LlmJob.HaltedBy.LIMIT, reason=refusal(limits, prices, spent.used, reserved + sizes[0]))
    return [pk for pk, _ in found[:count]]


def _lengths(job: LlmJob, calls):
    """(primary key, bytes of the passage) of these calls; about nuggets: (primary key, most tokens of their texts)."""
    if job.bank_id is not None:
        return calls.values_list("pk", Cast("material__most_tokens", IntegerField()))
    title, text = (Coalesce(_Bytes(f"document__{name}"), Value(0)) for name in ("title", "text"))
    return calls.values_list("pk", title + text)


class _Bound:
    """The most that a call of the job may use, from what the job has seen."""

    def __init__(self, job: LlmJob, spent: Spending):
        self._judge, self._of_nuggets = job.judge, job.bank_id is not None
        self.is_known = spent.largest_in is not None
        self.matters = bool(job.max_tokens or job.max_cost) and job.judge.decoding != JudgeConfiguration.Decoding.NONE
        self.unmeasured = self._largest(spent) if self.matters else Size()

    def _largest(self, spent: Spending) -> Size:
        prompt = prompts.find(self._judge.prompt)
        templates = sum(len(content.encode()) for _, content in prompt.messages)
        base = passage_bound(templates, None, None) if spent.largest_in is None else spent.largest_in
        return Size(base, max(prompt.decodings[self._judge.decoding].max_tokens, spent.largest_out or 0))

    def size(self, length: int) -> Size:
        """Of a call whose passage has `length` bytes; of one about nuggets, `length` is in tokens."""
        if not self.matters:
            return Size()
        if self._of_nuggets:
            return self.unmeasured + Size(length)
        passage = passage_bound(length, self._judge.max_passage_words, self._judge.max_passage_tokens)
        return self.unmeasured + Size(passage)
