"""What a judge's calls in a track came to: one line a configuration, failures beside successes, passages with orders.

Calls of trials are left out: they make no judgments, and a later job takes over what they answered.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from django.db.models import BigIntegerField, Count, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet, Sum

from assessment.domain.agreement import AgreementFigures
from assessment.models import Assessor, Track
from llm_worker.models import FAILED_STATUSES, OPEN_STATUSES, CallStatus, JudgeConfiguration, LlmCall
from llm_worker.selectors.calibration import Calibration, agreement

TO_READ = 3
REASONS = 5
FLAGGED_TO_READ = 10
_WITHOUT_REPLY = (*OPEN_STATUSES, CallStatus.CANCELLED)
# One number for each (topic, document) pair.
_PAIR = ExpressionWrapper(F("topic_id") * 2**32 + F("document_id"), output_field=BigIntegerField())


class JudgeLine(NamedTuple):
    """An LLM assessor of a track and how far it agrees with the chosen one: `configuration` is None for an ensemble
    (`made_of` says of whom) and for imported labels. `failed` counts pairs that failed and were not judged since;
    `tokens` are read and written per answered call, None where none were counted."""

    assessor: Assessor
    configuration: JudgeConfiguration | None
    made_of: str
    labels: int
    figures: AgreementFigures | None
    calls: int
    failed: int
    tokens: float | None
    current: bool


class Outcome(NamedTuple):
    """A state that calls ended in: how many, the most frequent reasons (an error's text) and a few calls to read."""

    status: CallStatus
    n: int
    reasons: list[tuple[str, int]]
    calls: list[LlmCall]

    @property
    def failed(self) -> bool:
        return self.status in FAILED_STATUSES


class Side(NamedTuple):
    """Pairs that both graded: `n`, share with the same grade, mean of the judge's less the other's; None without."""

    n: int
    exact: float | None
    bias: float | None


class OrdersFound(NamedTuple):
    """Passages that tried to give the judge orders: how many pairs, by which kind, how the grades compare on those
    that the chosen assessor graded too (None: nobody chosen) and on all others, and the latest to read."""

    n: int
    kinds: list[tuple[str, int]]
    with_orders: Side | None
    without: Side | None
    calls: list[LlmCall]


def judge_lines(track: Track, found: Calibration) -> list[JudgeLine]:
    """Every LLM assessor of the track but those for nuggets, against the assessor chosen in `found`. Four queries."""
    judges = track.assessors.filter(kind=Assessor.Kind.LLM).prefetch_related("judges", "ensemble__members")
    judges = list(judges.exclude(judges__task__startswith="nugget").select_related("ensemble"))
    counts = _call_counts(track)
    lines = []
    for one in judges:
        configuration = next(iter(one.judges.all()), None)
        counted = counts.get(configuration.pk if configuration else None, {})
        tokens = (counted.get("tokens_in") or 0) + (counted.get("tokens_out") or 0)
        lines.append(
            JudgeLine(
                assessor=one,
                configuration=configuration,
                made_of=_made_of(one),
                labels=int((found.given.assessors == one.pk).sum()),
                figures=agreement(found.given, found.against.a, one, found.values).figures if found.against else None,
                calls=counted.get("calls", 0),
                failed=counted.get("failed", 0),
                tokens=tokens / counted["counted"] if tokens else None,
                current=one.pk == found.judge.pk,
            )
        )
    return lines


def outcomes(judge: JudgeConfiguration | None, track: Track) -> list[Outcome]:
    """The states that the judge's calls in the track ended in, successes first, failures by their number. At most two
    queries."""
    if judge is None:
        return []
    ended = _calls(judge, track).exclude(status__in=_WITHOUT_REPLY)
    counted = list(ended.values_list("status", "error").annotate(n=Count("pk")).order_by("-n", "error"))
    totals = Counter()
    for status, _, n in counted:
        totals[status] += n
    to_read = _to_read(ended, totals)
    order = sorted(totals, key=lambda status: (status != CallStatus.OK, -totals[status], status))
    return [
        Outcome(
            CallStatus(status),
            totals[status],
            [(error, n) for one, error, n in counted if one == status and error][:REASONS],
            to_read.get(status, []),
        )
        for status in order
    ]


def orders_found(judge: JudgeConfiguration | None, track: Track, found: Calibration) -> OrdersFound:
    """What the judge made of passages that tried to give it orders. At most two queries."""
    flagged = _calls(judge, track).filter(orders_found__len__gt=0, status=CallStatus.OK) if judge else []
    rows = list(flagged.values_list("pk", "topic_id", "document_id", "orders_found").order_by("-pk")) if judge else []
    pairs = np.array([(topic << 32) | document for _, topic, document, _ in rows], dtype=np.int64)
    kinds = Counter(kind for *_, orders in rows for kind in set(orders))
    calls = []
    if rows:
        calls = flagged.filter(pk__in=[pk for pk, *_ in rows[:FLAGGED_TO_READ]])
        calls = list(calls.select_related("topic", "document").order_by("-pk"))
    sides = None, None
    if found.pairs is not None:
        among = np.isin(found.pairs.pairs, pairs)
        sides = _side(found, among), _side(found, ~among)
    return OrdersFound(len(rows), kinds.most_common(), *sides, calls)


def replies_about(judge: JudgeConfiguration | None, pairs: Iterable[tuple[int, int]]) -> dict[tuple[int, int], LlmCall]:
    """The calls whose replies became the judge's labels of these (topic, document) pairs. One query."""
    pairs = list(pairs)
    if judge is None or not pairs:
        return {}
    topics, documents = zip(*pairs, strict=True)
    calls = judge.calls.filter(trial=False, status=CallStatus.OK, topic__in=set(topics), document__in=set(documents))
    return {(call.topic_id, call.document_id): call for call in calls}


def _calls(judge: JudgeConfiguration, track: Track) -> QuerySet[LlmCall]:
    return LlmCall.objects.filter(judge=judge, job__track=track, trial=False)


def _call_counts(track: Track) -> dict[int, dict]:
    """By judge: its ended calls, the pairs it failed on for good, and its tokens."""
    calls = LlmCall.objects.filter(job__track=track, trial=False).exclude(status__in=_WITHOUT_REPLY)
    ok = LlmCall.objects.filter(
        judge=OuterRef("judge"), topic=OuterRef("topic"), document=OuterRef("document"), status=CallStatus.OK
    )
    failed = calls.filter(~Exists(ok), status__in=FAILED_STATUSES).values("judge")
    failed = failed.annotate(n=Count(_PAIR, distinct=True)).order_by()
    counted = calls.values("judge").annotate(
        calls=Count("pk"),
        counted=Count("pk", filter=Q(tokens_in__isnull=False) | Q(tokens_out__isnull=False)),
        tokens_in=Sum("tokens_in"),
        tokens_out=Sum("tokens_out"),
    )
    found = {row["judge"]: row | {"failed": 0} for row in counted.order_by()}
    for row in failed:
        found[row["judge"]]["failed"] = row["n"]
    return found


def _to_read(ended: QuerySet[LlmCall], statuses: Iterable[str]) -> dict[str, list[LlmCall]]:
    """The latest few calls of each state, in one query."""
    latest = [ended.filter(status=status).order_by("-pk").values("pk")[:TO_READ] for status in statuses]
    if not latest:
        return {}
    wanted = Q()
    for few in latest:
        wanted |= Q(pk__in=few)
    calls: dict[str, list[LlmCall]] = {}
    for call in LlmCall.objects.filter(wanted).select_related("topic", "document").order_by("-pk"):
        calls.setdefault(call.status, []).append(call)
    return calls


def _made_of(assessor: Assessor) -> str:
    if hasattr(assessor, "ensemble"):
        members = ", ".join(sorted(one.name for one in assessor.ensemble.members.all()))
        return f"{assessor.ensemble.get_rule_display()} of {members}"
    return ""


def _side(found: Calibration, kept: Sequence[bool]) -> Side:
    away = found.pairs.judged[kept] - found.pairs.given[kept]
    if not len(away):
        return Side(0, None, None)
    return Side(len(away), float((away == 0).mean()), float(away.mean()))
