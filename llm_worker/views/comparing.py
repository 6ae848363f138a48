"""Two judges side by side, before anything is spent, and on a few pairs."""

from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods
from django_htmx.http import trigger_client_event

from assessment.access import ORGANIZERS, get_track_for_user
from assessment.domain.errors import DomainError
from assessment.models import PoolItem
from llm_worker.forms import CompareForm
from llm_worker.models import JudgeConfiguration
from llm_worker.selectors.configurations import configuration_facts
from llm_worker.selectors.trials import trial, trial_items
from llm_worker.services.estimates import estimate
from llm_worker.services.rendering import rendered_prompt
from llm_worker.services.trials import trial_start


@login_required
@require_GET
def judges_compare(request, slug):
    track = get_track_for_user(request.user, slug, ORGANIZERS)
    form = CompareForm(request.GET, track=track)
    context = {"track": track, "form": form}
    if form.can_compare and form.is_valid():
        asked = form.cleaned_data
        judges, item = form.judges(), _item(asked)
        context |= {
            "judges": judges,
            "pool": asked["pool"],
            "facts": configuration_facts(judges),
            "estimates": [_tried(estimate, pool=asked["pool"], judge=judge) for judge in judges],
            "item": item,
            "prompts": [_tried(rendered_prompt, judge=judge, track=track, item=item) for judge in judges if item],
            "trial": trial(asked["pool"], judges, asked["size"], asked["seed"]),
            "query": _query(form),
        }
    return render(request, "llm_worker/judges_compare.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def judges_trial(request, slug):
    """GET: how the trial stands, a fragment of the comparison. POST: start it."""
    track = get_track_for_user(request.user, slug, ORGANIZERS)
    form = CompareForm(request.POST if request.method == "POST" else request.GET, track=track)
    if not (form.can_compare and form.is_valid()):
        messages.error(request, "Choose two judges and a pool first.")
        return redirect("judges_compare", slug)
    asked, judges = form.cleaned_data, form.judges()
    if request.method == "POST":
        try:
            trial_start(pool=asked["pool"], judges=judges, size=asked["size"], seed=asked["seed"], by=request.user)
        except DomainError as error:
            messages.error(request, str(error))
        return redirect(f"{reverse('judges_compare', args=[slug])}?{_query(form)}#trial")
    found = trial(asked["pool"], judges, asked["size"], asked["seed"])
    context = {"track": track, "form": form, "judges": judges, "pool": asked["pool"], "trial": found}
    response = render(request, "llm_worker/_trial.html", context | {"query": _query(form)})
    # The page then fetches its estimates again, which the trial has made measured ones.
    return response if found.is_running else trigger_client_event(response, "trial-finished")


def _item(asked: dict) -> PoolItem | None:
    """The passage whose prompt is shown: the one that was picked, or the first that the trial would draw."""
    picked = PoolItem.objects.select_related("topic", "document").filter(
        pool=asked["pool"], pk=asked["item"], document__text__isnull=False
    )
    return picked.first() or next(iter(trial_items(asked["pool"], 1, asked["seed"])), None)


def _tried(service, *, judge: JudgeConfiguration, **arguments):
    """(the judge, the service's result, why there is none): one judge that cannot be used leaves the other visible."""
    try:
        return judge, service(judge=judge, **arguments), ""
    except DomainError as error:
        return judge, None, str(error)


def _query(form: CompareForm) -> str:
    """The comparison as part of an address, without the picked passage."""
    asked = form.cleaned_data
    named = {name: asked[name].name for name in ("a", "b")}
    return urlencode(named | {"pool": asked["pool"].pk, "size": asked["size"], "seed": asked["seed"]})
