from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import redirect, render

from assessment.access import ORGANIZERS, get_track_for_user
from assessment.forms.tracks import TrackForm
from assessment.models import Role
from assessment.selectors.overview import next_steps, track_counts
from assessment.selectors.progress import work_of_user
from assessment.services import tracks

from .posting import posted


@login_required
def track(request, slug):
    """What stands and what comes next; an assessor sees his or her own work and the guidelines."""
    track = get_track_for_user(request.user, slug)
    context = {"track": track, "works": work_of_user(request.user, track)}
    if track.role != Role.ASSESSOR:
        context["counts"] = track_counts(track)
    if track.role == Role.ORGANIZER:
        steps = next_steps(track, context["counts"])
        context |= {"steps": steps, "next_step": next((step for step in steps if not step.done), None)}
    return render(request, "assessment/track.html", context)


@login_required
def track_create(request):
    if not (request.user.is_staff or request.user.may_create_tracks):
        raise Http404("Only people who may create tracks see this page.")
    form = TrackForm(posted(request)[0])
    if _is_submitted(request) and form.is_valid():
        made = form.attempt(tracks.track_create, created_by=request.user, **form.arguments())
        if made:
            messages.success(request, f"“{made.name}” is there, and you organize it.")
            return redirect("track", made.slug)
    return render(request, "assessment/track_form.html", {"form": form})


@login_required
def track_edit(request, slug):
    track = get_track_for_user(request.user, slug, ORGANIZERS)
    form = TrackForm(posted(request)[0], track=track)
    saved = _is_submitted(request) and form.is_valid() and form.attempt(tracks.track_update, **form.arguments())
    if saved:
        messages.success(request, "The settings are saved.")
        return redirect("track", track.slug)
    return render(request, "assessment/track_form.html", {"track": track, "form": form})


def _is_submitted(request) -> bool:
    """Choosing a preset posts the form as well, only to have its rows filled in."""
    return request.method == "POST" and "preset_apply" not in request.POST
