"""Judges and their record."""

from django.contrib.auth.decorators import login_required
from django.shortcuts import render
from django.views.decorators.http import require_GET

from llm_worker import selectors


@login_required
@require_GET
def judges(request):
    return render(request, "llm_worker/judges.html", {"judges": selectors.judges_in_use(request.user)})
