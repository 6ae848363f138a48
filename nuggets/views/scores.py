"""What a track has of answers and nuggets, and the runs by their nugget scores. The choice is in the address."""

import json
import shlex

from django.contrib.auth.decorators import login_required
from django.http import QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from assessment.access import READERS, get_track_for_user
from assessment.domain.errors import DomainError
from assessment.views.result_tables import changed, csv_file, headings, sorted_rows
from nuggets.charts import mean_by_length
from nuggets.domain.scores import RULES
from nuggets.models import Answer
from nuggets.selectors.leaderboards import PRIMARY, NuggetLeaderboard, nugget_leaderboard

from .choices import Choice, choice_in


@login_required
@require_GET
def nuggets(request, slug):
    """The leaderboard under one assessor's labels of one bank, or what comes first where there are none."""
    track = get_track_for_user(request.user, slug, READERS)
    choice = choice_in(request.GET, track)
    context = {"track": track, "choice": choice}
    if not choice:
        context |= {"answers": Answer.objects.filter(run__track=track).count(), "banks": track.banks.count()}
    else:
        try:
            board = nugget_leaderboard(choice.source, choice.topics)
        except DomainError as error:
            context["error"] = str(error)
        else:
            if "csv" in request.GET:
                return _csv(track.slug, board)
            context |= _table(request.GET, choice, board)
    return render(request, "nuggets/nuggets.html", context)


def _table(query: QueryDict, choice: Choice, board: NuggetLeaderboard) -> dict:
    track = choice.track
    columns = {
        "rank": ("rank", lambda row: (row.rank is None, row.rank)),
        "run": ("run", lambda row: row.tag),
    }
    for place, name in enumerate(RULES):
        columns[name] = (name.replace("_", " "), lambda row, place=place: _best_first(row.scores[place]))
    columns["words"] = ("words", lambda row: -row.words)
    columns["missing"] = ("missing", lambda row: -row.missing)
    rows, sort = sorted_rows(query, board.rows, columns, default="rank")
    scores = board.scores
    urls = {row.tag: reverse("answer_run", args=[track.slug, row.pk]) for row in board.rows}
    words = ["python3", "manage.py", "nugget_leaderboard", track.slug]
    words += ["--assessor", scores.assessor.name, "--bank", scores.bank.name, *choice.options, "--format", "csv"]
    return {
        "board": board,
        "rows": rows,
        "columns": headings(query, {name: label for name, (label, _) in columns.items()}, sort, plain=("run",)),
        "unlabelled": sum(row.unlabelled for row in board.rows),
        "missing": sum(row.missing for row in board.rows),
        "csv": f"?{changed(query, csv='runs')}",
        "chart": json.dumps(mean_by_length(board.rows, PRIMARY, urls), ensure_ascii=False),
        "file": f"{track.slug}-{scores.bank.name}-{scores.assessor.name}-length",
        "command": shlex.join(words),
    }


def _best_first(score: float | None) -> tuple[bool, float]:
    return score is None, -(score or 0)


def _csv(slug: str, board: NuggetLeaderboard):
    rows = [["run", "score", "value"]]
    for row in board.rows:
        named = zip(RULES, row.scores, strict=True)
        rows += [[row.tag, name, "" if value is None else f"{value:.8f}"] for name, value in named]
    return csv_file(f"{slug}-{board.scores.bank.name}-{board.scores.assessor.name}-nuggets", rows)
