"""What a run is besides its ranking: which team sent it, and of what type it is.

The file is CSV (UTF-8) with a header, of which `run` is required and `team` and `type` may be there; columns of other
names are refused, so that a misspelt one is not lost in silence. A run that the file does not name stays as it is, and
so does what a missing column says.
"""

import csv
import io
from collections.abc import Iterable

from django.db import transaction

from assessment.domain.errors import FileError, Problem
from assessment.models import Run, Track

COLUMNS = {"team": "team", "type": "kind"}


@transaction.atomic
def runs_describe(*, track: Track, lines: Iterable[str], name: str) -> list[Run]:
    """Take the details of runs from the lines of a file, all or nothing; returns the runs that it names. FileError with
    every problem: unknown columns, a run twice or not of the track, a value that is too long."""
    reader = csv.reader(lines)
    header = [cell.strip().lstrip("\ufeff").lower() for cell in next(reader, [])]
    problems = [
        Problem(1, "an unknown column; known are run, team, type", cell)
        for cell in header
        if cell not in {"run", *COLUMNS}
    ]
    if "run" not in header:
        problems.append(Problem(1, "the column “run” is missing", ",".join(header)))
    if len(set(header)) < len(header):
        problems.append(Problem(1, "a column stands there twice", ",".join(header)))
    if problems:
        raise FileError(name, problems)
    known = {run.tag: run for run in track.runs.select_for_update().defer("warnings")}
    found: dict[str, Run] = {}
    for number, row in enumerate(reader, 2):
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(header):
            problems.append(Problem(number, f"{len(row)} columns, {len(header)} in the header", ",".join(row)))
            continue
        told = dict(zip(header, (cell.strip() for cell in row), strict=True))
        tag = told["run"]
        if tag not in known:
            problems.append(Problem(number, "the track has no such run", tag))
        elif tag in found:
            problems.append(Problem(number, "this run stands in the file already", tag))
        else:
            found[tag] = known[tag]
            for column, field in COLUMNS.items():
                if column in told:
                    longest = Run._meta.get_field(field).max_length
                    if len(told[column]) > longest:
                        problems.append(Problem(number, f"the {column} is longer than {longest} letters", told[column]))
                    setattr(known[tag], field, told[column])
    if problems:
        raise FileError(name, problems)
    Run.objects.bulk_update(found.values(), [COLUMNS[column] for column in header if column in COLUMNS] or ["team"])
    return list(found.values())


def decoded(body: bytes, name: str) -> io.StringIO:
    """The text of an uploaded file; FileError where it is not UTF-8."""
    try:
        return io.StringIO(body.decode("utf-8-sig"), newline="")
    except UnicodeDecodeError as error:
        line = body[: error.start].count(b"\n") + 1
        raise FileError(name, [Problem(line, "this is not UTF-8 text", "")]) from error
