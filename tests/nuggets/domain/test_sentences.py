"""Where the sentences of a mere text end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuggets.domain.sentences import split_sentences


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Light scatters. So it is blue!", ["Light scatters.", "So it is blue!"]),
        ("He said “so.” Then he left.", ["He said “so.”", "Then he left."]),
        ("Scattered [1, 2]. Blue [3].", ["Scattered [1, 2].", "Blue [3]."]),
        ("Scattered. [1] Blue.", ["Scattered. [1]", "Blue."]),
        ("Dr. Tyndall, e.g. in 1869, saw 3.5 of it.", ["Dr. Tyndall, e.g. in 1869, saw 3.5 of it."]),
        ("First line\nsecond line\n\nthird", ["First line", "second line", "third"]),
        ("  \n ", []),
        ("", []),
    ],
)
def test_sentences_end_at_marks_and_at_line_ends(text, sentences):
    assert split_sentences(text) == sentences


@given(st.text())
def test_nothing_but_white_space_is_lost(text):
    assert "".join("".join(split_sentences(text)).split()) == "".join(text.split())
