"""Which documents an answer cites, by hand."""

from nuggets.domain.citations import cited


def sentence(*docids):
    return {"text": "…", "citations": [{"docid": docid, "weight": None} for docid in docids]}


def test_a_document_has_its_best_place_among_all_sentences():
    assert cited([sentence("a", "b"), sentence("b"), sentence()]) == {"a": 1, "b": 1}
    assert cited([sentence("a", "b", "c"), sentence("c", "b")]) == {"a": 1, "b": 2, "c": 1}


def test_only_the_strongest_of_each_sentence_are_wanted():
    assert cited([sentence("a", "b"), sentence("c", "a")], 1) == {"a": 1, "c": 1}


def test_an_answer_without_citations_cites_nothing():
    assert cited([]) == cited([sentence()]) == {}
