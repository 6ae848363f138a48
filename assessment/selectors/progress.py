"""How far people are with their duties, counted from the judgments themselves."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from django.db import connection

from assessment.models import Assessor, Condition, Duty, Pool, Role, Track, User


@dataclass
class DutyProgress:
    """`done` of `total` items of one duty have a grade or can't be judged; put-off ones are not done. Of a closed duty
    nothing more is to be done. Of a shared pool, `total` leaves out what enough others have judged: it falls while they
    work, and what is `left` is left for all who share the topic."""

    duty: Duty
    done: int
    total: int

    @property
    def closed(self) -> bool:
        return self.duty.closed_at is not None

    @property
    def left(self) -> int:
        return 0 if self.closed else self.total - self.done

    @property
    def finished(self) -> bool:
        return self.closed or self.done >= self.total


@dataclass
class Work:
    """All duties of one assessor in one pool."""

    pool: Pool
    assessor: Assessor
    duties: list[DutyProgress] = field(default_factory=list)

    @property
    def done(self) -> int:
        return sum(duty.done for duty in self.duties)

    @property
    def total(self) -> int:
        return sum(duty.done if duty.closed else duty.total for duty in self.duties)

    @property
    def left(self) -> int:
        return sum(duty.left for duty in self.duties)

    @property
    def finished(self) -> bool:
        return all(duty.finished for duty in self.duties)

    @property
    def next_duty(self) -> Duty:
        """The first with something left; the first of all when everything is done."""
        return next((one.duty for one in self.duties if not one.finished), self.duties[0].duty)

    @property
    def due_on(self) -> date | None:
        """The next day by which something has to be finished."""
        return min((one.duty.due_on for one in self.duties if one.duty.due_on and not one.finished), default=None)

    @property
    def told(self) -> list[Duty]:
        """The duties with a word of the organizer's that the assessor has not dealt with yet."""
        return [one.duty for one in self.duties if one.duty.message and not one.closed]

    @property
    def conditions(self) -> list[str]:
        """Labels of the conditions, each once, in the order of the topics."""
        return list(dict.fromkeys(one.duty.get_condition_display() for one in self.duties))


_COUNTS = """
    SELECT duty_id, count(*), count(*) FILTER (WHERE state IN ('graded', 'unjudgeable'))
    FROM assessment_dutyitem WHERE duty_id = ANY(%s) GROUP BY duty_id
"""


def duty_progress(duties: Iterable[Duty]) -> list[DutyProgress]:
    """Progress of each duty, in the order given, by one query."""
    listed = list(duties)
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, [[duty.pk for duty in listed]])
        counts = {pk: (done, total) for pk, total, done in cursor.fetchall()}
    return [DutyProgress(duty, *counts.get(duty.pk, (0, 0))) for duty in listed]


def work_of_user(user: User, track: Track | None = None) -> list[Work]:
    """What this person has to judge, one entry per pool; nothing where the role was withdrawn."""
    duties = Duty.objects.filter(assessor__user=user).exclude(condition=Condition.AUTOMATIC)
    if track is not None:
        duties = duties.filter(pool__track=track)
    if not user.is_staff:
        may_judge = user.memberships.filter(role__in=[Role.ASSESSOR, Role.ORGANIZER]).values("track")
        duties = duties.filter(pool__track__in=may_judge)
    duties = duties.select_related("pool__track", "assessor", "topic")
    return _by_pool(duty_progress(duties.order_by("pool__track__name", "pool", "topic__position")))


def work_in_pool(pool: Pool) -> list[Work]:
    """What each person has to judge in this pool, by name."""
    duties = pool.duties.select_related("pool__track", "assessor__user", "topic", "suggestion_source")
    return _by_pool(duty_progress(duties.order_by("assessor__name", "topic__position")))


def _by_pool(progress: list[DutyProgress]) -> list[Work]:
    works: dict[tuple[int, int], Work] = {}
    for one in progress:
        key = (one.duty.pool_id, one.duty.assessor_id)
        works.setdefault(key, Work(one.duty.pool, one.duty.assessor)).duties.append(one)
    return list(works.values())
