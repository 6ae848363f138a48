"""Tables of results: sorted by links, and as files."""

import csv
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.http import HttpResponse, QueryDict


class Column(NamedTuple):
    """A heading that sorts: `direction` says how the table is sorted by it, or is empty."""

    label: str
    numeric: bool
    url: str
    direction: str


def sorted_rows(query: QueryDict, rows: list, columns: dict, default: str) -> tuple[list, str]:
    """The rows in the order that the address asks for, and that order: a column's name, with a minus for reversed."""
    sort = query.get("sort", default)
    if sort.removeprefix("-") not in columns:
        sort = default
    _, key = columns[sort.removeprefix("-")]
    return sorted(rows, key=key, reverse=sort.startswith("-")), sort


def headings(query: QueryDict, labels: dict[str, str], sort: str, plain: Sequence[str]) -> list[Column]:
    """One heading a column; a second click on the same one reverses. Scores are best first, so descending."""
    columns = []
    for name, label in labels.items():
        current = name == sort.removeprefix("-")
        url = f"?{changed(query, sort=f'-{name}' if sort == name else name)}"
        upwards = (name in (*plain, "rank", "manual", "automatic")) != sort.startswith("-")
        direction = ("ascending" if upwards else "descending") if current else ""
        columns.append(Column(label, name not in plain, url, direction))
    return columns


def changed(query: QueryDict, **values: str) -> str:
    query = query.copy()
    for name, value in values.items():
        query[name] = value
    return query.urlencode()


def csv_file(name: str, rows: Iterable[Sequence]) -> HttpResponse:
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    plain = "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in name)
    response["Content-Disposition"] = f'attachment; filename="{plain.encode("ascii", "replace").decode()}.csv"'
    csv.writer(response, lineterminator="\n").writerows(rows)
    return response
