"""Manual against automatic: the page, its parts that take longer, its charts and tables as files."""

import json

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.vary import vary_on_headers

from assessment.access import READERS, get_track_for_user
from assessment.charts import confusion_rows, rank_slopes, run_scatter, topic_dots
from assessment.comparison_charts import difference_map, grade_bars, judge_dots
from assessment.domain.comparing import MISSING
from assessment.domain.errors import DomainError
from assessment.domain.significance import METHODS
from assessment.figure_rows import figure_rows
from assessment.selectors.comparisons import Comparison, compared
from assessment.selectors.judges import best_first, judges_are_remembered, judges_table
from assessment.selectors.leaderboards import assessors_with_grades, is_arriving
from assessment.selectors.sides import Sides
from assessment.selectors.uncertainties import is_remembered

from .chart_answers import chart_answer
from .comparison_choice import MEASURES, Choice, choice_in
from .comparison_files import comparison_csv, file_name, judges_csv
from .result_tables import changed, headings, sorted_rows

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
SWAPS_SHOWN = 20
PARTS = {"uncertainty": "assessment/_compare_uncertainty.html", "judges": "assessment/_compare_judges.html"}


@login_required
@vary_on_headers("HX-Request")
def compare(request, slug):
    """The page; one of its `part`s that take longer, as a fragment; a `chart` or a table (`csv`) as a file."""
    track = get_track_for_user(request.user, slug, READERS)
    assessors = list(assessors_with_grades(track))
    context = {"track": track, "assessors": assessors, "measures": MEASURES, "missing": MISSING, "tests": METHODS}
    part = PARTS.get(request.GET.get("part", ""))
    if len(assessors) > 1:
        choice = choice_in(request.GET, track, assessors)
        context |= {"choice": choice, "every_run": list(track.runs.order_by("tag").values_list("tag", flat=True))}
        try:
            sides = choice.sides()
            comparison, others = _shown(choice, sides)
            if request.GET.get("csv") == "judges" and others:
                return judges_csv(judges_table(sides, choice.manual, choice.terms))
            if "csv" in request.GET:
                return comparison_csv(comparison, request.GET["csv"])
            if "chart" in request.GET:
                return _chart(request.GET, comparison, choice, sides)
        except DomainError as error:
            context["error"] = str(error)
        else:
            query = _page(request.GET)
            context |= _people(choice, comparison)
            context |= _uncertain(query, choice, sides, comparison, at_once=bool(part) or "whole" in request.GET)
            if not part:
                context |= _figures(query, choice, comparison, others)
    if part:
        return render(request, part, context)
    fragment = request.htmx and not request.htmx.history_restore_request and "choice" in context
    context["fragment"] = fragment
    return render(request, "assessment/_comparison.html" if fragment else "assessment/compare.html", context)


def _page(query: QueryDict) -> QueryDict:
    """The address of the page itself, wherever its parts are asked for: what they link to is not a part."""
    query = query.copy()
    for name in ("part", "whole", "csv", "chart", "format"):
        query.pop(name, None)
    return query


def _shown(choice: Choice, sides: Sides) -> tuple[Comparison, list[Comparison]]:
    """The comparison in detail, and with several automatic assessors all of them, best first."""
    if len(choice.automatics) == 1:
        return compared(sides, choice.manual, choice.automatic, choice.terms), []
    everyone = best_first(sides, choice.manual, choice.terms)
    return next(one for one in everyone if one.automatic == choice.shown), everyone


def _people(choice: Choice, comparison: Comparison) -> dict:
    shown = [one for one in choice.assessors if one.name in (comparison.manual, comparison.automatic)]
    return {"sides": shown, "arriving": any(is_arriving(one) for one in shown)}


def _figures(query: QueryDict, choice: Choice, comparison: Comparison, others: list[Comparison]) -> dict:
    columns = {name: column for name, column in RUN_COLUMNS.items() if name != "team" or comparison.has_teams}
    rows, sort = sorted_rows(query, comparison.runs, columns, default="manual")
    words = {"measure": comparison.measure, "judged": f"Judged@{comparison.judged_depth}"}
    labels = {name: label.format(**words) for name, (label, _) in columns.items()}
    charts = _charts(query, comparison)
    return {
        "comparison": comparison,
        "others": others,
        "figure_rows": figure_rows(comparison),
        "charts": {name: json.dumps(spec, ensure_ascii=False) for name, spec in charts.items()},
        "pdf": {name: f"?{changed(query, chart=name, format='pdf')}" for name in charts},
        "confusion": confusion_rows(comparison.grades, comparison.confusion),
        "distributions": _distributions(comparison),
        "topic_rows": [(row, _topic_url(query, comparison, row.pk)) for row in comparison.topics],
        "rows": rows,
        "columns": headings(query, labels, sort, plain=("run", "team")),
        "csv": {
            table: f"?{changed(query, csv=table)}"
            for table in ("runs", "topics", "confusion", "differences", "grades", "figures")
        },
        "file": file_name(comparison),
        "command": choice.command([comparison.automatic]),
    }


def _uncertain(query: QueryDict, choice: Choice, sides: Sides, comparison: Comparison, at_once: bool) -> dict:
    """What takes thousands of samples: now, if it is remembered or asked for, otherwise the address that brings it."""
    several = len(choice.automatics) > 1
    found = {
        "comparison": comparison,
        "part_url": {part: f"?{changed(query, part=part)}" for part in PARTS},
        "whole_url": f"?{changed(query, whole='1')}",
        "several": several,
        "swaps_csv": f"?{changed(query, csv='swaps')}",
    }
    if comparison.runs and (
        at_once or is_remembered(comparison.sides, comparison.manual, comparison.automatic, choice.terms)
    ):
        uncertain = comparison.uncertainty
        found |= {"uncertainty": uncertain, "swaps": _swaps(query, comparison, uncertain.swapped_pairs[:SWAPS_SHOWN])}
    if several and (at_once or judges_are_remembered(sides, choice.manual, choice.terms)):
        rows = judges_table(sides, choice.manual, choice.terms)
        found |= {
            "judges": [(row, f"?{changed(query, shown=row.name)}") for row in rows],
            "judges_chart": json.dumps(judge_dots(rows), ensure_ascii=False),
            "judges_pdf": f"?{changed(query, chart='judges', format='pdf')}",
            "judges_csv": f"?{changed(query, csv='judges')}",
            "judges_command": choice.command(choice.automatics),
            "file": file_name(comparison),
        }
    return found


def _charts(query: QueryDict, comparison: Comparison) -> dict[str, dict]:
    grades = {"grades": grade_bars(comparison)}
    if not comparison.runs:
        return grades
    slug = comparison.track
    runs = {row.tag: reverse("run", args=[slug, row.pk]) for row in comparison.runs}
    topics = {row.qid: _topic_url(query, comparison, row.pk) for row in comparison.topics}
    return grades | {
        "scatter": run_scatter(comparison, runs),
        "slopes": rank_slopes(comparison),
        "topics": topic_dots(comparison, topics),
        "differences": difference_map(comparison, topics),
    }


def _chart(query: QueryDict, comparison: Comparison, choice: Choice, sides: Sides) -> HttpResponse:
    """A chart as a file for a paper; 404 for one that the comparison does not have."""
    name = query["chart"]
    if name == "judges" and len(choice.automatics) > 1:
        spec = judge_dots(judges_table(sides, choice.manual, choice.terms))
    else:
        spec = _charts(query, comparison).get(name)
    if spec is None:
        raise Http404("There is no such chart.")
    return chart_answer(spec, f"{file_name(comparison)}-{name}", query)


def _topic_url(query: QueryDict, comparison: Comparison, pk: int) -> str:
    return f"{reverse('compare_topic', args=[comparison.track, pk])}?{changed(query, **_shown_in(query, comparison))}"


def _shown_in(query: QueryDict, comparison: Comparison) -> dict[str, str]:
    """What a page behind this comparison needs besides the address of this one. With several automatic assessors all of
    them stay in it: the topics are those that all have judged."""
    several = len(query.getlist("automatic")) > 1
    one = {"shown" if several else "automatic": comparison.automatic}
    return {"manual": comparison.manual, "measure": comparison.measure, **one}


def _swaps(query: QueryDict, comparison: Comparison, pairs: list) -> list[tuple]:
    address = reverse("compare_swap", args=[comparison.track])
    known = _shown_in(query, comparison)
    return [(pair, f"{address}?{changed(query, **known, a=pair.better, b=pair.worse)}") for pair in pairs]


def _distributions(comparison: Comparison) -> list[tuple]:
    """(grade, manual count, share, automatic count, share) for the table beside the bars."""
    sides = comparison.manual_grades, comparison.automatic_grades
    totals = [sum(side) for side in sides]
    return [
        (
            grade,
            *(value for n, total in zip(counts, totals, strict=True) for value in (n, n / total if total else None)),
        )
        for grade, *counts in zip(comparison.grades, *sides, strict=True)
    ]
