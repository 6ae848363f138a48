"""What a judge and somebody else said of the same pairs, with the judge's probabilities, straight into numpy."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from assessment.models import Assessor
from assessment.selectors.matrices import binary_rows, integers, reals

_PAIRS = """
SELECT {columns}
FROM assessment_judgment judge
JOIN assessment_judgment other ON other.topic_id = judge.topic_id AND other.document_id = judge.document_id
WHERE judge.assessor_id = %s AND judge.state = 'graded' AND NOT judge.vigilance
  AND other.assessor_id = %s AND other.state = 'graded' AND NOT other.vigilance
"""
_INTEGERS = (
    "judge.topic_id::int",
    "judge.document_id",
    "judge.grade::int",
    "other.grade::int",
    "(other.suggestion_grade IS NOT NULL AND other.suggestion_by_id IS NOT DISTINCT FROM judge.assessor_id)::int",
)
_CONFIDENCE = "coalesce(judge.confidence, 'NaN'::float8)"
# A distribution leaves out no grade but one of probability 0; without a distribution all are unknown.
_SHARE = (
    "CASE WHEN jsonb_typeof(judge.distribution) = 'object'"
    " THEN coalesce((judge.distribution->'{grade}')::float8, 0) ELSE 'NaN'::float8 END"
)


class JudgedPairs(NamedTuple):
    """The n pairs that both graded: keys of topic and document (int32), the `judged` grade and the `given` one, whether
    the other had the judge's label in sight (`seen`), the judge's `confidence` and its `distributions` (n × grades of
    the scale, ascending); NaN where it gave none."""

    topics: np.ndarray
    documents: np.ndarray
    judged: np.ndarray
    given: np.ndarray
    seen: np.ndarray
    confidence: np.ndarray
    distributions: np.ndarray

    @property
    def pairs(self) -> np.ndarray:
        """One number (int64) for each (topic, document) pair, as TrackGrades has it."""
        return (self.topics.astype(np.int64) << 32) | self.documents

    def where(self, kept: np.ndarray) -> "JudgedPairs":
        """Those pairs only."""
        return JudgedPairs(*(column[kept] for column in self))


def judged_pairs(judge: Assessor, other: Assessor, scale: Sequence[int]) -> JudgedPairs:
    """What the two say of the pairs that both graded, in one query; answers to planted passages are not among them."""
    shares = [_SHARE.format(grade=int(grade)) for grade in scale]
    columns = [f"coalesce(array_agg({one}), '{{}}')" for one in (*_INTEGERS, _CONFIDENCE, *shares)]
    (found,) = binary_rows(_PAIRS.format(columns=", ".join(columns)), [judge.pk, other.pk])
    topics, documents, judged, given, seen = map(integers, found[: len(_INTEGERS)])
    confidence, *probabilities = map(reals, found[len(_INTEGERS) :])
    return JudgedPairs(topics, documents, judged, given, seen.astype(bool), confidence, np.column_stack(probabilities))
