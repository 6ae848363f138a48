"""Plans: which assessor judges which topic under which condition, drawn by a seed and balanced by work.

Topics come in an order that a hash of the seed draws. Each goes to the condition that is furthest behind its weight,
counted in pairs of the pool, and then to an assessor who is behind, counted in passages to read; at last, duties of one
condition change hands where that evens the loads out. The result depends on the seed, the names and the sizes only:
never on the machine, nor on the order in which anything was given.
"""

import bisect
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from assessment.domain.errors import DomainError

MANUAL, FILTERED, POST_EDIT, AUTOMATIC = "manual", "filtered", "post_edit", "automatic"
CONDITIONS = (MANUAL, FILTERED, POST_EDIT, AUTOMATIC)
NEVER = "never"
TOPICS, PAIRS = "topics", "pairs"


class PlanTopic(NamedTuple):
    """A topic of the pool: how many pairs it has, and how many of them a filtered duty would show.

    `planted` passages come on top where suggestions are shown. The numbers of the sample are those of somebody who
    judges only that share of the pairs which an overlap by pairs takes.
    """

    topic: str
    pairs: int
    filtered_pairs: int
    planted: int = 0
    sampled_pairs: int = 0
    sampled_filtered_pairs: int = 0
    sampled_planted: int = 0

    def work(self, condition: str, *, sampled: bool = False) -> int:
        """How many passages somebody reads who judges this topic, or its sample, under this condition."""
        if condition == AUTOMATIC:
            return 0
        whole, filtered, planted = self[4:] if sampled else self[1:4]
        if condition == MANUAL:
            return whole
        return filtered + (planted if condition == POST_EDIT else 0)

    @property
    def largest(self) -> int:
        """The most that anybody can have to read of it."""
        return max(self.pairs, self.filtered_pairs + self.planted)


class PlannedDuty(NamedTuple):
    """One line of a plan. `assessor` is None under `automatic`: nobody looks, the source's labels stand.

    `sample_percent` below 100: only the pairs with the lowest lots.
    """

    topic: str
    assessor: str | None
    condition: str
    reveal: str
    suggestion_source: str | None
    is_second: bool = False
    sample_percent: int = 100

    def work(self, topic: PlanTopic) -> int:
        """How many passages this is, of this topic."""
        return topic.work(self.condition, sampled=self.sample_percent < 100)


def plan(
    topics: Iterable[PlanTopic],
    assessors: Iterable[str],
    conditions: Mapping[str, int] | Iterable[str],
    *,
    seed: int,
    overlap_percent: int = 0,
    overlap_of: str = TOPICS,
    reveal: str = NEVER,
    suggestion_source: str | None = None,
) -> list[PlannedDuty]:
    """A duty for every topic, and a second one by somebody else for `overlap_percent` % of those that people judge.

    With `overlap_of` "pairs", every topic that people judge has a second one, for that share of its pairs.
    `conditions` are weights (shares of the pool's pairs), or names that weigh the same. `reveal` is the policy of
    post-edit duties; the others never reveal. `suggestion_source` goes with every condition but manual.

    Bounds, with s the passages of the largest topic: the assessors' passages differ by s at most; pairs over weight of
    any two conditions a, b differ by s / min(weight a, weight b) at most. The second assessors are drawn from each
    condition in proportion and judge under the same one. Sorted by topic, first assessors before second ones.

    Raises DomainError for conditions, people or an overlap that no plan can be made of.
    """
    weights = _weights(conditions)
    people = sorted(set(assessors))
    _check(people, weights, overlap_percent, overlap_of)
    drawn = sorted(topics, key=lambda topic: _draw(seed, "topic", topic.topic))
    condition_of = _conditions(drawn, weights, seed)
    by_pairs = overlap_of == PAIRS and overlap_percent > 0
    doubled = _doubled(drawn, condition_of, 100 if by_pairs else overlap_percent)
    sample = overlap_percent if by_pairs else 100
    loads = _Loads(people, largest=max((topic.largest for topic in drawn), default=0), seed=seed)
    planned = []
    for topic in drawn:
        condition = condition_of[topic.topic]
        terms = (
            condition,
            reveal if condition == POST_EDIT else NEVER,
            None if condition == MANUAL else suggestion_source,
        )
        if condition == AUTOMATIC:
            planned.append(PlannedDuty(topic.topic, None, *terms))
            continue
        first = loads.give(topic, PlannedDuty(topic.topic, None, *terms))
        planned.append(first)
        if topic.topic in doubled:
            second = PlannedDuty(topic.topic, None, *terms, is_second=True, sample_percent=sample)
            planned.append(loads.give(topic, second, but=first.assessor))
    evened = _evened(planned, {topic.topic: topic for topic in drawn}, loads.total)
    return sorted(evened, key=lambda duty: (duty.topic, duty.is_second))


def _evened(
    planned: Sequence[PlannedDuty], topics: Mapping[str, PlanTopic], total: Mapping[str, int]
) -> list[PlannedDuty]:
    """The plan with duties of one condition swapped between the most and the least loaded person, while that helps.

    A swap puts both loads between the two, so that the loads never come to differ by more, and there is an end.
    """
    duties, loads = list(planned), dict(total)
    while loads:
        most = max(loads, key=lambda name: (loads[name], name))
        least = min(loads, key=lambda name: (loads[name], name))
        best = _best_swap(duties, topics, most, least, loads[most] - loads[least])
        if best is None:
            break
        given, taken = best
        moved = duties[given].work(topics[duties[given].topic]) - duties[taken].work(topics[duties[taken].topic])
        duties[given] = duties[given]._replace(assessor=least)
        duties[taken] = duties[taken]._replace(assessor=most)
        loads[most] -= moved
        loads[least] += moved
    return duties


def _best_swap(
    duties: Sequence[PlannedDuty], topics: Mapping[str, PlanTopic], most: str, least: str, gap: int
) -> tuple[int, int] | None:
    """Places of a duty of `most` and one of `least` whose works differ by nearly half of `gap`; None if none helps."""
    theirs = {name: {duty.topic for duty in duties if duty.assessor == name} for name in (most, least)}
    shared = theirs[most] & theirs[least]
    offers: dict[str, list[tuple[int, str, int]]] = {}
    for place, duty in enumerate(duties):
        if duty.assessor == least and duty.topic not in shared:
            offers.setdefault(duty.condition, []).append((duty.work(topics[duty.topic]), duty.topic, place))
    for listed in offers.values():
        listed.sort()
    found = []
    for place, duty in enumerate(duties):
        if duty.assessor != most or duty.topic in shared:
            continue
        work, listed = duty.work(topics[duty.topic]), offers.get(duty.condition, [])
        at = bisect.bisect_left(listed, work - gap / 2, key=lambda offer: offer[0])
        for other, topic, taken in listed[max(0, at - 1) : at + 1]:
            if 0 < work - other < gap:
                found.append((abs(2 * (work - other) - gap), duty.topic, topic, place, taken))
    return min(found)[3:] if found else None


def _weights(conditions: Mapping[str, int] | Iterable[str]) -> dict[str, int]:
    """Weights above 0, in the order of CONDITIONS."""
    given = dict(conditions) if isinstance(conditions, Mapping) else dict.fromkeys(conditions, 1)
    for condition, weight in given.items():
        if condition not in CONDITIONS:
            raise DomainError(f"There is no condition “{condition}”.")
        if weight < 0:
            raise DomainError(f"The weight of “{condition}” is below 0.")
    return {condition: given[condition] for condition in CONDITIONS if given.get(condition)}


def _check(people: Sequence[str], weights: Mapping[str, int], overlap_percent: int, overlap_of: str) -> None:
    if not weights:
        raise DomainError("A plan needs a condition: give at least one a weight above 0.")
    if not 0 <= overlap_percent <= 100:
        raise DomainError("The overlap is a share of the topics or pairs, from 0 to 100 %.")
    if overlap_of not in (TOPICS, PAIRS):
        raise DomainError(f"The overlap is a share of the topics or of the pairs, not of “{overlap_of}”.")
    if set(weights) == {AUTOMATIC}:
        return
    if not people:
        raise DomainError("A plan needs people: choose at least one.")
    if overlap_percent and len(people) < 2:
        raise DomainError("An overlap needs at least two people: nobody judges a topic twice.")


def _conditions(drawn: Iterable[PlanTopic], weights: Mapping[str, int], seed: int) -> dict[str, str]:
    """The condition of each topic: the one with the fewest pairs for its weight so far; ties are drawn."""
    pairs = dict.fromkeys(weights, 0)
    chosen = {}
    for topic in drawn:
        least = min(
            weights,
            key=lambda name: (Fraction(pairs[name], weights[name]), _draw(seed, "condition", topic.topic, name)),
        )
        pairs[least] += topic.pairs
        chosen[topic.topic] = least
    return chosen


def _doubled(drawn: Sequence[PlanTopic], condition_of: Mapping[str, str], percent: int) -> set[str]:
    """The topics that get a second assessor: `percent` of all that people judge, in proportion from each condition."""
    by_condition: dict[str, list[str]] = {}
    for topic in drawn:
        if condition_of[topic.topic] != AUTOMATIC:
            by_condition.setdefault(condition_of[topic.topic], []).append(topic.topic)
    wanted = _rounded(percent * sum(map(len, by_condition.values())))
    counts = {condition: percent * len(names) // 100 for condition, names in by_condition.items()}
    by_remainder = sorted(counts, key=lambda condition: (-(percent * len(by_condition[condition]) % 100), condition))
    for condition in by_remainder[: wanted - sum(counts.values())]:
        counts[condition] += 1
    return {topic for condition, names in by_condition.items() for topic in names[: counts[condition]]}


def _rounded(hundredths: int) -> int:
    return (hundredths + 50) // 100


@dataclass
class _Loads:
    """How much everybody has so far, in passages, in all and per condition; differs by `largest` at most."""

    people: Sequence[str]
    largest: int
    seed: int
    total: dict[str, int] = field(init=False)
    cells: dict[tuple[str, str], int] = field(default_factory=dict)

    def __post_init__(self):
        self.total = dict.fromkeys(self.people, 0)

    def give(self, topic: PlanTopic, duty: PlannedDuty, but: str | None = None) -> PlannedDuty:
        """Gives the duty away: of those whom it does not put too far ahead, to the one with least of its condition.

        The least loaded person is always one of those, so that there is always somebody.
        """
        work, condition = duty.work(topic), duty.condition
        bound = self.largest + min(self.total.values())
        least = min(load for name, load in self.total.items() if name != but)
        able = [
            name
            for name in self.people
            if name != but and (self.total[name] == least or self.total[name] + work <= bound)
        ]
        chosen = min(
            able,
            key=lambda name: (
                self.cells.get((name, condition), 0),
                self.total[name],
                _draw(self.seed, "assessor", topic.topic, name),
            ),
        )
        self.total[chosen] += work
        self.cells[chosen, condition] = self.cells.get((chosen, condition), 0) + work
        return duty._replace(assessor=chosen)


def _draw(seed: int, *names: str) -> tuple[bytes, tuple[str, ...]]:
    """A place in a seeded order, the same on every machine."""
    text = "\0".join((str(seed), *names))
    return hashlib.sha256(text.encode("utf-8")).digest(), names
