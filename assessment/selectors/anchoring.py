"""Anchoring in a track: grades with a suggestion in sight against grades without, before against after the reveal, and
the answers to planted passages. Planted passages count in the last part only."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from django.db import connection

from assessment.domain.anchoring import Likeness, Revisions, Vigilance, likeness, revisions, vigilance
from assessment.models import Assessor, Track

# How a grade was given. Blind are those before the reveal of commit, then reveal, too; unseen is a post-edit passage
# whose label came too late.
IN_SIGHT = ("post_edit",)
OUT_OF_SIGHT = ("manual", "filtered", "before_reveal", "unseen")
WORDS = {
    "in_sight": "with the label in sight",
    "manual": "by hand",
    "filtered": "in a filtered pool",
    "before_reveal": "before the reveal",
    "unseen": "before the label came",
}

# Without a label in sight there is no source on the row: the grades are held against everyone whose labels are
# suggested in the track.
_GRADES = """
WITH judge AS (SELECT id FROM assessment_assessor WHERE id = ANY(%(assessors)s)),
source AS (
    SELECT duty.suggestion_source_id AS id FROM assessment_duty duty JOIN assessment_pool pool ON pool.id = duty.pool_id
    WHERE pool.track_id = %(track)s AND duty.suggestion_source_id IS NOT NULL
    UNION
    SELECT suggestion_by_id FROM assessment_judgment
    WHERE assessor_id = ANY(%(assessors)s) AND NOT vigilance AND suggestion_by_id IS NOT NULL
)
SELECT assessor_id, suggestion_by_id, CASE WHEN grade_before_reveal IS NULL THEN 'post_edit' ELSE 'before_reveal' END,
    topic_id, suggestion_grade, coalesce(grade_before_reveal, grade), count(*)
FROM assessment_judgment JOIN judge ON judge.id = assessor_id
WHERE NOT vigilance AND suggestion_grade IS NOT NULL AND coalesce(grade_before_reveal, grade) IS NOT NULL
GROUP BY 1, 2, 3, 4, 5, 6
UNION ALL
SELECT mine.assessor_id, theirs.assessor_id, CASE mine.condition WHEN 'post_edit' THEN 'unseen' ELSE mine.condition END,
    mine.topic_id, theirs.grade, mine.grade, count(*)
FROM assessment_judgment mine JOIN judge ON judge.id = mine.assessor_id
JOIN assessment_judgment theirs ON theirs.topic_id = mine.topic_id AND theirs.document_id = mine.document_id
    AND theirs.assessor_id <> mine.assessor_id AND theirs.assessor_id IN (SELECT id FROM source)
    AND theirs.state = 'graded' AND NOT theirs.vigilance
WHERE mine.suggestion_grade IS NULL AND mine.state = 'graded' AND NOT mine.vigilance
    AND mine.condition IN ('manual', 'filtered', 'post_edit')
GROUP BY 1, 2, 3, 4, 5, 6
"""
_REVEALS = """
SELECT mine.assessor_id, mine.topic_id, mine.grade_before_reveal, mine.grade, mine.suggestion_grade, EXISTS (
        SELECT FROM assessment_judgmentevent event
        WHERE event.assessor_id = mine.assessor_id AND event.topic_id = mine.topic_id
            AND event.document_id = mine.document_id AND NOT event.vigilance
            AND event.suggestion_grade IS NOT NULL AND event.kind IN ('recorded', 'accepted', 'bulk')
    ) AS decided, count(*)
FROM assessment_judgment mine
WHERE mine.assessor_id = ANY(%(assessors)s) AND mine.grade_before_reveal IS NOT NULL
    AND mine.suggestion_grade IS NOT NULL AND mine.state = 'graded' AND NOT mine.vigilance
GROUP BY 1, 2, 3, 4, 5, 6
"""
_PLANTED = """
SELECT duty.assessor_id, item.topic_id, answer.suggestion_grade, item.trusted_grade, answer.grade, count(*)
FROM assessment_poolitem item JOIN assessment_duty duty ON duty.id = item.planted_for_id
LEFT JOIN assessment_judgment answer ON answer.vigilance AND answer.assessor_id = duty.assessor_id
    AND answer.topic_id = item.topic_id AND answer.document_id = item.document_id AND answer.state = 'graded'
    AND answer.suggestion_grade IS NOT NULL
WHERE duty.assessor_id = ANY(%(assessors)s)
GROUP BY 1, 2, 3, 4, 5
"""


@dataclass
class SightRow:
    """One assessor's grades (None: all people's together) held against one source's labels (None: nobody knows whose).

    `ways` has a Likeness for each way in which grades were given; `above` the same on labels above 0 only.
    """

    assessor: Assessor | None
    source: Assessor | None
    ways: dict[str, Likeness]
    above: dict[str, Likeness]

    @property
    def told(self) -> list[tuple[str, Likeness]]:
        """The single ways that occur, in words."""
        return [(WORDS[way], one) for way, one in self.ways.items() if way in WORDS and one.n]

    @property
    def difference(self) -> float | None:
        """How much larger the share of equal grades is with the label in sight, on labels above 0, or None."""
        with_it, without = self.above["in_sight"].same, self.above["out_of_sight"].same
        return None if with_it is None or without is None else with_it - without

    def as_dict(self) -> dict:
        return {
            "assessor": _name(self.assessor),
            "source": _name(self.source),
            **{way: found._asdict() for way, found in self.ways.items()},
            "labels_above_0": {way: found._asdict() for way, found in self.above.items()},
            "same_difference": self.difference,
        }


@dataclass
class RevealRow:
    """What one assessor (None: all people together) made of revealed labels. `decided`: with a grade given, again or
    anew, after the label came into sight."""

    assessor: Assessor | None
    found: Revisions
    decided: int

    @property
    def told(self) -> list[tuple[str, int, float]]:
        """The ways that occur, in words, with their counts and shares."""
        found = self.found
        words = ("kept", "to the label", "nearer", "across", "farther")
        counts = (found.unchanged, found.to_label, found.toward, found.across, found.away)
        return [(word, count, count / found.n) for word, count in zip(words, counts, strict=True) if count]

    @property
    def table(self) -> list[tuple[int, list[tuple[int, bool]]]]:
        """The rows of the matrix: each grade with its counts, and whether they mean that it was kept."""
        grades = self.found.grades
        rows = zip(grades, self.found.matrix.tolist(), strict=True)
        return [(row, [(n, row == grade) for grade, n in zip(grades, counts, strict=True)]) for row, counts in rows]

    def as_dict(self) -> dict:
        return {"assessor": _name(self.assessor), **self.found.as_dict(), "decided": self.decided}


@dataclass
class VigilanceRow:
    """One assessor's answers (None: all people's) to planted passages, of which `planted` there are."""

    assessor: Assessor | None
    found: Vigilance
    planted: int
    topics: int

    def as_dict(self) -> dict:
        told = {"planted": self.planted, "topics": self.topics}
        return {"assessor": _name(self.assessor), **told, **self.found.as_dict()}


@dataclass
class Anchoring:
    """The rows of all people come first, where they are asked for and there are two people at least."""

    sight: list[SightRow] = field(default_factory=list)
    reveals: list[RevealRow] = field(default_factory=list)
    vigilance: list[VigilanceRow] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.sight or self.reveals or self.vigilance)

    def as_dict(self) -> dict:
        """Ready for JSON: lists under "sight", "reveals" and "vigilance"; undefined is None."""
        return {name: [row.as_dict() for row in rows] for name, rows in vars(self).items()}


class _Cell(NamedTuple):
    """`n` grades of one kind: their owner, their topic, and what they are counted by."""

    owner: tuple
    topic: int
    key: tuple
    n: int


def anchoring(track: Track, assessor: Assessor | None = None) -> Anchoring:
    """Of everyone in the track who grades, or of one assessor. Five queries."""
    scale = list(track.grades.values_list("value", flat=True))
    everyone = {one.pk: one for one in track.assessors.all()}
    graders = {pk: one for pk, one in everyone.items() if one.kind in (Assessor.Kind.HUMAN, Assessor.Kind.IMPORTED)}
    chosen = graders if assessor is None else {assessor.pk: assessor}
    parameters = {"track": track.pk, "assessors": list(chosen)}
    totals = assessor is None
    return Anchoring(
        _sight_rows(_rows(_GRADES, parameters), everyone, scale, totals),
        _reveal_rows(_rows(_REVEALS, parameters), everyone, scale, totals),
        _vigilance_rows(_rows(_PLANTED, parameters), everyone, totals),
    )


def _sight_rows(rows: list[tuple], everyone: dict, scale: Sequence[int], totals: bool) -> list[SightRow]:
    cells = [_Cell((who, source), topic, (way, label, grade), n) for who, source, way, topic, label, grade, n in rows]
    return [
        SightRow(
            everyone.get(who),
            everyone.get(source),
            _likenesses(own, scale),
            _likenesses([cell for cell in own if cell.key[1] > 0], scale),
        )
        for (who, source), own in _by_owner(cells, everyone, totals).items()
    ]


def _likenesses(cells: Sequence[_Cell], scale: Sequence[int]) -> dict[str, Likeness]:
    def of(*ways: str) -> Likeness:
        own = [cell._replace(key=cell.key[1:]) for cell in cells if cell.key[0] in ways]
        return likeness(_counts(own), scale, _topics(own))

    sides = {"in_sight": of(*IN_SIGHT), "out_of_sight": of(*OUT_OF_SIGHT)}
    return sides | {way: of(way) for way in OUT_OF_SIGHT}


def _reveal_rows(rows: list[tuple], everyone: dict, scale: Sequence[int], totals: bool) -> list[RevealRow]:
    cells = [_Cell((who,), topic, tuple(key), n) for who, topic, *key, n in rows]
    found = []
    for (who,), own in _by_owner(cells, everyone, totals).items():
        plain = [cell._replace(key=cell.key[:3]) for cell in own]
        decided = sum(cell.n for cell in own if cell.key[3])
        found.append(RevealRow(everyone.get(who), revisions(_counts(plain), scale, _topics(own)), decided))
    return found


def _vigilance_rows(rows: list[tuple], everyone: dict, totals: bool) -> list[VigilanceRow]:
    cells = [_Cell((who,), topic, tuple(key), n) for who, topic, *key, n in rows]
    found = []
    for (who,), own in _by_owner(cells, everyone, totals).items():
        answered = [cell for cell in own if cell.key[2] is not None]
        planted = sum(cell.n for cell in own)
        found.append(VigilanceRow(everyone.get(who), vigilance(_counts(answered)), planted, _topics(answered)))
    return found


def _by_owner(cells: Iterable[_Cell], everyone: dict[int, Assessor], totals: bool) -> dict[tuple, list[_Cell]]:
    """The cells by owner, by name; with `totals`, those of all people first, where two people or more have any."""
    owned, together, people = defaultdict(list), defaultdict(list), defaultdict(set)
    for cell in cells:
        who, *rest = cell.owner
        owned[cell.owner].append(cell)
        if everyone[who].kind == Assessor.Kind.HUMAN:
            together[None, *rest].append(cell)
            people[None, *rest].add(who)

    def names(owner: tuple) -> list[str]:
        return [everyone[key].name if key in everyone else "" for key in owner]

    shared = {owner: own for owner, own in together.items() if totals and len(people[owner]) > 1}
    return {owner: part[owner] for part in (shared, owned) for owner in sorted(part, key=names)}


def _counts(cells: Iterable[_Cell]) -> Counter:
    counts = Counter()
    for cell in cells:
        counts[cell.key] += cell.n
    return counts


def _topics(cells: Iterable[_Cell]) -> int:
    return len({cell.topic for cell in cells})


def _name(assessor: Assessor | None) -> str | None:
    return assessor.name if assessor else None


def _rows(query: str, parameters: dict) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return cursor.fetchall()
