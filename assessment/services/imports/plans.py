"""A plan that was exported and changed, back into a track."""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from django.db import transaction

from assessment.domain.errors import DomainError
from assessment.domain.plan_files import PlanLine, read_plan
from assessment.domain.text_files import Problems, Progress, Source
from assessment.models import Assessor, Condition, Duty, Pool, Role, Topic, Track, User
from assessment.services.duties import (
    Terms,
    begun_topics,
    check_assessor,
    checked_automatic_terms,
    checked_terms,
    duties_assign,
    duties_leave_to,
    terms_of,
)
from assessment.services.people import assessor_ensure

from .result import ImportResult, lock_track


class PlannedLine(NamedTuple):
    """A line of the file with its names looked up. The assessor may be unstored: a person without duties so far."""

    number: int
    line: PlanLine
    pool: Pool
    topic: Topic
    assessor: Assessor
    terms: Terms


@transaction.atomic
def plan_import(
    *, track: Track, source: Source, name: str, pool: Pool | None = None, progress: Progress | None = None
) -> ImportResult:
    """Makes the duties of a plan file (see domain/plan_files.py): all of them or none.

    Duties that are not in the file are left alone. Other terms are taken while nothing of the duty is judged. With
    `pool`, lines of other pools are problems. Raises FileError with every problem.
    """
    lock_track(track)
    problems = Problems(name)
    lines = read_plan(source, name, problems=problems, progress=progress)
    names = _Names(track, pool)
    planned = [found for number, line in lines if (found := _looked_up(names, number, line, problems))]
    new, changed = _changes(planned, problems)
    problems.raise_if_any()
    _store(track, new + changed, names.assessors)
    unchanged = len(planned) - len(new) - len(changed)
    summary = f"Duties: {len(new):,} new, {len(changed):,} changed, {unchanged:,} unchanged."
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
        self._may_judge: dict[str, str] = {}

    def refusal(self, pool: Pool, assessor: Assessor) -> str:
        """Why this assessor gets no duties, empty if nothing speaks against it. Asked once for each."""
        if assessor.name not in self._may_judge:
            try:
                check_assessor(pool, assessor)
                self._may_judge[assessor.name] = ""
            except DomainError as error:
                self._may_judge[assessor.name] = str(error)
        return self._may_judge[assessor.name]


def _looked_up(names: _Names, number: int, line: PlanLine, problems: Problems) -> PlannedLine | None:
    """The line with its names looked up; None, with every reason in `problems`, where that fails."""
    pool, topic = names.pools.get(line.pool), names.topics.get(line.topic)
    assessor, source = names.assessors.get(line.assessor), names.assessors.get(line.suggestion_source)
    reasons = list(_unknown(names, line, pool, topic))
    if assessor is None:
        reasons.append(f"there is no assessor {line.assessor!r} in the track")
    if line.suggestion_source and source is None:
        reasons.append(f"there is no assessor {line.suggestion_source!r} to take suggestions from")
    terms = None
    if not reasons:
        try:
            terms = _terms(names, pool, assessor, source, line)
        except DomainError as error:
            reasons.append(str(error))
    for reason in reasons:
        problems.add(number, reason, line.text)
    return PlannedLine(number, line, pool, topic, assessor, terms) if terms else None


def _unknown(names: _Names, line: PlanLine, pool: Pool | None, topic: Topic | None) -> Iterable[str]:
    if pool is None:
        yield f"there is no pool {line.pool!r} in the track"
    elif names.only is not None and pool != names.only:
        yield f"this is a duty of the pool {pool.name}, not of {names.only.name}"
    if topic is None:
        yield f"topic {line.topic} is not in the track"
    elif pool is not None and names.only in (None, pool) and (pool.pk, topic.pk) not in names.pooled:
        yield f"the pool {pool.name} has nothing for topic {topic.qid}"


def _terms(names: _Names, pool: Pool, assessor: Assessor, source: Assessor | None, line: PlanLine) -> Terms:
    if line.condition == Condition.AUTOMATIC:
        return checked_automatic_terms(pool, assessor, source, line.reveal)
    if refusal := names.refusal(pool, assessor):
        raise DomainError(refusal)
    if source is not None and source.pk is None:
        raise DomainError(f"{source.name} has judged nothing in this track yet.")
    return checked_terms(assessor, line.condition, line.reveal, source)


def _changes(planned: list[PlannedLine], problems: Problems) -> tuple[list[PlannedLine], list[PlannedLine]]:
    """The lines that are new and those with new terms; of these, the begun ones go to `problems`."""
    pools = {each.pool.pk for each in planned}
    existing = {(duty.pool_id, duty.topic_id, duty.assessor_id): duty for duty in Duty.objects.filter(pool__in=pools)}
    new, changed, by_person = [], [], defaultdict(list)
    for each in planned:
        duty = existing.get((each.pool.pk, each.topic.pk, each.assessor.pk))
        if duty is None:
            new.append(each)
        elif terms_of(duty) != each.terms:
            changed.append(each)
            by_person[each.pool, each.assessor].append(each)
    for (pool, assessor), theirs in by_person.items():
        begun = begun_topics(pool, assessor, (each.topic.pk for each in theirs))
        for each in theirs:
            if each.topic.qid in begun:
                said = f"{assessor.name} has begun topic {each.topic.qid} under other terms, which must stay"
                problems.add(each.number, said, each.line.text)
    return new, changed


def _store(track: Track, lines: list[PlannedLine], assessors: dict[str, Assessor]) -> None:
    groups = defaultdict(list)
    for each in lines:
        groups[each.pool, each.line.assessor, each.line[3:]].append(each.topic)
    for (pool, name, (condition, reveal, source)), topics in groups.items():
        assessor = assessors[name]
        if condition == Condition.AUTOMATIC:
            duties_leave_to(pool=pool, source=assessor, topics=topics)
            continue
        duties_assign(
            pool=pool,
            assessor=assessor_ensure(track=track, user=assessor.user),
            topics=topics,
            condition=condition,
            reveal=reveal,
            suggestion_source=assessors[source] if source else None,
        )
