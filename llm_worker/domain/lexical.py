"""The lexical baseline judge: BM25 similarity of passage and topic, read as a grade. What every LLM has to beat.

**Similarity.** BM25 sums over the words of the query, so its size says more about the query's length and the rarity of
its words than about the passage, and no threshold would fit two topics. It is therefore replaced by the share of the
collection that scores lower for the same topic: 1 for the best passage, 0 for those that share no word with it. On the
demo's CSFCube track, leaving one topic out, this agreed better with every set of grades than a division by the topic's
best score or by the score of its own text. Its weakness: it takes for granted that each topic has something relevant in
the collection. So the collection must be all of the track's passages, not the few that are judged.

**Grades** are fitted on *other* topics' judgments, never on those of the topic that is judged:

* the thresholds are the quantiles of the training similarities that give each grade as large a share as it has in the
  training grades (quantile matching). Naming the likeliest grade would name the commonest one nearly everywhere;
* p(grade ≥ g | similarity) is the share of such pairs in bins of equal size, made monotone by isotonic regression (pool
  adjacent violators, Ayer et al. 1955) and read between bins on a straight line. p(g) is the difference of neighbours.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from assessment.domain.errors import DomainError
from assessment.domain.retrieval import BM25Index

MINIMUM_PAIRS = 50
BIN_SIZE = 25


def similarities(index: BM25Index, query: str) -> np.ndarray:
    """For each text of the collection, in order, the share of the other texts with a lower BM25 score, in [0, 1]."""
    # Rounded, because equal texts must not be told apart by the last bits of a sum.
    scores = np.round(index.scores(query), 9)
    return np.searchsorted(np.sort(scores), scores, side="left") / max(len(scores) - 1, 1)


class JudgedPair(NamedTuple):
    """A judged passage to learn from: its topic, its similarity to it, the grade that it was given."""

    topic: str
    similarity: float
    grade: int


class LexicalModel(NamedTuple):
    """A fitted judge.

    `thresholds[i]`: the similarity above which the grade is at least `scale[i + 1]`. `centres`: bins' mean similarity,
    ascending. `at_least[i]`: p(grade ≥ scale[i + 1]) at each centre. `pairs`: how many judgments it was fitted on.
    A grade that the training lacks is never given and has probability 0.
    """

    scale: tuple[int, ...]
    thresholds: np.ndarray
    centres: np.ndarray
    at_least: np.ndarray
    pairs: int

    def grade(self, similarity: float) -> tuple[int, dict[int, float]]:
        """The grade, and the probability of each grade of the scale; they sum to 1."""
        # A similarity on a threshold stands for ties in training (no common word, mostly): they get the lower grade.
        place = int(np.searchsorted(self.thresholds, similarity, side="left"))
        exceed = [1.0, *(float(np.interp(similarity, self.centres, row)) for row in self.at_least), 0.0]
        chances = (upper - lower for upper, lower in pairwise(exceed))
        return self.scale[place], dict(zip(self.scale, chances, strict=True))


def fit(scores: Sequence[float], grades: Sequence[int], scale: Sequence[int]) -> LexicalModel:
    """A judge from similarities and the grades given to them, one each; unjudgeable pairs must be left out before.

    Raises DomainError with fewer than `MINIMUM_PAIRS` pairs, with one grade only, or with a grade outside `scale`.
    """
    scale = tuple(sorted(scale))
    similarity, given = np.asarray(scores, float), np.asarray(grades, int)
    _check(given, scale)
    order = np.argsort(similarity, kind="stable")
    similarity, given = similarity[order], given[order]
    bins = _bins(similarity)
    centres = np.array([similarity[bin_].mean() for bin_ in bins])
    sizes = np.array([len(bin_) for bin_ in bins], float)
    at_least = [_isotonic(_shares(given >= grade, bins), sizes) for grade in scale[1:]]
    return LexicalModel(scale, _thresholds(similarity, given, scale), centres, np.array(at_least), len(given))


def fit_without(topic: str, judged: Iterable[JudgedPair], scale: Sequence[int]) -> LexicalModel:
    """A judge for `topic` from the judgments of every other topic. Raises DomainError as `fit` does."""
    others = [pair for pair in judged if pair.topic != topic]
    return fit([pair.similarity for pair in others], [pair.grade for pair in others], scale)


def _check(grades: np.ndarray, scale: tuple[int, ...]) -> None:
    if len(grades) < MINIMUM_PAIRS:
        raise DomainError(
            f"The lexical judge learns from judgments on other topics and needs at least {MINIMUM_PAIRS} of them; "
            f"there {'is' if len(grades) == 1 else 'are'} {len(grades)}."
        )
    outside = sorted({*grades.tolist()} - {*scale})
    if outside:
        raise DomainError(f"The lexical judge cannot learn from grade {outside[0]}: it is not on the track's scale.")
    if len(np.unique(grades)) == 1:
        raise DomainError(f"The lexical judge cannot learn from judgments that all have grade {grades[0]}.")


def _thresholds(similarity: np.ndarray, grades: np.ndarray, scale: tuple[int, ...]) -> np.ndarray:
    """The upper limit below each grade but the lowest; infinite where no training pair has that grade or a higher one.

    `similarity` ascends. A limit lies half way between the similarities on its two sides.
    """
    edges = []
    for grade in scale[1:]:
        below = int((grades < grade).sum())
        if below == len(grades):
            edges.append(np.inf)
        elif below == 0:
            edges.append(-np.inf)
        else:
            edges.append((similarity[below - 1] + similarity[below]) / 2)
    return np.array(edges)


def _bins(similarity: np.ndarray) -> list[np.ndarray]:
    """Positions in bins of about `BIN_SIZE`; `similarity` ascends, and pairs with equal similarity stay together."""
    cuts = np.searchsorted(similarity, similarity[BIN_SIZE::BIN_SIZE], side="left")
    return np.split(np.arange(len(similarity)), np.unique(cuts[cuts > 0]))


def _shares(hits: np.ndarray, bins: list[np.ndarray]) -> np.ndarray:
    """Share of hits per bin. Each bin has one more observation, of the overall share: few pairs prove no 0 and no 1."""
    overall = hits.mean()
    return np.array([(hits[bin_].sum() + overall) / (len(bin_) + 1) for bin_ in bins])


def _isotonic(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The ascending sequence nearest to `values` in weighted squares: neighbours out of order share their mean."""
    blocks: list[list[float]] = []  # mean, weight, how many values
    for value, weight in zip(values, weights, strict=True):
        blocks.append([value, weight, 1])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            mean, total, count = blocks.pop()
            before = blocks[-1]
            before[0] = (before[0] * before[1] + mean * total) / (before[1] + total)
            before[1] += total
            before[2] += count
    return np.repeat([mean for mean, _, _ in blocks], [int(count) for _, _, count in blocks])
