"""A pool's topics over people and conditions: shown first, then assigned as shown."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from django.db import transaction

from assessment.domain.errors import DomainError
from assessment.domain.planning import CONDITIONS, PAIRS, TOPICS, PlannedDuty, PlanTopic, plan
from assessment.domain.vigilance import can_be_wrong, how_many
from assessment.models import Assessor, Condition, Plan, Pool, Reveal, User
from assessment.selectors.plans import PlanMaterial, plan_material
from assessment.selectors.vigilance import vigilance_room
from assessment.services.duties import WantedDuty, duties_store, duty_changes, refuse_begun
from assessment.services.duty_terms import Terms, check_assessor, checked_automatic_terms, checked_terms, judging_users
from assessment.services.imports.result import lock_track
from assessment.services.people import assessors_ensure
from assessment.services.ranks import refuse_unrankable
from assessment.services.vigilance import vigilance_draw


@dataclass(frozen=True)
class PlanSettings:
    """What an organizer asks of a plan. `weights` are of conditions; `overlap_percent` is of topics, or of every
    topic's pairs. `order` empty: the pool's; `ranked_by` is the judge that makes it, where one does.
    `vigilance_percent` is of the passages of post-edit duties.

    Only topics that nobody has in the pool are planned, unless `every_topic`.
    """

    people: Sequence[User]
    weights: Mapping[str, int]
    suggestion_source: Assessor | None = None
    reveal: str = Reveal.ALWAYS
    overlap_percent: int = 0
    overlap_of: str = TOPICS
    order: str = ""
    vigilance_percent: int = 0
    trusted: Assessor | None = None
    ranked_by: Assessor | None = None
    seed: int = 0
    every_topic: bool = False

    @property
    def told(self) -> dict:
        """The settings by names, as they are kept with a plan."""
        return {
            "people": sorted(user.username for user in self.people),
            "weights": {name: self.weights[name] for name in CONDITIONS if self.weights.get(name)},
            "suggestion_source": self.suggestion_source.name if self.suggestion_source else None,
            "reveal": str(self.reveal),
            "overlap_percent": self.overlap_percent,
            "overlap_of": self.overlap_of,
            "order": str(self.order),
            "vigilance_percent": self.vigilance_percent,
            "trusted": self.trusted.name if self.trusted else None,
            "ranked_by": self.ranked_by.name if self.ranked_by else None,
            "seed": self.seed,
            "every_topic": self.every_topic,
        }


class Share(NamedTuple):
    """An amount of work: topics, and passages of them."""

    topics: int
    passages: int


class Planted(NamedTuple):
    """Vigilance items: how many there can be, and how many the share makes."""

    found: int
    wanted: int


@dataclass
class PlannedWork:
    """What one person gets. `shares` is in the order of the preview's conditions; `seconds` are what somebody else
    judges too; `planted` is among the passages; `already` counts earlier topics."""

    name: str
    total: Share
    shares: list[Share]
    seconds: Share
    planted: Planted
    already: int


@dataclass
class PlanPreview:
    """A plan that is not made yet. `digest` names it: assigning with it makes this plan or nothing."""

    duties: list[PlannedDuty]
    told: dict
    conditions: list[Condition]
    works: list[PlannedWork]
    total: PlannedWork
    automatic: Share
    topics: int
    pairs: int
    left_out: int
    source_graded: int
    quota: int | None
    digest: str = field(init=False)

    def __post_init__(self):
        extras = (self.told[name] for name in ("order", "ranked_by", "vigilance_percent", "trusted", "seed"))
        listed = "\n".join("\t".join(map(str, row)) for row in (extras, *self.duties))
        self.digest = hashlib.sha256(listed.encode()).hexdigest()[:32]

    @property
    def labelled(self) -> list[tuple[PlannedDuty, str]]:
        """Each duty with its condition's name for people."""
        return [(duty, Condition(duty.condition).label) for duty in self.duties]


def plan_preview(*, pool: Pool, settings: PlanSettings) -> PlanPreview:
    """Who would get how much. Stores nothing; raises DomainError for whatever `plan_apply` would refuse."""
    return _drawn(pool, settings).preview


@transaction.atomic
def plan_apply(*, pool: Pool, settings: PlanSettings, shown: str | None = None, by: User | None = None) -> int:
    """Assigns the plan and returns how many duties are new or have new terms; all of it or nothing, by a fixed number
    of queries. What was asked of it is kept as a Plan.

    `shown` is the digest of the preview that was agreed to; if the plan is another one by now, nothing is assigned.
    Raises what `plan_preview` raises.
    """
    lock_track(pool.track)
    drawn = _drawn(pool, settings)
    if shown is not None and shown != drawn.preview.digest:
        raise DomainError("The plan is not the one that was shown; look at it once more. Nothing was assigned.")
    new = [each.assessor.user for each in drawn.wanted if each.assessor.pk is None]
    made = assessors_ensure(track=pool.track, users=new) if new else {}
    wanted = [each._replace(assessor=made.get(each.assessor.user_id, each.assessor)) for each in drawn.wanted]
    kept = Plan.objects.create(pool=pool, made_by=by, settings=settings.told | {"duties": len(wanted)})
    return duties_store(wanted, plan=kept, seed=settings.seed)


class _Drawn(NamedTuple):
    preview: PlanPreview
    wanted: list[WantedDuty]


def _drawn(pool: Pool, settings: PlanSettings) -> _Drawn:
    source = settings.suggestion_source
    sample = settings.overlap_percent if settings.overlap_of == PAIRS and settings.overlap_percent else 100
    material = plan_material(pool, source, every_topic=settings.every_topic, sample_percent=sample)
    if not material.topics:
        raise DomainError("Every topic of this pool has been given to somebody; withdraw duties, or plan every topic.")
    assessors = _assessors(pool, settings.people)
    duties = plan(
        _with_planted(pool, settings, material.topics),
        assessors,
        settings.weights,
        seed=settings.seed,
        overlap_percent=settings.overlap_percent,
        overlap_of=settings.overlap_of,
        reveal=str(settings.reveal),
        suggestion_source=source.name if source else None,
    )
    wanted = _wanted(pool, settings, duties, assessors)
    changes = duty_changes(wanted)
    refuse_begun(changes.begun)
    refuse_unrankable(changes.ranking)
    planted = {
        (planting.duty.topic.qid, planting.duty.assessor.name): Planted(len(planting.items), planting.wanted)
        for planting in vigilance_draw(duties=changes.planting, seed=settings.seed)
    }
    return _Drawn(_preview(pool, settings, duties, material, assessors, planted), wanted)


def _assessors(pool: Pool, people: Sequence[User]) -> dict[str, Assessor]:
    """By name: the people's rows in the track, unstored ones for those who have none yet."""
    stored = {each.user_id: each for each in pool.track.assessors.filter(user__in=people).select_related("user")}
    found = [
        stored.get(user.pk) or Assessor(track_id=pool.track_id, kind=Assessor.Kind.HUMAN, name=user.username, user=user)
        for user in people
    ]
    return {assessor.name: assessor for assessor in found}


def _with_planted(pool: Pool, settings: PlanSettings, topics: list[PlanTopic]) -> list[PlanTopic]:
    """The topics with the vigilance items that are to be expected in them, whoever gets them."""
    if not settings.vigilance_percent or settings.trusted is None:
        return topics
    grades = list(pool.track.grades.values_list("value", flat=True))
    room = vigilance_room(pool, settings.trusted, can_be_wrong(grades))

    def expected(topic: str, passages: int) -> int:
        wanted = how_many(passages, settings.vigilance_percent, seed=settings.seed, topic=topic)
        return min(wanted, room.get(topic, 0))

    return [
        each._replace(
            planted=expected(each.topic, each.filtered_pairs),
            sampled_planted=expected(each.topic, each.sampled_filtered_pairs),
        )
        for each in topics
    ]


def _wanted(
    pool: Pool, settings: PlanSettings, duties: list[PlannedDuty], assessors: Mapping[str, Assessor]
) -> list[WantedDuty]:
    """The planned duties with their terms. Raises DomainError for whatever cannot be assigned."""
    judging = judging_users(pool.track, (each.user_id for each in assessors.values()))
    for name in {duty.assessor for duty in duties if duty.assessor is not None}:
        check_assessor(pool, assessors[name], judging)
    topics = {topic.qid: topic for topic in pool.track.topics.filter(pk__in=pool.items.values("topic"))}
    found = []
    for duty in duties:
        assessor = settings.suggestion_source if duty.assessor is None else assessors[duty.assessor]
        terms = _terms(pool, settings, duty, assessor)
        found.append(WantedDuty(pool, topics[duty.topic], assessor, terms))
    return found


def _terms(pool: Pool, settings: PlanSettings, duty: PlannedDuty, assessor: Assessor | None) -> Terms:
    if duty.assessor is None:
        return checked_automatic_terms(pool, assessor, assessor, duty.reveal)
    planting = duty.condition == Condition.POST_EDIT and settings.vigilance_percent
    return checked_terms(
        assessor,
        duty.condition,
        duty.reveal,
        None if duty.condition == Condition.MANUAL else settings.suggestion_source,
        order=settings.order,
        sample_percent=duty.sample_percent,
        vigilance_percent=settings.vigilance_percent if planting else 0,
        trusted=settings.trusted if planting else None,
        ranked_by=settings.ranked_by,
    )


def _preview(
    pool: Pool,
    settings: PlanSettings,
    duties: list[PlannedDuty],
    material: PlanMaterial,
    assessors: Mapping[str, Assessor],
    planted: Mapping[tuple[str, str], Planted],
) -> PlanPreview:
    used = {duty.condition for duty in duties}
    conditions = [Condition(name) for name in CONDITIONS if name in used and name != Condition.AUTOMATIC]
    sizes = {topic.topic: topic for topic in material.topics}
    by_person = defaultdict(list)
    for duty in duties:
        by_person[duty.assessor].append(_Sized.of(duty, sizes, planted))
    had = list(pool.duties.values_list("assessor__name", flat=True))
    works = [_work(name, by_person[name], conditions, had.count(name)) for name in sorted(assessors)]
    automatic = by_person.pop(None, [])
    everything = [sized for theirs in by_person.values() for sized in theirs]
    return PlanPreview(
        duties=duties,
        told=settings.told,
        conditions=conditions,
        works=works,
        total=_work("", everything, conditions, sum(work.already for work in works)),
        automatic=Share(len(automatic), sum(sizes[sized.duty.topic].pairs for sized in automatic)),
        topics=len(material.topics),
        pairs=sum(topic.pairs for topic in material.topics),
        left_out=material.left_out,
        source_graded=material.graded,
        quota=pool.quota,
    )


class _Sized(NamedTuple):
    """A planned duty with its passages, the planted ones left out."""

    duty: PlannedDuty
    passages: int
    planted: Planted

    @classmethod
    def of(cls, duty: PlannedDuty, sizes: Mapping[str, PlanTopic], planted: Mapping[tuple[str, str], Planted]):
        return cls(duty, duty.work(sizes[duty.topic]), planted.get((duty.topic, duty.assessor), Planted(0, 0)))


def _work(name: str, listed: list[_Sized], conditions: list[Condition], already: int) -> PlannedWork:
    shares = [_share(sized for sized in listed if sized.duty.condition == condition) for condition in conditions]
    return PlannedWork(
        name,
        _share(listed),
        shares,
        _share(sized for sized in listed if sized.duty.is_second),
        Planted(sum(sized.planted.found for sized in listed), sum(sized.planted.wanted for sized in listed)),
        already,
    )


def _share(listed: Iterable[_Sized]) -> Share:
    passages = [sized.passages + sized.planted.found for sized in listed]
    return Share(len(passages), sum(passages))
