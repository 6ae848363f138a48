import io
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessment.domain.errors import FileError
from assessment.domain.qrels import Qrels, QrelsLine, iterations_are_conditions, read_qrels

SCALE = range(4)


def read(text: str, **options) -> Qrels:
    return read_qrels(io.BytesIO(text.encode()), "qrels", scale=SCALE, **options)


def problems_of(text: str, **options) -> list[tuple[int, str]]:
    with pytest.raises(FileError) as caught:
        read(text, **options)
    return [(problem.line, problem.message) for problem in caught.value.problems]


def test_the_iteration_is_kept_as_it_stands():
    assert read("1 0.5  010vptx3 2\n1\tQ0\t02f0opkr\t0\r\n\n1 1 04ftw7k9 3").lines == [
        QrelsLine("1", "0.5", "010vptx3", 2),
        QrelsLine("1", "Q0", "02f0opkr", 0),
        QrelsLine("1", "1", "04ftw7k9", 3),
    ]


def test_a_negative_grade_is_a_state_and_never_outside_the_scale():
    (line,) = read("1 0 a -2\n").lines
    assert line.grade == -2
    assert line.is_unjudgeable


def test_every_problem_is_listed_with_its_line():
    text = "1 0 a 1\n1 0 b\n1 0 c 4\n1 0 d 1.0\n1 0 e x\n1 0 a 1\n1 0 a 2\n1 0 a\0 1\n9 0 a 1\n9 0 b 1\n1 0 f 1 1\n"
    assert problems_of(text, known_topics=["1"]) == [
        (2, "3 columns instead of 4"),
        (3, "grade 4 is outside of the scale 0, 1, 2, 3"),
        (4, "the grade is not an integer"),
        (5, "the grade is not an integer"),
        (6, "this topic and document are already on line 1, with the same grade"),
        (7, "this topic and document are already on line 1, with grade 1"),
        (8, "the id contains a NUL character"),
        (9, "topic 9 is not in the track"),
        (11, "5 columns instead of 4"),
    ]


def test_unknown_topics_are_counted_when_they_are_to_be_skipped():
    qrels = read("1 0 a 1\n9 0 a 7\n9 0 b 1\n", known_topics={"1"}, skip_unknown_topics=True)
    assert (qrels.lines, qrels.skipped) == ([QrelsLine("1", "0", "a", 1)], {"9": 2})


def test_an_empty_file_is_refused():
    assert problems_of("\n") == [(0, "there is no judgment in this file")]
    assert problems_of("9 0 a 1\n", known_topics=["1"], skip_unknown_topics=True) == [
        (0, "no topic of this file is in the track")
    ]


@pytest.mark.parametrize(
    "iterations, are_conditions",
    [("1 2 3 4 5", True), ("1 2", True), ("3", True), ("1", False), ("0", False), ("Q0", False), ("1 2 6", False)]
    + [("0.5 1", False), ("01 2", False), ("", False)],
)
def test_column_two_is_a_condition_only_when_all_its_values_say_so(iterations, are_conditions):
    assert iterations_are_conditions(iterations.split()) is are_conditions


@given(
    st.dictionaries(
        st.tuples(st.text("abc#._é", min_size=1), st.text("0123😀-", min_size=1)), st.integers(-2, 3), min_size=1
    )
)
def test_any_ids_and_grades_are_read_as_they_stand(grades):
    text = "".join(f"{topic} 0 {docid} {grade}\n" for (topic, docid), grade in grades.items())
    assert {(line.topic, line.docid): line.grade for line in read(text).lines} == grades


def test_the_condition_codes_of_nists_2024_file_are_recognised(real_data):
    path = real_data / "rag24/2024-retrieval-conditions-qrels.txt.gz"
    lines = read_qrels(path, path.name, scale=SCALE).lines
    assert iterations_are_conditions(line.iteration for line in lines)
    shown = [line for line in lines if line.iteration in "345"]
    changes = Counter((line.grade > int(line.iteration) - 2) - (line.grade < int(line.iteration) - 2) for line in shown)
    assert len(shown) == 5890
    assert [round(changes[change] / len(shown), 3) for change in (0, -1, 1)] == [0.561, 0.335, 0.104]


def test_the_rounds_of_trec_covid_are_no_conditions(real_data):
    path = real_data / "trec-covid-round1/qrels-rnd1.txt.gz"
    lines = read_qrels(path, path.name, scale=range(3)).lines
    assert {line.iteration for line in lines} == {"0.5", "1"}
    assert not iterations_are_conditions(line.iteration for line in lines)
