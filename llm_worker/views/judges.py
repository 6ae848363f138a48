"""Judges: their record, new ones, and what may be changed of them."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from assessment.domain.errors import DomainError
from llm_worker import selectors
from llm_worker.forms import JudgeForm, TermsForm
from llm_worker.models import JudgeConfiguration
from llm_worker.services.judges import judge_create, judge_set_terms


@login_required
@require_GET
def judges(request):
    context = {"judges": selectors.judges_in_use(request.user), "organized": selectors.tracks_to_judge(request.user)}
    return render(request, "llm_worker/judges.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def judge_new(request):
    """A new judge, or one like another (`?like=NAME`). For staff: where servers are is a matter of the host."""
    _staff_only(request)
    like = JudgeConfiguration.objects.filter(name=request.GET.get("like", "")).first()
    form = JudgeForm(request.POST or None, like=like)
    if request.method == "POST" and form.is_valid():
        try:
            judge = judge_create(**form.configuration())
            messages.success(request, f"{judge.name} is made. Try it on a few pairs before you trust it.")
            return _to(judge)
        except DomainError as error:
            form.add_error(None, str(error))
    return render(request, "llm_worker/judge_new.html", {"form": form, "like": like})


@login_required
@require_http_methods(["GET", "POST"])
def judge_terms(request, pk):
    """Prices, description and caveat, which may be changed at any time."""
    _staff_only(request)
    judge = get_object_or_404(JudgeConfiguration, pk=pk)
    form = TermsForm(request.POST or None, initial=TermsForm.of(judge))
    if request.method == "POST" and form.is_valid():
        try:
            asked = form.cleaned_data
            judge_set_terms(judge=judge, prices=form.prices(), description=asked["description"], caveat=asked["caveat"])
            messages.success(request, f"The terms of {judge.name} are stored.")
            return _to(judge)
        except DomainError as error:
            form.add_error(None, str(error))
    return render(request, "llm_worker/judge_terms.html", {"form": form, "judge": judge})


def _staff_only(request) -> None:
    if not request.user.is_staff:
        raise Http404("There is no such page, or it is not yours.")


def _to(judge: JudgeConfiguration) -> HttpResponseRedirect:
    return HttpResponseRedirect(f"{reverse('judges')}#judge-{judge.pk}")
