"""The runs of a track by the judgments of one assessor. The choices are in the address."""

import shlex

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, QueryDict
from django.shortcuts import render

from assessment.access import READERS, get_track_for_user
from assessment.domain.errors import DomainError
from assessment.selectors.leaderboards import Leaderboard, assessors_with_grades
from assessment.selectors.leaderboards import leaderboard as leaderboard_of

from .comparison_choice import named
from .result_tables import changed, csv_file, headings, sorted_rows


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


def leaderboard_csv(slug: str, board: Leaderboard) -> HttpResponse:
    rows = [["run", "measure", "value"]]
    for row in board.rows:
        rows += [[row.tag, name, f"{score:.8f}"] for name, (score, _) in zip(board.measures, row.scores, strict=True)]
    return csv_file(f"{slug}-{board.assessor}", rows)
