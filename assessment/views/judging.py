"""The judging page: a duty, its passages, and the saves."""

from collections.abc import Collection
from uuid import UUID, uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from assessment.access import get_duty_for_user, role_in_track
from assessment.domain.errors import DomainError
from assessment.domain.scan_terms import written_terms
from assessment.forms.judging import JudgmentForm, UndoForm
from assessment.models import Duty
from assessment.selectors.duty_list import why_not_listed
from assessment.selectors.judging import is_served, next_open, pool_column
from assessment.selectors.progress import work_of_user
from assessment.selectors.scan_terms import scan_terms
from assessment.services import judgments
from assessment.services.leases import NO_TAB, Handed, item_claim_next
from assessment.services.sight import passage_show
from assessment.views.passages import handed_json, item_html


@login_required
@never_cache
@require_GET
def duty(request, pk: int):
    """Where the assessor left off: the first passage that is open."""
    mine = get_duty_for_user(request.user, pk)
    handed = _handed(mine)
    column = pool_column(mine)
    current = next(iter(handed.at_hand), None) if handed else next_open(column)
    return _page(request, mine, column, current, handed)


@login_required
@never_cache
@require_GET
def duty_item(request, pk: int, item: int):
    """One passage: the fragment for the page's own script, otherwise the page opened at it."""
    mine = get_duty_for_user(request.user, pk)
    if request.htmx:
        return HttpResponse(item_html(mine, _item_or_404(mine, item)))
    handed = _handed(mine)
    column = pool_column(mine)
    if handed and all(entry.pk != item for entry in column):
        messages.info(request, "That passage is not on your desk any more: somebody else has it, or it is judged.")
        return redirect("duty", mine.pk)
    return _page(request, mine, column, item, handed)


@login_required
@require_POST
def judgment_save(request, pk: int, item: int):
    mine = get_duty_for_user(request.user, pk)
    form = JudgmentForm(request.POST)
    if not form.is_valid():
        return _refused(request, mine, item, _first_error(form))
    try:
        outcome = judgments.judgment_record(duty=mine, item=item, actor=request.user, **form.judgment())
    except DomainError as error:
        return _refused(request, mine, item, str(error))
    asked = form.cleaned_data
    handed = None if asked["want"] else _handed(mine, asked["tab"], known=asked["ahead"])
    return _saved(request, mine, item, outcome, asked["want"], handed)


@login_required
@require_POST
def judgment_undo(request, pk: int, item: int):
    mine = get_duty_for_user(request.user, pk)
    form = UndoForm(request.POST)
    if not form.is_valid():
        return _refused(request, mine, item, _first_error(form))
    key = form.cleaned_data["idempotency_key"]
    try:
        outcome = judgments.judgment_undo(duty=mine, item=item, actor=request.user, idempotency_key=key)
    except DomainError as error:
        return _refused(request, mine, item, str(error))
    return _saved(request, mine, item, outcome, form.cleaned_data["want"], stay=True)


def _handed(mine: Duty, tab: UUID | None = None, known: Collection[int] = ()) -> Handed | None:
    """What a served duty hands out; None for a listed one, and for one that is closed."""
    if not is_served(mine) or mine.closed_at is not None:
        return None
    return item_claim_next(duty=mine, tab=tab or NO_TAB, known=known)


def _page(request, mine: Duty, column: list, current: int | None, handed: Handed | None) -> HttpResponse:
    track = mine.pool.track
    track.role = role_in_track(request.user, track)
    work = work_of_user(request.user, track)
    topics = next(each.duties for each in work if each.pool.pk == mine.pool_id)
    position, progress = next((n, each) for n, each in enumerate(topics, 1) if each.duty.pk == mine.pk)
    item = _item_or_404(mine, current) if current is not None else None
    if item is not None:
        item.number = next((entry.number for entry in column if entry.pk == current), None)
    context = {
        "duty": mine,
        "has_list": not why_not_listed(mine),
        "served": is_served(mine),
        "elsewhere": handed.elsewhere if handed else 0,
        "track": track,
        "item": item,
        "column": column,
        "grades": list(track.grades.all()),
        "progress": progress,
        "position": position,
        "topics": topics,
        "other_duties": [each for one in work for each in one.duties if not each.finished and each.duty.pk != mine.pk],
        "scan_words": written_terms(scan_terms(mine)),
        "idempotency_key": uuid4(),
    }
    return render(request, "assessment/judging.html", context)


def _item_or_404(mine: Duty, pk: int):
    item = passage_show(duty=mine, item=pk)
    if item is None:
        raise Http404("There is no such passage in this duty.")
    return item


def _wants_json(request) -> bool:
    return "application/json" in request.headers.get("Accept", "")


def _saved(
    request,
    mine: Duty,
    item: int,
    outcome: judgments.Outcome,
    want: int | None = None,
    handed: Handed | None = None,
    stay: bool = False,
):
    if not _wants_json(request):
        return _go_on(mine, item, handed, stay or outcome.reveals)
    wanted = passage_show(duty=mine, item=want)
    return JsonResponse(
        {
            "item": {"id": item, "state": outcome.state, "grade": outcome.grade},
            "progress": outcome.progress._asdict(),
            "wanted": wanted and {"id": wanted.pk, "html": item_html(mine, wanted)},
            **handed_json(mine, handed),
        }
    )


def _go_on(mine: Duty, item: int, handed: Handed | None, stay: bool) -> HttpResponse:
    if stay:
        following = item
    else:
        following = next(iter(handed.at_hand), None) if handed else next_open(pool_column(mine), after=item)
    return redirect("duty_item", mine.pk, following) if following else redirect("duty", mine.pk)


def _refused(request, mine: Duty, item: int, sentence: str) -> HttpResponse:
    if _wants_json(request):
        return JsonResponse({"error": sentence}, status=409)
    messages.error(request, sentence)
    return redirect("duty_item", mine.pk, item)


def _first_error(form) -> str:
    field, errors = next(iter(form.errors.items()))
    return f"{field}: {errors[0]}"
