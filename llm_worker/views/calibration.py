"""The calibration page of a judge: how far its labels and its confidence can be trusted. The choices are in the
address."""

import json
import shlex
from collections.abc import Sequence
from typing import NamedTuple

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from assessment.access import READERS, get_assessor_for_user
from assessment.domain.calibration import Reliability
from assessment.domain.confidence import Confidence, confidence_of
from assessment.models import Assessor, Document, Judgment, Topic
from assessment.selectors.disagreements import Disagreement
from assessment.views.agreement import pair_context, without
from assessment.views.result_tables import changed, csv_file
from llm_worker.charts import grade_bars, reliability_diagram, risk_curve, thinned
from llm_worker.models import JudgeConfiguration, LlmCall
from llm_worker.selectors.calibration import Calibration, calibration_of, judge_of
from llm_worker.selectors.judge_calls import judge_lines, orders_found, outcomes, replies_about

FEW = 20  # pairs; what rests on fewer says so
ROWS_OF_A_CURVE = 20
BINNINGS = {"width": "equal width", "mass": "equal number of pairs"}
SCORES = {"confidence": "confidence", "margin": "margin", "entropy": "entropy"}


class Choice(NamedTuple):
    """One of several ways to draw a chart."""

    label: str
    url: str
    current: bool


class Read(NamedTuple):
    """A disagreement with what the judge's distribution says and the call that it came from, where there is one."""

    topic: Topic
    document: Document
    a: Judgment
    b: Judgment
    apart: int
    sure: Confidence | None
    call: LlmCall | None


@login_required
@require_GET
def calibration(request, slug, pk):
    judge = get_assessor_for_user(request.user, slug, pk, READERS)
    if judge.kind != Assessor.Kind.LLM:
        raise Http404("That assessor is no judge.")
    wanted = request.GET.get("with")
    configuration = judge_of(judge)
    if configuration is not None and configuration.task != JudgeConfiguration.Task.RELEVANCE:
        return redirect("nugget_jobs", slug)  # it gives no grades; what it did is there
    found = calibration_of(judge, wanted)
    unknown = wanted is not None and found.against is None and bool(found.agreements)
    if unknown:
        found = calibration_of(judge)
    if "csv" in request.GET:
        return figures_csv(found, request.GET["csv"])
    context = {
        "track": judge.track,
        "judge": judge,
        "configuration": configuration,
        "found": found,
        "scale": found.scale,
    }
    context |= {"unknown": wanted if unknown else "", "few": FEW, "rows": with_urls(request.GET, found)}
    if found.against:
        context |= figures_context(request.GET, found)
        context |= disagreements_context(request.GET, judge, configuration, found)
    context |= {
        "lines": judge_lines(judge.track, found),
        "outcomes": outcomes(configuration, judge.track),
        "orders": orders_found(configuration, judge.track, found),
        "command": command(judge, found),
    }
    return render(request, "llm_worker/calibration.html", context)


def with_urls(query: QueryDict, found: Calibration) -> list[dict]:
    """Everybody the judge can be set against, with the address that does so."""
    plain = {name: query[name] for name in ("bins", "by") if name in query}
    base = QueryDict(mutable=True)
    base.update(plain)
    return [
        {
            "pair": pair,
            "url": f"?{changed(base, **{'with': pair.a.name})}",
            "current": found.against is pair,
            "few": pair.figures.n < FEW,
        }
        for pair in found.agreements
    ]


def figures_context(query: QueryDict, found: Calibration) -> dict:
    binning = query["bins"] if query.get("bins") in BINNINGS else "width"
    figures, other, judge = found.figures, found.against.a.name, found.judge.name
    score = query["by"] if query.get("by") in figures.risks else "confidence"
    counts = found.grade_counts()
    charts = {"grades": grade_bars(counts, other, judge)}
    if figures.n:
        y_title = f"same grade as {other}"
        charts["same"] = reliability_diagram(figures.same[binning], "probability of the judge’s grade", y_title)
    if figures.n_distributions:
        y_title = f"relevant to {other}"
        charts["relevant"] = reliability_diagram(figures.relevant[binning], "probability of a relevant grade", y_title)
    if figures.risks[score].n:
        charts["risk"] = risk_curve(figures.risks[score], SCORES[score])
    return {
        "charts": {name: json.dumps(spec, ensure_ascii=False) for name, spec in charts.items()},
        "grades": counts,
        "bias_size": abs(found.against.figures.bias),
        "figures": figures,
        "same": figures.same[binning],
        "relevant": figures.relevant[binning],
        "risk": figures.risks[score],
        "risk_rows": risk_rows(found, score),
        "score": SCORES[score],
        "binnings": choices(query, "bins", BINNINGS, binning, "reliability"),
        "scores": choices(query, "by", {name: SCORES[name] for name in figures.risks}, score, "risk"),
        "csv": {
            name: f"?{changed(without(query, 'page', as_query=True), csv=name)}"
            for name in ("grades", "same", "relevant", "risk")
        },
        "file": f"{found.judge.track.slug}-{judge}-{other}",
    }


def choices(query: QueryDict, name: str, labels: dict[str, str], current: str, anchor: str) -> list[Choice]:
    return [
        Choice(label, f"?{changed(query, **{name: value})}#{anchor}", value == current)
        for value, label in labels.items()
    ]


def risk_rows(found: Calibration, score: str) -> list[tuple[int, float, float, float]]:
    """(pairs covered, their share, share of different grades among them, the least score) along the curve."""
    risk = found.figures.risks[score]
    return [
        (int(risk.covered[at]), risk.covered[at] / risk.n, float(risk.risk[at]), abs(float(risk.score[at])))
        for at in thinned(len(risk.covered), ROWS_OF_A_CURVE)
    ]


def disagreements_context(
    query: QueryDict, judge: Assessor, configuration: JudgeConfiguration | None, found: Calibration
) -> dict:
    """The confusion table and the list of disagreements as the agreement page has them, each with the judge's reply."""
    context = pair_context(query, judge.track, found.scale, found.against, found.shared)
    del context["command"]
    rows: Sequence[Disagreement] = context["listed"]
    pairs = [(row.topic.pk, row.document.pk) for row in rows]
    replies = replies_about(configuration, pairs)
    said = Judgment.objects.filter(
        assessor=judge, topic__in={topic for topic, _ in pairs}, document__in={document for _, document in pairs}
    )
    shares = {
        (topic, document): given for topic, document, given in said.values_list("topic", "document", "distribution")
    }
    context["listed"] = [
        Read(*row, row.apart, confidence_of(shares.get(pair), row.b.grade), replies.get(pair))
        for row, pair in zip(rows, pairs, strict=True)
    ]
    return context | {"beside": "llm_worker/_calibration_reply.html"}


def command(judge: Assessor, found: Calibration) -> str:
    words = ["python3", "manage.py", "calibration", judge.track.slug, "--judge", judge.name]
    return shlex.join([*words, *(["--with", found.against.a.name] if found.against else []), "--format", "json"])


def figures_csv(found: Calibration, table: str) -> HttpResponse:
    """`grades`, `same`, `relevant` or `risk` of a judge with a pair in common with somebody, as a file."""
    if found.against is None or table not in ("grades", "same", "relevant", "risk"):
        raise Http404("There is no such table.")
    if table == "grades":
        header = ["grade", found.against.a.name, found.judge.name, f"{found.judge.name} on all of its labels"]
        rows = [header, *([grade.value, *counts] for grade, *counts in found.grade_counts())]
    elif table == "risk":
        rows = [["by", "covered", "risk", "score"]]
        for name, risk in found.figures.risks.items():
            columns = risk.covered.tolist(), risk.risk.tolist(), magnitudes(risk.score)
            rows += [[name, *row] for row in zip(*columns, strict=True)]
    else:
        rows = reliability_rows(getattr(found.figures, table))
    return csv_file(f"{found.judge.track.slug}-{found.judge.name}-{found.against.a.name}-{table}", rows)


def magnitudes(scores) -> list[float]:
    """Entropies are ordered by their negative; a file has them as they are."""
    return abs(scores).tolist()


def reliability_rows(found: dict[str, Reliability]) -> list[list]:
    rows = [["bins", "low", "high", "n", "probability", "came_true", "from", "to"]]
    return rows + [[name, *one] for name, each in found.items() for one in each.bins]
