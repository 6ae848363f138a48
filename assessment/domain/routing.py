"""Which pairs go to people and which are left to a judge, and what people's grades of a drawn part say of the rest.

A rule sends to people whatever the judge is unsure of or has no label for, with certainty, and each other pair with the
probability of an audit. These selection probabilities are what makes the estimates below fair to the whole pool.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from math import sqrt
from statistics import median_low
from typing import NamedTuple

from assessment.domain.anchoring import Interval, wilson_interval
from assessment.domain.confidence import confidence_of
from assessment.domain.pooling import lot

CONFIDENCE, MARGIN, ENTROPY = "confidence", "margin", "entropy"
SIGNALS = (CONFIDENCE, MARGIN, ENTROPY)
UNSURE, UNJUDGED, AUDIT, LEFT = "unsure", "unjudged", "audit", "left"
FEW = 30  # judged pairs of an audit, below which its estimates are called rough


class Label(NamedTuple):
    """What the judge says of a pair. Imported labels have no confidence, single-token ones a distribution too."""

    grade: int
    confidence: float | None
    distribution: Mapping[str, float] | None


class Rule(NamedTuple):
    """To people goes what has a confidence or margin below the threshold, or an entropy (bits) above it, and
    `audit_percent` % of the rest, drawn by the seed."""

    signal: str
    threshold: float
    audit_percent: float
    seed: int = 0


class Decision(NamedTuple):
    """Why a pair goes to people, or LEFT; and how probable it was that the rule takes it."""

    reason: str
    probability: float


def signal_of(label: Label, signal: str) -> float | None:
    """How sure the judge was; None where it did not say. ValueError for an unknown signal."""
    if signal not in SIGNALS:
        raise ValueError(f"{signal!r} is none of the signals {', '.join(SIGNALS)}")
    if signal == CONFIDENCE:
        return label.confidence
    told = confidence_of(label.distribution, label.grade)
    return told and (told.margin if signal == MARGIN else told.entropy)


def is_unsure(value: float | None, signal: str, threshold: float) -> bool:
    """A label without the signal counts as unsure: nothing vouches for it."""
    if value is None:
        return True
    return value > threshold if signal == ENTROPY else value < threshold


def decide(label: Label | None, rule: Rule, *, topic: str, docid: str) -> Decision:
    """What becomes of a pair. The draw depends on seed, topic id and docid alone: on no order, on no other pair."""
    if label is None:
        return Decision(UNJUDGED, 1.0)
    if is_unsure(signal_of(label, rule.signal), rule.signal, rule.threshold):
        return Decision(UNSURE, 1.0)
    probability = rule.audit_percent / 100
    drawn = lot(rule.seed, f"audit {topic}", docid) < probability * 2**63
    return Decision(AUDIT if drawn else LEFT, probability)


class Workload(NamedTuple):
    """What a threshold means: pairs that go to people with certainty, those an audit is expected to add, all."""

    threshold: float
    sure: int
    expected_audit: float
    pairs: int

    @property
    def expected(self) -> float:
        return self.sure + self.expected_audit

    @property
    def share(self) -> float:
        return self.expected / self.pairs if self.pairs else 0.0


def workloads(labels: Sequence[Label | None], rule: Rule, thresholds: Iterable[float]) -> list[Workload]:
    """How many pairs would go to people under the rule's other terms and each of these thresholds."""
    values = [None if label is None else signal_of(label, rule.signal) for label in labels]
    told = []
    for threshold in thresholds:
        sure = sum(is_unsure(value, rule.signal, threshold) for value in values)
        told.append(Workload(threshold, sure, (len(values) - sure) * rule.audit_percent / 100, len(values)))
    return told


class AuditedPair(NamedTuple):
    """A pair that the judge has graded and the rule sent to people; `people` are their grades, empty while unjudged."""

    reason: str
    probability: float
    judge: int
    people: tuple[int, ...]


class Estimate(NamedTuple):
    """How often the judge differs from people.

    Of the `drawn` audited pairs `n` are judged and `k` differ: `share` of what the judge was sure of, with Wilson's
    95 % interval. `total` pairs of all that the judge has graded are estimated to differ (Horvitz and Thompson), with
    its standard error; `total_share` of `graded`. What cannot be said is None.
    """

    drawn: int
    n: int
    k: int
    interval: Interval | None
    total: float | None
    standard_error: float | None
    graded: int

    @property
    def share(self) -> float | None:
        return self.k / self.n if self.n else None

    @property
    def total_share(self) -> float | None:
        return self.total / self.graded if self.total is not None and self.graded else None

    @property
    def is_rough(self) -> bool:
        return self.n < FEW


def estimate(pairs: Collection[AuditedPair], left: int, relevant_from: int | None = None) -> Estimate:
    """How often the judge's grade is another one than people's or, with `relevant_from`, falls on the other side of it.

    Several people's grades count as their lower median. `left` is how many pairs stayed with the judge.

    Every differing pair stands for 1/π of its kind, where π is its selection probability times the share of the chosen
    pairs of its reason that people have judged by now: those that are open are taken to be like those that are judged.
    Nobody can say so while a reason has no judged pair. Without a differing pair in the audit the standard error would
    be 0, which says nothing of what was left: then there is none, but Wilson's interval.

    Poisson sampling: Var = Σ (1 − π)/π² over the differing pairs (Horvitz and Thompson 1952; Särndal, Swensson and
    Wretman 1992, 3.2).
    """
    by_reason = {reason: [pair for pair in pairs if pair.reason == reason] for reason in (UNSURE, AUDIT)}
    total = variance = 0.0
    known = bool(by_reason[AUDIT]) or not left
    for chosen in by_reason.values():
        judged = [pair for pair in chosen if pair.people]
        known &= bool(judged) or not chosen
        for pair in judged:
            if _differs(pair, relevant_from):
                probability = pair.probability * len(judged) / len(chosen)
                total += 1 / probability
                variance += (1 - probability) / probability**2
    audited = [pair for pair in by_reason[AUDIT] if pair.people]
    k = sum(_differs(pair, relevant_from) for pair in audited)
    has_error = known and (k > 0 or not left)
    return Estimate(
        drawn=len(by_reason[AUDIT]),
        n=len(audited),
        k=k,
        interval=wilson_interval(k, len(audited)),
        total=total if known else None,
        standard_error=sqrt(variance) if has_error else None,
        graded=left + sum(map(len, by_reason.values())),
    )


def _differs(pair: AuditedPair, relevant_from: int | None) -> bool:
    people = median_low(pair.people)
    if relevant_from is None:
        return pair.judge != people
    return (pair.judge >= relevant_from) != (people >= relevant_from)
