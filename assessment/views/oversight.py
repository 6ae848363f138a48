"""One duty on the organizer's board: how it stands, and what can be done about it."""

import json

from django.contrib import messages
from django.contrib.admin.models import LogEntry
from django.contrib.auth.decorators import login_required
from django.contrib.contenttypes.models import ContentType
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from assessment.access import get_duty_for_user, get_overseen_duty
from assessment.domain.errors import DomainError
from assessment.forms.oversight import ExtendForm, HandoverForm, ReopenForm
from assessment.models import Duty
from assessment.selectors.attention import idle_leases
from assessment.selectors.board import duty_cell
from assessment.services import oversight


@login_required
@never_cache
@require_GET
def board_duty(request, slug, pk):
    """The menu of a cell; with `?to=`, what handing the topic on would do."""
    duty = get_overseen_duty(request.user, slug, pk)
    form = HandoverForm(request.GET if "to" in request.GET else None, duty=duty)
    handover = form.preview() if form.is_bound and form.is_valid() else None
    return _menu(request, duty, handover_form=form, handover=handover)


@login_required
@require_POST
def duty_reassign(request, slug, pk):
    duty = get_overseen_duty(request.user, slug, pk)
    giver, qid = duty.assessor.name, duty.topic.qid
    form = HandoverForm(request.POST, duty=duty)
    heir = form.apply(request.user) if form.is_valid() else None
    if heir is None:
        return _menu(request, get_overseen_duty(request.user, slug, pk), handover_form=form)
    return _done(request, heir, f"Topic {qid} went from {giver} to {heir.assessor.name}.")


@login_required
@require_POST
def duty_extend(request, slug, pk):
    duty = get_overseen_duty(request.user, slug, pk)
    form = ExtendForm(request.POST, duty=duty)
    changed = form.apply(request.user) if form.is_valid() else None
    if changed is None:
        return _menu(request, duty, extend_form=form)
    day = form.cleaned_data["due_on"]
    when = f"due on {day:%-d %B}" if day else "due whenever"
    said = (
        f"{changed} {'duty is' if changed == 1 else 'duties are'} now {when}." if changed else f"It was {when} already."
    )
    return _done(request, duty, said)


@login_required
@require_POST
def duty_reopen(request, slug, pk):
    duty = get_overseen_duty(request.user, slug, pk)
    form = ReopenForm(request.POST, duty=duty)
    reopened = form.apply(request.user) if form.is_valid() else None
    if reopened is None:
        return _menu(request, duty, reopen_form=form)
    return _done(request, duty, f"{duty.assessor.name} can judge topic {duty.topic.qid}, and sees your message.")


@login_required
@require_POST
def duty_close(request, slug, pk):
    duty = get_overseen_duty(request.user, slug, pk)
    try:
        oversight.duty_close(duty=duty, by=request.user)
    except DomainError as error:
        return _menu(request, duty, error=str(error))
    return _done(request, duty, f"Topic {duty.topic.qid} is closed for {duty.assessor.name}; what was judged stays.")


@login_required
@require_POST
def leases_hand_back(request, slug, pk):
    duty = get_overseen_duty(request.user, slug, pk)
    count = oversight.leases_hand_back(duty=duty, by=request.user)
    said = f"{count} passage{'s' * (count != 1)} went back from the desk of {duty.assessor.name}."
    return _done(request, duty, said if count else f"Nothing lies idle on the desk of {duty.assessor.name} any more.")


@login_required
@require_POST
def message_clear(request, pk):
    """The assessor has dealt with the organizer's word, and goes on where he or she was."""
    duty = get_duty_for_user(request.user, pk)
    oversight.duty_message_clear(duty=duty, by=request.user)
    back = request.headers.get("Referer", "")
    here = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    return redirect(back if here else reverse("duty", args=[duty.pk]))


def _menu(request, duty: Duty, **more) -> HttpResponse:
    history = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(Duty), object_id=duty.pk
    ).select_related("user")
    context = {
        "track": duty.pool.track,
        "pool": duty.pool,
        "duty": duty,
        "cell": duty_cell(duty),
        "idle": len(idle_leases(duty)),
        "history": history.order_by("-pk")[:20],
        "handover_form": HandoverForm(duty=duty),
        "extend_form": ExtendForm(duty=duty),
        "reopen_form": ReopenForm(duty=duty),
        **more,
    }
    return render(request, f"assessment/{'_board_duty' if request.htmx else 'board_duty'}.html", context)


def _done(request, duty: Duty, sentence: str) -> HttpResponse:
    """The page's script closes the menu, says the sentence and looks at the board again; others go back to it."""
    if request.htmx:
        told = json.dumps({"board-changed": {}, "toast": {"text": sentence, "level": "success"}})
        return HttpResponse(status=204, headers={"HX-Trigger": told})
    messages.success(request, sentence)
    address = reverse("board", args=[duty.pool.track.slug])
    return redirect(f"{address}?pool={duty.pool_id}#cell-{duty.pk}")
