"""A pool's topics over people and conditions: shown first, then assigned as shown."""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from django.db import transaction

from assessment.domain.errors import DomainError
from assessment.domain.planning import CONDITIONS, PlannedDuty, PlanTopic, plan
from assessment.models import Assessor, Condition, Pool, Reveal, Topic, User
from assessment.selectors.plans import plan_material
from assessment.services.duties import (
    check_assessor,
    checked_automatic_terms,
    checked_terms,
    duties_assign,
    duties_check,
    duties_leave_to,
)
from assessment.services.imports.result import lock_track
from assessment.services.people import assessor_ensure


@dataclass(frozen=True)
class PlanSettings:
    """What an organizer asks of a plan. `weights` are of conditions; `overlap_percent` is of topics.

    Only topics that nobody has in the pool are planned, unless `every_topic`.
    """

    people: Sequence[User]
    weights: Mapping[str, int]
    suggestion_source: Assessor | None = None
    reveal: str = Reveal.ALWAYS
    overlap_percent: int = 0
    seed: int = 0
    every_topic: bool = False


class Share(NamedTuple):
    """An amount of work: topics, and passages of them."""

    topics: int
    passages: int


@dataclass
class PlannedWork:
    """What one person gets. `shares` is in the order of the preview's conditions; `already` counts earlier topics."""

    name: str
    total: Share
    shares: list[Share]
    seconds: int
    already: int


@dataclass
class PlanPreview:
    """A plan that is not made yet. `digest` names it: assigning with it makes this plan or nothing."""

    duties: list[PlannedDuty]
    conditions: list[Condition]
    works: list[PlannedWork]
    total: PlannedWork
    automatic: Share
    topics: int
    pairs: int
    left_out: int
    source_graded: int
    digest: str = field(init=False)

    def __post_init__(self):
        listed = "\n".join("\t".join(map(str, duty)) for duty in self.duties)
        self.digest = hashlib.sha256(listed.encode()).hexdigest()[:32]

    @property
    def labelled(self) -> list[tuple[PlannedDuty, str]]:
        """Each duty with its condition's name for people."""
        return [(duty, Condition(duty.condition).label) for duty in self.duties]


def plan_preview(*, pool: Pool, settings: PlanSettings) -> PlanPreview:
    """Who would get how much. Stores nothing; raises DomainError for whatever `plan_apply` would refuse."""
    drawn = _drawn(pool, settings)
    _check(pool, settings, drawn)
    return drawn.preview


@transaction.atomic
def plan_apply(*, pool: Pool, settings: PlanSettings, shown: str | None = None) -> int:
    """Assigns the plan and returns how many duties are new or have new terms; all of it or nothing.

    `shown` is the digest of the preview that was agreed to; if the plan is another one by now, nothing is assigned.
    Raises what `duties_assign` raises.
    """
    lock_track(pool.track)
    drawn = _drawn(pool, settings)
    if shown is not None and shown != drawn.preview.digest:
        _check(pool, settings, drawn)
        raise DomainError("The plan is not the one that was shown; look at it once more. Nothing was assigned.")
    stored = 0
    for (name, condition, reveal), topics in drawn.groups.items():
        source = None if condition == Condition.MANUAL else settings.suggestion_source
        if name is None:
            stored += duties_leave_to(pool=pool, source=source, topics=topics)
            continue
        stored += duties_assign(
            pool=pool,
            assessor=assessor_ensure(track=pool.track, user=drawn.assessors[name].user),
            topics=topics,
            condition=condition,
            reveal=reveal,
            suggestion_source=source,
        )
    return stored


class _Drawn(NamedTuple):
    """`groups` are the topics by (assessor's name or None, condition, reveal)."""

    preview: PlanPreview
    assessors: dict[str, Assessor]
    groups: dict[tuple[str | None, str, str], list[Topic]]


def _drawn(pool: Pool, settings: PlanSettings) -> _Drawn:
    source = settings.suggestion_source
    material = plan_material(pool, source, every_topic=settings.every_topic)
    if not material.topics:
        raise DomainError("Every topic of this pool has been given to somebody; withdraw duties, or plan every topic.")
    assessors = _assessors(pool, settings.people)
    duties = plan(
        material.topics,
        assessors,
        settings.weights,
        seed=settings.seed,
        overlap_percent=settings.overlap_percent,
        reveal=str(settings.reveal),
        suggestion_source=source.name if source else None,
    )
    topics = {topic.qid: topic for topic in pool.track.topics.filter(pk__in=pool.items.values("topic"))}
    groups = defaultdict(list)
    for duty in duties:
        groups[duty.assessor, duty.condition, duty.reveal].append(topics[duty.topic])
    return _Drawn(_preview(pool, duties, material, assessors), assessors, dict(groups))


def _assessors(pool: Pool, people: Sequence[User]) -> dict[str, Assessor]:
    """By name: the people's rows in the track, unstored ones for those who have none yet."""
    stored = {each.user_id: each for each in pool.track.assessors.filter(user__in=people).select_related("user")}
    found = [
        stored.get(user.pk) or Assessor(track_id=pool.track_id, kind=Assessor.Kind.HUMAN, name=user.username, user=user)
        for user in people
    ]
    return {assessor.name: assessor for assessor in found}


def _check(pool: Pool, settings: PlanSettings, drawn: _Drawn) -> None:
    """Raises what assigning would raise. A topic that nobody has cannot have been begun under other terms."""
    for name in {name for name, _, _ in drawn.groups if name is not None}:
        check_assessor(pool, drawn.assessors[name])
    for (name, condition, reveal), topics in drawn.groups.items():
        source = None if condition == Condition.MANUAL else settings.suggestion_source
        if name is None:
            checked_automatic_terms(pool, source, source, reveal)
        elif settings.every_topic:
            duties_check(
                pool=pool,
                assessor=drawn.assessors[name],
                topics=topics,
                condition=condition,
                reveal=reveal,
                suggestion_source=source,
            )
        else:
            checked_terms(drawn.assessors[name], condition, reveal, source)


def _preview(pool: Pool, duties: list[PlannedDuty], material, assessors: dict[str, Assessor]) -> PlanPreview:
    sizes = {topic.topic: topic for topic in material.topics}
    used = {duty.condition for duty in duties}
    conditions = [Condition(name) for name in CONDITIONS if name in used and name != Condition.AUTOMATIC]
    by_person = defaultdict(list)
    for duty in duties:
        by_person[duty.assessor].append(duty)
    had = list(pool.duties.values_list("assessor__name", flat=True))
    works = [_work(name, by_person[name], conditions, sizes, had.count(name)) for name in sorted(assessors)]
    by_people = [duty for duty in duties if duty.assessor is not None]
    automatic = by_person[None]
    return PlanPreview(
        duties=duties,
        conditions=conditions,
        works=works,
        total=_work("", by_people, conditions, sizes, sum(work.already for work in works)),
        automatic=Share(len(automatic), sum(sizes[duty.topic].pairs for duty in automatic)),
        topics=len(material.topics),
        pairs=sum(topic.pairs for topic in material.topics),
        left_out=material.left_out,
        source_graded=material.graded,
    )


def _work(
    name: str,
    duties: list[PlannedDuty],
    conditions: list[Condition],
    sizes: Mapping[str, PlanTopic],
    already: int,
) -> PlannedWork:
    shares = []
    for condition in conditions:
        here = [sizes[duty.topic].work(condition) for duty in duties if duty.condition == condition]
        shares.append(Share(len(here), sum(here)))
    total = Share(sum(share.topics for share in shares), sum(share.passages for share in shares))
    return PlannedWork(name, total, shares, sum(duty.is_second for duty in duties), already)
