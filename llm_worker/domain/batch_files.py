"""Batch files: questions to a judge out, its replies in, in the format of OpenAI's batches and of `vllm run-batch`.

Out, one JSON object a line:

    {"custom_id": "assay-7-4711-3f9a02c41b7d", "method": "POST", "url": "/v1/chat/completions", "body": {...}}

In, one JSON object a line, in any order; lines may be missing:

    {"id": ..., "custom_id": "...", "response": {"status_code": 200, "body": {a chat completion}}, "error": null}
    {"id": ..., "custom_id": "...", "response": null, "error": {"code": ..., "message": ...}}

The custom id holds the job, the call, and the first 12 hex digits of the SHA-256 of what was asked, so that a reply to
other words is never taken for a reply to these.

`vllm run-batch` takes a file of any length. OpenAI's batches take at most 50,000 requests and 200 MB a file
(platform.openai.com/docs/guides/batch), so that more of them leave as numbered parts in a zip archive.
"""

import io
import re
import shlex
import zipfile
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from assessment.domain.json_lines import json_objects
from assessment.domain.text_files import Problems, Progress, Source

URL = "/v1/chat/completions"
MOST_REQUESTS = 50_000
MOST_BYTES = 200_000_000
_CUSTOM_ID = re.compile(r"assay-([1-9][0-9]{0,17})-([1-9][0-9]{0,17})-([0-9a-f]{12})")


class CustomId(NamedTuple):
    """Which call of which job a line is about, and the beginning of the digest of its words."""

    job: int
    call: int
    digest: str

    def __str__(self) -> str:
        return f"assay-{self.job}-{self.call}-{self.digest}"


class BatchReply(NamedTuple):
    """One line of results: the chat completion as it came, or, where there is none, a sentence why."""

    line: int
    custom_id: CustomId
    completion: Any
    error: str


def custom_id(job: int, call: int, messages_sha256: str) -> CustomId:
    return CustomId(job, call, messages_sha256[:12])


def batch_line(which: CustomId, body: dict[str, Any]) -> dict[str, Any]:
    """One question, as JSON."""
    return {"custom_id": str(which), "method": "POST", "url": URL, "body": body}


def in_parts(
    lines: Iterable[str], most_requests: int = MOST_REQUESTS, most_bytes: int = MOST_BYTES
) -> Iterator[tuple[int, bytes]]:
    """(number of its part from 1, line as UTF-8) for each line; no part has more requests or bytes than that."""
    part, requests, size = 1, 0, 0
    for line in lines:
        data = line.encode()
        if requests and (requests == most_requests or size + len(data) > most_bytes):
            part, requests, size = part + 1, 0, 0
        requests, size = requests + 1, size + len(data)
        yield part, data


def zipped_parts(
    lines: Iterable[str], name: str, most_requests: int = MOST_REQUESTS, most_bytes: int = MOST_BYTES
) -> Iterator[bytes]:
    """A zip archive of NAME.part-1.jsonl, NAME.part-2.jsonl … piece by piece, without ever holding all of it."""
    out = _Outgoing()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        stream, current = None, 0
        try:
            for part, data in in_parts(lines, most_requests, most_bytes):
                if part != current:
                    if stream is not None:
                        stream.close()
                    stream, current = archive.open(f"{name}.part-{part}.jsonl", "w", force_zip64=True), part
                stream.write(data)
                if taken := out.take(_PIECE):
                    yield taken
        finally:  # also where the download is broken off: an archive closes only after its parts
            if stream is not None:
                stream.close()
    yield out.take()


_PIECE = 1 << 16  # bytes


class _Outgoing(io.RawIOBase):
    """Where a zip archive is written to; what it has so far can be taken away."""

    def __init__(self):
        super().__init__()
        self._pieces: list[bytes] = []
        self._size = 0

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:
        self._pieces.append(bytes(data))
        self._size += len(self._pieces[-1])
        return len(self._pieces[-1])

    def take(self, least: int = 0) -> bytes:
        """What was written since, or nothing while that is less than `least` bytes."""
        if self._size < least:
            return b""
        taken = b"".join(self._pieces)
        self._pieces.clear()
        self._size = 0
        return taken


def run_command(model: str, revision: str, requests: str, results: str) -> str:
    """The command, for a POSIX shell, that has vLLM answer the file `requests` into the file `results`."""
    words = ["vllm", "run-batch", "-i", requests, "-o", results, "--model", model]
    return shlex.join(words + (["--revision", revision] if revision else []))


def read_batch(source: Source, problems: Problems, *, progress: Progress | None = None) -> Iterator[BatchReply]:
    """Yield every line that can be read; what is wrong with the others goes to `problems`."""
    seen: dict[CustomId, int] = {}
    for number, value, text in json_objects(source, problems, progress=progress):
        which = _parsed(value.get("custom_id"))
        if which is None:
            problems.add(number, "custom_id is not one that Assay wrote (assay-JOB-CALL-DIGEST)", text)
        elif which in seen:
            problems.add(number, f"the same custom_id as line {seen[which]}", str(which))
        else:
            seen[which] = number
            reply = _reply(number, which, value)
            if reply is None and "response" not in value and "body" in value:
                problems.add(number, "a question and no reply: bring the file of results, not that of requests", text)
            elif reply is None:
                problems.add(number, "neither a response with a status_code and a body nor an error", text)
            else:
                yield reply


def _parsed(value: Any) -> CustomId | None:
    found = _CUSTOM_ID.fullmatch(value) if isinstance(value, str) else None
    return CustomId(int(found[1]), int(found[2]), found[3]) if found else None


def _reply(number: int, which: CustomId, value: dict) -> BatchReply | None:
    error, response = value.get("error"), value.get("response")
    if isinstance(response, dict) and "body" in response:
        status = response.get("status_code")
        if status == 200 and not error:
            return BatchReply(number, which, response["body"], "")
        if type(status) is int:
            return BatchReply(number, which, None, f"The server answered {status}: {_said(error or response['body'])}")
    if error:
        return BatchReply(number, which, None, f"The batch failed here: {_said(error)}")
    return None


def _said(error: Any) -> str:
    """The message of an error, wherever its server put it."""
    for _ in range(3):
        if isinstance(error, dict):
            error = error.get("error") or error.get("message") or error.get("code") or ""
    return str(error)[:300]
