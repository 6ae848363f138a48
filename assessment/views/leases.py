"""The judging page tells that it is there, and hears whether the person judges elsewhere."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse
from django.views.decorators.http import require_POST

from assessment.access import get_duty_for_user
from assessment.domain.errors import DomainError
from assessment.forms.judging import LeaseForm
from assessment.models import Duty
from assessment.selectors.judging import is_served, pool_column
from assessment.selectors.progress import duty_progress
from assessment.services import leases
from assessment.views.passages import entries_html, handed_json


@login_required
@require_POST
def lease(request, pk: int):
    mine = get_duty_for_user(request.user, pk)
    form = LeaseForm(request.POST)
    if not form.is_valid():
        return JsonResponse({"error": "This is not what the page sends."}, status=400)
    asked = form.cleaned_data
    if asked["left"]:
        leases.lease_close(duty=mine, tab=asked["tab"])
        return HttpResponse(status=204)
    try:
        return JsonResponse(_renewed(request, mine, asked))
    except DomainError as error:
        return JsonResponse({"error": str(error)}, status=409)


def _renewed(request, mine: Duty, asked: dict) -> dict:
    tab, item, ahead = asked["tab"], asked["item"], asked["ahead"]
    desk = leases.lease_renew(duty=mine, user=request.user, tab=tab, item=item, ahead=ahead, take=asked["take"])
    reply = {"judging_elsewhere": desk.elsewhere, "late": desk.late, "gone": desk.gone}
    if desk.elsewhere:
        return reply
    if asked["next"] and is_served(mine):
        reply |= handed_json(mine, leases.item_claim_next(duty=mine, tab=tab, known={item, *ahead}))
    if asked["column"]:
        (progress,) = duty_progress([mine])
        reply |= {
            "column": entries_html(mine, pool_column(mine)),
            "progress": {"done": progress.done, "total": progress.total},
        }
    return reply
