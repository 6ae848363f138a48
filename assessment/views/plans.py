from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.utils.text import get_valid_filename
from django.views.decorators.http import require_GET

from assessment.access import get_pool_for_user
from assessment.forms.plans import PlanForm
from assessment.forms.uploads import PlanUploadForm
from assessment.selectors.plans import plan_file as plan_lines
from assessment.services.imports import plan_import

from .posting import posted
from .uploads import import_each


@login_required
def plan(request, slug, pk):
    """A plan for the pool's topics: it is shown, and then assigned as it was shown."""
    pool = get_pool_for_user(request.user, slug, pk)
    form = PlanForm(posted(request)[0], pool=pool)
    if "assign" in request.POST:
        stored = form.apply(by=request.user)
        if stored is not None:
            messages.success(request, f"The plan is made: {stored:,} duties are new or under new terms.")
            return redirect("pool", slug, pk)
        # What was refused may be a plan that is not the one shown: the present one stands beside the reason.
        preview = PlanForm(request.POST, pool=pool).preview()
    else:
        preview = form.preview()
    return render(request, "assessment/plan.html", _context(pool, form, preview))


@login_required
@require_GET
def preview(request, slug, pk):
    """A fragment: who would get how much by the plan that the form describes."""
    pool = get_pool_for_user(request.user, slug, pk)
    form = PlanForm(request.GET, pool=pool)
    return render(request, "assessment/_plan_preview.html", _context(pool, form, form.preview()))


@login_required
def plan_file(request, slug, pk):
    """The pool's duties as a file, and a changed one back."""
    pool = get_pool_for_user(request.user, slug, pk)
    form = PlanUploadForm(*posted(request))
    reports = []
    if request.method == "POST" and form.is_valid():
        reports = import_each(form.cleaned_data["files"], plan_import, track=pool.track, pool=pool)
    context = {"track": pool.track, "pool": pool, "form": form, "reports": reports}
    return render(request, "assessment/plan_file.html", context)


@login_required
@require_GET
def plan_export(request, slug, pk):
    pool = get_pool_for_user(request.user, slug, pk)
    response = StreamingHttpResponse(plan_lines(pool.track, pool), content_type="text/csv; charset=utf-8")
    name = get_valid_filename(f"{slug}.{pool.name}.plan.csv")
    response["Content-Disposition"] = content_disposition_header(True, name)
    return response


def _context(pool, form, preview) -> dict:
    return {"track": pool.track, "pool": pool, "form": form, "preview": preview}
