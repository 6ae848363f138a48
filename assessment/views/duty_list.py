"""A duty's passages as one list with the suggestions: row by row, or many accepted at once."""

from uuid import uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from assessment.access import get_duty_for_user, get_pool_for_user, role_in_track
from assessment.domain.errors import DomainError
from assessment.forms.duty_list import AcceptanceForm, AcceptanceUndoForm, ReviewForm, RowFilterForm
from assessment.models import Duty
from assessment.selectors.duty_list import duty_list as listed_rows
from assessment.selectors.duty_list import why_not_listed
from assessment.selectors.judging import Progress
from assessment.services import bulk


@login_required
@never_cache
@require_GET
def duty_list(request, pk: int):
    """The rows that the filter lets through: the fragment for the page's own script, otherwise the page."""
    mine = get_duty_for_user(request.user, pk)
    track = mine.pool.track
    context = {"duty": mine, "track": track, "refusal": why_not_listed(mine)}
    if not context["refusal"]:
        grades = list(track.grades.all())
        form = RowFilterForm(request.GET, grades=grades)
        context |= {
            "grades": grades,
            "form": form,
            "listed": listed_rows(mine, form.row_filter()) if form.is_valid() else None,
            "idempotency_key": uuid4(),
            "accepted": request.GET.get("accepted", ""),
        }
        if request.htmx:
            return render(request, "assessment/_duty_list_rows.html", context)
    track.role = role_in_track(request.user, track)
    return render(request, "assessment/duty_list.html", context)


@login_required
@require_POST
def suggestions_accept(request, pk: int):
    mine = get_duty_for_user(request.user, pk)
    form = AcceptanceForm(request.POST)
    if not form.is_valid():
        return _refused(request, mine, _first_error(form))
    try:
        outcome = bulk.suggestions_accept(duty=mine, actor=request.user, **form.acceptance())
    except DomainError as error:
        return _refused(request, mine, str(error))
    told = _told(outcome.accepted, "accepted", outcome.changed, "had changed and were left alone")
    key = form.cleaned_data["idempotency_key"] if outcome.accepted else None
    return _done(request, mine, told, outcome.progress, key, accepted=outcome.accepted, changed=outcome.changed)


@login_required
@require_POST
def acceptance_undo(request, pk: int):
    mine = get_duty_for_user(request.user, pk)
    form = AcceptanceUndoForm(request.POST)
    if not form.is_valid():
        return _refused(request, mine, _first_error(form))
    try:
        outcome = bulk.acceptance_undo(duty=mine, actor=request.user, **form.cleaned_data)
    except DomainError as error:
        return _refused(request, mine, str(error))
    told = _told(outcome.returned, "taken back", outcome.kept, "were judged anew since then and stay")
    return _done(request, mine, told, outcome.progress, returned=outcome.returned, kept=outcome.kept)


@login_required
@require_POST
def review_begin(request, slug: str, pk: int):
    """An organizer looks through a judge's grades of a topic, as an assessor of his or her own."""
    pool = get_pool_for_user(request.user, slug, pk)
    form = ReviewForm(request.POST, pool=pool)
    mine = form.begin(by=request.user) if form.is_valid() else None
    if mine is None:
        messages.error(request, _first_error(form))
        return redirect("pool", slug, pk)
    return redirect("duty_list", mine.pk)


def _told(done: list[int], what: str, other: list[int], why: str) -> str:
    return f"{len(done)} {what}, {len(other)} {why}." if other else f"{len(done)} {what}."


def _done(request: HttpRequest, mine: Duty, told: str, progress: Progress, acceptance=None, **items) -> HttpResponse:
    if not _wants_json(request):
        messages.success(request, told)
        query = f"?accepted={acceptance}" if acceptance else ""
        return redirect(reverse("duty_list", args=[mine.pk]) + query)
    # `item` and `wanted` as in the reply to a save: whichever page's outbox sent it reads it.
    none = {"id": 0, "state": "", "grade": None}
    return JsonResponse({"item": none, "wanted": None, "progress": progress._asdict(), "told": told, **items})


def _refused(request: HttpRequest, mine: Duty, sentence: str) -> HttpResponse:
    if _wants_json(request):
        return JsonResponse({"error": sentence}, status=409)
    messages.error(request, sentence)
    return redirect("duty_list", mine.pk)


def _wants_json(request: HttpRequest) -> bool:
    return "application/json" in request.headers.get("Accept", "")


def _first_error(form) -> str:
    field, errors = next(iter(form.errors.items()))
    return errors[0] if field == "__all__" else f"{field}: {errors[0]}"
