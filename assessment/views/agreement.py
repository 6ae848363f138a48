"""How far assessors agree: every two of them, and what two of them see differently. The choices are in the address."""

import shlex
from collections.abc import Iterable
from statistics import median
from typing import NamedTuple

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse, QueryDict
from django.shortcuts import render

from assessment.access import READERS, get_track_for_user
from assessment.charts import ConfusionRow, confusion_rows
from assessment.models import Assessor, Grade
from assessment.selectors.agreements import PairAgreement, all_agreements, pair_of
from assessment.selectors.anchoring import anchoring
from assessment.selectors.comparisons import GradeName
from assessment.selectors.disagreements import (
    SharedGrades,
    Wanted,
    disagreement_places,
    disagreements,
    shared_grades,
    topic_agreements,
    topics_of,
)
from assessment.selectors.matrices import grades_by_all
from assessment.selectors.postedit import postedit_flows

from .result_tables import changed, csv_file, headings, sorted_rows

ON_A_PAGE = 25
FEW = 30  # pairs; figures that rest on fewer are greyed
PAIR_PARAMETERS = ("apart", "topic", "first", "second", "page")
COLUMNS = {
    "a": ("a", lambda pair: pair.a.name),
    "b": ("b", lambda pair: pair.b.name),
    "kinds": ("who", lambda pair: (list(KINDS).index(pair.kinds), -pair.figures.n)),
    "n": ("passages", lambda pair: -pair.figures.n),
    "kappa": ("κ", lambda pair: -pair.figures.kappa),
    "kappa_linear": ("κ linear", lambda pair: -pair.figures.kappa_linear),
    "kappa_quadratic": ("κ quadratic", lambda pair: -pair.figures.kappa_quadratic),
    "alpha_ordinal": ("α ordinal", lambda pair: -pair.figures.alpha_ordinal),
    "ac1": ("AC1", lambda pair: -pair.figures.ac1),
    "exact": ("same grade", lambda pair: -pair.figures.exact),
    "bias": ("bias", lambda pair: -abs(pair.figures.bias)),
}
# Whose agreement, people first: the words on the page.
KINDS = {
    "human-human": "person – person",
    "human-imported": "person – imported",
    "human-adjudicated": "person – adjudicated",
    "adjudicated-adjudicated": "adjudicated – adjudicated",
    "adjudicated-imported": "adjudicated – imported",
    "imported-imported": "imported – imported",
    "human-llm": "person – judge",
    "adjudicated-llm": "adjudicated – judge",
    "imported-llm": "imported – judge",
    "llm-llm": "judge – judge",
}


class Kind(NamedTuple):
    """One kind of pairs: how many there are and the median of their κ (None: none is defined)."""

    label: str
    n: int
    kappa: float | None
    url: str
    current: bool


class Bar(NamedTuple):
    """A part of the bar of a post-edit flow: from `x` on, `width` wide, out of 100; `share` of 1."""

    name: str
    count: int
    share: float
    x: float
    width: float


@login_required
def agreement(request, slug):
    """All pairs of assessors in one table; `?a=…&b=…` opens one of them."""
    track = get_track_for_user(request.user, slug, READERS)
    assessors, scale = list(track.assessors.all()), list(track.grades.all())
    given = grades_by_all(assessors)
    pairs, apart = all_agreements(assessors, given, scale)
    if request.GET.get("csv") == "pairs":
        return pairs_csv(track.slug, pairs)
    context = {"track": track, "scale": scale, "pairs": pairs, "strangers": apart}
    context |= table_context(request.GET, pairs)
    pair = pair_of(pairs, assessors, scale, request.GET.get("a"), request.GET.get("b"))
    if pair:
        shared = shared_grades(given, pair.a, pair.b)
        context |= pair_context(request.GET, track, scale, pair, shared)
    elif "a" in request.GET or "b" in request.GET:
        context["unknown"] = True
    flows = postedit_flows(track, [grade.value for grade in scale])
    context["flows"] = [flow_context(one, flows[one.pk]) for one in assessors if one.pk in flows]
    context["anchoring"] = anchoring(track)
    return render(request, "assessment/agreement.html", context)


def table_context(query: QueryDict, pairs: list[PairAgreement]) -> dict:
    kinds = query.get("kinds", "")
    shown = [pair for pair in pairs if pair.kinds == kinds] if kinds in KINDS else pairs
    rows, sort = ordered(query, shown)
    labels = {name: label for name, (label, _) in COLUMNS.items()}
    return {
        "rows": rows,
        "few": FEW,
        "columns": headings(query, labels, sort, plain=("a", "b", "kinds")),
        "kinds": kinds_of(query, pairs),
        "all_url": f"?{without(query, 'kinds')}#pairs",
        "filtered": shown is not pairs,
        "csv": f"?{changed(query, csv='pairs')}",
    }


def ordered(query: QueryDict, pairs: list[PairAgreement]) -> tuple[list[dict], str]:
    """The rows in the asked order, those whose figure is undefined last, each with the address that opens it."""
    column = query.get("sort", "kinds").removeprefix("-")
    undefined = [pair for pair in pairs if getattr(pair.figures, column, 0) is None]
    defined, sort = sorted_rows(query, [pair for pair in pairs if pair not in undefined], COLUMNS, default="kinds")
    chosen = {query.get("a"), query.get("b")}
    base = without(query, *PAIR_PARAMETERS, as_query=True)
    rows = [
        {
            "pair": pair,
            "kinds": KINDS[pair.kinds],
            "url": f"?{changed(base, a=pair.a.name, b=pair.b.name)}#pair",
            "current": {pair.a.name, pair.b.name} == chosen,
            "few": pair.figures.n < FEW,
        }
        for pair in [*defined, *undefined]
    ]
    return rows, sort


def kinds_of(query: QueryDict, pairs: list[PairAgreement]) -> list[Kind]:
    found = []
    for kinds, label in KINDS.items():
        figures = [pair.figures for pair in pairs if pair.kinds == kinds]
        kappas = [each.kappa for each in figures if each.kappa is not None]
        if figures:
            url = f"?{changed(query, kinds=kinds)}#pairs"
            middle = median(kappas) if kappas else None
            found.append(Kind(label, len(figures), middle, url, query.get("kinds") == kinds))
    return found


def pair_context(query: QueryDict, track, scale: list[Grade], pair: PairAgreement, shared: SharedGrades) -> dict:
    topics, wanted = topics_of(track), asked(query)
    places = disagreement_places(shared, topics, wanted)
    page = Paginator(places, ON_A_PAGE).get_page(query.get("page"))
    plain = without(query, *PAIR_PARAMETERS, as_query=True)
    base = without(query, "page", as_query=True)
    words = ["python3", "manage.py", "agreement", track.slug, "--a", pair.a.name, "--b", pair.b.name]
    values = [grade.value for grade in scale]
    return {
        "pair": pair,
        "kinds_of_pair": KINDS.get(pair.kinds) or KINDS[f"{pair.b.kind}-{pair.a.kind}"],
        "swap": f"?{changed(plain, a=pair.b.name, b=pair.a.name)}#pair",
        "confusion": confusion_links(plain, scale, pair, wanted),
        "thresholds": [(grade, pair.figures.kappa_from[grade.value]) for grade in scale[1:]],
        "topics": [
            (row, f"?{changed(plain, topic=row.topic.qid)}#disagreements", row.topic.qid == wanted.qid)
            for row in topic_agreements(shared, topics, values)
        ],
        "page": page,
        "listed": disagreements(shared, topics, page.object_list, pair.a, pair.b),
        "distances": distances(base, shared, topics, wanted),
        "chips": chips(query, wanted, pair),
        "previous": f"?{changed(base, page=str(page.number - 1))}#disagreements" if page.has_previous() else "",
        "next": f"?{changed(base, page=str(page.number + 1))}#disagreements" if page.has_next() else "",
        "command": shlex.join([*words, "--format", "json"]),
    }


def asked(query: QueryDict) -> Wanted:
    def number(name: str) -> int | None:
        text = query.get(name, "")
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 5 else None

    return Wanted(number("apart") or 1, query.get("topic", ""), number("first"), number("second"))


def confusion_links(
    query: QueryDict, scale: list[Grade], pair: PairAgreement, wanted: Wanted
) -> list[tuple[ConfusionRow, list[tuple]]]:
    """The rows of the table, their cells each with the address of its disagreements and whether they are listed."""
    names = [GradeName(grade.value, grade.label) for grade in scale]
    rows = []
    for row in confusion_rows(names, pair.confusion.tolist()):
        cells = []
        for name, cell in zip(names, row.cells, strict=True):
            first, second = row.grade.value, name.value
            url = f"?{changed(query, first=str(first), second=str(second))}#disagreements"
            listed = (wanted.first, wanted.second) == (first, second)
            cells.append((cell, name.value, url if cell.count and not cell.exact else "", listed))
        rows.append((row, cells))
    return rows


def distances(query: QueryDict, shared: SharedGrades, topics, wanted: Wanted) -> list[dict]:
    """The filter "at least so many grades apart", with how many each would list."""
    farthest = int(shared.apart.max(initial=0))
    return [
        {
            "apart": apart,
            "n": len(disagreement_places(shared, topics, wanted._replace(apart=apart))),
            "url": f"?{changed(query, apart=str(apart))}#disagreements",
            "current": wanted.apart == apart,
        }
        for apart in range(1, farthest + 1)
    ]


def chips(query: QueryDict, wanted: Wanted, pair: PairAgreement) -> list[tuple[str, str]]:
    """What narrows the list, in words, with the address without it."""
    found = []
    if wanted.qid:
        found.append((f"topic {wanted.qid}", f"?{without(query, 'topic', 'page')}#disagreements"))
    if wanted.first is not None or wanted.second is not None:
        sides = [(pair.a, wanted.first), (pair.b, wanted.second)]
        words = ", ".join(f"{grade} by {one.name}" for one, grade in sides if grade is not None)
        found.append((words, f"?{without(query, 'first', 'second', 'page')}#disagreements"))
    return found


def flow_context(assessor: Assessor, flow) -> dict:
    bars, x = [], 0.0
    for name, count in (("lowered", flow.lowered), ("kept", flow.kept), ("raised", flow.raised)):
        share = flow.share(count)
        bars.append(Bar(name, count, share, round(x, 2), round(100 * share, 2)))
        x += 100 * share
    rows = [
        (label, [(count, final == label) for final, count in zip(flow.grades, counts, strict=True)], sum(counts))
        for label, counts in zip(flow.shown, flow.matrix.tolist(), strict=True)
        if any(counts)
    ]
    return {"assessor": assessor, "flow": flow, "bars": bars, "rows": rows}


def pairs_csv(slug: str, pairs: Iterable[PairAgreement]) -> HttpResponse:
    names = ["n", "exact", "kappa", "kappa_linear", "kappa_quadratic", "alpha_ordinal", "ac1", "bias"]
    rows = [["a", "b", "kind_a", "kind_b", *names]]
    for pair in pairs:
        rows.append([pair.a.name, pair.b.name, pair.a.kind, pair.b.kind, *(getattr(pair.figures, n) for n in names)])
    return csv_file(f"{slug}-agreement", rows)


def without(query: QueryDict, *names: str, as_query: bool = False):
    """The address's parameters less these: encoded, or as they are."""
    rest = query.copy()
    for name in names:
        rest.pop(name, None)
    return rest if as_query else rest.urlencode()
