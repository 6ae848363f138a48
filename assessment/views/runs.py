from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import Http404
from django.shortcuts import render
from django.views.decorators.http import require_POST

from assessment.access import ORGANIZERS, READERS, get_run_for_user, get_track_for_user
from assessment.domain.errors import Problem
from assessment.forms.uploads import RunDetailsForm, RunUploadForm
from assessment.selectors.rankings import run_topics, top_of_ranking
from assessment.services.imports import run_details_import, run_import

from .posting import posted
from .uploads import import_each

PER_PAGE = 200


@login_required
def runs(request, slug):
    """Viewers read the list; organizers upload as well."""
    track = get_track_for_user(request.user, slug, ORGANIZERS if request.method == "POST" else READERS)
    form = RunUploadForm(*posted(request))
    reports = []
    if request.method == "POST" and form.is_valid():
        options = {name: form.cleaned_data[name] for name in ("replace", "skip_unknown_topics")}
        reports = import_each(form.cleaned_data["files"], run_import, track=track, by=request.user, **options)
    return _page(request, track, reports, form=form)


@login_required
@require_POST
def run_details(request, slug):
    """Teams and types of the runs, from a file."""
    track = get_track_for_user(request.user, slug, ORGANIZERS)
    form = RunDetailsForm(request.POST, request.FILES)
    reports = import_each(form.cleaned_data["files"], run_details_import, track=track) if form.is_valid() else []
    return _page(request, track, reports, details_form=form)


def _page(request, track, reports: list, **forms):
    listed = track.runs.select_related("uploaded_by").annotate(topics=Count("rankings")).order_by("tag")
    page = Paginator(listed, PER_PAGE).get_page(request.GET.get("page"))
    context = {"track": track, "form": RunUploadForm(), "details_form": RunDetailsForm(), "reports": reports} | forms
    context |= {"page": page, "has_teams": any(run.team for run in page), "has_kinds": any(run.kind for run in page)}
    return render(request, "assessment/runs.html", context)


@login_required
def run(request, slug, pk):
    """One run and its ranking of one topic."""
    run = get_run_for_user(request.user, slug, pk)
    topics = run_topics(run)
    asked = request.GET.get("topic")
    topic = next((one for one in topics if str(one.pk) == asked), None) if asked else next(iter(topics), None)
    if asked and topic is None:
        raise Http404("The run has no such topic.")
    context = {
        "track": run.track,
        "run": run,
        "warnings": [Problem(*warning) for warning in run.warnings],
        "topics": topics,
        "topic": topic,
        "ranking": topic and top_of_ranking(run, topic),
    }
    return render(request, "assessment/run.html", context)
