"""The adjudicator's desk: one disagreement after the other. Organizers look on, with the names."""

from uuid import uuid4

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from assessment.access import get_adjudication_for_user
from assessment.domain.adjudication import CAUSE_KEYS, NOTE_KEY
from assessment.domain.errors import DomainError
from assessment.forms.adjudications import DecisionForm, KeyForm
from assessment.models import Adjudication
from assessment.selectors.adjudication_standing import PairStanding, pair_standings
from assessment.selectors.adjudications import (
    is_open,
    latest_decision,
    next_pair,
    pair_column,
    pair_of,
    topic_progress,
)
from assessment.selectors.disagreements import topics_of
from assessment.services.adjudications import adjudication_decide, adjudication_undo


@login_required
@never_cache
@require_GET
def desk(request, pk: int):
    """Where the adjudicator left off: the first disagreement that is open."""
    return _page(request, get_adjudication_for_user(request.user, pk))


@login_required
@never_cache
@require_GET
def pair(request, pk: int, topic: int, document: int):
    return _page(request, get_adjudication_for_user(request.user, pk), (topic, document))


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def decide(request, pk: int, topic: int, document: int):
    """Stores a decision and goes on to the next pair; what is refused comes back with all that was typed."""
    if request.method == "GET":  # a refused decision's page was loaded again
        return redirect("adjudication_pair", pk, topic, document)
    adjudication = get_adjudication_for_user(request.user, pk, to_decide=True)
    form = DecisionForm(request.POST)
    try:
        _check(form)
        of_pair = {"adjudication": adjudication, "topic": topic, "document": document}
        adjudication_decide(**of_pair, actor=request.user, **form.decision())
    except DomainError as error:
        return _page(request, adjudication, (topic, document), refused=str(error), typed=request.POST)
    if request.htmx:
        return _page(request, adjudication, after=(topic, document))
    following = next_pair(pair_standings(adjudication), (topic, document))
    return redirect(_address(adjudication, following))


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def undo(request, pk: int, topic: int, document: int):
    """Takes the latest decision on this pair back, and shows the pair."""
    if request.method == "GET":
        return redirect("adjudication_pair", pk, topic, document)
    adjudication = get_adjudication_for_user(request.user, pk, to_decide=True)
    form = KeyForm(request.POST)
    try:
        _check(form)
        of_pair = {"adjudication": adjudication, "topic": topic, "document": document}
        adjudication_undo(**of_pair, actor=request.user, **form.cleaned_data)
    except DomainError as error:
        return _page(request, adjudication, (topic, document), refused=str(error))
    return redirect("adjudication_pair", pk, topic, document)


def _check(form) -> None:
    if not form.is_valid():
        field, errors = next(iter(form.errors.items()))
        raise DomainError(f"{field}: {errors[0]}")


def _page(
    request,
    adjudication: Adjudication,
    at: tuple[int, int] | None = None,
    after: tuple[int, int] | None = None,
    refused: str = "",
    typed=None,
) -> HttpResponse:
    """The pair `at` (keys of topic and document), or else the one to decide next after `after`."""
    track = adjudication.result.track
    mine = adjudication.adjudicator_id == request.user.pk
    grades = list(track.grades.all())
    standings = pair_standings(adjudication)
    if at is None:
        following = next_pair(standings, after)
        at = (following.topic_id, following.document_id) if following else None
    current = None
    if at is not None:
        current = pair_of(adjudication, *at, names=not (mine and adjudication.hide_names), scale=grades)
        if current is None:
            raise Http404("There is no such pair in this adjudication.")
    decision = current and current.decision
    topics = topic_progress(standings, topics_of(track))
    column = pair_column(standings, at[0]) if at else []
    context = {
        "adjudication": adjudication,
        "track": track,
        "mine": mine,
        "grades": grades,
        "pair": current,
        "refused": refused,
        "note": typed.get("note", "") if typed else decision.note if decision else "",
        "cause": typed.get("reason", "") if typed else decision.reason if decision else "",
        "column": column,
        "neighbours": _neighbours(column, at),
        "topics": topics,
        "position": next((n for n, one in enumerate(topics, 1) if at and one.topic.pk == at[0]), None),
        "done": sum(not is_open(one) for one in standings),
        "total": len(standings),
        "stale": sum(one.place == "stale" for one in standings),
        "undo_at": _undo_at(adjudication, current) if mine else None,
        "causes": _causes(grades),
        "note_key": _free(NOTE_KEY, grades),
        "idempotency_key": uuid4(),
        "undo_key": uuid4(),
    }
    response = render(request, "assessment/adjudicating.html", context)
    if request.htmx:
        response["HX-Push-Url"] = "false" if refused else _address(adjudication, current and current.standing)
    return response


def _address(adjudication: Adjudication, standing: PairStanding | None) -> str:
    """Of the pair's page; of the desk, which says that everything is decided, where there is none."""
    if standing is None:
        return reverse("adjudication", args=[adjudication.pk])
    return reverse("adjudication_pair", args=[adjudication.pk, standing.topic_id, standing.document_id])


def _neighbours(column, at) -> tuple:
    """The pairs of the topic before and after this one; None where there is none."""
    pairs = [one.standing for one in column]
    here = next((n for n, one in enumerate(pairs) if (one.topic_id, one.document_id) == at), None)
    if here is None:
        return None, None
    return (pairs[here - 1] if here else None), (pairs[here + 1] if here + 1 < len(pairs) else None)


def _undo_at(adjudication: Adjudication, current) -> tuple[int, int] | None:
    """The pair whose decision an undo takes back: this one, if it is decided, else the latest."""
    decision = current and current.decision
    if decision and decision.condition == "":
        return decision.topic_id, decision.document_id
    return latest_decision(adjudication)


def _causes(grades) -> list[tuple[str, str]]:
    return [(cause.value, _free(key, grades)) for cause, key in CAUSE_KEYS.items()]


def _free(key: str, grades) -> str:
    """The key, unless it gives a grade in this track."""
    return "" if key in {grade.key.lower() for grade in grades} else key
