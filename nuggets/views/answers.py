from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import render
from django.views.decorators.http import require_GET

from assessment.access import ORGANIZERS, READERS, get_track_for_user
from assessment.domain.errors import Problem
from assessment.views.posting import posted
from assessment.views.uploads import import_each
from nuggets.access import get_answer_run_for_user
from nuggets.forms.answers import AnswerUploadForm
from nuggets.selectors.answers import answer_runs, answered_topics, shown_answer
from nuggets.services.answers import answers_import

PER_PAGE = 200


@login_required
def answers(request, slug):
    """Viewers read the list of runs; organizers upload as well."""
    track = get_track_for_user(request.user, slug, ORGANIZERS if request.method == "POST" else READERS)
    form = AnswerUploadForm(*posted(request))
    reports = []
    if request.method == "POST" and form.is_valid():
        profile = form.cleaned_data["profile_name"] or None
        files = form.cleaned_data["files"]
        reports = import_each(files, answers_import, track=track, profile_name=profile, actor=request.user)
    page = Paginator(answer_runs(track), PER_PAGE).get_page(request.GET.get("page"))
    context = {"track": track, "form": form, "reports": reports, "page": page}
    context["has_teams"] = any(run.team for run in page)
    return render(request, "nuggets/answers.html", context)


@login_required
@require_GET
def answer_run(request, slug, pk):
    """One run and its answer to one topic, sentence by sentence."""
    run = get_answer_run_for_user(request.user, slug, pk)
    topics = answered_topics(run)
    asked = request.GET.get("topic")
    topic = next((one for one in topics if str(one.pk) == asked), None) if asked else next(iter(topics), None)
    if asked and topic is None:
        raise Http404("The run has not answered such a topic.")
    context = {
        "track": run.track,
        "run": run,
        "warnings": [Problem(*warning) for warning in run.warnings],
        "topics": topics,
        "topic": topic,
        "shown": topic and shown_answer(run, topic),
    }
    return render(request, "nuggets/answer_run.html", context)
