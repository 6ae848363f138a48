"""Who edits and who assigns which topics' nuggets, for the organizer."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from assessment.access import ORGANIZERS, get_track_for_user
from assessment.domain.errors import DomainError
from assessment.views.posting import posted
from nuggets.access import get_overseen_nugget_duty
from nuggets.forms.duties import NuggetDutyForm, ReopenNuggetsForm
from nuggets.models import NuggetDuty
from nuggets.selectors.duties import nugget_duties_in
from nuggets.services import duties as services


@login_required
@never_cache
def nugget_duties(request, slug):
    """The duties with their progress, and the form that gives topics to a person."""
    track = get_track_for_user(request.user, slug, ORGANIZERS)
    form = NuggetDutyForm(posted(request)[0], track=track)
    if request.method == "POST" and form.is_valid():
        given = form.give()
        if given is not None:
            name = form.cleaned_data["person"].username
            said = f"{name} has {given:,} new {'duty' if given == 1 else 'duties'}." if given else "That stood already."
            messages.success(request, said)
            return redirect("nugget_duties", slug)
    context = {"track": track, "form": form, "duties": nugget_duties_in(track), "has_banks": track.banks.exists()}
    return render(request, "nuggets/duties.html", context)


@login_required
@require_POST
def nugget_duty_change(request, slug, pk):
    """Closes, reopens or removes one duty, as the pressed button says."""
    duty = get_overseen_nugget_duty(request.user, slug, pk)
    change = {"close": _close, "reopen": _reopen, "remove": _remove}.get(request.POST.get("action"))
    if change is None:
        raise Http404("A duty is closed, reopened or removed.")
    try:
        messages.success(request, change(request, duty))
    except DomainError as error:
        messages.error(request, str(error))
    return redirect("nugget_duties", slug)


def _close(request, duty: NuggetDuty) -> str:
    services.nugget_duty_close(duty=duty)
    return f"Topic {duty.topic_bank.topic.qid} is closed for {duty.assessor.name}; what was done stays."


def _reopen(request, duty: NuggetDuty) -> str:
    form = ReopenNuggetsForm(request.POST)
    if not form.is_valid():
        raise DomainError("A message has at most 2,000 characters.")
    services.nugget_duty_reopen(duty=duty, message=form.cleaned_data["message"])
    return f"{duty.assessor.name} can go on with topic {duty.topic_bank.topic.qid}."


def _remove(request, duty: NuggetDuty) -> str:
    name, qid = duty.assessor.name, duty.topic_bank.topic.qid
    services.nugget_duty_delete(duty=duty)
    return f"{name} has no such duty with topic {qid} any more."
