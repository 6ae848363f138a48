"""Charts of how much human work is enough."""

from assessment.charts import SCHEMA
from assessment.selectors.effort import Effort

_TAU = {
    "field": "tau",
    "type": "quantitative",
    "scale": {"zero": False},
    "title": "τ with the ranking by all judgments",
}


def work_curves(effort: Effort, target: float) -> dict:
    """Kendall's tau against the judgments made, one line an order, with the target as a dashed line."""
    values = [
        {"order": name, **point._asdict()}
        for name, curve in effort.curves.items()
        for point in curve
        if point.tau is not None
    ]
    order = {
        "field": "order",
        "type": "nominal",
        "sort": list(effort.curves),
        "legend": {"title": None, "orient": "top"},
    }
    x = {
        "field": "judged",
        "type": "quantitative",
        "title": f"judgments by {effort.assessor}",
        "axis": {"format": ",.0f", "tickCount": 6},
    }
    tooltip = [
        {"field": "order", "type": "nominal"},
        {"field": "judged", "type": "quantitative", "title": "judgments", "format": ","},
        {"field": "tau", "type": "quantitative", "title": "τ", "format": ".3f"},
        {"field": "low", "type": "quantitative", "title": "2.5 % of samples", "format": ".3f"},
        {"field": "high", "type": "quantitative", "title": "97.5 % of samples", "format": ".3f"},
        {"field": "found", "type": "quantitative", "title": "relevant found", "format": ".0%"},
    ]
    common = {"x": x, "y": _TAU, "color": order}
    lines = {"mark": {"type": "line", "strokeWidth": 2}, "encoding": common}
    points = {
        "mark": {"type": "point"},
        "encoding": common | {"shape": order, "tooltip": tooltip},
    }
    wanted = {"data": {"values": [{"tau": target}]}, "mark": {"type": "rule", "style": "mean"}, "encoding": {"y": _TAU}}
    return _chart(values, 360) | {"layer": [wanted, lines, points]}


def subset_curves(effort: Effort, target: float) -> dict:
    """Tau against the number of topics: the runs that chose, the held-out runs, and random subsets with their band."""
    subsets = effort.subsets
    band = [point._asdict() for point in subsets.points if point.random is not None]
    kinds = {"chosen": "teams that chose", "held_out": "held-out teams", "random": "held-out, random topics"}
    values = [
        {"size": point.size, "kind": label, "tau": getattr(point, field)}
        for point in subsets.points
        for field, label in kinds.items()
        if getattr(point, field) is not None
    ]
    x = {"field": "size", "type": "quantitative", "title": "topics", "axis": {"tickMinStep": 1}}
    y = _TAU | {"title": "τ with the ranking by all topics"}
    kind = {
        "field": "kind",
        "type": "nominal",
        "sort": list(kinds.values()),
        "legend": {"title": None, "orient": "top"},
    }
    area = {
        "data": {"values": band},
        "mark": {"type": "area", "style": "band"},
        "encoding": {"x": x, "y": y | {"field": "random_low"}, "y2": {"field": "random_high"}},
    }
    lines = {
        "mark": {"type": "line", "strokeWidth": 2},
        "encoding": {"x": x, "y": y, "color": kind, "strokeDash": kind},
    }
    points = {
        "mark": {"type": "point"},
        "encoding": {
            "x": x,
            "y": y,
            "color": kind,
            "tooltip": [
                {"field": "kind", "type": "nominal"},
                {"field": "size", "type": "quantitative", "title": "topics"},
                {"field": "tau", "type": "quantitative", "title": "τ", "format": ".3f"},
            ],
        },
    }
    wanted = {"data": {"values": [{"tau": target}]}, "mark": {"type": "rule", "style": "mean"}, "encoding": {"y": y}}
    return _chart(values, 360) | {"layer": [area, wanted, lines, points]}


def _chart(values: list[dict], height: int) -> dict:
    return {"$schema": SCHEMA, "width": "container", "height": height, "data": {"values": values}}
