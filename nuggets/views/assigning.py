"""The assignment page: an answer with its nuggets, and the saves."""

from uuid import uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from assessment.domain.errors import DomainError
from nuggets.access import get_nugget_duty_for_user
from nuggets.forms.assigning import AssignmentForm, NothingForm
from nuggets.models import Label, NuggetDuty, NuggetTask
from nuggets.selectors.assigning import answer_queue, answer_sheet, duty_list
from nuggets.selectors.duties import nugget_work_of_user
from nuggets.services import assignments

# Each label's key and its short word, on the button.
KEYS = {Label.SUPPORT: ("1", "Support"), Label.PARTIAL_SUPPORT: ("2", "Partial"), Label.NOT_SUPPORT: ("3", "Not")}


@login_required
@never_cache
@require_GET
def nugget_assign(request, pk):
    """Where the assessor left off: the first answer with an open nugget, or the one that `?answer=` names."""
    mine = get_nugget_duty_for_user(request.user, pk, NuggetTask.ASSIGN)
    nuggets = duty_list(mine)
    queue = answer_queue(mine, nuggets)
    asked = request.GET.get("answer", "")
    current = next((one for one in queue if (str(one.pk) == asked if asked else one.open)), None)
    if asked and current is None:
        raise Http404("There is no such answer in this duty.")
    return _page(request, mine, nuggets, queue, current)


@login_required
@never_cache
@require_GET
def nugget_assign_answer(request, pk, answer):
    """One answer: the fragment for the page's own script, otherwise the page opened at it."""
    mine = get_nugget_duty_for_user(request.user, pk, NuggetTask.ASSIGN)
    nuggets = duty_list(mine)
    queue = answer_queue(mine, nuggets)
    current = next((one for one in queue if one.pk == answer), None)
    if current is None:
        raise Http404("There is no such answer in this duty.")
    if request.htmx:
        sheet = answer_sheet(mine, nuggets, current)
        return HttpResponse(render_to_string("nuggets/_assign_answer.html", {"duty": mine, "sheet": sheet}))
    return _page(request, mine, nuggets, queue, current)


@login_required
@require_POST
def assignment_save(request, pk, answer):
    """Stores a label, or takes it back where none is sent."""
    mine = get_nugget_duty_for_user(request.user, pk, NuggetTask.ASSIGN)
    form = AssignmentForm(request.POST)
    if not form.is_valid():
        return _refused(request, mine, answer, _first_error(form))
    said = form.said()
    service = assignments.assignment_save if "label" in said else assignments.assignment_take_back
    try:
        saved = service(duty=mine, answer=answer, actor=request.user, **said)
    except DomainError as error:
        return _refused(request, mine, answer, str(error), stale=isinstance(error, assignments.StaleWording))
    item = {"id": f"{answer}.{said['wording']}", "label": saved.label, "sentence": saved.sentence}
    return _saved(request, mine, item)


@login_required
@require_POST
def assignment_nothing(request, pk, answer):
    """Of an empty answer: none of the nuggets is in it."""
    mine = get_nugget_duty_for_user(request.user, pk, NuggetTask.ASSIGN)
    form = NothingForm(request.POST)
    if not form.is_valid():
        return _refused(request, mine, answer, _first_error(form))
    key = form.cleaned_data["idempotency_key"]
    try:
        assignments.assignment_save_nothing(duty=mine, answer=answer, idempotency_key=key, actor=request.user)
    except DomainError as error:
        return _refused(request, mine, answer, str(error))
    return _saved(request, mine, {"id": f"{answer}.nothing"})


def _page(request, mine: NuggetDuty, nuggets, queue, current) -> HttpResponse:
    work = next((one for one in nugget_work_of_user(request.user) if mine.pk in _keys(one)), None)
    context = {
        "duty": mine,
        "track": mine.topic_bank.bank.track,
        "topic": mine.topic_bank.topic,
        "bank": mine.topic_bank.bank,
        "frozen": nuggets.frozen,
        "nuggets": len(nuggets.nuggets),
        "queue": queue,
        "done": sum(not one.open for one in queue) if nuggets.nuggets else 0,
        "sheet": current and answer_sheet(mine, nuggets, current),
        "labels": [(label, label.label, *KEYS[label]) for label in Label],
        "others": [one for one in work.duties if not one.finished and one.duty.pk != mine.pk] if work else [],
        "idempotency_key": uuid4(),
    }
    return render(request, "nuggets/assign.html", context)


def _keys(work) -> set[int]:
    return {one.duty.pk for one in work.duties}


def _wants_json(request) -> bool:
    return "application/json" in request.headers.get("Accept", "")


def _saved(request, mine: NuggetDuty, item: dict) -> HttpResponse:
    return JsonResponse({"item": item}) if _wants_json(request) else redirect("nugget_assign", mine.pk)


def _refused(request, mine: NuggetDuty, answer: int, sentence: str, stale: bool = False) -> HttpResponse:
    if _wants_json(request):
        told = {"error": sentence}
        if stale:
            told["open"] = {one.pk: one.open for one in answer_queue(mine, duty_list(mine))}
        return JsonResponse(told, status=409)
    messages.error(request, sentence)
    return redirect("nugget_assign_answer", mine.pk, answer)


def _first_error(form) -> str:
    field, errors = next(iter(form.errors.items()))
    return f"{field}: {errors[0]}"
