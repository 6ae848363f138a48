"""The ensembles of a track: whose labels they combine, and a form that says what would come of another."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from assessment.access import ORGANIZERS, get_track_for_user
from assessment.forms.ensembles import EnsembleForm
from assessment.models import Ensemble
from assessment.selectors.ensembles import ensembles_of_track
from assessment.services.ensembles import Combination, ensemble_combine

from .posting import posted


@login_required
def ensembles(request, slug):
    """Every ensemble, and a form for another."""
    track = get_track_for_user(request.user, slug, ORGANIZERS)
    form = EnsembleForm(posted(request)[0], track=track)
    context = {"track": track, "form": form, "outcome": None}
    if request.method == "POST" and "preview" not in request.POST:
        made = form.create(by=request.user)
        if made:
            ensemble, combination = made
            messages.success(request, f"{ensemble.result.name} is made: {in_words(combination)}")
            return redirect("ensembles", slug)
    if form.is_bound:
        context["outcome"] = form.preview()
    context["rows"] = ensembles_of_track(track)
    return render(request, "assessment/ensembles.html", context)


@login_required
@require_GET
def preview(request, slug):
    """A fragment: what the rule would make of the chosen judges' labels."""
    track = get_track_for_user(request.user, slug, ORGANIZERS)
    form = EnsembleForm(request.GET, track=track)
    context = {"track": track, "outcome": form.preview(), "form": form}
    return render(request, "assessment/_ensemble_preview.html", context)


@login_required
@require_POST
def combine(request, slug, pk):
    """Makes the labels of an ensemble anew."""
    track = get_track_for_user(request.user, slug, ORGANIZERS)
    ensemble = Ensemble.objects.select_related("result__track").filter(result__track=track, pk=pk).first()
    if ensemble is None:
        raise Http404("There is no such ensemble in this track.")
    messages.success(request, f"{ensemble.result.name}: {in_words(ensemble_combine(ensemble=ensemble))}")
    return redirect("ensembles", slug)


def in_words(combination: Combination) -> str:
    """What combining did, for the screen."""
    said = (
        f"{combination.labels:,} label{'' if combination.labels == 1 else 's'}, {combination.changed:,} new or changed"
    )
    return f"{said}, {combination.withdrawn:,} withdrawn."
