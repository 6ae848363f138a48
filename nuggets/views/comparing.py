"""Manual against automatic: every pair of a bank and an assessor, two of them side by side. The choice is in the
address."""

import json
import shlex
from itertools import combinations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from assessment.access import READERS, get_track_for_user
from assessment.charts import confusion_rows, run_scatter
from assessment.domain.errors import DomainError
from assessment.models import Assessor
from assessment.selectors.comparisons import GradeName
from assessment.views.result_tables import changed, csv_file, headings, sorted_rows
from nuggets.models import BankCondition, Label
from nuggets.selectors.comparisons import Shared, compared, described, shared
from nuggets.selectors.edit_statistics import bank_edits
from nuggets.selectors.leaderboards import Source
from nuggets.selectors.scores import NuggetScores, nugget_scores

from .choices import Choice, choice_in

Sides = dict[str, NuggetScores]  # by the key of the source, those that have something to score


@login_required
@require_GET
def nugget_compare(request, slug):
    """The sources in one table, two of them compared, and every two in another table."""
    track = get_track_for_user(request.user, slug, READERS)
    choice = choice_in(request.GET, track)
    context = {"track": track, "choice": choice, "sides": {}}
    if choice:
        try:
            context |= _sources(choice)
        except DomainError as error:
            context["error"] = str(error)
    sides = context["sides"]
    if len(sides) > 1:
        try:
            a, b = _chosen(request.GET, sides)
        except DomainError as error:
            context["error"] = str(error)
        else:
            both = shared(sides[a], sides[b], choice.score)
            if "csv" in request.GET:
                return _csv(slug, sides, both, request.GET["csv"])
            context |= {"a": a, "b": b, "pairs": _pairs(request.GET, sides, choice.score)}
            context |= _pair(request.GET, choice, both)
    return render(request, "nuggets/nugget_compare.html", context)


def _sources(choice: Choice) -> dict:
    """The scores of every source, people's first, and why others have none. DomainError for unknown topics."""
    topics = choice.topics
    sides, silent = {}, []
    for source in sorted(choice.sources, key=_automation):
        try:
            sides[source.key] = nugget_scores(*source, topics)
        except DomainError as error:
            silent.append((source, str(error)))
    described = {key: _told(side) for key, side in sides.items()}
    return {"sides": sides, "silent": silent, "described": described, "edits": _edits(sides)}


def _automation(source: Source) -> tuple[bool, bool]:
    return source.assessor.kind == Assessor.Kind.LLM, source.bank.condition == BankCondition.AUTO


def _told(side: NuggetScores) -> dict:
    told = described(side)
    total = sum(told["labels"].values())
    shares = [told["labels"][label] / max(total, 1) for label in Label.values]
    return told | {"made": side.bank.get_condition_display(), "label_shares": shares}


def _chosen(query: QueryDict, sides: Sides) -> tuple[str, str]:
    first = query.get("a", next(iter(sides)))
    second = query.get("b", next(key for key in sides if key != first))
    if first not in sides or second not in sides:
        raise DomainError("These labels are not of this track, or are gone; choose others.")
    if first == second:
        raise DomainError("These are the same labels twice; choose two that differ.")
    return first, second


def _edits(sides: Sides) -> list:
    """What people made of the first nuggets of each bank, where they made anything."""
    banks = {side.bank.pk: side.bank for side in sides.values()}
    return [edits for edits in map(bank_edits, banks.values()) if edits.is_edited or edits.bank.made_from_id]


def _pair(query: QueryDict, choice: Choice, both: Shared) -> dict:
    slug = choice.track.slug
    figures = compared(both.a, both.b, both.measure)
    keys = dict(choice.track.answer_runs.filter(tag__in=both.tags).values_list("tag", "pk"))
    urls = {tag: reverse("answer_run", args=[slug, pk]) for tag, pk in keys.items()}
    columns = {
        "manual": ("rank", lambda row: row.manual_rank),
        "run": ("run", lambda row: row.tag),
        "manual_score": (both.manual, lambda row: -row.manual),
        "automatic": ("rank", lambda row: row.automatic_rank),
        "automatic_score": (both.automatic, lambda row: -row.automatic),
        "change": ("change", lambda row: -abs(row.change)),
    }
    rows, sort = sorted_rows(query, both.runs, columns, default="manual")
    names = [GradeName(place, label.label) for place, label in enumerate(Label)]
    return {
        "both": both,
        "figures": figures,
        "largest": max(both.runs, key=lambda row: abs(row.change), default=None),
        "chart": json.dumps(run_scatter(both, urls), ensure_ascii=False) if both.runs else "",
        "rows": rows,
        "columns": headings(query, {key: label for key, (label, _) in columns.items()}, sort, plain=("run",)),
        "confusion": confusion_rows(names, both.confusion) if both.confusion else None,
        "labels": Label.labels,
        "csv": {table: f"?{changed(query, csv=table)}" for table in ("runs", "sources", "pairs", "confusion")},
        "file": _file(slug, both),
        "command": _command(choice, both),
    }


def _pairs(query: QueryDict, sides: Sides, score: str) -> list[tuple[str, dict]]:
    """Every two sources: the address where they are compared, and their figures."""
    return [
        (f"?{changed(query, a=one, b=other)}", compared(sides[one], sides[other], score))
        for one, other in combinations(sides, 2)
    ]


def _csv(slug: str, sides: Sides, both: Shared, table: str) -> HttpResponse:
    """`sources`, `pairs`, `confusion` or `runs`, as a file."""
    if table == "sources":
        rows = _source_rows(sides)
    elif table == "pairs":
        fields = ["score", "n_runs", "n_topics", "tau", "tau_per_topic_mean", "tau_pooled", "n_labels", "kappa"]
        rows = [["bank_a", "assessor_a", "bank_b", "assessor_b", *fields]]
        for one, other in combinations(sides.values(), 2):
            told = compared(one, other, both.measure)
            rows.append([*told["a"].values(), *told["b"].values(), *(_plain(told[field]) for field in fields)])
    elif table == "confusion":
        rows = [["a", *Label.values]]
        rows += [[label, *counts] for label, counts in zip(Label.values, both.confusion or [], strict=False)]
    else:
        rows = [["run", "a", "b", "rank_a", "rank_b", "change"]]
        rows += [[row.tag, _plain(row.manual), _plain(row.automatic), *row[3:6]] for row in both.runs]
    return csv_file(f"{_file(slug, both)}-{table}", rows)


def _source_rows(sides: Sides) -> list[list]:
    fields = ["bank", "bank_condition", "assessor", "n_topics", "n_runs", "n_answers", "n_nuggets", "nuggets_per_topic"]
    fields += ["words_per_nugget", "vital_share", "tau_with_length"]
    rows = [[*fields, *Label.values]]
    for told in map(described, sides.values()):
        rows.append([*(_plain(told[field]) for field in fields), *told["labels"].values()])
    return rows


def _file(slug: str, both: Shared) -> str:
    sides = (f"{side.bank.name}-{side.assessor.name}" for side in (both.a, both.b))
    return "-".join([slug, *sides, both.measure])


def _command(choice: Choice, both: Shared) -> str:
    words = ["python3", "manage.py", "nugget_compare", choice.track.slug, *choice.options]
    for assessor in dict.fromkeys(side.assessor.name for side in (both.a, both.b)):
        words += ["--assessor", assessor]
    for bank in dict.fromkeys(side.bank.name for side in (both.a, both.b)):
        words += ["--bank", bank]
    return shlex.join([*words, "--score", both.measure, "--format", "json"])


def _plain(value: object) -> object:
    """As it stands in a file: what is undefined is empty."""
    return f"{value:.8f}" if isinstance(value, float) else "" if value is None else value
