import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessment.domain.plan_files import PlanLine, plan_csv, read_plan
from assessment.domain.text_files import Problems

FIRST = "pool,topic,assessor,condition,reveal,suggestion_source"
ABSENT = (None, None, None, None, None)


def read(*lines, text=None):
    problems = Problems("plan.csv")
    source = io.BytesIO((text if text is not None else "".join(f"{line}\n" for line in lines)).encode())
    found = read_plan(source, "plan.csv", problems=problems)
    return found, [str(problem) for problem in problems._found]


def test_lines_come_with_their_numbers_and_blank_ones_are_left_out():
    found, problems = read(FIRST, "p,q1,bob,manual,never,", "", 'p,q2,bob,post_edit,always,"Nist, the"')
    assert found == [
        (2, PlanLine("p", "q1", "bob", "manual", "never", "", *ABSENT)),
        (4, PlanLine("p", "q2", "bob", "post_edit", "always", "Nist, the", *ABSENT)),
    ]
    assert problems == []


def test_columns_may_stand_in_any_order():
    found, problems = read(
        "ranked_by,trusted,vigilance,sample_percent,order,suggestion_source,reveal,condition,assessor,topic,pool",
        "mono,nist,10,20,likely,umbrela,always,post_edit,bob,q1,p",
    )
    line = PlanLine("p", "q1", "bob", "post_edit", "always", "umbrela", "likely", "20", "10", "nist", "mono")
    assert (found, problems) == ([(2, line)], [])


def test_line_numbers_are_those_of_the_file_also_after_a_field_of_two_lines():
    found, _ = read(FIRST, '"two', 'lines",q1,bob,manual,never,', "p,q2,bob,manual,never,")
    assert [number for number, _ in found] == [2, 4]


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ([], "the file is empty"),
        (["p,q1,bob,manual,never,"], "line 1: the first line must be pool,topic,assessor"),
        ([FIRST.replace(",", ";")], "line 1: the first line must be"),
        ([f"{FIRST},colour"], "line 1: there is no column 'colour' in a plan; the columns are pool, topic"),
        (["pool,topic,assessor,condition,reveal"], "line 1: the column 'suggestion_source' is missing"),
        ([f"{FIRST},order,order"], "line 1: the column 'order' stands twice"),
        ([f"{FIRST},order", "p,q1,bob,manual,never,"], "line 2: 6 fields instead of 7"),
        ([FIRST, "p,q1,bob,manual"], "line 2: 4 fields instead of 6 — p,q1,bob,manual"),
        ([FIRST, "p,q1,bob,manual,never,", "p,q1,bob,filtered,never,x"], "line 3: this topic and assessor are already"),
        ([FIRST, "p,q1,bob,manual,never,", '"p"x,q1,bob,manual,never,'], "line 3: this is no CSV from here on"),
        ([FIRST, "", '"never closed,q1,bob', "p"], "line 3: this is no CSV from here on"),
    ],
)
def test_a_bad_line_is_named(lines, problem):
    _, problems = read(*lines)
    assert len(problems) == 1
    assert problems[0].startswith(problem)


def test_a_line_that_is_not_utf8_does_not_shift_the_numbers():
    problems = Problems("plan.csv")
    source = io.BytesIO(f"{FIRST}\n".encode() + b"p,q\xff,bob,manual,never,\np,q2,bob,manual,never\n")
    assert read_plan(source, "plan.csv", problems=problems) == []
    assert [problem.line for problem in problems._found] == [2, 3]


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=6)


@given(st.lists(st.builds(PlanLine, *[NAMES] * 11), unique_by=lambda line: line[:3]))
def test_what_was_written_is_read_again_and_sorted(lines):
    text = "".join(plan_csv(lines))
    found, problems = read(text=text)
    assert problems == []
    assert [line for _, line in found] == sorted(lines)
    assert "".join(plan_csv(line for _, line in reversed(found))) == text
