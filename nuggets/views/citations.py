from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render

from assessment.access import ORGANIZERS, get_track_for_user
from assessment.selectors.pools import Spread, spread_of
from assessment.services.imports.result import counted
from assessment.services.pools import pool_documents_preview
from assessment.views.posting import posted
from nuggets.forms.citations import CitationsForm
from nuggets.selectors.citations import Citations
from nuggets.services.citations import checked_citations, citations_pool

SHOWN = 100  # unknown citations on the page


@login_required
def citations(request, slug):
    """The documents that answers cite, into a pool; what is new and what is unknown is shown before."""
    track = get_track_for_user(request.user, slug, ORGANIZERS)
    form = CitationsForm(posted(request)[0], track=track)
    context = {"track": track, "form": form}
    if form.is_valid():
        found = form.attempt(checked_citations, **form.wanted())
        if found and "preview" not in request.POST and (added := _add(form)) is not None:
            pool = form.cleaned_data["pool"]
            messages.success(
                request, f"{counted(added, 'new pair')}: whoever judges these topics has them from now on."
            )
            return redirect("pool", slug, pool.pk)
        if found:
            context |= {"found": found, "shown": found.unknown[:SHOWN], "growth": _growth(form, found)}
    return render(request, "nuggets/citations.html", context)


def _add(form: CitationsForm) -> int | None:
    return form.attempt(citations_pool, leave_out_unknown=form.cleaned_data["leave_out_unknown"], **form.wanted())


def _growth(form: CitationsForm, found: Citations) -> Spread | None:
    rows = form.attempt(pool_documents_preview, pool=form.cleaned_data["pool"], places=found.places)
    return None if rows is None else spread_of(rows)
