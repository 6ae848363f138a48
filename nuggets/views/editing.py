"""The editor of a topic's list: its page, one edit, what others did meanwhile, and what a nugget would hit."""

from functools import partial

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from assessment.domain.errors import DomainError
from assessment.models import Role
from nuggets.access import get_list_for_user
from nuggets.forms.editing import EditForm, FreezeForm, Kind
from nuggets.models import TopicBank
from nuggets.selectors.impact import impact_of
from nuggets.selectors.lists import edits_done, passages_to_read, shown_list, sub_narratives_of
from nuggets.selectors.score_strip import score_strip, strip_assessors
from nuggets.services.edits import EditConflict, edit_redo, edit_undo, known_document, list_edit
from nuggets.services.versions import version_freeze


@login_required
@never_cache
@require_GET
def edit_bank(request, pk):
    """The relevant passages at the left, the nuggets at the right."""
    row = get_list_for_user(request.user, pk)
    passages = passages_to_read(row)
    asked = request.GET.get("passage", "")
    place = next((place for place, one in enumerate(passages) if one.docid == asked), 0)
    context = _list_context(request, row) | {
        "track": row.bank.track,
        "passages": passages,
        "place": place,
        "passage": passages[place] if passages else None,
        "sub_narratives": sub_narratives_of(row),
        "versions": row.versions.select_related("frozen_by").order_by("-number"),
    }
    if _sees_runs(row) and (assessors := list(strip_assessors(row))):
        context |= {"strip_assessors": assessors, "strip": score_strip(row, assessors[0], ())}
    return render(request, "nuggets/editor.html", context)


@login_required
@require_GET
def edit_bank_passage(request, pk):
    """A fragment: one of the passages to read, `?n=` from 0."""
    row = get_list_for_user(request.user, pk)
    passages = passages_to_read(row)
    asked = request.GET.get("n", "")
    place = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 6 else 0
    if place >= len(passages):
        return HttpResponse("There is no such passage any more.", status=404)
    context = {"row": row, "passages": passages, "place": place, "passage": passages[place]}
    return render(request, "nuggets/_editor_passage.html", context)


@login_required
@never_cache
@require_GET
def edit_bank_live(request, pk):
    """The list again, or nothing (204) while it is what the browser has seen."""
    row = get_list_for_user(request.user, pk)
    if request.GET.get("seen") == str(row.revision):
        return HttpResponse(status=204)
    return JsonResponse(_list_json(request, row))


@login_required
@require_GET
def edit_bank_history(request, pk):
    """A fragment: every edit, the latest first."""
    row = get_list_for_user(request.user, pk)
    done = edits_done(row, hides_importance=row.hides_importance)
    return render(request, "nuggets/_editor_history.html", {"row": row, "done": done})


@login_required
@require_GET
def edit_bank_impact(request, pk):
    """A fragment: which answers seem to hold the text, and which nuggets it resembles."""
    row = get_list_for_user(request.user, pk)
    number = request.GET.get("number", "")
    without = int(number) if number.isascii() and number.isdecimal() and len(number) < 10 else None
    text = request.GET.get("text", "")[:2000]
    context = {"row": row, "impact": impact_of(row, text, without=without), "names_runs": _sees_runs(row)}
    return render(request, "nuggets/_editor_impact.html", context)


@login_required
@never_cache
@require_GET
def edit_bank_strip(request, pk):
    """A fragment: the topic's scores without the nuggets `?off=`, by the labels of `?assessor=`. For those who may see
    runs and others' labels."""
    row = get_list_for_user(request.user, pk)
    asked = request.GET.get("assessor", "")
    assessor = next((one for one in strip_assessors(row) if str(one.pk) == asked), None)
    if not _sees_runs(row) or assessor is None:
        raise Http404("There are no such labels.")
    off = {int(word) for word in request.GET.get("off", "").split() if word.isascii() and word.isdecimal()}
    return render(request, "nuggets/_editor_strip.html", {"row": row, "strip": score_strip(row, assessor, off)})


@login_required
@require_POST
def bank_edit(request, pk):
    """Makes one edit and answers with the list as it is then; 409 where somebody else was faster, 422 where it makes
    no sense. Nothing is stored then."""
    row = get_list_for_user(request.user, pk)
    if not row.may_edit:
        raise PermissionDenied("The organizer has closed this list for you.")
    form = EditForm(request.POST)
    if not form.is_valid():
        return JsonResponse({"error": "This is not what the page sends: reload it."}, status=400)
    try:
        _make(request, row, form)
    except EditConflict as conflict:
        return JsonResponse({"error": str(conflict), **_list_json(request, row)}, status=409)
    except DomainError as error:
        return JsonResponse({"error": str(error), **_list_json(request, row)}, status=422)
    return JsonResponse(_list_json(request, row))


@login_required
@require_POST
def list_frozen(request, pk):
    row = get_list_for_user(request.user, pk)
    if row.bank.track.role != Role.ORGANIZER:
        raise PermissionDenied("Organizers freeze lists.")
    form = FreezeForm(request.POST)
    try:
        if not form.is_valid():
            raise DomainError("This is not what the page sends: reload it.")
        version = version_freeze(topic_bank=row, actor=request.user, **form.cleaned_data)
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"Version {version.number} is frozen: scores of this topic are computed from it.")
    return redirect("edit_bank", row.pk)


def _make(request, row: TopicBank, form: EditForm) -> None:
    asked = form.cleaned_data
    kind, key = asked["kind"], asked["key"]
    if kind == Kind.IMPORTANCE and row.hides_importance:
        raise DomainError("Importance is not part of your task in this list.")
    if kind == Kind.UNDO:
        edit_undo(topic_bank=row, actor=request.user, key=key)
    elif kind == Kind.REDO:
        edit_redo(topic_bank=row, actor=request.user, key=key)
    else:
        edit = form.edit(partial(known_document, row))
        list_edit(topic_bank=row, kind=kind, edit=edit, actor=request.user, seen=asked["seen"], key=key)


def _list_context(request, row: TopicBank) -> dict:
    row.revision = TopicBank.objects.values_list("revision", flat=True).get(pk=row.pk)
    return {
        "row": row,
        "shown": shown_list(row, hides_importance=row.hides_importance),
        "names_runs": _sees_runs(row),
    }


def _list_json(request, row: TopicBank) -> dict:
    context = _list_context(request, row)
    html = render_to_string("nuggets/_editor_list.html", context, request)
    return {"revision": row.revision, "html": html}


def _sees_runs(row: TopicBank) -> bool:
    return row.bank.track.role in (Role.ORGANIZER, Role.VIEWER)
