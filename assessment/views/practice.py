"""The practice topic. What is pressed is kept in the session, and nothing of it becomes a judgment."""

from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect

from assessment.domain.errors import DomainError
from assessment.domain.practice import CANNOT, practice_topic, replay, without_last
from assessment.services.practice import practice_complete

PRESSES = "practice"


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def practice(request):
    """One press at a time: a grade, then our answer, then the next passage."""
    before = _presses(request)
    if request.method != "POST":
        return _page(request, before)
    press = request.POST.get("press", "")
    if press == "skip":
        practice_complete(user=request.user)
        request.session.pop(PRESSES, None)
        return HttpResponseClientRedirect(reverse("home")) if request.htmx else redirect("home")
    try:
        presses = _after(before, press, request.POST.get("reason", ""))
        finished = replay(practice_topic(), presses).finished
    except DomainError as error:
        return _page(request, before, str(error))
    request.session[PRESSES] = presses
    if finished:
        practice_complete(user=request.user)
    return _page(request, presses) if request.htmx else redirect("practice")


def _presses(request) -> list[str]:
    """What was pressed so far; nothing where it does not fit the topic, because that has changed meanwhile."""
    presses = request.session.get(PRESSES, [])
    try:
        replay(practice_topic(), presses)
    except DomainError:
        return []
    return presses


def _after(presses: list[str], press: str, reason: str) -> list[str]:
    if press == "again":
        return []
    if press == "undo":
        return without_last(presses)
    if press == CANNOT and not reason.strip():
        raise DomainError("Say in a few words why this passage can't be judged.")
    return [*presses, press]


def _page(request, presses: list[str], problem: str = ""):
    context = {"practice": replay(practice_topic(), presses), "problem": problem, "begun": bool(presses)}
    template = "assessment/_practice.html" if request.htmx else "assessment/practice.html"
    return render(request, template, context)
