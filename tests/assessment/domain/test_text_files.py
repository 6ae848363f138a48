import gzip
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessment.domain import text_files
from assessment.domain.errors import FileError
from assessment.domain.text_files import Problems, id_problem, id_text, open_text, shown


def lines_of(data: bytes) -> list[tuple[int, str]]:
    return list(open_text(io.BytesIO(data), "a file"))


def problems_of(data: bytes) -> list[tuple[int, str, str]]:
    with pytest.raises(FileError) as caught:
        lines_of(data)
    return [tuple(problem) for problem in caught.value.problems]


def test_lines_are_numbered_from_one_and_blank_lines_are_kept():
    assert lines_of(b"a\n\nb\n") == [(1, "a"), (2, ""), (3, "b")]


def test_a_missing_last_line_end_loses_nothing():
    assert lines_of(b"a\nb") == [(1, "a"), (2, "b")]


def test_an_empty_file_has_no_lines():
    assert lines_of(b"") == []
    assert lines_of(gzip.compress(b"")) == []


def test_windows_line_ends_and_the_byte_order_mark_are_left_out():
    assert lines_of(b"\xef\xbb\xbfa\r\nb\r\n") == [(1, "a"), (2, "b")]


def test_only_a_line_feed_ends_a_line():
    assert lines_of("a\u2028b\x0cc\x85d\n".encode()) == [(1, "a\u2028b\x0cc\x85d")]


def test_gzip_is_known_by_its_first_bytes_and_not_by_its_name(tmp_path):
    named_plainly = tmp_path / "topics.tsv"
    named_plainly.write_bytes(gzip.compress(b"\xef\xbb\xbfa\nb\n"))
    assert list(open_text(named_plainly, "topics.tsv")) == [(1, "a"), (2, "b")]
    named_gz = tmp_path / "topics.gz"
    named_gz.write_bytes(b"a\n")
    assert list(open_text(str(named_gz), "topics.gz")) == [(1, "a")]


def test_several_gzip_members_and_padding_are_one_text():
    assert lines_of(gzip.compress(b"a\nb") + gzip.compress(b"c\n") + b"\0" * 64) == [(1, "a"), (2, "bc")]


def test_text_that_is_not_utf8_is_refused_with_its_lines():
    assert problems_of(b"fine\ncaf\xe9\n") == [(2, "not UTF-8 text", "caf\\xe9")]
    assert problems_of("a\tb\n".encode("utf-16"))[0][:2] == (1, "this is UTF-16 text; save it as UTF-8")


def test_every_bad_line_is_collected_when_problems_are_collected():
    problems = Problems("a file")
    assert list(open_text(io.BytesIO(b"\xff\nb\n\xfe\n"), "a file", problems=problems)) == [(2, "b")]
    with pytest.raises(FileError) as caught:
        problems.raise_if_any()
    assert [problem.line for problem in caught.value.problems] == [1, 3]


@pytest.mark.parametrize("cut", [3, 12, 40, -1])
def test_a_gzip_file_that_was_cut_short_is_refused(cut):
    whole = gzip.compress(b"".join(b"%d line\n" % (n * n) for n in range(50)))
    (problem,) = problems_of(whole[:cut])
    assert problem[0] == 0
    assert problem[1].startswith("the gzip stream ends too early after line")


def test_a_damaged_gzip_file_is_refused():
    whole = bytearray(gzip.compress(b"a line\n" * 50))
    whole[-6] ^= 0xFF  # inside the checksum
    assert "is damaged" in problems_of(bytes(whole))[0][1]
    assert "is damaged" in problems_of(gzip.compress(b"a\n") + b"rubbish")[0][1]


def test_progress_reports_the_bytes_of_the_source(monkeypatch):
    monkeypatch.setattr(text_files, "BLOCK_BYTES", 10)
    seen = []
    list(open_text(io.BytesIO(b"0123456\n" * 4), "a file", progress=seen.append))
    assert seen == [10, 20, 30, 32]


@given(st.lists(st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]))), st.booleans())
def test_blocks_never_change_the_lines(lines, zipped):
    data = "".join(line + "\n" for line in lines).encode()
    if lines and lines[0].startswith("\ufeff"):
        lines = [lines[0].removeprefix("\ufeff"), *lines[1:]]
    source = io.BytesIO(gzip.compress(data) if zipped else data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_files, "BLOCK_BYTES", 7)
        assert [text for _, text in open_text(source, "a file")] == lines


def test_problems_come_in_the_order_of_their_lines_and_all_of_them():
    problems = Problems("run.txt")
    for line in range(500, 0, -1):
        problems.add(line, "wrong", "x")
    with pytest.raises(FileError, match="run.txt: 500 problems") as caught:
        problems.raise_if_any()
    assert [problem.line for problem in caught.value.problems] == list(range(1, 501))


def test_offending_text_is_cut_and_made_printable():
    assert shown("a\0b\x1b") == "a\\x00b\\x1b"
    assert len(shown("x" * 1000)) == 201
    assert shown("\ud800") == "\\ud800"


@pytest.mark.parametrize("bad", ["", "a b", "a\tb", "a\0", "x" * 513])
def test_ids_that_no_column_or_index_can_hold_are_refused(bad):
    assert id_problem(bad)


def test_ids_of_real_collections_are_fine():
    assert id_problem("msmarco_v2.1_doc_29_677149#3_1637632") is None


def test_integer_ids_are_read_as_decimal_strings_and_booleans_are_not():
    assert [id_text(value) for value in (12, "012", True, 1.0, None)] == ["12", "012", None, None, None]
