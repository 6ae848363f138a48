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


class PlanTopic(NamedTuple):
    """A topic of the pool: how many pairs it has, and how many of them a filtered duty would show."""

    topic: str
    pairs: int
    filtered_pairs: int

    def work(self, condition: str) -> int:
        """How many passages somebody reads who judges this topic under this condition."""
        if condition == AUTOMATIC:
            return 0
        return self.filtered_pairs if condition in (FILTERED, POST_EDIT) else self.pairs


class PlannedDuty(NamedTuple):
    """One line of a plan. `assessor` is None under `automatic`: nobody looks, the source's labels stand."""

    topic: str
    assessor: str | None
    condition: str
    reveal: str
    suggestion_source: str | None
    is_second: bool = False


def plan(
    topics: Iterable[PlanTopic],
    assessors: Iterable[str],
    conditions: Mapping[str, int] | Iterable[str],
    *,
    seed: int,
    overlap_percent: int = 0,
    reveal: str = NEVER,
    suggestion_source: str | None = None,
) -> list[PlannedDuty]:
    """A duty for every topic, and a second one by somebody else for `overlap_percent` % of those that people judge.

    `conditions` are weights (shares of the pool's pairs), or names that weigh the same. `reveal` is the policy of
    post-edit duties; the others never reveal. `suggestion_source` goes with every condition but manual.

    Bounds, with s the pairs of the largest topic: the assessors' passages differ by s at most; pairs over weight of
    any two conditions a, b differ by s / min(weight a, weight b) at most. The second assessors are drawn from each
    condition in proportion and judge under the same one. Sorted by topic, first assessors before second ones.

    Raises DomainError for conditions, people or an overlap that no plan can be made of.
    """
    weights = _weights(conditions)
    people = sorted(set(assessors))
    _check(people, weights, overlap_percent)
    drawn = sorted(topics, key=lambda topic: _draw(seed, "topic", topic.topic))
    condition_of = _conditions(drawn, weights, seed)
    doubled = _doubled(drawn, condition_of, overlap_percent)
    loads = _Loads(people, largest=max((topic.pairs for topic in drawn), default=0), seed=seed)
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
        first = loads.give(topic, condition)
        planned.append(PlannedDuty(topic.topic, first, *terms))
        if topic.topic in doubled:
            planned.append(PlannedDuty(topic.topic, loads.give(topic, condition, but=first), *terms, is_second=True))
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
        moved = topics[duties[given].topic].work(duties[given].condition)
        moved -= topics[duties[taken].topic].work(duties[taken].condition)
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
            offers.setdefault(duty.condition, []).append((topics[duty.topic].work(duty.condition), duty.topic, place))
    for listed in offers.values():
        listed.sort()
    found = []
    for place, duty in enumerate(duties):
        if duty.assessor != most or duty.topic in shared:
            continue
        work, listed = topics[duty.topic].work(duty.condition), offers.get(duty.condition, [])
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


def _check(people: Sequence[str], weights: Mapping[str, int], overlap_percent: int) -> None:
    if not weights:
        raise DomainError("A plan needs a condition: give at least one a weight above 0.")
    if not 0 <= overlap_percent <= 100:
        raise DomainError("The overlap is a share of the topics, from 0 to 100 %.")
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

    def give(self, topic: PlanTopic, condition: str, but: str | None = None) -> str:
        """Who gets the topic: of those whom it does not put too far ahead, the one with least of this condition.

        The least loaded person is always one of those, so that there is always somebody.
        """
        work = topic.work(condition)
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
        return chosen


def _draw(seed: int, *names: str) -> tuple[bytes, tuple[str, ...]]:
    """A place in a seeded order, the same on every machine."""
    text = "\0".join((str(seed), *names))
    return hashlib.sha256(text.encode("utf-8")).digest(), names
