from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render

from assessment.access import ORGANIZERS, get_track_for_user
from assessment.models import Pool, User
from assessment.selectors.pools import Spread, spread_of
from assessment.services.imports.result import counted
from assessment.services.pools import pool_documents_preview
from assessment.views.posting import posted
from nuggets.forms.citations import CitationsForm
from nuggets.selectors.citations import Citations
from nuggets.services.citations import checked_citations, citations_pool, citations_pool_create

SHOWN = 100  # unknown citations on the page


@login_required
def citations(request, slug):
    """The documents that answers cite, into a pool; what is new and what is unknown is shown before."""
    track = get_track_for_user(request.user, slug, ORGANIZERS)
    form = CitationsForm(posted(request)[0], track=track)
    context = {"track": track, "form": form}
    if form.is_valid() and (found := form.attempt(checked_citations, track=track, **form.wanted())):
        if "preview" not in request.POST and (done := _add(form, request.user)):
            pool, added = done
            messages.success(
                request, f"{counted(added, 'new pair')}: whoever judges these topics has them from now on."
            )
            return redirect("pool", slug, pool.pk)
        context |= {"found": found, "shown": found.unknown[:SHOWN], "growth": _growth(form, found)}
    return render(request, "nuggets/citations.html", context)


def _add(form: CitationsForm, by: User) -> tuple[Pool, int] | None:
    """The pool and how many pairs it has gained; None, with the reason in the form, where it was refused."""
    options = form.wanted() | {"leave_out_unknown": form.cleaned_data["leave_out_unknown"]}
    pool = form.cleaned_data["pool"]
    if pool:
        added = form.attempt(citations_pool, pool=pool, **options)
        return None if added is None else (pool, added)
    made = form.attempt(citations_pool_create, track=form.track, name=form.cleaned_data["name"], by=by, **options)
    return made and (made, made.items.count())


def _growth(form: CitationsForm, found: Citations) -> Spread | None:
    """What is new of each topic; for a new pool all is."""
    pool = form.cleaned_data["pool"]
    if pool is None:
        topics = form.track.topics.filter(pk__in=found.places)
        return spread_of([(topic, len(found.places[topic.pk])) for topic in topics])
    rows = form.attempt(pool_documents_preview, pool=pool, places=found.places)
    return None if rows is None else spread_of(rows)
