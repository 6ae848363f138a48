"""How much human work is enough: the page, and its part that takes longer."""

import json
import shlex
from typing import NamedTuple

from django.contrib.auth.decorators import login_required
from django.shortcuts import render

from assessment.access import READERS, get_track_for_user
from assessment.domain.errors import DomainError
from assessment.effort_charts import subset_curves, work_curves
from assessment.forms.effort import EffortForm
from assessment.models import Assessor, Track
from assessment.selectors.effort import TARGET, Effort, effort_of, seconds_per_judgment
from assessment.selectors.leaderboards import assessors_with_grades
from assessment.selectors.powered import PoweredReport, powered_runs

from .chart_answers import chart_answer
from .comparison_choice import MEASURES, Choice, choice_in
from .result_tables import changed, csv_file

SHARES = (0.1, 0.2, 0.3, 0.5)  # of the topics, for estimates from few of them


class PlanRow(NamedTuple):
    """One way of working: judgments by people and what they take; None where it does not reach the target, or where a
    price is not known. `kept` is the share of the judgments that were made."""

    name: str
    judgments: int | None
    kept: float | None
    hours: float | None
    cost: float | None


@login_required
def effort(request, slug):
    """The controls at once; what is computed comes as the part `curves`, or with the page where `whole` is asked."""
    track = get_track_for_user(request.user, slug, READERS)
    assessors = list(assessors_with_grades(track))
    form = EffortForm(request.GET)
    context = {"track": track, "assessors": assessors, "measures": MEASURES, "form": form}
    part = request.GET.get("part") == "curves"
    if len(assessors) > 1:
        choice = choice_in(request.GET, track, assessors)
        context |= {"choice": choice, "measured": seconds_per_judgment(track)}
        context["part_url"] = f"?{changed(request.GET, part='curves')}"
        context["whole_url"] = f"?{changed(request.GET, whole='1')}"
        if not form.is_valid():
            context["error"] = "What is wanted cannot be read; look at the fields above."
        elif part or {"whole", "csv", "chart"} & set(request.GET):
            try:
                manual, automatic = _pair(choice)
                found = effort_of(track, manual, automatic, choice.measure)
                target = form.wanted.get("target", TARGET)
                charts = {"work": work_curves(found, target)}
                if found.subsets:
                    charts["topics"] = subset_curves(found, target)
                if request.GET.get("chart") in charts:
                    name = request.GET["chart"]
                    return chart_answer(charts[name], f"{slug}-{found.assessor}-{name}", request.GET)
                if "csv" in request.GET:
                    return _csv(slug, found, request.GET["csv"])
                context |= _found(request.GET, choice, found, target, charts)
                context["plan"] = _plan(track, found, target, form.wanted, context["measured"])
                context["powered"] = _powered(track, choice, found)
            except DomainError as error:
                context["error"] = str(error)
    return render(request, "assessment/_effort.html" if part else "assessment/effort.html", context)


def _pair(choice: Choice) -> list[Assessor]:
    manual, *others = choice.chosen()
    if not others:
        raise DomainError(f"{choice.manual} is compared with itself; choose another automatic assessor.")
    return [manual, others[0]]


def _found(query, choice: Choice, found: Effort, target: float, charts: dict) -> dict:
    words = ["python3", "manage.py", "effort", choice.track.slug, "--manual", found.assessor]
    words += ["--automatic", found.automatic, "--measure", found.measure, "--target", f"{target:g}", "--format", "json"]
    reached = {name: point for name, point in found.reached(target).items() if point}
    return {
        "found": found,
        "target": target,
        "soonest": min(reached.items(), key=lambda row: row[1].judged, default=None),
        "fewest": found.fewest_topics(target),
        "first_topics": [found.topics[place] for place in found.subsets.topics] if found.subsets else [],
        "charts": {name: json.dumps(spec, ensure_ascii=False) for name, spec in charts.items()},
        "pdf": {name: f"?{changed(query, chart=name, format='pdf')}" for name in charts},
        "csv": {name: f"?{changed(query, csv=name)}" for name in charts},
        "command": shlex.join(words),
        "ppi_command": shlex.join(
            ["python3", "manage.py", "ppi", choice.track.slug, "--manual", found.assessor]
            + ["--automatic", found.automatic, "--measure", found.measure, "--labelled", "N"]
        ),
    }


def _plan(track: Track, found: Effort, target: float, wanted: dict, measured: float | None) -> list[PlanRow]:
    """What reaching the target takes in each order, and what the automatic assessor alone costs."""
    seconds, hour, thousand = wanted.get("seconds", measured), wanted.get("hour"), wanted.get("thousand")

    def row(name: str, judgments: int | None) -> PlanRow:
        if judgments is None:
            return PlanRow(name, None, None, None, None)
        hours = judgments * seconds / 3600 if seconds else None
        cost = hours * hour if hours is not None and hour is not None else None
        return PlanRow(name, judgments, judgments / found.n_judgments, hours, cost)

    rows = [row("all judgments", found.n_judgments)]
    for name, point in found.reached(target).items():
        rows.append(row(f"by {name}" if name != "random" else "at random", point and point.judged))
    fewest = found.fewest_topics(target)
    if found.subsets:
        share = fewest.size / found.n_topics if fewest else None
        rows.append(row("fewer topics", None if share is None else round(share * found.n_judgments)))
    cost = thousand * found.n_judgments / 1000 if thousand is not None else None
    name = f"{found.automatic} alone"
    return [*rows, PlanRow(name, 0, 0.0, 0.0 if seconds else None, cost)]


def _powered(track: Track, choice: Choice, found: Effort) -> list[PoweredReport]:
    """How good the runs' means are from few manual topics and all automatic ones; empty where it cannot be told."""
    manual, automatic = _pair(choice)
    rows = []
    for share in SHARES:
        labelled = max(5, round(share * found.n_topics))
        try:
            rows.append(powered_runs(track, manual, automatic, choice.measure, labelled=labelled))
        except DomainError:
            continue
    return rows


def _csv(slug: str, found: Effort, table: str):
    if table == "topics" and found.subsets:
        rows = [["size", "topic", "chosen", "held_out", "random", "random_low", "random_high"]]
        for place, point in zip(found.subsets.topics, found.subsets.points, strict=True):
            rows.append([point.size, found.topics[place].qid, *point[1:]])
    else:
        table = "work"
        rows = [["order", "judged", "share", "found", "tau", "low", "high"]]
        rows += [[name, *point] for name, curve in found.curves.items() for point in curve]
    return csv_file(f"{slug}-{found.assessor}-{table}", rows)
