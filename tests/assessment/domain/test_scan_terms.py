"""Reading what an assessor typed as scan terms."""

import pytest

from assessment.domain.errors import DomainError
from assessment.domain.scan_terms import MOST_TERMS, parse_terms, written_terms


@pytest.mark.parametrize(
    ("typed", "terms"),
    [
        ("sky  blue", ["sky", "blue"]),
        ('"blue  light" sky', ["blue light", "sky"]),
        ("“blue light” «ciel bleu» scatter*", ["blue light", "ciel bleu", "scatter*"]),
        ('sky"blue light"', ["sky", "blue light"]),
        ('sky "never closed', ["sky", "never closed"]),
        ('sky sky "sky"', ["sky"]),
        ('"" “ ”', []),
        ("  ", []),
    ],
)
def test_words_phrases_and_beginnings_of_words_are_terms(typed, terms):
    assert parse_terms(typed) == terms
    assert parse_terms(written_terms(terms)) == terms


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("sky *", "mark every word"),
        ("x" * 101, "too long"),
        (" ".join(map(str, range(MOST_TERMS + 1))), "too many"),
    ],
)
def test_what_cannot_be_marked_is_refused_with_a_sentence(typed, sentence):
    with pytest.raises(DomainError, match=sentence):
        parse_terms(typed)
