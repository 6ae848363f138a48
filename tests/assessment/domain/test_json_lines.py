import io

import pytest

from assessment.domain.errors import FileError
from assessment.domain.json_lines import json_objects
from assessment.domain.text_files import Problems


def read(text: str) -> list[tuple[int, dict]]:
    problems = Problems("lines.jsonl")
    found = [(number, value) for number, value, _ in json_objects(io.BytesIO(text.encode()), problems)]
    problems.raise_if_any()
    return found


def test_objects_come_with_their_line_numbers_and_blank_lines_are_skipped():
    assert read('{"a": 1}\n\n{"b": "\\ud83d\\ude00"}\n') == [(1, {"a": 1}), (3, {"b": "😀"})]


@pytest.mark.parametrize(
    "line, message",
    [
        ("{", "not JSON"),
        ("[1]", "not a JSON object"),
        ('{"a": NaN}', "NaN is not a JSON number"),
        ('{"a": 1e999}', "too large a number"),
        ('{"a": ["x\\u0000"]}', "NUL character"),
        ('{"\\ud800": 1}', "half a surrogate pair"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_what_json_or_the_database_cannot_hold_is_refused(line, message):
    with pytest.raises(FileError) as caught:
        read('{"fine": 1}\n' + line)
    ((number, found, _),) = caught.value.problems
    assert number == 2
    assert message in found


def test_an_escaped_backslash_before_u0000_is_fine():
    assert read('{"a": "\\\\u0000"}') == [(1, {"a": "\\u0000"})]
