from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.utils.text import get_valid_filename
from django.views.decorators.http import require_GET

from assessment.access import get_pool_for_user
from assessment.forms.routing import RoutingForm
from assessment.selectors.routing import routing_csv

from .posting import posted


@login_required
def route(request, slug, pk):
    """A rule on a judge's confidence: what it would send to people is shown, and then made a pool."""
    pool = get_pool_for_user(request.user, slug, pk)
    form = RoutingForm(posted(request)[0], pool=pool)
    preview = None
    if request.method == "POST" and "preview" not in request.POST:
        made = form.make(by=request.user)
        if made:
            messages.success(request, f"The pool “{made.name}” is made. Now say who judges it.")
            return redirect("pool", slug, made.pk)
    elif request.method == "POST":
        preview = form.preview()
    return render(request, "assessment/route.html", _context(pool, form, preview))


@login_required
@require_GET
def preview(request, slug, pk):
    """A fragment: where the pairs would go by the rule that the form describes."""
    pool = get_pool_for_user(request.user, slug, pk)
    form = RoutingForm(request.GET, pool=pool)
    return render(request, "assessment/_route_preview.html", _context(pool, form, form.preview()))


@login_required
@require_GET
def routing_export(request, slug, pk):
    """The pairs of a routed pool with their selection probabilities, as CSV."""
    pool = get_pool_for_user(request.user, slug, pk)
    if pool.routing is None:
        raise Http404("This pool is not routed.")
    response = StreamingHttpResponse(routing_csv(pool), content_type="text/csv; charset=utf-8")
    name = get_valid_filename(f"{slug}.{pool.name}.routing.csv")
    response["Content-Disposition"] = content_disposition_header(True, name)
    return response


def _context(pool, form, preview) -> dict:
    return {"track": pool.track, "pool": pool, "form": form, "preview": preview}
