"""Tokens, BM25 by hand, TF-IDF against scikit-learn, LSA against a dense decomposition, and the runs made of them."""

from math import log

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from assessment.domain.retrieval import (
    BM25Index,
    LsaIndex,
    TfidfIndex,
    mark_spans,
    query_terms,
    rank,
    tokenize,
)

TEXTS = [
    "Parsing sentences with graphs: graph parsing is fast",
    "A graph of words",
    "Neural networks learn word vectors, and vectors of words are compared",
    "Nothing in common here",
    "Zebras",
]


def test_words_are_lower_cased_cut_at_punctuation_and_stripped_of_stop_words_and_plurals():
    assert tokenize("The Parsers, in snake_case: pre-training of 3 models!") == [
        "parser",
        "snake",
        "case",
        "pre",
        "training",
        "3",
        "model",
    ]


@pytest.mark.parametrize(
    ("word", "term"),
    [
        ("studies", "study"),
        ("graphs", "graph"),
        ("corpus", "corpus"),
        ("loss", "loss"),
        ("trees", "trees"),
        ("gas", "gas"),
    ],
)
def test_plural_endings_follow_harmans_rules(word, term):
    assert tokenize(word) == [term]


def test_letters_of_any_script_and_their_marks_stay_in_one_word():
    assert tokenize("Über हिन्दी العربية, שָׁלוֹם") == ["über", "हिन्दी", "العربية", "שָׁלוֹם"]


def test_composed_and_decomposed_accents_are_the_same_term():
    assert query_terms("caf\u00e9") == query_terms("CAFE\u0301")


def test_marks_show_every_form_of_a_query_term_and_nothing_else():
    text = "Graphs! A graph-based grapher."
    spans = mark_spans(text, query_terms("the graph"))
    assert [text[start:end] for start, end in spans] == ["Graphs", "graph"]
    assert spans == [(0, 6), (10, 15)]


def test_marking_with_a_query_of_stop_words_marks_nothing():
    assert mark_spans("the of and", query_terms("the of and")) == []


def test_bm25_equals_the_sum_worked_by_hand():
    index = BM25Index(["cat dog", "cat cat bird fish"], k1=0.9, b=0.4)
    idf_cat, idf_dog = log(1 + 0.5 / 2.5), log(1 + 1.5 / 1.5)
    short, long = 0.9 * (0.6 + 0.4 * 2 / 3), 0.9 * (0.6 + 0.4 * 4 / 3)
    expected = [idf_cat / (1 + short) + idf_dog / (1 + short), idf_cat * 2 / (2 + long)]
    assert index.scores("cats dog") == pytest.approx(expected)
    assert index.scores("dog dog")[0] == pytest.approx(2 * index.scores("dog")[0])


def test_unknown_words_score_zero_everywhere():
    for model in (BM25Index, TfidfIndex, LsaIndex):
        assert model(TEXTS).scores("xylophone").tolist() == [0.0] * len(TEXTS)


def test_collections_without_a_single_term_are_scored_zero():
    for model in (BM25Index, TfidfIndex, LsaIndex):
        assert model(["", "the of"]).scores("graph").tolist() == [0.0, 0.0]


def test_tfidf_cosine_equals_scikit_learns():
    sklearn = TfidfVectorizer(analyzer=tokenize)
    matrix = sklearn.fit_transform(TEXTS)
    for query in ["graph parsing", "words and vectors of words", "zebra graph"]:
        expected = (matrix @ sklearn.transform([query]).T).toarray().ravel()
        assert TfidfIndex(TEXTS).scores(query) == pytest.approx(expected)


def test_lsa_with_every_direction_keeps_the_tfidf_order_of_a_query_inside_the_space():
    lsa, tfidf = LsaIndex(TEXTS), TfidfIndex(TEXTS)
    assert lsa.scores(TEXTS[0]) == pytest.approx(tfidf.scores(TEXTS[0]))


def test_truncated_lsa_equals_a_dense_singular_value_decomposition():
    texts = [" ".join(f"w{(i * j) % 23}" for j in range(1, 12)) for i in range(1, 31)]
    query = "w1 w4 w9 w16"
    _, _, rows = np.linalg.svd(TfidfIndex(texts).vectors.toarray(), full_matrices=False)
    latent = TfidfIndex(texts).vectors @ rows[:5].T
    folded = rows[:5] @ TfidfIndex(texts).vector(query)
    lengths = np.linalg.norm(latent, axis=1)
    outside = lengths < 1e-9  # text 23 holds nothing but w0, which is not among the five strongest directions
    expected = np.where(outside, 0, latent @ folded / np.where(outside, 1, lengths) / np.linalg.norm(folded))
    assert outside.tolist().index(True) == 22
    assert LsaIndex(texts, dimensions=5).scores(query) == pytest.approx(expected, abs=1e-8)


def test_lsa_directions_are_the_same_on_every_build_with_their_peak_positive():
    texts = [" ".join(f"w{(i * j) % 23}" for j in range(1, 12)) for i in range(1, 31)]
    first, second = LsaIndex(texts, 5).directions, LsaIndex(texts, 5).directions
    assert np.array_equal(first, second)
    assert (first[np.abs(first).argmax(axis=0), range(5)] > 0).all()


def test_lsa_finds_a_document_that_shares_no_word_with_the_query():
    texts = ["car engine", "automobile engine", "car motor", "automobile motor", "flower petal", "flower stem"]
    scores = LsaIndex(texts, dimensions=2).scores("car")
    assert scores[1] > 0.9
    assert abs(scores[4]) < 1e-9


def test_a_run_is_cut_at_depth_and_leaves_out_documents_without_a_common_term():
    run = rank("BM25", list("abcde"), TEXTS, {"1": "graph", "2": "unseen"}, depth=10)
    assert [docid for docid, _ in run["1"]] == ["a", "b"]  # twice in a, which outweighs its greater length
    assert run["2"] == []
    assert len(rank("TF-IDF", list("abcde"), TEXTS, {"1": "graph word"}, depth=2)["1"]) == 2


def test_equal_scores_stand_in_descending_docid_order():
    run = rank("BM25", ["d1", "d3", "d2"], ["graph", "graph", "graph"], {"1": "graph"}, depth=3)
    assert [docid for docid, _ in run["1"]] == ["d3", "d2", "d1"]


def test_candidates_limit_what_is_ranked_but_not_the_statistics():
    everything = dict(rank("BM25", list("abcde"), TEXTS, {"1": "graph words"}, depth=9)["1"])
    limited = rank("BM25", list("abcde"), TEXTS, {"1": "graph words", "2": "graph"}, 9, {"1": ["c", "missing", "a"]})
    assert {docid for docid, _ in limited["1"]} == {"a", "c"}
    assert all(everything[docid] == score for docid, score in limited["1"])
    assert limited["2"] == []
