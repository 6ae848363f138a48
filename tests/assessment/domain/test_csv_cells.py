import pytest

from assessment.domain.csv_cells import plain_text


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe(text):
    assert plain_text(text) == "'" + text


@pytest.mark.parametrize("text", ["", "fine", "1 = 1", "'quoted'", " =1"])
def test_other_text_stays_as_it_is(text):
    assert plain_text(text) == text
