"""The report of a track as one file, by the choices of the comparison page."""

import shlex

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render

from assessment.access import READERS, get_track_for_user
from assessment.domain.errors import DomainError
from assessment.reports import Asked, as_pdf, browser_path, track_report
from assessment.selectors.leaderboards import assessors_with_grades

from .comparison_choice import Choice, choice_in


@login_required
def report(request, slug):
    """What the report holds, with its downloads; the file itself where a `format` is asked for (html or pdf)."""
    track = get_track_for_user(request.user, slug, READERS)
    assessors = list(assessors_with_grades(track))
    context = {"track": track, "assessors": assessors, "has_browser": bool(browser_path())}
    if len(assessors) > 1:
        choice = choice_in(request.GET, track, assessors)
        query = request.GET.copy()
        query.pop("format", None)
        context |= {"choice": choice, "query": query.urlencode()}
        format = request.GET.get("format")
        if format in ("html", "pdf"):
            try:
                html = track_report(track, _asked(choice))
                body = html.encode() if format == "html" else as_pdf(html)
            except DomainError as error:
                context["error"] = str(error)
            else:
                kind = {"html": "text/html; charset=utf-8", "pdf": "application/pdf"}[format]
                answer = HttpResponse(body, content_type=kind)
                answer["Content-Disposition"] = f'attachment; filename="{track.slug}-report.{format}"'
                return answer
        context["command"] = shlex.join(choice.words("report", choice.automatics))
    return render(request, "assessment/report_page.html", context)


def _asked(choice: Choice) -> Asked:
    manual, *automatics = choice.chosen()
    return Asked(
        manual=manual,
        automatics=automatics or [manual],
        measure=choice.measure,
        topics=choice.topics(),
        exclude=choice.exclude,
        terms=choice.terms,
        options=choice.options,
    )
