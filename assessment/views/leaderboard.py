"""The runs of a track by the judgments of one assessor, and one of them against the field. The choices are in the
address."""

import json
import shlex

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse

from assessment.access import READERS, get_run_for_user, get_track_for_user
from assessment.domain.errors import DomainError
from assessment.domain.significance import METHODS
from assessment.leaderboard_charts import field_dots, leaderboard_dots
from assessment.models import Track
from assessment.selectors.leaderboards import FieldTopic, Leaderboard, assessors_with_grades, run_in_the_field
from assessment.selectors.leaderboards import leaderboard as leaderboard_of

from .chart_answers import chart_answer
from .comparison_choice import named
from .result_tables import changed, csv_file, headings, sorted_rows

TESTS = {"tukey": "Tukey HSD", "t": "paired t, Holm", "randomisation": "randomisation, Holm"}


@login_required
def leaderboard(request, slug):
    """All runs, or those of a team or type, with intervals and groups."""
    track = get_track_for_user(request.user, slug, READERS)
    assessors = list(assessors_with_grades(track))
    asked = request.GET.get("measures", "nDCG@10,P@10,AP").replace(" ", "")
    test = request.GET.get("test", "tukey")
    context = {"track": track, "assessors": assessors, "measures": asked, "tests": TESTS}
    context |= {"test": test if test in METHODS else "tukey", **_filters(request.GET, track)}
    if assessors:
        assessor = request.GET.get("assessor", assessors[0].name)
        context["assessor"] = assessor
        try:
            board = leaderboard_of(
                track,
                named(assessors, assessor),
                asked.split(","),
                method=context["test"],
                team=context["team"],
                kind=context["kind"],
            )
            if "chart" in request.GET:
                return chart_answer(_board_chart(track, board), f"{slug}-{board.assessor}-runs", request.GET)
        except DomainError as error:
            context["error"] = str(error)
        else:
            if "csv" in request.GET:
                return leaderboard_csv(track.slug, board, request.GET["csv"])
            context |= leaderboard_context(request.GET, track, board)
    return render(request, "assessment/leaderboard.html", context)


@login_required
def run_topics(request, slug, pk):
    """One run topic by topic against the field."""
    run = get_run_for_user(request.user, slug, pk)
    track = run.track
    assessors = list(assessors_with_grades(track))
    measure = request.GET.get("measure", "nDCG@10")
    context = {"track": track, "run": run, "assessors": assessors, "measure": measure}
    if assessors:
        context["assessor"] = request.GET.get("assessor", assessors[0].name)
        try:
            topics = run_in_the_field(track, named(assessors, context["assessor"]), run, measure)
            urls = {one.topic.qid: f"{reverse('run', args=[slug, pk])}?topic={one.topic.pk}" for one in topics}
            spec = field_dots(run.tag, measure, topics, urls)
            if "chart" in request.GET:
                return chart_answer(spec, f"{slug}-{run.tag}-topics", request.GET)
        except DomainError as error:
            context["error"] = str(error)
        else:
            if "csv" in request.GET:
                return _topics_csv(f"{slug}-{run.tag}-{context['assessor']}-{measure}", topics)
            words = ["leaderboard", slug, "--qrels", context["assessor"], "--measures", measure, "--per-topic"]
            context |= {
                "topics": [(one, urls[one.topic.qid]) for one in topics],
                "below": sum(one.gap < 0 for one in topics),
                "chart": json.dumps(spec, ensure_ascii=False),
                "pdf": f"?{changed(request.GET, chart='topics', format='pdf')}",
                "csv": f"?{changed(request.GET, csv='topics')}",
                "command": shlex.join(["python3", "manage.py", *words]),
            }
    return render(request, "assessment/leaderboard_run.html", context)


def _filters(query: QueryDict, track: Track) -> dict:
    teams, kinds = (
        sorted(set(track.runs.exclude(**{field: ""}).values_list(field, flat=True))) for field in ("team", "kind")
    )
    return {"teams": teams, "kinds": kinds, "team": query.get("team", ""), "kind": query.get("kind", "")}


def leaderboard_context(query: QueryDict, track, board: Leaderboard) -> dict:
    columns = {"rank": ("rank", lambda row: row.rank), "run": ("run", lambda row: row.tag)}
    if any(row.team for row in board.rows):
        columns["team"] = ("team", lambda row: row.team)
    if any(row.kind for row in board.rows):
        columns["kind"] = ("type", lambda row: row.kind)
    if board.grouped:
        columns["group"] = ("group", lambda row: (row.rank, row.tag))
    for place, (measure, judged) in enumerate(zip(board.measures, board.judged, strict=True)):
        columns[measure] = (measure, lambda row, place=place: -row.scores[place][0])
        columns[f"{measure}-reach"] = ("±", lambda row, place=place: -(row.reaches[place] or 0))
        columns[f"{measure}-judged"] = (judged, lambda row, place=place: -row.scores[place][1])
    rows, sort = sorted_rows(query, board.rows, columns, default="rank")
    plain = ("run", "team", "kind", "group")
    address = f"assessor={board.assessor}&measure={board.measures[0]}"
    query_of_run = QueryDict(address, mutable=True).urlencode()
    return {
        "board": board,
        "rows": [
            (row, f"{reverse('leaderboard_run', args=[track.slug, row.pk])}?{query_of_run}", _cells(row))
            for row in rows
        ],
        "columns": headings(query, {name: label for name, (label, _) in columns.items()}, sort, plain=plain),
        "csv": f"?{changed(query, csv='runs')}",
        "csv_intervals": f"?{changed(query, csv='intervals')}",
        "chart": json.dumps(_board_chart(track, board), ensure_ascii=False),
        "pdf": f"?{changed(query, chart='runs', format='pdf')}",
        "has_teams": "team" in columns,
        "has_kinds": "kind" in columns,
        "command": shlex.join(
            ["python3", "manage.py", "leaderboard", track.slug, "--qrels", board.assessor]
            + ["--measures", ",".join(board.measures), "--format", "csv"]
        ),
    }


def _cells(row) -> list[tuple]:
    """(score, half of its interval, Judged@k) for each measure."""
    return [(score, reach, judged) for (score, judged), reach in zip(row.scores, row.reaches, strict=True)]


def _board_chart(track: Track, board: Leaderboard) -> dict:
    return leaderboard_dots(board, {row.tag: reverse("run", args=[track.slug, row.pk]) for row in board.rows})


def leaderboard_csv(slug: str, board: Leaderboard, table: str) -> HttpResponse:
    """`intervals` with everything that is shown, anything else the scores alone."""
    if table == "intervals":
        rows = [["run", "team", "type", "rank", "group", "measure", "value", "low", "high", "judged"]]
        for row in board.rows:
            for name, (score, reach, judged) in zip(board.measures, _cells(row), strict=True):
                ends = ["", ""] if reach is None else [f"{score - reach:.8f}", f"{score + reach:.8f}"]
                group = row.group if name == board.measures[0] else ""
                told = [row.tag, row.team, row.kind, row.rank, group, name]
                rows.append([*told, f"{score:.8f}", *ends, f"{judged:.4f}"])
    else:
        rows = [["run", "measure", "value"]]
        for row in board.rows:
            named_scores = zip(board.measures, row.scores, strict=True)
            rows += [[row.tag, name, f"{score:.8f}"] for name, (score, _) in named_scores]
    return csv_file(f"{slug}-{board.assessor}" + ("-intervals" if table == "intervals" else ""), rows)


def _topics_csv(name: str, topics: list[FieldTopic]) -> HttpResponse:
    rows = [["topic", "score", "median", "best", "rank", "judged"]]
    for one in topics:
        figures = [f"{value:.8f}" for value in (one.score, one.median, one.best)]
        rows.append([one.topic.qid, *figures, one.rank, f"{one.judged:.4f}"])
    return csv_file(name, rows)
