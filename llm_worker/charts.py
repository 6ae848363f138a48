"""Vega-Lite specifications of the calibration page; see assessment/charts.py for what is in them and what is not."""

import numpy as np

from assessment.charts import SCHEMA
from assessment.domain.calibration import Reliability, RiskCoverage, optimal_risk
from assessment.models import Grade

MOST_POINTS = 240  # of a curve: more than its pixels show nothing more
HEIGHT = 320
_SHARE = ".1%"
_UNIT = {"domain": [0, 1], "nice": False, "zero": True}


def grade_bars(counts: list[tuple[Grade, int, int, int]], other: str, judge: str) -> dict:
    """Two bars a grade: the share of the pairs that got it from the other, and from the judge."""
    totals = [max(sum(row[place] for row in counts), 1) for place in (1, 2)]
    values = [
        {"grade": str(grade.value), "label": grade.label, "who": who, "side": side, "n": n, "share": n / totals[side]}
        for grade, by_other, by_judge, _ in counts
        for side, (who, n) in enumerate(((other, by_other), (judge, by_judge)))
    ]
    encoding = {
        "x": {"field": "grade", "type": "nominal", "sort": None, "axis": {"title": "grade", "labelAngle": 0}},
        "xOffset": {"field": "side", "type": "nominal", "scale": {"domain": [0, 1]}},
        "y": {"field": "share", "type": "quantitative", "title": "share of the pairs", "axis": {"format": "%"}},
        "description": {"field": "label"},
        "tooltip": [
            {"field": "who", "type": "nominal", "title": "by"},
            {"field": "grade", "type": "nominal", "title": "grade"},
            {"field": "n", "type": "quantitative", "title": "pairs"},
            {"field": "share", "type": "quantitative", "title": "share", "format": _SHARE},
        ],
    }
    layers = [
        {
            "transform": [{"filter": f"datum.side === {side}"}],
            "mark": {"type": "bar", "style": style},
            "encoding": encoding,
        }
        for side, style in enumerate(("bar-other", "bar-judge"))
    ]
    return _chart(values, 240) | {"layer": layers}


def reliability_diagram(found: Reliability, x_title: str, y_title: str) -> dict:
    """One point a bin, at its mean probability and the share that came true, with the share's 95 % interval."""
    values = [
        {
            "probability": one.confidence,
            "share": one.accuracy,
            "low": one.accuracy_low,
            "high": one.accuracy_high,
            "n": one.n,
            "bin": f"{one.low:.2f} to {one.high:.2f}",
        }
        for one in found.bins
    ]
    x = {"field": "probability", "type": "quantitative", "scale": _UNIT, "title": x_title}
    y = {"field": "share", "type": "quantitative", "scale": _UNIT, "title": y_title}
    tooltip = [
        {"field": "bin", "type": "nominal", "title": "probability"},
        {"field": "n", "type": "quantitative", "title": "pairs"},
        {"field": "probability", "type": "quantitative", "title": "mean probability", "format": ".3f"},
        {"field": "share", "type": "quantitative", "title": "came true", "format": _SHARE},
        {"field": "low", "type": "quantitative", "title": "95 % from", "format": _SHARE},
        {"field": "high", "type": "quantitative", "title": "to", "format": _SHARE},
    ]
    identity = {
        "data": {"values": [{"probability": 0, "share": 0}, {"probability": 1, "share": 1}]},
        "mark": {"type": "line", "style": "identity", "tooltip": None},
        "encoding": {"x": x, "y": y},
    }
    intervals = {
        "mark": {"type": "rule", "style": "interval"},
        "encoding": {"x": x, "y": y | {"field": "low"}, "y2": {"field": "high"}, "tooltip": tooltip},
    }
    points = {
        "mark": {"type": "point", "style": "run"},
        "encoding": {"x": x, "y": y, "tooltip": tooltip, "description": {"field": "bin"}},
    }
    return _chart(values, HEIGHT) | {"layer": [identity, intervals, points]}


def risk_curve(found: RiskCoverage, score: str) -> dict:
    """Share of different grades among the covered pairs against the share covered, with the best and a blind order."""
    places = thinned(len(found.covered))
    values = [
        {"coverage": found.covered[place] / found.n, "risk": float(found.risk[place])}
        | {"n": int(found.covered[place]), "least": abs(float(found.score[place]))}
        for place in places
    ]
    x = {"field": "coverage", "type": "quantitative", "scale": _UNIT, "title": "share covered, surest first"}
    x["axis"] = {"format": "%"}
    y = {"field": "risk", "type": "quantitative", "title": "different grade among them", "axis": {"format": "%"}}
    y["scale"] = {"domainMin": 0, "zero": True, "nice": True}
    counts, risk = optimal_risk(found.n, round(found.overall * found.n))
    best = {
        "data": {
            "values": [{"coverage": counts[place] / found.n, "risk": float(risk[place])} for place in thinned(found.n)]
        },
        "mark": {"type": "line", "style": "identity", "tooltip": None},
        "encoding": {"x": x, "y": y},
    }
    blind = {
        "data": {"values": [{"risk": found.overall}]},
        "mark": {"type": "rule", "style": "mean"},
        "encoding": {"y": y},
    }
    tooltip = [
        {"field": "n", "type": "quantitative", "title": "pairs covered"},
        {"field": "coverage", "type": "quantitative", "title": "covered", "format": _SHARE},
        {"field": "risk", "type": "quantitative", "title": "different grade", "format": _SHARE},
        {"field": "least", "type": "quantitative", "title": score, "format": ".3f"},
    ]
    line = {"mark": {"type": "line", "style": "curve", "tooltip": None}, "encoding": {"x": x, "y": y}}
    dots = {
        "mark": {"type": "point", "style": "slope-end"},
        "encoding": {"x": x, "y": y, "tooltip": tooltip, "description": {"field": "n"}},
    }
    return _chart(values, HEIGHT) | {"layer": [best, blind, line, dots]}


def thinned(n: int, most: int = MOST_POINTS) -> list[int]:
    """At most `most` of n places, evenly, with the first and the last."""
    return np.unique(np.linspace(0, n - 1, min(n, most)).round().astype(int)).tolist() if n else []


def _chart(values: list[dict], height: int) -> dict:
    return {"$schema": SCHEMA, "width": "container", "height": height, "data": {"values": values}}
