import gzip
import hashlib
import io
import tarfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessment.domain.errors import FileError
from assessment.domain.runs import Run, ranked, read_run


def read(text: str, **options) -> Run:
    return read_run(io.BytesIO(text.encode()), "a run", **options)


def problems_of(text: str | bytes, **options) -> list[tuple[int, str]]:
    data = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(FileError) as caught:
        read_run(io.BytesIO(data), "a run", **options)
    return [(problem.line, problem.message) for problem in caught.value.problems]


def test_a_run_is_named_by_its_sixth_column_and_ordered_by_score():
    text = "2 Q0 a 1 0.5 tag\n1 Q0 b 2 1.5e0 tag\n1\tQ0  c\t1 +2 tag\r\n2 Q0 d 2 -3. tag\n"
    run = read(text)
    assert (run.tag, run.topics, run.lines, run.warnings, run.skipped) == ("tag", ["2", "1"], 4, [], {})
    assert run.rankings["1"].docids == ["c", "b"]
    assert run.rankings["2"].docids == ["a", "d"]
    assert run.rankings["1"].scores.tolist() == [2.0, 1.5]
    assert run.rankings["1"].scores.dtype == np.float32
    assert run.sha256 == hashlib.sha256(text.encode()).hexdigest()


def test_equal_scores_are_ordered_by_docid_descending_in_byte_order():
    docids = ["a", "Z", "é", "10", "9", "\uffff", "😀"]
    assert ranked(docids, [1.0] * 7).docids == sorted(docids, key=lambda docid: docid.encode(), reverse=True)


def test_scores_are_compared_as_32_bit_floats():
    assert ranked(["a", "b", "c"], [1.00000001, 1.0, 0.5]).docids == ["b", "a", "c"]


def test_comments_blank_lines_and_a_missing_last_line_end_are_fine():
    run = read("# my run with six words\n\n1 Q0 a 1 2 t\n  # more\n1 Q0 b 2 1 t")
    assert (run.lines, run.rankings["1"].docids) == (2, ["a", "b"])


def test_a_gzipped_run_is_the_same_run():
    text = "1 Q0 a 1 2 t\n"
    zipped = read_run(io.BytesIO(gzip.compress(b"\xef\xbb\xbf" + text.encode())), "a run")
    assert zipped.sha256 == read(text).sha256


def test_every_problem_is_listed_with_its_line():
    text = """1 Q0 a 1 10 t
1 Q0 b 2 9
1 Q0 c 3 high t
1 Q0 d 4 nan t
1 Q0 e 5 -inf t
1 Q0 f 6 1_000 t
1 Q0 g 7 1e39 t
1 Q0 h 8 1e999 t
1 Q0 a 9 1 t
1 Q0 i 10 1 t2
1 Q0 j 11 1 t 7
7 Q0 j 1 1 t2
7 Q0 k 2 0x1 t
"""
    assert problems_of(text, known_topics=["1"]) == [
        (2, "5 columns instead of 6"),
        (3, "the score is not a number"),
        (4, "the score is not finite"),
        (5, "the score is not finite"),
        (6, "the score is not a number"),
        (7, "the score is beyond the range of 32-bit floats, as trec_eval has"),
        (8, "the score is beyond the range of 32-bit floats, as trec_eval has"),
        (9, "document a is already on line 1 for topic 1"),
        (10, "another run tag than t, on 2 lines; a file holds one run"),
        (11, "7 columns instead of 6"),
        (12, "topic 7 is not in the track (the first of 2 lines)"),
        (13, "the score is not a number"),
    ]


def test_each_further_tag_is_named_once():
    assert problems_of("1 Q0 a 1 3 t\n1 Q0 b 2 2 u\n1 Q0 c 3 1 v\n1 Q0 d 4 0 v\n1 Q0 e 5 0 t\n") == [
        (2, "another run tag than t; a file holds one run"),
        (3, "another run tag than t, on 2 lines; a file holds one run"),
    ]


def test_a_problem_shows_the_line():
    with pytest.raises(FileError) as caught:
        read("1 Q0 a 1 high t\n")
    assert caught.value.problems[0].text == "1 Q0 a 1 high t"


def test_ids_that_the_database_cannot_hold_are_refused():
    assert problems_of("1 Q0 a\0b 1 1 t\n1 Q0 a 1 1 t\0\n1 Q0 " + "x" * 600 + " 1 1 t\n") == [
        (1, "the id contains a NUL character"),
        (2, "the id contains a NUL character"),
        (3, "the id has more than 512 characters"),
    ]


def test_a_run_that_is_not_utf8_is_refused_beside_its_other_problems():
    assert problems_of(b"1 Q0 \xff 1 1 t\n1 Q0 a 1 x t\n") == [(1, "not UTF-8 text"), (2, "the score is not a number")]


def test_no_break_space_is_part_of_an_id_as_in_trec_eval():
    assert read("1 Q0 a\u00a0b\u2028c 1 1 t\n").rankings["1"].docids == ["a\u00a0b\u2028c"]


def test_an_empty_run_is_refused():
    assert problems_of("# nothing\n") == [(0, "there is no line of a run in this file")]


def test_unknown_topics_are_counted_when_they_are_to_be_skipped():
    text = "1 Q0 a 1 1 t\n7 Q0 a 1 1 t\n7 Q0 b 1 1 t\n"
    run = read(text, known_topics={"1"}, skip_unknown_topics=True)
    assert (run.topics, run.lines, run.skipped) == (["1"], 1, {"7": 2})
    assert problems_of(text, known_topics={"8"}, skip_unknown_topics=True) == [
        (0, "no topic of this run is in the track")
    ]


def test_missing_topics_tied_scores_and_contradicting_ranks_are_warnings():
    run = read(
        "1 Q0 a 1 1 t\n1 Q0 b 2 2 t\n1 Q0 c 3 3 t\n2 Q0 a 1 5 t\n2 Q0 b 2 5 t\n3 Q0 a first 5 t\n",
        known_topics=["1", "2", "3", "4", "5"],
    )
    assert [(warning.line, warning.message, warning.text) for warning in run.warnings] == [
        (0, "2 of the track's 5 topics have no ranking", "4, 5"),
        (0, "2 lines share their score with another of the topic; ties are ordered by docid, descending", ""),
        (2, "topic 1: ranks contradict scores; documents are ordered by score", "1 Q0 b 2 2 t"),
        (6, "topic 3: the rank is not a number; documents are ordered by score", "3 Q0 a first 5 t"),
    ]


@pytest.mark.parametrize("ranks", ["0 1 2", "1 2 3", "0 0 0", "3 7 9"])
def test_ranks_that_do_not_contradict_scores_are_no_warning(ranks):
    lines = zip("abc", ranks.split(), (3, 2, 1), strict=True)
    assert read("".join(f"1 Q0 {docid} {rank} {score} t\n" for docid, rank, score in lines)).warnings == []


TOKENS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs"]), min_size=1, max_size=8).filter(
    lambda token: not token.startswith(("#", "\ufeff"))
)


@given(
    st.dictionaries(
        TOKENS,
        st.dictionaries(TOKENS, st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1),
        min_size=1,
    ),
    TOKENS,
)
def test_a_written_run_is_read_back_in_trec_evals_order(scores, tag):
    text = "".join(
        f"{topic} Q0 {docid} 0 {score!r} {tag}\n"
        for topic, ranking in scores.items()
        for docid, score in ranking.items()
    )
    run = read(text)
    assert run.tag == tag
    assert run.topics == list(scores)
    for topic, ranking in scores.items():
        best_first = sorted(ranking.items(), key=lambda pair: (pair[1], pair[0].encode()), reverse=True)
        assert run.rankings[topic].docids == [docid for docid, _ in best_first]
        assert run.rankings[topic].scores.tolist() == [score for _, score in best_first]


def test_of_the_trec_covid_runs_only_one_has_ranks_that_contradict_more_than_ties(real_data):
    contradicting = []
    with tarfile.open(real_data / "trec-covid-round1/runs.28systems.top100.tar.xz") as archive:
        members = [member for member in archive if member.isfile()]
        for member in members:
            run = read_run(archive.extractfile(member), member.name)
            assert len(run.topics) == 30
            if any("ranks contradict" in warning.message for warning in run.warnings):
                contradicting.append(run.tag)
    assert len(members) == 28
    assert contradicting == ["BRPHJ_NLP2"]  # its ranks ascend with the score
