"""More charts of a comparison: topic by topic and run by run, grade by grade, judge by judge."""

from collections.abc import Mapping

import numpy as np

from assessment.charts import SCHEMA
from assessment.domain.comparing import filled
from assessment.selectors.comparisons import Comparison
from assessment.selectors.judges import JudgeRow

ROW_HEIGHT = 12
NAMED_TOPICS = 60


def difference_map(comparison: Comparison, urls: Mapping[str, str]) -> dict:
    """The automatic minus the manual score of every run (rows, best manual mean on top) on every topic (columns, from
    the topic that the automatic assessor sees most harshly to the one it sees most mildly). `urls` maps a qid to the
    page of its topic. Missing scores are as in the comparison; where they are left out, there is no cell."""
    sides = comparison.sides
    manual, automatic = (
        filled(sides.scores[name], comparison.terms.missing) for name in (comparison.manual, comparison.automatic)
    )
    gaps = automatic - manual
    place = {run.tag: row for row, run in enumerate(sides.runs)}
    rows = [(row.tag, place[row.tag]) for row in comparison.runs]
    known = ~np.isnan(gaps)
    means = np.where(known, gaps, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    columns = np.argsort(means, kind="stable").tolist()
    values = [
        {
            "run": tag,
            "topic": sides.topics[column].qid,
            "manual": round(float(manual[row, column]), 4),
            "automatic": round(float(automatic[row, column]), 4),
        }
        for tag, row in rows
        for column in columns
        if known[row, column]
    ]
    # Thousands of cells: what can be computed or looked up is not sent with each.
    pages = [{"topic": sides.topics[column].qid, "url": urls[sides.topics[column].qid]} for column in columns]
    reach = float(np.abs(gaps[known]).max(initial=0)) or 1.0
    few = len(columns) <= NAMED_TOPICS
    return {
        "$schema": SCHEMA,
        "width": "container",
        "height": max(ROW_HEIGHT * len(rows), 120),
        "data": {"values": values},
        "transform": [
            {"calculate": "datum.automatic - datum.manual", "as": "difference"},
            {"lookup": "topic", "from": {"data": {"values": pages}, "key": "topic", "fields": ["url"]}},
        ],
        "mark": {"type": "rect", "style": "cell"},
        "encoding": {
            "x": {
                "field": "topic",
                "type": "nominal",
                "sort": [sides.topics[column].qid for column in columns],
                "axis": {"title": "topics, from harshest to mildest", "labels": few, "ticks": few, "labelAngle": -90},
            },
            "y": {
                "field": "run",
                "type": "nominal",
                "sort": [tag for tag, _ in rows],
                "axis": {"title": None, "labelFontSize": 10, "labelLimit": 170, "ticks": False},
            },
            "color": {
                "field": "difference",
                "type": "quantitative",
                "scale": {"domain": [-reach, reach], "domainMid": 0},
                "legend": {"title": "automatic − manual", "orient": "top", "gradientLength": 220, "format": "+.2f"},
            },
            "href": {"field": "url"},
            "tooltip": [
                {"field": "run", "type": "nominal"},
                {"field": "topic", "type": "nominal"},
                {"field": "manual", "type": "quantitative", "title": comparison.manual, "format": ".4f"},
                {"field": "automatic", "type": "quantitative", "title": comparison.automatic, "format": ".4f"},
                {"field": "difference", "type": "quantitative", "title": "difference", "format": "+.4f"},
            ],
        },
    }


def grade_bars(comparison: Comparison) -> dict:
    """How often each assessor gives each grade, as shares of its grades on the topics of the comparison."""
    values = []
    for name, counts in (
        (comparison.manual, comparison.manual_grades),
        (comparison.automatic, comparison.automatic_grades),
    ):
        total = sum(counts) or 1
        values += [
            {"assessor": name, "grade": f"{grade.value} {grade.label}", "n": count, "share": count / total}
            for grade, count in zip(comparison.grades, counts, strict=True)
        ]
    names = [comparison.manual, comparison.automatic]
    return {
        "$schema": SCHEMA,
        "width": "container",
        "height": 240,
        "data": {"values": values},
        "mark": {"type": "bar"},
        "encoding": {
            "x": {
                "field": "grade",
                "type": "nominal",
                "sort": [f"{grade.value} {grade.label}" for grade in comparison.grades],
                "axis": {"title": None, "labelAngle": 0, "labelLimit": 110},
            },
            "xOffset": {"field": "assessor", "type": "nominal", "sort": names},
            "y": {"field": "share", "type": "quantitative", "axis": {"title": "share of the grades", "format": ".0%"}},
            "color": {
                "field": "assessor",
                "type": "nominal",
                "sort": names,
                "legend": {"title": None, "orient": "top", "symbolType": "square"},
            },
            "tooltip": [
                {"field": "assessor", "type": "nominal"},
                {"field": "grade", "type": "nominal"},
                {"field": "n", "type": "quantitative", "title": "pairs", "format": ","},
                {"field": "share", "type": "quantitative", "format": ".1%"},
            ],
        },
    }


def judge_dots(rows: list[JudgeRow]) -> dict:
    """Each judge's difference of τ to the best judge, with the middle 95 % over resampled topics."""
    values = [
        {"judge": row.name, "delta": row.to_best.delta, "low": row.to_best.low, "high": row.to_best.high}
        for row in rows
        if row.to_best and row.to_best.delta is not None
    ]
    y = {
        "field": "judge",
        "type": "nominal",
        "sort": [row.name for row in rows],
        "axis": {"title": None, "labelLimit": 240},
    }
    x = {"field": "delta", "type": "quantitative", "title": f"τ minus that of {rows[0].name}", "scale": {"zero": True}}
    tooltip = [
        {"field": "judge", "type": "nominal"},
        {"field": "delta", "type": "quantitative", "title": "Δτ", "format": "+.4f"},
        {"field": "low", "type": "quantitative", "title": "2.5 %", "format": "+.4f"},
        {"field": "high", "type": "quantitative", "title": "97.5 %", "format": "+.4f"},
    ]
    spans = {
        "mark": {"type": "rule", "style": "interval"},
        "encoding": {"y": y, "x": x | {"field": "low"}, "x2": {"field": "high"}, "tooltip": tooltip},
    }
    dots = {"mark": {"type": "point", "style": "run"}, "encoding": {"y": y, "x": x, "tooltip": tooltip}}
    nothing = {
        "data": {"values": [{"delta": 0}]},
        "mark": {"type": "rule", "style": "mean"},
        "encoding": {"x": x},
    }
    return {
        "$schema": SCHEMA,
        "width": "container",
        "height": max(34 * len(values), 60),
        "data": {"values": values},
        "layer": [nothing, spans, dots],
    }
