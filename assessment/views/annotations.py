"""What assessors write beside their grades: notes, evidence, scan terms. The page's script sends it and reads JSON."""

from django.contrib.auth.decorators import login_required
from django.http import JsonResponse
from django.views.decorators.http import require_POST

from assessment.access import get_duty_for_user
from assessment.domain.errors import DomainError
from assessment.forms.annotations import AnnotationForm, ScanTermsForm
from assessment.services.judgments import judgment_annotate
from assessment.services.scan_terms import scan_terms_set


@login_required
@require_POST
def annotation_save(request, pk: int, item: int):
    """Answers as a save of a grade does."""
    mine = get_duty_for_user(request.user, pk)
    form = AnnotationForm(request.POST)
    if not form.is_valid():
        return _refused(_first_error(form))
    key = form.cleaned_data["idempotency_key"]
    try:
        outcome = judgment_annotate(duty=mine, item=item, idempotency_key=key, actor=request.user, **form.noted())
    except DomainError as error:
        return _refused(str(error))
    standing = {"id": item, "state": outcome.state, "grade": outcome.grade}
    return JsonResponse({"item": standing, "progress": outcome.progress._asdict(), "wanted": None})


@login_required
@require_POST
def scan_terms(request, pk: int):
    mine = get_duty_for_user(request.user, pk)
    form = ScanTermsForm(request.POST)
    if not form.is_valid():
        return _refused(_first_error(form))
    try:
        terms = scan_terms_set(duty=mine, words=form.cleaned_data["terms"], actor=request.user)
    except DomainError as error:
        return _refused(str(error))
    return JsonResponse({"terms": terms})


def _refused(sentence: str) -> JsonResponse:
    return JsonResponse({"error": sentence}, status=409)


def _first_error(form) -> str:
    field, errors = next(iter(form.errors.items()))
    return f"{field}: {errors[0]}"
