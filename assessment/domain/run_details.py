"""What runs are besides their rankings: CSV files with a header.

`run` is required; `team`, `type` and `models` (the language models in it, separated by commas) may be there, in any
order. Columns of other names are problems, so that a misspelt one is not lost in silence. An empty cell is no team, no
type, no model.

    run,team,type,models
    rag-1,orca,automatic,"gpt-4o-2024-08-06, bge-reranker"
"""

import csv
from typing import NamedTuple

from assessment.domain.text_files import Problems, Progress, Source, open_text

COLUMNS = ("team", "type", "models")


class RunDetails(NamedTuple):
    """One line: the run's tag, and team, type and models as far as the file has such a column (else None)."""

    tag: str
    team: str | None
    type: str | None
    models: str | None


def read_run_details(
    source: Source, name: str, *, problems: Problems, progress: Progress | None = None
) -> list[tuple[int, RunDetails]]:
    """The lines of a file with their numbers. A wrong header, lines with more or fewer cells than it and a run that
    stands twice go to `problems`; such lines are left out."""
    reader = csv.reader(text for _, text in open_text(source, name, problems=problems, progress=progress))
    found: list[tuple[int, RunDetails]] = []
    first: dict[str, int] = {}
    header: list[str] = []
    for cells in reader:
        number, cells = reader.line_num, [cell.strip() for cell in cells]
        if not any(cells):
            continue
        if not header:
            header = [cell.lower() for cell in cells]
            if wrong := _wrong_header(header):
                problems.add(number, wrong, ",".join(cells))
                break
        elif len(cells) != len(header):
            problems.add(number, f"{len(cells)} cells instead of {len(header)}", ",".join(cells))
        else:
            told = dict.fromkeys(COLUMNS) | dict(zip(header, cells, strict=True))
            earlier = first.setdefault(told["run"], number)
            if earlier != number:
                problems.add(number, f"this run is already on line {earlier}", told["run"])
            else:
                found.append((number, RunDetails(told["run"], told["team"], told["type"], told["models"])))
    if not header:
        problems.add(0, "the file is empty; its first line names the columns: run,team,type,models")
    return found


def _wrong_header(header: list[str]) -> str:
    if unknown := [cell for cell in header if cell not in ("run", *COLUMNS)]:
        return f"unknown column {', '.join(map(repr, unknown))}; known are run, team, type and models"
    if "run" not in header:
        return "the column run is missing"
    return "a column stands there twice" if len(set(header)) < len(header) else ""
