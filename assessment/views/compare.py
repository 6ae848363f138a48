"""Manual against automatic, and the leaderboard under one assessor. The choices are in the address."""

import json
import shlex
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.vary import vary_on_headers

from assessment.access import READERS, get_track_for_user
from assessment.charts import confusion_rows, rank_slopes, run_scatter, topic_dots
from assessment.domain.errors import DomainError
from assessment.models import Assessor
from assessment.selectors.comparisons import Comparison
from assessment.selectors.comparisons import compare as compare_assessors
from assessment.selectors.leaderboards import Leaderboard, assessors_with_grades, is_arriving
from assessment.selectors.leaderboards import leaderboard as leaderboard_of

from .result_tables import changed, csv_file, headings, sorted_rows

MEASURES = ["nDCG@10", "nDCG@20", "nDCG", "P@5", "P@10", "AP", "Bpref", "R@100", "RR", "RR@10"]
RUN_COLUMNS = {
    "run": ("run", lambda row: row.tag),
    "team": ("team", lambda row: row.team),
    "manual": ("rank", lambda row: row.manual_rank),
    "manual_score": ("{measure}", lambda row: -row.manual),
    "manual_judged": ("{judged}", lambda row: -row.manual_judged),
    "automatic": ("rank", lambda row: row.automatic_rank),
    "automatic_score": ("{measure}", lambda row: -row.automatic),
    "automatic_judged": ("{judged}", lambda row: -row.automatic_judged),
    "change": ("change", lambda row: -abs(row.change)),
}


class Choice(NamedTuple):
    manual: str
    automatic: str
    measure: str


@login_required
@vary_on_headers("HX-Request")
def compare(request, slug):
    track = get_track_for_user(request.user, slug, READERS)
    assessors = list(assessors_with_grades(track))
    context = {"track": track, "assessors": assessors, "measures": MEASURES}
    if len(assessors) > 1:
        choice = chosen(request.GET, assessors)
        sides = [one for one in assessors if one.name in choice[:2]]
        context |= {"choice": choice, "sides": sides, "arriving": any(is_arriving(one) for one in sides)}
        try:
            comparison = compare_assessors(track, *(named(assessors, name) for name in choice[:2]), choice.measure)
        except DomainError as error:
            context["error"] = str(error)
        else:
            if "csv" in request.GET:
                return comparison_csv(comparison, request.GET["csv"])
            context |= comparison_context(request.GET, track, comparison)
    fragment = request.htmx and not request.htmx.history_restore_request and "choice" in context
    return render(request, "assessment/_comparison.html" if fragment else "assessment/compare.html", context)


@login_required
def leaderboard(request, slug):
    track = get_track_for_user(request.user, slug, READERS)
    assessors = list(assessors_with_grades(track))
    asked = request.GET.get("measures", "nDCG@10,P@10,AP").replace(" ", "")
    context = {"track": track, "assessors": assessors, "measures": asked}
    if assessors:
        assessor = request.GET.get("assessor", assessors[0].name)
        context["assessor"] = assessor
        try:
            board = leaderboard_of(track, named(assessors, assessor), asked.split(","))
        except DomainError as error:
            context["error"] = str(error)
        else:
            if "csv" in request.GET:
                return leaderboard_csv(track.slug, board)
            context |= leaderboard_context(request.GET, track, board)
    return render(request, "assessment/leaderboard.html", context)


def chosen(query: QueryDict, assessors: Sequence[Assessor]) -> Choice:
    """What the address asks for. Unsaid: people or imported qrels as manual, an LLM as automatic where there is one."""
    judges = [one for one in assessors if one.kind == Assessor.Kind.LLM]
    others = [one for one in assessors if one not in judges]
    manual = (others or judges)[0]
    rest = [one for one in [*judges, *others] if one is not manual]
    automatic = max(judges, key=lambda one: one.n_grades) if judges and others else rest[0]
    return Choice(
        query.get("manual", manual.name), query.get("automatic", automatic.name), query.get("measure", MEASURES[0])
    )


def named(assessors: Iterable[Assessor], name: str) -> Assessor:
    found = next((one for one in assessors if one.name == name), None)
    if found is None:
        raise DomainError(f"Nobody called {name} has judged in this track; choose another assessor.")
    return found


def comparison_context(query: QueryDict, track, comparison: Comparison) -> dict:
    urls = {row.tag: reverse("run", args=[track.slug, row.pk]) for row in comparison.runs}
    charts = {}
    if comparison.runs:
        charts = {
            "scatter": run_scatter(comparison, urls),
            "slopes": rank_slopes(comparison),
            "topics": topic_dots(comparison),
        }
    columns = {name: column for name, column in RUN_COLUMNS.items() if name != "team" or comparison.has_teams}
    rows, sort = sorted_rows(query, comparison.runs, columns, default="manual")
    words = {"measure": comparison.measure, "judged": f"Judged@{comparison.judged_depth}"}
    labels = {name: label.format(**words) for name, (label, _) in columns.items()}
    return {
        "comparison": comparison,
        "charts": {name: json.dumps(spec, ensure_ascii=False) for name, spec in charts.items()},
        "confusion": confusion_rows(comparison.grades, comparison.confusion),
        "rows": rows,
        "columns": headings(query, labels, sort, plain=("run", "team")),
        "csv": {table: f"?{changed(query, csv=table)}" for table in ("runs", "topics", "confusion")},
        "file": file_name(comparison),
        "command": command(comparison),
    }


def leaderboard_context(query: QueryDict, track, board: Leaderboard) -> dict:
    columns = {"rank": ("rank", lambda row: row.rank), "run": ("run", lambda row: row.tag)}
    if any(row.team for row in board.rows):
        columns["team"] = ("team", lambda row: row.team)
    for place, (measure, judged) in enumerate(zip(board.measures, board.judged, strict=True)):
        columns[measure] = (measure, lambda row, place=place: -row.scores[place][0])
        columns[f"{measure}-judged"] = (judged, lambda row, place=place: -row.scores[place][1])
    rows, sort = sorted_rows(query, board.rows, columns, default="rank")
    return {
        "board": board,
        "rows": rows,
        "columns": headings(query, {name: label for name, (label, _) in columns.items()}, sort, plain=("run", "team")),
        "csv": f"?{changed(query, csv='runs')}",
        "has_teams": "team" in columns,
        "command": shlex.join(
            ["python3", "manage.py", "leaderboard", track.slug, "--qrels", board.assessor]
            + ["--measures", ",".join(board.measures), "--format", "csv"]
        ),
    }


def command(comparison: Comparison) -> str:
    words = ["python3", "manage.py", "compare", comparison.track, "--manual", comparison.manual]
    return shlex.join(
        [*words, "--automatic", comparison.automatic, "--measure", comparison.measure, "--format", "json"]
    )


def file_name(comparison: Comparison) -> str:
    return f"{comparison.track}-{comparison.manual}-{comparison.automatic}-{comparison.measure}".replace("@", "")


def comparison_csv(comparison: Comparison, table: str) -> HttpResponse:
    """`runs`, `topics` or `confusion` of the comparison, as a file."""
    if table == "confusion":
        values = [grade.value for grade in comparison.grades]
        rows = [["manual", *values], *([value, *row] for value, row in zip(values, comparison.confusion, strict=True))]
    elif table == "topics":
        rows = [["topic", "tau", "pairs"], *([row.qid, row.tau, row.n_pairs] for row in comparison.topics)]
    else:
        rows = [[*comparison.runs[0]._fields[1:]], *(row[1:] for row in comparison.runs)]
    return csv_file(f"{file_name(comparison)}-{table}", rows)


def leaderboard_csv(slug: str, board: Leaderboard) -> HttpResponse:
    rows = [["run", "measure", "value"]]
    for row in board.rows:
        rows += [[row.tag, name, f"{score:.8f}"] for name, (score, _) in zip(board.measures, row.scores, strict=True)]
    return csv_file(f"{slug}-{board.assessor}", rows)
