"""Reading uploaded text files line by line, and collecting what is wrong with them.

A file is UTF-8 text, with or without a byte-order mark, with lines ended by LF or CRLF, plain or gzipped. Gzip is
recognised by its first two bytes, never by the file's name. Only LF ends a line: form feeds, U+2028 and the like stay
inside it, so that line numbers are those of an editor or of `sed -n`.
"""

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from assessment.domain.errors import FileError, Problem

Source = str | Path | BinaryIO
Progress = Callable[[int], None]

GZIP_MAGIC = b"\x1f\x8b"
UTF8_MARK = b"\xef\xbb\xbf"
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
BLOCK_BYTES = 1 << 20
TEXT_SHOWN = 200
MAX_ID_LENGTH = 512


class Problems:
    """Collects every problem of one file; `raise_if_any` ends the reading when there was one.

    Problems keep the order of their lines; offending text is cut to 200 characters and made printable.
    """

    def __init__(self, name: str):
        self.name = name
        self._found: list[Problem] = []

    def add(self, line: int, message: str, text: str = "") -> None:
        self._found.append(Problem(line, message, shown(text)))

    def __len__(self) -> int:
        return len(self._found)

    def raise_if_any(self) -> None:
        """Raise FileError with all problems, if there are any."""
        if self._found:
            raise FileError(self.name, sorted(self._found, key=lambda problem: problem.line))


def shown(text: str | bytes) -> str:
    """The text as an error message shows it: at most 200 characters, odd bytes and control characters escaped."""
    if isinstance(text, bytes):
        text = text[: TEXT_SHOWN * 4].decode("utf-8", "backslashreplace")
    cut = text if len(text) <= TEXT_SHOWN else text[:TEXT_SHOWN] + "…"
    return "".join(c if c.isprintable() or c in "\t" else c.encode("unicode_escape").decode() for c in cut)


def id_problem(identifier: str) -> str | None:
    """Why this text cannot be an id (of a topic, document or run), or None when it can.

    Ids stand in white-space separated columns and in database indexes, which sets the rules.
    """
    if not identifier:
        return "the id is empty"
    if len(identifier) > MAX_ID_LENGTH:
        return f"the id has more than {MAX_ID_LENGTH} characters"
    if "\0" in identifier:
        return "the id contains a NUL character"
    if any(c in identifier for c in " \t\r\n\v\f"):
        return "the id contains white space"
    return None


def id_text(value: object) -> str | None:
    """An id of a JSON file as text: strings as they are, integers in decimal, anything else (booleans too) None."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return None


def open_text(
    source: Source, name: str, *, problems: Problems | None = None, progress: Progress | None = None
) -> Iterator[tuple[int, str]]:
    """Yield (line number from 1, text without its line end) for each line of a file.

    `progress` is called with the number of bytes of the source consumed so far. A line that is not UTF-8 and a damaged
    gzip stream go to `problems` (such a line is left out) where it is given, and are raised as FileError otherwise.
    """
    for first, block in line_blocks(source, name, problems=problems, progress=progress):
        for number, line in enumerate(block, first):
            if line is not None:
                yield number, line.decode("utf-8").removesuffix("\r")


def line_blocks(
    source: Source, name: str, *, problems: Problems | None = None, progress: Progress | None = None
) -> Iterator[tuple[int, list[bytes | None]]]:
    """Yield (number of the first line, lines as bytes without LF) in blocks of about a megabyte.

    The bytes are valid UTF-8; a line that was not is None and is handled as `open_text` says. A CR before the LF is
    still there.
    """
    found = Problems(name) if problems is None else problems
    first = 1
    for block in _whole_lines(source, found, progress):
        lines: list[bytes | None] = block.split(b"\n")
        if block.endswith(b"\n"):
            lines.pop()
        if not block.isascii() and not _is_utf8(block):
            _drop_bad_lines(lines, first, found)
        if problems is None:
            found.raise_if_any()
        yield first, lines
        first += len(lines)
    if problems is None:
        found.raise_if_any()


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _drop_bad_lines(lines: list[bytes | None], first: int, found: Problems) -> None:
    for index, line in enumerate(lines):
        if not _is_utf8(line):
            utf16 = first + index == 1 and line.startswith(UTF16_MARKS)
            found.add(first + index, "this is UTF-16 text; save it as UTF-8" if utf16 else "not UTF-8 text", line)
            lines[index] = None


def _whole_lines(source: Source, found: Problems, progress: Progress | None) -> Iterator[bytes]:
    """Blocks that end with a line end (the last one perhaps not), decompressed, without the byte-order mark."""
    pending: list[bytes] = []
    lines_before = 0
    at_start = True
    try:
        with _binary(source) as stream:
            for data in _plain(_blocks(stream, progress)):
                if at_start:
                    data, at_start = data.removeprefix(UTF8_MARK), False
                head, newline, tail = data.rpartition(b"\n")
                if newline:
                    block = b"".join((*pending, head, newline))
                    lines_before += block.count(b"\n")
                    yield block
                    pending = []
                if tail:
                    pending.append(tail)
    except _DamagedGzip as damage:
        found.add(0, f"the gzip stream {damage} after line {lines_before}")
        return
    if pending:
        yield b"".join(pending)


class _DamagedGzip(Exception):
    pass


@contextmanager
def _binary(source: Source) -> Iterator[BinaryIO]:
    if isinstance(source, str | Path):
        with open(source, "rb") as stream:
            yield stream
    else:
        yield source


def _blocks(stream: BinaryIO, progress: Progress | None) -> Iterator[bytes]:
    consumed = 0
    while block := stream.read(BLOCK_BYTES):
        yield block
        consumed += len(block)
        if progress is not None:
            progress(consumed)


def _plain(blocks: Iterator[bytes]) -> Iterator[bytes]:
    first = next(blocks, b"")
    if first.startswith(GZIP_MAGIC):
        yield from _inflated(first, blocks)
    else:
        yield first
        yield from blocks


def _inflated(first: bytes, blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Decompress one or more gzip members, at most 16 blocks of memory at a time; the checksums are verified."""
    inflater = zlib.decompressobj(wbits=31)
    block: bytes | None = first
    while block is not None:
        while block:
            if inflater.eof:
                block = block.lstrip(b"\0")  # padding between and after members, as gzip(1) allows
                if not block:
                    break
                inflater = zlib.decompressobj(wbits=31)
            try:
                yield inflater.decompress(block, 16 * BLOCK_BYTES)
            except zlib.error:
                raise _DamagedGzip("is damaged") from None
            block = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
        block = next(blocks, None)
    if not inflater.eof:
        yield inflater.flush()
    if not inflater.eof:
        raise _DamagedGzip("ends too early")
