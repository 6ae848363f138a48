"""Plans as CSV files, to be changed in a spreadsheet and read again.

The first line names the columns, each further one is a duty: `pool,topic,assessor,condition,reveal,suggestion_source,
order,sample_percent,vigilance,trusted,ranked_by`. Columns may stand in any order, and the last five may be missing, as
in files of earlier versions: what a duty has there already is left as it is. Fields are quoted where they hold commas,
quotes or line ends.

`suggestion_source` is empty for manual duties. `order` is empty for the pool's. `sample_percent` is the share of the
topic's pairs, 100 for all. `vigilance` is how many passages with a wrong suggestion are added for a hundred, 0 for
none, and `trusted` the assessor who has graded those. `ranked_by` is the judge behind the orders `likely` and
`uncertain`, empty for the others. A topic that nobody looks at is a line whose assessor and
suggestion_source are both the judge: `pool-10,q1,umbrela,automatic,never,umbrela,,100,0,,`. Lines are written by pool,
topic and assessor, compared character by character; they may come in any order.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from assessment.domain.text_files import Problems, Progress, Source, open_text

NEEDED = ("pool", "topic", "assessor", "condition", "reveal", "suggestion_source")
HEADER = (*NEEDED, "order", "sample_percent", "vigilance", "trusted", "ranked_by")


class PlanLine(NamedTuple):
    """One duty by the names in it; an empty `suggestion_source`, `trusted` or `ranked_by` is nobody. None: no such
    column."""

    pool: str
    topic: str
    assessor: str
    condition: str
    reveal: str
    suggestion_source: str
    order: str | None = ""
    sample_percent: str | None = "100"
    vigilance: str | None = "0"
    trusted: str | None = ""
    ranked_by: str | None = ""

    @property
    def text(self) -> str:
        return _csv(field for field in self if field is not None).rstrip("\n")


def read_plan(
    source: Source, name: str, *, problems: Problems, progress: Progress | None = None
) -> list[tuple[int, PlanLine]]:
    """The duties of a file with the number of the line that each begins on.

    A wrong header, lines with more or fewer fields than it, bad quoting and a (pool, topic, assessor) that stands twice
    go to `problems`; such lines are left out.
    """
    lines: list[tuple[int, PlanLine]] = []
    seen: dict[tuple[str, str, str], int] = {}
    columns: list[str] = []
    for number, fields in _records(source, name, problems, progress):
        if not columns:
            if wrong := _wrong_header(fields):
                problems.add(number, wrong, _csv(fields).rstrip("\n"))
                break
            columns = fields
            continue
        if len(fields) != len(columns):
            problems.add(number, f"{len(fields)} fields instead of {len(columns)}", _csv(fields).rstrip("\n"))
            continue
        named = dict.fromkeys(HEADER) | dict(zip(columns, fields, strict=True))
        line = PlanLine(**named)
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
    """(number of its first line, fields) of each record, header first; blank lines are left out."""
    numbers: list[int] = []

    def texts() -> Iterator[str]:
        for number, text in open_text(source, name, problems=problems, progress=progress):
            numbers.append(number)
            yield f"{text}\n"

    reader = csv.reader(texts(), strict=True)
    empty = True
    while True:
        begins = reader.line_num
        try:
            fields = next(reader, None)
        except csv.Error as error:
            problems.add(numbers[begins], f"this is no CSV from here on: {error}")
            return
        if fields is None:
            break
        if fields:
            empty = False
            yield numbers[begins], fields
    if empty:
        problems.add(0, f"the file is empty; its first line must be {','.join(HEADER)}")


def _wrong_header(columns: list[str]) -> str:
    """Why these cannot be a plan's columns; empty if they can."""
    unknown = [column for column in columns if column not in HEADER]
    missing = [column for column in NEEDED if column not in columns]
    if len(missing) == len(NEEDED):
        return f"the first line must be {','.join(HEADER)}"
    if unknown:
        return f"there is no column {unknown[0]!r} in a plan; the columns are {', '.join(HEADER)}"
    if missing:
        return f"the column {missing[0]!r} is missing"
    twice = [column for place, column in enumerate(columns) if column in columns[:place]]
    return f"the column {twice[0]!r} stands twice" if twice else ""


def _csv(fields: Iterable[str]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerow(fields)
    return written.getvalue()
