"""Nuggets and assignments in and out of a track, as files."""

from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import render
from django.views.decorators.http import require_GET

from assessment.access import ORGANIZERS, get_assessor_for_user, get_track_for_user
from assessment.views.assessors import streamed
from assessment.views.uploads import UploadReport, import_each
from nuggets.access import get_bank_for_user
from nuggets.forms.imports import AssignmentUploadForm, NuggetUploadForm
from nuggets.selectors.exports import assignment_lines, exported_banks, nugget_lines
from nuggets.selectors.leaderboards import sources_of
from nuggets.services.assignment_imports import assignments_import
from nuggets.services.bank_imports import nuggets_import

JSON_LINES = "application/x-ndjson"


@login_required
def nugget_files(request, slug):
    """What there is to take away, and two forms; `?kind=assignments` says that the second one was posted."""
    track = get_track_for_user(request.user, slug, ORGANIZERS)
    forms = {kind: form(*_sent(request, kind), auto_id=f"id_{kind}_%s") for kind, (form, _) in KINDS.items()}
    reports = []
    for kind, (_, load) in KINDS.items():
        if forms[kind].is_valid():
            reports += load(track, forms[kind].cleaned_data)
    context = {"track": track, "forms": forms, "reports": reports}
    context |= {"banks": exported_banks(track), "sources": sources_of(track)}
    return render(request, "nuggets/nugget_files.html", context)


@login_required
@require_GET
def nuggets_export(request, slug, pk):
    """A bank's lists in the form that the upload reads."""
    bank = get_bank_for_user(request.user, slug, pk, ORGANIZERS)
    return streamed(nugget_lines(bank), f"{slug}.{bank.name}.nuggets.jsonl", JSON_LINES)


@login_required
@require_GET
def assignments_export(request, slug, pk, assessor):
    """An assessor's labels of a bank's nuggets, the answers that are labelled whole."""
    bank = get_bank_for_user(request.user, slug, pk, ORGANIZERS)
    whose = get_assessor_for_user(request.user, slug, assessor, ORGANIZERS)
    lines = assignment_lines(bank, whose)
    return streamed(lines, f"{slug}.{bank.name}.{whose.name}.assignments.jsonl", JSON_LINES)


def _nuggets(track, data: dict) -> list[UploadReport]:
    options = {name: data[name] for name in ("bank_name", "condition")}
    return import_each(data["files"], nuggets_import, track=track, **options)


def _assignments(track, data: dict) -> list[UploadReport]:
    options = {name: data[name] for name in ("assessor_name", "condition", "replace")}
    return import_each(data["files"], assignments_import, track=track, bank_name=data["bank_name"] or None, **options)


KINDS = {"nuggets": (NuggetUploadForm, _nuggets), "assignments": (AssignmentUploadForm, _assignments)}


def _sent(request, kind: str) -> tuple:
    """What was posted of this kind, also when all is empty; (None, None) otherwise."""
    asked = request.GET.get("kind", "nuggets")
    if asked not in KINDS:
        raise Http404("Files hold nuggets or assignments.")
    return (request.POST, request.FILES) if request.method == "POST" and asked == kind else (None, None)
