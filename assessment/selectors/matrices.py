"""Rankings and judgments straight from their rows into numpy, and the (run × topic) scores that come of them.

The arrays of Ranking travel in PostgreSQL's binary form and are joined before numpy sees them: 143 runs × 30 topics ×
1,000 documents take a third of the time that Python lists of them take.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import psycopg
from django.db import connection
from psycopg.adapt import Loader
from psycopg.postgres import types
from psycopg.pq import Format

from assessment.domain.errors import DomainError
from assessment.domain.measures import Evaluation, Grades, Rankings, evaluate, parse_measure
from assessment.models import Assessor, Topic, Track

_ARRAYS = (types["int4"].array_oid, types["float8"].array_oid)
# An array is sent as five header words, then for every element its size (always 4, or 8) and its value, big-endian.
_HEADER_BYTES = 20
_REAL = np.dtype([("size", ">i4"), ("value", ">f8")])

_RANKINGS = """
SELECT ranking.run_id, ranking.topic_id, {documents}
FROM assessment_ranking ranking JOIN assessment_run run ON run.id = ranking.run_id
WHERE run.track_id = %s
"""
_GRADES = """
SELECT coalesce(array_agg(topic_id::int), '{}'), coalesce(array_agg(document_id), '{}'),
       coalesce(array_agg(grade::int), '{}')
FROM assessment_judgment
WHERE assessor_id = %s AND state = 'graded' AND NOT vigilance
"""
_TRACK_GRADES = """
SELECT coalesce(array_agg(assessor_id::int), '{}'), coalesce(array_agg(topic_id::int), '{}'),
       coalesce(array_agg(document_id), '{}'), coalesce(array_agg(grade::int), '{}')
FROM assessment_judgment
WHERE assessor_id = ANY(%s) AND state = 'graded' AND NOT vigilance
"""


class TrackGrades(NamedTuple):
    """Grades of several assessors as columns of one length: keys of assessor, topic and document (int32), grade."""

    assessors: np.ndarray
    topics: np.ndarray
    documents: np.ndarray
    grades: np.ndarray

    @property
    def pairs(self) -> np.ndarray:
        """One number (int64) for each (topic, document) pair."""
        return (self.topics.astype(np.int64) << 32) | self.documents

    def of(self, assessor: Assessor) -> "TrackGrades":
        """This assessor's grades only."""
        own = self.assessors == assessor.pk
        return TrackGrades(*(column[own] for column in self))


class _Elements(Loader):
    """The elements of an int4[] or float8[] without NULLs, as the bytes in which they came."""

    format = Format.BINARY

    def load(self, data) -> bytes:
        return bytes(data[_HEADER_BYTES:])


def rankings_of(track: Track, depth: int | None = None) -> Rankings:
    """Every ranking of the track, with its runs in the order of their tags and its topics in their own order.

    With `depth` only so many documents of each ranking are read: enough for measures that look no deeper.
    """
    runs = dict(track.runs.order_by("tag").values_list("pk", "tag"))
    topics = _topic_names(track)
    documents = "ranking.documents" if depth is None else f"ranking.documents[1:{int(depth)}]"
    rows = binary_rows(_RANKINGS.format(documents=documents), [track.pk])
    run_keys, topic_keys, parts = zip(*rows, strict=True) if rows else ((), (), ())
    lengths = np.fromiter(map(len, parts), dtype=np.int64, count=len(parts)) // 8
    return Rankings(
        runs=list(runs.values()),
        topics=list(topics.values()),
        run_index=_places(run_keys, runs),
        topic_index=_places(topic_keys, topics),
        offsets=np.concatenate([[0], np.cumsum(lengths)]),
        documents=integers(b"".join(parts)),
    )


def grades_of(assessor: Assessor) -> Grades:
    """Every grade of the assessor, its topics numbered as in `rankings_of`. Skipped and unjudgeable pairs have none."""
    ((topic_keys, documents, grades),) = binary_rows(_GRADES, [assessor.pk])
    places = _places(integers(topic_keys), _topic_names(assessor.track))
    return Grades(places, integers(documents), integers(grades).astype(np.int16))


def grades_by_all(assessors: Iterable[Assessor]) -> TrackGrades:
    """Every grade of these assessors, in one query. Skipped and unjudgeable pairs have none."""
    ((keys, topics, documents, grades),) = binary_rows(_TRACK_GRADES, [[one.pk for one in assessors]])
    return TrackGrades(*map(integers, (keys, topics, documents)), integers(grades).astype(np.int16))


def score_matrix(track: Track, assessor: Assessor, measures: Sequence[str]) -> Evaluation:
    """Scores of every run of the track on every topic that the assessor has judged (`trec_eval -c`).

    Raises DomainError for an unknown measure, a track without runs and an assessor without grades.
    """
    rankings = rankings_of(track, depth=depth_needed(measures))
    if not rankings.runs:
        raise DomainError(f"The track {track.slug} has no runs yet.")
    grades = grades_of(assessor)
    if not len(grades.grades):
        raise DomainError(f"{assessor.name} has judged nothing in {track.slug} yet.")
    return evaluate(rankings, grades, list(measures), track.relevant_from)


def depth_needed(measures: Iterable[str]) -> int | None:
    """How many documents of a ranking these measures look at; None for all. DomainError for an unknown measure."""
    cutoffs = [parse_measure(name).cutoff for name in measures]
    return None if None in cutoffs else max(cutoffs, default=None)


def on_topics(grades: Grades, topic_index: np.ndarray) -> Grades:
    """The grades on these topics only."""
    kept = np.isin(grades.topic_index, topic_index)
    return Grades(*(column[kept] for column in grades))


def _topic_names(track: Track) -> dict[int, str]:
    return dict(Topic.objects.filter(track=track).order_by("position", "pk").values_list("pk", "qid"))


def _places(keys: Sequence[int] | np.ndarray, names: dict[int, str]) -> np.ndarray:
    """The place in `names` of every key, int32."""
    order = np.fromiter(names, dtype=np.int64, count=len(names))
    by_key = np.argsort(order)
    return by_key[np.searchsorted(order, np.asarray(keys, dtype=np.int64), sorter=by_key)].astype(np.int32)


def integers(elements: bytes) -> np.ndarray:
    """The values (int32) of an int4[] that `binary_rows` returned."""
    return np.frombuffer(elements, dtype=">i4")[1::2].astype(np.int32)


def reals(elements: bytes) -> np.ndarray:
    """The values (float64) of a float8[] that `binary_rows` returned."""
    return np.frombuffer(elements, dtype=_REAL)["value"].astype(np.float64)


def binary_rows(query: str, parameters: Sequence) -> list[tuple]:
    """The rows of a query; an int4[] or float8[] in them is bytes, for `integers` and `reals`."""
    # Django's cursors bind on the client and receive text; this one speaks binary on the same connection.
    connection.ensure_connection()
    with psycopg.Cursor(connection.connection) as cursor:
        cursor.format = Format.BINARY
        for array in _ARRAYS:
            cursor.adapters.register_loader(array, _Elements)
        cursor.execute(query, parameters)
        return cursor.fetchall()
