"""Where the automatic assessor sees more than the manual one: the choice of the comparison, in the address."""

import json

from django.contrib.auth.decorators import login_required
from django.http import QueryDict
from django.shortcuts import render
from django.urls import reverse

from assessment.access import READERS, get_track_for_user
from assessment.bias_charts import rank_changes_by_family, topic_differences
from assessment.domain.errors import DomainError
from assessment.domain.model_families import RULE
from assessment.selectors.biases import Biases, biases_of
from assessment.selectors.comparisons import compared
from assessment.selectors.leaderboards import assessors_with_grades

from .chart_answers import chart_answer
from .comparison_choice import MEASURES, choice_in
from .result_tables import changed, csv_file


@login_required
def bias(request, slug):
    track = get_track_for_user(request.user, slug, READERS)
    assessors = list(assessors_with_grades(track))
    context = {"track": track, "assessors": assessors, "measures": MEASURES, "rule": RULE}
    if len(assessors) > 1:
        choice = choice_in(request.GET, track, assessors)
        context["choice"] = choice
        try:
            found = biases_of(compared(choice.sides(), choice.manual, choice.automatic, choice.terms), assessors)
            charts = _charts(request.GET, found)
            if request.GET.get("chart") in charts:
                name = request.GET["chart"]
                return chart_answer(charts[name], f"{slug}-{choice.automatic}-bias-{name}", request.GET)
        except DomainError as error:
            context["error"] = str(error)
        else:
            if "csv" in request.GET:
                return _csv(f"{slug}-{choice.manual}-{choice.automatic}", found, request.GET["csv"])
            tables = ("grades", "topics", "groups", "runs")
            context |= {
                "found": found,
                "topics": [(topic, row, _topic_url(request.GET, found, topic.pk)) for topic, row in found.topics],
                "charts": {name: json.dumps(spec, ensure_ascii=False) for name, spec in charts.items()},
                "pdf": {name: f"?{changed(request.GET, chart=name, format='pdf')}" for name in charts},
                "csv": {name: f"?{changed(request.GET, csv=name)}" for name in tables},
                "command": choice.command([choice.automatic]),
            }
    return render(request, "assessment/bias.html", context)


def _charts(query: QueryDict, found: Biases) -> dict[str, dict]:
    slug = found.comparison.track
    topics = {topic.qid: _topic_url(query, found, topic.pk) for topic, _ in found.topics}
    charts = {"topics": topic_differences(found, topics)}
    if found.comparison.runs:
        runs = {row.tag: reverse("run", args=[slug, row.pk]) for row in found.comparison.runs}
        charts["ranks"] = rank_changes_by_family(found, runs)
    return charts


def _topic_url(query: QueryDict, found: Biases, pk: int) -> str:
    told = {"manual": found.comparison.manual, "automatic": found.comparison.automatic}
    return f"{reverse('compare_topic', args=[found.comparison.track, pk])}?{changed(query, **told)}"


def _csv(name: str, found: Biases, table: str):
    if table == "grades":
        rows = [["grade", "pairs", "bias"], *found.grades]
    elif table == "topics":
        rows = [["topic", "pairs", "bias", "reach"], *([topic.qid, *row[1:]] for topic, row in found.topics)]
    elif table == "groups":
        rows = [["by", "group", "runs", "bias", "against_others", "rank_change"]]
        rows += [[kind, *row] for kind, groups in found.groups.items() for row in groups]
    else:
        table = "runs"
        rows = [["run", "families", "manual_rank", "automatic_rank", "change"]]
        for row in found.comparison.runs:
            ranks = row.manual_rank, row.automatic_rank, row.change
            rows.append([row.tag, " ".join(found.families[row.tag]), *ranks])
    return csv_file(f"{name}-bias-{table}", rows)
