"""How every pair of an adjudication stands, in SQL: what its sources say now, and what its result says.

A pair's `place`: `agreed`, at least two sources graded it and all gave the same grade; `open`, they differ; `later`,
they differ and the adjudicator has put it off; `decided`, a person has decided; `stale`, the sources' grades have
changed since then, and not towards the decision; `single`, one source graded it; `gone`, none does any more.

A label that was taken over has the condition `automatic`: nobody looked at it for the result. A decision has none. The
`distribution` of either is what it was based on, the share of the sources that gave each grade: so a decision shows by
itself whether its sources have changed, also when a file was imported again or a grade taken back.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.db import connection

from assessment.models import Adjudication, Assessor, Pool

PLACES = ("agreed", "open", "later", "decided", "stale", "single", "gone")
FOR_A_PERSON = ("open", "later", "decided", "stale")
LARGEST_KEY = 2**63 - 1  # what an address says may be larger

# Where the pairs come from: adjudication_id, pool_id, result_id, source_id; one row for each source.
_STORED = """
    SELECT adjudication.id AS adjudication_id, adjudication.pool_id, adjudication.result_id,
        source.assessor_id AS source_id
    FROM assessment_adjudication adjudication
    JOIN assessment_adjudication_sources source ON source.adjudication_id = adjudication.id
    WHERE adjudication.id = ANY(%(adjudications)s)
"""
_PLANNED = """
    SELECT 0 AS adjudication_id, %(pool)s::bigint AS pool_id, NULL::bigint AS result_id, source_id
    FROM unnest(%(sources)s::bigint[]) AS source (source_id)
"""
_STANDING = """
scope AS ({scope}),
votes AS (
    SELECT scope.adjudication_id, judgment.topic_id, judgment.document_id, judgment.grade, count(*) AS votes
    FROM scope
    JOIN assessment_judgment judgment ON judgment.assessor_id = scope.source_id
        AND judgment.state = 'graded' AND NOT judgment.vigilance
    WHERE (scope.pool_id IS NULL OR EXISTS (
            SELECT FROM assessment_poolitem item
            WHERE item.pool_id = scope.pool_id AND item.topic_id = judgment.topic_id
                AND item.document_id = judgment.document_id AND item.planted_for_id IS NULL))
        AND (%(topic)s::bigint IS NULL OR judgment.topic_id = %(topic)s)
        AND (%(document)s::bigint IS NULL OR judgment.document_id = %(document)s)
    GROUP BY 1, 2, 3, 4
),
said AS (
    SELECT adjudication_id, topic_id, document_id, sum(votes)::int AS sources,
        min(grade) AS lowest, max(grade) AS highest, jsonb_object_agg(grade, round(votes / total, 6)) AS shares
    FROM (
        SELECT *, sum(votes) OVER (PARTITION BY adjudication_id, topic_id, document_id) AS total FROM votes
    ) counted
    GROUP BY 1, 2, 3
),
result AS (
    SELECT named.adjudication_id, judgment.topic_id, judgment.document_id, judgment.id AS judgment_id,
        judgment.state, judgment.grade, judgment.distribution, judgment.condition = 'automatic' AS taken
    FROM (SELECT DISTINCT adjudication_id, result_id FROM scope) named
    JOIN assessment_judgment judgment ON judgment.assessor_id = named.result_id AND NOT judgment.vigilance
    WHERE (%(topic)s::bigint IS NULL OR judgment.topic_id = %(topic)s)
        AND (%(document)s::bigint IS NULL OR judgment.document_id = %(document)s)
),
standing AS (
    SELECT adjudication_id, topic_id, document_id, coalesce(sources, 0) AS sources, lowest, highest, shares,
        judgment_id, coalesce(state, '') AS state, grade, coalesce(taken, false) AS taken,
        CASE
            WHEN NOT taken AND state <> 'skipped' THEN CASE
                WHEN distribution IS NOT DISTINCT FROM shares THEN 'decided'
                WHEN sources > 1 AND lowest = highest AND lowest = grade THEN 'decided'
                ELSE 'stale' END
            WHEN sources IS NULL THEN 'gone'
            WHEN sources = 1 THEN 'single'
            WHEN lowest = highest THEN 'agreed'
            WHEN state = 'skipped' THEN 'later'
            ELSE 'open'
        END AS place
    FROM said FULL JOIN result USING (adjudication_id, topic_id, document_id)
)
"""
STANDING = _STANDING.format(scope=_STORED)
_COUNTS = """
SELECT adjudication_id, place, count(*), count(*) FILTER (WHERE taken AND grade = lowest)
FROM standing GROUP BY 1, 2
"""


class Counts(NamedTuple):
    """How many pairs stand where. `fresh` are agreed and not yet taken over; `singles_taken` are singles that were."""

    agreed: int = 0
    fresh: int = 0
    open: int = 0
    later: int = 0
    decided: int = 0
    stale: int = 0
    singles: int = 0
    singles_taken: int = 0
    gone: int = 0

    @property
    def shared(self) -> int:
        """Pairs that several sources graded, and those that were decided when they did."""
        return self.agreed + self.to_judge

    @property
    def to_judge(self) -> int:
        """Pairs that are a person's to decide, decided or not."""
        return self.open + self.later + self.done

    @property
    def to_decide(self) -> int:
        return self.open + self.later

    @property
    def done(self) -> int:
        return self.decided + self.stale


class PairStanding(NamedTuple):
    """One pair: how many sources graded it, from which grade to which, and what the result says of it.

    `shares` is JSON as text, the share of the sources that gave each grade: one of thousands of pairs is ever read.
    """

    topic_id: int
    document_id: int
    place: str
    sources: int
    lowest: int | None
    highest: int | None
    shares: str | None
    judgment_id: int | None
    state: str
    grade: int | None
    taken: bool


def standing_of(adjudications: Iterable[Adjudication], topic: int | None = None, document: int | None = None) -> dict:
    """The parameters of a query over STANDING."""
    keys = [adjudication.pk for adjudication in adjudications]
    return {"adjudications": keys, "topic": topic, "document": document}


def pair_standings(
    adjudication: Adjudication,
    *,
    topic: int | None = None,
    document: int | None = None,
    places: Sequence[str] = FOR_A_PERSON,
) -> list[PairStanding]:
    """The pairs in these places, by topic and docid; of one topic, or one pair, where it is named. One query."""
    if max(topic or 0, document or 0) > LARGEST_KEY:
        return []
    query = f"""
        WITH {STANDING}
        SELECT {", ".join(f"standing.{name}" for name in PairStanding._fields)} FROM standing
        JOIN assessment_topic topic ON topic.id = standing.topic_id
        JOIN assessment_document document ON document.id = standing.document_id
        WHERE place = ANY(%(places)s) ORDER BY topic.position, topic.id, document.docid
    """
    with connection.cursor() as cursor:
        cursor.execute(query, standing_of([adjudication], topic, document) | {"places": list(places)})
        return [PairStanding(*row) for row in cursor.fetchall()]


def counts_of(adjudications: Iterable[Adjudication]) -> dict[int, Counts]:
    """The counts of each adjudication, by its key. One query."""
    listed = list(adjudications)
    with connection.cursor() as cursor:
        cursor.execute(f"WITH {STANDING} {_COUNTS}", standing_of(listed))
        rows = cursor.fetchall()
    return {one.pk: _counts([row[1:] for row in rows if row[0] == one.pk]) for one in listed}


def planned_counts(sources: Iterable[Assessor], pool: Pool | None) -> Counts:
    """What an adjudication of these sources would find. One query."""
    parameters = {"sources": [one.pk for one in sources], "pool": pool and pool.pk, "topic": None, "document": None}
    with connection.cursor() as cursor:
        cursor.execute(f"WITH {_STANDING.format(scope=_PLANNED)} {_COUNTS}", parameters)
        return _counts([row[1:] for row in cursor.fetchall()])


def _counts(rows: Iterable[tuple[str, int, int]]) -> Counts:
    found = {place: (number, taken) for place, number, taken in rows}
    numbers = {place: number for place, (number, _) in found.items()}
    agreed, single = found.get("agreed", (0, 0)), found.get("single", (0, 0))
    return Counts(
        agreed=agreed[0],
        fresh=agreed[0] - agreed[1],
        singles=single[0],
        singles_taken=single[1],
        **{place: numbers.get(place, 0) for place in ("open", "later", "decided", "stale", "gone")},
    )
