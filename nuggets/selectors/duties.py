"""How far people are with what they edit and assign, counted from what they did."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db import connection

from assessment.models import Assessor, Role, Track, User
from nuggets.models import Bank, NuggetDuty, NuggetTask


@dataclass
class NuggetDutyProgress:
    """Of the topic's list: its `nuggets` and the number of the `frozen` version, None for a draft. Of assigning:
    `labels` of `total`, and the answers with all their labels, `done` of `answers`."""

    duty: NuggetDuty
    frozen: int | None = None
    nuggets: int = 0
    answers: int = 0
    labels: int = 0
    done: int = 0

    @property
    def total(self) -> int:
        return self.nuggets * self.answers

    @property
    def closed(self) -> bool:
        return self.duty.closed_at is not None

    @property
    def finished(self) -> bool:
        """Closed; or of assigning, nothing is left. Editing ends when the organizer closes it."""
        return self.closed or (self.duty.task == NuggetTask.ASSIGN and 0 < self.total <= self.labels)


@dataclass
class NuggetWork:
    """All duties of one assessor with one task in one bank."""

    bank: Bank
    task: str
    assessor: Assessor
    duties: list[NuggetDutyProgress] = field(default_factory=list)

    @property
    def answers(self) -> int:
        return sum(one.done if one.closed else one.answers for one in self.duties)

    @property
    def done(self) -> int:
        return sum(one.done for one in self.duties)

    @property
    def begun(self) -> bool:
        return any(one.labels for one in self.duties)

    @property
    def finished(self) -> bool:
        return all(one.finished for one in self.duties)

    @property
    def next_duty(self) -> NuggetDuty:
        return next((one.duty for one in self.duties if not one.finished), self.duties[0].duty)

    @property
    def told(self) -> list[NuggetDuty]:
        return [one.duty for one in self.duties if one.duty.message and not one.closed]

    @property
    def conditions(self) -> list[str]:
        return list(dict.fromkeys(one.duty.get_condition_display() for one in self.duties))


# The scored list of a topic is its latest frozen version, or what stands where none is: `scored_lists` for many banks.
_COUNTS = """
    WITH duty AS (
        SELECT d.id, d.assessor_id, d.topic_bank_id, t.topic_id
        FROM nuggets_nuggetduty d JOIN nuggets_topicbank t ON t.id = d.topic_bank_id WHERE d.id = ANY(%s)
    ), latest AS (
        SELECT DISTINCT ON (topic_bank_id) topic_bank_id, id, number FROM nuggets_bankversion
        WHERE topic_bank_id IN (SELECT topic_bank_id FROM duty) ORDER BY topic_bank_id, number DESC
    ), listed AS (
        SELECT latest.topic_bank_id, v.wording_id FROM latest JOIN nuggets_versionnugget v ON v.version_id = latest.id
        UNION ALL
        SELECT n.topic_bank_id, w.id FROM nuggets_nugget n JOIN nuggets_wording w ON w.nugget_id = n.id AND w.current
        WHERE n.retired_at IS NULL AND n.topic_bank_id IN (SELECT topic_bank_id FROM duty)
            AND n.topic_bank_id NOT IN (SELECT topic_bank_id FROM latest)
    ), size AS (
        SELECT topic_bank_id, count(*) AS nuggets FROM listed GROUP BY topic_bank_id
    ), labelled AS (
        SELECT duty.id, count(*) AS labels FROM duty JOIN listed USING (topic_bank_id)
        JOIN nuggets_nuggetassignment a ON a.assessor_id = duty.assessor_id AND a.wording_id = listed.wording_id
        GROUP BY duty.id, a.answer_id
    )
    SELECT duty.id, latest.number, coalesce(size.nuggets, 0),
        (SELECT count(*) FROM nuggets_answer WHERE topic_id = duty.topic_id),
        (SELECT coalesce(sum(labels), 0) FROM labelled WHERE labelled.id = duty.id),
        (SELECT count(*) FROM labelled WHERE labelled.id = duty.id AND labels = size.nuggets)
    FROM duty LEFT JOIN latest USING (topic_bank_id) LEFT JOIN size USING (topic_bank_id)
"""


def nugget_duty_progress(duties: Iterable[NuggetDuty]) -> list[NuggetDutyProgress]:
    """Progress of each duty, in the order given, by one query."""
    listed = list(duties)
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, [[duty.pk for duty in listed]])
        counts = {pk: (frozen, *map(int, more)) for pk, frozen, *more in cursor.fetchall()}
    return [NuggetDutyProgress(duty, *counts.get(duty.pk, ())) for duty in listed]


def nugget_work_of_user(user: User) -> list[NuggetWork]:
    """What this person has to do with nuggets, one entry per bank and task; nothing where the role was withdrawn. One
    query for nobody's duties, two for any number."""
    duties = NuggetDuty.objects.filter(assessor__user=user)
    if not user.is_staff:
        may_judge = user.memberships.filter(role__in=[Role.ASSESSOR, Role.ORGANIZER]).values("track")
        duties = duties.filter(topic_bank__bank__track__in=may_judge)
    duties = duties.select_related("topic_bank__bank__track", "topic_bank__topic", "assessor")
    order = ("topic_bank__bank__track__name", "topic_bank__bank__name", "-task", "topic_bank__topic__position")
    mine = list(duties.order_by(*order))
    return _by_bank(nugget_duty_progress(mine)) if mine else []


def nugget_duties_in(track: Track) -> list[NuggetDutyProgress]:
    """Everybody's, by bank, task, person and topic. Two queries."""
    duties = NuggetDuty.objects.filter(topic_bank__bank__track=track)
    duties = duties.select_related("topic_bank__bank", "topic_bank__topic", "assessor__user", "suggestion_source")
    order = ("topic_bank__bank__name", "-task", "assessor__name", "topic_bank__topic__position")
    return nugget_duty_progress(duties.order_by(*order))


def _by_bank(progress: list[NuggetDutyProgress]) -> list[NuggetWork]:
    works: dict[tuple[int, str], NuggetWork] = {}
    for one in progress:
        bank, duty = one.duty.topic_bank.bank, one.duty
        work = works.setdefault((bank.pk, duty.task), NuggetWork(bank, duty.task, duty.assessor))
        work.duties.append(one)
    return list(works.values())
