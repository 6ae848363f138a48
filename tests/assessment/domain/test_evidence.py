"""Which spans of a text may be stored as evidence."""

import pytest

from assessment.domain.errors import DomainError
from assessment.domain.evidence import MOST_SPANS, checked_spans

TEXT = "Blue light 🌈 scatters.\r\n\r\nשמיים כחולים. Cafe\u0301 ends."


def span(words, text=TEXT):
    start = text.index(words)
    return {"start": start, "end": start + len(words), "text": words}


@pytest.mark.parametrize("words", ["🌈 scatters", "שמיים כחולים", "Cafe\u0301", TEXT])
def test_a_span_counts_code_points(words):
    assert checked_spans(TEXT, [span(words)]) == [span(words)]


def test_a_span_is_trimmed_at_white_space():
    assert checked_spans(TEXT, [span(" scatters.\r\n")]) == [span("scatters.")]


def test_the_words_may_differ_in_white_space_and_the_texts_own_are_kept():
    loose = span("scatters.\r\n\r\nשמיים") | {"text": "scatters.\nשמיים"}
    assert checked_spans(TEXT, [loose]) == [span("scatters.\r\n\r\nשמיים")]


def test_spans_come_in_their_order_and_each_once():
    assert checked_spans(TEXT, [span("ends"), span("Blue"), span(" ends")]) == [span("Blue"), span("ends")]


def test_no_span_is_fine_also_without_a_text():
    assert checked_spans(None, []) == []


@pytest.mark.parametrize(
    ("spans", "sentence"),
    [
        ({"start": 0}, "list of spans"),
        (["Blue"], "list of spans"),
        ([{"start": "0", "end": 4, "text": "Blue"}], "whole numbers"),
        ([{"start": True, "end": 4, "text": "lue"}], "whole numbers"),
        ([{"start": 0, "end": 4}], "its text"),
        ([{"start": -4, "end": 4, "text": "Blue"}], "does not lie in the text"),
        ([{"start": 4, "end": 4, "text": ""}], "does not lie in the text"),
        ([{"start": 0, "end": len(TEXT) + 1, "text": TEXT}], f"has {len(TEXT)} characters"),
        ([{"start": 1, "end": 5, "text": "Blue"}], "is “lue ” in the text, not “Blue”"),
        ([{"start": 4, "end": 5, "text": " "}], "is empty"),
        ([span("Blue")] * (MOST_SPANS + 1), "more than one passage can have"),
    ],
)
def test_what_is_no_evidence_is_refused_with_a_sentence(spans, sentence):
    with pytest.raises(DomainError, match=sentence):
        checked_spans(TEXT, spans)


def test_a_document_without_text_has_no_evidence():
    with pytest.raises(DomainError, match="no text"):
        checked_spans(None, [span("Blue")])
