"""The organizer's board of a pool: topics down, people across, and how far each of them is."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import NamedTuple

import numpy as np
from django.db import connection
from django.db.models import Max
from django.utils import timezone

from assessment.domain.agreement import cohen_kappa
from assessment.models import Assessor, Condition, Duty, Pool, Topic, Track

RECENTLY = timedelta(days=2)  # what pace and projected end rest on
HOUR_MS = 3_600_000


class Filter(NamedTuple):
    """What the board is narrowed to: one assessor (by key), one condition, only topics with something left."""

    person: int | None = None
    condition: str = ""
    only_open: bool = False


@dataclass
class Cell:
    """One duty. `done` and `total` count what its page counts; `compared` counts pairs with another person's grade."""

    duty: Duty
    total: int = 0
    done: int = 0
    put_off: int = 0
    last_at: datetime | None = None
    compared: int = 0
    equal: int = 0

    @property
    def closed(self) -> bool:
        return self.duty.closed_at is not None

    @property
    def looked_at(self) -> bool:
        """Whether a person judges: under the condition `automatic` nobody does."""
        return self.duty.condition != Condition.AUTOMATIC

    @property
    def size(self) -> int:
        """What belongs to the duty for good: of a closed one only what was judged."""
        return self.done if self.closed else self.total

    @property
    def left(self) -> int:
        return self.size - self.done

    @property
    def begun(self) -> bool:
        return bool(self.done or self.put_off)

    @property
    def state(self) -> str:
        if self.closed:
            return "closed"
        if not self.left:
            return "done"
        if self.duty.due_on and self.duty.due_on < timezone.localdate():
            return "overdue"
        return "working" if self.begun else "not begun"

    @property
    def equal_share(self) -> float | None:
        return self.equal / self.compared if self.compared else None


@dataclass
class Person:
    """A column. Times are those of the judgments of this pool; None where nothing was measured."""

    assessor: Assessor
    cells: list[Cell] = field(default_factory=list)
    median_ms: float | None = None
    today: int = 0
    recent: int = 0
    recent_timed: int = 0
    recent_ms: int = 0
    begun_at: datetime | None = None

    @property
    def is_person(self) -> bool:
        return self.assessor.kind == Assessor.Kind.HUMAN

    @cached_property
    def done(self) -> int:
        return sum(cell.done for cell in self.cells)

    @cached_property
    def size(self) -> int:
        return sum(cell.size for cell in self.cells)

    @property
    def left(self) -> int:
        return self.size - self.done

    @property
    def per_hour(self) -> float | None:
        """Judgments in an hour of active time, over the last two days."""
        return self.recent_timed * HOUR_MS / self.recent_ms if self.recent_ms else None

    @property
    def left_ms(self) -> float | None:
        """Active time for what is left, at the median."""
        return None if self.median_ms is None else self.left * self.median_ms


@dataclass
class Row:
    """A topic: its pairs, how many of them somebody has judged, and how many are relevant by anybody's grade. `seats`:
    judgments that a shared pool still wants; None where everybody judges everything."""

    topic: Topic
    size: int
    done: int
    relevant: int
    seats: int | None = None
    cells: list[Cell | None] = field(default_factory=list)

    @property
    def unassigned(self) -> bool:
        return not any(self.cells)


class Overlap(NamedTuple):
    """What two people of the pool graded in common; a's grades are the rows of `matrix`."""

    a: int
    b: int
    matrix: np.ndarray

    @property
    def apart(self) -> int:
        return int(self.matrix.sum() - np.trace(self.matrix))


@dataclass
class Board:
    pool: Pool
    people: list[Person]
    rows: list[Row]
    overlaps: list[Overlap]
    shown_people: list[Person]
    shown_rows: list[Row]

    @cached_property
    def cells(self) -> list[Cell]:
        return [cell for person in self.people for cell in person.cells]

    @cached_property
    def done(self) -> int:
        return sum(person.done for person in self.people if person.is_person)

    @cached_property
    def left(self) -> int:
        """Of a shared pool people have the same pile before them: it counts once."""
        if self.pool.quota is not None:
            return sum(row.seats or 0 for row in self.rows)
        return sum(person.left for person in self.people if person.is_person)

    @property
    def size(self) -> int:
        return self.done + self.left

    @property
    def per_day(self) -> float | None:
        """Judgments a day over the last two; None before there is a day to go by, and where nobody judged."""
        begun = min((person.begun_at for person in self.people if person.begun_at), default=None)
        recent = sum(person.recent for person in self.people)
        if begun is None or not recent or timezone.now() - begun < timedelta(days=1):
            return None
        return recent / min(RECENTLY, timezone.now() - begun).total_seconds() * 86_400

    @property
    def ends_on(self) -> date | None:
        """The day on which nothing is left, at this pace."""
        if not self.left or self.per_day is None:
            return None
        days = self.left / self.per_day
        return timezone.localdate() + timedelta(days=days) if days < 3650 else None

    @property
    def compared(self) -> int:
        return sum(int(overlap.matrix.sum()) for overlap in self.overlaps)

    @property
    def apart(self) -> int:
        return sum(overlap.apart for overlap in self.overlaps)

    @property
    def equal_share(self) -> float | None:
        return 1 - self.apart / self.compared if self.compared else None

    @cached_property
    def kappa(self) -> float | None:
        """The mean of every two people's Cohen's kappa, weighted by the pairs that both graded."""
        kappas = [(cohen_kappa(overlap.matrix), overlap.matrix.sum()) for overlap in self.overlaps]
        defined = [(kappa, n) for kappa, n in kappas if kappa is not None]
        return float(sum(kappa * n for kappa, n in defined) / sum(n for _, n in defined)) if defined else None


# What a person says of a pair of the pool; what was planted counts as work, and nowhere else.
_COUNTS = """
    SELECT duty_id, count(*), count(*) FILTER (WHERE state IN ('graded', 'unjudgeable')),
        count(*) FILTER (WHERE state = 'skipped')
    FROM assessment_dutyitem WHERE duty_id IN (SELECT id FROM assessment_duty WHERE pool_id = %(pool)s) GROUP BY duty_id
"""
# Once for each duty and once for each assessor, in one reading.
_TIMES = """
    SELECT duty.id, mine.assessor_id, max(mine.updated_at),
        percentile_cont(0.5) WITHIN GROUP (ORDER BY mine.active_ms),
        count(*) FILTER (WHERE mine.updated_at >= %(today)s), count(*) FILTER (WHERE mine.updated_at >= %(since)s),
        count(mine.active_ms) FILTER (WHERE mine.updated_at >= %(since)s),
        sum(mine.active_ms) FILTER (WHERE mine.updated_at >= %(since)s), min(mine.created_at)
    FROM assessment_duty duty
    JOIN assessment_judgment mine ON mine.assessor_id = duty.assessor_id AND mine.topic_id = duty.topic_id
    WHERE duty.pool_id = %(pool)s AND duty.condition <> 'automatic' AND mine.state <> 'skipped' AND EXISTS (
        SELECT FROM assessment_poolitem item WHERE item.pool_id = duty.pool_id AND item.topic_id = duty.topic_id
            AND item.document_id = mine.document_id AND coalesce(item.planted_for_id = duty.id, true)
            AND mine.vigilance = (item.planted_for_id IS NOT NULL)
    )
    GROUP BY GROUPING SETS ((duty.id), (mine.assessor_id))
"""
_OVERLAPS = """
    WITH graded AS (
        SELECT duty.id, duty.topic_id, duty.assessor_id, item.document_id, mine.grade
        FROM assessment_duty duty
        JOIN assessment_poolitem item ON item.pool_id = duty.pool_id AND item.topic_id = duty.topic_id
            AND item.planted_for_id IS NULL
        JOIN assessment_judgment mine ON mine.assessor_id = duty.assessor_id AND mine.topic_id = item.topic_id
            AND mine.document_id = item.document_id AND NOT mine.vigilance AND mine.state = 'graded'
        WHERE duty.pool_id = %(pool)s AND duty.condition <> 'automatic'
    )
    SELECT one.id, other.id, one.grade, other.grade, count(*)
    FROM graded one JOIN graded other ON other.topic_id = one.topic_id AND other.document_id = one.document_id
        AND other.assessor_id > one.assessor_id
    GROUP BY one.id, other.id, one.grade, other.grade
"""
# Seats of a shared pool: how often a passage is still to be judged, and somebody is there who can.
_TOPICS = """
    SELECT item.topic_id, count(*), count(*) FILTER (WHERE said.done), count(*) FILTER (WHERE said.relevant),
        sum(greatest(0, least(
            pool.quota + (item.lot %% 100 < pool.overlap_percent)::int - coalesce(said.people, 0),
            coalesce(there.people, 0) - coalesce(said.still_there, 0)
        )))
    FROM assessment_poolitem item JOIN assessment_pool pool ON pool.id = item.pool_id
    LEFT JOIN (
        SELECT topic_id, count(*) AS people FROM assessment_duty
        WHERE pool_id = %(pool)s AND condition <> 'automatic' AND closed_at IS NULL GROUP BY topic_id
    ) there ON there.topic_id = item.topic_id
    LEFT JOIN (
        SELECT judged.id, bool_or(label.state <> 'skipped') AS done, bool_or(label.grade >= %(relevant)s) AS relevant,
            count(*) FILTER (WHERE label.state <> 'skipped' AND duty.condition <> 'automatic') AS people,
            count(*) FILTER (WHERE label.state <> 'skipped' AND duty.condition <> 'automatic'
                AND duty.closed_at IS NULL) AS still_there
        FROM assessment_duty duty
        JOIN assessment_judgment label ON label.assessor_id = duty.assessor_id AND label.topic_id = duty.topic_id
            AND NOT label.vigilance
        JOIN assessment_poolitem judged ON judged.pool_id = duty.pool_id AND judged.topic_id = duty.topic_id
            AND judged.document_id = label.document_id AND judged.planted_for_id IS NULL
        WHERE duty.pool_id = %(pool)s GROUP BY judged.id
    ) said ON said.id = item.id
    WHERE item.pool_id = %(pool)s AND item.planted_for_id IS NULL GROUP BY item.topic_id
"""


def pools_with_duties(track: Track) -> list[Pool]:
    """The track’s pools, the one with the newest duty first; those without duties last, the newest pool first."""
    pools = track.pools.annotate(newest=Max("duties__created_at"))
    return sorted(pools, key=lambda pool: (bool(pool.newest), pool.newest or pool.created_at, pool.pk), reverse=True)


def board_of(pool: Pool, narrowed: Filter = Filter()) -> Board:  # noqa: B008 — a tuple, never changed
    """Everything that the board of a pool says. Six queries; `pool.track` is at hand."""
    cells = _cells(pool)
    people = _people(cells.values())
    _add_times(pool, cells, people)
    overlaps = _add_overlaps(pool, cells)
    rows = _rows(pool, cells.values(), list(people.values()))
    board = Board(pool, list(people.values()), rows, overlaps, [], [])
    _narrow(board, narrowed)
    return board


def duty_cell(duty: Duty) -> Cell:
    """One cell with its counts; nothing is compared. One query."""
    sql = _COUNTS.replace("SELECT id FROM assessment_duty WHERE pool_id = %(pool)s", "%(duty)s")
    counts = _query(sql, duty=duty.pk)
    return Cell(duty, *counts[0][1:]) if counts else Cell(duty)


def _query(sql: str, **arguments) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, arguments)
        return cursor.fetchall()


def _cells(pool: Pool) -> dict[int, Cell]:
    duties = pool.duties.select_related("assessor", "suggestion_source").order_by("assessor__name", "topic__position")
    cells = {duty.pk: Cell(duty) for duty in duties}
    for pk, *counts in _query(_COUNTS, pool=pool.pk):
        cells[pk].total, cells[pk].done, cells[pk].put_off = counts
    return cells


def _people(cells) -> dict[int, Person]:
    """By name, people before those that only label."""
    people: dict[int, Person] = {}
    for cell in cells:
        people.setdefault(cell.duty.assessor_id, Person(cell.duty.assessor)).cells.append(cell)
    return dict(sorted(people.items(), key=lambda pair: (not pair[1].is_person, pair[1].assessor.name)))


def _add_times(pool: Pool, cells: dict[int, Cell], people: dict[int, Person]) -> None:
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    for duty, pk, last_at, *times in _query(_TIMES, pool=pool.pk, today=today, since=timezone.now() - RECENTLY):
        if duty is not None:
            cells[duty].last_at = last_at
            continue
        one = people[pk]
        one.median_ms, one.today, one.recent, one.recent_timed, ms, one.begun_at = times
        one.recent_ms = int(ms or 0)


def _add_overlaps(pool: Pool, cells: dict[int, Cell]) -> list[Overlap]:
    scale = {value: place for place, value in enumerate(pool.track.grades.values_list("value", flat=True))}
    matrices = defaultdict(lambda: np.zeros((len(scale), len(scale)), dtype=np.int64))
    for one, other, first, second, count in _query(_OVERLAPS, pool=pool.pk):
        for cell in (cells[one], cells[other]):
            cell.compared += count
            cell.equal += count if first == second else 0
        pair = (cells[one].duty.assessor_id, cells[other].duty.assessor_id)
        matrices[pair][scale[first], scale[second]] += count
    return [Overlap(*pair, matrix) for pair, matrix in matrices.items()]


def _rows(pool: Pool, cells, people: list[Person]) -> list[Row]:
    counts = {pk: found for pk, *found in _query(_TOPICS, pool=pool.pk, relevant=pool.track.relevant_from)}
    places = {person.assessor.pk: place for place, person in enumerate(people)}
    rows = {}
    for topic in Topic.objects.filter(track=pool.track, pk__in=list(counts)).order_by("position"):
        rows[topic.pk] = Row(topic, *counts[topic.pk], cells=[None] * len(people))
    for cell in cells:
        if cell.duty.topic_id in rows:
            rows[cell.duty.topic_id].cells[places[cell.duty.assessor_id]] = cell
    return list(rows.values())


def _narrow(board: Board, narrowed: Filter) -> None:
    """What is shown: figures are never narrowed, or a part would look like the whole."""

    def wanted(cell: Cell | None) -> bool:
        if cell is None:
            return False
        of_condition = not narrowed.condition or cell.duty.condition == narrowed.condition
        return of_condition and not (narrowed.only_open and not cell.left)

    anything = narrowed == Filter()
    columns = [
        place
        for place, person in enumerate(board.people)
        if narrowed.person in (None, person.assessor.pk) and (anything or any(map(wanted, person.cells)))
    ]
    board.shown_people = [board.people[place] for place in columns]
    for row in board.rows:
        cells = [row.cells[place] for place in columns]
        if anything or any(map(wanted, cells)) or (narrowed.only_open and row.unassigned and not narrowed.person):
            shown = cells if anything else [cell if wanted(cell) else None for cell in cells]
            board.shown_rows.append(Row(row.topic, row.size, row.done, row.relevant, row.seats, shown))
