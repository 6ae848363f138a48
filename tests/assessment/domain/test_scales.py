import re
from pathlib import Path

import pytest

from assessment.domain.errors import DomainError
from assessment.domain.scales import (
    PRESETS,
    RESERVED_KEYS,
    GradeSpec,
    check_relevant_from,
    check_scale,
    scale_from_range,
)


def scale(*rows):
    return [GradeSpec(value, key, label) for value, key, label in rows]


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_a_good_scale_with_a_definition_of_each_grade(name):
    grades = check_scale(PRESETS[name])
    assert name == f"{grades[0].value}-{grades[-1].value}"
    assert all(grade.definition for grade in grades)


def test_a_range_takes_the_preset_of_its_values():
    assert scale_from_range(range(4)) == PRESETS["0-3"]


def test_a_long_range_goes_on_with_letters_that_the_judging_page_leaves_free():
    grades = check_scale(scale_from_range(range(13)))
    assert [grade.key for grade in grades][8:] == ["8", "9", "a", "b", "c"]


def test_a_range_that_runs_out_of_keys_is_refused():
    with pytest.raises(DomainError, match="from 0 to"):
        scale_from_range(range(60))


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([(0, "0", "no")], "at least two"),
        ([(-1, "0", "spam"), (1, "1", "yes")], "negative"),
        ([(1, "1", "yes"), (0, "0", "no")], "ascending"),
        ([(0, "0", "no"), (0, "1", "no again")], "each value once"),
        ([(0, "0", "no"), (1, "0", "yes")], "share a key"),
        ([(0, "a", "no"), (1, "A", "yes")], "share a key"),
        ([(0, "00", "no"), (1, "1", "yes")], "one letter or digit"),
        ([(0, "", "no"), (1, "1", "yes")], "one letter or digit"),
        ([(0, " ", "no"), (1, "1", "yes")], "one letter or digit"),
        ([(0, "u", "no"), (1, "1", "yes")], "taken by the judging page"),
        ([(0, "0", "  "), (1, "1", "yes")], "needs a label"),
        ([(0, "0", "n" * 61), (1, "1", "yes")], "more than 60"),
    ],
)
def test_a_bad_scale_is_refused_with_what_to_change(rows, sentence):
    with pytest.raises(DomainError, match=sentence):
        check_scale(scale(*rows))


def test_a_scale_may_have_gaps():
    assert len(check_scale(scale((0, "0", "no"), (2, "2", "yes"), (5, "5", "very")))) == 3


def test_no_key_of_the_judging_page_can_be_a_grade():
    pages = Path(__file__).parents[3].joinpath("templates", "assessment").glob("*judging*.html")
    taken = {
        key for page in pages for keys in re.findall(r'data-keys="([^"{]*)"', page.read_text()) for key in keys.split()
    }
    assert {key for key in taken if len(key) == 1 and key.isalnum()} == RESERVED_KEYS


def test_relevant_from_must_be_one_of_the_grades():
    gaps = scale((0, "0", "no"), (2, "2", "yes"))
    check_relevant_from(gaps, 2)
    with pytest.raises(DomainError, match="0, 2; 1 is not"):
        check_relevant_from(gaps, 1)
