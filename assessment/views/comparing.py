"""Behind a comparison: one topic with all runs, and two runs that the assessors order differently."""

import json

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from assessment.access import READERS, get_track_for_user
from assessment.charts import run_scatter
from assessment.domain.errors import DomainError
from assessment.models import Track
from assessment.selectors.leaderboards import assessors_with_grades
from assessment.selectors.swaps import TopicComparison, run_called, swap_passages, topic_comparison, topic_gaps

from .chart_answers import chart_answer
from .comparison_choice import Choice, choice_in
from .result_tables import changed, csv_file


@login_required
def topic(request, slug, pk):
    """Every run on one topic by both assessors."""
    track = get_track_for_user(request.user, slug, READERS)
    topic = get_object_or_404(track.topics, pk=pk)
    context = {"track": track, "topic": topic, "back": _back(request.GET, track)}
    try:
        choice = _choice(request.GET, track)
        sides = choice.sides()
        found = topic_comparison(sides, choice.manual, choice.shown, pk, choice.missing)
        if "csv" in request.GET:
            return _topic_csv(track, found)
        urls = {row.tag: _run_url(track, row.pk, topic.pk) for row in found.runs}
        spec = run_scatter(found, urls)
        if "chart" in request.GET:
            return chart_answer(spec, f"{track.slug}-{topic.qid}-scores", request.GET)
    except DomainError as error:
        context["error"] = str(error)
    else:
        people = {one.name: one.pk for one in choice.assessors}
        passages = QueryDict(mutable=True)
        passages.update({"a": people[choice.manual], "b": people[choice.shown], "topic": topic.qid})
        context |= {
            "choice": choice,
            "found": found,
            "rows": [(row, urls[row.tag]) for row in found.runs],
            "judged_depth": sides.judged_depth,
            "chart": json.dumps(spec, ensure_ascii=False) if found.runs else "",
            "csv": f"?{changed(request.GET, csv='runs')}",
            "pdf": f"?{changed(request.GET, chart='scatter', format='pdf')}",
            "passages_url": f"{reverse('agreement', args=[slug])}?{passages.urlencode()}#disagreements",
        }
    return render(request, "assessment/compare_topic.html", context)


@login_required
def swap(request, slug):
    """Two runs topic by topic, and the passages of one topic that make the difference."""
    track = get_track_for_user(request.user, slug, READERS)
    context = {"track": track, "back": _back(request.GET, track)}
    try:
        choice = _choice(request.GET, track)
        sides = choice.sides()
        pair = [run_called(sides, request.GET.get(name, "")) for name in ("a", "b")]
        if pair[0] == pair[1]:
            raise DomainError("These are the same run twice; choose two that differ.")
        gaps = topic_gaps(sides, choice.manual, choice.shown, *pair)
    except DomainError as error:
        context["error"] = str(error)
    else:
        if "csv" in request.GET:
            return csv_file(f"{slug}-{pair[0].tag}-{pair[1].tag}", _gap_rows(gaps))
        asked = request.GET.get("topic")
        gap = next((one for one in gaps if one.topic.qid == asked), gaps[0])
        depth = sides.judged_depth
        context |= {
            "choice": choice,
            "a": pair[0],
            "b": pair[1],
            "gaps": [(one, f"?{changed(request.GET, topic=one.topic.qid)}#passages") for one in gaps],
            "means": [sum(side) / len(gaps) for side in zip(*(one[1:] for one in gaps), strict=True)],
            "gap": gap,
            "passages": swap_passages(sides, choice.manual, choice.shown, pair, gap.topic, depth),
            "depth": depth,
            "csv": f"?{changed(request.GET, csv='topics')}",
        }
    return render(request, "assessment/compare_swap.html", context)


def _choice(query: QueryDict, track: Track) -> Choice:
    assessors = list(assessors_with_grades(track))
    if len(assessors) < 2:
        raise DomainError("A comparison needs the judgments of two assessors.")
    return choice_in(query, track, assessors)


def _back(query: QueryDict, track: Track) -> str:
    """The comparison that this page is behind."""
    query = query.copy()
    for name in ("a", "b", "topic", "csv", "chart", "format", "part"):
        query.pop(name, None)
    return f"{reverse('compare', args=[track.slug])}?{query.urlencode()}"


def _run_url(track: Track, run: int, topic: int) -> str:
    return f"{reverse('run', args=[track.slug, run])}?topic={topic}"


def _topic_csv(track: Track, found: TopicComparison) -> HttpResponse:
    rows = [["run", "manual", "automatic", "manual_rank", "automatic_rank", "change"]]
    rows += [[row.tag, f"{row.manual:.8f}", f"{row.automatic:.8f}", *row[5:8]] for row in found.runs]
    return csv_file(f"{track.slug}-{found.topic.qid}-{found.manual}-{found.automatic}", rows)


def _gap_rows(gaps: list) -> list[list]:
    rows = [["topic", "manual_a", "manual_b", "automatic_a", "automatic_b"]]
    return rows + [[gap.topic.qid, *(f"{value:.8f}" for value in gap[1:])] for gap in gaps]
