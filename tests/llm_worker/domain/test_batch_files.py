"""Batch files as they leave, in parts, and the command that answers them; how they are read is in test_batches."""

import gc
import io
import random
import shlex
import zipfile

import pytest

from assessment.domain.errors import FileError
from assessment.domain.text_files import Problems
from llm_worker.domain.batch_files import custom_id, in_parts, read_batch, run_command, zipped_parts

LINES = [f'{{"custom_id": "{number}", "text": "flöhe"}}\n' for number in range(7)]


def parts_of(lines, **limits):
    found: dict[int, list[bytes]] = {}
    for part, data in in_parts(lines, **limits):
        found.setdefault(part, []).append(data)
    return found


def test_a_part_has_at_most_so_many_requests():
    found = parts_of(LINES, most_requests=3)
    assert [len(found[part]) for part in (1, 2, 3)] == [3, 3, 1]
    assert b"".join(sum(found.values(), [])).decode() == "".join(LINES)


def test_a_part_has_at_most_so_many_bytes_of_utf_8():
    size = len(LINES[0].encode())
    assert size == len(LINES[0]) + 1
    assert [len(one) for one in parts_of(LINES, most_bytes=2 * size).values()] == [2, 2, 2, 1]
    assert [len(one) for one in parts_of(LINES, most_bytes=2 * size - 1).values()] == [1] * 7


def test_a_request_larger_than_a_part_is_a_part_of_its_own():
    assert [len(one) for one in parts_of(LINES, most_bytes=1).values()] == [1] * 7


def test_the_archive_holds_every_line_once_in_numbered_parts():
    data = b"".join(zipped_parts(LINES, "small", most_requests=4))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["small.part-1.jsonl", "small.part-2.jsonl"]
        assert b"".join(map(archive.read, archive.namelist())).decode() == "".join(LINES)


def test_an_archive_of_nothing_is_an_archive():
    with zipfile.ZipFile(io.BytesIO(b"".join(zipped_parts([], "none")))) as archive:
        assert archive.namelist() == []


def test_the_archive_leaves_while_it_is_written():
    taken = []
    read = (taken.append(number) or f"{number} {'x' * 50} {number * 7919}\n" for number in range(200_000))
    first = next(zipped_parts(read, "large"))
    assert first
    assert len(taken) < 100_000


def test_the_command_names_model_revision_and_files_for_a_shell():
    command = run_command("org/a model", "v1", "in.jsonl", "out.jsonl")
    assert shlex.split(command) == [
        "vllm", "run-batch", "-i", "in.jsonl", "-o", "out.jsonl", "--model", "org/a model", "--revision", "v1",
    ]  # fmt: skip
    assert "--revision" not in run_command("m", "", "in.jsonl", "out.jsonl")


def read(*lines):
    problems = Problems("file")
    return list(read_batch(io.BytesIO("\n".join(lines).encode()), problems)), problems


def test_vllms_line_of_an_error_is_read():
    which = custom_id(1, 2, "0" * 64)
    line = (
        f'{{"id":"vllm-1","custom_id":"{which}","response":{{"status_code":400,"request_id":"r","body":null}},'
        '"error":{"error":{"message":"This model\'s maximum context length is 8192 tokens.","code":400}}}'
    )
    (reply,), problems = read(line)
    assert not problems
    assert (reply.custom_id, reply.completion) == (which, None)
    assert reply.error == "The server answered 400: This model's maximum context length is 8192 tokens."


def test_a_request_file_in_place_of_the_results_is_called_that():
    replies, problems = read(f'{{"custom_id": "{custom_id(1, 2, "0" * 64)}", "method": "POST", "body": {{}}}}')
    assert replies == []
    assert len(problems) == 1
    with pytest.raises(FileError) as refused:
        problems.raise_if_any()
    assert "a question and no reply" in str(refused.value.problems[0])


@pytest.mark.filterwarnings("error")
def test_a_download_that_is_broken_off_leaves_nothing_open():
    noise = (f"{random.Random(place).getrandbits(8000):x}\n" for place in range(500))
    pieces = zipped_parts(noise, "batch", most_requests=200)
    assert next(pieces)
    pieces.close()
    gc.collect()
