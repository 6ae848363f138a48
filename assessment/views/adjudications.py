"""The adjudications of a track: what was made of whose labels, and a form that says what it would find."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from assessment.access import ORGANIZERS, get_adjudication_for_user, get_track_for_user
from assessment.forms.adjudications import AdjudicationForm
from assessment.models import Role
from assessment.selectors.adjudications import adjudications_of_track
from assessment.services.adjudications import TakenOver, adjudication_refresh

from .posting import posted


@login_required
def adjudications(request, slug):
    """Every adjudication with its progress, and a form for another; `?sources=…` ticks assessors in it."""
    track = get_track_for_user(request.user, slug, ORGANIZERS)
    form = AdjudicationForm(posted(request)[0], track=track, sources=request.GET.getlist("sources"))
    context = {"track": track, "form": form, "counts": None}
    if request.method == "POST" and "preview" in request.POST:
        context["counts"] = form.preview()
    elif request.method == "POST":
        made = form.create(by=request.user)
        if made:
            adjudication, taken = made
            messages.success(request, f"{adjudication.result.name} is made. {in_words(taken)}")
            return redirect("adjudications", slug)
        context["counts"] = form.preview()
    context["rows"] = adjudications_of_track(track)
    return render(request, "assessment/adjudications.html", context)


@login_required
@require_GET
def preview(request, slug):
    """A fragment: what the chosen sources agree on, and what would be left to decide."""
    track = get_track_for_user(request.user, slug, ORGANIZERS)
    form = AdjudicationForm(request.GET, track=track)
    return render(request, "assessment/_adjudication_preview.html", {"form": form, "counts": form.preview()})


@login_required
@require_POST
def refresh(request, slug, pk):
    """Takes over what is newly agreed."""
    adjudication = get_adjudication_for_user(request.user, pk)
    track = adjudication.result.track
    if track.role != Role.ORGANIZER or track.slug != slug:
        raise Http404("There is no such adjudication in this track.")
    taken = adjudication_refresh(adjudication=adjudication, by=request.user, singles="singles" in request.POST)
    messages.success(request, f"{adjudication.result.name}: {in_words(taken)}")
    return redirect("adjudications", slug)


def in_words(taken: TakenOver) -> str:
    """What a take-over did, for the screen."""
    said = f"{taken.agreed:,} agreed passage{'' if taken.agreed == 1 else 's'} taken over"
    if taken.singles:
        said += f", {taken.singles:,} that only one graded"
    if taken.withdrawn:
        said += f"; {taken.withdrawn:,} withdrawn that the sources do not say any more"
    return f"{said}."
