"""Judges asked about nuggets: lists made, answers labelled."""

from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from assessment.access import ORGANIZERS, READERS, get_track_for_user
from assessment.domain.errors import DomainError
from assessment.models import Track
from llm_worker import selectors
from llm_worker.forms import AssignForm, ListsForm
from llm_worker.models import LlmJob
from llm_worker.selectors.nugget_jobs import jobs_over_banks
from llm_worker.services.nugget_estimates import assignment_estimate, list_estimate
from llm_worker.services.nugget_jobs import nuggets_assign, nuggets_make

FORMS = {"lists": ListsForm, "labels": AssignForm}
ESTIMATES = {"lists": list_estimate, "labels": assignment_estimate}


@login_required
@require_GET
def nugget_jobs(request, slug):
    """The track's jobs about nuggets; for organizers with the forms of new ones."""
    return _page(request, get_track_for_user(request.user, slug, READERS))


@login_required
@require_POST
def nugget_lists_start(request, slug):
    return _start(request, slug, "lists", nuggets_make)


@login_required
@require_POST
def nugget_labels_start(request, slug):
    return _start(request, slug, "labels", nuggets_assign)


@login_required
@require_GET
def nugget_job_estimate(request, slug):
    """What the job that a form describes would take, a fragment of the form."""
    track = get_track_for_user(request.user, slug, ORGANIZERS)
    kind = "labels" if "labels-judge" in request.GET else "lists"
    form = FORMS[kind](request.GET, track=track, prefix=kind)
    context = {"error": "Fill in the form to see what it would take."}
    if form.is_valid():
        try:
            context["estimate"] = ESTIMATES[kind](**form.asked())
        except DomainError as error:
            context["error"] = str(error)
    return render(request, "llm_worker/_nugget_estimate.html", context)


def _start(request, slug: str, kind: str, service):
    """The new job's page, or the forms with what is wrong. A button pressed twice starts one job."""
    track = get_track_for_user(request.user, slug, ORGANIZERS)
    form = FORMS[kind](request.POST, track=track, prefix=kind)
    if not form.is_valid():
        return _page(request, track, **{kind: form})
    try:
        expected = ESTIMATES[kind](**form.asked()).as_dict()
        job = service(**form.asked(), limits=form.limits(), estimate=expected, by=request.user)
    except DomainError as error:
        job = _started_since(track, form, request.user)
        if job is None:
            form.add_error(None, str(error))
            return _page(request, track, **{kind: form})
    return redirect("job", job.pk)


def _started_since(track: Track, form, user) -> LlmJob | None:
    """The job that this person has started with this judge since the form was shown."""
    asked = form.cleaned_data
    if asked["seen"] is None:
        return None
    return jobs_over_banks(track).filter(judge=asked["judge"], created_by=user, pk__gt=asked["seen"]).first()


def _page(request, track: Track, **filled):
    jobs = jobs_over_banks(track)
    newest = jobs.values_list("pk", flat=True).first() or 0
    found = [selectors.job_progress(job) for job in jobs]
    context = {"track": track, "jobs": found, "any_unfinished": any(not progress.finished for progress in found)}
    if track.role in ORGANIZERS:
        made = {kind: form(track=track, seen=newest, prefix=kind) for kind, form in FORMS.items()}
        context |= made | filled | {"has_answers": track.answer_runs.exists(), "has_banks": track.banks.exists()}
    return render(request, "llm_worker/nugget_jobs.html", context)
