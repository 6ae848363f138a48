from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count
from django.http import Http404
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from assessment.access import ORGANIZERS, get_pool_for_user, get_track_for_user
from assessment.domain.errors import DomainError
from assessment.forms.duties import DutyForm
from assessment.forms.duty_list import ReviewForm
from assessment.forms.pool_runs import ExtensionForm
from assessment.forms.pools import PoolForm
from assessment.models import Assessor
from assessment.selectors.plans import plans_made
from assessment.selectors.pools import Spread, pooled_runs, pools_with_sizes, spread_of
from assessment.selectors.progress import work_in_pool
from assessment.selectors.routing import routed_pool
from assessment.services.duties import duties_withdraw
from assessment.services.imports.result import counted
from assessment.services.pools import pool_create, pool_extend, pool_extension_preview, pool_preview

from .posting import posted


@login_required
def pools(request, slug):
    """The track's pools, and a form that shows a pool's size before it is made."""
    track = get_track_for_user(request.user, slug, ORGANIZERS)
    form = PoolForm(posted(request)[0], track=track)
    listed = pools_with_sizes(track)
    routable = next((pool for pool in listed if pool.routed_from_id is None), None)
    context = {"track": track, "form": form, "pools": listed, "routable": routable, "sizes": None}
    if request.method == "POST" and "preview" in request.POST:
        context["sizes"] = _spread(form)
    elif request.method == "POST" and form.is_valid():
        pool = form.attempt(pool_create, track=track, by=request.user, **form.size(), **form.terms())
        if pool:
            messages.success(request, f"The pool “{pool.name}” is made. Now say who judges it.")
            return redirect("pool", track.slug, pool.pk)
    return render(request, "assessment/pools.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def preview(request, slug):
    """A fragment: the size of the pool that the form describes."""
    track = get_track_for_user(request.user, slug, ORGANIZERS)
    form = PoolForm(_asked(request), track=track)
    return render(request, "assessment/_pool_preview.html", {"track": track, "form": form, "sizes": _spread(form)})


@login_required
def pool(request, slug, pk):
    """What the pool is made of, who judges it, the judges' jobs."""
    pool = get_pool_for_user(request.user, slug, pk)
    return _pool_page(request, pool, DutyForm(pool=pool))


@login_required
@require_POST
def duties_assign(request, slug, pk):
    pool = get_pool_for_user(request.user, slug, pk)
    if "withdraw" in request.POST:
        return _withdraw(request, pool)
    form = DutyForm(request.POST, pool=pool)
    assigned = form.assign() if form.is_valid() else None
    if assigned is None:
        return _pool_page(request, pool, form)
    said = f"{assigned} topics are new or under new terms" if assigned else "these topics were assigned already"
    messages.success(request, f"{form.cleaned_data['person'].username}: {said}.")
    return redirect("pool", slug, pk)


@login_required
@require_POST
def extend(request, slug, pk):
    """More runs into the pool, or deeper ones."""
    pool = get_pool_for_user(request.user, slug, pk)
    form = ExtensionForm(request.POST, pool=pool)
    if "preview" in request.POST:
        return _pool_page(request, pool, DutyForm(pool=pool), form, _growth(form))
    added = form.attempt(pool_extend, pool=pool, runs=form.depths()) if form.is_valid() else None
    if added is None:
        return _pool_page(request, pool, DutyForm(pool=pool), form)
    messages.success(request, f"{counted(added, 'new pair')}: whoever judges these topics has them from now on.")
    return redirect("pool", slug, pk)


@login_required
@require_http_methods(["GET", "POST"])
def extension_preview(request, slug, pk):
    """A fragment: what the ticked runs would add to the pool."""
    form = ExtensionForm(_asked(request), pool=get_pool_for_user(request.user, slug, pk))
    return render(request, "assessment/_pool_growth.html", {"extension": form, "growth": _growth(form)})


def _pool_page(request, pool, form, extension=None, growth=None):
    sizes = dict(pool.items.order_by().values_list("topic").annotate(Count("pk")))
    context = {
        "track": pool.track,
        "pool": pool,
        "size": sum(sizes.values()),
        "topics": len(sizes),
        "form": form,
        "review_form": ReviewForm(pool=pool),
        "works": work_in_pool(pool),
        "runs": pooled_runs(pool),
        "single": pool.items.filter(run_ids__len=0).count(),
        "extension": extension or ExtensionForm(pool=pool),
        "growth": growth,
        "plans": plans_made(pool),
        "routed": routed_pool(pool),
    }
    return render(request, "assessment/pool.html", context)


def _withdraw(request, pool):
    asked = request.POST["withdraw"]
    assessor = Assessor.objects.filter(track=pool.track, pk=asked).first() if asked.isdecimal() else None
    if assessor is None:
        raise Http404("There is no such assessor in this track.")
    try:
        count = duties_withdraw(pool=pool, assessor=assessor)
        messages.success(
            request, f"{assessor.name} has no duties in this pool any more ({count} topics); judgments stay."
        )
    except DomainError as error:
        messages.error(request, str(error))
    return redirect("pool", pool.track.slug, pool.pk)


def _asked(request):
    """The fields of a form to preview: posted by the page, as hundreds of runs are too long for an address."""
    return request.POST if request.method == "POST" else request.GET


def _spread(form: PoolForm) -> Spread | None:
    """The sizes of the pool that a valid form describes; None, with the reason in the form, otherwise."""
    if not form.is_valid():
        return None
    rows = form.attempt(pool_preview, track=form.track, **form.size())
    return None if rows is None else spread_of(rows)


def _growth(form: ExtensionForm) -> Spread | None:
    """What the runs of a valid form would add to each topic; None, with the reason in the form, otherwise."""
    if not form.is_valid():
        return None
    rows = form.attempt(pool_extension_preview, pool=form.pool, runs=form.depths())
    return None if rows is None else spread_of(rows)
