"""What a judge would be asked about a pool, and what it was asked before."""

from collections.abc import Sequence

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, TextField, Value
from django.db.models.functions import MD5, Concat

from assessment.models import Judgment, Pool, PoolItem
from llm_worker.domain.estimates import Finished, Rate, measured_rate
from llm_worker.models import LIVE_STATUSES, OPEN_STATUSES, CallStatus, JudgeConfiguration, LlmCall, LlmJob

# The newest calls of a judge, so many, tell how large and how fast its calls are.
HISTORY = 1000


def pairs_to_ask(pool: Pool, judge: JudgeConfiguration) -> QuerySet[PoolItem]:
    """The pool's items that a job of the judge would take up; `tried` where a trial's reply would be taken over."""
    ok_trial = LlmCall.objects.filter(**_same_pair(judge), trial=True, status=CallStatus.OK, job__track=pool.track_id)
    items = PoolItem.objects.filter(~Exists(_judged(pool, judge)), ~Exists(_live(judge, LIVE_STATUSES)), pool=pool)
    return items.annotate(tried=Exists(ok_trial))


def judge_standing(pool: Pool, judge: JudgeConfiguration) -> dict[str, int]:
    """How many pairs the pool has in `total`, how many the judge has `judged`, how many are `under_way`."""
    items = PoolItem.objects.filter(pool=pool).annotate(
        has_judgment=Exists(_judged(pool, judge)), is_asked=Exists(_live(judge, OPEN_STATUSES))
    )
    return items.aggregate(
        total=Count("pk"),
        judged=Count("pk", filter=Q(has_judgment=True)),
        under_way=Count("pk", filter=Q(is_asked=True, has_judgment=False)),
    )


def _same_pair(judge: JudgeConfiguration) -> dict:
    return {"judge": judge, "topic": OuterRef("topic"), "document": OuterRef("document")}


def _judged(pool: Pool, judge: JudgeConfiguration) -> QuerySet[Judgment]:
    pair = {"topic": OuterRef("topic"), "document": OuterRef("document")}
    return Judgment.objects.filter(**pair, assessor__track=pool.track_id, assessor__name=judge.name, vigilance=False)


def _live(judge: JudgeConfiguration, statuses: Sequence[str]) -> QuerySet[LlmCall]:
    return LlmCall.objects.filter(**_same_pair(judge), trial=False, status__in=statuses)


def seeded(items: QuerySet[PoolItem], seed: int) -> QuerySet[PoolItem]:
    """The items in an order drawn from the seed: the same one whenever, and for whichever judge, it is drawn."""
    words = ("topic__qid", Value(" "), "document__docid", Value(f" {seed}"))
    lot = MD5(Concat(*words, output_field=TextField()))
    return items.select_related("topic", "document").order_by(lot, "pk")


def asked_here(judge: JudgeConfiguration) -> QuerySet[LlmCall]:
    """The judge's answered calls, newest first, without those whose reply a job took over from a trial."""
    return LlmCall.objects.filter(judge=judge, finished_at__gte=F("job__created_at")).order_by("-finished_at")


def judge_rate(judge: JudgeConfiguration) -> Rate | None:
    """How fast workers were answered by the judge of late, in any track; None where that is not known."""
    calls = asked_here(judge).exclude(job__mode=LlmJob.Mode.BATCH)
    calls = calls.exclude(status=CallStatus.ERROR, latency_ms=0)  # a text that is not loaded asks nobody
    rows = calls.values_list("finished_at", "latency_ms", "job_id", "worker")[:HISTORY]
    return measured_rate([Finished(at, latency or 0, job, worker) for at, latency, job, worker in rows])
