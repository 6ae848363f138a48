"""The judging page: a duty, its passages, and the saves."""

from uuid import uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from assessment.access import get_duty_for_user, role_in_track
from assessment.domain.errors import DomainError
from assessment.forms.judging import JudgmentForm, UndoForm
from assessment.models import Duty
from assessment.selectors.judging import column_progress, next_open, pool_column
from assessment.selectors.progress import work_of_user
from assessment.services import judgments
from assessment.services.sight import passage_show


@login_required
@never_cache
@require_GET
def duty(request, pk: int):
    """Where the assessor left off: the first passage that is open."""
    mine = get_duty_for_user(request.user, pk)
    column = pool_column(mine)
    return _page(request, mine, column, next_open(column))


@login_required
@never_cache
@require_GET
def duty_item(request, pk: int, item: int):
    """One passage: the fragment for the page's own script, otherwise the page opened at it."""
    mine = get_duty_for_user(request.user, pk)
    if request.htmx:
        return HttpResponse(_item_html(mine, _item_or_404(mine, item)))
    return _page(request, mine, pool_column(mine), item)


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
    return _saved(request, mine, item, outcome, form.cleaned_data["want"])


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


def _page(request, mine: Duty, column: list, current: int | None) -> HttpResponse:
    track = mine.pool.track
    track.role = role_in_track(request.user, track)
    work = work_of_user(request.user, track)
    topics = next(each.duties for each in work if each.pool.pk == mine.pool_id)
    context = {
        "duty": mine,
        "track": track,
        "item": _item_or_404(mine, current) if current is not None else None,
        "column": column,
        "grades": list(track.grades.all()),
        "progress": column_progress(column),
        "position": next(n for n, each in enumerate(topics, 1) if each.duty.pk == mine.pk),
        "topics": topics,
        "other_duties": [each for one in work for each in one.duties if not each.finished and each.duty.pk != mine.pk],
        "idempotency_key": uuid4(),
    }
    return render(request, "assessment/judging.html", context)


def _item_or_404(mine: Duty, pk: int):
    item = passage_show(duty=mine, item=pk)
    if item is None:
        raise Http404("There is no such passage in this duty.")
    return item


def _item_html(mine: Duty, item) -> str:
    return render_to_string("assessment/_judging_item.html", {"duty": mine, "item": item})


def _wants_json(request) -> bool:
    return "application/json" in request.headers.get("Accept", "")


def _saved(request, mine: Duty, item: int, outcome: judgments.Outcome, want: int | None = None, stay: bool = False):
    if not _wants_json(request):
        following = item if stay or outcome.reveals else next_open(pool_column(mine), after=item)
        return redirect("duty_item", mine.pk, following) if following else redirect("duty", mine.pk)
    wanted = passage_show(duty=mine, item=want)
    return JsonResponse(
        {
            "item": {"id": item, "state": outcome.state, "grade": outcome.grade},
            "progress": outcome.progress._asdict(),
            "wanted": wanted and {"id": wanted.pk, "html": _item_html(mine, wanted)},
        }
    )


def _refused(request, mine: Duty, item: int, sentence: str) -> HttpResponse:
    if _wants_json(request):
        return JsonResponse({"error": sentence}, status=409)
    messages.error(request, sentence)
    return redirect("duty_item", mine.pk, item)


def _first_error(form) -> str:
    field, errors = next(iter(form.errors.items()))
    return f"{field}: {errors[0]}"
