"""Three small retrieval models over a collection that fits in memory, and the words of a query inside a text.

The demo's BM25, TF-IDF and LSA runs are built with these when it is loaded, and the judging page underlines query terms
with the same tokenizer, so that what is marked is what the models matched.

* A word is a run of letters, digits and the marks that belong to them (vowel signs, points), in any script; scripts
  written without spaces are not segmented.
* A term is the word after NFKC and case folding, without English plural endings: the "S" stemmer of Harman, "How
  effective is suffixing?", JASIS 42(1), 1991, rules in `_singular`. Stop words are dropped.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

import numpy as np
from scipy.sparse import csr_matrix, diags_array
from scipy.sparse.linalg import svds

_ENGLISH = """
    a about all also an and any are as at be been but by can could did do does for from had has have he her his how
    i if in into is it its may more most no not of on or our s she should so some such t than that the their them then
    there these they this those to was we were what when where which who whose why will with would you your
"""
STOP_WORDS = frozenset(_ENGLISH.split())


# Python's \w leaves combining marks out although they are inside words. All marks of letters lie below U+20000.
_MARKS = "".join(chr(c) for c in range(0x300, 0x20000) if unicodedata.category(chr(c)).startswith("M"))
_WORD = re.compile(rf"[^\W_]+(?:[{_MARKS}]+[^\W_]*)*")


@lru_cache(maxsize=65536)
def _term(word: str) -> str | None:
    """The term of a word as it stands in a text; None for a stop word."""
    folded = unicodedata.normalize("NFKC", word).casefold()
    return None if folded in STOP_WORDS else _singular(folded)


def _singular(word: str) -> str:
    """Harman's three rules; the first whose ending fits decides. Words of three letters or fewer are left alone."""
    if len(word) <= 3:
        return word
    if word.endswith("ies"):
        return word if word.endswith(("eies", "aies")) else word[:-3] + "y"
    if word.endswith("es"):
        return word if word.endswith(("aes", "ees", "oes")) else word[:-1]
    if word.endswith("s"):
        return word if word.endswith(("us", "ss")) else word[:-1]
    return word


def _spans(text: str) -> Iterator[tuple[int, int, str]]:
    for match in _WORD.finditer(text):
        term = _term(match.group())
        if term is not None:
            yield match.start(), match.end(), term


def tokenize(text: str) -> list[str]:
    """The terms of a text in their order, repeats kept."""
    return [term for _, _, term in _spans(text)]


def query_terms(query: str) -> set[str]:
    """The distinct terms of a query, for `mark_spans`."""
    return set(tokenize(query))


def mark_spans(text: str, terms: set[str]) -> list[tuple[int, int]]:
    """Where the words of `text` stand whose term is in `terms`: [start, end) in characters, ascending, disjoint."""
    return [(start, end) for start, end, term in _spans(text) if term in terms]


class TermCounts:
    """How often each term occurs in each text of a collection.

    `counts`: sparse matrix, texts × terms; `document_frequency`: texts that hold the term; `lengths`: terms per text.
    """

    def __init__(self, texts: Iterable[str]):
        self.vocabulary: dict[str, int] = {}
        rows, columns, values = [], [], []
        size = 0
        for row, text in enumerate(texts):
            size = row + 1
            for term, count in Counter(tokenize(text)).items():
                rows.append(row)
                columns.append(self.vocabulary.setdefault(term, len(self.vocabulary)))
                values.append(count)
        self.counts = csr_matrix((np.array(values, float), (rows, columns)), shape=(size, len(self.vocabulary)))
        self.document_frequency = np.bincount(np.array(columns, int), minlength=len(self.vocabulary))
        self.lengths = np.asarray(self.counts.sum(axis=1)).ravel()

    @property
    def size(self) -> int:
        return self.counts.shape[0]

    def bag(self, text: str) -> np.ndarray:
        """Counts of a text's terms over this vocabulary; terms that the collection lacks are dropped."""
        bag = np.zeros(len(self.vocabulary))
        for term, count in Counter(tokenize(text)).items():
            if term in self.vocabulary:
                bag[self.vocabulary[term]] = count
        return bag


class BM25Index:
    """BM25 as Lucene computes it: idf = ln(1 + (N − df + ½) / (df + ½)), tf / (tf + k1 (1 − b + b · length / mean)).

    A query term counts as often as it occurs in the query. k1 and b are Anserini's defaults for passages.
    """

    def __init__(self, texts: Iterable[str], k1: float = 0.9, b: float = 0.4):
        self.terms = TermCounts(texts)
        self.k1, self.b = k1, b
        df = self.terms.document_frequency
        self._idf = np.log1p((self.terms.size - df + 0.5) / (df + 0.5))
        self._mean_length = self.terms.lengths.mean() if self.terms.size and self.terms.lengths.any() else 1.0
        self._weights = self.terms.counts.copy()
        held = np.repeat(self.terms.lengths, np.diff(self._weights.indptr))
        self._weights.data /= self._weights.data + self._damping(held)

    def _damping(self, length):
        return self.k1 * (1 - self.b + self.b * length / self._mean_length)

    def scores(self, query: str) -> np.ndarray:
        """One score per text of the collection, in its order; 0 where no term is shared."""
        return self._weights @ (self.terms.bag(query) * self._idf)


def _unit_rows(matrix: np.ndarray) -> np.ndarray:
    """Rows of length 1; a row that is zero but for rounding errors stays zero."""
    norms = np.linalg.norm(matrix, axis=1, keepdims=True)
    return np.divide(matrix, norms, out=np.zeros_like(matrix), where=norms > 1e-9)


class TfidfIndex:
    """Cosine of tf · idf vectors, idf = 1 + ln((1 + N) / (1 + df)); scikit-learn's default weighting."""

    def __init__(self, texts: Iterable[str]):
        self.terms = TermCounts(texts)
        self._idf = 1 + np.log((1 + self.terms.size) / (1 + self.terms.document_frequency))
        weighted = self.terms.counts.multiply(self._idf).tocsr()
        norms = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
        inverse = np.divide(1, norms, out=np.zeros_like(norms), where=norms > 0)
        self.vectors = (diags_array(inverse) @ weighted).tocsr()

    def vector(self, query: str) -> np.ndarray:
        """The query's unit vector over the vocabulary; zero when the collection holds none of its terms."""
        return _unit_rows((self.terms.bag(query) * self._idf)[None, :])[0]

    def scores(self, query: str) -> np.ndarray:
        """One cosine in [0, 1] per text of the collection, in its order."""
        return self.vectors @ self.vector(query)


class LsaIndex:
    """Latent semantic analysis: the TF-IDF matrix in its `dimensions` largest singular directions, compared by cosine.

    Deerwester et al., JASIS 41(6), 1990. Collections with no more texts or terms than `dimensions` keep all directions.
    """

    def __init__(self, texts: Iterable[str], dimensions: int = 100):
        self.tfidf = TfidfIndex(texts)
        self.directions = _singular_directions(self.tfidf.vectors, dimensions)
        self._latent = _unit_rows(self.tfidf.vectors @ self.directions)

    def scores(self, query: str) -> np.ndarray:
        """One cosine in [−1, 1] per text of the collection, in its order; 0 when no term of the query is known."""
        return self._latent @ _unit_rows((self.tfidf.vector(query) @ self.directions)[None, :])[0]


def _singular_directions(matrix: csr_matrix, dimensions: int) -> np.ndarray:
    """terms × dimensions, strongest first; the entry of largest size in each direction is positive."""
    smaller = min(matrix.shape)
    if smaller <= dimensions:
        _, strengths, rows = np.linalg.svd(matrix.toarray(), full_matrices=False)
    else:
        # ARPACK starts from a random vector unless told; a fixed one gives the same run on every load.
        _, strengths, rows = svds(matrix, k=dimensions, v0=np.ones(smaller) / np.sqrt(smaller))
    rows = rows[np.argsort(-strengths)][: np.count_nonzero(strengths > 1e-9)]
    if not rows.size:
        return np.zeros((matrix.shape[1], 0))
    peaks = rows[np.arange(len(rows)), np.abs(rows).argmax(axis=1)]
    return (rows * np.sign(peaks)[:, None]).T


MODELS: dict[str, Callable] = {"BM25": BM25Index, "TF-IDF": TfidfIndex, "LSA": LsaIndex}


def rank(
    name: str,
    docids: Sequence[str],
    texts: Sequence[str],
    queries: Mapping[str, str],
    depth: int,
    candidates: Mapping[str, Iterable[str]] | None = None,
) -> dict[str, list[tuple[str, float]]]:
    """The run of one of `MODELS` over a collection: topic → (docid, score), best first, at most `depth` each.

    `candidates` limits a topic to some docids (a topic that it lacks gets none); term statistics are the whole
    collection's. A document whose score is 0 shares no term with the query and is left out. Scores are rounded to six
    decimals and ordered as trec_eval does: as 32-bit floats descending, then docid descending.
    """
    model = MODELS[name](texts)
    row_of = {docid: row for row, docid in enumerate(docids)}
    run = {}
    for qid, query in queries.items():
        wanted = row_of if candidates is None else {*candidates.get(qid, ())} & row_of.keys()
        scores = np.round(model.scores(query), 6)
        found = [(docid, float(scores[row_of[docid]])) for docid in wanted if scores[row_of[docid]] != 0]
        found.sort(key=lambda pair: (np.float32(pair[1]), pair[0]), reverse=True)
        run[qid] = found[:depth]
    return run
