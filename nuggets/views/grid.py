from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import render
from django.views.decorators.http import require_GET

from assessment.access import ORGANIZERS
from nuggets.access import get_topic_bank_for_user
from nuggets.selectors.grid import grid_assessors, nugget_grid


@login_required
@require_GET
def nugget_grid_page(request, slug, pk):
    """A topic's nuggets by runs, under one assessor's labels; `?assessor=` says whose. For organizers only: others may
    have the same answers still to assign."""
    topic_bank = get_topic_bank_for_user(request.user, slug, pk, ORGANIZERS)
    assessors = grid_assessors(topic_bank)
    asked = request.GET.get("assessor", "")
    assessor = next((one for one in assessors if not asked or str(one.pk) == asked), None)
    if asked and assessor is None:
        raise Http404("Nobody of that number has labelled these nuggets.")
    grid = nugget_grid(topic_bank, assessor)
    context = {"track": topic_bank.bank.track, "bank": topic_bank.bank, "topic": topic_bank.topic, "grid": grid}
    return render(request, "nuggets/grid.html", context | {"assessors": assessors, "assessor": assessor})
