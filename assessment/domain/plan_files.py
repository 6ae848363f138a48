"""Plans as CSV files, to be changed in a spreadsheet and read again.

The first line is the header `pool,topic,assessor,condition,reveal,suggestion_source`, each further one a duty. Fields
are quoted where they hold commas, quotes or line ends. `suggestion_source` is empty for manual duties. A topic that
nobody looks at is a line whose assessor and suggestion_source are both the judge: `pool-10,q1,umbrela,automatic,never,
umbrela`. Lines are written by pool, topic and assessor, compared character by character; they may come in any order.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from assessment.domain.text_files import Problems, Progress, Source, open_text

HEADER = ("pool", "topic", "assessor", "condition", "reveal", "suggestion_source")


class PlanLine(NamedTuple):
    """One duty by the names in it; an empty `suggestion_source` is nobody."""

    pool: str
    topic: str
    assessor: str
    condition: str
    reveal: str
    suggestion_source: str

    @property
    def text(self) -> str:
        return _csv(self).rstrip("\n")


def read_plan(
    source: Source, name: str, *, problems: Problems, progress: Progress | None = None
) -> list[tuple[int, PlanLine]]:
    """The duties of a file with the number of the line that each begins on.

    A wrong header, lines with other than six fields, bad quoting and a (pool, topic, assessor) that stands twice go to
    `problems`; such lines are left out.
    """
    lines: list[tuple[int, PlanLine]] = []
    seen: dict[tuple[str, str, str], int] = {}
    for number, fields in _records(source, name, problems, progress):
        if len(fields) != len(HEADER):
            problems.add(number, f"{len(fields)} fields instead of {len(HEADER)}", _csv(fields).rstrip("\n"))
            continue
        line = PlanLine(*fields)
        first = seen.setdefault(line[:3], number)
        if first != number:
            problems.add(number, f"this topic and assessor are already on line {first}", line.text)
            continue
        lines.append((number, line))
    return lines


def plan_csv(lines: Iterable[PlanLine]) -> Iterator[str]:
    """The lines of the file, header first, each with its line end (LF), sorted."""
    yield _csv(HEADER)
    for line in sorted(lines):
        yield _csv(line)


def _records(
    source: Source, name: str, problems: Problems, progress: Progress | None
) -> Iterator[tuple[int, list[str]]]:
    """(number of its first line, fields) of each record after the header; blank lines are left out."""
    numbers: list[int] = []

    def texts() -> Iterator[str]:
        for number, text in open_text(source, name, problems=problems, progress=progress):
            numbers.append(number)
            yield f"{text}\n"

    reader = csv.reader(texts(), strict=True)
    header_seen = False
    while True:
        begins = reader.line_num
        try:
            fields = next(reader, None)
        except csv.Error as error:
            problems.add(numbers[begins], f"this is no CSV from here on: {error}")
            return
        if fields is None:
            break
        if not header_seen:
            header_seen = True
            if tuple(fields) != HEADER:
                problems.add(numbers[begins], f"the first line must be {','.join(HEADER)}", _csv(fields).rstrip("\n"))
                return
        elif fields:
            yield numbers[begins], fields
    if not header_seen:
        problems.add(0, f"the file is empty; its first line must be {','.join(HEADER)}")


def _csv(fields: Iterable[str]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerow(fields)
    return written.getvalue()
