"""A plan that was exported and changed, back into a track."""

from collections.abc import Iterable
from typing import NamedTuple

from django.db import transaction

from assessment.domain.errors import DomainError
from assessment.domain.plan_files import PlanLine, read_plan
from assessment.domain.text_files import Problems, Progress, Source
from assessment.models import RANKED_ORDERS, Assessor, Condition, Duty, Pool, Role, Topic, Track, User
from assessment.services.duties import WantedDuty, duties_store, duty_changes
from assessment.services.duty_terms import Terms, check_assessor, checked_automatic_terms, checked_terms, judging_users
from assessment.services.people import assessors_ensure
from assessment.services.ranks import unrankable

from .result import ImportResult, lock_track


class PlannedLine(NamedTuple):
    """A line of the file with its names looked up."""

    number: int
    line: PlanLine
    duty: WantedDuty


@transaction.atomic
def plan_import(
    *, track: Track, source: Source, name: str, pool: Pool | None = None, progress: Progress | None = None
) -> ImportResult:
    """Makes the duties of a plan file (see domain/plan_files.py): all of them or none, by a fixed number of queries.

    Duties that are not in the file are left alone. Other terms are taken while nothing of the duty is judged, another
    order or share of the pairs at any time. With `pool`, lines of other pools are problems. Raises FileError with
    every problem.
    """
    lock_track(track)
    problems = Problems(name)
    lines = read_plan(source, name, problems=problems, progress=progress)
    names = _Names(track, pool)
    planned = [found for number, line in lines if (found := _looked_up(names, number, line, problems))]
    changes = duty_changes([each.duty for each in planned])
    _add_begun(planned, changes.begun, problems)
    _add_unrankable(names, planned, unrankable(changes.ranking), problems)
    problems.raise_if_any()
    new, changed = len(changes.new), len(changes.changed)
    if new or changed:
        duties_store(_with_assessors(track, [each.duty for each in planned]))
    summary = f"Duties: {new:,} new, {changed:,} changed, {len(planned) - new - changed:,} unchanged."
    return ImportResult("stored" if new else "replaced" if changed else "unchanged", summary)


class _Names:
    """What the names in a plan mean in this track. The people's rows are locked, as by `duties_assign`."""

    def __init__(self, track: Track, pool: Pool | None):
        self.track, self.only = track, pool
        self.pools = {each.name: each for each in track.pools.select_related("track")}
        self.topics = {each.qid: each for each in track.topics.defer("narrative")}
        keys = [each.pk for each in self.pools.values()] if pool is None else [pool.pk]
        self.pooled = set(Pool.objects.filter(pk__in=keys).values_list("pk", "items__topic").distinct())
        locked = track.assessors.select_for_update(of=("self",)).select_related("user").order_by("pk")
        self.assessors = {each.name: each for each in locked}
        for user in User.objects.filter(
            memberships__track=track, memberships__role__in=[Role.ASSESSOR, Role.ORGANIZER]
        ).exclude(pk__in=[each.user_id for each in self.assessors.values() if each.user_id]):
            unstored = Assessor(track=track, kind=Assessor.Kind.HUMAN, name=user.username, user=user)
            self.assessors.setdefault(user.username, unstored)
        self._judging = judging_users(track, (each.user_id for each in self.assessors.values()))
        self._refusals: dict[str, str] = {}
        self.duties = {
            (duty.pool_id, duty.topic_id, duty.assessor_id): duty
            for duty in Duty.objects.filter(pool__in=keys).select_related("trusted", "ranked_by")
        }

    def refusal(self, pool: Pool, assessor: Assessor) -> str:
        """Why this assessor gets no duties, empty if nothing speaks against it. Asked once for each."""
        if assessor.name not in self._refusals:
            try:
                check_assessor(pool, assessor, self._judging)
                self._refusals[assessor.name] = ""
            except DomainError as error:
                self._refusals[assessor.name] = str(error)
        return self._refusals[assessor.name]

    def stands(self, pool: Pool, topic: Topic, assessor: Assessor) -> Duty:
        """The assessor's duty of the topic, unstored with nothing said where there is none."""
        return self.duties.get((pool.pk, topic.pk, assessor.pk)) or Duty()


def _looked_up(names: _Names, number: int, line: PlanLine, problems: Problems) -> PlannedLine | None:
    """The line with its names looked up; None, with every reason in `problems`, where that fails."""
    pool, topic = names.pools.get(line.pool), names.topics.get(line.topic)
    assessor, source = names.assessors.get(line.assessor), names.assessors.get(line.suggestion_source)
    reasons = list(_unknown(names, line, pool, topic))
    if assessor is None:
        reasons.append(f"there is no assessor {line.assessor!r} in the track")
    if line.suggestion_source and source is None:
        reasons.append(f"there is no assessor {line.suggestion_source!r} to take suggestions from")
    if line.trusted and line.trusted not in names.assessors:
        reasons.append(f"there is no assessor {line.trusted!r} to trust")
    if line.ranked_by and line.ranked_by not in names.assessors:
        reasons.append(f"there is no judge {line.ranked_by!r} to order the passages")
    terms = None
    if not reasons:
        try:
            terms = _terms(names, pool, topic, assessor, source, line)
        except DomainError as error:
            reasons.append(str(error))
    for reason in reasons:
        problems.add(number, reason, line.text)
    return PlannedLine(number, line, WantedDuty(pool, topic, assessor, terms)) if terms else None


def _unknown(names: _Names, line: PlanLine, pool: Pool | None, topic: Topic | None) -> Iterable[str]:
    if pool is None:
        yield f"there is no pool {line.pool!r} in the track"
    elif names.only is not None and pool != names.only:
        yield f"this is a duty of the pool {pool.name}, not of {names.only.name}"
    if topic is None:
        yield f"topic {line.topic} is not in the track"
    elif pool is not None and names.only in (None, pool) and (pool.pk, topic.pk) not in names.pooled:
        yield f"the pool {pool.name} has nothing for topic {topic.qid}"


def _terms(
    names: _Names, pool: Pool, topic: Topic, assessor: Assessor, source: Assessor | None, line: PlanLine
) -> Terms:
    stands = names.stands(pool, topic, assessor)
    if line.condition == Condition.AUTOMATIC:
        named = line.order or line.ranked_by or line.trusted
        if named or line.sample_percent not in (None, "100") or line.vigilance not in (None, "0"):
            raise DomainError(
                "Under the condition “automatic” nobody looks: no order, sample or vigilance belongs there."
            )
        return checked_automatic_terms(pool, assessor, source, line.reveal)
    if refusal := names.refusal(pool, assessor):
        raise DomainError(refusal)
    # What no column says stays as it is, as far as the condition allows it.
    planting = line.condition == Condition.POST_EDIT and line.vigilance != "0"
    trusted = names.assessors.get(line.trusted) if line.trusted else None
    if line.trusted is None and planting:
        trusted = stands.trusted
    order = stands.order if line.order is None else line.order
    ranked_by = names.assessors.get(line.ranked_by) if line.ranked_by else None
    if line.ranked_by is None and order in RANKED_ORDERS:
        ranked_by = stands.ranked_by
    for asked in (source, trusted, ranked_by):
        if asked is not None and asked.pk is None:
            raise DomainError(f"{asked.name} has judged nothing in this track yet.")
    return checked_terms(
        assessor,
        line.condition,
        line.reveal,
        source,
        order=order,
        sample_percent=_percent(line.sample_percent, "sample_percent", stands.sample_percent),
        vigilance_percent=_percent(line.vigilance, "vigilance", stands.vigilance_percent if planting else 0),
        trusted=trusted,
        ranked_by=ranked_by,
    )


def _percent(text: str | None, column: str, stands: int) -> int:
    if text is None:
        return stands
    if not (text.isascii() and text.isdecimal() and len(text) < 4):
        raise DomainError(f"{column} is {text!r}, not a whole number of per cent.")
    return int(text)


def _add_begun(planned: list[PlannedLine], begun: list[Duty], problems: Problems) -> None:
    keys = {(duty.pool_id, duty.topic_id, duty.assessor_id) for duty in begun}
    for each in planned:
        topic, assessor = each.duty.topic, each.duty.assessor
        if (each.duty.pool.pk, topic.pk, assessor.pk) in keys:
            said = f"{assessor.name} has begun topic {topic.qid} under other terms, which must stay"
            problems.add(each.number, said, each.line.text)


def _add_unrankable(names: _Names, planned: list[PlannedLine], duties: list[Duty], problems: Problems) -> None:
    judges = {each.pk: name for name, each in names.assessors.items()}
    keys = {(duty.pool_id, duty.topic_id, duty.ranked_by_id) for duty in duties}
    for each in planned:
        pool, topic, _, terms = each.duty
        if (pool.pk, topic.pk, terms.ranked_by_id) in keys:
            said = f"{judges[terms.ranked_by_id]} has no distributions to order topic {topic.qid} by"
            problems.add(each.number, said, each.line.text)


def _with_assessors(track: Track, duties: list[WantedDuty]) -> list[WantedDuty]:
    """The duties with stored assessors, those of people who had none so far included."""
    users = [each.assessor.user for each in duties if each.assessor.pk is None]
    made = assessors_ensure(track=track, users=users) if users else {}
    return [each._replace(assessor=made.get(each.assessor.user_id, each.assessor)) for each in duties]
