"""Measures of runs as trec_eval computes them, for all runs and topics at once.

The names are those of ir_measures; the definitions are those of trec_eval 9 (m_ndcg_cut.c, m_map.c, m_bpref.c, ..):

* nDCG, nDCG@k: the gain is the grade, the discount log2(rank + 1); the ideal ranking holds every judged document. The
  relevance threshold plays no part.
* P@k: relevant documents among the first k, divided by k however short the ranking is. Success@k: 1 if there is any.
* R@k, AP, AP@k: divided by the number of relevant documents of the topic.
* RR, RR@k: 1 / rank of the first relevant document.
* Bpref: unjudged documents are passed over; R = relevant, N = judged non-relevant documents of the topic,
  1/R * sum over retrieved relevant documents of 1 - min(n above it, R) / min(N, R).
* Judged@k (ir_measures): judged documents among the first k, divided by k or by the ranking's length where shorter.

A document is relevant when its grade is `relevant_from` or more. The means are those of `trec_eval -c`: over every
topic that has a judgment. A judged topic that a run lacks counts as 0, and so does one without any relevant document.
"""

import re
from typing import NamedTuple

import numpy as np

from assessment.domain.errors import DomainError

SUPPORTED = "nDCG, nDCG@k, P@k, AP, AP@k, Bpref, R@k, RR, RR@k, Judged@k, Success@k"
CUTOFF_OPTIONAL = ("nDCG", "AP", "RR")
CUTOFF_REQUIRED = ("P", "R", "Judged", "Success")
CUTOFF_NEVER = ("Bpref",)
NAME = re.compile(r"(?P<kind>[A-Za-z]+)(@(?P<cutoff>[1-9][0-9]{0,5}))?")
FILTER_BITS = 20
NO_CUTOFF = np.iinfo(np.int64).max


class Measure(NamedTuple):
    """A measure as it was asked for; `cutoff` is None where the whole ranking counts."""

    name: str
    kind: str
    cutoff: int | None


class Rankings(NamedTuple):
    """r rankings of several runs. Ranking i is that of run `run_index[i]` (int32, r) for topic `topic_index[i]`
    (int32, r): `documents[offsets[i]:offsets[i + 1]]` (int32 document numbers, already in trec_eval's order;
    offsets int64, r + 1). A run has at most one ranking a topic; `topics` holds every topic that has a grade, too.
    """

    runs: list[str]
    topics: list[str]
    run_index: np.ndarray
    topic_index: np.ndarray
    offsets: np.ndarray
    documents: np.ndarray


class Grades(NamedTuple):
    """m judged pairs, each once: `topic_index` (int32, m, into the topics of the rankings), `documents` (int32, m) and
    `grades` (int16, m, none negative: unjudgeable pairs stay outside).
    """

    topic_index: np.ndarray
    documents: np.ndarray
    grades: np.ndarray


class Evaluation(NamedTuple):
    """Scores by the measure's name as asked: float64, runs x judged topics; `topics` are the columns' names."""

    runs: list[str]
    topics: list[str]
    scores: dict[str, np.ndarray]


def parse_measure(name: str) -> Measure:
    """Read a measure's name as ir_measures writes it, such as nDCG@10; DomainError names what is supported."""
    match = NAME.fullmatch(name)
    kind, cutoff = (match["kind"], match["cutoff"]) if match else ("", None)
    known = kind in (CUTOFF_OPTIONAL if cutoff is None else CUTOFF_OPTIONAL + CUTOFF_REQUIRED)
    if known or (cutoff is None and kind in CUTOFF_NEVER):
        return Measure(name, kind, None if cutoff is None else int(cutoff))
    raise DomainError(f"The measure {name!r} is not known. Known are {SUPPORTED}, with a number for k.")


def mean_scores(scores: np.ndarray) -> np.ndarray:
    """The mean over topics of each run (runs x topics -> runs); DomainError without any judged topic."""
    if scores.shape[1] == 0:
        raise DomainError("No topic of these runs has a judgment, so there is nothing to average.")
    return scores.mean(axis=1)


def evaluate(rankings: Rankings, grades: Grades, measures: list[str], relevant_from: int = 1) -> Evaluation:
    """Score every run on every judged topic by every measure; 0 where a run lacks the topic."""
    parsed = [parse_measure(name) for name in measures]
    judged, column = np.unique(grades.topic_index, return_inverse=True)
    if not len(judged):
        return Evaluation(rankings.runs, [], {name: np.zeros((len(rankings.runs), 0)) for name in measures})
    column_of_topic = np.full(len(rankings.topics), -1, dtype=np.int64)
    column_of_topic[judged] = np.arange(len(judged))
    pairs = _pairs(column, grades, len(judged))
    hits = _hits(rankings, column_of_topic[rankings.topic_index], pairs)
    on_judged = np.flatnonzero(hits.columns >= 0)
    cells = rankings.run_index[on_judged], hits.columns[on_judged]
    scores = {}
    for measure in parsed:
        matrix = np.zeros((len(rankings.runs), len(judged)))
        matrix[cells] = _score(measure, hits, pairs, relevant_from)[on_judged]
        scores[measure.name] = matrix
    return Evaluation(rankings.runs, [rankings.topics[topic] for topic in judged.tolist()], scores)


class _Pairs(NamedTuple):
    """The judged pairs by column (judged topic), each column's grades descending."""

    columns: np.ndarray
    documents: np.ndarray
    grades: np.ndarray
    n_columns: int

    def count(self, chosen: np.ndarray) -> np.ndarray:
        """How many chosen pairs each column has."""
        return np.bincount(self.columns[chosen], minlength=self.n_columns)


class _Hits(NamedTuple):
    """The judged documents that the rankings retrieved, h of them, by ranking and then by rank.

    `rankings` (h) and `positions` (h, rank - 1) say where, `grades` (h) what; `columns` (r) and `lengths` (r) belong to
    the rankings, the column being -1 for a topic without judgments.
    """

    rankings: np.ndarray
    positions: np.ndarray
    grades: np.ndarray
    columns: np.ndarray
    lengths: np.ndarray

    def total(self, values: np.ndarray) -> np.ndarray:
        """The sum of h values by ranking, r; added in the order of ranks, as trec_eval adds."""
        return np.bincount(self.rankings, weights=values, minlength=len(self.lengths))

    def so_far(self, chosen: np.ndarray) -> np.ndarray:
        """How many chosen hits (h booleans) its ranking has up to and with each hit, h."""
        running = np.cumsum(chosen)
        per_ranking = np.bincount(self.rankings, weights=chosen, minlength=len(self.lengths)).astype(np.int64)
        before = np.cumsum(per_ranking) - per_ranking
        return running - before[self.rankings]


def _pairs(column: np.ndarray, grades: Grades, n_columns: int) -> _Pairs:
    order = np.lexsort((-grades.grades.astype(np.int64), column))
    return _Pairs(column[order], grades.documents[order], grades.grades[order].astype(np.int64), n_columns)


def _hits(rankings: Rankings, columns: np.ndarray, pairs: _Pairs) -> _Hits:
    offsets = np.asarray(rankings.offsets, dtype=np.int64)
    found = _maybe_judged(rankings.documents, pairs.documents)
    found = found[(found >= offsets[0]) & (found < offsets[-1])]
    ranking = np.searchsorted(offsets, found, side="right") - 1
    column, document = columns[ranking], rankings.documents[found].astype(np.int64)
    width = 1 + int(max(pairs.documents.max(), document.max(initial=0)))
    keys = pairs.columns * width + pairs.documents
    by_key = np.argsort(keys)
    wanted = column * width + document
    place = by_key[np.minimum(np.searchsorted(keys, wanted, sorter=by_key), len(keys) - 1)]
    hit = (keys[place] == wanted) & (column >= 0)
    ranking, found, place = ranking[hit], found[hit], place[hit]
    return _Hits(ranking, found - offsets[ranking], pairs.grades[place], columns, np.diff(offsets))


def _maybe_judged(retrieved: np.ndarray, judged: np.ndarray) -> np.ndarray:
    """The places of retrieved documents whose low bits are those of a judged one: the few that need a real look-up."""
    mask = (1 << FILTER_BITS) - 1
    present = np.zeros(1 << FILTER_BITS, dtype=bool)
    present[judged & mask] = True
    return np.flatnonzero(present[retrieved & mask])


def _score(measure: Measure, hits: _Hits, pairs: _Pairs, relevant_from: int) -> np.ndarray:
    """The measure of each ranking, r; what rankings of unjudged topics get is of no meaning."""
    cutoff = NO_CUTOFF if measure.cutoff is None else measure.cutoff
    shallow = hits.positions < cutoff
    relevant = hits.grades >= relevant_from
    if measure.kind == "nDCG":
        return _ndcg(hits, pairs, cutoff)
    if measure.kind == "Judged":
        return _ratio(hits.total(shallow), np.minimum(hits.lengths, cutoff))
    if measure.kind == "P":
        return hits.total(shallow & relevant) / cutoff
    if measure.kind == "Success":
        return np.minimum(hits.total(shallow & relevant), 1.0)
    if measure.kind == "RR":
        first = shallow & relevant & (hits.so_far(relevant) == 1)
        return hits.total(first / (hits.positions + 1))
    n_relevant = pairs.count(pairs.grades >= relevant_from)[hits.columns]
    if measure.kind == "R":
        return _ratio(hits.total(shallow & relevant), n_relevant)
    if measure.kind == "AP":
        precision = hits.so_far(relevant) / (hits.positions + 1)
        return _ratio(hits.total(precision * (shallow & relevant)), n_relevant)
    n_other = pairs.count(pairs.grades < relevant_from)[hits.columns]
    return _bpref(hits, relevant, n_relevant, n_other)


def _ndcg(hits: _Hits, pairs: _Pairs, cutoff: int) -> np.ndarray:
    gained = hits.total(_discounted(hits.grades, hits.positions, cutoff))
    starts = np.searchsorted(pairs.columns, np.arange(pairs.n_columns))
    ideal_positions = np.arange(len(pairs.columns)) - starts[pairs.columns]
    ideal = np.bincount(
        pairs.columns, weights=_discounted(pairs.grades, ideal_positions, cutoff), minlength=pairs.n_columns
    )
    return _ratio(gained, ideal[hits.columns])


def _discounted(grades: np.ndarray, positions: np.ndarray, cutoff: int) -> np.ndarray:
    return np.where(positions < cutoff, grades / np.log2(positions + 2.0), 0.0)


def _bpref(hits: _Hits, relevant: np.ndarray, n_relevant: np.ndarray, n_other: np.ndarray) -> np.ndarray:
    bound = n_relevant[hits.rankings]
    worse_above = np.minimum(hits.so_far(~relevant), bound)
    lost = _ratio(worse_above, np.minimum(n_other[hits.rankings], bound))
    return _ratio(hits.total((1.0 - lost) * relevant), n_relevant)


def _ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Element by element; 0 where the denominator is 0, as in trec_eval."""
    numerator = np.asarray(numerator, dtype=np.float64)
    return np.divide(numerator, denominator, out=np.zeros_like(numerator), where=denominator > 0)
